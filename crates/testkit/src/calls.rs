//! Which AWS call an HTTP request is: service, operation, and whether it changes anything.

use std::fmt;

use hyper::body::Bytes;
use hyper::http::request::Parts;

/// One call to AWS as it came past the proxy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// The service as IAM names it, such as `sns`, which is as signatures do in most cases; `web` for a request that is not signed.
    pub service: String,
    /// The operation as the service's API names it, such as `CreateTopic`.
    pub operation: String,
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.service, self.operation)
    }
}

/// How the paths of S3's API for accounts begin.
const S3_CONTROL: &str = "/v20180820/";

/// How the operations that only read begin.
const READING: [&str; 6] = ["Describe", "Filter", "GET ", "Get", "Head", "List"];

impl Call {
    pub fn of(parts: &Parts, body: &Bytes) -> Self {
        let mut service = signed_service(parts).unwrap_or_else(|| "web".to_owned());
        if service == "s3" && parts.uri.path().starts_with(S3_CONTROL) {
            // Both sign as the same service.
            "s3control".clone_into(&mut service);
        }
        if service == "monitoring" {
            "cloudwatch".clone_into(&mut service);
        }
        let operation = match service.as_str() {
            "s3" => s3(parts),
            "s3control" => s3control(parts),
            "lambda" => lambda(parts),
            "cloudfront" => cloudfront(parts),
            "route53" => route53(parts),
            "web" => None,
            "cloudwatch" => rpc(parts),
            _ => target(parts).or_else(|| action(body)),
        };
        let operation = operation.unwrap_or_else(|| format!("{} {}", parts.method, parts.uri));
        Self { service, operation }
    }

    pub fn is_mutating(&self) -> bool {
        !READING.iter().any(|prefix| self.operation.starts_with(prefix))
    }
}

/// The service in the scope of the signature.
fn signed_service(parts: &Parts) -> Option<String> {
    let header = parts.headers.get("authorization")?.to_str().ok()?;
    let scope = header.split("Credential=").nth(1)?.split(',').next()?;
    scope.split('/').nth(3).map(ToOwned::to_owned)
}

/// The operation of the JSON protocols, as in `AmazonSQS.CreateQueue`.
fn target(parts: &Parts) -> Option<String> {
    let target = parts.headers.get("x-amz-target")?.to_str().ok()?;
    target.rsplit('.').next().map(ToOwned::to_owned)
}

/// The operation of the query protocol, as in `Action=CreateTopic&…`.
fn action(body: &Bytes) -> Option<String> {
    let body = std::str::from_utf8(body).ok()?;
    let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
    action.map(ToOwned::to_owned)
}

/// The operation of the protocol RPC v2, as in `/service/NAME/operation/PutMetricAlarm`.
fn rpc(parts: &Parts) -> Option<String> {
    parts.uri.path().split_once("/operation/").map(|(_, operation)| operation.to_owned())
}

fn s3(parts: &Parts) -> Option<String> {
    const DOCUMENTS: [(&str, &str); 11] = [
        ("acl", "BucketAcl"),
        ("cors", "BucketCors"),
        ("encryption", "BucketEncryption"),
        ("lifecycle", "BucketLifecycleConfiguration"),
        ("location", "BucketLocation"),
        ("notification", "BucketNotificationConfiguration"),
        ("ownershipControls", "BucketOwnershipControls"),
        ("policy", "BucketPolicy"),
        ("publicAccessBlock", "PublicAccessBlock"),
        ("tagging", "BucketTagging"),
        ("versioning", "BucketVersioning"),
    ];
    let has = |name: &str| query(parts).any(|(key, _)| key == name);
    let verb = match parts.method.as_str() {
        "GET" => "Get",
        "PUT" => "Put",
        "DELETE" => "Delete",
        "HEAD" => "Head",
        "POST" if has("delete") => return Some("DeleteObjects".to_owned()),
        _ => return None,
    };
    let path = parts.uri.path().trim_start_matches('/');
    if path.is_empty() {
        return Some("ListBuckets".to_owned());
    }
    if path.split_once('/').is_some_and(|(_, key)| !key.is_empty()) {
        if verb == "Delete" && has("uploadId") {
            return Some("AbortMultipartUpload".to_owned());
        }
        return Some(format!("{verb}Object"));
    }
    if let Some((_, document)) = DOCUMENTS.iter().find(|(name, _)| has(name)) {
        return Some(format!("{verb}{document}"));
    }
    Some(match (verb, has("versions"), has("uploads")) {
        ("Put", ..) => "CreateBucket".to_owned(),
        ("Get", true, _) => "ListObjectVersions".to_owned(),
        ("Get", _, true) => "ListMultipartUploads".to_owned(),
        ("Get", ..) => "ListObjectsV2".to_owned(),
        (verb, ..) => format!("{verb}Bucket"),
    })
}

