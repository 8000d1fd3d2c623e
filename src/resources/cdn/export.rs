//! The distribution, and its access control, in other tools' templates.

use contract::settings::{CDN_VARIABLE, DISTRIBUTION_VARIABLE};
use serde_json::{Value, json};

use super::distribution::{ORIGIN, SSL_SUPPORT, TLS_MIN};
use super::domains::THIS_CERTIFICATE;
use super::{Cdn, Fields};
use crate::engine::resource::Resource;
use crate::template::cloudformation::{self, CloudFormation, attribute, this};
use crate::template::terraform::{Terraform, value_of};
use crate::template::{DISTRIBUTION, Export, distribution_arn};

impl Export for Cdn {
    fn cloudformation(&self, template: &mut CloudFormation<'_>) {
        let fields = self.fields();
        let control = fields.access_control.clone().unwrap_or_default();
        let access_control = json!({ "OriginAccessControlConfig": {
            "Name": self.names.cdn,
            "Description": self.description(),
            "OriginAccessControlOriginType": control.origin_type,
            "SigningBehavior": control.signing_behavior,
            "SigningProtocol": control.signing_protocol,
        } });
        let kind = "AWS::CloudFront::OriginAccessControl";
        template.add("CdnAccessControl", kind, access_control);
        let tags = cloudformation::tags(&fields.tags);
        let distribution =
            json!({ "DistributionConfig": self.configuration(&fields), "Tags": tags });
        template.add("Cdn", "AWS::CloudFront::Distribution", distribution);
        let document = &mut template.properties("BucketPolicy")["PolicyDocument"];
        add_statement(document, self.statement(&distribution_arn()));
        if fields.function.environment.is_some() {
            let environment = &mut template.properties("Function")["Environment"];
            environment["Variables"][DISTRIBUTION_VARIABLE] = DISTRIBUTION.into();
        }
        if fields.function.address.is_some() {
            let address = match self.settings.domains.first() {
                Some(own) => json!(format!("https://{own}")),
                None => json!({ "Fn::Join": ["", ["https://", attribute("Cdn", "DomainName")]] }),
            };
            let environment = &mut template.properties("Function")["Environment"];
            environment["Variables"][CDN_VARIABLE] = address;
        }
        template.output("CdnDomain", attribute("Cdn", "DomainName"));
    }

    fn terraform(&self, module: &mut Terraform<'_>) {
        let fields = self.fields();
        let control = fields.access_control.clone().unwrap_or_default();
        let access_control = json!({
            "name": self.names.cdn,
            "description": self.description(),
            "origin_access_control_origin_type": control.origin_type,
            "signing_behavior": control.signing_behavior,
            "signing_protocol": control.signing_protocol,
        });
        module.add("aws_cloudfront_origin_access_control", "cdn", access_control);
        module.add("aws_cloudfront_distribution", "cdn", self.arguments(&fields));
        add_statement(module.local("bucket_policy"), self.statement(&distribution_arn()));
        if fields.function.environment.is_some() {
            let function = module.arguments("aws_lambda_function", "function");
            function["environment"]["variables"][DISTRIBUTION_VARIABLE] = DISTRIBUTION.into();
        }
        if fields.function.address.is_some() {
            let address = match self.settings.domains.first() {
                Some(own) => format!("https://{own}"),
                None => {
                    format!("https://{}", value_of("aws_cloudfront_distribution.cdn.domain_name"))
                }
            };
            let function = module.arguments("aws_lambda_function", "function");
            function["environment"]["variables"][CDN_VARIABLE] = address.into();
        }
        module.output("cdn_domain", "aws_cloudfront_distribution.cdn.domain_name");
    }

    #[cfg(test)]
    fn members(&self) -> &'static str {
        MEMBERS
    }
}

/// Adds to the bucket's policy, in which more than one resource has a statement.
fn add_statement(document: &mut Value, statement: Value) {
    if let Some(statements) = document["Statement"].as_array_mut() {
        statements.push(statement);
    }
}

