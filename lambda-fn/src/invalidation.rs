//! The one call to CloudFront.

use aws_sdk_s3::config::Credentials;
use contract::address;

use crate::{service::Service, store::StoreError};

/// The CDN, as the little that the function wants of it.
#[derive(Debug)]
pub(crate) struct Invalidator(Service);

impl Invalidator {
    /// Prepares calls to the CDN of the partition this region is in, or to another endpoint.
    pub(crate) fn new(region: &str, endpoint: Option<&str>, credentials: Credentials) -> Self {
        let (home, signing_region) = home(region);
        let scope = ("cloudfront", signing_region);
        let endpoint = endpoint.unwrap_or(home);
        Self(Service::new("cloudfront:CreateInvalidation", scope, endpoint, credentials))
    }

    /// Has a distribution forget what it holds of these keys.
    pub(crate) async fn invalidate(
        &self,
        distribution: &str,
        keys: &[String],
        reference: &str,
    ) -> Result<(), StoreError> {
        let path = format!("/2020-05-31/distribution/{distribution}/invalidation");
        self.0.post(&path, "application/xml", &batch(keys, reference)).await
    }
}

/// CloudFront is one service for all regions of a partition, with a home in one of them: its address
/// and that region.
fn home(region: &str) -> (&'static str, &'static str) {
    if region.starts_with("cn-") {
        ("https://cloudfront.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1")
    } else {
        ("https://cloudfront.amazonaws.com", "us-east-1")
    }
}

/// The body of the call.
fn batch(keys: &[String], reference: &str) -> String {
    let paths: Vec<String> = keys.iter().flat_map(|key| address::invalidated(key)).collect();
    let items = paths.iter().map(|path| format!("<Path>/{}</Path>", text(path)));
    let items = items.collect::<Vec<_>>().concat();
    format!(
        "<InvalidationBatch xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">\
         <Paths><Quantity>{}</Quantity><Items>{items}</Items></Paths>\
         <CallerReference>{}</CallerReference></InvalidationBatch>",
        paths.len(),
        text(reference),
    )
}

/// A text as it stands in an element (XML 1.0, section 2.4).
fn text(plain: &str) -> String {
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&apos;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_names_each_path_and_is_xml() {
        let keys = ["800x600/a b+ü.jpg", "400x300/<&>'\"~*"].map(str::to_owned);
        let expected = "<InvalidationBatch xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">\
            <Paths><Quantity>3</Quantity><Items>\
            <Path>/800x600/a%20b%2B%C3%BC.jpg</Path><Path>/800x600/a%20b+%C3%BC.jpg</Path>\
            <Path>/400x300/%3C&amp;%3E&apos;%22%7E%2A</Path>\
            </Items></Paths><CallerReference>request-&lt;1&gt;-5</CallerReference>\
            </InvalidationBatch>";
        assert_eq!(batch(&keys, "request-<1>-5"), expected);
    }

    #[test]
    fn a_partition_has_one_home() {
        assert_eq!(home("eu-central-1"), ("https://cloudfront.amazonaws.com", "us-east-1"));
        let china = ("https://cloudfront.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1");
        assert_eq!(home("cn-north-1"), china);
    }
}
