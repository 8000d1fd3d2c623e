//! The IAM role that the function runs as.

mod export;
mod permissions;

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_iam::operation::list_attached_role_policies::ListAttachedRolePoliciesOutput;
use aws_sdk_iam::operation::list_instance_profiles_for_role::ListInstanceProfilesForRoleOutput;
use aws_sdk_iam::operation::list_role_policies::ListRolePoliciesOutput;
use futures_util::try_join;
use serde_json::{Value, json};

use super::{Blueprint, Member, Trace};
use crate::aws::iam::{all_pages, decoded, iam_tags};
use crate::aws::policy as document;
use crate::aws::wait::retry_while;
use crate::aws::{Aws, AwsError, Calling};
use crate::engine::edits::Edits;
use crate::engine::fields::{Path, Tags};
use crate::engine::resource::{
    Context, Details, Erased, Id, Kind, Observed, Removal, Resource, ours_or,
};
use crate::names::{Names, tags};
use crate::permissions::Row;

pub(crate) const ID: Id = Id(&Kind::new("role", "AWS::IAM::Role"));

/// IAM is eventually consistent; operators of large estates allow it this long.
const PROPAGATION_SECS_MAX: u64 = 120;

fields! {
    pub(crate) struct Fields {
        tags: Tags,
        path: String,
        trust: Option<Value>,
        /// Not wanted where the file names none: one that somebody else set is theirs to take off.
        permissions_boundary: Option<String>,
    }
}

pub(crate) struct Role {
    names: Arc<Names>,
    /// The ARN of the policy that bounds what the role can do.
    boundary: Option<String>,
    is_retired: bool,
}

impl Role {
    fn new(names: Arc<Names>, boundary: Option<String>) -> Self {
        Self { names, boundary, is_retired: false }
    }

    /// The role that the function is set to for a moment where its own was made again.
    pub(super) fn temporary(blueprint: &Blueprint<'_>) -> Erased {
        let names = blueprint.names.with_role(&blueprint.names.temporary_role);
        let boundary = blueprint.config.function.permissions_boundary.clone();
        Box::new(Self::new(names.into(), boundary))
    }

    fn description(&self) -> String {
        format!("Runs the image function of the stack {}", self.names.stack)
    }

    fn statement() -> Value {
        json!({
            "Effect": "Allow",
            "Principal": { "Service": "lambda.amazonaws.com" },
            "Action": "sts:AssumeRole",
        })
    }

    fn trust() -> String {
        document::document(&[Self::statement()]).to_string()
    }

    async fn create_role(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "iam:CreateRole";
        let wait = context.wait(CALL, "IAM to know the role's principal", PROPAGATION_SECS_MAX);
        let tags = iam_tags(&self.names.iam_tags(), CALL)?;
        let made = retry_while(&wait, is_settling, || async {
            let create = context.aws.iam.create_role().role_name(&self.names.role);
            let create = create
                .path(&self.names.iam_path)
                .description(self.description())
                .assume_role_policy_document(Self::trust())
                .set_permissions_boundary(self.boundary.clone())
                .set_tags(Some(tags.clone()));
            create.send().await.calling(CALL)
        })
        .await?;
        if let Some(role) = made.role {
            let mut made_roles = context.aws.made_roles.lock().await;
            made_roles.insert(self.names.role.clone(), role.role_id);
        }
        Ok(())
    }

    async fn put_trust(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "iam:UpdateAssumeRolePolicy";
        let wait = context.wait(CALL, "IAM to know the role's principal", PROPAGATION_SECS_MAX);
        retry_while(&wait, is_settling, || async {
            let put = context.aws.iam.update_assume_role_policy().role_name(&self.names.role);
            put.policy_document(Self::trust()).send().await.calling(CALL)
        })
        .await?;
        Ok(())
    }

    async fn put_boundary(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "iam:PutRolePermissionsBoundary";
        let wait = context.wait(CALL, "IAM to finish an earlier change", PROPAGATION_SECS_MAX);
        retry_while(&wait, is_settling, || async {
            let put = context.aws.iam.put_role_permissions_boundary().role_name(&self.names.role);
            let put = put.set_permissions_boundary(self.boundary.clone());
            put.send().await.calling(CALL)
        })
        .await?;
        Ok(())
    }

