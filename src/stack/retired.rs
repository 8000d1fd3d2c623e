//! What belongs to a stack and is no longer in its file: found by the stack's tag, its IAM path, and
//! the markers in its bucket, as its resources say.
//!
//! Whether one is still there and still ours, each says when it is read: the tagging API lags behind
//! for a while (Resource Groups Tagging API, `GetResources`).

use std::collections::BTreeSet;

use aws_sdk_iam::operation::list_policies::ListPoliciesOutput;
use aws_sdk_iam::operation::list_roles::ListRolesOutput;
use aws_sdk_iam::types::{PolicyScopeType, Role};
use aws_sdk_resourcegroupstagging::Client;
use aws_sdk_resourcegroupstagging::types::{Tag, TagFilter};
use futures_util::future::try_join_all;
use futures_util::try_join;

use super::Line;
use crate::aws::bucket::Bucket;
use crate::aws::clients::CERTIFICATES_REGION;
use crate::aws::iam::all_pages;
use crate::aws::{Aws, AwsError, Calling, marker};
use crate::engine::plan::Node;
use crate::engine::resource::{Observed, STACK_TAG};
use crate::names::{DOMAINS_TAG, Names, REGION_TAG, RESOURCE_TAG};
use crate::permissions::{ACCOUNT, Row, on};
use crate::resources::{Trace, own_domain};

/// A bucket of an application can hold very many folders; at most so many are looked at.
const FOLDERS_LOOKED_AT_MAX: usize = 50;
/// How deep folders inside folders are looked for.
const FOLDER_DEPTH_MAX: usize = 3;

pub(super) const PERMISSIONS: &[Row] = &[on(ACCOUNT).read(&["tag:GetResources"])];

/// A resource of the stack that the file does not name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Left {
    /// Its line in the stack's list.
    pub(super) line: usize,
    pub(super) name: String,
}

/// Looks for everything at once. `folders` are those of the file.
pub(super) async fn find(
    aws: &Aws,
    names: &Names,
    lines: &[Line],
    folders: &[String],
) -> Result<BTreeSet<Left>, AwsError> {
    let (mut tagged, certificates, roles, policies, folders) = try_join!(
        tagged(aws, names, lines),
        certificates(aws, names),
        roles(aws, names),
        policies(aws, names),
        other_folders(aws, names, folders),
    )?;
    tagged.extend(certificates);
    let found = Found { tagged, roles, policies, folders };
    Ok(left(&found, names, lines))
}

/// What was found, before it is told which of it the file names.
#[derive(Default)]
struct Found {
    tagged: Vec<Tagged>,
    roles: Vec<String>,
    policies: Vec<String>,
    folders: Vec<String>,
}

/// Something with the stack's tag.
#[derive(Clone, Debug)]
struct Tagged {
    arn: String,
    /// Which resource it is, where its tags say so.
    resource: Option<String>,
    /// Which of the domains of the stack in this region it is for, where its tags say so.
    domains: Option<String>,
}

/// What of it is not in the file, and what goes with that.
fn left(found: &Found, names: &Names, lines: &[Line]) -> BTreeSet<Left> {
    let mut left = BTreeSet::new();
    for (at, line) in lines.iter().enumerate() {
        let known = (line.known_as)(names);
        let all = line.traces.iter().flat_map(|trace| found.by(*trace));
        let others = all.filter(|name| known != Some(name)).map(|name| Left { line: at, name });
        left.extend(others);
    }
    for (at, line) in lines.iter().enumerate() {
        let beside = |trace: &Trace| match trace {
            Trace::Beside(id) => lines.iter().position(|line| line.id == *id),
            _ => None,
        };
        let holders: Vec<usize> = line.traces.iter().filter_map(beside).collect();
        let holders: Vec<String> =
            left.iter().filter(|it| holders.contains(&it.line)).map(|it| it.name.clone()).collect();
        left.extend(holders.into_iter().map(|name| Left { line: at, name }));
    }
    left
}

