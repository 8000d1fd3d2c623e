//! What whoever runs imgprep must be allowed for the cache policy.

use crate::permissions::{ACCOUNT, Group, Row, Scope, When, on};

/// CloudFront numbers them, and they carry no tags.
const POLICIES: Scope =
    Scope::new(Group::Stack, |_, names| vec![names.global("cloudfront", "cache-policy/*")])
        .also_retired();

pub(super) const ROWS: &[Row] = &[
    on(ACCOUNT)
        .when(When::Versions)
        .read(&["cloudfront:ListCachePolicies"])
        .up(&["cloudfront:CreateCachePolicy"]),
    on(POLICIES)
        .when(When::Versions)
        .up(&["cloudfront:GetCachePolicy", "cloudfront:UpdateCachePolicy"]),
    // One of an earlier file goes as well.
    on(ACCOUNT).down(&["cloudfront:ListCachePolicies"]),
    on(POLICIES).down(&["cloudfront:DeleteCachePolicy", "cloudfront:GetCachePolicy"]),
];
