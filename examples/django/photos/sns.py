"""What SNS posts, and whether SNS posted it ("Verifying the signatures of Amazon SNS messages")."""

import base64
import json
from functools import lru_cache
from urllib.parse import urlsplit
from urllib.request import urlopen

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

HASHES = {"1": hashes.SHA1(), "2": hashes.SHA256()}
CONFIRMATION = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
SIGNED = {
    "Notification": ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
    "SubscriptionConfirmation": CONFIRMATION,
    "UnsubscribeConfirmation": CONFIRMATION,
}
TIMEOUT_SECONDS = 10


class Untrusted(Exception):
    """Not a message that SNS signed for this topic."""


def verified(body, topic_arn):
    """The envelope in the body of a request; raises `Untrusted`.

    What SNS cannot be asked at the moment raises `OSError`: then SNS should send the message again.
    """
    try:
        envelope = json.loads(body)
        if envelope["TopicArn"] != topic_arn:
            raise Untrusted(f"it is of the topic {envelope['TopicArn']!r}")
        names = [name for name in SIGNED[envelope["Type"]] if name in envelope]
        certificate_of(address_of_sns(envelope["SigningCertURL"], topic_arn)).public_key().verify(
            base64.b64decode(envelope["Signature"], validate=True),
            "".join(f"{name}\n{envelope[name]}\n" for name in names).encode(),
            padding.PKCS1v15(),
            HASHES[envelope["SignatureVersion"]],
        )
    except InvalidSignature as error:
        raise Untrusted("its signature is wrong") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Untrusted(f"it is no message of SNS: {error!r}") from error
    return envelope


def confirm(envelope, topic_arn):
    """Agrees to the subscription that a verified envelope asks about."""
    urlopen(address_of_sns(envelope["SubscribeURL"], topic_arn), timeout=TIMEOUT_SECONDS).close()


def address_of_sns(url, topic_arn):
    """The address, if it is one of SNS itself in the topic's region; else raises `Untrusted`."""
    _, partition, _, region, *_ = topic_arn.split(":")
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    parts = urlsplit(url)
    if (parts.scheme, parts.netloc) != ("https", f"sns.{region}.{suffix}"):
        raise Untrusted(f"{url!r} is no address of SNS in {region}")
    return url


@lru_cache(maxsize=8)
def certificate_of(url):
    with urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
        return x509.load_pem_x509_certificate(answer.read())
