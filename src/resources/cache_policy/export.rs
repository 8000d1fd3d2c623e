//! The cache policy in other tools' templates.

use serde_json::json;

use super::CachePolicy;
use crate::engine::resource::Resource;
use crate::template::Export;
use crate::template::cloudformation::CloudFormation;
use crate::template::terraform::Terraform;

impl Export for CachePolicy {
    fn cloudformation(&self, template: &mut CloudFormation<'_>) {
        let fields = self.fields();
        let properties = json!({ "CachePolicyConfig": {
            "Name": self.name(),
            "Comment": fields.comment,
            "MinTTL": fields.min_seconds,
            "DefaultTTL": fields.default_seconds,
            "MaxTTL": fields.max_seconds,
            "ParametersInCacheKeyAndForwardedToOrigin": {
                "EnableAcceptEncodingGzip": fields.gzip,
                "EnableAcceptEncodingBrotli": fields.brotli,
                "HeadersConfig": { "HeaderBehavior": fields.headers },
                "CookiesConfig": { "CookieBehavior": fields.cookies },
                "QueryStringsConfig": {
                    "QueryStringBehavior": fields.query_strings,
                    "QueryStrings": fields.query_string_names,
                },
            },
        } });
        template.add("CachePolicy", "AWS::CloudFront::CachePolicy", properties);
    }

    fn terraform(&self, module: &mut Terraform<'_>) {
        let fields = self.fields();
        let arguments = json!({
            "name": self.name(),
            "comment": fields.comment,
            "min_ttl": fields.min_seconds,
            "default_ttl": fields.default_seconds,
            "max_ttl": fields.max_seconds,
            "parameters_in_cache_key_and_forwarded_to_origin": {
                "enable_accept_encoding_gzip": fields.gzip,
                "enable_accept_encoding_brotli": fields.brotli,
                "headers_config": { "header_behavior": fields.headers },
                "cookies_config": { "cookie_behavior": fields.cookies },
                "query_strings_config": {
                    "query_string_behavior": fields.query_strings,
                    "query_strings": { "items": fields.query_string_names },
                },
            },
        });
        module.add("aws_cloudfront_cache_policy", "cdn", arguments);
    }

    #[cfg(test)]
    fn members(&self) -> &'static str {
        MEMBERS
    }
}

#[cfg(test)]
const MEMBERS: &str = r"
name
  CachePolicy/CachePolicyConfig/Name
  aws_cloudfront_cache_policy/cdn/name
comment
  CachePolicy/CachePolicyConfig/Comment
  aws_cloudfront_cache_policy/cdn/comment
min_seconds
  CachePolicy/CachePolicyConfig/MinTTL
  aws_cloudfront_cache_policy/cdn/min_ttl
default_seconds
  CachePolicy/CachePolicyConfig/DefaultTTL
  aws_cloudfront_cache_policy/cdn/default_ttl
max_seconds
  CachePolicy/CachePolicyConfig/MaxTTL
  aws_cloudfront_cache_policy/cdn/max_ttl
gzip
  CachePolicy/CachePolicyConfig/ParametersInCacheKeyAndForwardedToOrigin/EnableAcceptEncodingGzip
  aws_cloudfront_cache_policy/cdn/parameters_in_cache_key_and_forwarded_to_origin/enable_accept_encoding_gzip
brotli
  CachePolicy/CachePolicyConfig/ParametersInCacheKeyAndForwardedToOrigin/EnableAcceptEncodingBrotli
  aws_cloudfront_cache_policy/cdn/parameters_in_cache_key_and_forwarded_to_origin/enable_accept_encoding_brotli
headers
  CachePolicy/CachePolicyConfig/ParametersInCacheKeyAndForwardedToOrigin/HeadersConfig/HeaderBehavior
  aws_cloudfront_cache_policy/cdn/parameters_in_cache_key_and_forwarded_to_origin/headers_config/header_behavior
cookies
  CachePolicy/CachePolicyConfig/ParametersInCacheKeyAndForwardedToOrigin/CookiesConfig/CookieBehavior
  aws_cloudfront_cache_policy/cdn/parameters_in_cache_key_and_forwarded_to_origin/cookies_config/cookie_behavior
query_strings
  CachePolicy/CachePolicyConfig/ParametersInCacheKeyAndForwardedToOrigin/QueryStringsConfig/QueryStringBehavior
  aws_cloudfront_cache_policy/cdn/parameters_in_cache_key_and_forwarded_to_origin/query_strings_config/query_string_behavior
query_string_names
  CachePolicy/CachePolicyConfig/ParametersInCacheKeyAndForwardedToOrigin/QueryStringsConfig/QueryStrings
  aws_cloudfront_cache_policy/cdn/parameters_in_cache_key_and_forwarded_to_origin/query_strings_config/query_strings/items
";
