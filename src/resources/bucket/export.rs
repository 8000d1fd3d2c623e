//! The bucket in other tools' templates.

use serde_json::{Value, json};

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
        let rules = self.lifecycle_rules().into_iter();
        let rules = rules.map(|rule| rule.cloudformation(&self.lifecycle_id(&rule.name)));
        let rules: Vec<Value> = rules.collect();
        if !rules.is_empty() {
            properties["LifecycleConfiguration"] = json!({ "Rules": rules });
        }
        if let Some(status) = fields.versioning.0 {
            properties["VersioningConfiguration"] = json!({ "Status": status });
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
        let rules = self.lifecycle_rules().into_iter();
        let rules = rules.map(|rule| rule.terraform(&self.lifecycle_id(&rule.name)));
        let rules: Vec<Value> = rules.collect();
        if !rules.is_empty() {
            let rules = json!({ "bucket": bucket, "rule": rules });
            module.add("aws_s3_bucket_lifecycle_configuration", "bucket", rules);
        }
        if let Some(status) = fields.versioning.0 {
            let versioning = json!({ "status": status });
            let versioning = json!({ "bucket": bucket, "versioning_configuration": versioning });
            module.add("aws_s3_bucket_versioning", "bucket", versioning);
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
lifecycle
  Bucket/LifecycleConfiguration/Rules = [{"Id": "imgprep-photos:storage", "Status": "Enabled", "Prefix": "originals/", "Transitions": [{"StorageClass": "GLACIER_IR", "TransitionInDays": 30}]}, {"Id": "imgprep-photos:expiry", "Status": "Enabled", "Prefix": "originals/", "ExpirationInDays": 365, "NoncurrentVersionExpiration": {"NoncurrentDays": 7}}, {"Id": "imgprep-photos:800x600/", "Status": "Enabled", "Prefix": "800x600/", "ExpiredObjectDeleteMarker": true, "NoncurrentVersionExpiration": {"NoncurrentDays": 7}}, {"Id": "imgprep-photos:small/", "Status": "Enabled", "Prefix": "small/", "ExpiredObjectDeleteMarker": true, "NoncurrentVersionExpiration": {"NoncurrentDays": 7}}, {"Id": "imgprep-photos:manifests/", "Status": "Enabled", "Prefix": "manifests/", "ExpiredObjectDeleteMarker": true, "NoncurrentVersionExpiration": {"NoncurrentDays": 7}}, {"Id": "imgprep-photos:failed/", "Status": "Enabled", "Prefix": "failed/", "ExpiredObjectDeleteMarker": true, "NoncurrentVersionExpiration": {"NoncurrentDays": 7}}, {"Id": "imgprep-photos:originals/imgprep-try/", "Status": "Enabled", "Prefix": "originals/imgprep-try/", "ExpiredObjectDeleteMarker": true, "NoncurrentVersionExpiration": {"NoncurrentDays": 7}}, {"Id": "imgprep-photos:uploads", "Status": "Enabled", "Prefix": "originals/", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}]
  aws_s3_bucket_lifecycle_configuration/bucket/rule = [{"id": "imgprep-photos:storage", "status": "Enabled", "filter": {"prefix": "originals/"}, "transition": {"days": 30, "storage_class": "GLACIER_IR"}}, {"id": "imgprep-photos:expiry", "status": "Enabled", "filter": {"prefix": "originals/"}, "expiration": {"days": 365}, "noncurrent_version_expiration": {"noncurrent_days": 7}}, {"id": "imgprep-photos:800x600/", "status": "Enabled", "filter": {"prefix": "800x600/"}, "expiration": {"expired_object_delete_marker": true}, "noncurrent_version_expiration": {"noncurrent_days": 7}}, {"id": "imgprep-photos:small/", "status": "Enabled", "filter": {"prefix": "small/"}, "expiration": {"expired_object_delete_marker": true}, "noncurrent_version_expiration": {"noncurrent_days": 7}}, {"id": "imgprep-photos:manifests/", "status": "Enabled", "filter": {"prefix": "manifests/"}, "expiration": {"expired_object_delete_marker": true}, "noncurrent_version_expiration": {"noncurrent_days": 7}}, {"id": "imgprep-photos:failed/", "status": "Enabled", "filter": {"prefix": "failed/"}, "expiration": {"expired_object_delete_marker": true}, "noncurrent_version_expiration": {"noncurrent_days": 7}}, {"id": "imgprep-photos:originals/imgprep-try/", "status": "Enabled", "filter": {"prefix": "originals/imgprep-try/"}, "expiration": {"expired_object_delete_marker": true}, "noncurrent_version_expiration": {"noncurrent_days": 7}}, {"id": "imgprep-photos:uploads", "status": "Enabled", "filter": {"prefix": "originals/"}, "abort_incomplete_multipart_upload": {"days_after_initiation": 7}}]
versioning
  Bucket/VersioningConfiguration/Status
  aws_s3_bucket_versioning/bucket/versioning_configuration/status
policy
  BucketPolicy/PolicyDocument
  bucket_policy
"#;
