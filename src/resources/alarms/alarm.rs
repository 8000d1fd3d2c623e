//! One alarm, in the words of CloudWatch: which there are, and how each is read and written.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder as Put;
use aws_sdk_cloudwatch::types::{
    ComparisonOperator, Dimension, MetricAlarm, StandardUnit, Statistic,
};
use serde::Serialize;

use super::super::Blueprint;
use crate::config::Config;
use crate::names::Names;

pub(super) const DEAD_LETTERS: &str = "dead-letters";
pub(super) const READY_DEAD_LETTERS: &str = "ready-dead-letters";
pub(super) const ERRORS: &str = "errors";
pub(super) const THROTTLES: &str = "throttles";
pub(super) const FAILED_IMAGES: &str = "failed-images";
pub(super) const OLDEST_EVENT: &str = "oldest-event";

/// Every alarm that a stack can have, by the end of its name.
pub(super) const ALL: [&str; 6] =
    [DEAD_LETTERS, READY_DEAD_LETTERS, ERRORS, THROTTLES, FAILED_IMAGES, OLDEST_EVENT];

const PERIOD_SECS: i32 = 300;
/// How long an event may wait: longer than Lambda takes to try one three times, and far shorter than the
/// six hours after which it gives up (AWS Lambda Developer Guide, "Asynchronous invocation").
const WAIT_MS_MAX: f64 = 15.0 * 60.0 * 1000.0;

const ABOVE: &str = "GreaterThanThreshold";
const AT_LEAST: &str = "GreaterThanOrEqualToThreshold";
/// Queues that nobody uses and functions that nobody calls have no values.
const MISSING_IS_FINE: &str = "notBreaching";

/// Counted per function in the log (`contract::log::Metrics`).
const OUR_METRICS: &str = "imgprep";
const OUR_DIMENSION: &str = "Function";

/// An alarm on one metric, its members called as `PutMetricAlarm` calls them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Alarm {
    #[serde(rename = "AlarmDescription")]
    description: Option<String>,
    namespace: Option<String>,
    metric_name: Option<String>,
    dimensions: BTreeMap<String, String>,
    statistic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    period: Option<i32>,
    evaluation_periods: Option<i32>,
    #[serde(rename = "DatapointsToAlarm")]
    datapoints: Option<i32>,
    threshold: Option<f64>,
    comparison_operator: Option<String>,
    treat_missing_data: Option<String>,
    actions_enabled: bool,
    /// Our topic, on which it publishes; somebody may have added others.
    #[serde(rename = "AlarmActions")]
    action: Option<String>,
}

/// What a metric is looked at for.
struct Watch<'a> {
    namespace: &'a str,
    metric: &'a str,
    dimension: (&'a str, &'a str),
    statistic: &'a str,
    comparison: &'a str,
    threshold: f64,
    /// In how many periods of how many.
    periods: (i32, i32),
}

/// The alarms that the file asks for, by the end of their names.
pub(super) fn of_file(blueprint: &Blueprint<'_>) -> BTreeMap<&'static str, Alarm> {
    let (config, names) = (blueprint.config, &**blueprint.names);
    let Some((alarms, topic)) = config.alarms.as_ref().zip(names.alarm_topic.as_ref()) else {
        return BTreeMap::new();
    };
    let ready = names.ready_dead_letters.as_ref();
    let all = [
        Some((DEAD_LETTERS, letters(&names.dead_letters.name))),
        ready.map(|queue| (READY_DEAD_LETTERS, letters(&queue.name))),
        Some((ERRORS, of_lambda(names, "Errors", (2, 3)))),
        Some((THROTTLES, of_lambda(names, "Throttles", (3, 3)))),
        alarms.failed_images.map(|count| (FAILED_IMAGES, failures(names, count))),
        Some((
            OLDEST_EVENT,
            Watch {
                statistic: "Maximum",
                threshold: WAIT_MS_MAX,
                ..of_lambda(names, "AsyncEventAge", (1, 1))
            },
        )),
    ];
    let alarm = |(label, watch): (&'static str, Watch<'_>)| {
        (label, Alarm::new(&watch, description(label, config, names), &topic.arn))
    };
    all.into_iter().flatten().map(alarm).collect()
}

/// A queue is counted every minute, also with nobody asking (Amazon SQS Developer Guide, "Available
/// CloudWatch metrics").
fn letters(queue: &str) -> Watch<'_> {
    Watch {
        namespace: "AWS/SQS",
        metric: "ApproximateNumberOfMessagesVisible",
        dimension: ("QueueName", queue),
        statistic: "Maximum",
        comparison: ABOVE,
        threshold: 0.0,
        periods: (1, 1),
    }
}