    /// Takes off everything that keeps IAM from deleting a role, also what people put on by hand.
    async fn strip(&self, context: &Context<'_>) -> Result<(), AwsError> {
        let (iam, role) = (&context.aws.iam, &self.names.role);
        let attached = async {
            let pages = all_pages(|marker| async {
                let list = iam.list_attached_role_policies().role_name(role).set_marker(marker);
                list.send().await.found("iam:ListAttachedRolePolicies")
            });
            for policy in
                pages.await?.iter().flat_map(ListAttachedRolePoliciesOutput::attached_policies)
            {
                let detach = iam.detach_role_policy().role_name(role);
                let detach = detach.set_policy_arn(policy.policy_arn.clone()).send().await;
                detach.found("iam:DetachRolePolicy")?;
            }
            Ok(())
        };
        let inline = async {
            let pages = all_pages(|marker| async {
                let list = iam.list_role_policies().role_name(role).set_marker(marker);
                list.send().await.found("iam:ListRolePolicies")
            });
            for name in pages.await?.iter().flat_map(ListRolePoliciesOutput::policy_names) {
                let delete = iam.delete_role_policy().role_name(role).policy_name(name);
                delete.send().await.found("iam:DeleteRolePolicy")?;
            }
            Ok(())
        };
        let profiles = async {
            let pages = all_pages(|marker| async {
                let list = iam.list_instance_profiles_for_role().role_name(role);
                let list = list.set_marker(marker).send().await;
                list.found("iam:ListInstanceProfilesForRole")
            });
            for profile in
                pages.await?.iter().flat_map(ListInstanceProfilesForRoleOutput::instance_profiles)
            {
                let remove = iam.remove_role_from_instance_profile().role_name(role);
                let remove = remove.instance_profile_name(profile.instance_profile_name());
                remove.send().await.found("iam:RemoveRoleFromInstanceProfile")?;
            }
            Ok(())
        };
        try_join!(attached, inline, profiles).map(|_| ())
    }
}

#[async_trait]
impl Resource for Role {
    type Fields = Fields;

    const ID: Id = ID;

    /// IAM has no call that moves a role to another path.
    const IMMUTABLE: &'static [Path<Fields>] = &[Fields::path];

    fn name(&self) -> String {
        self.names.role.clone()
    }

    fn arn(&self) -> Option<String> {
        Some(self.names.role_arn.clone())
    }

    fn fields(&self) -> Fields {
        Fields {
            tags: self.names.iam_tags(),
            path: self.names.iam_path.clone(),
            trust: Some(document::canonical_document(&Self::trust())),
            permissions_boundary: self.boundary.clone(),
        }
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed<Fields>>, AwsError> {
        let role = aws.iam.get_role().role_name(&self.names.role).send().await;
        let role = match role.found("iam:GetRole") {
            // IAM lists it for a while after it is gone, and knows no path of it then, by which it may be
            // read.
            Err(error) if self.is_retired && error.is_denied() => return Ok(None),
            answer => answer?.and_then(|answer| answer.role),
        };
        let Some(role) = role else { return Ok(None) };
        let tags = tags(role.tags().iter().map(|tag| (tag.key(), tag.value())));
        let owner = self.names.iam_owner(&tags);
        let trust = role.assume_role_policy_document();
        let trust = trust.map(|trust| document::canonical_document(&decoded(trust)));
        let boundary = role.permissions_boundary.and_then(|it| it.permissions_boundary_arn);
        let fields = Fields { tags, path: role.path, trust, permissions_boundary: boundary };
        Ok(Some(Observed::new(fields, owner)))
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        match self.create_role(context).await {
            Err(error) if error.code().starts_with("EntityAlreadyExists") => {
                ours_or(error, self, context.aws).await?;
            }
            other => other?,
        }
        Ok(Details::new())
    }

    async fn update(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
        edits: &Edits<Fields>,
    ) -> Result<Details, AwsError> {
        if edits.touch(Fields::trust) {
            self.put_trust(context).await?;
        }
        if edits.touch(Fields::permissions_boundary) {
            self.put_boundary(context).await?;
        }
        if edits.touch(Fields::tags) {
            const CALL: &str = "iam:TagRole";
            let wait = context.wait(CALL, "IAM to finish an earlier change", PROPAGATION_SECS_MAX);
            let tags = iam_tags(&edits.tags(Fields::tags), CALL)?;
            retry_while(&wait, is_settling, || async {
                let tag = context.aws.iam.tag_role().role_name(&self.names.role);
                tag.set_tags(Some(tags.clone())).send().await.calling(CALL)
            })
            .await?;
        }
        Ok(Details::new())
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
    ) -> Result<Removal, AwsError> {
        const CALL: &str = "iam:DeleteRole";
        self.strip(context).await?;
        let wait = context.wait(CALL, "IAM to see the role without policies", PROPAGATION_SECS_MAX);
        retry_while(
            &wait,
            |error| error.code().starts_with("DeleteConflict") || is_settling(error),
            || async {
                let delete = context.aws.iam.delete_role().role_name(&self.names.role);
                delete.send().await.found(CALL)
            },
        )
        .await?;
        Ok(Removal::Gone)
    }
}

impl Member for Role {
    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    const TRACES: &'static [Trace] = &[Trace::RolePath];

    fn wanted(blueprint: &Blueprint<'_>) -> Option<Self> {
        let boundary = blueprint.config.function.permissions_boundary.clone();
        Some(Self::new(blueprint.names(), boundary))
    }

    fn known_as(names: &Names) -> Option<&str> {
        Some(&names.role)
    }

    fn left(blueprint: &Blueprint<'_>, name: &str) -> Erased {
        let role = Self::new(blueprint.names.with_role(name).into(), None);
        Box::new(Self { is_retired: true, ..role })
    }
}

/// How IAM answers about what it was told of a moment ago.
fn is_settling(error: &AwsError) -> bool {
    error.code().starts_with("ConcurrentModification")
        || error.code().starts_with("MalformedPolicyDocument") && error.says("Invalid principal")
}
