//! Which events are asked for, and whose entries are in the way.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;

/// Only the names that a notification has to do with.
fn names() -> Arc<Names> {
    Arc::new(Names {
        stack: "shop".to_owned(),
        account: "123456789012".to_owned(),
        partition: "aws",
        region: "us-east-1".to_owned(),
        dns_suffix: "amazonaws.com",
        bucket: "photos".to_owned(),
        bucket_arn: String::new(),
        topic: "uploads".to_owned(),
        topic_arn: "arn:aws:sns:us-east-1:123456789012:uploads".to_owned(),
        function: String::new(),
        function_arn: String::new(),
        iam_path: String::new(),
        policy: String::new(),
        policy_arn: String::new(),
        role: String::new(),
        temporary_role: String::new(),
        role_arn: String::new(),
        log_group: String::new(),
        log_group_arn: String::new(),
        queue: String::new(),
        queue_arn: String::new(),
        cdn: String::new(),
        tags: BTreeMap::new(),
    })
}

fn notification(tells_removals: bool) -> Notification {
    Notification::new(names(), "originals".to_owned(), tells_removals)
}

/// Somebody else's entry for one event under a prefix.
fn theirs(event: &str, prefix: &str) -> GetBucketNotificationConfigurationOutput {
    let rule = FilterRule::builder().name(FilterRuleName::Prefix).value(prefix).build();
    let key = S3KeyFilter::builder().filter_rules(rule).build();
    let entry = TopicConfiguration::builder()
        .id("theirs")
        .topic_arn("arn:aws:sns:us-east-1:123456789012:others")
        .events(Event::from(event))
        .filter(NotificationConfigurationFilter::builder().key(key).build())
        .build()
        .unwrap();
    GetBucketNotificationConfigurationOutput::builder().topic_configurations(entry).build()
}

#[test]
fn removals_are_told_only_where_variants_follow() {
    for (tells_removals, expected) in [
        (false, vec!["s3:ObjectCreated:*"]),
        (true, vec!["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]),
    ] {
        let notification = notification(tells_removals);
        let sent = notification.configuration().unwrap();
        let sent: Vec<_> = sent.events().iter().map(Event::as_str).collect();
        assert_eq!(sent, expected);
        let fields = notification.fields();
        assert_eq!(fields.get("events"), &json!(expected), "as they are read back, sorted");
    }
}

#[test]
fn an_entry_is_in_the_way_only_for_an_event_that_both_ask_for() {
    const IN_THE_WAY: &str = "the bucket's notification `theirs` already takes";
    for (tells_removals, event, prefix, expected) in [
        (false, "s3:ObjectCreated:Put", "", Some("new objects under ``")),
        (true, "s3:ObjectCreated:*", "originals/a/", Some("new objects under `originals/a/`")),
        (false, "s3:ObjectRemoved:*", "originals/", None),
        (true, "s3:ObjectRemoved:Delete", "orig", Some("removed objects under `orig`")),
        (true, "s3:ObjectRemoved:*", "elsewhere/", None),
        (true, "s3:LifecycleExpiration:*", "originals/", None),
    ] {
        let refused = notification(tells_removals).refuse_overlap(&theirs(event, prefix));
        let message = refused.err().map(|error| error.message().to_owned());
        match (message, expected) {
            (None, None) => {}
            (Some(message), Some(what)) => {
                assert!(message.starts_with(&format!("{IN_THE_WAY} {what},")), "{message}");
            }
            (message, _) => panic!("{event} under {prefix}: {message:?}"),
        }
    }
}
