//! What originals cost in the storage class that they are moved to.
//!
//! Counted are the months since the upload: a month of uploads is as old as its place among those that
//! are kept.

use super::prices::{self, Price};
use super::{Usage, months};
use crate::config::{Move, StorageClass};

/// What is smaller stays where it is ("Transitioning objects using Amazon S3 Lifecycle", Amazon S3 User
/// Guide).
const BYTES_MIN: f64 = 131_072.0;
/// Until which age S3 Intelligent-Tiering keeps what nobody reads in its first and second tier.
const FREQUENT_DAYS: u32 = 30;
const INFREQUENT_DAYS: u32 = 90;
/// What is deleted from S3 Glacier Instant Retrieval earlier is paid for until then.
const GLACIER_DAYS_MIN: u32 = 90;

/// How many months of originals are where, in a class that they are moved to.
struct Months {
    standard: f64,
    moved: f64,
}

impl Months {
    /// Nothing where nothing is ever moved.
    fn of(usage: &Usage, after_days: u32) -> Option<Self> {
        let kept = usage.original_months();
        let standard = months(after_days);
        let is_moved = usage.original_bytes >= BYTES_MIN && standard < kept;
        is_moved.then_some(Self { standard, moved: kept - standard })
    }

    /// Of those that were moved: in the first, second and third tier.
    fn tiers(&self) -> [f64; 3] {
        let first = self.moved.min(months(FREQUENT_DAYS));
        let second = self.moved.min(months(INFREQUENT_DAYS)) - first;
        [first, second, self.moved - first - second]
    }
}

/// What a month takes of originals in the class that they are moved to; `None`: they stay in S3
/// Standard.
pub(crate) fn parts(usage: &Usage, moved: Option<Move>) -> Vec<(Price, f64)> {
    let uploaded = usage.original_gigabytes();
    let all = || vec![(prices::STORAGE, uploaded * usage.original_months())];
    let Some(Move { class, after_days }) = moved else { return all() };
    let Some(months) = Months::of(usage, after_days) else { return all() };
    let mut parts = vec![(prices::STORAGE, uploaded * months.standard)];
    parts.push((prices::moving(class), usage.images));
    match class {
        StorageClass::IntelligentTiering => {
            let [first, second, third] = months.tiers();
            parts.extend([
                (prices::STORAGE, uploaded * first),
                (prices::INFREQUENT_TIER, uploaded * second),
                (prices::ARCHIVE_INSTANT_TIER, uploaded * third),
                (prices::MONITORING, usage.images * months.moved),
            ]);
        }
        StorageClass::GlacierInstant => {
            let paid = match usage.storage.expire_originals_days {
                Some(_) => months.moved.max(super::months(GLACIER_DAYS_MIN)),
                None => months.moved,
            };
            parts.push((prices::GLACIER_INSTANT, uploaded * paid));
        }
    }
    parts
}

/// What reading every original once more costs beyond what it costs in S3 Standard.
pub(crate) fn reading_all(usage: &Usage, moved: Option<Move>) -> f64 {
    let Some(Move { class, after_days }) = moved else { return 0.0 };
    let Some(there) = Months::of(usage, after_days) else { return 0.0 };
    let uploaded = usage.original_gigabytes();
    match class {
        // What is read goes back to the first tier, and is in the second again after a month.
        StorageClass::IntelligentTiering => {
            let [_, second, third] = there.tiers();
            let dearer = |price: Price, from: Price, days: u32| {
                (price.of(1.0) - from.of(1.0)) * months(days)
            };
            let (first_price, second_price) = (prices::STORAGE, prices::INFREQUENT_TIER);
            let third_price = prices::ARCHIVE_INSTANT_TIER;
            uploaded
                * (second * dearer(first_price, second_price, FREQUENT_DAYS)
                    + third
                        * (dearer(first_price, third_price, FREQUENT_DAYS)
                            + dearer(second_price, third_price, INFREQUENT_DAYS - FREQUENT_DAYS)))
        }
        StorageClass::GlacierInstant => {
            let objects = usage.images * there.moved;
            prices::GLACIER_RETRIEVAL.of(uploaded * there.moved) + prices::GLACIER_READS.of(objects)
                - prices::S3_READS.of(objects)
        }
    }
}

/// What a month costs in a class for moving and for watching, which S3 asks for each object.
pub(crate) fn for_each_object(usage: &Usage, moved: Option<Move>) -> f64 {
    let Some(Move { class, after_days }) = moved else { return 0.0 };
    let Some(there) = Months::of(usage, after_days) else { return 0.0 };
    let watched = match class {
        StorageClass::IntelligentTiering => usage.images * there.moved,
        StorageClass::GlacierInstant => 0.0,
    };
    prices::moving(class).of(usage.images) + prices::MONITORING.of(watched)
}
