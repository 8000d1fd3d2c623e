//! Who gets the messages of a topic, read for the resources that subscribe somebody.

use std::collections::HashMap;

use aws_sdk_sns::types::Subscription;

use super::{Aws, AwsError, Calling};

/// What SNS says in place of an ARN until the subscriber confirms.
const PENDING: &str = "PendingConfirmation";

/// What SNS says there for some days after somebody unsubscribed.
const DELETED: &str = "Deleted";

/// A subscriber of a topic.
pub(crate) struct Subscriber {
    /// `None`: it has not confirmed, and nothing can be asked or told of it.
    pub(crate) arn: Option<String>,
    pub(crate) endpoint: String,
    pub(crate) protocol: String,
}

impl Subscriber {
    /// Every subscriber of a topic; `None` if there is no topic.
    pub(crate) async fn of_topic(
        aws: &Aws,
        topic_arn: &str,
    ) -> Result<Option<Vec<Self>>, AwsError> {
        let mut all = Vec::new();
        let mut page_token = None;
        loop {
            let list = aws.sns.list_subscriptions_by_topic().topic_arn(topic_arn);
            let page = list.set_next_token(page_token).send().await;
            let Some(page) = page.found("sns:ListSubscriptionsByTopic")? else { return Ok(None) };
            let there = page.subscriptions().iter();
            let there = there.filter(|it| it.subscription_arn() != Some(DELETED));
            all.extend(there.map(Self::from));
            if page.next_token().is_none() {
                return Ok(Some(all));
            }
            page_token = page.next_token;
        }
    }

    /// The attributes of a subscription, by its ARN; none if it is gone by now.
    pub(crate) async fn attributes(
        aws: &Aws,
        arn: &str,
    ) -> Result<HashMap<String, String>, AwsError> {
        let get = aws.sns.get_subscription_attributes().subscription_arn(arn);
        let answer = get.send().await.found("sns:GetSubscriptionAttributes")?;
        Ok(answer.and_then(|answer| answer.attributes).unwrap_or_default())
    }

    /// Ends a subscription. One that was not confirmed has no ARN to name it by, and SNS forgets it
    /// after two days.
    pub(crate) async fn unsubscribe(&self, aws: &Aws) -> Result<(), AwsError> {
        let Some(arn) = &self.arn else { return Ok(()) };
        let unsubscribe = aws.sns.unsubscribe().subscription_arn(arn);
        unsubscribe.send().await.found("sns:Unsubscribe").map(drop)
    }
}

impl From<&Subscription> for Subscriber {
    fn from(subscription: &Subscription) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            arn: subscription.subscription_arn().filter(|arn| *arn != PENDING).map(str::to_owned),
            endpoint: text(subscription.endpoint()),
            protocol: text(subscription.protocol()),
        }
    }
}