fn s3control(parts: &Parts) -> Option<String> {
    let operation = match (parts.method.as_str(), segments(parts).as_slice()) {
        ("GET", ["configuration", "publicAccessBlock"]) => "GetPublicAccessBlock",
        ("POST", ["jobs"]) => "CreateJob",
        ("GET", ["jobs"]) => "ListJobs",
        ("GET", ["jobs", _]) => "DescribeJob",
        ("POST", ["jobs", _, "status"]) => "UpdateJobStatus",
        _ => return None,
    };
    Some(operation.to_owned())
}

fn lambda(parts: &Parts) -> Option<String> {
    let segments = segments(parts);
    let operation = match (parts.method.as_str(), segments.as_slice()) {
        ("GET", ["account-settings"]) => "GetAccountSettings",
        ("GET", ["functions"]) => "ListFunctions",
        ("POST", ["functions"]) => "CreateFunction",
        ("GET", ["functions", _]) => "GetFunction",
        ("DELETE", ["functions", _]) => "DeleteFunction",
        ("GET", ["functions", _, "configuration"]) => "GetFunctionConfiguration",
        ("PUT", ["functions", _, "configuration"]) => "UpdateFunctionConfiguration",
        ("PUT", ["functions", _, "code"]) => "UpdateFunctionCode",
        ("GET", ["functions", _, "policy"]) => "GetPolicy",
        ("POST", ["functions", _, "policy"]) => "AddPermission",
        ("DELETE", ["functions", _, "policy", _]) => "RemovePermission",
        ("GET", ["functions", _, "event-invoke-config"]) => "GetFunctionEventInvokeConfig",
        ("PUT", ["functions", _, "event-invoke-config"]) => "PutFunctionEventInvokeConfig",
        ("DELETE", ["functions", _, "event-invoke-config"]) => "DeleteFunctionEventInvokeConfig",
        ("GET", ["functions", _, "concurrency"]) => "GetFunctionConcurrency",
        ("PUT", ["functions", _, "concurrency"]) => "PutFunctionConcurrency",
        ("DELETE", ["functions", _, "concurrency"]) => "DeleteFunctionConcurrency",
        ("POST", ["functions", _, "invocations"]) => "Invoke",
        ("GET", ["tags", ..]) => "ListTags",
        ("POST", ["tags", ..]) => "TagResource",
        ("DELETE", ["tags", ..]) => "UntagResource",
        _ => return None,
    };
    Some(operation.to_owned())
}

fn cloudfront(parts: &Parts) -> Option<String> {
    let segments = segments(parts);
    let untags = query(parts).any(|pair| pair == ("Operation", "Untag"));
    let operation = match (parts.method.as_str(), segments.as_slice()) {
        ("GET", ["distribution"]) => "ListDistributions",
        ("POST", ["distribution"]) => "CreateDistribution",
        ("GET", ["distribution", _]) => "GetDistribution",
        ("DELETE", ["distribution", _]) => "DeleteDistribution",
        ("GET", ["distribution", _, "config"]) => "GetDistributionConfig",
        ("PUT", ["distribution", _, "config"]) => "UpdateDistribution",
        ("POST", ["distribution", _, "invalidation"]) => "CreateInvalidation",
        ("GET", ["origin-access-control"]) => "ListOriginAccessControls",
        ("POST", ["origin-access-control"]) => "CreateOriginAccessControl",
        ("GET", ["origin-access-control", _]) => "GetOriginAccessControl",
        ("GET", ["origin-access-control", _, "config"]) => "GetOriginAccessControlConfig",
        ("PUT", ["origin-access-control", _, "config"]) => "UpdateOriginAccessControl",
        ("DELETE", ["origin-access-control", _]) => "DeleteOriginAccessControl",
        ("GET", ["cache-policy"]) => "ListCachePolicies",
        ("POST", ["cache-policy"]) => "CreateCachePolicy",
        ("GET", ["cache-policy", _]) => "GetCachePolicy",
        ("PUT", ["cache-policy", _]) => "UpdateCachePolicy",
        ("DELETE", ["cache-policy", _]) => "DeleteCachePolicy",
        ("GET", ["tagging"]) => "ListTagsForResource",
        ("POST", ["tagging"]) if untags => "UntagResource",
        ("POST", ["tagging"]) => "TagResource",
        _ => return None,
    };
    Some(operation.to_owned())
}

fn route53(parts: &Parts) -> Option<String> {
    let operation = match (parts.method.as_str(), segments(parts).as_slice()) {
        ("GET", ["hostedzonesbyname"]) => "ListHostedZonesByName",
        ("GET", ["hostedzone", _]) => "GetHostedZone",
        ("GET", ["hostedzone", _, "rrset"]) => "ListResourceRecordSets",
        ("POST", ["hostedzone", _, "rrset"]) => "ChangeResourceRecordSets",
        _ => return None,
    };
    Some(operation.to_owned())
}

/// The parts of a path after the version of the API.
fn segments(parts: &Parts) -> Vec<&str> {
    parts.uri.path().trim_end_matches('/').split('/').skip(2).collect()
}

fn query(parts: &Parts) -> impl Iterator<Item = (&str, &str)> {
    let pairs = parts.uri.query().unwrap_or_default().split('&');
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}
