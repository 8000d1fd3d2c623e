//! Every call of a life, hit in every way, one at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::faults::Spot;
use crate::lives::{Blow, End, Hit, Outcome, Phase, Undisturbed, live, together};

/// The ways to be killed at a call.
pub const KILLS: [Blow; 2] = [Blow::KilledBefore, Blow::KilledAfter];
const FAULTS: [Blow; 4] = [Blow::Throttled, Blow::Failed, Blow::Reset, Blow::Lost];

/// Which of a phase's calls are hit.
pub type Pick = fn(&[Spot]) -> Vec<Spot>;

/// What came of many hits.
pub struct Matrix {
    outcomes: Vec<Outcome>,
}

impl Matrix {
    /// Kills imgprep at every call that changes something, before and after it.
    pub async fn of_crashes(undisturbed: &Undisturbed) -> Self {
        Self::of(undisturbed, |phase| undisturbed.mutating(phase), &KILLS).await
    }

    /// Has a whole other run come in before calls that change something.
    pub async fn of_overtaking(undisturbed: &Undisturbed, pick: Pick) -> Self {
        let spots = |phase| pick(&undisturbed.mutating(phase));
        Self::of(undisturbed, spots, &[Blow::Overtaken]).await
    }

    /// Every kind of fault at every call, reads too.
    pub async fn of_faults(undisturbed: &Undisturbed) -> Self {
        Self::of(undisturbed, |phase| undisturbed.calls(phase), &FAULTS).await
    }

    /// Every blow at every spot.
    async fn of(
        undisturbed: &Undisturbed,
        spots: impl Fn(Phase) -> Vec<Spot>,
        blows: &[Blow],
    ) -> Self {
        let hits = |phase| {
            let spots = spots(phase).into_iter();
            let hits = spots.flat_map(|spot| blows.iter().map(move |blow| (spot.clone(), *blow)));
            hits.map(|(spot, blow)| Hit { phase, spot, blow }).collect()
        };
        let lives = together(Phase::ALL.map(hits));
        assert!(!lives.is_empty(), "there is nothing to hit");
        Self { outcomes: live(lives, undisturbed).await }
    }

    /// What did not end as if nothing had happened.
    pub fn wrong(&self) -> Vec<String> {
        let wrong = self.outcomes.iter().filter_map(|Outcome { hit, end }| match end {
            End::Wrong(why) => Some(format!("{hit}: {why}")),
            // A run may poll less often this time, but it never does without an operation.
            End::NotReached if hit.spot.nth == 1 => Some(format!("{hit}: never came")),
            _ => None,
        });
        wrong.collect()
    }

    #[track_caller]
    pub fn assert_fine(&self) {
        let wrong = self.wrong();
        let (count, table) = (self.outcomes.len(), self.table());
        assert!(wrong.is_empty(), "{table}\n{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    }

    /// How the hits ended, by operation and kind of blow.
    pub fn table(&self) -> String {
        let blows: BTreeSet<Blow> = self.outcomes.iter().map(|it| it.hit.blow).collect();
        let mut rows: BTreeMap<(Phase, String), BTreeMap<Blow, [usize; 3]>> = BTreeMap::new();
        for Outcome { hit, end } in &self.outcomes {
            let row = rows.entry((hit.phase, hit.spot.call.to_string())).or_default();
            let counts = row.entry(hit.blow).or_default();
            match end {
                End::Fine => counts[0] += 1,
                End::NotReached => counts[1] += 1,
                End::Wrong(_) => counts[2] += 1,
            }
        }
        let mut text = format!("{:<62}", "fine / not reached / wrong");
        for blow in &blows {
            let _ = write!(text, "{:>14}", format!("{blow:?}"));
        }
        for ((phase, operation), counts) in rows {
            let _ = write!(text, "\n{:<62}", format!("{phase:?} {operation}"));
            for blow in &blows {
                let cell = counts.get(blow);
                let cell = cell.map(|[fine, missed, wrong]| format!("{fine} / {missed} / {wrong}"));
                let _ = write!(text, "{:>14}", cell.unwrap_or_default());
            }
        }
        text
    }
}
