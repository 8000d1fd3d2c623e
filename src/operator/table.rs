//! Which actions which command needs on what, from the Service Authorization Reference and the "API
//! permissions" pages of the services.

use super::Set;
use super::scope::Scope;

/// Actions on one kind of resource.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) scope: Scope,
    pub(super) when: When,
    /// What every command needs.
    pub(super) read: &'static [&'static str],
    /// What `up` needs besides.
    pub(super) up: &'static [&'static str],
    /// What `down` needs besides, and `up --prune` for what left the file.
    pub(super) down: &'static [&'static str],
    /// What the commands of `users` need besides.
    pub(super) images: &'static [&'static str],
    pub(super) users: &'static [Set],
}

/// What has to be so for a row to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Always,
    /// The file has a CDN, or one of an earlier file is removed.
    Cdn,
    /// Variants are public through their ACLs, and are to stay.
    PublicAcl,
    /// The function invalidates what it overwrites.
    Invalidate,
    /// The file reserves concurrency.
    Concurrency,
    /// A CDN is taken over with `up --adopt`.
    AdoptCdn,
    /// Images are deleted with `--delete-images`.
    DeleteImages,
    /// What left the file is removed with `up --prune`.
    PruneStack,
    /// The file bounds the function's role.
    Boundary,
    /// Something is published, which `backfill --dry-run` does not.
    Publish,
    /// Variants are asked how they were made with `backfill --outdated`.
    Outdated,
    /// A backfill asks how much may run at once, which the file does not say.
    AccountLimit,
    /// What belongs to nothing is deleted with `prune --yes`.
    PruneImages,
}

const fn on(scope: Scope) -> Row {
    let (when, none): (When, &[&str]) = (When::Always, &[]);
    Row { scope, when, read: none, up: none, down: none, images: none, users: &[] }
}

impl Row {
    const fn when(self, when: When) -> Self {
        Self { when, ..self }
    }

    const fn read(self, read: &'static [&'static str]) -> Self {
        Self { read, ..self }
    }

    const fn up(self, up: &'static [&'static str]) -> Self {
        Self { up, ..self }
    }

    const fn down(self, down: &'static [&'static str]) -> Self {
        Self { down, ..self }
    }

    const fn of(self, users: &'static [Set], images: &'static [&'static str]) -> Self {
        Self { images, users, ..self }
    }
}

