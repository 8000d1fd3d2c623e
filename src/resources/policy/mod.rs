//! The managed IAM policy that says what the function may do, the least that it needs, and its
//! attachment to the role that the function runs as.

mod export;
mod permissions;
mod statements;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_iam::operation::list_attached_role_policies::ListAttachedRolePoliciesOutput;
use aws_sdk_iam::operation::list_entities_for_policy::ListEntitiesForPolicyOutput;
use aws_sdk_iam::types::PolicyVersion;
use futures_util::future::try_join_all;
use futures_util::try_join;
use serde_json::Value;

use super::{Blueprint, Member, Trace, role};
use crate::aws::iam::{PROPAGATION_SECS_MAX, all_pages, decoded, iam_tags, policy_characters};
use crate::aws::policy as document;
use crate::aws::wait::retry_while;
use crate::aws::{Aws, AwsError, Calling};
use crate::engine::edits::Edits;
use crate::engine::fields::{Field, Keyed, Path, Statements, Tags, Values, below};
use crate::engine::resource::{
    Context, Details, Erased, Id, Kind, Observed, Removal, Resource, ours_or,
};
use crate::names::{Names, tags};
use crate::permissions::Row;

pub(crate) const ID: Id = Id(&Kind::new("policy", "AWS::IAM::ManagedPolicy"));

/// IAM keeps at most this many versions of a policy (IAM User Guide, "IAM and AWS STS quotas").
const VERSIONS_MAX: usize = 5;
/// How often the version of a full list of versions is made room for, if others fill it again.
const ROOM_MADE_MAX: usize = 3;

fields! {
    pub(crate) struct Fields {
        tags: Tags,
        document: Document,
        /// By the name of the role.
        attachments: Keyed<&'static str>,
    }
}

/// A document statement by statement, and whatever else it allows, which should be nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Document {
    ours: Statements,
    others: Vec<Value>,
}

impl Field for Document {
    fn list(&self, path: &str, values: &mut Values) {
        self.ours.list(path, values);
        values.set(below(path, "others"), self.others.clone());
    }
}

pub(crate) struct Policy {
    names: Arc<Names>,
    statements: Vec<Value>,
}

impl Policy {
    fn new(names: Arc<Names>, statements: Vec<Value>) -> Self {
        Self { names, statements }
    }

    fn document(&self) -> String {
        document::document(&self.statements).to_string()
    }

    /// How long the document is, as IAM counts.
    pub(crate) fn characters(&self) -> usize {
        policy_characters(&document::document(&self.statements))
    }

    fn statement_by_statement(&self, document: &str) -> Document {
        let sids: Vec<_> = self.statements.iter().map(|ours| ours.get("Sid")).collect();
        let (ours, others): (Vec<Value>, Vec<Value>) = document::statements(Some(document))
            .iter()
            .map(document::canonical)
            .partition(|statement| sids.contains(&statement.get("Sid")));
        let by_sid = |statement: Value| {
            let sid = statement.get("Sid").and_then(Value::as_str).unwrap_or_default();
            (sid.to_owned(), statement.clone())
        };
        Document { ours: Statements(ours.into_iter().map(by_sid).collect()), others }
    }

