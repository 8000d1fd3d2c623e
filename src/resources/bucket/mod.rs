//! The S3 bucket that holds originals and variants: private, encrypted, HTTPS only.

mod access;
mod account_block;
mod cors;
mod export;
mod lifecycle;
mod lifecycle_rule;
pub(crate) mod permissions;
mod presence;
mod price;
mod tags;
mod versioning;

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, ObjectOwnership,
    PublicAccessBlockConfiguration, ServerSideEncryption,
};
use futures_util::try_join;
use serde_json::{Value, json};

use self::cors::Rule;
use self::lifecycle::remade_folders;
use self::presence::Presence;
use self::tags::s3_tags;
use self::versioning::Kept;
use super::{Blueprint, Member, Trace, whole};
use crate::aws::bucket::Bucket as BucketCalls;
use crate::aws::objects;
use crate::aws::wait::retry_while;
use crate::aws::{Aws, AwsError, Calling, policy};
use crate::config::Storage;
use crate::engine::edits::{self, Edits};
use crate::engine::fields::{Edit, Statements, Tags, Unwanted, Values, difference};
use crate::engine::resource::{
    Context, Details, Erased, Id, Images, Kind, Observed, Owner, Removal, Resource, ours_or,
};
use crate::names::{self, Names};
use crate::permissions::Row;
use crate::pricing::{Service, Usage};

pub(crate) const ID: Id = Id(&Kind {
    loses: Some("any images in it are lost, and others can take its name"),
    change_loses: Fields::lost,
    holds_images: true,
    ..Kind::new("bucket", "AWS::S3::Bucket")
});

const SID: &str = "ImgprepDenyPlainHttp";

/// What S3 answers about a bucket that is not there.
const NO_BUCKET: &str = "NoSuchBucket";

/// How long S3 may hold a deleted bucket's name back before it is free again.
const RELEASE_SECS_MAX: u64 = 300;

/// The region in which S3 wants no location constraint (Amazon S3 API, `CreateBucket`).
const REGION_WITHOUT_CONSTRAINT: &str = "us-east-1";

fields! {
    pub(crate) struct Fields {
        tags: Tags,
        policy: Statements,
        ownership: Option<String>,
        encryption: Option<String>,
        public_access_block: Option<PublicAccessBlock>,
        /// Our rule of the bucket's.
        cors: Unwanted<Rule>,
        /// Our rules of the bucket's, by their names.
        lifecycle: Unwanted<Value>,
        versioning: Unwanted<String>,
    }
}

fields! {
    pub(crate) struct PublicAccessBlock {
        block_public_acls: bool,
        ignore_public_acls: bool,
        block_public_policy: bool,
        restrict_public_buckets: bool,
    }
}

pub(crate) struct Bucket {
    names: Arc<Names>,
    /// Variants are readable through object ACLs, so ACLs must be possible.
    public_acl: bool,
    /// The sites whose pages may upload.
    origins: Vec<String>,
    storage: Storage,
    /// The watched folder, without slashes at its ends.
    originals: String,
    remade_folders: Vec<String>,
    /// AWS is an emulator without HTTPS.
    plain_http: bool,
    /// What happens to the images when the bucket is removed; `None`: it stays.
    images: Option<Images>,
}

impl Bucket {
    fn new(names: Arc<Names>, blueprint: &Blueprint<'_>, images: Option<Images>) -> Self {
        let plain_http = blueprint.endpoints.is_s3_plain_http();
        let config = blueprint.config;
        Self {
            names,
            public_acl: blueprint.is_public_acl(),
            origins: config.uploads.origins.clone(),
            storage: config.bucket.storage,
            originals: config.bucket.originals.clone(),
            remade_folders: remade_folders(config),
            plain_http,
            images,
        }
    }

    fn calls<'a>(&'a self, aws: &'a Aws) -> BucketCalls<'a> {
        BucketCalls { aws, name: &self.names.bucket, account: &self.names.account }
    }

