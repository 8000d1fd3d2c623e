"""Signs uploads straight to the bucket."""

import uuid

import boto3
from botocore.config import Config
from django.conf import settings

SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}
ORIGINALS = "originals"
BYTES_MAX = 25_000_000
EXPIRES_SECONDS = 900


def new_key(content_type):
    """A new key for each upload, so that no cache holds another image under it."""
    return f"{uuid.uuid4()}{SUFFIXES[content_type]}"


def form(key, content_type):
    """`url` and `fields` of a form for this key and type only."""
    # The bucket's regional address: browsers do not follow the redirect of a signed upload.
    s3 = boto3.client(
        "s3",
        region_name=settings.AWS_REGION,
        endpoint_url=f"https://s3.{settings.AWS_REGION}.amazonaws.com",
        config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}),
    )
    return s3.generate_presigned_post(
        settings.IMGPREP_BUCKET,
        f"{ORIGINALS}/{key}",
        Fields={"Content-Type": content_type},
        Conditions=[{"Content-Type": content_type}, ["content-length-range", 1, BYTES_MAX]],
        ExpiresIn=EXPIRES_SECONDS,
    )
