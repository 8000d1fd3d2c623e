//! The S3 bucket that holds originals and variants: private, encrypted, HTTPS only.

mod account_block;
mod presence;

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, ObjectOwnership, OwnershipControls,
    OwnershipControlsRule, PublicAccessBlockConfiguration, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
    Tag, Tagging,
};
use futures_util::try_join;
use serde_json::{Value, json};

use self::presence::Presence;
use crate::aws::bucket::Bucket as BucketCalls;
use crate::aws::objects;
use crate::aws::wait::retry_while;
use crate::aws::{Aws, AwsError, Calling, policy};
use crate::names::{ADOPTED_TAG, Names, edited_tags, tag_fields};
use crate::resource::{
    self, Context, Details, Edit, Edits, Fields, Id, Images, Observed, Owner, Removal, Resource,
    difference, ours_or,
};

const SID: &str = "ImgprepDenyPlainHttp";
const STATEMENT_PATH: &str = "policy.Statement[ImgprepDenyPlainHttp]";
const OWNERSHIP_PATH: &str = "ownership";
const ENCRYPTION_PATH: &str = "encryption";
const PUBLIC_ACCESS_PATH: &str = "public_access_block";

/// What S3 answers about a bucket that is not there.
const NO_BUCKET: &str = "NoSuchBucket";

/// How long S3 may hold a deleted bucket's name back before it is free again.
const RELEASE_SECS_MAX: u64 = 300;

/// The region in which S3 wants no location constraint (Amazon S3 API, `CreateBucket`).
const REGION_WITHOUT_CONSTRAINT: &str = "us-east-1";

pub(crate) struct Bucket {
    names: Arc<Names>,
    settings: Settings,
}

/// What a bucket must be besides its name.
pub(crate) struct Settings {
    /// Variants are readable through object ACLs, so ACLs must be possible.
    pub(crate) public_acl: bool,
    /// AWS is an emulator without HTTPS.
    pub(crate) plain_http: bool,
    /// What is to become of the images when the bucket is to go; `None`: it is to stay.
    pub(crate) images: Option<Images>,
}

impl Bucket {
    pub(crate) fn new(names: Arc<Names>, settings: Settings) -> Self {
        Self { names, settings }
    }

    fn calls<'a>(&'a self, aws: &'a Aws) -> BucketCalls<'a> {
        BucketCalls { aws, name: &self.names.bucket, account: &self.names.account }
    }

    fn statement(&self) -> Value {
        let mut condition = json!({ "Bool": { "aws:SecureTransport": "false" } });
        if self.settings.plain_http {
            // An emulator knows no HTTPS; its callers are on this machine.
            condition["NotIpAddress"] = json!({ "aws:SourceIp": ["127.0.0.0/8", "::1/128"] });
        }
        json!({
            "Sid": SID,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [self.names.bucket_arn, format!("{}/*", self.names.bucket_arn)],
            "Condition": condition,
        })
    }

    fn ownership(&self) -> ObjectOwnership {
        if self.settings.public_acl {
            ObjectOwnership::BucketOwnerPreferred
        } else {
            ObjectOwnership::BucketOwnerEnforced
        }
    }

    fn public_access_block(&self) -> PublicAccessBlockConfiguration {
        PublicAccessBlockConfiguration::builder()
            .block_public_acls(!self.settings.public_acl)
            .ignore_public_acls(!self.settings.public_acl)
            .block_public_policy(true)
            .restrict_public_buckets(true)
            .build()
    }

    async fn create_bucket(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "s3:CreateBucket";
        let mut configuration = CreateBucketConfiguration::builder()
            .set_tags(Some(s3_tags(self.names.tags.iter(), CALL)?));
        if self.names.region != REGION_WITHOUT_CONSTRAINT {
            configuration = configuration
                .location_constraint(BucketLocationConstraint::from(self.names.region.as_str()));
        }
        let configuration = configuration.build();
        let wait = context.wait(CALL, "S3 to release the deleted bucket's name", RELEASE_SECS_MAX);
        retry_while(
            &wait,
            |error| error.code() == "OperationAborted",
            || async {
                let create = context.aws.s3.create_bucket().bucket(&self.names.bucket);
                let create = create.object_ownership(self.ownership());
                create.create_bucket_configuration(configuration.clone()).send().await.calling(CALL)
            },
        )
        .await?;
        Ok(())
    }