impl Cdn {
    fn configuration(&self, fields: &Fields) -> Value {
        let origin = fields.origin.clone().unwrap_or_default();
        let certificate = fields.certificate.as_ref().map(|arn| {
            let arn = if arn == THIS_CERTIFICATE { this("Certificate") } else { json!(arn) };
            json!({
                "AcmCertificateArn": arn,
                "SslSupportMethod": SSL_SUPPORT.as_str(),
                "MinimumProtocolVersion": TLS_MIN.as_str(),
            })
        });
        let errors = errors(fields).map(|error| {
            json!({
                "ErrorCode": error.code,
                "ErrorCachingMinTTL": error.seconds,
                "ResponseCode": error.status,
                "ResponsePagePath": error.page,
            })
        });
        let cache_policy = match &self.names.cache_policy {
            Some(_) => this("CachePolicy"),
            None => json!(fields.cache_policy),
        };
        json!({
            "Comment": fields.comment,
            "Enabled": fields.enabled,
            "HttpVersion": fields.http_version,
            "IPV6Enabled": fields.ipv6,
            "PriceClass": fields.price_class,
            "Origins": [{
                "Id": ORIGIN,
                "DomainName": origin.domain,
                "OriginAccessControlId": attribute("CdnAccessControl", "Id"),
                // The old access identity must be there, and empty, beside an origin access control.
                "S3OriginConfig": { "OriginAccessIdentity": origin.access_identity },
            }],
            "DefaultCacheBehavior": {
                "TargetOriginId": fields.target_origin,
                "ViewerProtocolPolicy": fields.viewer_protocol,
                "AllowedMethods": fields.methods,
                "CachedMethods": fields.methods,
                "Compress": fields.compress,
                "CachePolicyId": cache_policy,
                "ResponseHeadersPolicyId": fields.headers_policy,
            },
            "CustomErrorResponses": errors.collect::<Vec<_>>(),
            "Aliases": aliases(fields),
            "ViewerCertificate": certificate,
        })
    }

    fn arguments(&self, fields: &Fields) -> Value {
        let origin = fields.origin.clone().unwrap_or_default();
        let certificate = match &fields.certificate {
            None => json!({ "cloudfront_default_certificate": true }),
            Some(arn) => json!({
                "acm_certificate_arn": match arn.as_str() {
                    // It is good for nothing before it is issued.
                    THIS_CERTIFICATE => {
                        value_of("aws_acm_certificate_validation.certificate.certificate_arn")
                    }
                    own => own.to_owned(),
                },
                "ssl_support_method": SSL_SUPPORT.as_str(),
                "minimum_protocol_version": TLS_MIN.as_str(),
            }),
        };
        let errors = errors(fields).map(|error| {
            json!({
                "error_code": error.code,
                "error_caching_min_ttl": error.seconds,
                "response_code": error.status,
                "response_page_path": error.page,
            })
        });
        let cache_policy = match &self.names.cache_policy {
            Some(_) => json!(value_of("aws_cloudfront_cache_policy.cdn.id")),
            None => json!(fields.cache_policy),
        };
        json!({
            "comment": fields.comment,
            "enabled": fields.enabled,
            "http_version": fields.http_version,
            "is_ipv6_enabled": fields.ipv6,
            "price_class": fields.price_class,
            "aliases": aliases(fields),
            "origin": {
                "origin_id": ORIGIN,
                "domain_name": origin.domain,
                "origin_access_control_id": value_of("aws_cloudfront_origin_access_control.cdn.id"),
            },
            "default_cache_behavior": {
                "target_origin_id": fields.target_origin,
                "viewer_protocol_policy": fields.viewer_protocol,
                "allowed_methods": fields.methods,
                "cached_methods": fields.methods,
                "compress": fields.compress,
                "cache_policy_id": cache_policy,
                "response_headers_policy_id": fields.headers_policy,
            },
            "custom_error_response": errors.collect::<Vec<_>>(),
            "restrictions": { "geo_restriction": { "restriction_type": "none" } },
            "viewer_certificate": certificate,
            // Uploads are processed long before the last edge knows of the distribution.
            "wait_for_deployment": false,
            "tags": fields.tags,
        })
    }
}

