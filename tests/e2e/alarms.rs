//! Alarms: one goes off and is told, addresses that get nothing, what others have on the same names,
//! and what leaves the file.

use std::process::Stdio;
use std::sync::Arc;

use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, MetricDatum, Statistic};
use aws_sdk_sqs::types::QueueAttributeName;
use hyper::body::Bytes;
use imgprep_testkit::calls::Call;
use imgprep_testkit::faults::{Deed, Gate, spots};
use imgprep_testkit::http::{WholeResponse, edited};
use imgprep_testkit::proxy::{Behaviour, Refusal};
use imgprep_testkit::{Pipeline, resource, wait_for};
use serde_json::{Value, json};

const ADDRESS: &str = "ops@example.com";

/// Adds the section to the pipeline's file.
pub(crate) fn alarms(pipeline: &Pipeline, lines: &str) {
    pipeline.edit("[tags]", &format!("[alarms]\n{lines}\n[tags]"));
}

pub(crate) fn alarm_name(pipeline: &Pipeline, label: &str) -> String {
    format!("{}-alarms-{label}", pipeline.stack)
}

pub(crate) fn alarm_topic(pipeline: &Pipeline) -> String {
    pipeline.arn("sns", &format!("{}-alarms", pipeline.stack))
}

/// The names of the stack's alarms, without what they have in common.
async fn labels(pipeline: &Pipeline) -> Vec<String> {
    let prefix = alarm_name(pipeline, "");
    let describe = pipeline.aws.cloudwatch.describe_alarms().alarm_name_prefix(&prefix);
    let found = describe.send().await.unwrap().metric_alarms.unwrap_or_default();
    found.iter().map(|it| it.alarm_name().unwrap().replace(&prefix, "")).collect()
}

/// A queue that is subscribed to the topic, by its address.
async fn listener(pipeline: &Pipeline, topic: &str) -> String {
    let (sns, sqs) = (&pipeline.aws.sns, &pipeline.aws.sqs);
    let name = format!("{}-pager", pipeline.stack);
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
        "Action": "sqs:SendMessage", "Resource": pipeline.arn("sqs", &name),
    }] });
    let create = sqs.create_queue().queue_name(&name);
    let create = create.attributes(QueueAttributeName::Policy, policy.to_string());
    let url = create.send().await.unwrap().queue_url.unwrap();
    let subscribe = sns.subscribe().topic_arn(topic).protocol("sqs");
    let subscribe = subscribe.endpoint(pipeline.arn("sqs", &name));
    subscribe.attributes("RawMessageDelivery", "true").send().await.unwrap();
    url
}

/// As CloudWatch takes it from the function's log on AWS.
async fn count_failures(pipeline: &Pipeline, count: f64) {
    let function = Dimension::builder().name("Function").value(&pipeline.function).build();
    let datum = MetricDatum::builder().metric_name("Failed").value(count).dimensions(function);
    let put = pipeline.aws.cloudwatch.put_metric_data().namespace("imgprep");
    put.metric_data(datum.build()).send().await.unwrap();
}

const DENIED: Refusal = Refusal { status: 403, code: "AccessDenied", message: "no" };

fn states(status: &Value) -> Vec<(&str, &str)> {
    let all = status["alarms"]["states"].as_array().unwrap().iter();
    all.map(|it| (it["alarm"].as_str().unwrap(), it["state"].as_str().unwrap())).collect()
}

