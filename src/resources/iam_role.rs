//! An IAM role that a service assumes: all that the stack's roles have in common. What each is for is in
//! its own folder.

use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_iam::operation::list_attached_role_policies::ListAttachedRolePoliciesOutput;
use aws_sdk_iam::operation::list_instance_profiles_for_role::ListInstanceProfilesForRoleOutput;
use aws_sdk_iam::operation::list_role_policies::ListRolePoliciesOutput;
use futures_util::try_join;
use serde_json::{Value, json};

use super::{Blueprint, Member, Trace};
use crate::aws::iam::{PROPAGATION_SECS_MAX, all_pages, decoded, iam_tags};
use crate::aws::policy as document;
use crate::aws::wait::retry_while;
use crate::aws::{Aws, AwsError, Calling};
use crate::engine::edits::Edits;
use crate::engine::fields::{Path, Tags};
use crate::engine::resource::{Context, Details, Erased, Id, Observed, Removal, Resource, ours_or};
use crate::names::{Names, tags};
use crate::permissions::Row;
use crate::template::Export;
use crate::template::cloudformation::{self, CloudFormation};
use crate::template::terraform::{Terraform, policy};

/// What one role is for.
pub(crate) trait Purpose: Send + Sync + 'static {
    const ID: Id;

    /// Who assumes it.
    const SERVICE: &'static str;

    /// What it is called in templates of `CloudFormation` and of Terraform.
    const IN_TEMPLATES: (&'static str, &'static str);

    const PERMISSIONS: &'static [Row];

    /// How one that no file names is found.
    const TRACES: &'static [Trace];

    /// Where its members are in templates, for the tests of all templates.
    #[cfg(test)]
    const MEMBERS: &'static str;

    /// The name of the one that the file asks for.
    fn known_as(names: &Names) -> Option<&str>;

    /// The name of the one that a command makes.
    fn made_by_command(_names: &Names) -> Option<&str> {
        None
    }

    /// For people who look at it in IAM.
    fn description(names: &Names) -> String;

    /// What it may do, where that is said in the role itself.
    fn statements(_names: &Names) -> Option<Vec<Value>> {
        None
    }
}

/// The name of the policy in a role that says what it may do.
const INLINE: &str = "imgprep";

fields! {
    pub(crate) struct Fields {
        tags: Tags,
        path: String,
        trust: Option<Value>,
        /// Not wanted where the file names none: one that somebody else set is theirs to take off.
        permissions_boundary: Option<String>,
        /// What it may do, where that is said in the role itself.
        policy: Option<Value>,
    }
}

/// A role for one purpose.
pub(crate) struct IamRole<P> {
    names: Arc<Names>,
    role: String,
    /// The ARN of the policy that bounds what the role can do.
    boundary: Option<String>,
    is_retired: bool,
    purpose: PhantomData<fn() -> P>,
}

impl<P: Purpose> IamRole<P> {
    /// One of this name, as the file would have it.
    pub(super) fn of_file(blueprint: &Blueprint<'_>, name: &str) -> Self {
        let boundary = blueprint.config.function.permissions_boundary.clone();
        Self { boundary, ..Self::new(blueprint.names(), name) }
    }

    fn new(names: Arc<Names>, name: &str) -> Self {
        let role = name.to_owned();
        Self { names, role, boundary: None, is_retired: false, purpose: PhantomData }
    }

    fn statement() -> Value {
        json!({
            "Effect": "Allow",
            "Principal": { "Service": P::SERVICE },
            "Action": "sts:AssumeRole",
        })
    }

    /// The policy in the role.
    fn policy(&self) -> Option<String> {
        P::statements(&self.names).map(|all| document::document(&all).to_string())
    }

    fn trust() -> String {
        document::document(&[Self::statement()]).to_string()
    }

