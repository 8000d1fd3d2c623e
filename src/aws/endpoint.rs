//! Where AWS is: the real one, or an emulator behind `AWS_ENDPOINT_URL`.
//!
//! All that differs for an emulator is decided here, and follows from the address alone.

use std::collections::BTreeMap;

/// The address that replaces AWS's own, if one is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Endpoint {
    url: Option<String>,
}

impl Endpoint {
    pub(crate) fn new(url: Option<String>) -> Self {
        Self { url: url.map(|url| url.trim_end_matches('/').to_owned()) }
    }

    pub(crate) fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// Whether AWS is reached over plain HTTP, as emulators are. Rules that demand HTTPS would
    /// then lock everybody out.
    pub(crate) fn is_plain_http(&self) -> bool {
        self.url.as_deref().is_some_and(|url| url.starts_with("http://"))
    }

    /// Whether a bucket can have a host of its own for its objects. The certificate of AWS's is for
    /// one label before `s3` ("Virtual hosting of general purpose buckets", Amazon S3 User Guide), so
    /// that every browser refuses a name with dots there; elsewhere buckets are in the path.
    pub(crate) fn covers(&self, bucket: &str) -> bool {
        self.url.is_some() || !bucket.contains('.')
    }

    /// The address of a bucket's objects, without a final slash.
    pub(crate) fn bucket_url(&self, bucket: &str, region: &str, dns_suffix: &str) -> String {
        match &self.url {
            Some(url) => format!("{url}/{bucket}"),
            None if !self.covers(bucket) => format!("https://s3.{region}.{dns_suffix}/{bucket}"),
            None => format!("https://{bucket}.s3.{region}.{dns_suffix}"),
        }
    }

    /// What the function's environment must hold so that it calls the same AWS: on the real one,
    /// nothing.
    pub(crate) fn function_variables(&self) -> BTreeMap<String, String> {
        let url = self.url.as_ref().filter(|_| self.is_plain_http());
        url.map(|url| ("AWS_ENDPOINT_URL".to_owned(), url.clone())).into_iter().collect()
    }

    /// The address at which a distribution with this domain serves, without a final slash.
    ///
    /// An emulator on this machine cannot own `cloudfront.net`; it serves the same label under
    /// `cloudfront.localhost`, which every resolver maps to loopback (RFC 6761, section 6.3).
    pub(crate) fn cdn_url(&self, domain: &str) -> String {
        match (&self.url, domain.strip_suffix(".cloudfront.net")) {
            (Some(url), Some(label)) => {
                let (scheme, authority) = url.split_once("://").unwrap_or(("http", url));
                let port = authority
                    .rsplit_once(':')
                    .map_or(String::new(), |(_, port)| format!(":{port}"));
                format!("{scheme}://{label}.cloudfront.localhost{port}")
            }
            _ => format!("https://{domain}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_serves_at_its_own_domain_on_aws() {
        assert_eq!(
            Endpoint::default().cdn_url("d111111abcdef8.cloudfront.net"),
            "https://d111111abcdef8.cloudfront.net"
        );
    }

    #[test]
    fn a_bucket_is_addressed_in_its_region_and_partition() {
        let aws = Endpoint::default();
        let cases = [
            ("eu-central-1", "amazonaws.com", "https://photos.s3.eu-central-1.amazonaws.com"),
            ("us-gov-west-1", "amazonaws.com", "https://photos.s3.us-gov-west-1.amazonaws.com"),
            ("cn-north-1", "amazonaws.com.cn", "https://photos.s3.cn-north-1.amazonaws.com.cn"),
        ];
        for (region, suffix, url) in cases {
            assert_eq!(aws.bucket_url("photos", region, suffix), url);
        }
        let dotted = aws.bucket_url("my.photos", "eu-central-1", "amazonaws.com");
        assert_eq!(dotted, "https://s3.eu-central-1.amazonaws.com/my.photos");
        let emulator = Endpoint::new(Some("http://127.0.0.1:4566".to_owned()));
        let url = emulator.bucket_url("photos", "cn-north-1", "amazonaws.com.cn");
        assert_eq!(url, "http://127.0.0.1:4566/photos");
    }

    #[test]
    fn a_distribution_serves_on_loopback_on_an_emulator() {
        let endpoint = Endpoint::new(Some("http://127.0.0.1:4566/".to_owned()));
        assert!(endpoint.is_plain_http());
        assert_eq!(
            endpoint.cdn_url("d111111abcdef8.cloudfront.net"),
            "http://d111111abcdef8.cloudfront.localhost:4566"
        );
    }
}
