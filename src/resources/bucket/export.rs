//! The bucket in other tools' templates.

use serde_json::json;

use super::Bucket;
use crate::aws::policy::document;
use crate::engine::resource::Resource;
use crate::template::Export;
use crate::template::cloudformation::{self, CloudFormation, this};
use crate::template::terraform::{Terraform, policy, value_of};

impl Export for Bucket {
    fn cloudformation(&self, template: &mut CloudFormation<'_>) {
        let fields = self.fields();
        let block = fields.public_access_block.unwrap_or_default();
        let encryption = json!({ "SSEAlgorithm": fields.encryption });
        let mut properties = json!({
            "BucketName": self.name(),
            "OwnershipControls": { "Rules": [{ "ObjectOwnership": fields.ownership }] },
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": block.block_public_acls,
                "BlockPublicPolicy": block.block_public_policy,
                "IgnorePublicAcls": block.ignore_public_acls,
                "RestrictPublicBuckets": block.restrict_public_buckets,
            },
            "BucketEncryption": { "ServerSideEncryptionConfiguration": [
                { "ServerSideEncryptionByDefault": encryption },
            ] },
            "Tags": cloudformation::tags(&fields.tags),
        });
        if let Some(rule) = fields.cors.0 {
            properties["CorsConfiguration"] = json!({ "CorsRules": [{
                "Id": self.cors_id(),
                "AllowedHeaders": rule.headers,
                "AllowedMethods": rule.methods,
                "AllowedOrigins": rule.origins,
                "ExposedHeaders": rule.exposed,
                "MaxAge": rule.max_age_secs,
            }] });
        }
        template.add("Bucket", "AWS::S3::Bucket", properties);
        // Images are never lost with the stack; a bucket that could not be made holds none.
        let bucket = template.resource("Bucket");
        bucket["DeletionPolicy"] = "RetainExceptOnCreate".into();
        bucket["UpdateReplacePolicy"] = "Retain".into();
        let document = document(&[self.statement()]);
        let policy = json!({ "Bucket": this("Bucket"), "PolicyDocument": document });
        template.add("BucketPolicy", "AWS::S3::BucketPolicy", policy);
    }

    /// With its settings, each a resource of its own here.
    fn terraform(&self, module: &mut Terraform<'_>) {
        let fields = self.fields();
        let bucket = value_of("aws_s3_bucket.bucket.id");
        let arguments = json!({ "bucket": self.name(), "tags": fields.tags });
        module.add("aws_s3_bucket", "bucket", arguments);
        let block = fields.public_access_block.unwrap_or_default();
        let access = json!({
            "bucket": bucket,
            "block_public_acls": block.block_public_acls,
            "block_public_policy": block.block_public_policy,
            "ignore_public_acls": block.ignore_public_acls,
            "restrict_public_buckets": block.restrict_public_buckets,
        });
        module.add("aws_s3_bucket_public_access_block", "bucket", access);
        let rule = json!({ "object_ownership": fields.ownership });
        let ownership = json!({ "bucket": bucket, "rule": rule });
        module.add("aws_s3_bucket_ownership_controls", "bucket", ownership);
        let default = json!({ "sse_algorithm": fields.encryption });
        let rule = json!({ "apply_server_side_encryption_by_default": default });
        let encryption = json!({ "bucket": bucket, "rule": rule });
        module.add("aws_s3_bucket_server_side_encryption_configuration", "bucket", encryption);
        if let Some(rule) = fields.cors.0 {
            let rule = json!({
                "id": self.cors_id(),
                "allowed_headers": rule.headers,
                "allowed_methods": rule.methods,
                "allowed_origins": rule.origins,
                "expose_headers": rule.exposed,
                "max_age_seconds": rule.max_age_secs,
            });
            let cors = json!({ "bucket": bucket, "cors_rule": rule });
            module.add("aws_s3_bucket_cors_configuration", "bucket", cors);
        }
        *module.local("bucket_policy") = document(&[self.statement()]);
        let statements = json!({
            "bucket": bucket,
            "policy": policy("bucket_policy"),
            // S3 refuses two changes of one bucket at once.
            "depends_on": ["aws_s3_bucket_public_access_block.bucket"],
        });
        module.add("aws_s3_bucket_policy", "bucket", statements);
    }

    #[cfg(test)]
    fn members(&self) -> &'static str {
        MEMBERS
    }
}

#[cfg(test)]
const MEMBERS: &str = r#"
name
  Bucket/BucketName
  aws_s3_bucket/bucket/bucket
tags
  Bucket/Tags
  aws_s3_bucket/bucket/tags
encryption
  Bucket/BucketEncryption/ServerSideEncryptionConfiguration/*/ServerSideEncryptionByDefault = [{"SSEAlgorithm": "AES256"}]
  aws_s3_bucket_server_side_encryption_configuration/bucket/rule/apply_server_side_encryption_by_default/sse_algorithm
ownership
  Bucket/OwnershipControls/Rules/0/ObjectOwnership
  aws_s3_bucket_ownership_controls/bucket/rule/object_ownership
public_access_block.block_public_acls
  Bucket/PublicAccessBlockConfiguration/BlockPublicAcls
  aws_s3_bucket_public_access_block/bucket/block_public_acls
public_access_block.block_public_policy
  Bucket/PublicAccessBlockConfiguration/BlockPublicPolicy
  aws_s3_bucket_public_access_block/bucket/block_public_policy
public_access_block.ignore_public_acls
  Bucket/PublicAccessBlockConfiguration/IgnorePublicAcls
  aws_s3_bucket_public_access_block/bucket/ignore_public_acls
public_access_block.restrict_public_buckets
  Bucket/PublicAccessBlockConfiguration/RestrictPublicBuckets
  aws_s3_bucket_public_access_block/bucket/restrict_public_buckets
cors
  Bucket/CorsConfiguration/CorsRules = [{"Id": "imgprep-photos", "AllowedHeaders": ["*"], "AllowedMethods": ["POST", "PUT"], "AllowedOrigins": ["https://app.example.com"], "ExposedHeaders": ["ETag"], "MaxAge": 3600}]
  aws_s3_bucket_cors_configuration/bucket/cors_rule = {"id": "imgprep-photos", "allowed_headers": ["*"], "allowed_methods": ["POST", "PUT"], "allowed_origins": ["https://app.example.com"], "expose_headers": ["ETag"], "max_age_seconds": 3600}
policy
  BucketPolicy/PolicyDocument
  bucket_policy
"#;