    async fn create_role(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "iam:CreateRole";
        let wait = context.wait(CALL, "IAM to know the role's principal", PROPAGATION_SECS_MAX);
        let tags = iam_tags(&self.names.iam_tags(), CALL)?;
        let made = retry_while(&wait, is_settling, || async {
            let create = context.aws.iam.create_role().role_name(&self.role);
            let create = create
                .path(&self.names.iam_path)
                .description(P::description(&self.names))
                .assume_role_policy_document(Self::trust())
                .set_permissions_boundary(self.boundary.clone())
                .set_tags(Some(tags.clone()));
            create.send().await.calling(CALL)
        })
        .await?;
        if let Some(role) = made.role {
            let mut made_roles = context.aws.made_roles.lock().await;
            made_roles.insert(self.role.clone(), role.role_id);
        }
        Ok(())
    }

    async fn put_trust(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "iam:UpdateAssumeRolePolicy";
        let wait = context.wait(CALL, "IAM to know the role's principal", PROPAGATION_SECS_MAX);
        retry_while(&wait, is_settling, || async {
            let put = context.aws.iam.update_assume_role_policy().role_name(&self.role);
            put.policy_document(Self::trust()).send().await.calling(CALL)
        })
        .await?;
        Ok(())
    }

    async fn put_boundary(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "iam:PutRolePermissionsBoundary";
        let wait = context.wait(CALL, "IAM to finish an earlier change", PROPAGATION_SECS_MAX);
        retry_while(&wait, is_settling, || async {
            let put = context.aws.iam.put_role_permissions_boundary().role_name(&self.role);
            let put = put.set_permissions_boundary(self.boundary.clone());
            put.send().await.calling(CALL)
        })
        .await?;
        Ok(())
    }

    async fn put_policy(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "iam:PutRolePolicy";
        let Some(policy) = self.policy() else { return Ok(()) };
        let wait = context.wait(CALL, "IAM to show the new role", PROPAGATION_SECS_MAX);
        let is_early = |error: &AwsError| error.is_not_found() || is_settling(error);
        retry_while(&wait, is_early, || async {
            let put = context.aws.iam.put_role_policy().role_name(&self.role);
            put.policy_name(INLINE).policy_document(&policy).send().await.calling(CALL)
        })
        .await?;
        Ok(())
    }

    /// The policy in the role, as IAM has it.
    ///
    /// Whoever may not read it may do everything else with the stack all the same: it is then taken for
    /// right, with a note.
    async fn read_policy(&self, aws: &Aws) -> Result<(Option<Value>, Option<String>), AwsError> {
        let Some(wanted) = self.policy() else { return Ok((None, None)) };
        let get = aws.iam.get_role_policy().role_name(&self.role).policy_name(INLINE);
        match get.send().await.found("iam:GetRolePolicy") {
            Ok(answer) => {
                let policy = answer.map(|it| decoded(&it.policy_document));
                Ok((policy.map(|it| document::canonical_document(&it)), None))
            }
            Err(error) if error.is_denied() => {
                let note = format!("cannot tell what it may do: {error}");
                Ok((Some(document::canonical_document(&wanted)), Some(note)))
            }
            Err(error) => Err(error),
        }
    }

