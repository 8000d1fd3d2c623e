//! What whoever runs imgprep must be allowed for the function's role.

use crate::permissions::{ACCOUNT, Group, Row, Scope, When, on};

/// Every role under the stack's path.
const ROLE: Scope = Scope::new(Group::Stack, |_, names| vec![names.any_role_arn()]).also_retired();
/// The same, and the stack's role by its name alone: of a role that is not there IAM knows no path.
const BY_NAME: Scope = Scope::new(Group::RoleByName, |_, names| {
    vec![names.any_role_arn(), names.global("iam", &format!("role/{}", names.role))]
})
.also_retired();
/// Roles under the stack's path as they are made; a boundary in the file bounds all of them.
const NEW: Scope =
    Scope::new(Group::Stack, |_, names| vec![names.any_role_arn()]).bounded(Group::BoundRole);
/// The role that the function is set to for a moment where its own was made again.
const TEMPORARY: Scope = Scope::new(Group::Stack, |_, names| vec![names.temporary_role_arn()]);
const INSTANCE_PROFILES: Scope =
    Scope::new(Group::Stack, |_, names| vec![names.global("iam", "instance-profile/*")])
        .also_retired();

pub(super) const ROWS: &[Row] = &[
    on(ACCOUNT).read(&["iam:ListRoles"]),
    on(BY_NAME)
        .read(&["iam:GetRole", "iam:ListAttachedRolePolicies"])
        .down(&["iam:ListInstanceProfilesForRole", "iam:ListRolePolicies"]),
    on(ROLE).up(&["iam:TagRole", "iam:UpdateAssumeRolePolicy"]).down(&[
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
    ]),
    on(NEW).up(&["iam:CreateRole"]),
    on(NEW).when(When::Boundary).up(&["iam:PutRolePermissionsBoundary"]),
    on(TEMPORARY).up(&[
        "iam:DeleteRole",
        "iam:ListInstanceProfilesForRole",
        "iam:ListRolePolicies",
    ]),
    on(INSTANCE_PROFILES).down(&["iam:RemoveRoleFromInstanceProfile"]),
];
