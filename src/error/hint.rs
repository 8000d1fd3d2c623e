//! What to do next about AWS's refusals, in the words of the hints.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::AwsError;
use crate::aws::call::{Cause, Unusable};
use crate::aws::clients::NO_REGION;
use crate::aws::denial::Denial;
use crate::error::Target;

/// The hint where no use could be made of AWS at all.
pub(super) fn connect_hint(error: &AwsError, target: Target) -> String {
    match (target, &error.cause) {
        (Target::Aws, _) | (_, Cause::Unusable(_)) => {}
        _ if error.message() == NO_REGION => {}
        (Target::ProfileAtLocal, _) => {
            return "this shell uses the local AWS, but `--profile` names another account: drop \
                    `--profile`, or `unset AWS_ENDPOINT_URL`"
                .to_owned();
        }
        (Target::LocalByEnvironment, Cause::Connection(_)) => {
            return "this shell uses the local AWS, which is not running: `imgprep local start`"
                .to_owned();
        }
        (Target::LocalByEnvironment, _) if error.is_bad_credentials() => {
            return "this shell has an old secret of the local AWS: run \
                    `eval \"$(imgprep local env)\"` again"
                .to_owned();
        }
        (Target::Local | Target::LocalByEnvironment, _) => {
            return "check `imgprep local status` and `imgprep local logs`".to_owned();
        }
    }
    match (&error.cause, error.code()) {
        _ if error.message() == NO_REGION => {
            "set `region` in the file, `AWS_REGION`, or `--region`".to_owned()
        }
        (Cause::Unusable(Unusable { hint, .. }), _) => hint.clone(),
        (Cause::Connection(why), _) if why.contains("certificate") => {
            "if a proxy intercepts TLS, point `AWS_CA_BUNDLE` to its certificate".to_owned()
        }
        (Cause::Connection(_), _) => {
            "check the network, `HTTPS_PROXY`, and `AWS_ENDPOINT_URL` if it is set".to_owned()
        }
        (Cause::Answer { .. }, code) if code.contains("Expired") && !error.is_wrong_clock() => {
            "the session has expired: run `aws sso login`, or renew the credentials".to_owned()
        }
        (Cause::Answer { .. }, "") => "whatever answered is not AWS: check `AWS_ENDPOINT_URL`, \
                                       `HTTPS_PROXY`, and whether the network asks for a login"
            .to_owned(),
        (Cause::Answer { .. } | Cause::Clock { .. }, _) => aws_hint(error),
        _ => "set `AWS_PROFILE`, or `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or run \
              `aws configure sso`; without an AWS account, add `--local`"
            .to_owned(),
    }
}

/// The hint for the first error; where that is a missing permission, with all that are missing, so
/// that nobody has to find them one run at a time.
pub(super) fn aws_hints(errors: &[&AwsError]) -> Option<String> {
    let first = errors.first()?;
    if !is_lack_of_permission(first) {
        return Some(aws_hint(first));
    }
    let lacking = errors.iter().copied().filter(|error| is_lack_of_permission(error));
    Some(permission_hint(lacking))
}

fn is_lack_of_permission(error: &AwsError) -> bool {
    error.is_denied() && !is_unverified_account(error)
}

/// Who has to change what: to allow more helps only where nothing denies.
fn permission_hint<'a>(errors: impl Iterator<Item = &'a AwsError>) -> String {
    let mut lacking = BTreeSet::new();
    let mut refused: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for error in errors {
        let permission = format!("`{}`", error.missing_permission());
        let (verb, kind) = match error.denial() {
            Denial::Lacking => {
                lacking.insert(permission);
                continue;
            }
            Denial::Withheld(kind) => ("allows", Some(kind)),
            Denial::Explicit(kind) => ("denies", kind),
        };
        let policy = kind.map_or("policy", |kind| kind.name);
        let keeper = kind.map_or(ADMINISTRATORS, |kind| kind.keeper);
        refused.entry((verb, policy, keeper)).or_default().insert(permission);
    }
    let join = |permissions: BTreeSet<String>| Vec::from_iter(permissions).join(", ");
    let mut hints = Vec::new();
    if !lacking.is_empty() {
        hints.push(format!("grant {} to whoever runs imgprep", join(lacking)));
    }
    hints.extend(refused.into_iter().map(|((verb, policy, keeper), permissions)| {
        let article = match (verb, policy) {
            ("allows", _) => "no",
            (_, "identity-based policy") => "an",
            _ => "a",
        };
        format!("{article} {policy} {verb} {}: {keeper} can change that", join(permissions))
    }));
    hints.join("; ")
}