    fn statement(&self) -> Value {
        let mut condition = json!({ "Bool": { "aws:SecureTransport": "false" } });
        if self.plain_http {
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
        if self.public_acl {
            ObjectOwnership::BucketOwnerPreferred
        } else {
            ObjectOwnership::BucketOwnerEnforced
        }
    }

    fn public_access_block(&self) -> PublicAccessBlockConfiguration {
        PublicAccessBlockConfiguration::builder()
            .block_public_acls(!self.public_acl)
            .ignore_public_acls(!self.public_acl)
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

    async fn read_fields(&self, aws: &Aws) -> Result<Reading, AwsError> {
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
        let (tags, access, ownership, encryption, document, cors, storage) = try_join!(
            self.read_tags(aws),
            access,
            ownership,
            encryption,
            calls.policy(),
            self.read_cors(aws),
            self.read_storage(aws)
        )?;

        let block = access.and_then(|answer| answer.public_access_block_configuration);
        let controls = ownership.and_then(|answer| answer.ownership_controls);
        let ownership = controls.and_then(|controls| controls.rules.into_iter().next());
        let rules = encryption.and_then(|answer| answer.server_side_encryption_configuration);
        let encryption = rules.and_then(|all| all.rules.into_iter().next());
        let encryption = encryption.and_then(|rule| rule.apply_server_side_encryption_by_default);
        let ours = policy::canonical_statement(document.as_deref(), SID);
        let Kept { rules, versioning, notes } = storage;
        let fields = Fields {
            tags: names::tags(tags),
            policy: Statements::one(SID, ours),
            ownership: ownership.map(|rule| rule.object_ownership.as_str().to_owned()),
            encryption: encryption.map(|default| default.sse_algorithm.as_str().to_owned()),
            public_access_block: block.as_ref().map(PublicAccessBlock::from),
            cors: cors.rule,
            lifecycle: rules,
            versioning,
        };
        let notes = cors.note.into_iter().chain(notes);
        let note = notes.reduce(|all, one| format!("{all}; {one}"));
        Ok(Reading { fields, document, note })
    }
}

/// What a bucket holds of ours.
struct Reading {
    fields: Fields,
    /// The whole policy that one of the fields was found in.
    document: Option<String>,
    note: Option<String>,
}

const KEPT_ADOPTED: &str = "it existed before imgprep";

#[async_trait]
impl Resource for Bucket {
    type Fields = Fields;

    const ID: Id = ID;

    fn name(&self) -> String {
        self.names.bucket.clone()
    }

    fn arn(&self) -> Option<String> {
        Some(self.names.bucket_arn.clone())
    }

    fn fields(&self) -> Fields {
        Fields {
            tags: self.names.tags.clone(),
            policy: Statements::one(SID, Some(policy::canonical(&self.statement()))),
            ownership: Some(self.ownership().as_str().to_owned()),
            encryption: Some(ServerSideEncryption::Aes256.as_str().to_owned()),
            public_access_block: Some((&self.public_access_block()).into()),
            cors: Unwanted(self.cors_rule()),
            lifecycle: Unwanted(self.lifecycle()),
            versioning: Unwanted(self.versioning()),
        }
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed<Fields>>, AwsError> {
        match self.presence(aws).await? {
            Presence::Absent => return Ok(None),
            Presence::Elsewhere(why) => {
                let owner = Owner::Unreachable(why);
                return Ok(Some(Observed::new(Fields::default(), owner)));
            }
            Presence::Here => {}
        }
        let count = async {
            match self.images {
                Some(Images::Keep) => self.kept_for_images(aws).await,
                _ => Ok(None),
            }
        };
        let (Reading { mut fields, note, .. }, kept) =
            match try_join!(Box::pin(self.read_fields(aws)), count) {
                // S3 goes on showing for a moment what it has deleted.
                Err(error) if error.code() == NO_BUCKET => return Ok(None),
                other => other?,
            };
        let owner = self.names.owner(&fields.tags);
        if owner != Owner::Ours && fields.encryption.as_deref().is_some_and(is_kms) {
            // Whoever encrypts a bucket with a key of their own means it: it is kept as it is.
            fields.encryption = Resource::fields(self).encryption;
        }
        if owner == Owner::Adopted && !self.storage.versioning {
            // Whether it had versions before nobody knows, and to lose them would be worse.
            fields.versioning = Unwanted(None);
        }
        // A bucket that stays with its images is not to go on deleting them.
        let sheds = self.images.is_some() && fields.lifecycle.0.is_some();
        let mut observed = Observed { sheds, ..Observed::new(fields, owner) };
        observed.note = note.filter(|_| self.images.is_none());
        observed.kept = match (&observed.owner, self.images) {
            (Owner::Adopted, Some(_)) => Some(KEPT_ADOPTED.to_owned()),
            _ => kept,
        };
        Ok(Some(observed))
    }

    async fn notice(&self, aws: &Aws) -> Option<String> {
        let is_wanted = self.public_acl && self.images.is_none();
        if is_wanted { account_block::notice(aws).await } else { None }
    }

    fn remark(&self, edits: &[Edit]) -> Option<String> {
        Fields::remark(edits)
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
        let Reading { fields, document, .. } = calls.configure(&wait, read).await?;
        let observed = Observed::new(fields, Owner::Ours).by_path();
        let edits = difference(&Values::of(&self.fields()), &observed.fields).into_iter();
        let (statement, rest): (Vec<Edit>, Vec<Edit>) =
            edits.partition(|edit| Fields::policy.holds(&edit.path));
        if !statement.is_empty() {
            let merged = policy::with_statement(document.as_deref(), &self.statement());
            let wait = context.bucket_wait("s3:PutBucketPolicy");
            calls.configure(&wait, || calls.put_policy(&merged)).await?;
        }
        drop(reading_and_writing);
        edits::apply(self, context, &observed, rest).await
    }

    async fn update(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
        edits: &Edits<Fields>,
    ) -> Result<Details, AwsError> {
        if edits.touch(Fields::tags) {
            self.put_tags(context, edits).await?;
        }
        self.put_access(context, edits).await?;
        if edits.touch(Fields::encryption) {
            self.put_encryption(context).await?;
        }
        if edits.touch(Fields::policy) {
            let wait = context.bucket_wait("s3:PutBucketPolicy");
            self.calls(context.aws).put_statement(&wait, &self.statement()).await?;
        }
        if edits.touch(Fields::cors) {
            self.merge_cors(context, self.cors_rule()).await?;
        }
        let storage = (edits.touch(Fields::lifecycle), edits.touch(Fields::versioning));
        self.put_storage(context, storage).await?;
        Ok(Details::new())
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        observed: &Observed,
    ) -> Result<Removal, AwsError> {
        const CALL: &str = "s3:DeleteBucket";
        if observed.owner == Owner::Adopted {
            return self.release(context, observed).await;
        }
        let calls = self.calls(context.aws);
        let deletion = objects::deletion_wait(context.stop, context.tell);
        if self.images == Some(Images::Delete) {
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
                    self.shed_lifecycle(context, observed).await?;
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

impl Member for Bucket {
    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    const TRACES: &'static [Trace] =
        &[Trace::Tag { resource_type: "s3", resource: None, name: whole }];

    const COSTS: fn(&Usage) -> Vec<Service> = price::costs;

    fn wanted(blueprint: &Blueprint<'_>) -> Option<Self> {
        let images = blueprint.is_to_go().then_some(blueprint.purpose.images);
        Some(Self::new(blueprint.names(), blueprint, images))
    }

    fn known_as(names: &Names) -> Option<&str> {
        Some(&names.bucket)
    }

    fn left(blueprint: &Blueprint<'_>, name: &str) -> Erased {
        let names = blueprint.names.with_bucket(name).into();
        Box::new(Self::new(names, blueprint, Some(blueprint.purpose.images)))
    }
}
