//! The IAM role that S3 runs `backfill --on-aws` as. No file asks for it: the first such backfill makes
//! it, and it goes with the stack.

mod permissions;

use contract::keys::REPORTS_FOLDER;
use serde_json::{Value, json};

use super::Trace;
use crate::engine::resource::{Id, Kind};
use crate::names::{Names, is_batch_role};
use crate::permissions::Row;
use crate::resources::iam_role::{IamRole, Purpose};

pub(crate) const ID: Id = Id(&Kind::new("batch-role", "AWS::IAM::Role"));

/// Who runs jobs (Amazon S3 User Guide, "Granting permissions for Batch Operations").
pub(crate) const SERVICE: &str = "batchoperations.s3.amazonaws.com";

pub(crate) type BatchRole = IamRole<Backfilling>;

/// Calling the function for every original.
pub(crate) enum Backfilling {}

impl Purpose for Backfilling {
    const ID: Id = ID;

    const SERVICE: &'static str = SERVICE;

    const IN_TEMPLATES: (&'static str, &'static str) = ("BatchRole", "batch_role");

    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    const TRACES: &'static [Trace] = &[Trace::RolePath(is_batch_role)];

    /// A template has what the file asks for.
    #[cfg(test)]
    const MEMBERS: &'static str = "";

    fn known_as(_names: &Names) -> Option<&str> {
        None
    }

    fn made_by_command(names: &Names) -> Option<&str> {
        Some(&names.batch_role)
    }

    fn description(names: &Names) -> String {
        format!("Runs backfills of the stack {} on AWS", names.stack)
    }

    /// What a job does: list the originals, which S3 takes for an inventory, call the function for
    /// each, and report (Amazon S3 User Guide, "Granting permissions for Batch Operations").
    fn statements(names: &Names) -> Option<Vec<Value>> {
        let allow = |sid: &str, action: &str, resource: &str| json!({ "Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource });
        Some(vec![
            allow("CallFunction", "lambda:InvokeFunction", &names.function_arn),
            allow("ListOriginals", "s3:PutInventoryConfiguration", &names.bucket_arn),
            allow("Report", "s3:PutObject", &names.inside(REPORTS_FOLDER)),
        ])
    }
}
