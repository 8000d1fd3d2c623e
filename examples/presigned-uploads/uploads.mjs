// Signs uploads to the bucket, and tells where their variants will be.

import { randomUUID } from "node:crypto";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const bucket = process.env.BUCKET;
const cdn = process.env.CDN.replace(/\/$/, "");
const originals = "originals";
const variants = ["800x600", "400x300"];
const suffixes = { "image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp" };
const expiresIn = 300;

// Without WHEN_REQUIRED the SDK signs a checksum of an empty body, and S3 refuses every file.
const s3 = new S3Client({ requestChecksumCalculation: "WHEN_REQUIRED" });

/** What the browser needs for one upload. */
export async function newUpload(contentType) {
  const suffix = suffixes[contentType];
  if (!suffix) throw new TypeError(`${contentType} is not wanted`);
  const name = `${randomUUID()}${suffix}`;
  const put = new PutObjectCommand({
    Bucket: bucket,
    Key: `${originals}/${name}`,
    ContentType: contentType,
  });
  const url = await getSignedUrl(s3, put, {
    expiresIn,
    signableHeaders: new Set(["content-type"]),
  });
  return { url, content_type: contentType, variants: variantUrls(name) };
}

/** The address of each variant of the original `originals/<name>`. */
export function variantUrls(name) {
  const path = name.split("/").map(encodeURIComponent).join("/");
  return Object.fromEntries(variants.map((folder) => [folder, `${cdn}/${folder}/${path}`]));
}
