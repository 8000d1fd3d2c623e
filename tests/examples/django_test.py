"""Runs the Django example: what SNS posts, what a browser asks for, and what a page shows.

Takes the folder of the example, and imgprep's messages as JSON by their event.
"""

import base64
import datetime
import json
import sys
import unittest
from unittest import mock

FOLDER, MESSAGES = sys.argv.pop(1), json.loads(sys.argv.pop(1))
sys.path.insert(0, FOLDER)

import django  # noqa: E402

django.setup()

from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.template.loader import render_to_string  # noqa: E402
from django.test import Client, TestCase  # noqa: E402
from photos import sns, uploads  # noqa: E402
from photos.models import Photo  # noqa: E402

HOST = "https://sns.eu-central-1.amazonaws.com"
CERTIFICATE_URL = f"{HOST}/SimpleNotificationService-0a1b.pem"
SUBSCRIBE_URL = f"{HOST}/?Action=ConfirmSubscription&Token=t"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate():
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
    made = made.public_key(KEY.public_key()).not_valid_before(now)
    made = made.not_valid_after(now + datetime.timedelta(days=1)).sign(KEY, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM)


PEM = certificate()


def signed(version="2", key=KEY, **members):
    """An envelope as SNS signs it, by AWS's own description of how."""
    envelope = {
        "Type": "Notification",
        "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
        "TopicArn": settings.IMGPREP_TOPIC_ARN,
        "Timestamp": "2026-11-29T09:45:00.000Z",
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE_URL,
        **members,
    }
    order = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{envelope[name]}\n" for name in order if name in envelope)
    digest = {"1": hashes.SHA1(), "2": hashes.SHA256()}[version]
    signature = key.sign(text.encode(), padding.PKCS1v15(), digest)
    return {**envelope, "Signature": base64.b64encode(signature).decode()}


def notification(event, **rest):
    return signed(Message=json.dumps(MESSAGES[event]), **rest)


