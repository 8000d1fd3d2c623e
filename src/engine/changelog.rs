//! What became of a plan, resource by resource: what reports show and exit codes follow from.

use std::collections::BTreeMap;

use serde::Serialize;

use super::fields::Edit;
use super::plan::{Action, Condition, Plan, Step};
use super::resource::{Details, IN_PROGRESS, Id, NOTE, STATUS};
use crate::aws::AwsError;

/// How a step ended.
#[derive(Clone, Debug)]
pub(crate) enum End {
    Done(Details),
    /// It stays on purpose; the text says why.
    Kept(String),
    /// The last step of a deletion is still to come.
    Later(String),
    Failed(AwsError),
    /// Something that it needs failed, or the run was interrupted.
    NotStarted,
}

/// How the steps of a plan ended, by their place in it; those with nothing to do are not there.
pub(crate) type Ends = BTreeMap<usize, End>;

/// Every resource of a stack as it is by now, and what was done about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changelog {
    pub(crate) entries: Vec<Entry>,
}

/// One resource.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) arn: Option<String>,
    pub(crate) condition: Condition,
    /// What was planned; nothing for what stayed after all.
    pub(crate) action: Action,
    pub(crate) edits: Vec<Edit>,
    /// Why it is foreign, deploying, or kept, or what people should know of it.
    pub(crate) note: Option<String>,
    pub(crate) details: Details,
    /// Whether it is no longer in the file.
    pub(crate) retired: bool,
    /// How its step ended; `None` where there was nothing to do, or nothing is done yet.
    pub(crate) end: Option<End>,
}

/// The stack as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Ready,
    Absent,
    Partial,
    Drifted,
    Deploying,
}

impl State {
    /// The worst of the resources' conditions decides.
    pub(crate) fn of(conditions: &[Condition]) -> Self {
        let has = |wanted: Condition| conditions.contains(&wanted);
        if conditions.iter().all(|condition| *condition == Condition::Missing) {
            Self::Absent
        } else if has(Condition::Missing) || has(Condition::Foreign) {
            Self::Partial
        } else if has(Condition::Drifted) {
            Self::Drifted
        } else if has(Condition::Deploying) {
            Self::Deploying
        } else {
            Self::Ready
        }
    }

    /// Whether the pipeline works as it is.
    pub(crate) fn is_whole(self) -> bool {
        matches!(self, Self::Ready | Self::Deploying)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Absent => "absent",
            Self::Partial => "partial",
            Self::Drifted => "drifted",
            Self::Deploying => "deploying",
        }
    }
}

impl Changelog {
    /// A plan of which nothing is done yet.
    pub(crate) fn before(plan: &Plan) -> Self {
        Self { entries: plan.steps.iter().map(Entry::before).collect() }
    }

    /// A plan whose steps ended like this.
    pub(super) fn after(plan: &Plan, mut ends: Ends) -> Self {
        let steps = plan.steps.iter().enumerate();
        Self { entries: steps.map(|(at, step)| Entry::after(step, ends.remove(&at))).collect() }
    }

    pub(crate) fn state(&self) -> State {
        let conditions: Vec<Condition> = self.entries.iter().map(|entry| entry.condition).collect();
        State::of(&conditions)
    }

    /// What AWS numbered and named itself for this resource of the file.
    pub(crate) fn details(&self, id: Id) -> Option<&Details> {
        let entry = self.entries.iter().find(|entry| entry.is_in_file(id));
        entry.map(|entry| &entry.details)
    }

    /// The same once AWS has deployed everything.
    #[must_use]
    pub(crate) fn settled(mut self) -> Self {
        let deploying = |entry: &&mut Entry| entry.condition == Condition::Deploying;
        for entry in self.entries.iter_mut().filter(deploying) {
            entry.condition = Condition::Ok;
        }
        self
    }