impl Found {
    /// The names of what a trace leads to.
    fn by(&self, trace: Trace) -> Vec<String> {
        match trace {
            Trace::Tag { resource_type, resource, name } => {
                let named =
                    |it: &Tagged| Some(name(resource_of(&it.arn, resource_type)?)?.to_owned());
                let tagged = self.tagged.iter();
                tagged.filter(|it| it.resource.as_deref() == resource).filter_map(named).collect()
            }
            Trace::OwnDomains => {
                let certificates = self.tagged.iter();
                let certificates = certificates
                    .filter(|it| resource_of(&it.arn, own_domain::RESOURCE_TYPE).is_some());
                certificates.filter_map(|it| it.domains.clone()).collect()
            }
            Trace::PolicyPath => self.policies.clone(),
            Trace::RolePath(is_meant) => {
                self.roles.iter().filter(|name| is_meant(name)).cloned().collect()
            }
            Trace::Marker => self.folders.clone(),
            Trace::Beside(_) | Trace::TagOf(..) => Vec::new(),
        }
    }
}

/// What the tags of resources that were read name, and the file does not.
pub(super) fn told(
    observation: &[Option<Observed>],
    nodes: &[Node],
    names: &Names,
    lines: &[Line],
) -> BTreeSet<Left> {
    let mut left = BTreeSet::new();
    for (at, line) in lines.iter().enumerate() {
        for trace in line.traces {
            let Trace::TagOf(id, tag) = trace else { continue };
            let holders =
                nodes.iter().zip(observation).filter(|(node, _)| node.resource.id() == *id);
            let tags = holders.filter_map(|(_, observed)| {
                let tag = observed.as_ref()?.fields.get(&format!("tags.{tag}"));
                Some(tag.as_str()?.to_owned())
            });
            let others = tags.filter(|name| (line.known_as)(names) != Some(name.as_str()));
            left.extend(others.map(|name| Left { line: at, name }));
        }
    }
    left
}

/// The last part of an ARN of the service that a resource type is of.
fn resource_of<'a>(arn: &'a str, resource_type: &str) -> Option<&'a str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, service, _, _, resource] = parts.as_slice() else { return None };
    (resource_type.split(':').next() == Some(service)).then_some(*resource)
}

/// Everything with the stack's tag that is of a type which is asked for by tag.
async fn tagged(aws: &Aws, names: &Names, lines: &[Line]) -> Result<Vec<Tagged>, AwsError> {
    let types = lines.iter().flat_map(|line| line.traces).filter_map(|trace| match trace {
        Trace::Tag { resource_type, .. } => Some(*resource_type),
        _ => None,
    });
    let certificates = (names.region == CERTIFICATES_REGION).then_some(own_domain::RESOURCE_TYPE);
    of_types(&aws.tagging, names, &types.chain(certificates).collect()).await
}

/// The certificates of a stack in another region than they are in. Whoever may not ask there has made
/// none.
async fn certificates(aws: &Aws, names: &Names) -> Result<Vec<Tagged>, AwsError> {
    if names.region == CERTIFICATES_REGION || names.partition != "aws" {
        return Ok(Vec::new());
    }
    let types = BTreeSet::from([own_domain::RESOURCE_TYPE]);
    match of_types(&aws.tagging_in_us_east_1, names, &types).await {
        Err(error) if error.is_denied() => Ok(Vec::new()),
        other => other,
    }
}

async fn of_types(
    tagging: &Client,
    names: &Names,
    types: &BTreeSet<&str>,
) -> Result<Vec<Tagged>, AwsError> {
    let filter = TagFilter::builder().key(STACK_TAG).values(&names.stack).build();
    let types: Vec<String> = types.iter().map(|it| (*it).to_owned()).collect();
    let mut tagged = Vec::new();
    let mut token = None;
    loop {
        let get = tagging.get_resources().tag_filters(filter.clone());
        let get = get.set_resource_type_filters(Some(types.clone()));
        let page = get.set_pagination_token(token).send().await.calling("tag:GetResources")?;
        let found = page.resource_tag_mapping_list().iter().filter_map(|it| {
            let tag = |key: &str| it.tags().iter().find(|tag| tag.key() == key);
            let is_here = tag(REGION_TAG).is_some_and(|tag| tag.value() == names.region);
            let text = |tag: &Tag| tag.value().to_owned();
            let arn = it.resource_arn()?.to_owned();
            let domains = tag(DOMAINS_TAG).filter(|_| is_here).map(text);
            Some(Tagged { arn, resource: tag(RESOURCE_TAG).map(text), domains })
        });
        tagged.extend(found);
        token = page.pagination_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(tagged);
        }
    }
}