class Example(TestCase):
    def setUp(self):
        sns.certificate_of.cache_clear()
        self.asked = []
        patched = mock.patch.object(sns, "urlopen", self.open)
        patched.start()
        self.addCleanup(patched.stop)
        self.photo = Photo.objects.create(key="2026/a b+c.jpg")

    def open(self, url, timeout):
        self.asked.append(url)
        answer = mock.MagicMock()
        answer.__enter__.return_value.read.return_value = PEM
        return answer

    def post(self, envelope):
        body = envelope if isinstance(envelope, bytes) else json.dumps(envelope).encode()
        # With its checks of CSRF, as for anybody.
        client = Client(enforce_csrf_checks=True)
        kind = "text/plain; charset=UTF-8"
        answer = client.generic("POST", "/imgprep/notifications", body, kind)
        self.photo.refresh_from_db()
        return answer.status_code

    def assert_refused(self, envelope, asked=()):
        with self.assertLogs("photos.views", "WARNING") as logged:
            self.assertEqual(self.post(envelope), 403)
        self.assertEqual((self.photo.state, self.asked), ("pending", list(asked)))
        return logged.output[0].removeprefix("WARNING:photos.views:refused a message: ")

    def test_both_versions_of_signatures_are_taken(self):
        for version in ["1", "2"]:
            Photo.objects.update(state="pending")
            self.assertEqual(self.post(notification("ready", version=version)), 204)
            self.assertEqual((self.photo.state, self.photo.colour), ("ready", "#8a6f52"))
            self.assertEqual(self.photo.thumbhash, "1QcSHQRnh493V4dIh4eXh1h4kJUI")
        self.assertEqual(self.post(notification("ready", Subject="a\nb")), 204)
        self.assertEqual(self.asked, [CERTIFICATE_URL])

    def test_other_events_are_states(self):
        self.assertEqual(self.post(notification("failed")), 204)
        reason = "the image is <broken>"
        self.assertEqual((self.photo.state, self.photo.reason), ("failed", reason))
        self.assertEqual(self.post(notification("removed")), 204)
        self.assertEqual((self.photo.state, self.photo.reason), ("removed", ""))

    def test_other_uploads_are_left_alone(self):
        Photo.objects.update(key="other.jpg")
        self.assertEqual(self.post(notification("ready")), 204)
        self.assertEqual((self.photo.state, Photo.objects.count()), ("pending", 1))

    def test_a_subscription_is_confirmed(self):
        asks = {"Type": "SubscriptionConfirmation", "Message": "You have chosen", "Token": "t"}
        self.assertEqual(self.post(signed(**asks, SubscribeURL=SUBSCRIBE_URL)), 204)
        self.assertEqual(self.asked, [CERTIFICATE_URL, SUBSCRIBE_URL])

    def test_what_sns_did_not_sign_is_refused(self):
        forged = {**notification("ready"), "Message": json.dumps(MESSAGES["failed"])}
        wrong = "its signature is wrong"
        self.assertEqual(self.assert_refused(forged, [CERTIFICATE_URL]), wrong)
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.assertEqual(self.assert_refused(notification("ready", key=other), [CERTIFICATE_URL]), wrong)
        # The hash of one version with the number of the other.
        swapped = {**notification("ready", version="1"), "SignatureVersion": "2"}
        self.assertEqual(self.assert_refused(swapped, [CERTIFICATE_URL]), wrong)

    def test_another_topic_is_refused(self):
        topic = settings.IMGPREP_TOPIC_ARN + "-2"
        said = self.assert_refused(notification("ready", TopicArn=topic))
        self.assertEqual(said, f"it is of the topic {topic!r}")

    def test_only_sns_of_the_region_is_asked_for_certificates(self):
        for url in [
            CERTIFICATE_URL.replace("https:", "http:"),
            CERTIFICATE_URL.replace("eu-central-1", "us-east-1"),
            CERTIFICATE_URL.replace("amazonaws.com", "amazonaws.com.example.com"),
            CERTIFICATE_URL.replace("amazonaws.com/", "amazonaws.com@example.com/"),
            CERTIFICATE_URL.replace("amazonaws.com/", "amazonaws.com:8443/"),
            "https://example.com/sns.eu-central-1.amazonaws.com/a.pem",
        ]:
            said = self.assert_refused(notification("ready", SigningCertURL=url))
            self.assertEqual(said, f"{url!r} is no address of SNS in eu-central-1")

    def test_what_is_no_message_of_sns_is_refused(self):
        whole = notification("ready")
        bodies = [b"", b"\xff", b"[]", b"null", b"7", b"{}"]
        bodies += [{name: whole[name] for name in whole if name != left} for left in whole]
        bodies += [{**whole, name: 1} for name in ["Type", "SigningCertURL", "Signature", "SignatureVersion"]]
        bodies += [{**whole, "Signature": "?"}, {**whole, "SignatureVersion": "3"}, {**whole, "Type": []}]
        for body in bodies:
            self.asked.clear()
            sns.certificate_of.cache_clear()
            with self.assertLogs("photos.views", "WARNING"):
                self.assertEqual(self.post(body), 403, body)
        self.assertEqual(self.photo.state, "pending")
        self.assertEqual(Client().get("/imgprep/notifications").status_code, 405)

    def test_a_certificate_that_cannot_be_fetched_is_asked_for_again(self):
        client = Client(raise_request_exception=False)
        body = json.dumps(notification("ready"))
        with mock.patch.object(sns, "urlopen", side_effect=OSError), self.assertLogs("django.request"):
            answer = client.post("/imgprep/notifications", body, "text/plain")
        self.assertEqual(answer.status_code, 500)
        self.assertEqual(self.post(notification("ready")), 204)

    def shown(self):
        return render_to_string("photos/photo.html", {"photo": self.photo, "alt": '"A" & <b>'})

    def test_a_photo_is_shown_in_each_state(self):
        start = f'<figure id="photo-{self.photo.pk}">\n'
        pending = '<p role="status">This photo is being processed.</p>\n</figure>\n'
        self.assertEqual(self.shown(), start + pending)
        self.post(notification("failed"))
        failed = '<p role="alert">This photo cannot be shown: the image is &lt;broken&gt;</p>\n</figure>\n'
        self.assertEqual(self.shown(), start + failed)
        self.post(notification("ready"))
        path, sizes = "2026/a%20b%2Bc.jpg", "(max-width: 40em) 100vw, 400px"
        cdn = "https://d111111abcdef8.cloudfront.net"
        ready = (
            f'<picture><source type="image/webp" srcset="{cdn}/webp/400x300/{path} 400w,'
            f' {cdn}/webp/800x600/{path} 800w" sizes="{sizes}"><img src="{cdn}/800x600/{path}"'
            f' srcset="{cdn}/400x300/{path} 400w, {cdn}/800x600/{path} 800w" sizes="{sizes}"'
            ' width="800" height="600" alt="&quot;A&quot; &amp; &lt;b&gt;" loading="lazy"'
            ' style="background-color: #8a6f52"></picture>\n</figure>\n'
        )
        self.assertEqual(self.shown(), start + ready)
        self.assertIn(ready.split(' alt="')[0], Client().get("/photos").content.decode())
        self.post(notification("removed"))
        self.assertEqual(self.shown(), start + "</figure>\n")

    def test_other_shapes_are_not_in_the_srcset(self):
        self.post(notification("ready"))
        square = {**self.photo.variants[0], "folder": "square", "url": "https://x/square", "height": 400}
        self.photo.variants.insert(0, square)
        self.assertNotIn("square", self.shown())

    def test_an_upload_is_signed_for_one_key_type_and_size(self):
        client = Client()
        self.assertEqual(client.post("/photos/new", {"content_type": "text/html"}).status_code, 415)
        self.assertEqual(client.post("/photos/new").status_code, 415)
        self.assertEqual(Client(enforce_csrf_checks=True).post("/photos/new").status_code, 403)
        answer = client.post("/photos/new", {"content_type": "image/webp"})
        self.assertEqual(answer.status_code, 201)
        asked = answer.json()
        photo = Photo.objects.get(pk=asked["id"])
        self.assertRegex(photo.key, r"\A[0-9a-f-]{36}\.webp\Z")
        self.assertEqual(asked["url"], "https://acme-photos.s3.eu-central-1.amazonaws.com/")
        fields = asked["fields"]
        self.assertEqual(fields["key"], f"originals/{photo.key}")
        policy = json.loads(base64.b64decode(fields["policy"]))
        signature = ["x-amz-algorithm", "x-amz-credential", "x-amz-date"]
        self.assertEqual(
            policy["conditions"],
            [
                {"Content-Type": "image/webp"},
                ["content-length-range", 1, 25000000],
                {"bucket": "acme-photos"},
                {"key": f"originals/{photo.key}"},
                *({name: fields[name]} for name in signature),
            ],
        )
        names = ["Content-Type", "key", "policy", "x-amz-signature", *signature]
        self.assertEqual(sorted(fields), sorted(names))
        begun = datetime.datetime.strptime(fields["x-amz-date"], "%Y%m%dT%H%M%SZ")
        ends = datetime.datetime.strptime(policy["expiration"], "%Y-%m-%dT%H:%M:%SZ")
        self.assertLessEqual(abs((ends - begun).seconds - uploads.EXPIRES_SECONDS), 1)

    def test_the_migration_makes_the_model(self):
        call_command("makemigrations", check=True, dry_run=True, verbosity=0)


call_command("migrate", verbosity=0)
unittest.main()
