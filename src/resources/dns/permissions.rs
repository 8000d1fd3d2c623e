//! What whoever runs imgprep must be allowed for the zones of the stack's domains: the records of the
//! domains, and those that prove to ACM whose they are.

use crate::names::Names;
use crate::permissions::{Group, Row, Scope, When, anything, on};

/// Route 53 numbers zones itself.
fn any(names: &Names) -> Vec<String> {
    vec![format!("arn:{}:route53:::hostedzone/*", names.partition)]
}

fn of_file(names: &Names, resources: Vec<String>) -> Vec<String> {
    if names.own_domains.is_some() { resources } else { Vec::new() }
}

const ZONES: Scope = Scope::new(Group::Stack, |_, names| of_file(names, any(names)));
const ACCOUNT: Scope = Scope::new(Group::Account, |_, names| of_file(names, anything()));

/// The same where the file has no domains any more.
const FORMER: Scope = Scope::new(Group::Stack, |_, names| any(names));
const FORMER_ACCOUNT: Scope = Scope::new(Group::Account, |_, _| anything());

pub(super) const ROWS: &[Row] = &[
    on(ACCOUNT).read(&["route53:ListHostedZonesByName"]),
    on(ZONES)
        .read(&["route53:ListResourceRecordSets"])
        .up(&["route53:ChangeResourceRecordSets"])
        .down(&["route53:ChangeResourceRecordSets"]),
    on(ZONES).when(When::HostedZone).read(&["route53:GetHostedZone"]),
    on(FORMER_ACCOUNT).when(When::PruneStack).up(&["route53:ListHostedZonesByName"]),
    on(FORMER)
        .when(When::PruneStack)
        .up(&["route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets"]),
];
