//! What whoever runs imgprep must be allowed for the certificate. What the zones of its domains take is
//! with `dns`.

use crate::names::Names;
use crate::permissions::{Group, Row, Scope, When, anything, on};

/// ACM numbers certificates itself, so that they are told apart by their tags only.
fn any(names: &Names) -> Vec<String> {
    let Names { partition, account, .. } = names;
    vec![format!("arn:{partition}:acm:us-east-1:{account}:certificate/*")]
}

fn of_file(names: &Names, resources: Vec<String>) -> Vec<String> {
    if names.own_domains.is_some() { resources } else { Vec::new() }
}

const READ: Scope = Scope::new(Group::Stack, |_, names| of_file(names, any(names)));
const TAGGED: Scope = Scope::new(Group::Tagged, |_, names| of_file(names, any(names)));
const NEW: Scope = Scope::new(Group::NewCdn, |_, names| of_file(names, anything()));
const ACCOUNT: Scope = Scope::new(Group::Account, |_, names| of_file(names, anything()));

/// The same where the file has no domains any more.
const FORMER: Scope = Scope::new(Group::Stack, |_, names| any(names));
const FORMER_TAGGED: Scope = Scope::new(Group::Tagged, |_, names| any(names));
const FORMER_ACCOUNT: Scope = Scope::new(Group::Account, |_, _| anything());

pub(super) const ROWS: &[Row] = &[
    on(READ).read(&["acm:DescribeCertificate", "acm:ListTagsForCertificate"]),
    // What is made with tags needs the right to tag as well.
    on(NEW).up(&["acm:AddTagsToCertificate", "acm:RequestCertificate"]),
    on(TAGGED)
        .up(&["acm:AddTagsToCertificate", "acm:DeleteCertificate"])
        .down(&["acm:DeleteCertificate"]),
    // Another certificate may need the same records.
    on(ACCOUNT).down(&["acm:ListCertificates"]),
    on(FORMER)
        .when(When::PruneStack)
        .up(&["acm:DescribeCertificate", "acm:ListTagsForCertificate"]),
    on(FORMER_TAGGED).when(When::PruneStack).up(&["acm:DeleteCertificate"]),
    on(FORMER_ACCOUNT).when(When::PruneStack).up(&["acm:ListCertificates"]),
];
