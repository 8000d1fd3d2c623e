//! Where AWS is: the real one, or an emulator behind `AWS_ENDPOINT_URL` or a service's own variable.
//!
//! All that differs for an emulator is decided here, and follows from the addresses alone.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::local;

/// The addresses that replace AWS's own, where such are set. A service may have one to itself: in a
/// private network S3 alone is reached through AWS `PrivateLink`, say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Endpoints {
    s3: Option<String>,
    cloudfront: Option<String>,
    sns: Option<String>,
    /// Whether CloudFront is the local AWS behind its gate.
    is_gate: bool,
    s3_control: Option<String>,
}

impl Endpoints {
    pub(crate) fn new(s3: Option<String>, cloudfront: Option<String>) -> Self {
        Self { s3: s3.map(bare), cloudfront: cloudfront.map(bare), ..Self::default() }
    }

    /// The same, with this address for SNS.
    pub(crate) fn with_sns(self, sns: Option<String>) -> Self {
        Self { sns: sns.map(bare), ..self }
    }

    pub(crate) fn with_s3_control(self, s3_control: Option<String>) -> Self {
        Self { s3_control: s3_control.map(bare), ..self }
    }

    /// Whether S3 runs jobs there. The local AWS runs none.
    pub(crate) fn run_jobs(&self) -> bool {
        !self.is_gate || self.s3_control != self.cloudfront
    }

    /// The same, with the local AWS's own address for CloudFront.
    pub(crate) fn behind_gate(self, is_gate: bool) -> Self {
        Self { is_gate, ..self }
    }

    /// Whether S3 has no host name for each bucket: an emulator has none, and an
    /// endpoint of `PrivateLink` takes the bucket in the path as well.
    pub(crate) fn wants_path_style(&self) -> bool {
        self.s3.is_some()
    }

    /// Whether S3 is reached over plain HTTP, as emulators are. A bucket policy that demands HTTPS
    /// would then lock everybody out.
    pub(crate) fn is_s3_plain_http(&self) -> bool {
        self.s3.as_deref().is_some_and(is_plain_http)
    }

    /// Whether CloudFront is reached over plain HTTP, as emulators are. A redirect to HTTPS would
    /// then lead nowhere.
    pub(crate) fn is_cloudfront_plain_http(&self) -> bool {
        self.cloudfront.as_deref().is_some_and(is_plain_http)
    }

    /// The address of a bucket's objects for everybody, without a final slash. An endpoint within
    /// AWS's own domain is one of the many doors to the same bucket. Where S3's certificate does not
    /// cover a host for the bucket, it is in the path.
    pub(crate) fn bucket_url(&self, bucket: &str, region: &str, dns_suffix: &str) -> String {
        let is_aws = |url: &str| Address::of(url).host.ends_with(&format!(".{dns_suffix}"));
        match self.s3.as_deref().filter(|url| !is_aws(url)) {
            Some(url) => format!("{url}/{bucket}"),
            None if bucket.contains('.') => format!("https://s3.{region}.{dns_suffix}/{bucket}"),
            None => format!("https://{bucket}.s3.{region}.{dns_suffix}"),
        }
    }

    /// What the function's environment must hold so that it calls the same AWS: on the real one,
    /// nothing.
    pub(crate) fn function_variables(&self) -> BTreeMap<String, String> {
        let emulator = |url: &Option<String>| url.clone().filter(|url| is_plain_http(url));
        let [s3, cloudfront, sns] = [&self.s3, &self.cloudfront, &self.sns].map(emulator);
        let variables = if s3 == cloudfront && s3 == sns {
            vec![("AWS_ENDPOINT_URL", s3)]
        } else {
            vec![
                ("AWS_ENDPOINT_URL_S3", s3),
                ("AWS_ENDPOINT_URL_CLOUDFRONT", cloudfront),
                ("AWS_ENDPOINT_URL_SNS", sns),
            ]
        };
        let set = variables.into_iter().filter_map(|(name, url)| Some((name.to_owned(), url?)));
        set.collect()
    }

