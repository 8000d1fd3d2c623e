//! The resources of a stack as IAM tells them apart: what a statement is about, and on which
//! condition.
//!
//! Which actions know which resources and condition keys is in the Service Authorization Reference,
//! "Actions, resources, and condition keys for AWS services".

use contract::keys::FAILED_FOLDER;
use serde_json::{Value, json};

use crate::config::Config;
use crate::names::{Names, STACK_TAG, TRIAL_FOLDER};

/// What actions are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// Actions for which the service knows no resource.
    Account,
    /// Topics, queues, functions and their log groups of any name: what left the file is read
    /// before it is known to be there, and what is not there has no tag to ask for.
    AnyName,
    /// The same, as far as they carry the stack's tag.
    Tagged,
    Topic,
    Bucket,
    /// The folder markers, also of folders that left the file: keys that end in a slash.
    Folders,
    Images,
    Originals,
    /// What the folders of the file's sizes hold.
    Variants,
    /// What the function notes of originals that it cannot process.
    Records,
    /// What `imgprep try` uploads.
    TrialOriginals,
    /// What the function makes or notes of that.
    TrialVariants,
    /// Every policy under the stack's IAM path.
    Policy,
    /// Whoever a policy of the stack was attached to by hand.
    PolicyHolders,
    /// Every role under the stack's IAM path.
    Role,
    /// The same, and the stack's role by its name alone: of a role that is not there IAM knows no path.
    RoleByName,
    /// Roles under the stack's IAM path as they are made; a boundary in the file bounds all of them.
    NewRole,
    /// The role that the function is set to for a moment where its own was made again.
    TemporaryRole,
    /// The stack's role, as the one that the stack's policy is attached to.
    RoleOfPolicy,
    /// The roles that the function runs as: the stack's, and for a moment the temporary one.
    RoleOfFunction,
    InstanceProfiles,
    Logs,
    DeadLetters,
    Function,
    /// CloudFront numbers distributions itself, so that they are told apart by their tag only.
    Cdn,
    TaggedCdn,
    /// What is not there yet is no resource to CloudFront.
    NewCdn,
    /// CloudFront numbers these too, and they carry no tags.
    AccessControls,
}

/// The scopes that share a statement, which they can where no action of the one could be done to a
/// resource of the other. Statements come in this order, and their Sids end in these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    Account,
    AnyName,
    Stack,
    RoleByName,
    Images,
    Objects,
    Uploads,
    Tagged,
    NewCdn,
    PolicyHolders,
    RoleOfPolicy,
    RoleOfFunction,
    BoundRole,
}

impl Scope {
    pub(super) fn group(self, config: &Config) -> Group {
        match self {
            Self::NewRole if config.function.permissions_boundary.is_some() => Group::BoundRole,
            Self::Account => Group::Account,
            Self::AnyName => Group::AnyName,
            Self::Tagged | Self::TaggedCdn => Group::Tagged,
            Self::Images => Group::Images,
            Self::Originals | Self::Variants | Self::Records | Self::TrialVariants => {
                Group::Objects
            }
            Self::TrialOriginals => Group::Uploads,
            Self::PolicyHolders => Group::PolicyHolders,
            Self::RoleOfPolicy => Group::RoleOfPolicy,
            Self::RoleOfFunction => Group::RoleOfFunction,
            Self::NewCdn => Group::NewCdn,
            Self::RoleByName => Group::RoleByName,
            Self::Topic
            | Self::Bucket
            | Self::Folders
            | Self::Policy
            | Self::Role
            | Self::NewRole
            | Self::TemporaryRole
            | Self::InstanceProfiles
            | Self::Logs
            | Self::DeadLetters
            | Self::Function
            | Self::Cdn
            | Self::AccessControls => Group::Stack,
        }
    }

