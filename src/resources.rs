//! The resources of a stack, a folder each, with all that is known of each: what it should be, how it
//! is read and changed, which permissions that takes, what it is in other tools' templates, what it
//! costs, and how it is found once it has left the file.

pub(crate) mod alarm_topic;
pub(crate) mod alarms;
pub(crate) mod batch_role;
pub(crate) mod bucket;
pub(crate) mod cache_policy;
pub(crate) mod cdn;
pub(crate) mod certificate;
pub(crate) mod dead_letters;
pub(crate) mod dns;
pub(crate) mod folders;
pub(crate) mod function;
mod iam_role;
pub(crate) mod logs;
pub(crate) mod notification;
pub(crate) mod own_domain;
pub(crate) mod policy;
pub(crate) mod ready;
pub(crate) mod ready_dead_letters;
pub(crate) mod ready_queue;
pub(crate) mod ready_subscriptions;
pub(crate) mod role;
pub(crate) mod sns_mails;
mod sns_topic;
mod sqs_queue;
pub(crate) mod topic;
pub(crate) mod trigger;

use std::sync::Arc;

use contract::settings::OnDelete;

use crate::aws::endpoint::Endpoints;
use crate::config::{Access, Config};
use crate::engine::plan::{Goal, Purpose};
use crate::engine::resource::{Erased, Id, Resource};
use crate::names::Names;
use crate::permissions::Row;
use crate::pricing::{Service, Usage};
use crate::resources::function::Code;
use crate::template::Export;

/// What the resources of a stack are built from.
pub(crate) struct Blueprint<'a> {
    pub(crate) config: &'a Config,
    pub(crate) endpoints: &'a Endpoints,
    pub(crate) names: &'a Arc<Names>,
    pub(crate) code: &'a Arc<Code>,
    pub(crate) purpose: Purpose,
}

impl Blueprint<'_> {
    fn names(&self) -> Arc<Names> {
        Arc::clone(self.names)
    }

    fn is_public_acl(&self) -> bool {
        self.config.bucket.access == Access::PublicAcl
    }

    /// Whether variants go with their original.
    fn removes(&self) -> bool {
        self.config.bucket.on_delete == OnDelete::Remove
    }

    fn is_to_go(&self) -> bool {
        self.purpose.goal == Goal::Absent
    }

    /// The role that the function is set to for a moment where its own was made again.
    fn temporary_role(&self) -> Erased {
        Box::new(role::Role::of_file(self, &self.names.temporary_role))
    }

    /// The folders that the function writes to and the CDN serves, without slashes at their ends.
    fn made_folders(&self) -> Vec<String> {
        self.config.made_folders()
    }
}

/// How a resource that left the file is found. Each is asked when it is read whether it is still there
/// and still ours.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trace {
    /// By the stack's tag.
    Tag {
        /// The resource type to ask the tagging API for, which begins with the service in its ARNs.
        resource_type: &'static str,
        /// What the tag `imgprep:resource` says of it; `None`: it has no such tag.
        resource: Option<&'static str>,
        /// The name in the last part of an ARN; `None`: it stands for something else.
        name: fn(&str) -> Option<&str>,
    },
    /// By the path in IAM that the stack's policies have.
    PolicyPath,
    /// By the path in IAM that the stack's roles have, those of such names.
    RolePath(fn(&str) -> bool),
    /// By the stack's tags in us-east-1, and told apart by that of its domains.
    OwnDomains,
    /// By a marker in the stack's bucket.
    Marker,
    /// Wherever one of this kind is found, under the same name.
    Beside(Id),
    /// By a tag of the one of this kind that the file has or had: for what can carry none itself.
    TagOf(Id, &'static str),
}

/// The name in ARNs that end in nothing but the name.
#[expect(clippy::unnecessary_wraps, reason = "other resources have names that are part of it")]
fn whole(resource: &str) -> Option<&str> {
    Some(resource)
}

/// What a resource says of itself beside how it is read and changed.
pub(crate) trait Member: Resource + Export + Sized + 'static {
    /// What whoever runs imgprep must be allowed for it.
    const PERMISSIONS: &'static [Row];

    /// How one that left the file is found.
    const TRACES: &'static [Trace] = &[];

    /// What it costs in a month.
    const COSTS: fn(&Usage) -> Vec<Service> = |_| Vec::new();

    /// The one of the file; `None` where the file has none.
    fn wanted(blueprint: &Blueprint<'_>) -> Option<Self>;

    /// The name by which a trace tells the one of the file from others.
    /// `None`: its traces never lead to it.
    fn known_as(_names: &Names) -> Option<&str> {
        None
    }

    /// The name of the one that a command makes, and no file asks for. Once it is there it stays with
    /// the stack.
    fn made_by_command(_names: &Names) -> Option<&str> {
        None
    }

    /// One of this name that left the file, or that a command makes.
    fn left(blueprint: &Blueprint<'_>, name: &str) -> Erased;

    /// One that is looked for under its own name wherever the file has none.
    fn switched_off(_blueprint: &Blueprint<'_>) -> Option<Self> {
        None
    }

    /// What else must be whole before it can be made, as the file would have it.
    fn follows_too(_blueprint: &Blueprint<'_>) -> &'static [Id] {
        &[]
    }
}