pub(crate) async fn an_alarm_goes_off_and_is_told() {
    const SILENT: &str = "INSUFFICIENT_DATA";
    let pipeline = Pipeline::new("alarm").await;
    alarms(&pipeline, &format!("email = [\"{ADDRESS}\"]\nfailed_images = 3"));
    pipeline.up();
    pipeline.assert_whole();
    let quiet = ["dead-letters", "errors", "failed-images", "oldest-event", "throttles"];
    let status = pipeline.status(0);
    assert_eq!(states(&status), quiet.map(|alarm| (alarm, SILENT)));
    assert_eq!(status["alarms"]["unconfirmed"], json!([]));
    let queue = listener(&pipeline, &alarm_topic(&pipeline)).await;

    count_failures(&pipeline, 2.0).await;
    assert_eq!(states(&pipeline.status(0))[2], ("failed-images", "OK"));
    count_failures(&pipeline, 1.0).await;
    let status = pipeline.status(0);
    assert_eq!(states(&status)[2], ("failed-images", "ALARM"));
    let on = &status["alarms"]["states"][2];
    assert_eq!(on["name"], alarm_name(&pipeline, "failed-images"));
    assert!(on["since"].as_str().is_some_and(|it| it.ends_with('Z')), "{on}");
    assert!(on["reason"].as_str().is_some_and(|it| it.contains("3.0")), "{on}");
    let text = pipeline.imgprep(&["status"]).exits(0).stdout;
    assert!(text.contains("failed-images  ALARM since 2"), "{text}");
    let message = wait_for("the alarm", async || {
        let receive = pipeline.aws.sqs.receive_message().queue_url(&queue).send().await;
        let found = receive.unwrap().messages.unwrap_or_default();
        let mut messages = found.iter().map(|it| serde_json::from_str(it.body().unwrap()).unwrap());
        messages.rfind(|it: &Value| it["NewStateValue"] == "ALARM")
    })
    .await;
    assert_eq!(message["AlarmName"], alarm_name(&pipeline, "failed-images"));
    let advice = message["AlarmDescription"].as_str().unwrap();
    assert!(advice.contains("`imgprep failures`"), "{advice}");

    // What somebody else listens with is not ours to end before the topic goes.
    pipeline.assert_whole();
    pipeline.aws.sqs.delete_queue().queue_url(queue).send().await.unwrap();
    pipeline.down();
    assert_eq!(pipeline.aws.inventory().await, [""; 0]);
    pipeline.is_over();
}

/// The emulator takes every address as confirmed, which SNS never does.
struct Unconfirmed;

impl Behaviour for Unconfirmed {
    fn answer(&self, _call: &Call, _body: &Bytes) -> Option<WholeResponse> {
        None
    }

    fn change(&self, call: &Call, response: WholeResponse) -> WholeResponse {
        let pending = match call.to_string().as_str() {
            "sns:Subscribe" => "pending confirmation",
            "sns:ListSubscriptionsByTopic" => "PendingConfirmation",
            _ => return response,
        };
        edited(response, |text| {
            let members: Vec<String> = text
                .split_inclusive("</member>")
                .map(|member| match member.split_once("<SubscriptionArn>") {
                    Some((before, rest))
                        if member.contains("<Protocol>email<") || pending.contains(' ') =>
                    {
                        let (_, after) = rest.split_once("</SubscriptionArn>").unwrap();
                        format!("{before}<SubscriptionArn>{pending}</SubscriptionArn>{after}")
                    }
                    _ => member.to_owned(),
                })
                .collect();
            members.concat()
        })
    }
}

pub(crate) async fn an_address_that_has_not_confirmed_is_told_and_planned_once() {
    let pipeline = Pipeline::new("unconfirmed").await;
    pipeline.up();
    pipeline.proxy.behave(Arc::new(Unconfirmed));
    alarms(&pipeline, &format!("email = [\"{ADDRESS}\"]"));
    let up = pipeline.up();
    let asked =
        format!("AWS has sent mail to {ADDRESS}: alarms arrive once the link in it is opened.");
    assert!(up.stdout.contains(&asked), "{up}");
    pipeline.assert_whole();
    pipeline.proxy.take_calls();
    let again = pipeline.up();
    assert_eq!(pipeline.proxy.take_mutating(), [""; 0]);
    assert!(again.stdout.contains(&asked), "{again}");
    let status = pipeline.status(0);
    assert_eq!(status["alarms"]["unconfirmed"], json!([ADDRESS]));
    let topic = resource(&status, "alarm-topic");
    assert_eq!(topic["state"], "ok");
    let note = topic["note"].as_str().unwrap();
    assert!(note.starts_with(&format!("{ADDRESS}: gets nothing until")), "{note}");

    // It cannot be unsubscribed, for it has no ARN yet.
    pipeline.edit(ADDRESS, "night@example.com");
    pipeline.up();
    pipeline.assert_whole();
    let note = resource(&pipeline.status(0), "alarm-topic")["note"].as_str().unwrap().to_owned();
    let forgotten = format!("{ADDRESS}: not in the file and not confirmed");
    assert!(
        note.contains("night@example.com: gets nothing") && note.contains(&forgotten),
        "{note}"
    );
}

