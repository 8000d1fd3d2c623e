//! Every field of the stack, found again in both templates by the path of the member that holds it.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;

/// Each field, or the `name` of a resource, and below it where it stands: as a property of a
/// resource of `CloudFormation`, and as an argument of a resource of Terraform. `-`: nowhere; `*`: in
/// each item of a list; `= …`: in the format's own words, and else with the same value.
const MEMBERS: &str = r#"
topic name
  Topic/TopicName
  aws_sns_topic/topic/name
topic kms_key
  -
  -
bucket name
  Bucket/BucketName
  aws_s3_bucket/bucket/bucket
bucket encryption
  Bucket/BucketEncryption/ServerSideEncryptionConfiguration/*/ServerSideEncryptionByDefault = [{"SSEAlgorithm": "AES256"}]
  aws_s3_bucket_server_side_encryption_configuration/bucket/rule/apply_server_side_encryption_by_default/sse_algorithm
bucket ownership
  Bucket/OwnershipControls/Rules/0/ObjectOwnership
  aws_s3_bucket_ownership_controls/bucket/rule/object_ownership
bucket public_access_block.block_public_acls
  Bucket/PublicAccessBlockConfiguration/BlockPublicAcls
  aws_s3_bucket_public_access_block/bucket/block_public_acls
bucket public_access_block.block_public_policy
  Bucket/PublicAccessBlockConfiguration/BlockPublicPolicy
  aws_s3_bucket_public_access_block/bucket/block_public_policy
bucket public_access_block.ignore_public_acls
  Bucket/PublicAccessBlockConfiguration/IgnorePublicAcls
  aws_s3_bucket_public_access_block/bucket/ignore_public_acls
bucket public_access_block.restrict_public_buckets
  Bucket/PublicAccessBlockConfiguration/RestrictPublicBuckets
  aws_s3_bucket_public_access_block/bucket/restrict_public_buckets
notification events
  Bucket/NotificationConfiguration/TopicConfigurations/*/Event
  aws_s3_bucket_notification/notification/topic/events
notification id
  -
  aws_s3_bucket_notification/notification/topic/id
notification prefix
  Bucket/NotificationConfiguration/TopicConfigurations/0/Filter/S3Key/Rules = [{"Name": "prefix", "Value": "originals/"}]
  aws_s3_bucket_notification/notification/topic/filter_prefix
notification suffix
  -
  -
