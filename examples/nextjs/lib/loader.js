import { url, variantFor } from "./imgprep.js";

/** For `next/image`: `src` is the original's name, such as `2026/cat.jpg`. */
export default function loader({ src, width }) {
  return url(variantFor(width).folder, src);
}