    fn attachment(&self) -> Keyed<&'static str> {
        Keyed(BTreeMap::from([(self.names.role.clone(), "attached")]))
    }

    fn description(&self) -> String {
        format!("What the image function of the stack {} may do", self.names.stack)
    }

    async fn attach(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "iam:AttachRolePolicy";
        let wait = context.wait(
            CALL,
            "the new role and policy to become visible in IAM",
            PROPAGATION_SECS_MAX,
        );
        retry_while(&wait, is_settling, || async {
            let attach = context.aws.iam.attach_role_policy().role_name(&self.names.role);
            attach.policy_arn(&self.names.policy_arn).send().await.calling(CALL)
        })
        .await?;
        Ok(())
    }

    /// Makes our document the one in force. IAM keeps few versions, so the oldest gives way.
    async fn put_version(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "iam:CreatePolicyVersion";
        let iam = &context.aws.iam;
        for _ in 0..ROOM_MADE_MAX {
            self.make_room(context).await?;
            let create = iam.create_policy_version().policy_arn(&self.names.policy_arn);
            let create = create.policy_document(self.document()).set_as_default(true);
            match create.send().await.calling(CALL) {
                // Another writer filled the list again.
                Err(error) if error.code().starts_with("LimitExceeded") => {}
                other => return other.map(|_| ()),
            }
        }
        Err(AwsError::request(CALL, "somebody else keeps creating versions of the policy"))
    }

    async fn make_room(&self, context: &Context<'_>) -> Result<(), AwsError> {
        let versions = self.versions(context.aws).await?;
        let old = versions.iter().filter(|version| !version.is_default_version());
        let oldest = old.min_by_key(|version| version.create_date().copied());
        match oldest.filter(|_| versions.len() >= VERSIONS_MAX) {
            Some(oldest) => {
                self.delete_version(context, oldest.version_id().unwrap_or_default()).await
            }
            None => Ok(()),
        }
    }

    async fn versions(&self, aws: &Aws) -> Result<Vec<PolicyVersion>, AwsError> {
        let pages = all_pages(|marker| async {
            let list = aws.iam.list_policy_versions().policy_arn(&self.names.policy_arn);
            list.set_marker(marker).send().await.found("iam:ListPolicyVersions")
        });
        Ok(pages.await?.into_iter().filter_map(|page| page.versions).flatten().collect())
    }

    async fn delete_version(&self, context: &Context<'_>, version: &str) -> Result<(), AwsError> {
        let delete = context.aws.iam.delete_policy_version().policy_arn(&self.names.policy_arn);
        delete.version_id(version).send().await.found("iam:DeletePolicyVersion")?;
        Ok(())
    }

    /// Detaches it from everything, also from what people attached it to by hand.
    async fn detach_all(&self, context: &Context<'_>) -> Result<(), AwsError> {
        let iam = &context.aws.iam;
        let arn = &self.names.policy_arn;
        let pages = all_pages(|marker| async {
            let list = iam.list_entities_for_policy().policy_arn(arn).set_marker(marker);
            list.send().await.found("iam:ListEntitiesForPolicy")
        });
        let pages = pages.await?;
        for role in pages.iter().flat_map(ListEntitiesForPolicyOutput::policy_roles) {
            let detach =
                iam.detach_role_policy().policy_arn(arn).set_role_name(role.role_name.clone());
            detach.send().await.found("iam:DetachRolePolicy")?;
        }
        for user in pages.iter().flat_map(ListEntitiesForPolicyOutput::policy_users) {
            let detach =
                iam.detach_user_policy().policy_arn(arn).set_user_name(user.user_name.clone());
            detach.send().await.found("iam:DetachUserPolicy")?;
        }
        for group in pages.iter().flat_map(ListEntitiesForPolicyOutput::policy_groups) {
            let detach = iam.detach_group_policy().policy_arn(arn);
            let detach = detach.set_group_name(group.group_name.clone()).send().await;
            detach.found("iam:DetachGroupPolicy")?;
        }
        Ok(())
    }
}

#[async_trait]
impl Resource for Policy {
    type Fields = Fields;

    const ID: Id = ID;

    const HELD_BY: &'static [(Id, Path<Fields>)] = &[(role::ID, Fields::attachments)];

    fn name(&self) -> String {
        self.names.policy.clone()
    }

    fn arn(&self) -> Option<String> {
        Some(self.names.policy_arn.clone())
    }