/// Who may know the policy that AWS does not name.
const ADMINISTRATORS: &str = "whoever administers this account or its organisation";

fn is_unverified_account(error: &AwsError) -> bool {
    error.says("account must be verified")
}

/// The hint for one call that did not succeed.
pub(super) fn aws_hint(error: &AwsError) -> String {
    if is_unverified_account(error) {
        return "AWS must verify a new account before it may use CloudFront: open a case with AWS \
                Support, or set `enabled = false` under `[cdn]` for now"
            .to_owned();
    }
    if error.is_wrong_clock() {
        return "set this machine's clock (best with NTP): AWS rejects requests that are more than \
                five minutes off"
            .to_owned();
    }
    if error.is_bad_credentials() {
        return "renew the credentials, for example with `aws sso login`".to_owned();
    }
    if error.is_denied() {
        return permission_hint([error].into_iter());
    }
    if error.is_throttled() {
        return "AWS is throttling this account: wait a minute".to_owned();
    }
    if is_unknown_boundary(error) {
        return "`permissions_boundary` under `[function]` names a policy that does not exist in \
                this account: create it first, or correct the ARN"
            .to_owned();
    }
    if error.is_not_found() {
        return VANISHED.to_owned();
    }
    code_hint(error)
        .unwrap_or(match &error.cause {
            Cause::Connection(_) => "check the network",
            Cause::Wait(_) => "AWS may just be slow",
            Cause::Vanished(_) => VANISHED,
            Cause::Interrupted => "run the same command again to continue",
            Cause::Unapplied(_) => "this is a bug in imgprep: report it, with the plan",
            Cause::Unusable(Unusable { hint, .. }) => hint.as_str(),
            Cause::Answer { .. } | Cause::Clock { .. } | Cause::Request(_) => {
                "see AWS's answer above"
            }
        })
        .to_owned()
}

/// Whether IAM knows no policy of the boundary's ARN, which it says in the code for a role that is not
/// there.
fn is_unknown_boundary(error: &AwsError) -> bool {
    matches!(error.call, "iam:CreateRole" | "iam:PutRolePermissionsBoundary")
        && error.is_not_found()
        && error.says("scope arn")
}

/// What is read before it is changed does not go away by itself.
const VANISHED: &str = "it disappeared during the run: another run or person may be changing this \
                        stack; wait until they finish";

/// What to do about AWS's own words for limits and taken names.
fn code_hint(error: &AwsError) -> Option<&'static str> {
    match error.code() {
        "BucketAlreadyExists" | "IllegalLocationConstraintException" => {
            Some("bucket names are global: choose another `name` under `[bucket]`")
        }
        // The retries are over by now.
        "OperationAborted" if error.call == "s3:CreateBucket" => {
            Some("S3 is still releasing the name of a deleted bucket, which can take an hour: wait")
        }
        "RequestEntityTooLargeException" => Some(TOO_LARGE),
        "CNAMEAlreadyExists" => Some(DOMAIN_TAKEN),
        "InvalidViewerCertificate" => Some(
            "CloudFront takes an issued certificate in us-east-1 that is for every alias of the \
             distribution: correct `certificate_arn` under `[cdn]`, or remove it so that imgprep \
             requests one, and remove aliases that were added by hand",
        ),
        "LimitExceededException" if error.call == "acm:RequestCertificate" => Some(
            "ACM's quota is used up; by default a certificate has at most 10 names: use a wildcard \
             among `domains`, or ask AWS for a higher quota",
        ),
        _ if error.says("Unzipped size must be smaller") => Some(TOO_LARGE),
        "CodeStorageExceededException" => Some(
            "this region's storage for Lambda code is full: delete old versions of functions, or \
             ask AWS for a higher quota",
        ),
        _ => None,
    }
}

/// Both commands want a distribution of this account whose certificate covers the domain, and the
/// record (Amazon CloudFront Developer Guide, "Move an alternate domain name").
const DOMAIN_TAKEN: &str = "\
    another distribution, perhaps in another AWS account, uses this domain: remove it there, or move \
    it here. Set up the CDN without `domains` and `certificate_arn`, give that distribution the \
    certificate by hand, and prove that you own the domain with a DNS TXT record `_DOMAIN` whose \
    value is the distribution's own domain. Then `aws cloudfront list-conflicting-aliases \
    --distribution-id ID --alias DOMAIN` shows which distribution has it, `aws cloudfront \
    associate-alias --target-distribution-id ID --alias DOMAIN` moves it, and `domains` and \
    `certificate_arn` can be set again";