fn of_lambda<'a>(names: &'a Names, metric: &'a str, periods: (i32, i32)) -> Watch<'a> {
    Watch {
        namespace: "AWS/Lambda",
        metric,
        dimension: ("FunctionName", &names.function),
        statistic: "Sum",
        comparison: ABOVE,
        threshold: 0.0,
        periods,
    }
}

fn failures(names: &Names, count: u32) -> Watch<'_> {
    Watch {
        namespace: OUR_METRICS,
        metric: "Failed",
        dimension: (OUR_DIMENSION, &names.function),
        statistic: "Sum",
        comparison: AT_LEAST,
        threshold: count.into(),
        periods: (1, 1),
    }
}

/// What a mail says beside the figures: what is wrong, and what to do.
fn description(label: &str, config: &Config, names: &Names) -> String {
    let (stack, function) = (&names.stack, &names.function);
    match label {
        DEAD_LETTERS => format!(
            "Stack {stack}: events ended in the queue {}, so originals have no variants. \
             `imgprep logs --since 1d` says why; `imgprep backfill` makes the variants. The alarm \
             ends when the queue is empty.",
            names.dead_letters.name
        ),
        READY_DEAD_LETTERS => format!(
            "Stack {stack}: messages of `[notify]` could not be delivered and ended in the queue \
             {}. The alarm ends when the queue is empty.",
            names.ready_dead_letters.as_ref().map_or("", |queue| &queue.name)
        ),
        ERRORS => format!(
            "Stack {stack}: the function {function} goes on failing. Lambda tries each event three \
             times before it ends as a dead letter. `imgprep logs --since 1h` says why.",
        ),
        THROTTLES => format!(
            "Stack {stack}: the function {function} has been throttled for 15 minutes. Events wait \
             up to six hours; `concurrency` in the file or the account's limit is too low.",
        ),
        FAILED_IMAGES => format!(
            "Stack {stack}: {} originals or more could not be processed within 5 minutes. \
             `imgprep failures` lists them with their reasons.",
            config.alarms.as_ref().and_then(|alarms| alarms.failed_images).unwrap_or_default()
        ),
        _ => format!(
            "Stack {stack}: uploads wait for more than 15 minutes for the function {function}. \
             `imgprep status` and `imgprep logs --since 1h` say whether it works; a large backfill \
             takes its time, too.",
        ),
    }
}

impl Alarm {
    fn new(watch: &Watch<'_>, description: String, topic_arn: &str) -> Self {
        let text = |text: &str| Some(text.to_owned());
        let (name, value) = watch.dimension;
        let (datapoints, periods) = watch.periods;
        Self {
            description: Some(description),
            namespace: text(watch.namespace),
            metric_name: text(watch.metric),
            dimensions: BTreeMap::from([(name.to_owned(), value.to_owned())]),
            statistic: text(watch.statistic),
            unit: None,
            period: Some(PERIOD_SECS),
            evaluation_periods: Some(periods),
            datapoints: Some(datapoints),
            threshold: Some(watch.threshold),
            comparison_operator: text(watch.comparison),
            treat_missing_data: text(MISSING_IS_FINE),
            actions_enabled: true,
            action: text(topic_arn),
        }
    }

