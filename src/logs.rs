//! The function's log, as CloudWatch Logs holds it: read from a moment on, each event told once.
//!
//! What the function writes is in `lambda-fn`'s `log`. Deliberately absent: how events look, which
//! is `report`'s.

mod event;
mod failure;
mod redaction;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;

pub(crate) use self::event::{Event, Said};
pub(crate) use self::failure::{Failure, Found};
use crate::aws::{Aws, AwsError, Calling};

/// How much is read again each time: an event may come after others that are younger, for each
/// sandbox of the function has a stream of its own.
const OVERLAP: Duration = Duration::from_secs(30);

/// How many events fit into one answer.
const EVENTS_MAX: usize = 10_000;

/// Which events are told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Only those about originals whose key contains this.
    pub(crate) key: Option<String>,
    /// Also what Lambda tells of each invocation.
    pub(crate) everything: bool,
}

impl Filter {
    /// The keys are compared here, not at AWS, whose patterns have characters of a meaning of their
    /// own that keys may contain.
    fn takes(&self, event: &Event) -> bool {
        match &self.key {
            Some(part) => event.key().is_some_and(|key| key.contains(part)),
            None => self.everything || !event.is_routine(),
        }
    }
}

/// The newest events of a log, as many as fit.
#[derive(Debug, Default)]
pub(crate) struct Newest {
    pub(crate) events: VecDeque<Event>,
    /// How many older ones did not fit.
    pub(crate) left_out: usize,
}

impl Newest {
    pub(crate) fn add(&mut self, event: Event) {
        self.events.push_back(event);
        if self.events.len() > EVENTS_MAX {
            self.events.pop_front();
            self.left_out += 1;
        }
    }
}

/// A log that is read on and on.
pub(crate) struct FunctionLog<'a> {
    aws: &'a Aws,
    group: &'a str,
    filter: Filter,
    cursor: Cursor,
}

impl<'a> FunctionLog<'a> {
    /// The log from this long ago on.
    pub(crate) fn new(aws: &'a Aws, group: &'a str, since: Duration, filter: Filter) -> Self {
        let start = SystemTime::now().checked_sub(since).unwrap_or(UNIX_EPOCH);
        let start = start.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { aws, group, filter, cursor: Cursor::new(milliseconds(start)) }
    }

    pub(crate) fn group(&self) -> &str {
        self.group
    }

    /// Tells what is there and has not been told.
    pub(crate) async fn read(&mut self, tell: &mut impl FnMut(Event)) -> Result<(), AwsError> {
        let start = self.cursor.start;
        let mut page_token = None;
        loop {
            let filter = self.aws.logs.filter_log_events().log_group_name(self.group);
            let filter = filter.start_time(start).set_next_token(page_token.clone());
            let page = filter.send().await.calling("logs:FilterLogEvents")?;
            for event in page.events() {
                if self.cursor.is_new(event) {
                    let event = Event::new(
                        event.timestamp().unwrap_or_default(),
                        event.message().unwrap_or_default(),
                    );
                    if self.filter.takes(&event) {
                        tell(event);
                    }
                }
            }
            self.cursor.advance();
            if page.next_token.is_none() || page.next_token == page_token {
                return Ok(());
            }
            page_token = page.next_token;
        }
    }
}

/// How far a log has been read.
#[derive(Debug)]
struct Cursor {
    /// Where the next reading begins, in milliseconds since 1970.
    start: i64,
    newest: i64,
    /// The events since `start` that were told, with their times.
    told: BTreeMap<String, i64>,
}

impl Cursor {
    fn new(start: i64) -> Self {
        Self { start, newest: start, told: BTreeMap::new() }
    }

    fn is_new(&mut self, event: &FilteredLogEvent) -> bool {
        let time = event.timestamp().unwrap_or_default();
        self.newest = self.newest.max(time);
        self.told.insert(identity(event), time).is_none()
    }

    /// Forgets what is too old to be read again.
    fn advance(&mut self) {
        self.start = self.start.max(self.newest - milliseconds(OVERLAP));
        let start = self.start;
        self.told.retain(|_, time| *time >= start);
    }
}

/// What tells an event from all others. Not everybody who speaks CloudWatch's language gives each
/// an id; then it is where, when and what.
fn identity(event: &FilteredLogEvent) -> String {
    let described = || {
        let (stream, message) = (event.log_stream_name(), event.message());
        let time = event.timestamp().unwrap_or_default();
        format!("{} {time} {}", stream.unwrap_or_default(), message.unwrap_or_default())
    };
    event.event_id().map_or_else(described, ToOwned::to_owned)
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(id: &str, time: i64) -> FilteredLogEvent {
        FilteredLogEvent::builder().event_id(id).timestamp(time).message("x").build()
    }

    #[test]
    fn an_event_is_told_once_however_late_it_comes() {
        let mut cursor = Cursor::new(1_000);
        assert!(cursor.is_new(&logged("a", 2_000)));
        assert!(cursor.is_new(&logged("b", 90_000)));
        cursor.advance();
        // The next reading begins 30 s before the newest event, at 60 s.
        assert_eq!(cursor.start, 60_000);
        assert!(!cursor.is_new(&logged("b", 90_000)));
        assert!(cursor.is_new(&logged("late", 61_000)));
        assert!(!cursor.is_new(&logged("late", 61_000)));
        cursor.advance();
        assert_eq!(cursor.start, 60_000);
        assert_eq!(cursor.told.keys().collect::<Vec<_>>(), ["b", "late"], "no more than needed");
    }

    #[test]
    fn events_without_ids_are_told_apart_by_what_they_say() {
        let logged = |stream: &str, message: &str| {
            let event = FilteredLogEvent::builder().timestamp(2_000);
            event.log_stream_name(stream).message(message).build()
        };
        let mut cursor = Cursor::new(1_000);
        assert!(cursor.is_new(&logged("a", "x")));
        assert!(cursor.is_new(&logged("a", "y")));
        assert!(cursor.is_new(&logged("b", "x")));
        assert!(!cursor.is_new(&logged("a", "x")));
    }

    #[test]
    fn a_reading_never_begins_before_the_first() {
        let mut cursor = Cursor::new(50_000);
        cursor.is_new(&logged("a", 51_000));
        cursor.advance();
        assert_eq!(cursor.start, 50_000);
    }

    #[test]
    fn a_key_is_looked_for_in_lines_about_originals_only() {
        let about =
            Event::new(0, r#"{"level":"info","message":"processed","key":"originals/é b+c.jpg"}"#);
        let routine = Event::new(0, "START RequestId: 1 Version: $LATEST\n");
        let takes = |key: Option<&str>, everything| {
            let filter = Filter { key: key.map(ToOwned::to_owned), everything };
            (filter.takes(&about), filter.takes(&routine))
        };
        assert_eq!(takes(None, false), (true, false));
        assert_eq!(takes(None, true), (true, true));
        assert_eq!(takes(Some("é b+c"), false), (true, false));
        assert_eq!(takes(Some("originals/e"), true), (false, false));
    }

    #[test]
    fn the_newest_events_are_those_that_are_kept() {
        let mut newest = Newest::default();
        for time in 0..10_002 {
            newest.add(Event::new(time, "x"));
        }
        assert_eq!((newest.events.len(), newest.left_out), (10_000, 2));
        assert_eq!(newest.events[0].time, 2);
    }
}