const TOO_LARGE: &str =
    "Lambda's limits are 50 MB zipped and 250 MB unzipped: remove what the function does not need";

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(call: &'static str, code: &str, message: &str) -> AwsError {
        let (code, message) = (code.to_owned(), message.to_owned());
        AwsError { call, cause: Cause::Answer { code, message, status: 404 } }
    }

    #[test]
    fn a_boundary_that_is_not_there_is_no_role_that_went_away() {
        let message = "Scope ARN: arn:aws:iam::1:policy/B does not exist or is not attachable.";
        for call in ["iam:CreateRole", "iam:PutRolePermissionsBoundary"] {
            let hint = aws_hint(&answer(call, "NoSuchEntity", message));
            assert!(hint.starts_with("`permissions_boundary` under `[function]` names"), "{hint}");
        }
        let role = answer("iam:PutRolePermissionsBoundary", "NoSuchEntity", "role r not found");
        assert_eq!(aws_hint(&role), VANISHED);
    }

    #[test]
    fn a_shell_that_is_set_to_the_local_aws_is_told_what_it_lacks() {
        let refused = answer("sts:GetCallerIdentity", "SignatureDoesNotMatch", "");
        let closed = AwsError {
            call: "sts:GetCallerIdentity",
            cause: Cause::Connection("connection refused".to_owned()),
        };
        let set = |error| connect_hint(error, Target::LocalByEnvironment);
        assert!(set(&refused).ends_with("run `eval \"$(imgprep local env)\"` again"));
        assert!(set(&closed).ends_with("which is not running: `imgprep local start`"));
        for error in [&refused, &closed] {
            let asked = connect_hint(error, Target::Local);
            assert_eq!(asked, "check `imgprep local status` and `imgprep local logs`");
            assert!(!connect_hint(error, Target::Aws).contains("local"), "{error}");
        }
    }

    fn denied(permission: &str, how: &str) -> AwsError {
        let message = format!("User: u is not authorized to perform: {permission} {how}");
        let (code, status) = ("AccessDenied".to_owned(), 403);
        AwsError { call: "a:Call", cause: Cause::Answer { code, message, status } }
    }

    #[test]
    fn a_denial_names_its_policy_and_who_can_change_it() {
        let organisation = "the administrator of your AWS organisation can change that";
        let account = "whoever administers IAM in this account can change that";
        let cases = [
            ("because no identity-based policy allows it", "grant `a:B` to whoever runs imgprep"),
            ("because no resource-based policy allows it", "grant `a:B` to whoever runs imgprep"),
            (
                "with an explicit deny in a service control policy: arn:aws:organizations::1:p",
                &format!("a service control policy denies `a:B`: {organisation}"),
            ),
            (
                "with an explicit deny in a resource control policy",
                &format!("a resource control policy denies `a:B`: {organisation}"),
            ),
            (
                "with an explicit deny in a permissions boundary",
                &format!("a permissions boundary denies `a:B`: {account}"),
            ),
            (
                "with an explicit deny in an identity-based policy",
                &format!("an identity-based policy denies `a:B`: {account}"),
            ),
            (
                "with an explicit deny in a session policy",
                "a session policy denies `a:B`: the issuer of the session can change that",
            ),
            (
                "with an explicit deny in a resource-based policy",
                "a resource-based policy denies `a:B`: the owner of the resource can change that",
            ),
            (
                "with an explicit deny in a VPC endpoint policy",
                "a VPC endpoint policy denies `a:B`: whoever administers the VPC endpoint can \
                 change that",
            ),
            (
                "with an explicit deny",
                "a policy denies `a:B`: whoever administers this account or its organisation can \
                 change that",
            ),
            (
                "because no service control policy allows the a:B action",
                &format!("no service control policy allows `a:B`: {organisation}"),
            ),
            (
                "because no permissions boundary allows the a:B action",
                &format!("no permissions boundary allows `a:B`: {account}"),
            ),
        ];
        for (how, hint) in cases {
            assert_eq!(aws_hint(&denied("a:B", how)), hint, "{how}");
        }
    }

    #[test]
    fn what_is_missing_is_told_beside_what_is_denied() {
        let scp = "with an explicit deny in a service control policy";
        let errors = [denied("a:B", scp), denied("a:C", ""), denied("a:A", scp), denied("a:D", "")];
        let hint = aws_hints(&errors.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!(
            hint,
            "grant `a:C`, `a:D` to whoever runs imgprep; a service control policy denies `a:A`, \
             `a:B`: the administrator of your AWS organisation can change that"
        );
    }
}