pub(crate) async fn what_left_the_file_goes() {
    let pipeline = Pipeline::new("calmer").await;
    pipeline.up();
    pipeline.proxy.take_calls();
    pipeline.up();
    let calls = pipeline.proxy.take_calls();
    assert!(calls.iter().all(|call| call.service != "cloudwatch"), "{calls:?}");
    let before = pipeline.aws.inventory().await;
    alarms(&pipeline, "failed_images = 5");
    pipeline.up();
    let all = ["dead-letters", "errors", "failed-images", "oldest-event", "throttles"];
    assert_eq!(labels(&pipeline).await, all);

    pipeline.edit("failed_images = 5", "failed_images = 0");
    let plan = pipeline.imgprep(&["plan", "--json"]).exits(0).json();
    let edits = resource(&plan, "alarms")["differences"].as_array().unwrap();
    assert_eq!((edits.len(), &edits[0]["path"]), (1, &json!("alarm[failed-images]")));
    assert_eq!(edits[0]["want"], Value::Null);
    pipeline.proxy.take_calls();
    pipeline.up();
    assert_eq!(pipeline.proxy.take_mutating(), ["cloudwatch:DeleteAlarms"]);
    assert_eq!(labels(&pipeline).await, ["dead-letters", "errors", "oldest-event", "throttles"]);
    pipeline.assert_whole();

    pipeline.edit("[alarms]\nfailed_images = 0\n", "");
    pipeline.up();
    pipeline.assert_whole();
    let retired = |status: &Value| -> Vec<String> {
        let resources = status["resources"].as_array().unwrap().iter();
        let retired = resources.filter(|entry| entry["state"] == "retired");
        retired.map(|entry| entry["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(retired(&pipeline.status(0)), ["alarm-topic", "alarms"]);

    // Whoever has the policy of an earlier file may not look, which fails nothing.
    pipeline.proxy.refuse("cloudwatch:DescribeAlarms", DENIED, 2);
    pipeline.status(0);
    let plan = pipeline.imgprep(&["plan", "--prune", "--json"]).exits(0).json();
    let kept = resource(&plan, "alarms");
    assert_eq!(kept["action"], "none");
    assert_eq!(kept["note"], "cannot be looked at: cloudwatch:DescribeAlarms is denied");

    pipeline.imgprep(&["up", "--yes", "--prune"]).exits(0);
    assert_eq!(retired(&pipeline.status(0)), [""; 0]);
    assert_eq!(pipeline.aws.inventory().await, before);
}

pub(crate) async fn an_alarm_of_somebody_else_is_refused_and_then_taken_over() {
    let pipeline = Pipeline::new("theirs").await;
    pipeline.up();
    let (cloudwatch, name) = (&pipeline.aws.cloudwatch, alarm_name(&pipeline, "errors"));
    let pager = pipeline.arn("sns", "pager");
    let put = cloudwatch.put_metric_alarm().alarm_name(&name).namespace("AWS/Lambda");
    let put = put.metric_name("Errors").statistic(Statistic::Sum).period(60).evaluation_periods(1);
    let put = put.comparison_operator(ComparisonOperator::GreaterThanThreshold).threshold(100.0);
    put.alarm_actions(&pager).send().await.unwrap();
    alarms(&pipeline, "");
    pipeline.proxy.take_calls();
    let refused = pipeline.imgprep(&["up", "--yes"]).exits(1);
    assert!(refused.stderr.contains("not ours: alarms"), "{refused}");
    assert!(refused.stderr.contains(&format!("`{name}`: it does not carry the tag")), "{refused}");
    assert_eq!(pipeline.proxy.take_mutating(), [""; 0]);

    pipeline.imgprep(&["up", "--yes", "--adopt"]).exits(0);
    pipeline.assert_whole();
    let describe = cloudwatch.describe_alarms().alarm_names(&name).send().await.unwrap();
    let alarm = &describe.metric_alarms()[0];
    assert_eq!((alarm.threshold(), alarm.period()), (Some(0.0), Some(300)));
    assert_eq!(alarm.alarm_actions(), [alarm_topic(&pipeline), pager]);

    // One under a name that the file has no use for is not in the way, and stays.
    let foreign = alarm_name(&pipeline, "ready-dead-letters");
    let put = cloudwatch.put_metric_alarm().alarm_name(&foreign).namespace("AWS/SQS");
    let put = put.metric_name("NumberOfMessagesSent").statistic(Statistic::Sum).period(60);
    let put = put.comparison_operator(ComparisonOperator::GreaterThanThreshold).threshold(1.0);
    put.evaluation_periods(1).send().await.unwrap();
    pipeline.assert_whole();
    pipeline.down();
    assert_eq!(pipeline.aws.inventory().await, [format!("alarm {foreign}")]);
    cloudwatch.delete_alarms().alarm_names(foreign).send().await.unwrap();
    pipeline.is_over();
}

/// Also the message that could not be delivered has its alarm, where the file has a topic for that.
pub(crate) async fn what_is_not_delivered_has_an_alarm_too() {
    let pipeline = Pipeline::new("undelivered").await;
    pipeline.edit("[tags]", "[notify]\n[alarms]\n[tags]");
    pipeline.up();
    pipeline.assert_whole();
    assert!(labels(&pipeline).await.contains(&"ready-dead-letters".to_owned()));
    pipeline.edit("[notify]\n", "");
    pipeline.up();
    assert!(!labels(&pipeline).await.contains(&"ready-dead-letters".to_owned()));
}

pub(crate) async fn what_cannot_be_made_says_why_and_the_next_run_goes_on() {
    let pipeline = Pipeline::new("alarmless").await;
    pipeline.up();
    alarms(&pipeline, &format!("email = [\"{ADDRESS}\"]"));
    for call in ["cloudwatch:DescribeAlarms", "sns:Subscribe", "cloudwatch:PutMetricAlarm"] {
        pipeline.proxy.clear_rules();
        pipeline.proxy.refuse(call, DENIED, 9);
        let failed = pipeline.imgprep(&["up", "--yes"]).exits(1);
        assert!(failed.stderr.contains(call), "{failed}");
    }
    pipeline.proxy.clear_rules();
    pipeline.proxy.refuse("cloudwatch:PutMetricAlarm", Refusal::throttling("cloudwatch"), 2);
    pipeline.up();
    pipeline.assert_whole();
    pipeline.proxy.clear_rules();
    pipeline.proxy.refuse("cloudwatch:DeleteAlarms", Refusal::internal("cloudwatch"), 2);
    pipeline.down();
    assert_eq!(pipeline.aws.inventory().await, [""; 0]);
    pipeline.is_over();
}

/// Alarms and topics are read beside their tags, which may not be there a moment earlier.
pub(crate) async fn what_another_run_makes_between_two_reads_is_not_foreign() {
    let pipeline = Pipeline::new("between").await;
    alarms(&pipeline, &format!("email = [\"{ADDRESS}\"]"));
    pipeline.up();
    let gone = |code| Refusal { status: 404, code, message: "it is not there" };
    pipeline.proxy.refuse("cloudwatch:ListTagsForResource", gone("ResourceNotFoundException"), 1);
    pipeline.proxy.refuse("sns:ListTagsForResource", gone("ResourceNotFound"), 1);
    let plan = pipeline.imgprep(&["plan", "--json"]).exits(0).json();
    for step in plan["resources"].as_array().unwrap() {
        assert_eq!(step["state"], "ok", "{step:#}");
    }
}

/// What the account holds, without the numbers of subscriptions.
async fn inventory(pipeline: &Pipeline) -> Vec<String> {
    let all = pipeline.aws.inventory().await.into_iter();
    let named = all.map(|line| match line.rsplit_once(':') {
        Some((topic, _)) if line.starts_with("subscription ") => topic.to_owned(),
        _ => line,
    });
    named.collect()
}

/// Killed just before or just after a change took effect, or without its answer, a run is followed by one
/// that makes all of it, once.
pub(crate) async fn every_change_survives_a_kill_and_a_lost_answer() {
    let pipeline = Pipeline::new("cut").await;
    let section = format!("email = [\"{ADDRESS}\"]");
    pipeline.up();
    pipeline.proxy.take_calls();
    alarms(&pipeline, &section);
    pipeline.up();
    let mut changes = spots(pipeline.proxy.take_calls());
    changes.retain(|spot| spot.call.is_mutating());
    assert!(changes.len() >= 8, "{changes:?}");
    let whole = inventory(&pipeline).await;
    for (index, spot) in changes.iter().enumerate() {
        pipeline.edit(&format!("[alarms]\n{section}\n"), "");
        pipeline.imgprep(&["up", "--yes", "--prune"]).exits(0);
        alarms(&pipeline, &section);
        let gate = Gate::default();
        let deed = match index % 3 {
            0 => Deed::HoldAfter(gate.clone()),
            1 => Deed::HoldBefore(gate.clone()),
            _ => Deed::Lose,
        };
        pipeline.proxy.strike(spot, deed);
        if index % 3 < 2 {
            let mut run = pipeline.start(&["up", "--yes"], Stdio::null);
            gate.reached().await;
            run.kill().await.unwrap();
            gate.open();
            pipeline.proxy.settled().await;
        }
        pipeline.up();
        pipeline.proxy.clear_rules();
        pipeline.assert_whole();
        assert_eq!(inventory(&pipeline).await, whole, "{spot}");
    }
}
