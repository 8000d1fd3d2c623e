//! The managed IAM policy that says what the function may do: the least that it needs.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use crate::aws::iam::{decoded, iam_tags};
use crate::aws::policy as document;
use crate::aws::wait::retry_while;
use crate::aws::{Aws, AwsError, Calling};
use crate::names::{Names, edited_tags, tag_fields};
use crate::resource::{Context, Details, Edit, Fields, Id, Observed, Removal, Resource, touches};

const DOCUMENT_PATH: &str = "document";
/// Statements of the document that are not ours.
const OTHERS_PATH: &str = "document.others";
/// IAM keeps at most this many versions of a policy (IAM User Guide, "IAM and AWS STS quotas").
const VERSIONS_MAX: usize = 5;
/// How long IAM may go on seeing what was just detached.
const DETACH_SECS_MAX: u64 = 60;

pub(crate) struct Policy {
    names: Arc<Names>,
    statements: Vec<Value>,
}

impl Policy {
    pub(crate) fn new(names: Arc<Names>, statements: Vec<Value>) -> Self {
        Self { names, statements }
    }

    fn document(&self) -> String {
        document::document(&self.statements).to_string()
    }

    /// A document statement by statement, and whatever else it allows, which should be nothing.
    fn statement_fields(&self, document: &str) -> Fields {
        let sids: Vec<_> = self.statements.iter().map(|ours| ours.get("Sid")).collect();
        let (ours, others): (Vec<Value>, Vec<Value>) = document::statements(Some(document))
            .iter()
            .map(document::canonical)
            .partition(|statement| sids.contains(&statement.get("Sid")));
        let fields = Fields::default().with(OTHERS_PATH, others);
        ours.into_iter().fold(fields, |fields, statement| {
            let sid = statement.get("Sid").and_then(Value::as_str).unwrap_or_default();
            fields.with(format!("{DOCUMENT_PATH}.Statement[{sid}]"), statement.clone())
        })
    }

    async fn put_version(&self, context: &Context<'_>) -> Result<(), AwsError> {
        let iam = &context.aws.iam;
        let list = iam.list_policy_versions().policy_arn(&self.names.policy_arn);
        let versions = list.send().await.calling("iam:ListPolicyVersions")?;
        let versions = versions.versions();
        if versions.len() >= VERSIONS_MAX {
            let old = versions.iter().filter(|version| !version.is_default_version());
            if let Some(oldest) = old.min_by_key(|version| version.create_date().copied()) {
                self.delete_version(context, oldest.version_id().unwrap_or_default()).await?;
            }
        }
        let create = iam.create_policy_version().policy_arn(&self.names.policy_arn);
        let create = create.policy_document(self.document()).set_as_default(true);
        create.send().await.calling("iam:CreatePolicyVersion")?;
        Ok(())
    }

    async fn delete_version(&self, context: &Context<'_>, version: &str) -> Result<(), AwsError> {
        let delete = context.aws.iam.delete_policy_version().policy_arn(&self.names.policy_arn);
        delete.version_id(version).send().await.found("iam:DeletePolicyVersion")?;
        Ok(())
    }

    /// Detaches it from everything, also from what people attached it to by hand.
    async fn detach(&self, context: &Context<'_>) -> Result<(), AwsError> {
        let iam = &context.aws.iam;
        let arn = &self.names.policy_arn;
        let list = iam.list_entities_for_policy().policy_arn(arn).send().await;
        let Some(entities) = list.found("iam:ListEntitiesForPolicy")? else { return Ok(()) };
        for role in entities.policy_roles() {
            let detach =
                iam.detach_role_policy().policy_arn(arn).set_role_name(role.role_name.clone());
            detach.send().await.found("iam:DetachRolePolicy")?;
        }
        for user in entities.policy_users() {
            let detach =
                iam.detach_user_policy().policy_arn(arn).set_user_name(user.user_name.clone());
            detach.send().await.found("iam:DetachUserPolicy")?;
        }
        for group in entities.policy_groups() {
            let detach = iam.detach_group_policy().policy_arn(arn);
            let detach = detach.set_group_name(group.group_name.clone()).send().await;
            detach.found("iam:DetachGroupPolicy")?;
        }
        Ok(())
    }
}

#[async_trait]
impl Resource for Policy {
    fn id(&self) -> Id {
        Id::Policy
    }

    fn name(&self) -> String {
        self.names.policy.clone()
    }

    fn arn(&self) -> Option<String> {
        Some(self.names.policy_arn.clone())
    }

    fn fields(&self) -> Fields {
        let mut fields = self.names.tag_fields();
        fields.extend(self.statement_fields(&self.document()));
        fields
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed>, AwsError> {
        let arn = &self.names.policy_arn;
        let policy = aws.iam.get_policy().policy_arn(arn).send().await.found("iam:GetPolicy")?;
        let Some(policy) = policy.and_then(|answer| answer.policy) else { return Ok(None) };
        let mut fields = tag_fields(policy.tags().iter().map(|tag| (tag.key(), tag.value())));
        let owner = self.names.owner(&fields);
        let version = aws.iam.get_policy_version().policy_arn(arn);
        let version = version.version_id(policy.default_version_id().unwrap_or("v1"));
        let version = version.send().await.found("iam:GetPolicyVersion")?;
        let text = version.and_then(|answer| answer.policy_version);
        if let Some(text) = text.as_ref().and_then(|version| version.document()) {
            fields.extend(self.statement_fields(&decoded(text)));
        }
        Ok(Some(Observed::new(fields, owner)))
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        const CALL: &str = "iam:CreatePolicy";
        let create = context.aws.iam.create_policy().policy_name(&self.names.policy);
        let create = create
            .path(&self.names.iam_path)
            .description(format!(
                "What the image function of the stack {} may do",
                self.names.stack
            ))
            .policy_document(self.document())
            .set_tags(Some(iam_tags(&self.names.tags, CALL)?));
        match create.send().await.calling(CALL) {
            Err(error) if error.code().starts_with("EntityAlreadyExists") => Ok(Details::new()),
            other => other.map(|_| Details::new()),
        }
    }

    async fn update(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
        edits: &[Edit],
    ) -> Result<Details, AwsError> {
        const CALL: &str = "iam:TagPolicy";
        if touches(edits, DOCUMENT_PATH) {
            self.put_version(context).await?;
        }
        if touches(edits, "tags") {
            let tag = context.aws.iam.tag_policy().policy_arn(&self.names.policy_arn);
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
        const CALL: &str = "iam:DeletePolicy";
        let iam = &context.aws.iam;
        let arn = &self.names.policy_arn;
        self.detach(context).await?;
        let versions = iam.list_policy_versions().policy_arn(arn).send().await;
        if let Some(versions) = versions.found("iam:ListPolicyVersions")? {
            for version in
                versions.versions().iter().filter(|version| !version.is_default_version())
            {
                self.delete_version(context, version.version_id().unwrap_or_default()).await?;
            }
        }
        let wait = context.wait(CALL, "IAM to see the policy detached", DETACH_SECS_MAX);
        retry_while(
            &wait,
            |error| error.code().starts_with("DeleteConflict"),
            || async { iam.delete_policy().policy_arn(arn).send().await.found(CALL) },
        )
        .await?;
        Ok(Removal::Gone)
    }
}
