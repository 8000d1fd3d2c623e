//! What makes the topic call the function: the subscription, and the permission to invoke.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::try_join;
use serde_json::{Value, json};

use crate::aws::lambda::is_busy;
use crate::aws::policy;
use crate::aws::wait::retry_while;
use crate::aws::{Aws, AwsError, Calling};
use crate::names::Names;
use crate::resource::{Context, Details, Edits, Fields, Id, Observed, Owner, Removal, Resource};

const SUBSCRIPTION_PATH: &str = "subscription";
const REDRIVE_PATH: &str = "subscription.redrive";
const REDRIVE_ATTRIBUTE: &str = "RedrivePolicy";
/// The detail under which the subscription's ARN is remembered, which SNS chooses.
const SUBSCRIPTION_DETAIL: &str = "subscription";
/// How long Lambda may take over an earlier change of the function.
const UPDATE_SECS_MAX: u64 = 300;

pub(crate) struct Trigger {
    names: Arc<Names>,
}

impl Trigger {
    pub(crate) fn new(names: Arc<Names>) -> Self {
        Self { names }
    }

    fn sid(&self) -> String {
        format!("imgprep-{}", self.names.stack)
    }

    fn permission_path(&self) -> String {
        format!("permission.Statement[{}]", self.sid())
    }

    /// The statement that `AddPermission` writes for us.
    fn permission(&self) -> Value {
        json!({
            "Sid": self.sid(),
            "Effect": "Allow",
            "Principal": { "Service": "sns.amazonaws.com" },
            "Action": "lambda:InvokeFunction",
            "Resource": self.names.function_arn,
            "Condition": { "ArnLike": { "AWS:SourceArn": self.names.topic_arn } },
        })
    }

    fn redrive(&self) -> Value {
        json!({ "deadLetterTargetArn": self.names.queue_arn })
    }

    async fn read_permission(&self, aws: &Aws) -> Result<Option<Value>, AwsError> {
        let get = aws.lambda.get_policy().function_name(&self.names.function);
        let document = get.send().await.found("lambda:GetPolicy")?.and_then(|answer| answer.policy);
        let statements = policy::statements(document.as_deref());
        Ok(policy::statement(&statements, &self.sid()).map(policy::canonical))
    }

    /// The ARN of the topic's subscription for our function.
    async fn find_subscription(&self, aws: &Aws) -> Result<Option<String>, AwsError> {
        let mut page_token = None;
        loop {
            let list = aws.sns.list_subscriptions_by_topic().topic_arn(&self.names.topic_arn);
            let page = list.set_next_token(page_token).send().await;
            let Some(page) = page.found("sns:ListSubscriptionsByTopic")? else { return Ok(None) };
            let function = Some(self.names.function_arn.as_str());
            let ours = page.subscriptions().iter().find(|found| found.endpoint() == function);
            if let Some(arn) = ours.and_then(|found| found.subscription_arn()) {
                return Ok(Some(arn.to_owned()));
            }
            if page.next_token().is_none() {
                return Ok(None);
            }
            page_token = page.next_token;
        }
    }

    /// The fields of our subscription, and its ARN.
    async fn read_subscription(&self, aws: &Aws) -> Result<Option<(Fields, String)>, AwsError> {
        let Some(arn) = self.find_subscription(aws).await? else { return Ok(None) };
        let get = aws.sns.get_subscription_attributes().subscription_arn(&arn);
        let answer = get.send().await.found("sns:GetSubscriptionAttributes")?;
        let attributes = answer.and_then(|answer| answer.attributes).unwrap_or_default();
        let mut fields =
            Fields::default().with(SUBSCRIPTION_PATH, self.names.function_arn.as_str());
        let redrive = attributes.get(REDRIVE_ATTRIBUTE).map(|text| serde_json::from_str(text));
        if let Some(Ok(redrive)) = redrive {
            fields.set(REDRIVE_PATH, Value::clone(&redrive));
        }
        Ok(Some((fields, arn)))
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
                .source_arn(&self.names.topic_arn);
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
        let subscribe = context.aws.sns.subscribe().topic_arn(&self.names.topic_arn);
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
        let arn = self.find_subscription(context.aws).await?.ok_or_else(|| {
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
    fn id(&self) -> Id {
        Id::Trigger
    }

    fn name(&self) -> String {
        format!("{} -> {}", self.names.topic, self.names.function)
    }

    fn arn(&self) -> Option<String> {
        None
    }

    fn fields(&self) -> Fields {
        Fields::default()
            .with(self.permission_path(), policy::canonical(&self.permission()))
            .with(SUBSCRIPTION_PATH, self.names.function_arn.as_str())
            .with(REDRIVE_PATH, self.redrive())
    }

    fn statements(&self) -> Vec<Value> {
        vec![self.permission()]
    }

    fn held_by(&self) -> &'static [(Id, &'static str)] {
        &[(Id::Function, "permission")]
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed>, AwsError> {
        let (permission, subscription) =
            try_join!(self.read_permission(aws), self.read_subscription(aws))?;
        if permission.is_none() && subscription.is_none() {
            return Ok(None);
        }
        let (fields, arn) = subscription.unzip();
        let mut fields = fields.unwrap_or_default();
        if let Some(permission) = permission {
            fields.set(self.permission_path(), permission);
        }
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
        edits: &Edits,
    ) -> Result<Details, AwsError> {
        // The permission first: without it SNS gives a delivery up at once.
        if edits.touch(&self.permission_path()) {
            self.allow(context).await?;
        }
        let subscription = edits.within(SUBSCRIPTION_PATH);
        if subscription.iter().any(|edit| edit.path == SUBSCRIPTION_PATH) {
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
