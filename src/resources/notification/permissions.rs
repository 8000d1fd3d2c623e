//! What whoever runs imgprep must be allowed for the bucket's notification.

use crate::permissions::{Row, on};
use crate::resources::bucket::permissions::BUCKET;

pub(super) const ROWS: &[Row] = &[on(BUCKET)
    .read(&["s3:GetBucketNotification"])
    .up(&["s3:PutBucketNotification"])
    .down(&["s3:PutBucketNotification"])];
