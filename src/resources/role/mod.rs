//! The IAM role that the function runs as.

mod permissions;

use super::Trace;
use crate::engine::resource::{Id, Kind};
use crate::names::{Names, is_batch_role};
use crate::permissions::Row;
use crate::resources::iam_role::{IamRole, Purpose};

pub(crate) const ID: Id = Id(&Kind::new("role", "AWS::IAM::Role"));

pub(crate) type Role = IamRole<Running>;

/// Running the function.
pub(crate) enum Running {}

impl Purpose for Running {
    const ID: Id = ID;

    const SERVICE: &'static str = "lambda.amazonaws.com";

    const IN_TEMPLATES: (&'static str, &'static str) = ("Role", "role");

    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    const TRACES: &'static [Trace] = &[Trace::RolePath(|name| !is_batch_role(name))];

    #[cfg(test)]
    const MEMBERS: &'static str = r"
name
  Role/RoleName
  aws_iam_role/role/name
tags
  Role/Tags
  aws_iam_role/role/tags
path
  Role/Path
  aws_iam_role/role/path
permissions_boundary
  Role/PermissionsBoundary
  aws_iam_role/role/permissions_boundary
trust
  Role/AssumeRolePolicyDocument
  role_policy
";

    fn known_as(names: &Names) -> Option<&str> {
        Some(&names.role)
    }

    fn description(names: &Names) -> String {
        format!("Runs the image function of the stack {}", names.stack)
    }
}
