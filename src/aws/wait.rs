//! The one bounded wait: every delay of AWS goes through here.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::AwsError;

/// What a probe of a waited-for state saw.
pub(crate) enum Probe<T> {
    Done(T),
    /// Not yet; the text says what AWS answers now, for the progress line and the time-out.
    Pending(String),
}

/// The longest pause between two probes.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// The first pause; it grows by half each time.
const PAUSE_MIN: Duration = Duration::from_millis(250);

/// Whether the user asked to stop; waits end early then.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    asked: AtomicBool,
    notify: Notify,
}

impl Stop {
    pub(crate) fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
        self.notify.notify_waiters();
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Pauses for a time, or until the user asks to stop.
    async fn pause(&self, duration: Duration) {
        let asked = self.notify.notified();
        if !self.is_asked() {
            tokio::select! {
                () = asked => {}
                () = pause_for(duration) => {}
            }
        }
    }
}

/// How long a wait may take, what it waits for, and who is told.
pub(crate) struct Wait<'a> {
    pub(crate) call: &'static str,
    pub(crate) what: &'a str,
    pub(crate) limit: Duration,
    pub(crate) stop: &'a Stop,
    pub(crate) tell: &'a (dyn Fn(&str) + Send + Sync),
}

/// The growing, jittered pauses of one wait.
struct Backoff {
    start: Instant,
    next: Duration,
}

impl Backoff {
    fn new() -> Self {
        Self { start: Instant::now(), next: PAUSE_MIN }
    }

    /// Whether the next pause would go past the limit.
    fn is_over(&self, wait: &Wait<'_>) -> bool {
        self.start.elapsed() + self.next > wait.limit
    }

    /// Pauses; an error if the user asks to stop.
    async fn pause(&mut self, wait: &Wait<'_>) -> Result<(), AwsError> {
        wait.stop.pause(jittered(self.next)).await;
        if wait.stop.is_asked() {
            return Err(AwsError::wait(wait.call, "interrupted"));
        }
        self.next = (self.next * 3 / 2).min(PAUSE_MAX);
        Ok(())
    }
}

/// Probes until the probe is done, fails, or the limit has passed; the time-out carries the last
/// answer.
pub(crate) async fn wait_until<T, F>(
    wait: &Wait<'_>,
    mut probe: impl FnMut() -> F,
) -> Result<T, AwsError>
where
    F: Future<Output = Result<Probe<T>, AwsError>>,
{
    let mut backoff = Backoff::new();
    loop {
        match probe().await? {
            Probe::Done(value) => return Ok(value),
            Probe::Pending(answer) => {
                if backoff.is_over(wait) {
                    let seconds = wait.limit.as_secs();
                    return Err(AwsError::wait(
                        wait.call,
                        format!("{} did not happen within {seconds} s: {answer}", wait.what),
                    ));
                }
                (wait.tell)(wait.what);
            }
        }
        backoff.pause(wait).await?;
    }
}

/// Repeats a call while `transient` recognises its error as one of AWS's own delays.
pub(crate) async fn retry_while<T, F>(
    wait: &Wait<'_>,
    transient: impl Fn(&AwsError) -> bool,
    mut call: impl FnMut() -> F,
) -> Result<T, AwsError>
where
    F: Future<Output = Result<T, AwsError>>,
{
    let mut backoff = Backoff::new();
    loop {
        match call().await {
            Err(error) if transient(&error) && !backoff.is_over(wait) => {
                (wait.tell)(wait.what);
            }
            other => return other,
        }
        backoff.pause(wait).await?;
    }
}

/// The one sleep of the program.
pub(crate) async fn pause_for(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Up to a quarter longer, so that parallel waits don't call in step.
fn jittered(pause: Duration) -> Duration {
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |now| now.subsec_nanos());
    pause + pause / 4 * (nanos % 1000) / 1000
}
