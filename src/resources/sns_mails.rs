//! Who gets the messages of a topic by mail: the addresses of the file.
//!
//! SNS sends nothing to an address until somebody opened the link that it mailed there first, and
//! forgets one that nobody confirmed after two days. Whoever else subscribed is left alone, for nothing
//! tells an address that has left the file from one that somebody subscribed by hand.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use crate::aws::subscribers::Subscriber;
use crate::aws::{AwsError, Calling};
use crate::engine::fields::Keyed;
use crate::engine::resource::{Context, Details};

pub(super) const PROTOCOL: &str = "email";

/// The detail with the addresses that have not confirmed yet, one a line.
pub(crate) const UNCONFIRMED: &str = "unconfirmed";

/// What stands for a subscription where fields are shown.
const SUBSCRIBED: &str = "subscribed";

/// The addresses that the file has for a topic.
pub(super) struct Mails {
    addresses: Vec<String>,
    topic_arn: String,
}

impl Mails {
    pub(super) fn new(addresses: &[String], topic_arn: &str) -> Self {
        Self { addresses: addresses.to_vec(), topic_arn: topic_arn.to_owned() }
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = &str> {
        self.addresses.iter().map(String::as_str)
    }

    pub(super) fn wanted(&self) -> Keyed<&'static str> {
        keyed(self.addresses())
    }

    /// Those that are subscribed, confirmed or not: one that is not was asked as it should be.
    pub(super) fn subscribed(&self, all: &[Subscriber]) -> Keyed<&'static str> {
        keyed(self.addresses().filter(|address| all.iter().any(|found| is_at(found, address))))
    }

    pub(super) fn details(&self, all: &[Subscriber]) -> Details {
        details(self.unconfirmed(all))
    }

    fn unconfirmed(&self, all: &[Subscriber]) -> impl Iterator<Item = &str> {
        let is_waited_for =
            |found: &Subscriber, address| is_at(found, address) && is_pending(found);
        self.addresses().filter(move |it| all.iter().any(|found| is_waited_for(found, it)))
    }

    /// What people should know of addresses that get nothing, and of those that are not in the file.
    pub(super) fn note(&self, all: &[Subscriber]) -> Option<String> {
        let is_ours = |found: &&Subscriber| self.addresses().any(|address| is_at(found, address));
        let others = all.iter().filter(|found| found.protocol == PROTOCOL && !is_ours(found));
        let (asked, confirmed): (Vec<&Subscriber>, Vec<&Subscriber>) =
            others.partition(|found| is_pending(found));
        let listed = |all: &[&Subscriber]| {
            all.iter().map(|found| found.endpoint.as_str()).collect::<Vec<_>>().join(", ")
        };
        let told = [
            (
                self.unconfirmed(all).collect::<Vec<_>>().join(", "),
                "gets nothing until the link in the mail from AWS is opened; that mail is good for 2 \
                 days, and `imgprep up` sends another one after that",
            ),
            (listed(&asked), "not in the file and not confirmed: SNS forgets it within 2 days"),
            (
                listed(&confirmed),
                "subscribed but not in the file: the link at the end of each mail unsubscribes it",
            ),
        ];
        let told = told.into_iter().filter(|(addresses, _)| !addresses.is_empty());
        let told: Vec<String> =
            told.map(|(addresses, what)| format!("{addresses}: {what}")).collect();
        (!told.is_empty()).then(|| told.join("; "))
    }

    /// Has SNS ask these addresses whether they want mail. Answers with all that are asked and have not
    /// answered, those `known` before among them.
    pub(super) async fn subscribe<'a>(
        &'a self,
        context: &Context<'_>,
        addresses: impl Iterator<Item = &'a str>,
        mut known: Details,
    ) -> Result<Details, AwsError> {
        let asked = try_join_all(addresses.map(|address| async move {
            let subscribe = context.aws.sns.subscribe().topic_arn(&self.topic_arn);
            let subscribe = subscribe.protocol(PROTOCOL).endpoint(address);
            let subscribed = subscribe.send().await.calling("sns:Subscribe")?;
            let is_confirmed =
                subscribed.subscription_arn().is_some_and(|it| it.starts_with("arn:"));
            Ok::<_, AwsError>((!is_confirmed).then_some(address))
        }));
        let asked = asked.await?;
        let before = known.remove(UNCONFIRMED).unwrap_or_default();
        known.extend(details(before.lines().chain(asked.into_iter().flatten())));
        Ok(known)
    }
}

fn keyed<'a>(addresses: impl Iterator<Item = &'a str>) -> Keyed<&'static str> {
    Keyed(addresses.map(|it| (it.to_owned(), SUBSCRIBED)).collect::<BTreeMap<_, _>>())
}

fn details<'a>(unconfirmed: impl Iterator<Item = &'a str>) -> Details {
    let all: Vec<&str> = unconfirmed.collect();
    let detail = (!all.is_empty()).then(|| (UNCONFIRMED, all.join("\n")));
    detail.into_iter().collect()
}

/// SNS may write an address in other letters than the file.
fn is_at(found: &Subscriber, address: &str) -> bool {
    found.protocol == PROTOCOL && found.endpoint.eq_ignore_ascii_case(address)
}

fn is_pending(found: &Subscriber) -> bool {
    found.arn.is_none()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn subscriber(protocol: &str, endpoint: &str, is_confirmed: bool) -> Subscriber {
        Subscriber {
            arn: is_confirmed.then(|| "arn:aws:sns:us-east-1:123456789012:a:1".to_owned()),
            endpoint: endpoint.to_owned(),
            protocol: protocol.to_owned(),
        }
    }

    fn mails() -> Mails {
        Mails::new(&["ops@example.com", "night@example.com"].map(ToOwned::to_owned), "arn")
    }

    #[test]
    fn an_address_that_has_not_confirmed_is_subscribed_and_told() {
        let all = [
            subscriber("email", "Ops@example.com", true),
            subscriber("email", "night@example.com", false),
        ];
        let mails = mails();
        assert_eq!(mails.subscribed(&all).0, mails.wanted().0);
        assert_eq!(
            mails.details(&all),
            Details::from([(UNCONFIRMED, "night@example.com".to_owned())])
        );
        assert_snapshot!(mails.note(&all).unwrap(), @"night@example.com: gets nothing until the link in the mail from AWS is opened; that mail is good for 2 days, and `imgprep up` sends another one after that");
    }

    #[test]
    fn one_that_was_never_asked_or_unsubscribed_is_missing() {
        let all = [subscriber("email", "ops@example.com", true)];
        let subscribed = mails().subscribed(&all).0;
        assert_eq!(subscribed.keys().collect::<Vec<_>>(), ["ops@example.com"]);
        assert_eq!((mails().details(&all), mails().note(&all)), (Details::new(), None));
    }

    #[test]
    fn what_is_not_in_the_file_is_told_and_left() {
        let all = [
            subscriber("email", "ops@example.com", true),
            subscriber("email", "night@example.com", true),
            subscriber("email", "former@example.com", true),
            subscriber("email", "typo@example.com", false),
            subscriber("https", "https://pager.example.com", true),
        ];
        assert_eq!(mails().subscribed(&all).0, mails().wanted().0);
        assert_snapshot!(mails().note(&all).unwrap(), @"typo@example.com: not in the file and not confirmed: SNS forgets it within 2 days; former@example.com: subscribed but not in the file: the link at the end of each mail unsubscribes it");
    }
}
