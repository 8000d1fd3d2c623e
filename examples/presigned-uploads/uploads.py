"""Signs uploads to the bucket, and tells where their variants will be."""

import os
import uuid
from urllib.parse import quote

import boto3
from botocore.config import Config

BUCKET = os.environ["BUCKET"]
CDN = os.environ["CDN"].rstrip("/")
REGION = os.environ.get("AWS_REGION", "eu-central-1")
ORIGINALS = "originals"
VARIANTS = ["800x600", "400x300"]
SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}
EXPIRES_SECONDS = 300

# Set for the local AWS only, which has no address of its own for each bucket.
LOCAL = os.environ.get("AWS_ENDPOINT_URL")

# The bucket's regional address: the global one redirects while a bucket is new, and browsers do not
# follow a redirect of a signed upload.
s3 = boto3.client(
    "s3",
    region_name=REGION,
    endpoint_url=LOCAL or f"https://s3.{REGION}.amazonaws.com",
    config=Config(signature_version="s3v4", s3={"addressing_style": "path" if LOCAL else "virtual"}),
)


def new_upload(content_type):
    """What the browser needs for one upload; raises KeyError for a type that is not wanted."""
    name = f"{uuid.uuid4()}{SUFFIXES[content_type]}"
    parameters = {"Bucket": BUCKET, "Key": f"{ORIGINALS}/{name}", "ContentType": content_type}
    url = s3.generate_presigned_url("put_object", Params=parameters, ExpiresIn=EXPIRES_SECONDS)
    return {"url": url, "content_type": content_type, "variants": variant_urls(name)}


def variant_urls(name):
    """The address of each variant of the original `originals/<name>`."""
    return {folder: f"{CDN}/{folder}/{quote(name)}" for folder in VARIANTS}
