//! What makes the topic call the function: the subscription, and the permission to invoke.

mod export;
mod permissions;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::try_join;
use serde_json::{Value, json};

use super::{Blueprint, Member, Trace, function};
use crate::aws::lambda::is_busy;
use crate::aws::policy;
use crate::aws::subscribers::Subscriber;
use crate::aws::wait::retry_while;
use crate::aws::{Aws, AwsError, Calling};
use crate::engine::edits::Edits;
use crate::engine::fields::{Field, Path, Statements, Values, below};
use crate::engine::resource::{
    Context, Details, Erased, Id, Kind, Observed, Owner, Removal, Resource,
};
use crate::names::Names;
use crate::permissions::Row;

pub(crate) const ID: Id = Id(&Kind::new("trigger", "AWS::SNS::Subscription"));

const REDRIVE_ATTRIBUTE: &str = "RedrivePolicy";
/// The detail under which the subscription's ARN is remembered, which SNS chooses.
const SUBSCRIPTION_DETAIL: &str = "subscription";
/// How long Lambda may take over an earlier change of the function.
const UPDATE_SECS_MAX: u64 = 300;

fields! {
    pub(crate) struct Fields {
        permission: Statements,
        subscription: Option<Subscription>,
    }
}

/// The function's ARN, and below it where what could not be delivered goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subscription {
    function: String,
    redrive: Option<Value>,
}

impl Field for Subscription {
    fn list(&self, path: &str, values: &mut Values) {
        values.set(path, self.function.as_str());
        self.redrive.list(&below(path, "redrive"), values);
    }
}

pub(crate) struct Trigger {
    names: Arc<Names>,
}

impl Trigger {
    fn new(names: Arc<Names>) -> Self {
        Self { names }
    }

    fn sid(&self) -> String {
        format!("imgprep-{}", self.names.stack)
    }

    /// The statement that `AddPermission` writes for us.
    fn permission(&self) -> Value {
        json!({
            "Sid": self.sid(),
            "Effect": "Allow",
            "Principal": { "Service": "sns.amazonaws.com" },
            "Action": "lambda:InvokeFunction",
            "Resource": self.names.function_arn,
            "Condition": { "ArnLike": { "AWS:SourceArn": self.names.topic.arn } },
        })
    }

    fn redrive(&self) -> Value {
        json!({ "deadLetterTargetArn": self.names.dead_letters.arn })
    }

    async fn read_permission(&self, aws: &Aws) -> Result<Option<Value>, AwsError> {
        let get = aws.lambda.get_policy().function_name(&self.names.function);
        let document = get.send().await.found("lambda:GetPolicy")?.and_then(|answer| answer.policy);
        Ok(policy::canonical_statement(document.as_deref(), &self.sid()))
    }

    /// The topic's subscription for our function.
    async fn find_subscription(&self, aws: &Aws) -> Result<Option<Subscriber>, AwsError> {
        let all = Subscriber::of_topic(aws, &self.names.topic.arn).await?.unwrap_or_default();
        Ok(all.into_iter().find(|found| found.endpoint == self.names.function_arn))
    }

    /// Our subscription, and its ARN.
    async fn read_subscription(
        &self,
        aws: &Aws,
    ) -> Result<Option<(Subscription, String)>, AwsError> {
        let found = self.find_subscription(aws).await?;
        let Some(arn) = found.and_then(|found| found.arn) else { return Ok(None) };
        let attributes = Subscriber::attributes(aws, &arn).await?;
        let redrive = attributes.get(REDRIVE_ATTRIBUTE);
        let redrive = redrive.and_then(|text| serde_json::from_str(text).ok());
        Ok(Some((Subscription { function: self.names.function_arn.clone(), redrive }, arn)))
    }

    async fn add_permission(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "lambda:AddPermission";
        let wait = context.wait(CALL, "Lambda to finish its update", UPDATE_SECS_MAX);
        retry_while(&wait, is_busy, || async {
            let add = context.aws.lambda.add_permission().function_name(&self.names.function);
            let add = add
                .statement_id(self.sid())
                .action("lambda:InvokeFunction")
                .principal("sns.amazonaws.com")
                .source_arn(&self.names.topic.arn);
            add.send().await.calling(CALL)
        })
        .await?;
        Ok(())
    }

    async fn allow(&self, context: &Context<'_>) -> Result<(), AwsError> {
        match self.add_permission(context).await {
            Err(error) if error.says("already exists") => {
                let present = self.read_permission(context.aws).await?;
                if present == Some(policy::canonical(&self.permission())) {
                    return Ok(());
                }
                // One of our name says something else, and Lambda cannot change one in place.
                self.disallow(context).await?;
                self.add_permission(context).await
            }
            other => other,
        }
    }