pub(super) const TABLE: &[Row] = &[
    on(Scope::Account)
        .read(&[
            "iam:ListPolicies",
            "iam:ListRoles",
            "logs:DescribeLogGroups",
            "sns:GetSubscriptionAttributes",
            "tag:GetResources",
        ])
        .up(&["sns:SetSubscriptionAttributes"])
        .down(&["sns:Unsubscribe"]),
    // Without a CDN in the file, one of an earlier file is looked for.
    on(Scope::Account)
        .read(&["cloudfront:ListDistributions", "cloudfront:ListOriginAccessControls"]),
    on(Scope::Account).when(When::Cdn).up(&["cloudfront:CreateOriginAccessControl"]),
    on(Scope::Account).when(When::PublicAcl).read(&["s3:GetAccountPublicAccessBlock"]),
    // Without `lambda:ListTags` Lambda leaves the tags out of its answer to `GetFunction`.
    on(Scope::AnyName).read(&[
        "lambda:GetFunctionEventInvokeConfig",
        "lambda:GetPolicy",
        "lambda:ListTags",
        "logs:ListTagsForResource",
        "sns:GetTopicAttributes",
        "sns:ListTagsForResource",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ListQueueTags",
    ]),
    // Its answer holds the function's environment, and an address of its code.
    on(Scope::Tagged).read(&["lambda:GetFunction"]).down(&[
        "lambda:DeleteFunction",
        "lambda:RemovePermission",
        "logs:DeleteLogGroup",
        "sns:DeleteTopic",
        "sqs:DeleteQueue",
        "sqs:TagQueue",
    ]),
    // What is made with tags needs the right to tag as well, here and below.
    on(Scope::Topic)
        .read(&["sns:ListSubscriptionsByTopic"])
        .up(&["sns:CreateTopic", "sns:SetTopicAttributes", "sns:Subscribe", "sns:TagResource"])
        .down(&["sns:DeleteTopic"]),
    // `HeadBucket` is `s3:ListBucket` to IAM, as is the listing of folders.
    on(Scope::Bucket)
        .read(&[
            "s3:GetBucketNotification",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketTagging",
            "s3:GetEncryptionConfiguration",
            "s3:ListBucket",
            "s3:ListBucketVersions",
        ])
        .up(&[
            "s3:CreateBucket",
            "s3:PutBucketNotification",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPolicy",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketTagging",
            "s3:PutEncryptionConfiguration",
            "s3:TagResource",
        ])
        .down(&[
            "s3:DeleteBucket",
            "s3:DeleteBucketPolicy",
            "s3:PutBucketNotification",
            "s3:PutBucketPolicy",
            "s3:PutBucketTagging",
        ]),
    on(Scope::Bucket).when(When::DeleteImages).down(&["s3:ListBucketMultipartUploads"]),
    // A folder without images may hold uploads that broke off.
    on(Scope::Bucket).when(When::PruneStack).up(&["s3:ListBucketMultipartUploads"]),
    on(Scope::Images).when(When::PruneStack).up(&["s3:AbortMultipartUpload"]),
    on(Scope::Folders)
        .read(&["s3:GetObject"])
        .up(&["s3:PutObject"])
        .down(&["s3:DeleteObject", "s3:DeleteObjectVersion"]),
    on(Scope::Images).when(When::DeleteImages).down(&[
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
    ]),
    on(Scope::Policy)
        .read(&["iam:GetPolicy", "iam:GetPolicyVersion"])
        .up(&[
            "iam:CreatePolicy",
            "iam:CreatePolicyVersion",
            "iam:DeletePolicyVersion",
            "iam:ListPolicyVersions",
            "iam:TagPolicy",
        ])
        .down(&[
            "iam:DeletePolicy",
            "iam:DeletePolicyVersion",
            "iam:ListEntitiesForPolicy",
            "iam:ListPolicyVersions",
        ]),
    on(Scope::PolicyHolders).down(&[
        "iam:DetachGroupPolicy",
        "iam:DetachRolePolicy",
        "iam:DetachUserPolicy",
    ]),
    on(Scope::RoleByName)
        .read(&["iam:GetRole", "iam:ListAttachedRolePolicies"])
        .down(&["iam:ListInstanceProfilesForRole", "iam:ListRolePolicies"]),
    on(Scope::Role).up(&["iam:TagRole", "iam:UpdateAssumeRolePolicy"]).down(&[
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
    ]),
    on(Scope::NewRole).up(&["iam:CreateRole"]),
    on(Scope::NewRole).when(When::Boundary).up(&["iam:PutRolePermissionsBoundary"]),
    on(Scope::TemporaryRole).up(&[
        "iam:DeleteRole",
        "iam:ListInstanceProfilesForRole",
        "iam:ListRolePolicies",
    ]),
    on(Scope::RoleOfPolicy).up(&["iam:AttachRolePolicy"]),
    on(Scope::RoleOfFunction).up(&["iam:PassRole"]),
    on(Scope::InstanceProfiles).down(&["iam:RemoveRoleFromInstanceProfile"]),
    on(Scope::Logs)
        .up(&["logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:TagResource"])
        .down(&["logs:DeleteLogGroup"]),
    on(Scope::DeadLetters)
        .up(&["sqs:CreateQueue", "sqs:SetQueueAttributes", "sqs:TagQueue"])
        .down(&["sqs:DeleteQueue", "sqs:TagQueue"]),
    on(Scope::Function)
        .read(&["lambda:GetFunction"])
        .up(&[
            "lambda:AddPermission",
            "lambda:CreateFunction",
            "lambda:GetFunctionConfiguration",
            "lambda:PutFunctionEventInvokeConfig",
            "lambda:RemovePermission",
            "lambda:TagResource",
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration",
        ])
        .down(&["lambda:DeleteFunction", "lambda:RemovePermission"]),
    on(Scope::Function).when(When::Invalidate).read(&["lambda:GetFunctionConfiguration"]),
    on(Scope::Function).when(When::Concurrency).up(&["lambda:PutFunctionConcurrency"]),
    on(Scope::Cdn)
        .when(When::Cdn)
        .read(&["cloudfront:GetDistributionConfig", "cloudfront:ListTagsForResource"])
        // It may be gone, and what is gone has no tag.
        .up(&["cloudfront:GetDistribution"])
        .down(&["cloudfront:GetDistribution"]),
    on(Scope::Cdn)
        .when(When::AdoptCdn)
        .up(&["cloudfront:TagResource", "cloudfront:UpdateDistribution"]),
    on(Scope::TaggedCdn)
        .when(When::Cdn)
        .up(&["cloudfront:TagResource", "cloudfront:UpdateDistribution"])
        .down(&["cloudfront:DeleteDistribution", "cloudfront:UpdateDistribution"]),
    // `CreateDistributionWithTags` is these two to IAM.
    on(Scope::NewCdn)
        .when(When::Cdn)
        .up(&["cloudfront:CreateDistribution", "cloudfront:TagResource"]),
    on(Scope::AccessControls)
        .when(When::Cdn)
        .up(&["cloudfront:GetOriginAccessControl", "cloudfront:UpdateOriginAccessControl"])
        .down(&["cloudfront:DeleteOriginAccessControl", "cloudfront:GetOriginAccessControl"]),
    on(Scope::Logs).of(&[Set::Logs, Set::Try], &["logs:FilterLogEvents"]),
    on(Scope::TrialOriginals).of(&[Set::Try], &["s3:DeleteObject", "s3:PutObject"]),
    on(Scope::TrialVariants).of(&[Set::Try], &["s3:DeleteObject", "s3:GetObject"]),
    on(Scope::Records).of(&[Set::Failures, Set::Retry, Set::Prune], &["s3:GetObject"]),
    on(Scope::Originals).of(&[Set::Retry, Set::Prune], &["s3:GetObject"]),
    on(Scope::Variants).of(&[Set::Retry, Set::Prune], &["s3:GetObject"]),
    on(Scope::Variants).when(When::Outdated).of(&[Set::Backfill], &["s3:GetObject"]),
    on(Scope::Topic).when(When::Publish).of(&[Set::Backfill, Set::Retry], &["sns:Publish"]),
    on(Scope::Account)
        .when(When::AccountLimit)
        .of(&[Set::Backfill], &["lambda:GetAccountSettings"]),
    on(Scope::Bucket).when(When::PruneImages).of(&[Set::Prune], &["s3:ListBucketMultipartUploads"]),
    // The names of folders that left the file are not known.
    on(Scope::Images).when(When::PruneImages).of(
        &[Set::Prune],
        &["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion"],
    ),
];