    /// Takes off everything that keeps IAM from deleting a role, also what people put on by hand.
    async fn strip(&self, context: &Context<'_>) -> Result<(), AwsError> {
        let (iam, role) = (&context.aws.iam, &self.role);
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
impl<P: Purpose> Resource for IamRole<P> {
    type Fields = Fields;

    const ID: Id = P::ID;

    /// IAM has no call that moves a role to another path.
    const IMMUTABLE: &'static [Path<Fields>] = &[Fields::path];

    fn name(&self) -> String {
        self.role.clone()
    }

    fn arn(&self) -> Option<String> {
        Some(self.names.role_named(&self.role))
    }

    fn fields(&self) -> Fields {
        Fields {
            tags: self.names.iam_tags(),
            path: self.names.iam_path.clone(),
            trust: Some(document::canonical_document(&Self::trust())),
            permissions_boundary: self.boundary.clone(),
            policy: self.policy().map(|policy| document::canonical_document(&policy)),
        }
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed<Fields>>, AwsError> {
        let role = aws.iam.get_role().role_name(&self.role).send().await;
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
        let (policy, note) = self.read_policy(aws).await?;
        let (path, permissions_boundary) = (role.path, boundary);
        let fields = Fields { tags, path, trust, permissions_boundary, policy };
        Ok(Some(Observed { note, ..Observed::new(fields, owner) }))
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        match self.create_role(context).await {
            Err(error) if error.code().starts_with("EntityAlreadyExists") => {
                ours_or(error, self, context.aws).await?;
            }
            other => other?,
        }
        self.put_policy(context).await?;
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
        if edits.touch(Fields::policy) {
            self.put_policy(context).await?;
        }
        if edits.touch(Fields::permissions_boundary) {
            self.put_boundary(context).await?;
        }
        if edits.touch(Fields::tags) {
            const CALL: &str = "iam:TagRole";
            let wait = context.wait(CALL, "IAM to finish an earlier change", PROPAGATION_SECS_MAX);
            let tags = iam_tags(&edits.tags(Fields::tags), CALL)?;
            retry_while(&wait, is_settling, || async {
                let tag = context.aws.iam.tag_role().role_name(&self.role);
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
                let delete = context.aws.iam.delete_role().role_name(&self.role);
                delete.send().await.found(CALL)
            },
        )
        .await?;
        Ok(Removal::Gone)
    }
}

impl<P: Purpose> Member for IamRole<P> {
    const PERMISSIONS: &'static [Row] = P::PERMISSIONS;

    const TRACES: &'static [Trace] = P::TRACES;

    fn wanted(blueprint: &Blueprint<'_>) -> Option<Self> {
        let name = P::known_as(blueprint.names)?;
        Some(Self::of_file(blueprint, name))
    }

    fn known_as(names: &Names) -> Option<&str> {
        P::known_as(names)
    }

    fn made_by_command(names: &Names) -> Option<&str> {
        P::made_by_command(names)
    }

    fn left(blueprint: &Blueprint<'_>, name: &str) -> Erased {
        if P::made_by_command(blueprint.names) == Some(name) {
            return Box::new(Self::of_file(blueprint, name));
        }
        Box::new(Self { is_retired: true, ..Self::new(blueprint.names(), name) })
    }
}

impl<P: Purpose> Export for IamRole<P> {
    fn cloudformation(&self, template: &mut CloudFormation<'_>) {
        let fields = self.fields();
        let properties = json!({
            "RoleName": self.name(),
            "Path": fields.path,
            "Description": P::description(&self.names),
            "AssumeRolePolicyDocument": document::document(&[Self::statement()]),
            "PermissionsBoundary": fields.permissions_boundary,
            "Tags": cloudformation::tags(&fields.tags),
        });
        template.add(P::IN_TEMPLATES.0, "AWS::IAM::Role", properties);
    }

    fn terraform(&self, module: &mut Terraform<'_>) {
        let fields = self.fields();
        let name = P::IN_TEMPLATES.1;
        let trust = format!("{name}_policy");
        *module.local(&trust) = document::document(&[Self::statement()]);
        let arguments = json!({
            "name": self.name(),
            "path": fields.path,
            "description": P::description(&self.names),
            "assume_role_policy": policy(&trust),
            "permissions_boundary": fields.permissions_boundary,
            "tags": fields.tags,
        });
        module.add("aws_iam_role", name, arguments);
    }

    #[cfg(test)]
    fn members(&self) -> &'static str {
        P::MEMBERS
    }
}

/// How IAM answers about what it was told of a moment ago.
fn is_settling(error: &AwsError) -> bool {
    error.code().starts_with("ConcurrentModification")
        || error.code().starts_with("MalformedPolicyDocument") && error.says("Invalid principal")
}
