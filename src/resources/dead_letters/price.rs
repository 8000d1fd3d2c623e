//! What the dead letters of a month cost.

use crate::pricing::{DEAD_LETTER_SHARE, Service, Usage, number, prices};

/// A dead letter is sent, received and deleted.
const REQUESTS_PER_DEAD_LETTER: f64 = 3.0;

pub(super) fn costs(usage: &Usage) -> Vec<Service> {
    let dead_letters = usage.images * DEAD_LETTER_SHARE;
    let detail = format!("{} dead letters", number(dead_letters));
    vec![Service::new("SQS", &[(prices::QUEUE, dead_letters * REQUESTS_PER_DEAD_LETTER)], detail)]
}
