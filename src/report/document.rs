//! The one JSON document of `plan`, `up`, `status` and `down`, from which their texts come too.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::names::Names;
use crate::outputs::Outputs;
use crate::plan::{Action, Condition, Plan};
use crate::resource::{Edit, Id};

/// A stack, resource by resource.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Document {
    pub(crate) stack: String,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) state: State,
    pub(crate) resources: Vec<Entry>,
    pub(crate) outputs: Outputs,
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

/// One resource of the document.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Entry {
    pub(crate) id: Id,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) arn: Option<String>,
    pub(crate) state: Condition,
    pub(crate) action: Action,
    pub(crate) differences: Vec<Edit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
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

impl Document {
    pub(crate) fn new(names: &Names, state: State, plan: &Plan, outputs: Outputs) -> Self {
        let resources = plan.steps.iter().map(|step| Entry {
            id: step.id,
            kind: step.id.kind(),
            name: step.name.clone(),
            arn: step.arn.clone(),
            state: step.condition,
            action: step.action,
            differences: step.edits.clone(),
            note: step.note.clone(),
        });
        Self {
            stack: names.stack.clone(),
            account: names.account.clone(),
            region: names.region.clone(),
            state,
            resources: resources.collect(),
            outputs,
        }
    }

    /// How many resources each action is for.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for entry in &self.resources {
            let word = match entry.action {
                Action::None => continue,
                Action::Create => "create",
                Action::Update => "update",
                Action::Delete => "delete",
            };
            *counts.entry(word).or_default() += 1;
        }
        counts
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
