//! The one wait: whatever takes its time, at AWS or in the function, is waited for here.

use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::AwsError;

/// What a look at a waited-for state saw.
pub(crate) enum Probe<T, A = String> {
    Done(T),
    /// Not yet; the answer says how it is now.
    Pending(A),
    /// Not yet, but nearer than at the last look: the time starts again.
    Nearer(A),
}

/// How a watch ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended<T, A> {
    Done(T),
    /// The time is over; this is what the last look saw.
    Late(A),
    /// The user asked to stop.
    Stopped,
}

/// The longest pause that grew.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// The first of pauses that grow.
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
                () = tokio::time::sleep(duration) => {}
            }
        }
    }
}

/// How long to pause between two looks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pauses {
    /// The same each time.
    Even(Duration),
    /// Each half as long again as the one before, from this one on.
    Growing(Duration),
}

/// How long a watch goes on without progress, how often it looks, and who may end it.
pub(crate) struct Patience<'a> {
    pub(crate) limit: Duration,
    pub(crate) pauses: Pauses,
    pub(crate) stop: &'a Stop,
}

/// A watch under way.
struct Watch<'a> {
    patience: &'a Patience<'a>,
    backoff: Backoff,
}

impl<'a> Watch<'a> {
    fn new(patience: &'a Patience<'a>) -> Self {
        Self { patience, backoff: Backoff::new(patience) }
    }

    /// Takes what a look saw, and returns when it is time for the next one, or with the end.
    async fn saw<T, A>(&mut self, probe: Probe<T, A>) -> Option<Ended<T, A>> {
        let answer = match probe {
            Probe::Done(value) => return Some(Ended::Done(value)),
            Probe::Pending(answer) => answer,
            Probe::Nearer(answer) => {
                self.backoff = Backoff::new(self.patience);
                answer
            }
        };
        let Some(pause) = self.backoff.next() else { return Some(Ended::Late(answer)) };
        let stop = self.patience.stop;
        stop.pause(pause).await;
        stop.is_asked().then_some(Ended::Stopped)
    }
}

/// The pauses that are left until the limit, where the last one ends.
struct Backoff {
    start: Instant,
    limit: Duration,
    pauses: Pauses,
}

impl Backoff {
    fn new(patience: &Patience<'_>) -> Self {
        Self { start: Instant::now(), limit: patience.limit, pauses: patience.pauses }
    }
}

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let left = self.limit.saturating_sub(self.start.elapsed());
        let pause = match self.pauses {
            Pauses::Even(pause) => pause,
            Pauses::Growing(pause) => {
                self.pauses = Pauses::Growing((pause * 3 / 2).min(PAUSE_MAX));
                jittered(pause)
            }
        };
        (!left.is_zero()).then(|| pause.min(left))
    }
}

/// Looks until the state is there, a look fails, nothing has come nearer for as long as the limit
/// allows, or the user asks to stop.
pub(crate) async fn watch<T, A, E>(
    patience: &Patience<'_>,
    mut look: impl AsyncFnMut() -> Result<Probe<T, A>, E>,
) -> Result<Ended<T, A>, E> {
    let mut watch = Watch::new(patience);
    loop {
        let seen = look().await?;
        if let Some(ended) = watch.saw(seen).await {
            return Ok(ended);
        }
    }
}

/// How long a wait for AWS may take, what it waits for, and who hears of it.
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

    fn patience(&self) -> Patience<'_> {
        Patience { limit: self.limit, pauses: Pauses::Growing(self.pause), stop: self.stop }
    }
}

