//! What the originals would cost in each storage class, and which is the cheapest for these numbers.

use serde::Serialize;

use crate::config::{Move, StorageClass};
use crate::pricing::{Usage, originals, rounded};

/// How often a year all originals are read once more, by a backfill for a new size, say: an
/// assumption.
const READINGS_PER_YEAR: f64 = 1.0;
const MONTHS_PER_YEAR: f64 = 12.0;

const STANDARD: &str = "standard";

/// The originals in each class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct OriginalsStorage {
    /// The class that the file has them in.
    pub(crate) chosen: &'static str,
    /// The cheapest, all of them read once a year.
    pub(crate) cheapest: &'static str,
    pub(crate) readings_per_year: f64,
    pub(crate) classes: [InClass; 3],
}

/// The originals in one class, in a month.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct InClass {
    pub(crate) class: &'static str,
    /// The same; `None`: S3 Standard.
    #[serde(skip)]
    pub(crate) moved_to: Option<StorageClass>,
    /// How many days after their upload they are moved there.
    pub(crate) after_days: u32,
    pub(crate) monthly_usd: f64,
    /// What of it is for each object, moved or watched.
    pub(crate) for_each_object_usd: f64,
    /// Against S3 Standard; negative where it costs more.
    pub(crate) saves_usd: f64,
    /// For reading every original once more, beyond what that costs in S3 Standard.
    pub(crate) reading_all_usd: f64,
}

impl InClass {
    fn year(&self) -> f64 {
        MONTHS_PER_YEAR * self.monthly_usd + READINGS_PER_YEAR * self.reading_all_usd
    }
}

impl OriginalsStorage {
    /// The cheapest class, if it is another than the file's and saves a cent a month.
    pub(crate) fn better(&self) -> Option<(&InClass, f64)> {
        let find = |name: &str| self.classes.iter().find(|it| it.class == name);
        let (chosen, cheapest) = (find(self.chosen)?, find(self.cheapest)?);
        let saving = rounded((chosen.year() - cheapest.year()) / MONTHS_PER_YEAR);
        (chosen != cheapest && saving >= 0.01).then_some((cheapest, saving))
    }
}

pub(super) fn estimate(usage: &Usage) -> OriginalsStorage {
    let in_file = usage.storage.originals;
    let moved = |class: StorageClass| {
        let in_file = in_file.filter(|it| it.class == class);
        in_file.unwrap_or(Move { class, after_days: class.default_days() })
    };
    let standard = monthly(usage, None);
    let in_class = |moved: Option<Move>| {
        let all = monthly(usage, moved);
        InClass {
            class: name(moved),
            moved_to: moved.map(|moved| moved.class),
            after_days: moved.map_or(0, |moved| moved.after_days),
            monthly_usd: rounded(all),
            for_each_object_usd: rounded(originals::for_each_object(usage, moved)),
            saves_usd: rounded(standard - all),
            reading_all_usd: rounded(originals::reading_all(usage, moved)),
        }
    };
    let classes = [
        in_class(None),
        in_class(Some(moved(StorageClass::IntelligentTiering))),
        in_class(Some(moved(StorageClass::GlacierInstant))),
    ];
    // Of those that cost the same, the first.
    let cheapest = classes.iter().min_by(|a, b| a.year().total_cmp(&b.year()));
    let cheapest = cheapest.map_or(STANDARD, |it| it.class);
    OriginalsStorage {
        chosen: name(in_file),
        cheapest,
        readings_per_year: READINGS_PER_YEAR,
        classes,
    }
}

fn name(moved: Option<Move>) -> &'static str {
    moved.map_or(STANDARD, |moved| moved.class.word())
}

fn monthly(usage: &Usage, moved: Option<Move>) -> f64 {
    originals::parts(usage, moved).iter().map(|(price, amount)| price.of(*amount)).sum()
}
