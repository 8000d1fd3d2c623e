//! The function's log group, made before the function so that its logs expire and its tag is ours.

mod export;
mod permissions;
mod price;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::types::LogGroup;

use super::{Blueprint, Member, Trace, function};
use crate::aws::wait::{Wait, retry_while};
use crate::aws::{Aws, AwsError, Calling};
use crate::engine::edits::Edits;
use crate::engine::fields::Tags;
use crate::engine::resource::{Context, Details, Erased, Id, Kind, Observed, Removal, Resource};
use crate::names::{LOG_GROUPS, Names, tags};
use crate::permissions::Row;
use crate::pricing::{Service, Usage};

pub(crate) const ID: Id = Id(&Kind {
    loses: Some("the logs in it are lost"),
    ..Kind::new("logs", "AWS::Logs::LogGroup")
});

/// How long CloudWatch Logs may be busy with an earlier call on the group.
const BUSY_SECS_MAX: u64 = 60;

fields! {
    pub(crate) struct Fields {
        tags: Tags,
        retention_days: Option<u32>,
    }
}

pub(crate) struct Logs {
    names: Arc<Names>,
    retention_days: u32,
}

impl Logs {
    fn new(names: Arc<Names>, blueprint: &Blueprint<'_>) -> Self {
        Self { names, retention_days: blueprint.config.function.log_retention_days }
    }

    /// The group with exactly our name: AWS finds groups by prefix only.
    async fn find(&self, aws: &Aws) -> Result<Option<LogGroup>, AwsError> {
        let name = Some(self.names.log_group.as_str());
        let mut page_token = None;
        loop {
            let list =
                aws.logs.describe_log_groups().set_log_group_name_prefix(name.map(Into::into));
            let page =
                list.set_next_token(page_token).send().await.found("logs:DescribeLogGroups")?;
            let Some(page) = page else { return Ok(None) };
            let groups = page.log_groups.unwrap_or_default();
            let found = groups.into_iter().find(|group| group.log_group_name() == name);
            if found.is_some() || page.next_token.is_none() {
                return Ok(found);
            }
            page_token = page.next_token;
        }
    }

    async fn put_retention(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "logs:PutRetentionPolicy";
        let days = i32::try_from(self.retention_days)
            .map_err(|error| AwsError::request(CALL, error.to_string()))?;
        retry_while(&busy_wait(context, CALL), is_busy, || async {
            let put = context.aws.logs.put_retention_policy();
            let put = put.log_group_name(&self.names.log_group).retention_in_days(days);
            put.send().await.calling(CALL)
        })
        .await?;
        Ok(())
    }
}

#[async_trait]
impl Resource for Logs {
    type Fields = Fields;

    const ID: Id = ID;

    fn name(&self) -> String {
        self.names.log_group.clone()
    }

    fn arn(&self) -> Option<String> {
        Some(self.names.log_group_arn.clone())
    }

    fn fields(&self) -> Fields {
        Fields { tags: self.names.tags.clone(), retention_days: Some(self.retention_days) }
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed<Fields>>, AwsError> {
        let Some(group) = self.find(aws).await? else { return Ok(None) };
        let list = aws.logs.list_tags_for_resource().resource_arn(&self.names.log_group_arn);
        let answer = list.send().await.found("logs:ListTagsForResource")?;
        let tags = tags(answer.and_then(|answer| answer.tags).unwrap_or_default());
        let owner = self.names.owner(&tags);
        let retention_days = group.retention_in_days().and_then(|days| u32::try_from(days).ok());
        Ok(Some(Observed::new(Fields { tags, retention_days }, owner)))
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        const CALL: &str = "logs:CreateLogGroup";
        let tags: HashMap<String, String> = self.names.tags.clone().into_iter().collect();
        let created = retry_while(&busy_wait(context, CALL), is_busy, || async {
            let create = context.aws.logs.create_log_group();
            let create = create.log_group_name(&self.names.log_group);
            create.set_tags(Some(tags.clone())).send().await.calling(CALL)
        })
        .await;
        match created {
            // A running function may win the race; then it is only missing our tags.
            Err(error) if error.code().starts_with("ResourceAlreadyExists") => {
                self.put_tags(context, tags).await?;
            }
            other => drop(other?),
        }
        Ok(Details::new())
    }

    async fn complete(&self, context: &Context<'_>, created: Details) -> Result<Details, AwsError> {
        self.put_retention(context).await?;
        Ok(created)
    }

    async fn update(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
        edits: &Edits<Fields>,
    ) -> Result<Details, AwsError> {
        if edits.touch(Fields::retention_days) {
            self.put_retention(context).await?;
        }
        if edits.touch(Fields::tags) {
            let tags = edits.tags(Fields::tags).into_iter().collect();
            self.put_tags(context, tags).await?;
        }
        Ok(Details::new())
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
    ) -> Result<Removal, AwsError> {
        const CALL: &str = "logs:DeleteLogGroup";
        retry_while(&busy_wait(context, CALL), is_busy, || async {
            let delete = context.aws.logs.delete_log_group();
            delete.log_group_name(&self.names.log_group).send().await.found(CALL)
        })
        .await?;
        Ok(Removal::Gone)
    }
}

impl Member for Logs {
    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    // Not every index of tags knows log groups, and each function has one.
    const TRACES: &'static [Trace] = &[
        Trace::Tag { resource_type: "logs:log-group", resource: None, name: function_of },
        Trace::Beside(function::ID),
    ];

    const COSTS: fn(&Usage) -> Vec<Service> = price::costs;

    fn wanted(blueprint: &Blueprint<'_>) -> Option<Self> {
        Some(Self::new(blueprint.names(), blueprint))
    }

    fn known_as(names: &Names) -> Option<&str> {
        Some(&names.function)
    }

    fn left(blueprint: &Blueprint<'_>, function: &str) -> Erased {
        Box::new(Self::new(blueprint.names.with_function(function).into(), blueprint))
    }
}

/// The function whose log group an ARN ends in.
fn function_of(group: &str) -> Option<&str> {
    let name = group.strip_prefix("log-group:")?.strip_prefix(LOG_GROUPS)?;
    Some(name.trim_end_matches(":*"))
}

impl Logs {
    async fn put_tags(
        &self,
        context: &Context<'_>,
        tags: HashMap<String, String>,
    ) -> Result<(), AwsError> {
        let tag = context.aws.logs.tag_resource().resource_arn(&self.names.log_group_arn);
        tag.set_tags(Some(tags)).send().await.calling("logs:TagResource")?;
        Ok(())
    }
}

fn busy_wait<'a>(context: &Context<'a>, call: &'static str) -> Wait<'a> {
    context.wait(call, "CloudWatch Logs to finish an earlier call", BUSY_SECS_MAX)
}

fn is_busy(error: &AwsError) -> bool {
    error.code().starts_with("OperationAborted")
}
