//! What belongs to a stack and is no longer in its file: found by the stack's tag, its IAM path, and
//! the markers in its bucket.
//!
//! Deliberately absent: whether such a resource is still there and still ours, which each says when
//! it is read. The tagging API lags behind for a while (Resource Groups Tagging API, `GetResources`).

use std::collections::BTreeSet;

use aws_sdk_iam::operation::list_policies::ListPoliciesOutput;
use aws_sdk_iam::operation::list_roles::ListRolesOutput;
use aws_sdk_iam::types::{PolicyScopeType, Role};
use aws_sdk_resourcegroupstagging::types::TagFilter;
use futures_util::future::try_join_all;
use futures_util::try_join;

use crate::aws::bucket::Bucket;
use crate::aws::iam::all_pages;
use crate::aws::{Aws, AwsError, Calling, marker};
use crate::names::{LOG_GROUPS, Names, STACK_TAG};

/// The kinds of resources that are asked for by tag.
const TAGGED_TYPES: [&str; 5] = ["lambda:function", "logs:log-group", "s3", "sns", "sqs"];

/// A bucket of an application can hold very many folders; at most so many are looked at.
const FOLDERS_LOOKED_AT_MAX: usize = 50;
/// How deep folders inside folders are looked for.
const FOLDER_DEPTH_MAX: usize = 3;

/// A resource of the stack that the file does not name, by its own name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Found {
    Topic(String),
    Bucket(String),
    /// A folder of the stack's bucket, without a slash at its end.
    Folder(String),
    Policy(String),
    Role(String),
    /// The log group of the function with this name.
    Logs(String),
    Queue(String),
    Function(String),
}

/// Looks for everything at once. `folders` are those of the file.
pub(crate) async fn find(
    aws: &Aws,
    names: &Names,
    folders: &[String],
) -> Result<BTreeSet<Found>, AwsError> {
    let (tagged, roles, policies, folders) = try_join!(
        tagged(aws, names),
        roles(aws, names),
        policies(aws, names),
        other_folders(aws, names, folders),
    )?;
    Ok(tagged.into_iter().chain(roles).chain(policies).chain(folders).collect())
}

