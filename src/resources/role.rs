//! The IAM role that the function runs as.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_iam::operation::list_attached_role_policies::ListAttachedRolePoliciesOutput;
use aws_sdk_iam::operation::list_instance_profiles_for_role::ListInstanceProfilesForRoleOutput;
use aws_sdk_iam::operation::list_role_policies::ListRolePoliciesOutput;
use futures_util::try_join;
use serde_json::{Value, json};

use crate::aws::iam::{all_pages, decoded, iam_tags};
use crate::aws::policy as document;
use crate::aws::wait::retry_while;
use crate::aws::{Aws, AwsError, Calling};
use crate::names::{Names, edited_tags, tag_fields};
use crate::resource::{Context, Details, Edits, Fields, Id, Observed, Removal, Resource, ours_or};

const TRUST_PATH: &str = "trust";
const PATH_PATH: &str = "path";
/// Unwanted where the file names none: a boundary that somebody else set is theirs to take off.
const BOUNDARY_PATH: &str = "permissions_boundary";

/// IAM is eventually consistent; operators of large estates allow it this long.
const PROPAGATION_SECS_MAX: u64 = 120;

pub(crate) struct Role {
    names: Arc<Names>,
    /// The ARN of the policy that bounds what the role can do.
    boundary: Option<String>,
    is_retired: bool,
}

impl Role {
    pub(crate) fn new(names: Arc<Names>, boundary: Option<String>) -> Self {
        Self { names, boundary, is_retired: false }
    }

    /// The same role where the file no longer names it.
    pub(crate) fn retired(self) -> Self {
        Self { is_retired: true, ..self }
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
    fn id(&self) -> Id {
        Id::Role
    }

    fn name(&self) -> String {
        self.names.role.clone()
    }

    fn arn(&self) -> Option<String> {
        Some(self.names.role_arn.clone())
    }

    fn fields(&self) -> Fields {
        let tags = self.names.iam_tags();
        let mut fields = tag_fields(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())))
            .with(PATH_PATH, self.names.iam_path.as_str())
            .with(TRUST_PATH, document::canonical_document(&Self::trust()));
        if let Some(boundary) = &self.boundary {
            fields.set(BOUNDARY_PATH, boundary.as_str());
        }
        fields
    }

    fn statements(&self) -> Vec<Value> {
        vec![Self::statement()]
    }

    fn description(&self) -> String {
        format!("Runs the image function of the stack {}", self.names.stack)
    }

    /// IAM has no call that moves a role to another path.
    fn immutable(&self) -> &'static [&'static str] {
        &[PATH_PATH]
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed>, AwsError> {
        let role = aws.iam.get_role().role_name(&self.names.role).send().await;
        let role = match role.found("iam:GetRole") {
            // IAM lists it for a while after it is gone, and knows no path of it then, by which it may be
            // read.
            Err(error) if self.is_retired && error.is_denied() => return Ok(None),
            answer => answer?.and_then(|answer| answer.role),
        };
        let Some(role) = role else { return Ok(None) };
        let mut fields = tag_fields(role.tags().iter().map(|tag| (tag.key(), tag.value())));
        let owner = self.names.iam_owner(&fields);
        fields.set(PATH_PATH, role.path());
        if let Some(trust) = role.assume_role_policy_document() {
            fields.set(TRUST_PATH, document::canonical_document(&decoded(trust)));
        }
        let boundary = role.permissions_boundary();
        if let Some(arn) = boundary.and_then(|boundary| boundary.permissions_boundary_arn()) {
            fields.set(BOUNDARY_PATH, arn);
        }
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
        edits: &Edits,
    ) -> Result<Details, AwsError> {
        if edits.touch(TRUST_PATH) {
            self.put_trust(context).await?;
        }
        if edits.touch(BOUNDARY_PATH) {
            self.put_boundary(context).await?;
        }
        if edits.touch("tags") {
            const CALL: &str = "iam:TagRole";
            let wait = context.wait(CALL, "IAM to finish an earlier change", PROPAGATION_SECS_MAX);
            let tags = iam_tags(&edited_tags(edits), CALL)?;
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

/// How IAM answers about what it was told of a moment ago.
fn is_settling(error: &AwsError) -> bool {
    error.code().starts_with("ConcurrentModification")
        || error.code().starts_with("MalformedPolicyDocument") && error.says("Invalid principal")
}