    /// As CloudWatch holds it. Of its actions only the one on our topic is ours.
    pub(super) fn observed(alarm: &MetricAlarm, topic_arn: &str) -> Self {
        let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let dimension = |it: &Dimension| Some((it.name()?.to_owned(), it.value()?.to_owned()));
        let actions = alarm.alarm_actions();
        Self {
            description: text(alarm.alarm_description()),
            namespace: text(alarm.namespace()),
            metric_name: text(alarm.metric_name()),
            dimensions: alarm.dimensions().iter().filter_map(dimension).collect(),
            statistic: text(alarm.statistic().map(Statistic::as_str)),
            unit: text(alarm.unit().map(StandardUnit::as_str)),
            period: alarm.period(),
            evaluation_periods: alarm.evaluation_periods(),
            datapoints: alarm.datapoints_to_alarm(),
            threshold: alarm.threshold(),
            comparison_operator: text(alarm.comparison_operator().map(ComparisonOperator::as_str)),
            treat_missing_data: text(alarm.treat_missing_data()),
            actions_enabled: alarm.actions_enabled().unwrap_or(true),
            action: actions.iter().any(|it| it == topic_arn).then(|| topic_arn.to_owned()),
        }
    }

    /// The call that writes it as it is here. CloudWatch replaces all of an alarm, so that what others
    /// have it do besides is written back.
    pub(super) fn put(&self, put: Put, present: Option<&MetricAlarm>) -> Put {
        let dimensions = self.dimensions.iter();
        let dimensions =
            dimensions.map(|(name, value)| Dimension::builder().name(name).value(value).build());
        let theirs = present.map(MetricAlarm::alarm_actions).unwrap_or_default().iter().cloned();
        let theirs = theirs.filter(|action| Some(action) != self.action.as_ref());
        let actions = self.action.iter().cloned().chain(theirs).collect();
        put.set_alarm_description(self.description.clone())
            .set_namespace(self.namespace.clone())
            .set_metric_name(self.metric_name.clone())
            .set_dimensions(Some(dimensions.collect()))
            .set_statistic(self.statistic.as_deref().map(Statistic::from))
            .set_period(self.period)
            .set_evaluation_periods(self.evaluation_periods)
            .set_datapoints_to_alarm(self.datapoints)
            .set_threshold(self.threshold)
            .set_comparison_operator(self.comparison_operator.as_deref().map(Into::into))
            .set_treat_missing_data(self.treat_missing_data.clone())
            .actions_enabled(self.actions_enabled)
            .set_alarm_actions(Some(actions))
            .set_ok_actions(present.and_then(|it| it.ok_actions.clone()))
            .set_insufficient_data_actions(
                present.and_then(|it| it.insufficient_data_actions.clone()),
            )
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use contract::log::{Level, Metrics, line};
    use serde_json::json;

    use super::*;

    /// The metric is where the function counts it, or the alarm never goes off.
    #[test]
    fn failed_images_are_counted_where_the_function_counts_them() {
        let names = Names::stand_in();
        let watch = failures(&names, 7);
        let mut fields = line(Level::Error, "failed", "1-2");
        let metrics = Metrics { processed: 0, failed: 1, duration: Duration::ZERO };
        metrics.embed(&mut fields, &names.function, SystemTime::UNIX_EPOCH);
        let counted = &fields["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(counted["Namespace"], watch.namespace);
        assert_eq!(counted["Dimensions"], json!([[watch.dimension.0]]));
        assert_eq!(fields[watch.dimension.0], watch.dimension.1);
        let listed = counted["Metrics"].as_array().unwrap();
        assert!(listed.iter().any(|it| it["Name"] == watch.metric), "{listed:?}");
        assert_eq!((watch.statistic, watch.threshold), ("Sum", 7.0));
    }

    #[test]
    fn an_alarm_on_something_else_differs_in_each_member() {
        let wanted = Alarm::new(&letters("q"), "text".to_owned(), "arn:topic");
        let other = MetricAlarm::builder()
            .alarm_description("other")
            .extended_statistic("p99")
            .threshold(1.0)
            .unit(StandardUnit::Count)
            .actions_enabled(false)
            .alarm_actions("arn:theirs")
            .build();
        let (wanted, have) = (
            serde_json::to_value(wanted).unwrap(),
            serde_json::to_value(Alarm::observed(&other, "arn:topic")).unwrap(),
        );
        for (member, value) in wanted.as_object().unwrap() {
            assert_ne!(have[member], *value, "{member}");
        }
        assert_eq!(have["Unit"], "Count");
    }
}