    async fn disallow(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "lambda:RemovePermission";
        let wait = context.wait(CALL, "Lambda to finish its update", UPDATE_SECS_MAX);
        retry_while(&wait, is_busy, || async {
            let remove = context.aws.lambda.remove_permission();
            let remove = remove.function_name(&self.names.function).statement_id(self.sid());
            remove.send().await.found(CALL)
        })
        .await?;
        Ok(())
    }

    /// SNS answers a repeated `Subscribe` with the subscription that is there.
    async fn subscribe(&self, context: &Context<'_>) -> Result<(), AwsError> {
        let subscribe = context.aws.sns.subscribe().topic_arn(&self.names.topic.arn);
        let subscribe = subscribe
            .protocol("lambda")
            .endpoint(&self.names.function_arn)
            .attributes(REDRIVE_ATTRIBUTE, self.redrive().to_string())
            .return_subscription_arn(true);
        subscribe.send().await.calling("sns:Subscribe")?;
        Ok(())
    }

    async fn put_redrive(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "sns:SetSubscriptionAttributes";
        let found = self.find_subscription(context.aws).await?;
        let arn = found.and_then(|found| found.arn).ok_or_else(|| {
            AwsError::request(CALL, "the subscription was deleted in the meantime")
        })?;
        let put = context.aws.sns.set_subscription_attributes().subscription_arn(arn);
        let put = put.attribute_name(REDRIVE_ATTRIBUTE).attribute_value(self.redrive().to_string());
        put.send().await.calling(CALL)?;
        Ok(())
    }
}

#[async_trait]
impl Resource for Trigger {
    type Fields = Fields;

    const ID: Id = ID;

    const HELD_BY: &'static [(Id, Path<Fields>)] = &[(function::ID, Fields::permission)];

    fn name(&self) -> String {
        format!("{} -> {}", self.names.topic.name, self.names.function)
    }

    fn arn(&self) -> Option<String> {
        None
    }

    fn fields(&self) -> Fields {
        let function = self.names.function_arn.clone();
        Fields {
            permission: Statements::one(&self.sid(), Some(policy::canonical(&self.permission()))),
            subscription: Some(Subscription { function, redrive: Some(self.redrive()) }),
        }
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed<Fields>>, AwsError> {
        let (permission, subscription) =
            try_join!(self.read_permission(aws), self.read_subscription(aws))?;
        if permission.is_none() && subscription.is_none() {
            return Ok(None);
        }
        let (subscription, arn) = subscription.unzip();
        let permission = Statements::one(&self.sid(), permission);
        let fields = Fields { permission, subscription };
        let mut observed = Observed::new(fields, Owner::Ours);
        observed.details.extend(arn.map(|arn| (SUBSCRIPTION_DETAIL, arn)));
        Ok(Some(observed))
    }

    /// Both at once: nothing is published on the topic before both are there, for the bucket's
    /// notification comes last.
    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        try_join!(self.allow(context), self.subscribe(context))?;
        Ok(Details::new())
    }

    async fn update(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
        edits: &Edits<Fields>,
    ) -> Result<Details, AwsError> {
        // The permission first: without it SNS gives a delivery up at once.
        if edits.touch(Fields::permission) {
            self.allow(context).await?;
        }
        let subscription = edits.within(Fields::subscription);
        if subscription.iter().any(|edit| edit.path == Fields::subscription.as_str()) {
            self.subscribe(context).await?;
        } else if !subscription.is_empty() {
            self.put_redrive(context).await?;
        }
        Ok(Details::new())
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        observed: &Observed,
    ) -> Result<Removal, AwsError> {
        let unsubscribe = async {
            let Some(arn) = observed.details.get(SUBSCRIPTION_DETAIL) else { return Ok(()) };
            let unsubscribe = context.aws.sns.unsubscribe().subscription_arn(arn);
            unsubscribe.send().await.found("sns:Unsubscribe").map(|_| ())
        };
        try_join!(unsubscribe, self.disallow(context))?;
        Ok(Removal::Gone)
    }
}

impl Member for Trigger {
    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    const TRACES: &'static [Trace] = &[Trace::Beside(function::ID)];

    fn wanted(blueprint: &Blueprint<'_>) -> Option<Self> {
        Some(Self::new(blueprint.names()))
    }

    fn known_as(names: &Names) -> Option<&str> {
        Some(&names.function)
    }

    fn left(blueprint: &Blueprint<'_>, function: &str) -> Erased {
        Box::new(Self::new(blueprint.names.with_function(function).into()))
    }
}
