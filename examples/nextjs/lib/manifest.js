import { thumbHashToDataURL } from "thumbhash";

import { manifestUrl } from "./imgprep.js";

/** The manifest of an original, or null if there is none: not yet, or because it could not be processed. */
export async function manifestOf(name) {
  const answer = await fetch(manifestUrl(name), { cache: "no-store" });
  if (answer.ok) return answer.json();
  if (answer.status === 403 || answer.status === 404) return null;
  throw new Error(`the CDN answered ${answer.status} for the manifest of ${name}`);
}

/** A picture to show until a variant is loaded: blurred, or of the mean colour, or none. */
export function placeholderOf({ thumbhash, colour }) {
  if (thumbhash) return thumbHashToDataURL(Buffer.from(thumbhash, "base64"));
  if (!colour) return undefined;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg"><rect width="100%" height="100%" fill="${colour}"/></svg>`;
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;
}