    async fn put_tags(&self, context: &Context<'_>, edits: &Edits) -> Result<(), AwsError> {
        const CALL: &str = "s3:PutBucketTagging";
        let wait = context.bucket_wait(CALL);
        let calls = self.calls(context.aws);
        // S3 replaces the whole set, so foreign tags are read and written back.
        calls
            .configure(&wait, || async {
                let mut tags: std::collections::BTreeMap<_, _> =
                    self.read_tags(context.aws).await?.into_iter().collect();
                tags.extend(edited_tags(edits));
                let tagging = tagging(s3_tags(tags.iter(), CALL)?, CALL)?;
                let put = context.aws.s3.put_bucket_tagging().bucket(calls.name);
                let put = put.expected_bucket_owner(calls.account).tagging(tagging);
                let _turn = calls.turn().await;
                put.send().await.calling(CALL)
            })
            .await?;
        Ok(())
    }

    async fn put_access(&self, context: &Context<'_>, edits: &Edits) -> Result<(), AwsError> {
        let calls = self.calls(context.aws);
        let s3 = &context.aws.s3;
        if edits.touch(PUBLIC_ACCESS_PATH) {
            const CALL: &str = "s3:PutBucketPublicAccessBlock";
            let wait = context.bucket_wait(CALL);
            let put = || async {
                let put = s3.put_public_access_block().bucket(calls.name);
                let put = put.public_access_block_configuration(self.public_access_block());
                let _turn = calls.turn().await;
                put.expected_bucket_owner(calls.account).send().await.calling(CALL)
            };
            calls.configure(&wait, put).await?;
        }
        if edits.touch(OWNERSHIP_PATH) {
            const CALL: &str = "s3:PutBucketOwnershipControls";
            let wait = context.bucket_wait(CALL);
            let rule = OwnershipControlsRule::builder().object_ownership(self.ownership()).build();
            let rule = rule.map_err(|error| AwsError::request(CALL, error.to_string()))?;
            let controls = OwnershipControls::builder().rules(rule).build();
            let controls = controls.map_err(|error| AwsError::request(CALL, error.to_string()))?;
            let put = || async {
                let put = s3.put_bucket_ownership_controls().bucket(calls.name);
                let put = put.ownership_controls(controls.clone());
                let _turn = calls.turn().await;
                put.expected_bucket_owner(calls.account).send().await.calling(CALL)
            };
            calls.configure(&wait, put).await?;
        }
        Ok(())
    }

    async fn put_encryption(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "s3:PutEncryptionConfiguration";
        let calls = self.calls(context.aws);
        let wait = context.bucket_wait(CALL);
        let sse_s3 = ServerSideEncryptionByDefault::builder()
            .sse_algorithm(ServerSideEncryption::Aes256)
            .build()
            .map_err(|error| AwsError::request(CALL, error.to_string()))?;
        let rule = ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(sse_s3)
            .build();
        let encryption = ServerSideEncryptionConfiguration::builder().rules(rule).build();
        let encryption = encryption.map_err(|error| AwsError::request(CALL, error.to_string()))?;
        let put = || async {
            let put = context.aws.s3.put_bucket_encryption().bucket(calls.name);
            let put = put.server_side_encryption_configuration(encryption.clone());
            let _turn = calls.turn().await;
            put.expected_bucket_owner(calls.account).send().await.calling(CALL)
        };
        calls.configure(&wait, put).await?;
        Ok(())
    }

    /// A bucket that is gone is an error, told apart from one without tags.
    async fn read_tags(&self, aws: &Aws) -> Result<Vec<(String, String)>, AwsError> {
        let get = aws.s3.get_bucket_tagging().bucket(&self.names.bucket);
        let get = get.expected_bucket_owner(&self.names.account).send().await;
        let tags = match get.calling("s3:GetBucketTagging") {
            Err(error) if error.is_not_found() && error.code() != NO_BUCKET => Vec::new(),
            other => other?.tag_set,
        };
        Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
    }

