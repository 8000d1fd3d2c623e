//! Which role the function runs as, by the role's identifier and not only by its name.
//!
//! A role that was deleted and made again under the same name is another one. Lambda gave the right
//! to decrypt the function's environment to the identifier of the old one, so that every invocation
//! fails until the function was set to a different role and back; to set the same name again is not
//! known to help (hashicorp/terraform-provider-aws#9703). Nothing that Lambda tells of a function
//! shows it, so the identifier is kept in a tag.

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;

use super::Fields;
use super::state::is_role_settling;
use super::{Function, ROLE_SECS_MAX, UPDATE_SECS_MAX};
use crate::aws::call::Cause;
use crate::aws::iam::role_id;
use crate::aws::lambda::is_busy;
use crate::aws::wait::{Probe, retry_while, wait_until};
use crate::aws::{AwsError, Calling};
use crate::engine::resource::{Context, Observed, Owner};

/// The tag with the identifier of the role that the function was last set to.
const TAG: &str = "imgprep:role-id";
/// The tag's value for a function that cannot be set to another role.
const STUCK: &str = "stuck";

/// The field's value as long as the function runs as the role that is there.
pub(super) const CURRENT: &str = "that of the role";
/// Its value where neither tag nor role is there.
const UNKNOWN: &str = "that of a role that is gone";

/// The detail under which the identifier is remembered that the function runs as.
const RUNS_AS_DETAIL: &str = "runs_as";

const CALL: &str = "lambda:UpdateFunctionConfiguration";

/// Notes on a function which role it runs as, beside the identifier of the role that is there.
pub(super) fn observe(
    observed: &mut Observed<Fields>,
    function: &GetFunctionOutput,
    role: Option<String>,
) {
    let tag = function.tags().and_then(|tags| tags.get(TAG)).cloned();
    observed.fields.role_id = match (&tag, &role) {
        (Some(known), Some(role)) if known == role => Some(CURRENT.to_owned()),
        (Some(known), _) => Some(known.clone()),
        // Made by a version that kept no identifier: it only gets the tag.
        (None, Some(_)) => None,
        (None, None) => Some(UNKNOWN.to_owned()),
    };
    if tag.as_deref() == Some(STUCK) {
        let why = "Lambda cannot move it off a deleted role; waiting events are lost with it, so \
                   run `imgprep backfill` afterwards";
        observed.beyond_repair = Some(why.to_owned());
    }
    observed.details.extend(tag.or(role).map(|id| (RUNS_AS_DETAIL, id)));
}

/// The tag that says so of a function.
pub(super) fn tag(role: String) -> (String, String) {
    (TAG.to_owned(), role)
}

impl Function {
    /// The identifier of the function's role, which may be as new as the function.
    pub(super) async fn role_id(&self, context: &Context<'_>) -> Result<String, AwsError> {
        if let Some(id) = context.aws.made_roles.lock().await.get(&self.names.role) {
            return Ok(id.clone());
        }
        let wait =
            context.wait("iam:GetRole", "the new role to become visible in IAM", ROLE_SECS_MAX);
        wait_until(&wait, || async {
            Ok(match role_id(context.aws, &self.names.role).await? {
                Some(id) => Probe::Done(id),
                None => Probe::Pending("the role does not exist yet".to_owned()),
            })
        })
        .await
    }

    /// Has the function run as the role that is there, and remembers which one that is.
    pub(super) async fn run_as_current_role(
        &self,
        context: &Context<'_>,
        observed: &Observed,
    ) -> Result<(), AwsError> {
        let current = self.role_id(context).await?;
        if observed.details.get(RUNS_AS_DETAIL) != Some(&current) {
            match self.set_away_and_back(context).await {
                Err(error) if is_refused(&error) => {
                    self.put_tags(context, [tag(STUCK.to_owned())]).await?;
                    return Err(error.explained(
                        "Lambda cannot move the function off its deleted role; the next `imgprep \
                         up` creates the function again",
                    ));
                }
                other => other?,
            }
        }
        // Only now does the tag tell the truth: a run that was cut off does all this once more.
        self.put_tags(context, [tag(current)]).await
    }

    /// Sets the function to another role for a moment. What it is sent meanwhile it cannot process,
    /// and Lambda sends it again.
    async fn set_away_and_back(&self, context: &Context<'_>) -> Result<(), AwsError> {
        (context.warn)("its role was recreated; it is switched to another role and back");
        self.temporary_role.create(context).await?;
        for role in [&self.names.temporary_role_arn(), &self.names.role_arn] {
            self.put_role(context, role).await?;
        }
        self.ready(context).await?;
        let made = Observed::new(self.temporary_role.fields(), Owner::Ours);
        self.temporary_role.delete(context, &made).await.map(|_| ())
    }

    async fn put_role(&self, context: &Context<'_>, role: &str) -> Result<(), AwsError> {
        let wait = context.wait(CALL, "Lambda to accept another role", UPDATE_SECS_MAX);
        let is_transient = |error: &AwsError| is_busy(error) || is_role_settling(error);
        retry_while(&wait, is_transient, || async {
            let revision = self.ready(context).await?.revision;
            let put = context.aws.lambda.update_function_configuration();
            let put = put.function_name(&self.names.function).set_revision_id(revision);
            put.role(role).send().await.calling(CALL)
        })
        .await?;
        Ok(())
    }
}

/// Whether Lambda refuses the change itself, so that trying again is of no use.
fn is_refused(error: &AwsError) -> bool {
    let is_answer =
        matches!(error.cause, Cause::Answer { .. }) && (400..500).contains(&error.status());
    is_answer
        && error.call == CALL
        && !error.is_denied()
        && !error.is_throttled()
        && !is_busy(error)
}
