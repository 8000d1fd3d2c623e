//! What whoever runs imgprep must be allowed for the role that S3 runs jobs as, and for the jobs.

use contract::keys::REPORTS_FOLDER;

use crate::config::Config;
use crate::names::Names;
use crate::permissions::{ACCOUNT, Group, Row, Scope, Set, When, on};

/// The role itself; its name alone does for one that is not there, of which IAM knows no path.
const BY_NAME: Scope = Scope::new(Group::RoleByName, |_, names| {
    vec![names.any_role_arn(), names.global("iam", &format!("role/{}", names.batch_role))]
});
/// Those of buckets that the file named before as well.
const ANY: Scope = Scope::new(Group::RoleByName, |_, names| vec![names.any_role_arn()]);
const ROLE: Scope = Scope::new(Group::Stack, role);
/// What it may do, which only a bounded role is given where the file bounds roles.
const BOUND: Scope = Scope::new(Group::BatchRole, role);
/// Its boundary, where the file has one.
const BOUNDARY: Scope = Scope::new(Group::BatchRole, |config, names| {
    config.function.permissions_boundary.iter().flat_map(|_| role(config, names)).collect()
});
const HANDED_OVER: Scope = Scope::new(Group::RoleOfJob, role);
/// S3 numbers jobs itself.
const NEW_JOBS: Scope = Scope::new(Group::NewJob, jobs);
const JOBS: Scope = Scope::new(Group::Tagged, jobs);
const REPORTS: Scope = Scope::new(Group::Objects, |_, names| vec![names.inside(REPORTS_FOLDER)]);

fn role(_: &Config, names: &Names) -> Vec<String> {
    vec![names.role_named(&names.batch_role)]
}

fn jobs(_: &Config, names: &Names) -> Vec<String> {
    vec![names.regional("s3", "job/*")]
}

const ON_AWS: &[Set] = &[Set::Backfill];

pub(super) const ROWS: &[Row] = &[
    on(ANY).read(&["iam:GetRolePolicy"]),
    on(BY_NAME).when(When::OnAws).of(ON_AWS, &["iam:GetRole"]),
    on(ROLE).when(When::OnAws).of(ON_AWS, &["iam:TagRole", "iam:UpdateAssumeRolePolicy"]),
    on(BOUND).up(&["iam:PutRolePolicy"]),
    on(BOUND).when(When::OnAws).of(ON_AWS, &["iam:CreateRole", "iam:PutRolePolicy"]),
    on(BOUNDARY).when(When::OnAws).of(ON_AWS, &["iam:PutRolePermissionsBoundary"]),
    on(HANDED_OVER).when(When::OnAws).of(ON_AWS, &["iam:PassRole"]),
    // What is made with tags needs the right to tag as well.
    on(NEW_JOBS).when(When::OnAws).of(ON_AWS, &["s3:PutJobTagging"]),
    on(ACCOUNT).when(When::OnAws).of(ON_AWS, &["s3:CreateJob", "s3:ListJobs"]),
    on(JOBS).when(When::OnAws).of(ON_AWS, &["s3:DescribeJob", "s3:UpdateJobStatus"]),
    on(REPORTS).when(When::OnAws).of(ON_AWS, &["s3:GetObject"]),
];