async fn tagged(aws: &Aws, names: &Names) -> Result<Vec<Found>, AwsError> {
    let filter = TagFilter::builder().key(STACK_TAG).values(&names.stack).build();
    let mut found = Vec::new();
    let mut token = None;
    loop {
        let get = aws.tagging.get_resources().tag_filters(filter.clone());
        let get = get.set_resource_type_filters(Some(TAGGED_TYPES.map(Into::into).to_vec()));
        let page = get.set_pagination_token(token).send().await.calling("tag:GetResources")?;
        let arns = page.resource_tag_mapping_list().iter().filter_map(|it| it.resource_arn());
        for arn in arns {
            found.extend(by_arn(arn, names));
        }
        token = page.pagination_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// What an ARN stands for, unless it is in the file.
fn by_arn(arn: &str, names: &Names) -> Vec<Found> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, service, _, _, resource] = parts.as_slice() else { return Vec::new() };
    let function_of = |group: &str| {
        let name = group.strip_prefix("log-group:")?.strip_prefix(LOG_GROUPS)?;
        Some(name.trim_end_matches(":*").to_owned())
    };
    match *service {
        "sns" if *resource != names.topic => vec![Found::Topic((*resource).to_owned())],
        "s3" if *resource != names.bucket => vec![Found::Bucket((*resource).to_owned())],
        "sqs" if *resource != names.queue => vec![Found::Queue((*resource).to_owned())],
        "lambda" => match resource.strip_prefix("function:") {
            Some(name) if name != names.function => {
                // Not every tag index knows log groups, and each function has one.
                vec![Found::Function(name.to_owned()), Found::Logs(name.to_owned())]
            }
            _ => Vec::new(),
        },
        "logs" => match function_of(resource) {
            Some(name) if name != names.function => vec![Found::Logs(name)],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

async fn roles(aws: &Aws, names: &Names) -> Result<Vec<Found>, AwsError> {
    let pages = all_pages(|marker| async {
        let list = aws.iam.list_roles().path_prefix(&names.iam_path).set_marker(marker);
        list.send().await.calling("iam:ListRoles").map(Some)
    });
    let pages = pages.await?;
    let listed = pages.iter().flat_map(ListRolesOutput::roles).map(Role::role_name);
    Ok(listed.filter(|name| *name != names.role).map(|name| Found::Role(name.to_owned())).collect())
}

async fn policies(aws: &Aws, names: &Names) -> Result<Vec<Found>, AwsError> {
    let pages = all_pages(|marker| async {
        let list = aws.iam.list_policies().scope(PolicyScopeType::Local);
        let list = list.path_prefix(&names.iam_path).set_marker(marker);
        list.send().await.calling("iam:ListPolicies").map(Some)
    });
    let pages = pages.await?;
    let listed =
        pages.iter().flat_map(ListPoliciesOutput::policies).filter_map(|it| it.policy_name());
    let others = listed.filter(|name| *name != names.policy);
    Ok(others.map(|name| Found::Policy(name.to_owned())).collect())
}

/// Folders with a marker of ours that the file does not name.
async fn other_folders(aws: &Aws, names: &Names, known: &[String]) -> Result<Vec<Found>, AwsError> {
    let bucket = Bucket { aws, name: &names.bucket, account: &names.account };
    let mut found = Vec::new();
    let mut budget = FOLDERS_LOOKED_AT_MAX;
    let mut parents = vec![String::new()];
    for _ in 0..FOLDER_DEPTH_MAX {
        let lists = parents.iter().map(|parent| children(&bucket, parent));
        let mut inside = Vec::new();
        let children = try_join_all(lists).await?.into_iter().flatten();
        let (around, unknown): (Vec<String>, Vec<String>) = children
            .filter(|prefix| !known.iter().any(|folder| *prefix == format!("{folder}/")))
            .partition(|prefix| known.iter().any(|folder| folder.starts_with(prefix.as_str())));
        inside.extend(around);
        let unknown: Vec<String> = unknown.into_iter().take(budget).collect();
        budget -= unknown.len();
        let markers = unknown.iter().map(|prefix| marker::find(&bucket, prefix));
        for (prefix, marker) in unknown.iter().zip(try_join_all(markers).await?) {
            let stack = marker.and_then(|marker| marker.stack);
            if stack.as_ref() == Some(&names.stack) {
                found.push(Found::Folder(prefix.trim_end_matches('/').to_owned()));
            } else {
                inside.push(prefix.clone());
            }
        }
        if inside.is_empty() {
            break;
        }
        parents = inside;
    }
    Ok(found)
}

/// The folders directly inside a folder, as prefixes; none in a bucket that is not ours to read.
async fn children(bucket: &Bucket<'_>, parent: &str) -> Result<Vec<String>, AwsError> {
    let list = bucket.aws.s3.list_objects_v2().bucket(bucket.name).delimiter("/");
    let list = list.prefix(parent).expected_bucket_owner(bucket.account).send().await;
    match list.found("s3:ListBucket") {
        Err(error) if error.is_denied() || matches!(error.status(), 301 | 307 | 400) => {
            Ok(Vec::new())
        }
        other => {
            let prefixes = other?.and_then(|page| page.common_prefixes).unwrap_or_default();
            Ok(prefixes.into_iter().filter_map(|prefix| prefix.prefix).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::names::{Chosen, Place};

    fn names() -> Names {
        let chosen = Chosen {
            stack: "shop",
            bucket: "photos",
            topic: "uploads",
            function: "Resize",
            tags: &BTreeMap::new(),
        };
        Names::new(&chosen, Place::from(&Aws::stand_in()))
    }

    fn found(arn: &str) -> Vec<Found> {
        by_arn(arn, &names())
    }

    #[test]
    fn what_carries_our_tag_under_another_name_is_found_by_its_kind() {
        let cases = [
            ("arn:aws:sns:us-east-1:123456789012:old", Found::Topic("old".to_owned())),
            ("arn:aws:s3:::old-photos", Found::Bucket("old-photos".to_owned())),
            ("arn:aws-cn:s3:::old-photos", Found::Bucket("old-photos".to_owned())),
            ("arn:aws:sqs:us-east-1:123456789012:old-q", Found::Queue("old-q".to_owned())),
            (
                "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/Old:*",
                Found::Logs("Old".to_owned()),
            ),
        ];
        for (arn, expected) in cases {
            assert_eq!(found(arn), [expected], "{arn}");
        }
        // Its log group goes with it, which not every index of tags knows.
        let function = "arn:aws:lambda:us-east-1:123456789012:function:Old";
        let both = [Found::Function("Old".to_owned()), Found::Logs("Old".to_owned())];
        assert_eq!(found(function), both);
    }

    #[test]
    fn what_is_in_the_file_or_of_no_kind_of_ours_is_not_found() {
        for arn in [
            "arn:aws:sns:us-east-1:123456789012:uploads",
            "arn:aws:s3:::photos",
            "arn:aws:sqs:us-east-1:123456789012:shop-dead-letters",
            "arn:aws:lambda:us-east-1:123456789012:function:Resize",
            "arn:aws:lambda:us-east-1:123456789012:layer:Resize",
            "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/Resize:*",
            "arn:aws:logs:us-east-1:123456789012:log-group:/somewhere/else",
            "arn:aws:dynamodb:us-east-1:123456789012:table/orders",
            "no arn",
            "",
        ] {
            assert_eq!(found(arn), [], "{arn}");
        }
    }
}
