//! What whoever runs imgprep must be allowed for the function.

use crate::names::Names;
use crate::permissions::{ACCOUNT, Group, Row, Scope, Set, When, on};

fn any(names: &Names) -> Vec<String> {
    vec![names.regional("lambda", "function:*")]
}

pub(crate) const FUNCTION: Scope =
    Scope::new(Group::Stack, |_, names| vec![names.function_arn.clone()]);
pub(crate) const ANY_NAME: Scope = Scope::new(Group::AnyName, |_, names| any(names)).also_retired();
pub(crate) const TAGGED: Scope = Scope::new(Group::Tagged, |_, names| any(names)).also_retired();
/// The roles that the function runs as: the stack's, and for a moment the temporary one.
const ROLES: Scope = Scope::new(Group::RoleOfFunction, |_, names| {
    vec![names.role_arn.clone(), names.temporary_role_arn()]
});

pub(super) const ROWS: &[Row] = &[
    // Without `lambda:ListTags` Lambda leaves the tags out of its answer to `GetFunction`.
    on(ANY_NAME).read(&["lambda:GetFunctionEventInvokeConfig", "lambda:ListTags"]),
    // Its answer holds the function's environment, and an address of its code.
    on(TAGGED).read(&["lambda:GetFunction"]).down(&["lambda:DeleteFunction"]),
    on(FUNCTION)
        .read(&["lambda:GetFunction"])
        // What is made with tags needs the right to tag as well.
        .up(&[
            "lambda:CreateFunction",
            "lambda:GetFunctionConfiguration",
            "lambda:PutFunctionEventInvokeConfig",
            "lambda:TagResource",
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration",
        ])
        .down(&["lambda:DeleteFunction"]),
    on(FUNCTION).when(When::Concurrency).up(&["lambda:PutFunctionConcurrency"]),
    on(ROLES).up(&["iam:PassRole"]),
    on(ACCOUNT).when(When::AccountLimit).of(&[Set::Backfill], &["lambda:GetAccountSettings"]),
];
