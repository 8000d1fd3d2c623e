import { randomUUID } from "node:crypto";

import { S3Client } from "@aws-sdk/client-s3";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";

const suffixes = { "image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp" };
const bytesMax = 25_000_000;
const expiresSeconds = 900;

const s3 = new S3Client();

/** A form for one upload of this type, `{ name, url, fields }`, or null if the type is not wanted. */
export async function newUpload(contentType) {
  if (!Object.hasOwn(suffixes, contentType)) return null;
  // A new name for each upload, so that no cache holds another image under it.
  const name = `${randomUUID()}${suffixes[contentType]}`;
  const { url, fields } = await createPresignedPost(s3, {
    Bucket: process.env.IMGPREP_BUCKET,
    Key: `originals/${name}`,
    // The SDK makes each field a condition, so that no other type is taken.
    Fields: { "Content-Type": contentType },
    Conditions: [["content-length-range", 1, bytesMax]],
    Expires: expiresSeconds,
  });
  return { name, url, fields };
}
