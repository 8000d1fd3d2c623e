// What pages know of the pipeline: its variants and their addresses.

const cdn = process.env.NEXT_PUBLIC_IMGPREP_CDN_URL?.replace(/\/$/, "");

/** Those of pipeline.toml, by width; they have one shape, so that a browser may take any of them. */
export const variants = [
  { folder: "400x300", width: 400, height: 300 },
  { folder: "800x600", width: 800, height: 600 },
  { folder: "1600x1200", width: 1600, height: 1200 },
];

/** The smallest variant that is as wide, or else the widest. */
export function variantFor(width) {
  return variants.find((variant) => variant.width >= width) ?? variants.at(-1);
}

/** The address of the variant in this folder, of the original `originals/<name>`. */
export function url(folder, name) {
  return `${cdn}/${folder}/${name.split("/").map(encoded).join("/")}`;
}

/** The address of what imgprep says of an original once its variants are there. */
export function manifestUrl(name) {
  return url("manifests", `${name}.json`);
}

/** A part of a name as the CDN wants it, also for `invalidate = true`. */
function encoded(part) {
  return encodeURIComponent(part).replaceAll("*", "%2A").replaceAll("~", "%7E");
}