    /// What goes into `Resource`.
    pub(super) fn resources(self, config: &Config, names: &Names) -> Vec<String> {
        let Names { partition, region, account, iam_path, role, bucket_arn, .. } = names;
        let regional = |service: &str, name: &str| {
            format!("arn:{partition}:{service}:{region}:{account}:{name}")
        };
        let global =
            |service: &str, name: &str| format!("arn:{partition}:{service}::{account}:{name}");
        let inside = |folder: &str| format!("{bucket_arn}/{folder}/*");
        let originals = &config.bucket.originals;
        let variants = config.variants.iter().map(|variant| variant.folder.as_str());
        match self {
            // The holders are told apart by the policy that they hold, the new by its tags.
            Self::Account | Self::NewCdn | Self::PolicyHolders => vec!["*".to_owned()],
            Self::AnyName | Self::Tagged => vec![
                regional("lambda", "function:*"),
                regional("logs", "log-group:/aws/lambda/*"),
                regional("sns", "*"),
                regional("sqs", "*"),
            ],
            Self::Topic => vec![names.topic_arn.clone()],
            Self::Bucket => vec![bucket_arn.clone()],
            Self::Folders => vec![format!("{bucket_arn}/*/")],
            Self::Images => vec![format!("{bucket_arn}/*")],
            Self::Originals => vec![inside(originals)],
            Self::Variants => variants.map(inside).collect(),
            Self::Records => vec![inside(FAILED_FOLDER)],
            Self::TrialOriginals => vec![inside(&format!("{originals}/{TRIAL_FOLDER}"))],
            Self::TrialVariants => {
                let folders = variants.chain([FAILED_FOLDER]);
                folders.map(|folder| inside(&format!("{folder}/{TRIAL_FOLDER}"))).collect()
            }
            Self::Policy => vec![global("iam", &format!("policy{iam_path}*"))],
            Self::Role | Self::NewRole => vec![global("iam", &format!("role{iam_path}*"))],
            Self::RoleByName => vec![
                global("iam", &format!("role{iam_path}*")),
                global("iam", &format!("role/{role}")),
            ],
            Self::TemporaryRole => vec![names.temporary_role_arn()],
            Self::RoleOfPolicy => vec![names.role_arn.clone()],
            Self::RoleOfFunction => vec![names.role_arn.clone(), names.temporary_role_arn()],
            Self::InstanceProfiles => vec![global("iam", "instance-profile/*")],
            // Tags are put on the one, everything else is done to the other (Amazon CloudWatch Logs
            // API Reference, `LogGroup`).
            Self::Logs => vec![names.log_group_arn.clone(), format!("{}:*", names.log_group_arn)],
            Self::DeadLetters => vec![names.queue_arn.clone()],
            Self::Function => vec![names.function_arn.clone()],
            Self::Cdn | Self::TaggedCdn => vec![global("cloudfront", "distribution/*")],
            Self::AccessControls => vec![global("cloudfront", "origin-access-control/*")],
        }
    }

    /// Whether it takes in what left the file.
    pub(super) fn can_be_retired(self) -> bool {
        matches!(
            self,
            Self::Account
                | Self::AnyName
                | Self::Tagged
                | Self::Folders
                | Self::Images
                | Self::Policy
                | Self::PolicyHolders
                | Self::Role
                | Self::RoleByName
                | Self::InstanceProfiles
        )
    }
}

impl Group {
    /// The value of `Condition`, where one narrows the statement further.
    pub(super) fn condition(self, config: &Config, names: &Names) -> Option<Value> {
        let is_ours =
            |key: &str| json!({ "StringEquals": { format!("{key}/{STACK_TAG}"): names.stack } });
        let policies = Scope::Policy.resources(config, names);
        let is_policy = json!({ "ArnLike": { "iam:PolicyARN": policies } });
        let boundary = config.function.permissions_boundary.as_ref();
        let is_bounded =
            boundary.map(|arn| json!({ "StringEquals": { "iam:PermissionsBoundary": arn } }));
        match self {
            Self::Account
            | Self::AnyName
            | Self::Stack
            | Self::RoleByName
            | Self::Images
            | Self::Objects
            | Self::Uploads => None,
            Self::Tagged => Some(is_ours("aws:ResourceTag")),
            Self::NewCdn => Some(is_ours("aws:RequestTag")),
            Self::PolicyHolders => Some(is_policy),
            // Rights are given to a bounded role only, or they would be anybody's.
            Self::RoleOfPolicy => Some(match is_bounded {
                Some(is_bounded) => merged(is_policy, is_bounded),
                None => is_policy,
            }),
            Self::BoundRole => is_bounded,
            Self::RoleOfFunction => {
                Some(json!({ "StringEquals": { "iam:PassedToService": "lambda.amazonaws.com" } }))
            }
        }
    }
}

/// Both conditions, which are of different operators.
fn merged(mut one: Value, other: Value) -> Value {
    if let (Value::Object(one), Value::Object(other)) = (&mut one, other) {
        one.extend(other);
    }
    one
}