/// What is answered for an error.
struct ErrorResponse<'a> {
    code: i64,
    seconds: i64,
    status: Option<i64>,
    page: Option<&'a String>,
}

fn errors(fields: &Fields) -> impl Iterator<Item = ErrorResponse<'_>> {
    fields.errors_cached_seconds.0.iter().filter_map(|(code, seconds)| {
        let status = fields.error_statuses.0.get(code).and_then(|status| status.0.as_ref());
        Some(ErrorResponse {
            code: code.parse().ok()?,
            seconds: *seconds,
            status: status.and_then(|status| status.parse().ok()),
            page: fields.error_pages.0.get(code).and_then(|page| page.0.as_ref()),
        })
    })
}

/// The domains of the user's own; null where there are none.
fn aliases(fields: &Fields) -> Option<Vec<&String>> {
    let domains: Vec<&String> = fields.aliases.0.keys().collect();
    (!domains.is_empty()).then_some(domains)
}

#[cfg(test)]
const MEMBERS: &str = r#"
access_control.origin_type
  CdnAccessControl/OriginAccessControlConfig/OriginAccessControlOriginType
  aws_cloudfront_origin_access_control/cdn/origin_access_control_origin_type
tags
  Cdn/Tags
  aws_cloudfront_distribution/cdn/tags
access_control.signing_behavior
  CdnAccessControl/OriginAccessControlConfig/SigningBehavior
  aws_cloudfront_origin_access_control/cdn/signing_behavior
access_control.signing_protocol
  CdnAccessControl/OriginAccessControlConfig/SigningProtocol
  aws_cloudfront_origin_access_control/cdn/signing_protocol
aliases[img.example.com]
  Cdn/DistributionConfig/Aliases = ["img.example.com"]
  aws_cloudfront_distribution/cdn/aliases = ["img.example.com"]
cache_policy
  CachePolicy/CachePolicyConfig/Name
  aws_cloudfront_cache_policy/cdn/name
certificate
  Cdn/DistributionConfig/ViewerCertificate/AcmCertificateArn
  aws_cloudfront_distribution/cdn/viewer_certificate/acm_certificate_arn
former_certificate
  -
  -
comment
  Cdn/DistributionConfig/Comment
  aws_cloudfront_distribution/cdn/comment
compress
  Cdn/DistributionConfig/DefaultCacheBehavior/Compress
  aws_cloudfront_distribution/cdn/default_cache_behavior/compress
enabled
  Cdn/DistributionConfig/Enabled
  aws_cloudfront_distribution/cdn/enabled
error_pages[403]
  Cdn/DistributionConfig/CustomErrorResponses/0/ResponsePagePath
  aws_cloudfront_distribution/cdn/custom_error_response/0/response_page_path
error_statuses[403]
  Cdn/DistributionConfig/CustomErrorResponses/0/ResponseCode = 403
  aws_cloudfront_distribution/cdn/custom_error_response/0/response_code = 403
error_pages[404]
  Cdn/DistributionConfig/CustomErrorResponses/1/ResponsePagePath
  aws_cloudfront_distribution/cdn/custom_error_response/1/response_page_path
error_statuses[404]
  Cdn/DistributionConfig/CustomErrorResponses/1/ResponseCode = 404
  aws_cloudfront_distribution/cdn/custom_error_response/1/response_code = 404
errors_cached_seconds[403]
  Cdn/DistributionConfig/CustomErrorResponses/0 = {"ErrorCode": 403, "ErrorCachingMinTTL": 5, "ResponseCode": 403, "ResponsePagePath": "/fallback.png"}
  aws_cloudfront_distribution/cdn/custom_error_response/0 = {"error_code": 403, "error_caching_min_ttl": 5, "response_code": 403, "response_page_path": "/fallback.png"}