    /// The address at which a distribution serves, by its `own` domain if it has one, without a final
    /// slash. Behind the gate that is the gate's: no DNS leads from another name to this machine.
    pub(crate) fn served_at(&self, own: Option<&str>, domain: &str) -> String {
        match own.filter(|_| !self.is_gate) {
            Some(own) => format!("https://{own}"),
            None => self.cdn_url(domain),
        }
    }

    /// The address at which a distribution with this domain serves, without a final slash.
    ///
    /// An emulator on this machine cannot own `cloudfront.net`; it serves the same label under
    /// `cloudfront.localhost`, which browsers map to loopback (RFC 6761, section 6.3). Many programs do
    /// not, so that the local AWS serves it below a path, too.
    pub(crate) fn cdn_url(&self, domain: &str) -> String {
        let emulator = self.cloudfront.as_deref().map(Address::of).filter(Address::is_loopback);
        match (emulator, domain.strip_suffix(".cloudfront.net")) {
            (Some(_), Some(label)) if self.is_gate => {
                let gate = self.cloudfront.as_deref().unwrap_or_default();
                format!("{gate}{}{label}", local::CDN_PATH)
            }
            (Some(Address { scheme, port, .. }), Some(label)) => {
                let port = port.map_or(String::new(), |port| format!(":{port}"));
                format!("{scheme}://{label}.cloudfront.localhost{port}")
            }
            _ => format!("https://{domain}"),
        }
    }
}

fn is_plain_http(url: &str) -> bool {
    url.starts_with("http://")
}

/// The parts of an endpoint's address that tell where it is.
struct Address<'a> {
    scheme: &'a str,
    host: &'a str,
    port: Option<&'a str>,
}

impl<'a> Address<'a> {
    fn of(url: &'a str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (host, port) = match authority.strip_prefix('[').and_then(|it| it.split_once(']')) {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None => match authority.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        Self { scheme, host, port }
    }

    fn is_loopback(&self) -> bool {
        let host = self.host.to_ascii_lowercase();
        host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
            || host == "localhost"
            || host.ends_with(".localhost")
    }
}

