//! What a resource says of the permissions that its calls need: actions, what they are done to, and
//! which command does them.
//!
//! The actions are those of the Service Authorization Reference and of the "API permissions" pages of
//! the services; which actions know which resources and condition keys is in the former, "Actions,
//! resources, and condition keys for AWS services".

use serde_json::{Value, json};

use crate::config::Config;
use crate::engine::resource::STACK_TAG;
use crate::names::Names;

/// The sets of actions, by whose names Sids begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    /// What every command but `logs` needs.
    Read,
    /// What the command of this name needs besides; `Status` with `--images`.
    Up,
    Down,
    Status,
    Try,
    Logs,
    Backfill,
    Failures,
    Retry,
    Prune,
    Urls,
    Presign,
}

/// Actions on one kind of thing.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) scope: Scope,
    pub(crate) when: When,
    /// What every command needs.
    pub(crate) read: &'static [&'static str],
    /// What `up` needs besides.
    pub(crate) up: &'static [&'static str],
    /// What `down` needs besides, and `up --prune` for what left the file.
    pub(crate) down: &'static [&'static str],
    /// What the commands of `users` need besides.
    pub(crate) images: &'static [&'static str],
    pub(crate) users: &'static [Set],
}

/// What has to be so for a row to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Always,
    /// The file has a CDN, or one of an earlier file is removed.
    Cdn,
    /// Variants are public through their ACLs, and are to stay.
    PublicAcl,
    /// The function invalidates what it overwrites.
    Invalidate,
    /// The CDN has a cache policy of its own.
    Versions,
    /// The file reserves concurrency.
    Concurrency,
    /// A CDN is taken over with `up --adopt`.
    AdoptCdn,
    /// Images are deleted with `--delete-images`.
    DeleteImages,
    /// What left the file is removed with `up --prune`.
    PruneStack,
    /// The file bounds the function's role.
    Boundary,
    /// The file chooses a zone of Route 53 by its identifier.
    HostedZone,
    /// Something is published, which `backfill --dry-run` does not.
    Publish,
    /// Variants are asked how they were made with `backfill --outdated`.
    Outdated,
    /// Images are listed, which `backfill --on-aws` leaves to S3.
    Listing,
    /// A backfill is run on AWS with `backfill --on-aws`, or looked after.
    OnAws,
    /// A backfill asks how much may run at once, which the file does not say.
    AccountLimit,
    /// What belongs to nothing is deleted with `prune --yes`.
    PruneImages,
}

/// What actions are done to.
#[derive(Clone, Copy)]
pub(crate) struct Scope {
    group: Group,
    /// The group instead where the file bounds the function's role.
    bounded: Option<Group>,
    /// What goes into `Resource`.
    pub(crate) resources: fn(&Config, &Names) -> Vec<String>,
    /// Whether it takes in what left the file.
    pub(crate) can_be_retired: bool,
}

/// The scopes that share a statement, which they can where no action of the one could be done to a
/// resource of the other. Statements come in this order, and their Sids end in these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    /// Actions for which the service knows no resource.
    Account,
    /// Resources of any name: what left the file is read before it is known to be there, and what is
    /// not there has no tag to ask for.
    AnyName,
    /// The stack's own by their names.
    Stack,
    /// Roles, also by name alone: of a role that is not there IAM knows no path.
    RoleByName,
    Images,
    Objects,
    Uploads,
    /// What carries the stack's tag.
    Tagged,
    /// What will carry the stack's tag.
    NewCdn,
    /// Whoever a policy of the stack was attached to by hand.
    PolicyHolders,
    RoleOfPolicy,
    RoleOfFunction,
    BoundRole,
    /// The role that S3 runs jobs as, which is bounded like others.
    BatchRole,
    RoleOfJob,
    /// What will carry the stack's tag.
    NewJob,
}

impl Scope {
    pub(crate) const fn new(group: Group, resources: fn(&Config, &Names) -> Vec<String>) -> Self {
        Self { group, bounded: None, resources, can_be_retired: false }
    }

    /// Takes in what left the file.
    pub(crate) const fn also_retired(self) -> Self {
        Self { can_be_retired: true, ..self }
    }

    pub(crate) const fn bounded(self, group: Group) -> Self {
        Self { bounded: Some(group), ..self }
    }

    pub(crate) fn group(self, config: &Config) -> Group {
        let is_bounded = config.function.permissions_boundary.is_some();
        self.bounded.filter(|_| is_bounded).unwrap_or(self.group)
    }
}

/// Actions for which the service knows no resource.
pub(crate) const ACCOUNT: Scope = Scope::new(Group::Account, |_, _| anything()).also_retired();

pub(crate) fn anything() -> Vec<String> {
    vec!["*".to_owned()]
}

pub(crate) const fn on(scope: Scope) -> Row {
    let (when, none): (When, &[&str]) = (When::Always, &[]);
    Row { scope, when, read: none, up: none, down: none, images: none, users: &[] }
}

impl Row {
    pub(crate) const fn when(self, when: When) -> Self {
        Self { when, ..self }
    }

    pub(crate) const fn read(self, read: &'static [&'static str]) -> Self {
        Self { read, ..self }
    }

    pub(crate) const fn up(self, up: &'static [&'static str]) -> Self {
        Self { up, ..self }
    }

    pub(crate) const fn down(self, down: &'static [&'static str]) -> Self {
        Self { down, ..self }
    }

    pub(crate) const fn of(self, users: &'static [Set], images: &'static [&'static str]) -> Self {
        Self { images, users, ..self }
    }
}

impl Group {
    /// The value of `Condition`, where one narrows the statement further.
    pub(crate) fn condition(self, config: &Config, names: &Names) -> Option<Value> {
        let is_ours =
            |key: &str| json!({ "StringEquals": { format!("{key}/{STACK_TAG}"): names.stack } });
        let is_policy = json!({ "ArnLike": { "iam:PolicyARN": [names.any_policy_arn()] } });
        let is_for = |service: &str| json!({ "StringEquals": { "iam:PassedToService": service } });
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
            Self::NewCdn | Self::NewJob => Some(is_ours("aws:RequestTag")),
            Self::PolicyHolders => Some(is_policy),
            // Rights are given to a bounded role only, or they would be anybody's.
            Self::RoleOfPolicy => Some(match is_bounded {
                Some(is_bounded) => merged(is_policy, is_bounded),
                None => is_policy,
            }),
            Self::BoundRole | Self::BatchRole => is_bounded,
            Self::RoleOfFunction => Some(is_for("lambda.amazonaws.com")),
            Self::RoleOfJob => Some(is_for("batchoperations.s3.amazonaws.com")),
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