async fn roles(aws: &Aws, names: &Names) -> Result<Vec<String>, AwsError> {
    let pages = all_pages(|marker| async {
        let list = aws.iam.list_roles().path_prefix(&names.iam_path).set_marker(marker);
        list.send().await.calling("iam:ListRoles").map(Some)
    });
    let pages = pages.await?;
    let listed = pages.iter().flat_map(ListRolesOutput::roles).map(Role::role_name);
    Ok(listed.map(ToOwned::to_owned).collect())
}

async fn policies(aws: &Aws, names: &Names) -> Result<Vec<String>, AwsError> {
    let pages = all_pages(|marker| async {
        let list = aws.iam.list_policies().scope(PolicyScopeType::Local);
        let list = list.path_prefix(&names.iam_path).set_marker(marker);
        list.send().await.calling("iam:ListPolicies").map(Some)
    });
    let pages = pages.await?;
    let listed =
        pages.iter().flat_map(ListPoliciesOutput::policies).filter_map(|it| it.policy_name());
    Ok(listed.map(ToOwned::to_owned).collect())
}

/// Folders with a marker of ours that the file does not name.
async fn other_folders(
    aws: &Aws,
    names: &Names,
    known: &[String],
) -> Result<Vec<String>, AwsError> {
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
                found.push(prefix.trim_end_matches('/').to_owned());
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
    use super::super::lines;
    use super::*;

    /// What these ARNs stand for, as the resource's name and its own.
    fn found(arn: &str) -> Vec<(&'static str, String)> {
        let lines = lines();
        let tagged = Tagged { arn: arn.to_owned(), resource: None, domains: None };
        let found = Found { tagged: vec![tagged], ..Found::default() };
        let left = left(&found, &Names::stand_in(), &lines).into_iter();
        left.map(|left| (lines[left.line].id.as_str(), left.name)).collect()
    }

    #[test]
    fn what_carries_our_tag_under_another_name_is_found_by_its_kind() {
        let cases: [(&str, &[&str], &str); 6] = [
            ("arn:aws:sns:us-east-1:123456789012:old", &["topic"], "old"),
            ("arn:aws:s3:::old-photos", &["bucket", "notification"], "old-photos"),
            ("arn:aws-cn:s3:::old-photos", &["bucket", "notification"], "old-photos"),
            ("arn:aws:sqs:us-east-1:123456789012:old-q", &["dead-letters"], "old-q"),
            ("arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/Old:*", &["logs"], "Old"),
            // Its log group goes with it, which not every index of tags knows.
            (
                "arn:aws:lambda:us-east-1:123456789012:function:Old",
                &["logs", "function", "trigger"],
                "Old",
            ),
        ];
        for (arn, kinds, name) in cases {
            let expected: Vec<_> = kinds.iter().map(|kind| (*kind, name.to_owned())).collect();
            assert_eq!(found(arn), expected, "{arn}");
        }
    }

    #[test]
    fn a_folder_that_is_called_as_the_bucket_is_found() {
        let (lines, names) = (lines(), Names::stand_in());
        let found = Found { folders: vec![names.bucket.clone()], ..Found::default() };
        let left: Vec<Left> = left(&found, &names, &lines).into_iter().collect();
        let folders = lines.iter().position(|line| line.id.as_str() == "folders").unwrap();
        assert_eq!(left, [Left { line: folders, name: names.bucket }]);
    }

    #[test]
    fn what_is_in_the_file_or_of_no_kind_of_ours_is_not_found() {
        for arn in [
            "arn:aws:sns:us-east-1:123456789012:t",
            "arn:aws:s3:::b",
            "arn:aws:sqs:us-east-1:123456789012:s-dead-letters",
            "arn:aws:lambda:us-east-1:123456789012:function:f",
            "arn:aws:lambda:us-east-1:123456789012:layer:f",
            "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/f:*",
            "arn:aws:logs:us-east-1:123456789012:log-group:/somewhere/else",
            "arn:aws:dynamodb:us-east-1:123456789012:table/orders",
            "no arn",
            "",
        ] {
            assert_eq!(found(arn), [], "{arn}");
        }
    }
}
