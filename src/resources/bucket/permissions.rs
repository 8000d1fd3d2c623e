//! What whoever runs imgprep must be allowed for the bucket, and for the objects that commands on
//! images work on.

use contract::keys::FAILED_FOLDER;

use crate::names::trial_folder;
use crate::permissions::{ACCOUNT, Group, Row, Scope, Set, When, on};

pub(crate) const BUCKET: Scope =
    Scope::new(Group::Stack, |_, names| vec![names.bucket_arn.clone()]);
const ORIGINALS: Scope =
    Scope::new(Group::Objects, |config, names| vec![names.inside(&config.bucket.originals)]);
/// What the folders of the file's sizes hold, and that of the manifests.
const VARIANTS: Scope = Scope::new(Group::Objects, |config, names| {
    config.made_folders().iter().map(|folder| names.inside(folder)).collect()
});
/// What the function notes of originals that it cannot process.
const RECORDS: Scope = Scope::new(Group::Objects, |_, names| vec![names.inside(FAILED_FOLDER)]);
/// What `imgprep try` uploads.
const TRIAL_ORIGINALS: Scope = Scope::new(Group::Uploads, |config, names| {
    let folder = trial_folder(&config.variants);
    vec![names.inside(&format!("{}/{folder}", config.bucket.originals))]
});
/// What the function makes or notes of that.
const TRIAL_VARIANTS: Scope = Scope::new(Group::Objects, |config, names| {
    let made = config.made_folders();
    let folders = made.iter().map(String::as_str).chain([FAILED_FOLDER]);
    let trial = trial_folder(&config.variants);
    folders.map(|folder| names.inside(&format!("{folder}/{trial}"))).collect()
});

pub(super) const ROWS: &[Row] = &[
    // `HeadBucket` is `s3:ListBucket` to IAM, as is the listing of folders.
    on(BUCKET)
        .read(&[
            "s3:GetBucketCORS",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:GetEncryptionConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:ListBucket",
            "s3:ListBucketVersions",
        ])
        // What is made with tags needs the right to tag as well.
        .up(&[
            "s3:CreateBucket",
            "s3:PutBucketCORS",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPolicy",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketTagging",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
            "s3:PutLifecycleConfiguration",
            "s3:TagResource",
        ])
        .down(&[
            "s3:DeleteBucket",
            "s3:DeleteBucketPolicy",
            "s3:PutBucketCORS",
            "s3:PutBucketPolicy",
            "s3:PutBucketTagging",
            "s3:PutLifecycleConfiguration",
        ]),
    on(ACCOUNT).when(When::PublicAcl).read(&["s3:GetAccountPublicAccessBlock"]),
    on(BUCKET).when(When::DeleteImages).down(&["s3:ListBucketMultipartUploads"]),
    on(BUCKET).when(When::PruneStack).up(&["s3:ListBucketMultipartUploads"]),
    on(BUCKET).when(When::PruneImages).of(&[Set::Prune], &["s3:ListBucketMultipartUploads"]),
    // How many objects there are, for the time that is left.
    on(ACCOUNT)
        .when(When::Listing)
        .of(&[Set::Status, Set::Backfill, Set::Prune], &["cloudwatch:GetMetricStatistics"]),
    on(TRIAL_ORIGINALS).of(&[Set::Try], &["s3:DeleteObject", "s3:PutObject"]),
    on(TRIAL_VARIANTS).of(&[Set::Try], &["s3:DeleteObject", "s3:GetObject"]),
    on(ORIGINALS).of(&[Set::Retry, Set::Prune], &["s3:GetObject"]),
    on(VARIANTS).of(&[Set::Retry, Set::Prune], &["s3:GetObject"]),
    on(ORIGINALS).of(&[Set::Urls], &["s3:GetObject"]),
    on(VARIANTS).of(&[Set::Urls], &["s3:GetObject"]),
    on(ORIGINALS).of(&[Set::Presign], &["s3:PutObject"]),
    on(ORIGINALS).when(When::Outdated).of(&[Set::Backfill], &["s3:GetObject"]),
    on(VARIANTS).when(When::Outdated).of(&[Set::Backfill], &["s3:GetObject"]),
    on(RECORDS).of(&[Set::Failures, Set::Retry, Set::Prune, Set::Urls], &["s3:GetObject"]),
];
