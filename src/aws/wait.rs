//! The one bounded wait: every delay of AWS goes through here.

use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::BuildHasher;
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
pub(crate) const PAUSE_MIN: Duration = Duration::from_millis(250);

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
    pub(crate) async fn pause(&self, duration: Duration) {
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
    /// The first pause.
    pub(crate) pause: Duration,
}

impl Wait<'_> {
    /// The same wait with another first pause, for a service that wants to be asked rarely.
    pub(crate) fn paced(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }
}

/// The growing, jittered pauses of one wait.
struct Backoff {
    start: Instant,
    next: Duration,
}

impl Backoff {
    fn new(wait: &Wait<'_>) -> Self {
        Self { start: Instant::now(), next: wait.pause }
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
        self.grow();
        Ok(())
    }

    fn grow(&mut self) -> Duration {
        self.next = (self.next * 3 / 2).min(PAUSE_MAX);
        self.next
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
    let mut backoff = Backoff::new(wait);
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
    let mut backoff = Backoff::new(wait);
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

/// What `work` comes to, or an error once `limit` has passed: for what must not keep anybody waiting.
pub(crate) async fn within<T>(
    limit: Duration,
    call: &'static str,
    work: impl Future<Output = Result<T, AwsError>>,
) -> Result<T, AwsError> {
    let outcome = tokio::time::timeout(limit, work).await;
    let late = |_| AwsError::wait(call, format!("no answer within {} s", limit.as_secs()));
    outcome.map_err(late)?
}

/// Up to a quarter longer, so that parallel waits don't call in step. The standard library's only
/// randomness is in its hashers, and is enough for that.
fn jittered(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one(());
    let share = u32::from(u16::try_from(random % 1000).unwrap_or_default());
    pause + pause / 4 * share / 1000
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::aws::call::Cause;

    const LIMIT: Duration = Duration::from_millis(900);

    fn busy() -> AwsError {
        let (code, message) = ("Busy".to_owned(), "not yet".to_owned());
        AwsError { call: "a:Call", cause: Cause::Answer { code, message, status: 409 } }
    }

    fn wait<'a>(stop: &'a Stop, tell: &'a (dyn Fn(&str) + Send + Sync)) -> Wait<'a> {
        Wait { call: "a:Call", what: "AWS to be ready", limit: LIMIT, stop, tell, pause: PAUSE_MIN }
    }

    #[tokio::test]
    async fn a_wait_ends_at_its_limit_with_the_last_answer() {
        let (stop, start) = (Stop::default(), Instant::now());
        let wait = wait(&stop, &|_| {});
        let probe = || async { Ok::<Probe<()>, _>(Probe::Pending("still at it".to_owned())) };
        let error = wait_until(&wait, probe).await.unwrap_err();
        assert!(error.says("AWS to be ready did not happen within"), "{error}");
        assert!(error.says("still at it"), "{error}");
        assert!(start.elapsed() < LIMIT * 2, "{:?}", start.elapsed());
    }

    #[tokio::test]
    async fn a_transient_error_is_repeated_within_the_limit_and_then_told() {
        let (stop, calls) = (Stop::default(), Cell::new(0));
        let wait = wait(&stop, &|_| {});
        let call = || async {
            calls.set(calls.get() + 1);
            Err::<(), _>(busy())
        };
        let error = retry_while(&wait, |error| error.code() == "Busy", call).await.unwrap_err();
        assert_eq!(error.message(), "not yet");
        assert!((2..=3).contains(&calls.get()), "{} calls", calls.get());
    }

    #[tokio::test]
    async fn a_permanent_error_is_told_at_once() {
        let (stop, calls) = (Stop::default(), Cell::new(0));
        let wait = wait(&stop, &|_| {});
        let call = || async {
            calls.set(calls.get() + 1);
            Err::<(), _>(busy())
        };
        retry_while(&wait, |error| error.code() == "Other", call).await.unwrap_err();
        assert_eq!(calls.get(), 1);
    }

    #[test]
    fn pauses_grow_to_their_longest_and_differ_by_up_to_a_quarter() {
        let stop = Stop::default();
        let mut backoff = Backoff::new(&wait(&stop, &|_| {}));
        let pauses = std::iter::repeat_with(|| backoff.grow());
        let pauses: Vec<Duration> = pauses.take(12).collect();
        assert_eq!(pauses[0], PAUSE_MIN * 3 / 2);
        assert!(pauses.is_sorted());
        assert_eq!(pauses[11], PAUSE_MAX);
        let jittered: Vec<Duration> = (0..100).map(|_| jittered(PAUSE_MAX)).collect();
        let longest = PAUSE_MAX + PAUSE_MAX / 4;
        assert!(jittered.iter().all(|pause| (PAUSE_MAX..=longest).contains(pause)));
        assert!(jittered.iter().any(|pause| *pause != jittered[0]), "they are all alike");
    }
}