notification topic
  Bucket/NotificationConfiguration/TopicConfigurations/*/Topic = [{"Ref": "Topic"}, {"Ref": "Topic"}]
  aws_s3_bucket_notification/notification/topic/topic_arn = "${aws_sns_topic.topic.arn}"
policy name
  Policy/ManagedPolicyName
  aws_iam_policy/policy/name
policy attachments[LambdaS3PhotosExample]
  Policy/Roles = [{"Ref": "Role"}]
  aws_iam_role_policy_attachment/policy = {"policy_arn": "${aws_iam_policy.policy.arn}", "role": "${aws_iam_role.role.name}"}
role name
  Role/RoleName
  aws_iam_role/role/name
role path
  Role/Path
  aws_iam_role/role/path
role permissions_boundary
  Role/PermissionsBoundary
  aws_iam_role/role/permissions_boundary
logs name
  Logs/LogGroupName
  aws_cloudwatch_log_group/logs/name
logs retention_days
  Logs/RetentionInDays
  aws_cloudwatch_log_group/logs/retention_in_days
dead-letters name
  DeadLetters/QueueName
  aws_sqs_queue/dead_letters/name
dead-letters retention_seconds
  DeadLetters/MessageRetentionPeriod = 1209600
  aws_sqs_queue/dead_letters/message_retention_seconds = 1209600
function name
  Function/FunctionName
  aws_lambda_function/function/function_name
function architecture
  Function/Architectures/0
  aws_lambda_function/function/architectures/0
function code
  -
  -
function concurrency
  Function/ReservedConcurrentExecutions
  aws_lambda_function/function/reserved_concurrent_executions
function environment.IMGPREP_SETTINGS
  Function/Environment/Variables/IMGPREP_SETTINGS
  aws_lambda_function/function/environment/variables/IMGPREP_SETTINGS
function handler
  Function/Handler
  aws_lambda_function/function/handler
function memory
  Function/MemorySize
  aws_lambda_function/function/memory_size
function on_failure
  FunctionEvents/DestinationConfig/OnFailure/Destination = {"Fn::GetAtt": ["DeadLetters", "Arn"]}
  aws_lambda_function_event_invoke_config/function/destination_config/on_failure/destination = "${aws_sqs_queue.dead_letters.arn}"
function package_type
  Function/PackageType
  aws_lambda_function/function/package_type
function retries
  FunctionEvents/MaximumRetryAttempts
  aws_lambda_function_event_invoke_config/function/maximum_retry_attempts
function role
  Function/Role = {"Fn::GetAtt": ["Role", "Arn"]}
  aws_lambda_function/function/role = "${aws_iam_role.role.arn}"
function role_id
  -
  -
function runtime
  Function/Runtime
  aws_lambda_function/function/runtime
function timeout
  Function/Timeout
  aws_lambda_function/function/timeout
trigger permission.Statement[imgprep-photos]
  TriggerPermission = {"FunctionName": {"Ref": "Function"}, "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com", "SourceArn": {"Ref": "Topic"}}
  aws_lambda_permission/trigger = {"statement_id": "imgprep-photos", "action": "lambda:InvokeFunction", "function_name": "${aws_lambda_function.function.function_name}", "principal": "sns.amazonaws.com", "source_arn": "${aws_sns_topic.topic.arn}"}
trigger subscription
  Trigger/Endpoint = {"Fn::GetAtt": ["Function", "Arn"]}
  aws_sns_topic_subscription/trigger/endpoint = "${aws_lambda_function.function.arn}"
trigger subscription.redrive
  Trigger/RedrivePolicy = {"deadLetterTargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}
  aws_sns_topic_subscription/trigger/redrive_policy = "${jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters.arn })}"
cdn access_control.origin_type
  CdnAccessControl/OriginAccessControlConfig/OriginAccessControlOriginType
  aws_cloudfront_origin_access_control/cdn/origin_access_control_origin_type
cdn access_control.signing_behavior
  CdnAccessControl/OriginAccessControlConfig/SigningBehavior
  aws_cloudfront_origin_access_control/cdn/signing_behavior
cdn access_control.signing_protocol
  CdnAccessControl/OriginAccessControlConfig/SigningProtocol
  aws_cloudfront_origin_access_control/cdn/signing_protocol
cdn aliases[img.example.com]
  Cdn/DistributionConfig/Aliases = ["img.example.com"]
  aws_cloudfront_distribution/cdn/aliases = ["img.example.com"]
cdn cache_policy
  Cdn/DistributionConfig/DefaultCacheBehavior/CachePolicyId
  aws_cloudfront_distribution/cdn/default_cache_behavior/cache_policy_id
cdn certificate
  Cdn/DistributionConfig/ViewerCertificate/AcmCertificateArn
  aws_cloudfront_distribution/cdn/viewer_certificate/acm_certificate_arn
cdn comment
  Cdn/DistributionConfig/Comment
  aws_cloudfront_distribution/cdn/comment
cdn compress
  Cdn/DistributionConfig/DefaultCacheBehavior/Compress
  aws_cloudfront_distribution/cdn/default_cache_behavior/compress
cdn enabled
  Cdn/DistributionConfig/Enabled
  aws_cloudfront_distribution/cdn/enabled
cdn errors_cached_seconds[403]
  Cdn/DistributionConfig/CustomErrorResponses/0 = {"ErrorCode": 403, "ErrorCachingMinTTL": 5}
  aws_cloudfront_distribution/cdn/custom_error_response/0 = {"error_code": 403, "error_caching_min_ttl": 5}
cdn errors_cached_seconds[404]
  Cdn/DistributionConfig/CustomErrorResponses/1 = {"ErrorCode": 404, "ErrorCachingMinTTL": 5}
  aws_cloudfront_distribution/cdn/custom_error_response/1 = {"error_code": 404, "error_caching_min_ttl": 5}
cdn errors_cached_seconds[500]
  Cdn/DistributionConfig/CustomErrorResponses/2 = {"ErrorCode": 500, "ErrorCachingMinTTL": 5}
  aws_cloudfront_distribution/cdn/custom_error_response/2 = {"error_code": 500, "error_caching_min_ttl": 5}
cdn errors_cached_seconds[502]
  Cdn/DistributionConfig/CustomErrorResponses/3 = {"ErrorCode": 502, "ErrorCachingMinTTL": 5}
  aws_cloudfront_distribution/cdn/custom_error_response/3 = {"error_code": 502, "error_caching_min_ttl": 5}
cdn errors_cached_seconds[503]
  Cdn/DistributionConfig/CustomErrorResponses/4 = {"ErrorCode": 503, "ErrorCachingMinTTL": 5}
  aws_cloudfront_distribution/cdn/custom_error_response/4 = {"error_code": 503, "error_caching_min_ttl": 5}
cdn errors_cached_seconds[504]
  Cdn/DistributionConfig/CustomErrorResponses/5 = {"ErrorCode": 504, "ErrorCachingMinTTL": 5}
  aws_cloudfront_distribution/cdn/custom_error_response/5 = {"error_code": 504, "error_caching_min_ttl": 5}
cdn function.environment
  Function/Environment/Variables/IMGPREP_DISTRIBUTION = {"Ref": "Cdn"}
  aws_lambda_function/function/environment/variables/IMGPREP_DISTRIBUTION = "${aws_cloudfront_distribution.cdn.id}"
cdn headers_policy
  Cdn/DistributionConfig/DefaultCacheBehavior/ResponseHeadersPolicyId
  aws_cloudfront_distribution/cdn/default_cache_behavior/response_headers_policy_id
cdn http_version
  Cdn/DistributionConfig/HttpVersion
  aws_cloudfront_distribution/cdn/http_version
cdn ipv6
  Cdn/DistributionConfig/IPV6Enabled
  aws_cloudfront_distribution/cdn/is_ipv6_enabled
cdn legacy_cache
  -
  -
cdn methods
  Cdn/DistributionConfig/DefaultCacheBehavior/AllowedMethods
  aws_cloudfront_distribution/cdn/default_cache_behavior/allowed_methods
cdn origin.access_control
  CdnAccessControl/OriginAccessControlConfig/Name
  aws_cloudfront_origin_access_control/cdn/name
cdn origin.access_identity
  Cdn/DistributionConfig/Origins/0/S3OriginConfig/OriginAccessIdentity
  -
cdn origin.domain
  Cdn/DistributionConfig/Origins/0/DomainName
  aws_cloudfront_distribution/cdn/origin/domain_name
cdn origin.path
  -
  -
cdn origin.type
  Cdn/DistributionConfig/Origins/0/S3OriginConfig = {"OriginAccessIdentity": ""}
  -
cdn price_class
  Cdn/DistributionConfig/PriceClass
  aws_cloudfront_distribution/cdn/price_class
cdn target_origin
  Cdn/DistributionConfig/DefaultCacheBehavior/TargetOriginId
  aws_cloudfront_distribution/cdn/default_cache_behavior/target_origin_id
cdn viewer_protocol
  Cdn/DistributionConfig/DefaultCacheBehavior/ViewerProtocolPolicy
  aws_cloudfront_distribution/cdn/default_cache_behavior/viewer_protocol_policy
"#;

const FORMATS: [Format; 2] = [Format::CloudFormation, Format::Terraform];

/// The members of `MEMBERS` in a format, by the resource and its field.
fn members(format: Format) -> BTreeMap<(String, String), &'static str> {
    let lines: Vec<&str> = MEMBERS.trim().lines().collect();
    let rows = lines.chunks(3).map(|row| {
        let at = if format == Format::CloudFormation { row[1] } else { row[2] };
        let (id, path) = row[0].split_once(' ').unwrap();
        ((id.to_owned(), path.to_owned()), at.trim())
    });
    rows.collect()
}

/// A value of the stack as a format writes it.
fn in_words_of(format: Format, value: &Value) -> Value {
    match format {
        Format::CloudFormation => rewritten(value, &cloudformation::text),
        Format::Terraform => rewritten(value, &|plain| terraform::text(plain).into()),
    }
}

/// The member at a path below the resources.
fn member(template: &Value, format: Format, path: &str) -> Value {
    let all = if format == Format::CloudFormation { "Resources" } else { "resource" };
    let mut segments = path.split('/');
    let mut at = vec![&template[all][segments.next().unwrap()]];
    if format == Format::CloudFormation {
        at = vec![&at[0]["Properties"]];
    }
    let mut is_each = false;
    for segment in segments {
        is_each |= segment == "*";
        at = match segment {
            "*" => at[0].as_array().unwrap().iter().collect(),
            _ => at.into_iter().map(|value| below(value, segment)).collect(),
        };
    }
    if is_each { at.into_iter().cloned().collect() } else { at[0].clone() }
}

fn below<'a>(value: &'a Value, segment: &str) -> &'a Value {
    match segment.parse::<usize>() {
        Ok(index) => &value[index],
        Err(_) => &value[segment],
    }
}

/// Tags and policies stand together in places of their own.
fn is_apart(id: Id, path: &str) -> bool {
    let is_in_policy = path.contains("Statement[") && id != Id::Trigger;
    is_in_policy || path.starts_with("tags.") || ["trust", "document.others"].contains(&path)
}

#[test]
fn each_field_is_in_its_member_with_its_value() {
    let config = config(FULL);
    let request = Request { config: &config, region: None, code: None, zip: None };
    let blueprint = Blueprint::new(&request);
    for format in FORMATS {
        let template = template(format, &request);
        let mut members = members(format);
        for (id, part) in blueprint.parts.iter().filter(|(id, _)| **id != Id::Folders) {
            let name = Value::from(part.name.as_str());
            let is_named = members.contains_key(&(id.to_string(), "name".to_owned()));
            let named = is_named.then_some(("name", &name));
            let fields = part.fields.iter().filter(|(path, _)| !is_apart(*id, path));
            for (path, value) in fields.chain(named) {
                let at = members.remove(&(id.to_string(), path.to_owned()));
                let at = at.unwrap_or_else(|| panic!("{id} {path} is not in `MEMBERS`"));
                let (at, expected) = match at.split_once(" = ") {
                    _ if at == "-" => continue,
                    Some((at, words)) => (at, serde_json::from_str(words).unwrap()),
                    None => (at, in_words_of(format, value)),
                };
                let found = member(&template, format, at);
                assert!(!found.is_null(), "{format:?}: {id} {path}: no {at}");
                assert_eq!(found, expected, "{format:?}: {id} {path}: {at}");
            }
        }
        assert!(members.is_empty(), "{format:?}: no field for {members:?}");
    }
}

/// Where the tags of a resource stand in each format; one cannot tag managed policies.
const TAGGED: [(Id, &str, &str); 7] = [
    (Id::Topic, "Topic/Tags", "aws_sns_topic/topic/tags"),
    (Id::Bucket, "Bucket/Tags", "aws_s3_bucket/bucket/tags"),
    (Id::Role, "Role/Tags", "aws_iam_role/role/tags"),
    (Id::Logs, "Logs/Tags", "aws_cloudwatch_log_group/logs/tags"),
    (Id::DeadLetters, "DeadLetters/Tags", "aws_sqs_queue/dead_letters/tags"),
    (Id::Function, "Function/Tags", "aws_lambda_function/function/tags"),
    (Id::Cdn, "Cdn/Tags", "aws_cloudfront_distribution/cdn/tags"),
];

#[test]
fn each_resource_that_can_be_tagged_is() {
    let stack = ("imgprep:stack", "photos".into(), "photos".into());
    let team = ("team", "marketplace".into(), "marketplace".into());
    let region = ("imgprep:region", json!({"Ref": "AWS::Region"}), "${var.region}".into());
    let all: [(&str, Value, Value); 3] = [region, stack, team];
    let listed = |tags: &[(&str, Value, Value)]| -> Value {
        tags.iter().map(|(key, value, _)| json!({"Key": key, "Value": value})).collect()
    };
    let mapped = |tags: &[(&str, Value, Value)]| -> Value {
        tags.iter().map(|(key, _, value)| ((*key).to_owned(), value.clone())).collect()
    };
    let [first, second] = FORMATS.map(|format| exported(FULL, format));
    for (id, listed_at, mapped_at) in TAGGED {
        let tags = if id == Id::Role { &all[..] } else { &all[1..] };
        assert_eq!(member(&first, Format::CloudFormation, listed_at), listed(tags), "{id}");
        assert_eq!(member(&second, Format::Terraform, mapped_at), mapped(tags), "{id}");
    }
    let policy = member(&second, Format::Terraform, "aws_iam_policy/policy/tags");
    assert_eq!(policy, mapped(&all));
}

/// Whose statements make up each policy, and where it stands: in a property of `CloudFormation`'s, and
/// in a value of Terraform's that the argument refers to.
const POLICIES: [(&[Id], &str, &str, &str); 5] = [
    (
        &[Id::Topic],
        "TopicPolicy/PolicyDocument",
        "topic_policy",
        "aws_sns_topic_policy/topic/policy",
    ),
    (
        &[Id::Bucket, Id::Cdn],
        "BucketPolicy/PolicyDocument",
        "bucket_policy",
        "aws_s3_bucket_policy/bucket/policy",
    ),
    (&[Id::Policy], "Policy/PolicyDocument", "function_policy", "aws_iam_policy/policy/policy"),
    (
        &[Id::Role],
        "Role/AssumeRolePolicyDocument",
        "role_policy",
        "aws_iam_role/role/assume_role_policy",
    ),
    (
        &[Id::DeadLetters],
        "DeadLettersPolicy/PolicyDocument",
        "dead_letters_policy",
        "aws_sqs_queue_policy/dead_letters/policy",
    ),
];

#[test]
fn each_policy_has_all_its_statements() {
    let config = config(FULL);
    let request = Request { config: &config, region: None, code: None, zip: None };
    let blueprint = Blueprint::new(&request);
    let [first, second] = FORMATS.map(|format| template(format, &request));
    let mut sources = BTreeSet::new();
    for (ids, property, local, argument) in POLICIES {
        let statements = ids.iter().flat_map(|id| &blueprint.parts[id].statements);
        let wanted = policy::document(&statements.cloned().collect::<Vec<_>>());
        let found = member(&first, Format::CloudFormation, property);
        assert_eq!(found, in_words_of(Format::CloudFormation, &wanted), "{property}");
        let found = &second["locals"][local];
        assert_eq!(*found, in_words_of(Format::Terraform, &wanted), "{local}");
        let reference = format!("${{jsonencode(local.{local})}}");
        assert_eq!(member(&second, Format::Terraform, argument), reference);
        sources.extend(ids);
    }
    let parts = blueprint.parts.iter().filter(|(id, _)| **id != Id::Trigger);
    let with_statements = parts.filter(|(_, part)| !part.statements.is_empty());
    assert_eq!(with_statements.map(|(id, _)| id).collect::<BTreeSet<_>>(), sources);
}

#[test]
fn each_folder_is_an_object_of_terraform() {
    let template = exported(FULL, Format::Terraform);
    assert_eq!(template["locals"]["folders"], json!(["800x600/", "originals/", "small/"]));
    let folders = member(&template, Format::Terraform, "aws_s3_object/folders/for_each");
    assert_eq!(folders, "${toset(local.folders)}");
}

/// The four settings of a private bucket are alike, so that one in another's place would not show.
#[test]
fn a_bucket_with_public_variants_blocks_policies_only() {
    let text = SMALL.replace("[bucket]", "[bucket]\naccess = \"public-acl\"");
    let text = format!("{text}\n[cdn]\nenabled = false\n");
    let blocked = member(
        &exported(&text, Format::CloudFormation),
        Format::CloudFormation,
        "Bucket/PublicAccessBlockConfiguration",
    );
    let expected = json!({
        "BlockPublicAcls": false, "IgnorePublicAcls": false,
        "BlockPublicPolicy": true, "RestrictPublicBuckets": true,
    });
    assert_eq!(blocked, expected);
    let blocked = member(
        &exported(&text, Format::Terraform),
        Format::Terraform,
        "aws_s3_bucket_public_access_block/bucket",
    );
    let expected = json!({
        "bucket": "${aws_s3_bucket.bucket.id}",
        "block_public_acls": false, "ignore_public_acls": false,
        "block_public_policy": true, "restrict_public_buckets": true,
    });
    assert_eq!(blocked, expected);
}
