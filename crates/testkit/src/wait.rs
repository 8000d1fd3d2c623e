//! What tests wait on: the runtime that serves their proxies, and what they look for again and again.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

/// How long anything may take that a test waits for.
const WAIT_MAX: Duration = Duration::from_secs(90);
const WAIT_PAUSE: Duration = Duration::from_millis(100);

/// Serves the proxies; each test runs on a thread of its own.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// Looks again and again until `look` finds something.
pub async fn wait_for<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(start.elapsed() < WAIT_MAX, "{what} did not come within {WAIT_MAX:?}");
        tokio::time::sleep(WAIT_PAUSE).await;
    }
}
