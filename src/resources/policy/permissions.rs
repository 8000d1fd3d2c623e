//! What whoever runs imgprep must be allowed for the function's policy.

use crate::permissions::{ACCOUNT, Group, Row, Scope, anything, on};

/// Every policy under the stack's path.
const POLICY: Scope =
    Scope::new(Group::Stack, |_, names| vec![names.any_policy_arn()]).also_retired();
/// Whoever a policy of the stack was attached to by hand: told apart by the policy.
const HOLDERS: Scope = Scope::new(Group::PolicyHolders, |_, _| anything()).also_retired();
/// The stack's role, as the one that the policy is attached to.
const ROLE: Scope = Scope::new(Group::RoleOfPolicy, |_, names| vec![names.role_arn.clone()]);

pub(super) const ROWS: &[Row] = &[
    on(ACCOUNT).read(&["iam:ListPolicies"]),
    on(POLICY)
        .read(&["iam:GetPolicy", "iam:GetPolicyVersion"])
        .up(&[
            "iam:CreatePolicy",
            "iam:CreatePolicyVersion",
            "iam:DeletePolicyVersion",
            "iam:ListPolicyVersions",
            "iam:TagPolicy",
        ])
        .down(&[
            "iam:DeletePolicy",
            "iam:DeletePolicyVersion",
            "iam:ListEntitiesForPolicy",
            "iam:ListPolicyVersions",
        ]),
    on(HOLDERS).down(&["iam:DetachGroupPolicy", "iam:DetachRolePolicy", "iam:DetachUserPolicy"]),
    on(ROLE).up(&["iam:AttachRolePolicy"]),
];
