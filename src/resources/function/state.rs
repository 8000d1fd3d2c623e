//! Whether Lambda takes changes of a function now.

use std::collections::HashMap;

use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::types::{FunctionConfiguration, LastUpdateStatus, State};

use crate::aws::AwsError;
use crate::aws::wait::Probe;

/// What a change of the configuration starts from.
pub(super) struct Current {
    pub(super) variables: HashMap<String, String>,
    pub(super) revision: Option<String>,
}

/// The configuration to start a change from, once nothing else is under way. `call` is the one that
/// got the answer.
pub(super) fn probe(
    call: &'static str,
    now: GetFunctionConfigurationOutput,
) -> Result<Probe<Current>, AwsError> {
    let failed = |what: &str, why: Option<String>| {
        Err(AwsError::request(call, format!("{what}: {}", why.unwrap_or_default())))
    };
    match (&now.state, &now.last_update_status) {
        (Some(State::Failed), _) => failed("the function failed to start", now.state_reason),
        (_, Some(LastUpdateStatus::Failed)) => {
            failed("the last update failed", now.last_update_status_reason)
        }
        (Some(State::Pending), _) => Ok(Probe::Pending("the function is pending".to_owned())),
        (_, Some(LastUpdateStatus::InProgress)) => {
            Ok(Probe::Pending("an update is in progress".to_owned()))
        }
        _ => Ok(Probe::Done(Current {
            variables: now.environment.and_then(|all| all.variables).unwrap_or_default(),
            revision: now.revision_id,
        })),
    }
}

/// What Lambda is still doing to the function by itself.
pub(super) fn deploying(now: &FunctionConfiguration) -> Option<String> {
    if now.state() == Some(&State::Pending) {
        Some("Lambda is still starting it".to_owned())
    } else if now.last_update_status() == Some(&LastUpdateStatus::InProgress) {
        Some("Lambda is still updating it".to_owned())
    } else {
        None
    }
}

/// What Lambda answers for a failure destination that is as new as the role's right to use it
/// (Terraform's provider waits for the same words, `function_event_invoke_config.go`).
pub(super) fn is_destination_settling(error: &AwsError) -> bool {
    error.says("destination ARN") && error.says("is invalid")
}

/// What Lambda answers for a role that IAM has not spread everywhere yet.
pub(super) fn is_role_settling(error: &AwsError) -> bool {
    [
        "cannot be assumed by Lambda",
        "does not have permissions",
        "doesn't have permissions",
        "KMS key is invalid for CreateGrant",
    ]
    .iter()
    .any(|fragment| error.says(fragment))
}
