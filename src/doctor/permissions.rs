//! Whether whoever runs imgprep may do what `imgprep up` does, as IAM itself answers it, without a
//! call that changes anything.

use aws_sdk_iam::types::{
    ContextEntry, ContextKeyTypeEnum, EvaluationResult, PolicyEvaluationDecisionType,
};
use serde_json::Value;

use super::{Check, Subject, Verdict};
use crate::aws::{Aws, AwsError, Calling};
use crate::config::Config;
use crate::names::Names;
use crate::operator::{self, Need, Operation, UpOptions};

const CALL: &str = "iam:SimulatePrincipalPolicy";
/// How many refused actions are named.
const NAMED_MAX: usize = 8;

/// Asks IAM about every action that `up` and, for looking, every other command needs.
pub(crate) async fn check(aws: &Aws, config: &Config, names: &Names) -> Check {
    let principal = match principal(aws).await {
        Ok(Principal::Named(arn)) => arn,
        Ok(Principal::Root) => {
            return Subject::Permissions
                .is(Verdict::Warning, "the root user of the account may do everything")
                .with_hint("use a role or a user with what `imgprep iam-policy` prints");
        }
        Ok(Principal::Unknown) => return unknown("IAM simulates nothing for federated users"),
        Err(error) => return unknown(error.message()),
    };
    let needs = operator::needs(Operation::Up(UpOptions::default()), config, names);
    let (mut asked, mut refused) = (0, Vec::new());
    for need in &needs {
        match simulate(aws, &principal, need).await {
            Ok(results) => {
                asked += results.len();
                refused.extend(results.into_iter().filter_map(|it| Refused::of(&it)));
            }
            Err(error) => return unknown(error.message()),
        }
    }
    verdict(&principal, asked, &refused)
}

/// Whose policies are asked.
enum Principal {
    Named(String),
    Root,
    Unknown,
}

/// The identity that policies are attached to, which for a session is its role.
async fn principal(aws: &Aws) -> Result<Principal, AwsError> {
    let Some(resource) = aws.caller.splitn(6, ':').nth(5) else { return Ok(Principal::Unknown) };
    let mut parts = resource.split('/');
    match (parts.next(), parts.next()) {
        (Some("root"), _) => Ok(Principal::Root),
        (Some("user"), _) => Ok(Principal::Named(aws.caller.clone())),
        (Some("assumed-role"), Some(role)) => {
            // The ARN of a session lacks the path of its role.
            let get = aws.iam.get_role().role_name(role).send().await.calling("iam:GetRole")?;
            Ok(get.role.map_or(Principal::Unknown, |role| Principal::Named(role.arn)))
        }
        _ => Ok(Principal::Unknown),
    }
}

async fn simulate(
    aws: &Aws,
    principal: &str,
    need: &Need,
) -> Result<Vec<EvaluationResult>, AwsError> {
    let (mut results, mut marker) = (Vec::new(), None);
    loop {
        let ask = aws.iam.simulate_principal_policy().policy_source_arn(principal);
        let ask =
            ask.set_action_names(Some(need.actions.iter().map(ToString::to_string).collect()));
        let ask = ask.set_resource_arns(Some(need.resources.clone()));
        let ask = ask.set_context_entries(Some(context(need.condition.as_ref())));
        let page = ask.set_marker(marker).send().await.calling(CALL)?;
        results.extend(page.evaluation_results.unwrap_or_default());
        marker = page.marker.filter(|_| page.is_truncated);
        if marker.is_none() {
            return Ok(results);
        }
    }
}

/// What a request has in it that the statement's condition asks for.
fn context(condition: Option<&Value>) -> Vec<ContextEntry> {
    let operators = condition.and_then(Value::as_object).into_iter().flat_map(|it| it.values());
    let keys = operators.filter_map(Value::as_object).flatten();
    let entry = |(key, value): (&String, &Value)| {
        let values = match value {
            Value::Array(values) => values.clone(),
            value => vec![value.clone()],
        };
        let values = values.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
        ContextEntry::builder()
            .context_key_name(key)
            .set_context_key_values(Some(values))
            .context_key_type(ContextKeyTypeEnum::String)
            .build()
    };
    keys.map(entry).collect()
}

