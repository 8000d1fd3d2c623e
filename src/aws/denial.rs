//! Which policy refused a call, read from AWS's own words.
//!
//! They are "because no … allows the … action" or "with an explicit deny in a …" (IAM User Guide,
//! "Troubleshoot access denied error messages"). S3 and others only say "Access Denied" at times.

/// A kind of policy that can refuse a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PolicyKind {
    /// As AWS's messages call it.
    pub(crate) name: &'static str,
    /// Who can change policies of this kind.
    pub(crate) keeper: &'static str,
    /// Whether what whoever runs imgprep lacks can be allowed in it.
    pub(crate) grants: bool,
}

const ORGANISATION: &str = "the administrator of your AWS organisation";
const ACCOUNT: &str = "whoever administers IAM in this account";

const KINDS: [PolicyKind; 8] = [
    PolicyKind { name: "service control policy", keeper: ORGANISATION, grants: false },
    PolicyKind { name: "resource control policy", keeper: ORGANISATION, grants: false },
    PolicyKind { name: "permissions boundary", keeper: ACCOUNT, grants: false },
    PolicyKind { name: "session policy", keeper: "the issuer of the session", grants: false },
    PolicyKind {
        name: "VPC endpoint policy",
        keeper: "whoever administers the VPC endpoint",
        grants: false,
    },
    PolicyKind {
        name: "role trust policy",
        keeper: "whoever administers IAM in the role's account",
        grants: false,
    },
    PolicyKind { name: "resource-based policy", keeper: "the owner of the resource", grants: true },
    PolicyKind { name: "identity-based policy", keeper: ACCOUNT, grants: true },
];

/// How a call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denial {
    /// Nothing allows it, and it can be allowed for whoever runs imgprep.
    Lacking,
    /// Whoever runs imgprep may be allowed it, but no policy of this kind lets it through.
    Withheld(&'static PolicyKind),
    /// A policy denies it, which no permission outweighs; AWS need not say which kind.
    Explicit(Option<&'static PolicyKind>),
}

impl Denial {
    pub(crate) fn of(message: &str) -> Self {
        let message = message.to_lowercase();
        let kind_in = |text: &str| {
            KINDS.iter().find(|kind| text.trim_start().starts_with(&kind.name.to_lowercase()))
        };
        if let Some((_, rest)) = message.split_once("explicit deny") {
            let articles = [" in a ", " in an ", " in the "];
            let policy = articles.iter().find_map(|article| rest.strip_prefix(article));
            return Self::Explicit(policy.and_then(kind_in));
        }
        let withholding = message.split_once("because no ").and_then(|(_, rest)| kind_in(rest));
        match withholding.filter(|kind| !kind.grants) {
            Some(kind) => Self::Withheld(kind),
            None => Self::Lacking,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a denial comes to, in a line.
    fn told(message: &str) -> String {
        match Denial::of(&format!("User: u is not authorized to perform: a:B {message}")) {
            Denial::Lacking => "lacking".to_owned(),
            Denial::Withheld(kind) => format!("withheld by {}", kind.name),
            Denial::Explicit(None) => "denied".to_owned(),
            Denial::Explicit(Some(kind)) => format!("denied by {}", kind.name),
        }
    }

    #[test]
    fn the_policy_that_refuses_is_known_by_aws_own_words() {
        let organisation = "arn:aws:organizations::1:policy/o-1/service_control_policy/p-1";
        let with_arn = format!("with an explicit deny in a service control policy: {organisation}");
        let cases = [
            ("on resource: r because no identity-based policy allows the a:B action", "lacking"),
            ("because no resource-based policy allows the a:B action", "lacking"),
            ("", "lacking"),
            (
                "because no service control policy allows the a:B action",
                "withheld by service control policy",
            ),
            (
                "because no resource control policy allows the a:B action",
                "withheld by resource control policy",
            ),
            (
                "because no permissions boundary allows the a:B action",
                "withheld by permissions boundary",
            ),
            ("because no session policy allows the a:B action", "withheld by session policy"),
            (
                "because no VPC endpoint policy allows the a:B action",
                "withheld by VPC endpoint policy",
            ),
            ("because no role trust policy allows the a:B action", "withheld by role trust policy"),
            (
                "with an explicit deny in a service control policy",
                "denied by service control policy",
            ),
            (with_arn.as_str(), "denied by service control policy"),
            (
                "with an explicit deny in a resource control policy",
                "denied by resource control policy",
            ),
            ("with an explicit deny in a permissions boundary", "denied by permissions boundary"),
            (
                "with an explicit deny in an identity-based policy",
                "denied by identity-based policy",
            ),
            ("with an explicit deny in a session policy", "denied by session policy"),
            (
                "on resource: r with an explicit deny in a resource-based policy",
                "denied by resource-based policy",
            ),
            ("with an explicit deny in a VPC endpoint policy", "denied by VPC endpoint policy"),
            ("with an explicit deny in the role trust policy", "denied by role trust policy"),
            ("with an explicit deny", "denied"),
            ("with an explicit deny in a policy that nobody knows yet", "denied"),
        ];
        for (message, kind) in cases {
            assert_eq!(told(message), kind, "{message}");
        }
    }
}
