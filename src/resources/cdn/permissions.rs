//! What whoever runs imgprep must be allowed for the distribution and its access control.

use crate::names::Names;
use crate::permissions::{ACCOUNT, Group, Row, Scope, When, anything, on};
use crate::resources::function::permissions::FUNCTION;

fn any(names: &Names) -> Vec<String> {
    vec![names.global("cloudfront", "distribution/*")]
}

/// CloudFront numbers distributions itself, so that they are told apart by their tag only.
const DISTRIBUTION: Scope = Scope::new(Group::Stack, |_, names| any(names));
const TAGGED: Scope = Scope::new(Group::Tagged, |_, names| any(names));
/// What is not there yet is no resource to CloudFront.
const NEW: Scope = Scope::new(Group::NewCdn, |_, _| anything());
/// CloudFront numbers these too, and they carry no tags.
const ACCESS_CONTROLS: Scope = Scope::new(Group::Stack, |_, names| {
    vec![names.global("cloudfront", "origin-access-control/*")]
});

/// The picture for a variant that is not there, which the user uploads.
const FALLBACK: Scope = Scope::new(Group::Stack, |config, names| {
    config.cdn.fallback.iter().map(|key| names.object(key)).collect()
});

pub(super) const ROWS: &[Row] = &[
    // Without a CDN in the file, one of an earlier file is looked for.
    on(ACCOUNT).read(&["cloudfront:ListDistributions", "cloudfront:ListOriginAccessControls"]),
    on(ACCOUNT).when(When::Cdn).up(&["cloudfront:CreateOriginAccessControl"]),
    on(DISTRIBUTION)
        .when(When::Cdn)
        // It may be gone, and what is gone has no tag.
        .read(&[
            "cloudfront:GetDistribution",
            "cloudfront:GetDistributionConfig",
            "cloudfront:ListTagsForResource",
        ]),
    on(DISTRIBUTION)
        .when(When::AdoptCdn)
        .up(&["cloudfront:TagResource", "cloudfront:UpdateDistribution"]),
    on(TAGGED)
        .when(When::Cdn)
        .up(&["cloudfront:TagResource", "cloudfront:UpdateDistribution"])
        .down(&["cloudfront:DeleteDistribution", "cloudfront:UpdateDistribution"]),
    // `CreateDistributionWithTags` is these two to IAM.
    on(NEW).when(When::Cdn).up(&["cloudfront:CreateDistribution", "cloudfront:TagResource"]),
    on(ACCESS_CONTROLS)
        .when(When::Cdn)
        .up(&["cloudfront:GetOriginAccessControl", "cloudfront:UpdateOriginAccessControl"])
        .down(&["cloudfront:DeleteOriginAccessControl", "cloudfront:GetOriginAccessControl"]),
    on(FALLBACK).read(&["s3:GetObject"]),
    // The distribution is told to the function, and looked for there.
    on(FUNCTION).when(When::Invalidate).read(&["lambda:GetFunctionConfiguration"]),
];