fn bare(mut url: String) -> String {
    url.truncate(url.trim_end_matches('/').len());
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIVATE_LINK: &str = "https://bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com";
    const EMULATOR: &str = "http://127.0.0.1:4566";

    fn endpoints(s3: Option<&str>, cloudfront: Option<&str>) -> Endpoints {
        Endpoints::new(s3.map(Into::into), cloudfront.map(Into::into))
    }

    #[test]
    fn a_distribution_serves_at_its_own_domain_unless_cloudfront_is_on_this_machine() {
        let own = "https://d111111abcdef8.cloudfront.net";
        let cases = [
            (None, None, own),
            (Some(PRIVATE_LINK), None, own),
            (Some(EMULATOR), None, own),
            (Some(EMULATOR), Some("http://aws.example.com:4566"), own),
            (None, Some("https://cloudfront.amazonaws.com"), own),
            (None, Some("http://10.0.0.127:4566"), own),
            (None, Some("http://localhost.example.com"), own),
            (
                None,
                Some("http://127.0.0.1:4566/"),
                "http://d111111abcdef8.cloudfront.localhost:4566",
            ),
            (None, Some("http://127.1.2.3"), "http://d111111abcdef8.cloudfront.localhost"),
            (None, Some("http://[::1]:80"), "http://d111111abcdef8.cloudfront.localhost:80"),
            (None, Some("http://[::1]"), "http://d111111abcdef8.cloudfront.localhost"),
            (None, Some("http://LocalHost:1/"), "http://d111111abcdef8.cloudfront.localhost:1"),
            (
                Some(PRIVATE_LINK),
                Some("https://aws.localhost:4566/path"),
                "https://d111111abcdef8.cloudfront.localhost:4566",
            ),
        ];
        for (s3, cloudfront, url) in cases {
            let served = endpoints(s3, cloudfront).cdn_url("d111111abcdef8.cloudfront.net");
            assert_eq!(served, url, "{s3:?} {cloudfront:?}");
        }
    }

    #[test]
    fn the_local_aws_serves_where_every_program_finds_it() {
        let local = endpoints(Some(EMULATOR), Some(EMULATOR)).behind_gate(true);
        assert_eq!(
            local.cdn_url("d111111abcdef8.cloudfront.net"),
            "http://127.0.0.1:4566/_imgprep/cdn/d111111abcdef8"
        );
        let own = |endpoints: &Endpoints| {
            endpoints.served_at(Some("img.example.com"), "d111111abcdef8.cloudfront.net")
        };
        assert_eq!(own(&local), "http://127.0.0.1:4566/_imgprep/cdn/d111111abcdef8");
        assert_eq!(own(&Endpoints::default()), "https://img.example.com");
    }

    #[test]
    fn the_local_aws_runs_no_jobs() {
        let at = |s3_control: &str, is_gate| {
            let endpoints = endpoints(Some(EMULATOR), Some(EMULATOR)).behind_gate(is_gate);
            endpoints.with_s3_control(Some(s3_control.to_owned())).run_jobs()
        };
        assert!(!at(EMULATOR, true));
        assert!(at(EMULATOR, false) && at("http://127.0.0.1:9999", true));
        assert!(Endpoints::default().run_jobs());
    }

    #[test]
    fn a_bucket_is_addressed_in_its_region_and_partition() {
        let aws = Endpoints::default();
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
    }

    #[test]
    fn a_bucket_of_the_real_aws_has_its_public_address_behind_any_of_its_endpoints() {
        let cases = [
            (PRIVATE_LINK, "https://photos.s3.us-east-1.amazonaws.com"),
            (
                "https://s3.dualstack.us-east-1.amazonaws.com",
                "https://photos.s3.us-east-1.amazonaws.com",
            ),
            (EMULATOR, "http://127.0.0.1:4566/photos"),
            ("https://notamazonaws.com", "https://notamazonaws.com/photos"),
        ];
        for (url, expected) in cases {
            let endpoints = endpoints(Some(url), Some(EMULATOR));
            assert!(endpoints.wants_path_style());
            assert_eq!(endpoints.bucket_url("photos", "us-east-1", "amazonaws.com"), expected);
        }
        assert!(!endpoints(None, Some(EMULATOR)).wants_path_style());
    }

    #[test]
    fn plain_http_is_of_one_service() {
        let is_plain = |s3, cloudfront| {
            let endpoints = endpoints(s3, cloudfront);
            (endpoints.is_s3_plain_http(), endpoints.is_cloudfront_plain_http())
        };
        assert_eq!(is_plain(None, None), (false, false));
        assert_eq!(is_plain(Some(PRIVATE_LINK), Some(EMULATOR)), (false, true));
        assert_eq!(is_plain(Some(EMULATOR), None), (true, false));
    }

    #[test]
    fn the_function_calls_each_service_where_imgprep_does() {
        let variables = |s3, cloudfront: Option<&str>| {
            let sns = cloudfront.map(Into::into);
            let endpoints = endpoints(s3, cloudfront).with_sns(sns);
            let set = endpoints.function_variables().into_iter();
            set.map(|(name, url)| format!("{name}={url}")).collect::<Vec<_>>()
        };
        let none: [&str; 0] = [];
        assert_eq!(variables(None, None), none);
        assert_eq!(variables(Some(PRIVATE_LINK), None), none);
        let (s3, cloudfront) = (EMULATOR, "http://127.0.0.1:4567");
        assert_eq!(variables(Some(s3), Some(s3)), [format!("AWS_ENDPOINT_URL={s3}")]);
        assert_eq!(variables(Some(s3), None), [format!("AWS_ENDPOINT_URL_S3={s3}")]);
        assert_eq!(
            variables(Some(PRIVATE_LINK), Some(cloudfront)),
            [
                format!("AWS_ENDPOINT_URL_CLOUDFRONT={cloudfront}"),
                format!("AWS_ENDPOINT_URL_SNS={cloudfront}"),
            ]
        );
        assert_eq!(
            variables(Some(s3), Some(cloudfront)),
            [
                format!("AWS_ENDPOINT_URL_CLOUDFRONT={cloudfront}"),
                format!("AWS_ENDPOINT_URL_S3={s3}"),
                format!("AWS_ENDPOINT_URL_SNS={cloudfront}"),
            ]
        );
    }
}
