//! The key of Signature Version 4, and what is signed with it (AWS IAM User Guide, "Create a signed
//! AWS API request").
//!
//! Deliberately absent: what a request or a form says of itself, which is its own module's.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The one algorithm.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What signs a text, and proves the signature of one.
pub(crate) struct Signer(Hmac<Sha256>);

impl Signer {
    /// The signer of a scope such as `20261128/us-east-1/s3/aws4_request`.
    pub(crate) fn new(secret: &str, scope: &str) -> Self {
        let key = format!("AWS4{secret}").into_bytes();
        let key = scope
            .split('/')
            .fold(key, |key, part| mac(&key).chain_update(part).finalize().into_bytes().to_vec());
        Self(mac(&key))
    }

    /// The signature of a text, in hexadecimal digits.
    pub(crate) fn sign(&self, text: &str) -> String {
        hex::encode(self.0.clone().chain_update(text).finalize().into_bytes())
    }

    /// Whether a signature is that of a text; how long this takes tells nothing of it.
    pub(crate) fn has_signed(&self, text: &str, signature: &[u8]) -> bool {
        self.0.clone().chain_update(text).verify_slice(signature).is_ok()
    }
}

fn mac(key: &[u8]) -> Hmac<Sha256> {
    let mac = Hmac::new_from_slice(key);
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length (RFC 2104, section 2)")]
    mac.expect("a key of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "Example: Browser-based upload using HTTP POST (using AWS signature version 4)" in the Amazon S3
    /// API Reference: the policy as it stands there, and its signature.
    #[test]
    fn awss_own_policy_has_awss_own_signature() {
        let policy = concat!(
            "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAg",
            "ICB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAi",
            "dXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25f",
            "cmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxf",
            "dXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQog",
            "ICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRl",
            "LWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAi",
            "Il0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMt",
            "ZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEy",
            "NTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9"
        );
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let signer = Signer::new(secret, "20151229/us-east-1/s3/aws4_request");
        let signature = "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e";
        assert_eq!(signer.sign(policy), signature);
        assert!(signer.has_signed(policy, &hex::decode(signature).unwrap()));
        assert!(!signer.has_signed(&policy[1..], &hex::decode(signature).unwrap()));
    }
}