errors_cached_seconds[404]
  Cdn/DistributionConfig/CustomErrorResponses/1 = {"ErrorCode": 404, "ErrorCachingMinTTL": 5, "ResponseCode": 404, "ResponsePagePath": "/fallback.png"}
  aws_cloudfront_distribution/cdn/custom_error_response/1 = {"error_code": 404, "error_caching_min_ttl": 5, "response_code": 404, "response_page_path": "/fallback.png"}
errors_cached_seconds[500]
  Cdn/DistributionConfig/CustomErrorResponses/2 = {"ErrorCode": 500, "ErrorCachingMinTTL": 5}
  aws_cloudfront_distribution/cdn/custom_error_response/2 = {"error_code": 500, "error_caching_min_ttl": 5}
errors_cached_seconds[502]
  Cdn/DistributionConfig/CustomErrorResponses/3 = {"ErrorCode": 502, "ErrorCachingMinTTL": 5}
  aws_cloudfront_distribution/cdn/custom_error_response/3 = {"error_code": 502, "error_caching_min_ttl": 5}
errors_cached_seconds[503]
  Cdn/DistributionConfig/CustomErrorResponses/4 = {"ErrorCode": 503, "ErrorCachingMinTTL": 5}
  aws_cloudfront_distribution/cdn/custom_error_response/4 = {"error_code": 503, "error_caching_min_ttl": 5}
errors_cached_seconds[504]
  Cdn/DistributionConfig/CustomErrorResponses/5 = {"ErrorCode": 504, "ErrorCachingMinTTL": 5}
  aws_cloudfront_distribution/cdn/custom_error_response/5 = {"error_code": 504, "error_caching_min_ttl": 5}
function.environment
  Function/Environment/Variables/IMGPREP_DISTRIBUTION = {"Ref": "Cdn"}
  aws_lambda_function/function/environment/variables/IMGPREP_DISTRIBUTION = "${aws_cloudfront_distribution.cdn.id}"
function.address
  Function/Environment/Variables/IMGPREP_CDN = "https://img.example.com"
  aws_lambda_function/function/environment/variables/IMGPREP_CDN = "https://img.example.com"
headers_policy
  Cdn/DistributionConfig/DefaultCacheBehavior/ResponseHeadersPolicyId
  aws_cloudfront_distribution/cdn/default_cache_behavior/response_headers_policy_id
http_version
  Cdn/DistributionConfig/HttpVersion
  aws_cloudfront_distribution/cdn/http_version
ipv6
  Cdn/DistributionConfig/IPV6Enabled
  aws_cloudfront_distribution/cdn/is_ipv6_enabled
legacy_cache
  -
  -
methods
  Cdn/DistributionConfig/DefaultCacheBehavior/AllowedMethods
  aws_cloudfront_distribution/cdn/default_cache_behavior/allowed_methods
origin.access_control
  CdnAccessControl/OriginAccessControlConfig/Name
  aws_cloudfront_origin_access_control/cdn/name
origin.access_identity
  Cdn/DistributionConfig/Origins/0/S3OriginConfig/OriginAccessIdentity
  -
origin.domain
  Cdn/DistributionConfig/Origins/0/DomainName
  aws_cloudfront_distribution/cdn/origin/domain_name
origin.path
  -
  -
origin.type
  Cdn/DistributionConfig/Origins/0/S3OriginConfig = {"OriginAccessIdentity": ""}
  -
price_class
  Cdn/DistributionConfig/PriceClass
  aws_cloudfront_distribution/cdn/price_class
target_origin
  Cdn/DistributionConfig/DefaultCacheBehavior/TargetOriginId
  aws_cloudfront_distribution/cdn/default_cache_behavior/target_origin_id
viewer_protocol
  Cdn/DistributionConfig/DefaultCacheBehavior/ViewerProtocolPolicy
  aws_cloudfront_distribution/cdn/default_cache_behavior/viewer_protocol_policy
bucket_policy
  BucketPolicy/PolicyDocument
  bucket_policy
"#;
