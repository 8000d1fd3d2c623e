//! What whoever runs imgprep must be allowed for the folder markers, and for images that are deleted
//! with their folder.

use crate::permissions::{Group, Row, Scope, Set, When, on};

/// The markers, also of folders that left the file: keys that end in a slash.
const MARKERS: Scope =
    Scope::new(Group::Stack, |_, names| vec![format!("{}/*/", names.bucket_arn)]).also_retired();
/// The names of folders that left the file are not known.
const IMAGES: Scope =
    Scope::new(Group::Images, |_, names| vec![format!("{}/*", names.bucket_arn)]).also_retired();

pub(super) const ROWS: &[Row] = &[
    on(MARKERS)
        .read(&["s3:GetObject"])
        .up(&["s3:PutObject"])
        .down(&["s3:DeleteObject", "s3:DeleteObjectVersion"]),
    // A folder without images may hold uploads that broke off.
    on(IMAGES).when(When::PruneStack).up(&["s3:AbortMultipartUpload"]),
    on(IMAGES).when(When::DeleteImages).down(&[
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
    ]),
    on(IMAGES).when(When::PruneImages).of(
        &[Set::Prune],
        &["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion"],
    ),
];