    /// The managed fields, and the whole policy that one of them was found in.
    async fn read_fields(&self, aws: &Aws) -> Result<(Fields, Option<String>), AwsError> {
        let (bucket, account) = (&self.names.bucket, &self.names.account);
        let access = async {
            let get = aws.s3.get_public_access_block().bucket(bucket);
            let get = get.expected_bucket_owner(account).send().await;
            get.found("s3:GetBucketPublicAccessBlock")
        };
        let ownership = async {
            let get = aws.s3.get_bucket_ownership_controls().bucket(bucket);
            get.expected_bucket_owner(account).send().await.found("s3:GetBucketOwnershipControls")
        };
        let encryption = async {
            let get = aws.s3.get_bucket_encryption().bucket(bucket);
            get.expected_bucket_owner(account).send().await.found("s3:GetEncryptionConfiguration")
        };
        let calls = self.calls(aws);
        let (tags, access, ownership, encryption, document) =
            try_join!(self.read_tags(aws), access, ownership, encryption, calls.policy())?;

        let mut fields = tag_fields(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        if let Some(block) = access.and_then(|answer| answer.public_access_block_configuration) {
            fields.extend(access_fields(&block));
        }
        let rule = ownership.and_then(|answer| answer.ownership_controls);
        if let Some(rule) = rule.and_then(|controls| controls.rules.into_iter().next()) {
            fields.set(OWNERSHIP_PATH, rule.object_ownership.as_str());
        }
        let rules = encryption.and_then(|answer| answer.server_side_encryption_configuration);
        if let Some(rule) = rules.and_then(|all| all.rules.into_iter().next())
            && let Some(default) = rule.apply_server_side_encryption_by_default
        {
            fields.set(ENCRYPTION_PATH, default.sse_algorithm.as_str());
        }
        let statements = policy::statements(document.as_deref());
        if let Some(statement) = policy::statement(&statements, SID) {
            fields.set(STATEMENT_PATH, policy::canonical(statement));
        }
        Ok((fields, document))
    }

    /// Takes back what was added to a bucket that was there before.
    async fn release(&self, context: &Context<'_>) -> Result<Removal, AwsError> {
        const CALL: &str = "s3:PutBucketTagging";
        let calls = self.calls(context.aws);
        calls.remove_statement(&context.bucket_wait("s3:PutBucketPolicy"), SID).await?;
        let wait = context.bucket_wait(CALL);
        calls
            .configure(&wait, || async {
                let mut tags = self.read_tags(context.aws).await?;
                tags.retain(|(key, _)| key != ADOPTED_TAG && !self.names.tags.contains_key(key));
                let tags = s3_tags(tags.iter().map(|(key, value)| (key, value)), CALL)?;
                let s3 = &context.aws.s3;
                let _turn = calls.turn().await;
                if tags.is_empty() {
                    let delete = s3.delete_bucket_tagging().bucket(calls.name);
                    let delete = delete.expected_bucket_owner(calls.account).send().await;
                    return delete.found(CALL).map(|_| ());
                }
                let put = s3.put_bucket_tagging().bucket(calls.name);
                let put = put.expected_bucket_owner(calls.account).tagging(tagging(tags, CALL)?);
                put.send().await.calling(CALL).map(|_| ())
            })
            .await?;
        Ok(Removal::Kept(KEPT_ADOPTED.to_owned()))
    }
}

const KEPT_ADOPTED: &str = "it was there before imgprep";

#[async_trait]
impl Resource for Bucket {
    fn id(&self) -> Id {
        Id::Bucket
    }

    fn name(&self) -> String {
        self.names.bucket.clone()
    }

    fn arn(&self) -> Option<String> {
        Some(self.names.bucket_arn.clone())
    }

    fn fields(&self) -> Fields {
        let mut fields = self.names.tag_fields();
        fields.extend(access_fields(&self.public_access_block()));
        fields
            .with(OWNERSHIP_PATH, self.ownership().as_str())
            .with(ENCRYPTION_PATH, ServerSideEncryption::Aes256.as_str())
            .with(STATEMENT_PATH, policy::canonical(&self.statement()))
    }

