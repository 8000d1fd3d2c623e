//! The IAM role that the function runs as.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::try_join;
use serde_json::json;

use crate::aws::iam::{decoded, iam_tags};
use crate::aws::policy as document;
use crate::aws::wait::retry_while;
use crate::aws::{Aws, AwsError, Calling};
use crate::names::{Names, edited_tags, tag_fields};
use crate::resource::{Context, Details, Edit, Fields, Id, Observed, Removal, Resource, touches};

const TRUST_PATH: &str = "trust";

/// IAM is eventually consistent; operators of large estates allow it this long.
const PROPAGATION_SECS_MAX: u64 = 120;

pub(crate) struct Role {
    names: Arc<Names>,
}

impl Role {
    pub(crate) fn new(names: Arc<Names>) -> Self {
        Self { names }
    }

    fn attachment_path(&self) -> String {
        format!("policies[{}]", self.names.policy)
    }

    fn trust() -> String {
        document::document(&[json!({
            "Effect": "Allow",
            "Principal": { "Service": "lambda.amazonaws.com" },
            "Action": "sts:AssumeRole",
        })])
        .to_string()
    }

    async fn attach(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "iam:AttachRolePolicy";
        let wait = context.wait(CALL, "IAM to know the new role and policy", PROPAGATION_SECS_MAX);
        retry_while(&wait, AwsError::is_not_found, || async {
            let attach = context.aws.iam.attach_role_policy().role_name(&self.names.role);
            attach.policy_arn(&self.names.policy_arn).send().await.calling(CALL)
        })
        .await?;
        Ok(())
    }

    /// Takes off everything that keeps IAM from deleting a role, also what people put on by hand.
    async fn strip(&self, context: &Context<'_>) -> Result<(), AwsError> {
        let (iam, role) = (&context.aws.iam, &self.names.role);
        let attached = iam.list_attached_role_policies().role_name(role).send().await;
        if let Some(attached) = attached.found("iam:ListAttachedRolePolicies")? {
            for policy in attached.attached_policies() {
                let detach = iam.detach_role_policy().role_name(role);
                let detach = detach.set_policy_arn(policy.policy_arn.clone()).send().await;
                detach.found("iam:DetachRolePolicy")?;
            }
        }
        let inline = iam.list_role_policies().role_name(role).send().await;
        if let Some(inline) = inline.found("iam:ListRolePolicies")? {
            for name in inline.policy_names() {
                let delete = iam.delete_role_policy().role_name(role).policy_name(name);
                delete.send().await.found("iam:DeleteRolePolicy")?;
            }
        }
        let profiles = iam.list_instance_profiles_for_role().role_name(role).send().await;
        if let Some(profiles) = profiles.found("iam:ListInstanceProfilesForRole")? {
            for profile in profiles.instance_profiles() {
                let remove = iam.remove_role_from_instance_profile().role_name(role);
                let remove = remove.instance_profile_name(profile.instance_profile_name());
                remove.send().await.found("iam:RemoveRoleFromInstanceProfile")?;
            }
        }
        Ok(())
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
        self.names
            .tag_fields()
            .with(TRUST_PATH, document::canonical_document(&Self::trust()))
            .with(self.attachment_path(), "attached")
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed>, AwsError> {
        let name = &self.names.role;
        let role = async { aws.iam.get_role().role_name(name).send().await.found("iam:GetRole") };
        let attached = async {
            let list = aws.iam.list_attached_role_policies().role_name(name);
            list.send().await.found("iam:ListAttachedRolePolicies")
        };
        let (role, attached) = try_join!(role, attached)?;
        let Some(role) = role.and_then(|answer| answer.role) else { return Ok(None) };
        let mut fields = tag_fields(role.tags().iter().map(|tag| (tag.key(), tag.value())));
        let owner = self.names.owner(&fields);
        if let Some(trust) = role.assume_role_policy_document() {
            fields.set(TRUST_PATH, document::canonical_document(&decoded(trust)));
        }
        let attached = attached.and_then(|answer| answer.attached_policies).unwrap_or_default();
        let ours = Some(self.names.policy_arn.as_str());
        if attached.iter().any(|policy| policy.policy_arn() == ours) {
            fields.set(self.attachment_path(), "attached");
        }
        Ok(Some(Observed::new(fields, owner)))
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        const CALL: &str = "iam:CreateRole";
        let create = context.aws.iam.create_role().role_name(&self.names.role);
        let create = create
            .path(&self.names.iam_path)
            .description(format!("Runs the image function of the stack {}", self.names.stack))
            .assume_role_policy_document(Self::trust())
            .set_tags(Some(iam_tags(&self.names.tags, CALL)?));
        match create.send().await.calling(CALL) {
            Err(error) if error.code().starts_with("EntityAlreadyExists") => {}
            other => drop(other?),
        }
        self.attach(context).await?;
        Ok(Details::new())
    }

    async fn update(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
        edits: &[Edit],
    ) -> Result<Details, AwsError> {
        let iam = &context.aws.iam;
        if touches(edits, TRUST_PATH) {
            let put = iam.update_assume_role_policy().role_name(&self.names.role);
            let put = put.policy_document(Self::trust()).send().await;
            put.calling("iam:UpdateAssumeRolePolicy")?;
        }
        if touches(edits, &self.attachment_path()) {
            self.attach(context).await?;
        }
        if touches(edits, "tags") {
            const CALL: &str = "iam:TagRole";
            let tag = iam.tag_role().role_name(&self.names.role);
            let tag = tag.set_tags(Some(iam_tags(&edited_tags(edits), CALL)?));
            tag.send().await.calling(CALL)?;
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
            |error| error.code().starts_with("DeleteConflict"),
            || async {
                let delete = context.aws.iam.delete_role().role_name(&self.names.role);
                delete.send().await.found(CALL)
            },
        )
        .await?;
        Ok(Removal::Gone)
    }
}
