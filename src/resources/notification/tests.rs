//! Which events are asked for, and whose entries are in the way.

use super::*;

fn notification(tells_removals: bool) -> Notification {
    let kinds = if tells_removals { vec![CREATED, REMOVED] } else { vec![CREATED] };
    Notification { names: Names::stand_in().into(), originals: "originals".to_owned(), kinds }
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
        assert_eq!(notification.fields().events, expected, "as they are read back, sorted");
    }
}

#[test]
fn an_entry_is_in_the_way_only_for_an_event_that_both_ask_for() {
    const IN_THE_WAY: &str = "the bucket's notification `theirs` already covers";
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