impl<T, A> Ended<T, A> {
    /// The value, or why a wait ended without it.
    fn or_error(self, wait: &Wait<'_>, late: impl FnOnce(A) -> AwsError) -> Result<T, AwsError> {
        match self {
            Self::Done(value) => Ok(value),
            Self::Late(answer) => Err(late(answer)),
            Self::Stopped => Err(AwsError::interrupted(wait.call)),
        }
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
    let patience = wait.patience();
    let mut watch = Watch::new(&patience);
    // The look of `watch` would not do: no future that holds one can be sent to another thread.
    loop {
        let seen = probe().await?;
        if !matches!(seen, Probe::Done(_)) {
            (wait.tell)(wait.what);
        }
        let Some(ended) = watch.saw(seen).await else { continue };
        return ended.or_error(wait, |answer| {
            let (what, seconds) = (wait.what, wait.limit.as_secs());
            let late = format!("timed out after {seconds} s waiting for {what}: {answer}");
            AwsError::wait(wait.call, late)
        });
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
    let patience = wait.patience();
    let mut watch = Watch::new(&patience);
    loop {
        let seen = match call().await {
            Err(error) if transient(&error) => {
                (wait.tell)(wait.what);
                Probe::Pending(error)
            }
            other => Probe::Done(other?),
        };
        let Some(ended) = watch.saw(seen).await else { continue };
        return ended.or_error(wait, |error| error);
    }
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

    const LIMIT: Duration = Duration::from_mins(1);
    const SECOND: Duration = Duration::from_secs(1);

    fn busy() -> AwsError {
        let (code, message) = ("Busy".to_owned(), "not yet".to_owned());
        AwsError { call: "a:Call", cause: Cause::Answer { code, message, status: 409 } }
    }

    fn wait<'a>(stop: &'a Stop, tell: &'a (dyn Fn(&str) + Send + Sync)) -> Wait<'a> {
        Wait { call: "a:Call", what: "AWS to be ready", limit: LIMIT, stop, tell, pause: PAUSE_MIN }
    }

    fn each_second(limit: Duration, stop: &Stop) -> Patience<'_> {
        Patience { limit, pauses: Pauses::Even(SECOND), stop }
    }

    /// What came of a watch that saw `answers` one after the other, how often it looked, and how
    /// long it took.
    async fn watched(
        patience: &Patience<'_>,
        answers: impl IntoIterator<Item = Probe<&'static str, u32>>,
    ) -> (Ended<&'static str, u32>, usize, Duration) {
        let (start, mut looks, mut answers) = (Instant::now(), 0, answers.into_iter());
        let look = async || {
            looks += 1;
            Ok::<_, AwsError>(answers.next().unwrap())
        };
        let ended = watch(patience, look).await.unwrap();
        (ended, looks, start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_there_at_once_takes_no_time() {
        let stop = Stop::default();
        let watched = watched(&each_second(LIMIT, &stop), [Probe::Done("there")]).await;
        assert_eq!(watched, (Ended::Done("there"), 1, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_ends_at_its_limit_with_the_last_answer() {
        let stop = Stop::default();
        let never = || (1..).map(Probe::Pending);
        let watched_for = async |limit| watched(&each_second(limit, &stop), never()).await;
        assert_eq!(watched_for(SECOND * 3).await, (Ended::Late(4), 4, SECOND * 3));
        // The last look is at the limit, also where no whole pause is left.
        assert_eq!(watched_for(SECOND * 5 / 2).await, (Ended::Late(4), 4, SECOND * 5 / 2));
        assert_eq!(watched_for(Duration::ZERO).await, (Ended::Late(1), 1, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn progress_starts_the_time_again() {
        let stop = Stop::default();
        let patience = each_second(SECOND * 3, &stop);
        // Nearer at 2, 3 and 4 s, and then no more.
        let answers = [1, 1, 2, 2, 3].map(|left| match left {
            1 => Probe::Pending(left),
            _ => Probe::Nearer(left),
        });
        let answers = answers.into_iter().chain((4..).map(Probe::Pending));
        assert_eq!(watched(&patience, answers).await, (Ended::Late(6), 8, SECOND * 7));
    }

    #[tokio::test(start_paused = true)]
    async fn progress_makes_growing_pauses_short_again() {
        let (stop, start, mut looks) = (Stop::default(), Instant::now(), Vec::new());
        let patience = Patience { limit: LIMIT, pauses: Pauses::Growing(SECOND), stop: &stop };
        let look = async || {
            looks.push(start.elapsed());
            Ok::<_, AwsError>(match looks.len() {
                4 => Probe::Nearer(()),
                6 => Probe::Done(()),
                _ => Probe::Pending(()),
            })
        };
        assert_eq!(watch(&patience, look).await.unwrap(), Ended::Done(()));
        let pauses = looks.windows(2).map(|pair| pair[1].checked_sub(pair[0]).unwrap());
        let shortest = [1000, 1500, 2250, 1000, 1500].map(Duration::from_millis);
        for (pause, shortest) in pauses.zip(shortest) {
            // A timer counts whole milliseconds.
            let longest = shortest + shortest / 4 + Duration::from_millis(1);
            assert!((shortest..=longest).contains(&pause), "{pause:?} for {shortest:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_user_who_asks_to_stop_waits_no_longer() {
        let stop = Stop::default();
        let patience = Patience { limit: LIMIT, pauses: Pauses::Even(SECOND * 10), stop: &stop };
        let asking = async {
            tokio::time::sleep(SECOND * 15).await;
            stop.ask();
        };
        let never = (1..).map(Probe::Pending);
        let (watched_it, ()) = tokio::join!(watched(&patience, never), asking);
        assert_eq!(watched_it, (Ended::Stopped, 2, SECOND * 15));
        // Who asked before is not made to wait at all, but what is there already counts.
        let never = (1..).map(Probe::Pending);
        assert_eq!(watched(&patience, never).await, (Ended::Stopped, 1, Duration::ZERO));
        let there = watched(&patience, [Probe::Done("there")]).await;
        assert_eq!(there, (Ended::Done("there"), 1, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_fails_ends_the_watch() {
        let (stop, start, mut looks) = (Stop::default(), Instant::now(), 0);
        let look = async || {
            looks += 1;
            if looks < 3 { Ok(Probe::<(), _>::Pending(())) } else { Err(busy()) }
        };
        let error = watch(&each_second(LIMIT, &stop), look).await.unwrap_err();
        assert_eq!((error.code(), looks, start.elapsed()), ("Busy", 3, SECOND * 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_is_late_says_so_with_the_last_answer() {
        let (stop, start, looks) = (Stop::default(), Instant::now(), Cell::new(0));
        let wait = wait(&stop, &|_| {});
        let probe = || async {
            looks.set(looks.get() + 1);
            Ok::<Probe<()>, _>(Probe::Pending(format!("look {} found nothing", looks.get())))
        };
        let error = wait_until(&wait, probe).await.unwrap_err();
        let last = looks.get();
        let expected = format!(
            "a:Call: timed out after 60 s waiting for AWS to be ready: look {last} found nothing"
        );
        assert_eq!(error.to_string(), expected);
        assert_eq!(start.elapsed(), LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_transient_error_is_repeated_until_the_limit_and_then_handed_on() {
        let (stop, start, calls) = (Stop::default(), Instant::now(), Cell::new(0));
        let wait = wait(&stop, &|_| {}).paced(PAUSE_MAX);
        let call = || async {
            calls.set(calls.get() + 1);
            Err::<(), _>(busy())
        };
        let error = retry_while(&wait, |error| error.code() == "Busy", call).await.unwrap_err();
        assert_eq!((error.message(), start.elapsed()), ("not yet", LIMIT));
        // A pause of five seconds may last a quarter longer.
        assert!((11..=13).contains(&calls.get()), "{} calls", calls.get());
    }

    #[tokio::test(start_paused = true)]
    async fn a_permanent_error_is_handed_on_at_once() {
        let (stop, start, calls) = (Stop::default(), Instant::now(), Cell::new(0));
        let wait = wait(&stop, &|_| {});
        let call = || async {
            calls.set(calls.get() + 1);
            Err::<(), _>(busy())
        };
        retry_while(&wait, |error| error.code() == "Other", call).await.unwrap_err();
        assert_eq!((calls.get(), start.elapsed()), (1, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_the_user_ends_says_so() {
        let stop = Stop::default();
        stop.ask();
        let wait = wait(&stop, &|_| {});
        let probe = || async { Ok::<Probe<()>, _>(Probe::Pending("pending".to_owned())) };
        let error = wait_until(&wait, probe).await.unwrap_err();
        assert_eq!(error.to_string(), "a:Call: interrupted");
        let error = retry_while(&wait, |_| true, || async { Err::<(), _>(busy()) }).await;
        assert_eq!(error.unwrap_err().to_string(), "a:Call: interrupted");
    }

    #[test]
    fn pauses_grow_to_their_longest_and_differ_by_up_to_a_quarter() {
        let pauses = Pauses::Growing(PAUSE_MIN);
        let mut backoff = Backoff { start: Instant::now(), limit: LIMIT, pauses };
        let mut shortest = PAUSE_MIN;
        for pause in backoff.by_ref().take(12) {
            assert!((shortest..=shortest * 5 / 4).contains(&pause), "{pause:?} for {shortest:?}");
            shortest = (shortest * 3 / 2).min(PAUSE_MAX);
        }
        assert_eq!(shortest, PAUSE_MAX);
        let jittered: Vec<Duration> = (0..100).map(|_| jittered(PAUSE_MAX)).collect();
        assert!(jittered.iter().any(|pause| *pause != jittered[0]), "they are all alike");
    }
}