/// An action that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refused {
    action: String,
    /// Whether the account's organization forbids it, whatever the account's own policies say.
    by_organization: bool,
}

impl Refused {
    fn of(result: &EvaluationResult) -> Option<Self> {
        if result.eval_decision == PolicyEvaluationDecisionType::Allowed {
            return None;
        }
        let organization = result.organizations_decision_detail.as_ref();
        Some(Self {
            action: result.eval_action_name.clone(),
            by_organization: organization.is_some_and(|it| !it.allowed_by_organizations),
        })
    }
}

fn verdict(principal: &str, asked: usize, refused: &[Refused]) -> Check {
    if refused.is_empty() {
        let detail = format!("{principal} may do all {asked} actions of `imgprep up`");
        return Subject::Permissions.is(Verdict::Fine, detail);
    }
    let mut names: Vec<&str> = refused.iter().map(|it| it.action.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let more = names.len().saturating_sub(NAMED_MAX);
    let first = names[..names.len() - more].join(", ");
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let detail =
        format!("{principal} may not do {} of {asked} actions of `imgprep up`", refused.len());
    let mut check = Subject::Permissions.is(Verdict::Failed, detail);
    check.details.push(format!("{first}{rest}"));
    check.with_hint(if refused.iter().any(|it| it.by_organization) {
        "a service control policy of your organization forbids some of them: ask whoever manages it"
    } else {
        "attach what `imgprep iam-policy up` prints to it"
    })
}

/// IAM does not say.
fn unknown(why: &str) -> Check {
    let detail = format!("not known: {why}");
    Subject::Permissions
        .is(Verdict::Skipped, detail)
        .with_hint("`imgprep iam-policy up` prints what is needed")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_condition_becomes_what_the_request_has() {
        let condition = json!({
            "StringEquals": { "iam:PassedToService": "lambda.amazonaws.com" },
            "ArnLike": { "iam:PolicyARN": ["one", "two"] },
        });
        let entries = context(Some(&condition));
        let found: Vec<(&str, &[String])> = entries
            .iter()
            .map(|it| (it.context_key_name().unwrap(), it.context_key_values()))
            .collect();
        assert_eq!(
            found,
            [
                ("iam:PolicyARN", &["one".to_owned(), "two".to_owned()][..]),
                ("iam:PassedToService", &["lambda.amazonaws.com".to_owned()][..]),
            ]
        );
        assert_eq!(context(None), []);
    }

    #[test]
    fn what_is_refused_is_named_once_and_not_without_end() {
        let refused = |action: &str| Refused { action: action.to_owned(), by_organization: false };
        let check = verdict("arn", 20, &[]);
        assert_eq!(
            (check.verdict, check.details),
            (Verdict::Fine, vec!["arn may do all 20 actions of `imgprep up`".to_owned()])
        );
        let all: Vec<Refused> = (0..10).map(|at| refused(&format!("s3:Act{at}"))).collect();
        let check = verdict("arn", 20, &[all.clone(), vec![refused("s3:Act0")]].concat());
        assert_eq!(check.verdict, Verdict::Failed);
        assert_eq!(
            check.details,
            [
                "arn may not do 11 of 20 actions of `imgprep up`",
                "s3:Act0, s3:Act1, s3:Act2, s3:Act3, s3:Act4, s3:Act5, s3:Act6, s3:Act7 and 2 more",
            ]
        );
        assert!(check.hint.unwrap().contains("`imgprep iam-policy up`"));
        let forbidden = Refused { by_organization: true, ..refused("s3:Act") };
        assert!(verdict("arn", 1, &[forbidden]).hint.unwrap().contains("organization"));
    }
}
