//! Calls to AWS, made again for as long as the invocation has time.
//!
//! It is the only place that tries again before Lambda does: the clients below it make each call
//! once, so that no pause is ever longer than the time that is left.

use std::{
    future::Future,
    hash::{BuildHasher, Hasher, RandomState},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use contract::message::Message;
use tokio::time::{Instant, sleep, timeout_at};

use crate::store::{Fetched, Head, Object, Outlook, Store, StoreError};

/// The pause before the second attempt is at most this; it doubles with each further one. With
/// pauses of random length up to the limit, those that failed together do not come back together:
/// "Exponential Backoff And Jitter" in the AWS Architecture Blog.
const FIRST_PAUSE_MAX: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// A tenth of the time is kept to log what happened and to answer, but no more than this.
const MARGIN_MAX: Duration = Duration::from_secs(1);

/// When work must end, so that an invocation that Lambda ends at this time still answers.
pub fn deadline(ends_epoch_ms: u64, now: SystemTime) -> Instant {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let left = Duration::from_millis(ends_epoch_ms).saturating_sub(now);
    Instant::now() + left.saturating_sub((left / 10).min(MARGIN_MAX))
}

/// A store whose calls are made again until the deadline if they fail for what may pass.
#[derive(Debug)]
pub struct Patient<'a, S> {
    pub store: &'a S,
    pub deadline: Instant,
}

impl<S: Store> Patient<'_, S> {
    /// The same with a quarter of the time that is left, for what matters less than the rest.
    #[must_use]
    pub fn hurried(&self) -> Self {
        let now = Instant::now();
        let left = self.deadline.saturating_duration_since(now);
        Self { store: self.store, deadline: now + left / 4 }
    }

    /// Makes a call that may hang, and gives it up when the time is over.
    pub async fn in_time<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        timeout_at(self.deadline, call).await.unwrap_or_else(|_| {
            Err(StoreError {
                call: "a call to AWS",
                code: "timeout".to_owned(),
                message: "there was no time left".to_owned(),
                outlook: Outlook::Passing,
            })
        })
    }

    async fn insist<T, F>(&self, call: impl Fn() -> F + Send) -> Result<T, StoreError>
    where
        T: Send,
        F: Future<Output = Result<T, StoreError>> + Send,
    {
        let mut pause_max = FIRST_PAUSE_MAX;
        loop {
            let error = match call().await {
                Err(error) if error.outlook == Outlook::Passing => error,
                ended => return ended,
            };
            let pause = random_up_to(pause_max);
            if Instant::now() + pause >= self.deadline {
                return Err(error);
            }
            sleep(pause).await;
            pause_max = (2 * pause_max).min(PAUSE_MAX);
        }
    }
}

impl<S: Store> Store for Patient<'_, S> {
    async fn get(&self, key: &str, bytes_max: u64) -> Result<Fetched, StoreError> {
        self.insist(|| self.store.get(key, bytes_max)).await
    }

    async fn head(&self, key: &str) -> Result<Option<Head>, StoreError> {
        self.insist(|| self.store.head(key)).await
    }

    async fn put(&self, object: &Object) -> Result<String, StoreError> {
        self.insist(|| self.store.put(object)).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.insist(|| self.store.delete(key)).await
    }

    async fn announce(&self, topic: &str, message: &Message) -> Result<(), StoreError> {
        self.insist(|| self.store.announce(topic, message)).await
    }

    async fn invalidate(
        &self,
        distribution: &str,
        keys: &[String],
        reference: &str,
    ) -> Result<(), StoreError> {
        self.insist(|| self.store.invalidate(distribution, keys, reference)).await
    }
}

/// Anything from nothing to this, from the one source of randomness in the standard library.
fn random_up_to(most: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish();
    let share = f64::from(u32::try_from(random >> 32).unwrap_or(0)) / f64::from(u32::MAX);
    most.mul_f64(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_margin_is_kept_to_answer() {
        let now = UNIX_EPOCH + Duration::from_secs(1000);
        for (left_ms, expected_ms) in [(10_000, 9_000), (60_000, 59_000), (1_000, 900), (0, 0)] {
            let work = deadline(1_000_000 + left_ms, now) - Instant::now();
            assert_eq!(work, Duration::from_millis(expected_ms));
        }
        assert_eq!(deadline(999_000, now), Instant::now(), "it is over already");
    }

    #[test]
    fn pauses_are_of_random_length() {
        let most = Duration::from_secs(1);
        let pauses: Vec<_> = (0..100).map(|_| random_up_to(most)).collect();
        assert!(pauses.iter().all(|pause| *pause <= most));
        assert!(pauses.iter().any(|pause| *pause != pauses[0]));
    }
}