    fn statements(&self) -> Vec<Value> {
        vec![self.statement()]
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed>, AwsError> {
        match self.presence(aws).await? {
            Presence::Absent => return Ok(None),
            Presence::Elsewhere(why) => {
                let owner = Owner::Unreachable(why);
                return Ok(Some(Observed::new(Fields::default(), owner)));
            }
            Presence::Here => {}
        }
        let count = async {
            match self.settings.images {
                Some(Images::Keep) => self.kept_for_images(aws).await,
                _ => Ok(None),
            }
        };
        let ((fields, _), kept) = match try_join!(Box::pin(self.read_fields(aws)), count) {
            // S3 goes on showing for a moment what it has deleted.
            Err(error) if error.code() == NO_BUCKET => return Ok(None),
            other => other?,
        };
        let owner = self.names.owner(&fields);
        let mut fields = fields;
        if owner != Owner::Ours && fields.get(ENCRYPTION_PATH).as_str().is_some_and(is_kms) {
            // Whoever encrypts a bucket with a key of their own means it: it is kept as it is.
            fields.set(ENCRYPTION_PATH, ServerSideEncryption::Aes256.as_str());
        }
        let mut observed = Observed::new(fields, owner);
        observed.kept = match (&observed.owner, self.settings.images) {
            (Owner::Adopted, Some(_)) => Some(KEPT_ADOPTED.to_owned()),
            _ => kept,
        };
        Ok(Some(observed))
    }

    async fn notice(&self, aws: &Aws) -> Option<String> {
        let is_wanted = self.settings.public_acl && self.settings.images.is_none();
        if is_wanted { account_block::notice(aws).await } else { None }
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        match self.create_bucket(context).await {
            Err(error) if error.code() == "BucketAlreadyOwnedByYou" => {
                ours_or(error, self, context.aws).await?;
            }
            // S3 answers so, too, for a name that is taken in another region.
            Err(error) if error.code() == "IllegalLocationConstraintException" => {
                return Err(match self.presence(context.aws).await? {
                    Presence::Elsewhere(why) => error.explained(&why),
                    Presence::Absent | Presence::Here => error,
                });
            }
            other => other?,
        }
        Ok(Details::new())
    }

    async fn complete(
        &self,
        context: &Context<'_>,
        _created: Details,
    ) -> Result<Details, AwsError> {
        // Much of what we want is S3's default by now; only the rest costs a call.
        let wait = context.bucket_wait("s3:GetBucketTagging");
        let calls = self.calls(context.aws);
        let reading_and_writing = context.aws.bucket_policy.lock().await;
        let read = || Box::pin(self.read_fields(context.aws));
        let (fields, document) = calls.configure(&wait, read).await?;
        let (statement, rest): (Vec<Edit>, Vec<Edit>) = difference(&self.fields(), &fields)
            .into_iter()
            .partition(|edit| edit.path == STATEMENT_PATH);
        if !statement.is_empty() {
            let merged = policy::with_statement(document.as_deref(), &self.statement());
            let wait = context.bucket_wait("s3:PutBucketPolicy");
            calls.configure(&wait, || calls.put_policy(&merged)).await?;
        }
        drop(reading_and_writing);
        resource::apply(self, context, &Observed::new(fields, Owner::Ours), rest).await
    }

    async fn update(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
        edits: &Edits,
    ) -> Result<Details, AwsError> {
        if edits.touch("tags") {
            self.put_tags(context, edits).await?;
        }
        self.put_access(context, edits).await?;
        if edits.touch(ENCRYPTION_PATH) {
            self.put_encryption(context).await?;
        }
        if edits.touch(STATEMENT_PATH) {
            let wait = context.bucket_wait("s3:PutBucketPolicy");
            self.calls(context.aws).put_statement(&wait, &self.statement()).await?;
        }
        Ok(Details::new())
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        observed: &Observed,
    ) -> Result<Removal, AwsError> {
        const CALL: &str = "s3:DeleteBucket";
        if observed.owner == Owner::Adopted {
            return self.release(context).await;
        }
        let calls = self.calls(context.aws);
        let deletion = objects::deletion_wait(context.stop, context.tell);
        if self.settings.images == Some(Images::Delete) {
            objects::delete_all(&calls, "", &deletion).await?;
        }
        let wait = context.bucket_wait(CALL);
        let delete = || {
            calls.configure(&wait, || async {
                let delete = context.aws.s3.delete_bucket().bucket(calls.name);
                let delete = delete.expected_bucket_owner(calls.account).send().await;
                delete.found(CALL)
            })
        };
        // S3 itself decides whether the bucket is empty, so that no upload can come in between.
        match delete().await {
            Err(error) if error.code() == "BucketNotEmpty" => {
                if let Some(why) = self.kept_for_images(context.aws).await? {
                    return Ok(Removal::Kept(why));
                }
                objects::delete_markers(&calls, &deletion).await?;
                delete().await?;
            }
            other => drop(other?),
        }
        Ok(Removal::Gone)
    }
}

/// Whether objects are encrypted with a key of AWS KMS (`aws:kms`, or twice: `aws:kms:dsse`).
fn is_kms(algorithm: &str) -> bool {
    algorithm.starts_with(ServerSideEncryption::AwsKms.as_str())
}

fn access_fields(block: &PublicAccessBlockConfiguration) -> Fields {
    let flag = |flag: Option<bool>| flag.unwrap_or_default();
    let settings = [
        ("block_public_acls", flag(block.block_public_acls)),
        ("ignore_public_acls", flag(block.ignore_public_acls)),
        ("block_public_policy", flag(block.block_public_policy)),
        ("restrict_public_buckets", flag(block.restrict_public_buckets)),
    ];
    settings.into_iter().fold(Fields::default(), |fields, (name, value)| {
        fields.with(format!("{PUBLIC_ACCESS_PATH}.{name}"), value)
    })
}

fn s3_tags<'a, K, V>(
    tags: impl IntoIterator<Item = (K, V)>,
    call: &'static str,
) -> Result<Vec<Tag>, AwsError>
where
    K: Into<&'a String>,
    V: Into<&'a String>,
{
    tags.into_iter()
        .map(|(key, value)| {
            let tag = Tag::builder().key(key.into()).value(value.into()).build();
            tag.map_err(|error| AwsError::request(call, error.to_string()))
        })
        .collect()
}

fn tagging(tags: Vec<Tag>, call: &'static str) -> Result<Tagging, AwsError> {
    let tagging = Tagging::builder().set_tag_set(Some(tags)).build();
    tagging.map_err(|error| AwsError::request(call, error.to_string()))
}
