import Image from "next/image";

import { variants } from "../../lib/imgprep.js";
import { manifestOf, placeholderOf } from "../../lib/manifest.js";

/** The original `originals/<name>`, in the variant that suits the reader's screen. */
export default async function ImgprepPicture({ name, alt, sizes = "100vw" }) {
  const manifest = await manifestOf(name);
  if (!manifest) return <p role="status">This photo is being processed, or cannot be shown.</p>;
  const { width, height } = variants.at(-1);
  const blurDataURL = placeholderOf(manifest);
  return (
    <Image
      src={name}
      alt={alt}
      sizes={sizes}
      width={width}
      height={height}
      placeholder={blurDataURL ? "blur" : "empty"}
      blurDataURL={blurDataURL}
    />
  );
}
