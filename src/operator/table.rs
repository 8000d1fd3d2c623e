//! Which actions which command needs on what, from the Service Authorization Reference and the "API
//! permissions" pages of the services.

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
}

/// What has to be so for a row to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Always,
    /// The file has a CDN.
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
}

const fn on(scope: Scope) -> Row {
    Row { scope, when: When::Always, read: &[], up: &[], down: &[] }
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
}

pub(super) const TABLE: [Row; 28] = [
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
        "lambda:GetFunction",
        "lambda:GetFunctionEventInvokeConfig",
        "lambda:ListTags",
        "logs:ListTagsForResource",
        "sns:GetTopicAttributes",
        "sns:ListTagsForResource",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ListQueueTags",
    ]),
    on(Scope::Tagged).down(&[
        "lambda:DeleteFunction",
        "lambda:GetFunctionConfiguration",
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
    on(Scope::Role)
        .read(&["iam:GetRole", "iam:ListAttachedRolePolicies"])
        .up(&["iam:CreateRole", "iam:TagRole", "iam:UpdateAssumeRolePolicy"])
        .down(&[
            "iam:DeleteRole",
            "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy",
            "iam:ListInstanceProfilesForRole",
            "iam:ListRolePolicies",
        ]),
    on(Scope::TemporaryRole).up(&["iam:DeleteRole"]),
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
        .read(&["lambda:GetPolicy"])
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
        .down(&[
            "lambda:DeleteFunction",
            "lambda:GetFunctionConfiguration",
            "lambda:RemovePermission",
        ]),
    on(Scope::Function).when(When::Invalidate).read(&["lambda:GetFunctionConfiguration"]),
    on(Scope::Function).when(When::Concurrency).up(&["lambda:PutFunctionConcurrency"]),
    on(Scope::Cdn)
        .when(When::Cdn)
        .read(&["cloudfront:GetDistributionConfig", "cloudfront:ListTagsForResource"])
        // Of the distribution that has a caller reference; one that is gone has no tag.
        .up(&["cloudfront:GetDistribution"]),
    on(Scope::Cdn)
        .when(When::AdoptCdn)
        .up(&["cloudfront:TagResource", "cloudfront:UpdateDistribution"]),
    on(Scope::TaggedCdn)
        .when(When::Cdn)
        .up(&["cloudfront:TagResource", "cloudfront:UpdateDistribution"])
        .down(&[
            "cloudfront:DeleteDistribution",
            "cloudfront:GetDistribution",
            "cloudfront:UpdateDistribution",
        ]),
    // `CreateDistributionWithTags` is these two to IAM.
    on(Scope::NewCdn)
        .when(When::Cdn)
        .up(&["cloudfront:CreateDistribution", "cloudfront:TagResource"]),
    on(Scope::AccessControls)
        .when(When::Cdn)
        .up(&["cloudfront:GetOriginAccessControl", "cloudfront:UpdateOriginAccessControl"])
        .down(&["cloudfront:DeleteOriginAccessControl", "cloudfront:GetOriginAccessControl"]),
];