    /// What a later look still found, though nobody meant it to stay.
    pub(crate) fn leftovers(&self, left: &Plan) -> Vec<(Id, String)> {
        let is_meant = |step: &Step| {
            let end = self.same(step.id, &step.name).and_then(|entry| entry.end.as_ref());
            matches!(end, Some(End::Kept(_) | End::Later(_)))
        };
        let leftovers = left.steps.iter().filter(|step| step.action == Action::Delete);
        leftovers.filter(|it| !is_meant(it)).map(|step| (step.id, step.name.clone())).collect()
    }

    /// What a later look found, with what was done about it.
    pub(crate) fn proven_by(&self, left: &Plan) -> Self {
        let mut entries: Vec<Entry> = left.steps.iter().map(|step| self.proven(step)).collect();
        // What was retired and is gone is in no later plan.
        let is_there = |gone: &Entry| left.steps.iter().any(|it| gone.is(it.id, &it.name));
        let gone = self.entries.iter().filter(|entry| entry.retired && !is_there(entry));
        entries.extend(gone.map(|it| Entry { condition: Condition::Missing, ..it.clone() }));
        Self { entries }
    }

    fn proven(&self, step: &Step) -> Entry {
        let (before, mut entry) = (self.same(step.id, &step.name), Entry::before(step));
        match before.and_then(|before| before.end.as_ref()) {
            Some(End::Kept(why)) => {
                entry.action = Action::None;
                entry.note = Some(why.clone());
            }
            Some(End::Later(why)) => {
                entry.condition = Condition::Deploying;
                entry.note = Some(why.clone());
            }
            _ if entry.condition == Condition::Missing => {
                entry.action = before.map_or(Action::None, |before| before.action);
            }
            _ => {}
        }
        entry
    }

    fn same(&self, id: Id, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.is(id, name))
    }
}

impl Entry {
    fn before(step: &Step) -> Self {
        Self {
            id: step.id,
            name: step.name.clone(),
            arn: step.arn.clone(),
            condition: step.condition,
            action: step.action,
            edits: step.edits.clone(),
            note: step.note.clone(),
            details: step.observed.as_ref().map(|now| now.details.clone()).unwrap_or_default(),
            retired: step.condition == Condition::Retired,
            end: None,
        }
    }

    /// What was changed is now as it should be.
    fn after(step: &Step, end: Option<End>) -> Self {
        let mut entry = Self { end: end.clone(), ..Self::before(step) };
        match end {
            Some(End::Done(details)) if !step.is_leaving => entry.make(details),
            Some(End::Done(_)) => entry.condition = Condition::Missing,
            Some(End::Kept(why)) => {
                entry.action = Action::None;
                entry.note = Some(why);
            }
            Some(End::Later(why)) => entry.note = Some(why),
            Some(End::Failed(_) | End::NotStarted) | None => {}
        }
        entry
    }

    fn make(&mut self, mut details: Details) {
        if self.condition == Condition::Foreign {
            // Why it was not ours.
            self.note = None;
        }
        self.note = details.remove(NOTE).or(self.note.take());
        let is_deploying = details.get(STATUS).is_some_and(|status| status == IN_PROGRESS);
        self.condition = if is_deploying { Condition::Deploying } else { Condition::Ok };
        if let Some(arn) = details.get("arn") {
            self.arn = Some(arn.clone());
        }
        self.details.extend(details);
    }

    /// Whether it is the resource of the file with this id; there may be retired ones beside it.
    pub(crate) fn is_in_file(&self, id: Id) -> bool {
        self.id == id && !self.retired
    }

    fn is(&self, id: Id, name: &str) -> bool {
        self.id == id && self.name == name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_condition_is_the_state_of_the_stack() {
        use Condition::{Deploying, Drifted, Foreign, Missing, Ok};
        let cases = [
            (vec![Ok, Ok], State::Ready),
            (vec![Missing, Missing], State::Absent),
            (vec![Ok, Missing, Drifted], State::Partial),
            (vec![Ok, Foreign], State::Partial),
            (vec![Ok, Drifted, Deploying], State::Drifted),
            (vec![Ok, Deploying], State::Deploying),
        ];
        for (conditions, state) in cases {
            assert_eq!(State::of(&conditions), state, "{conditions:?}");
        }
    }
}