    fn fields(&self) -> Fields {
        Fields {
            tags: self.names.iam_tags(),
            document: self.statement_by_statement(&self.document()),
            attachments: self.attachment(),
        }
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed<Fields>>, AwsError> {
        let arn = &self.names.policy_arn;
        let role = &self.names.role;
        let policy =
            async { aws.iam.get_policy().policy_arn(arn).send().await.found("iam:GetPolicy") };
        let attached = all_pages(|marker| async {
            let list = aws.iam.list_attached_role_policies().role_name(role).set_marker(marker);
            list.send().await.found("iam:ListAttachedRolePolicies")
        });
        let (policy, attached) = try_join!(policy, attached)?;
        let Some(policy) = policy.and_then(|answer| answer.policy) else { return Ok(None) };
        let mut fields = Fields {
            tags: tags(policy.tags().iter().map(|tag| (tag.key(), tag.value()))),
            ..Fields::default()
        };
        let owner = self.names.iam_owner(&fields.tags);
        let version = aws.iam.get_policy_version().policy_arn(arn);
        let version = version.version_id(policy.default_version_id().unwrap_or("v1"));
        let version = version.send().await.found("iam:GetPolicyVersion")?;
        let text = version.and_then(|answer| answer.policy_version);
        if let Some(text) = text.as_ref().and_then(|version| version.document()) {
            fields.document = self.statement_by_statement(&decoded(text));
        }
        let mut attached =
            attached.iter().flat_map(ListAttachedRolePoliciesOutput::attached_policies);
        if attached.any(|policy| policy.policy_arn() == Some(arn)) {
            fields.attachments = self.attachment();
        }
        Ok(Some(Observed::new(fields, owner)))
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        const CALL: &str = "iam:CreatePolicy";
        let wait = context.wait(CALL, "IAM to finish an earlier change", PROPAGATION_SECS_MAX);
        let tags = iam_tags(&self.names.iam_tags(), CALL)?;
        let description = self.description();
        let created = retry_while(&wait, is_settling, || async {
            let create = context.aws.iam.create_policy().policy_name(&self.names.policy);
            let create = create
                .path(&self.names.iam_path)
                .description(&description)
                .policy_document(self.document())
                .set_tags(Some(tags.clone()));
            create.send().await.calling(CALL)
        })
        .await;
        match created {
            Err(error) if error.code().starts_with("EntityAlreadyExists") => {
                ours_or(error, self, context.aws).await?;
            }
            other => drop(other?),
        }
        Ok(Details::new())
    }

    async fn complete(&self, context: &Context<'_>, created: Details) -> Result<Details, AwsError> {
        self.attach(context).await?;
        Ok(created)
    }

    async fn update(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
        edits: &Edits<Fields>,
    ) -> Result<Details, AwsError> {
        const CALL: &str = "iam:TagPolicy";
        if edits.touch(Fields::document) {
            self.put_version(context).await?;
        }
        if edits.touch(Fields::attachments) {
            self.attach(context).await?;
        }
        if edits.touch(Fields::tags) {
            let wait = context.wait(CALL, "IAM to finish an earlier change", PROPAGATION_SECS_MAX);
            let tags = iam_tags(&edits.tags(Fields::tags), CALL)?;
            let is_busy = |error: &AwsError| error.code().starts_with("ConcurrentModification");
            retry_while(&wait, is_busy, || async {
                let tag = context.aws.iam.tag_policy().policy_arn(&self.names.policy_arn);
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
        const CALL: &str = "iam:DeletePolicy";
        let iam = &context.aws.iam;
        let arn = &self.names.policy_arn;
        let versions = async {
            let versions = self.versions(context.aws).await?;
            let old = versions.iter().filter(|version| !version.is_default_version());
            let deletions = old.map(|version| {
                self.delete_version(context, version.version_id().unwrap_or_default())
            });
            try_join_all(deletions).await.map(|_| ())
        };
        try_join!(self.detach_all(context), versions)?;
        let wait = context.wait(CALL, "IAM to see the policy detached", PROPAGATION_SECS_MAX);
        retry_while(
            &wait,
            |error| error.code().starts_with("DeleteConflict"),
            || async { iam.delete_policy().policy_arn(arn).send().await.found(CALL) },
        )
        .await?;
        Ok(Removal::Gone)
    }
}

impl Member for Policy {
    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    const TRACES: &'static [Trace] = &[Trace::PolicyPath];

    fn wanted(blueprint: &Blueprint<'_>) -> Option<Self> {
        Some(Self::new(blueprint.names(), statements::of(blueprint)))
    }

    fn known_as(names: &Names) -> Option<&str> {
        Some(&names.policy)
    }

    fn left(blueprint: &Blueprint<'_>, name: &str) -> Erased {
        Box::new(Self::new(blueprint.names.with_policy(name).into(), Vec::new()))
    }
}

/// How IAM answers about what it was told of a moment ago.
fn is_settling(error: &AwsError) -> bool {
    error.is_not_found() || error.code().starts_with("ConcurrentModification")
}
