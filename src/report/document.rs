//! The one JSON document of `plan`, `up`, `status` and `down`, from which their texts come too.

use serde::{Serialize, Serializer};

use crate::inventory::ImageCounts;
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
    /// Of `status --images`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) images: Option<ImageCounts>,
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
    #[serde(flatten)]
    pub(crate) effort: Effort,
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
            effort: Effort::of(step.id, step.action, &step.edits),
        });
        Self {
            stack: names.stack.clone(),
            account: names.account.clone(),
            region: names.region.clone(),
            state,
            resources: resources.collect(),
            outputs,
            images: None,
        }
    }

    /// What there is to do, and what is in the way, in words and in a fixed order.
    pub(crate) fn counts(&self) -> Vec<(&'static str, usize)> {
        let actions = [
            (Action::Create, "to create"),
            (Action::Update, "to update"),
            (Action::Replace, "to replace"),
            (Action::Delete, "to delete"),
        ];
        let count =
            |is: &dyn Fn(&Entry) -> bool| self.resources.iter().filter(|entry| is(entry)).count();
        let mut counts: Vec<_> = actions
            .into_iter()
            .map(|(action, what)| (what, count(&|entry| entry.action == action)))
            .collect();
        let is_foreign =
            |entry: &Entry| entry.action == Action::None && entry.state == Condition::Foreign;
        counts.push(("foreign", count(&is_foreign)));
        let is_retired =
            |entry: &Entry| entry.action == Action::None && entry.state == Condition::Retired;
        counts.push(("retired", count(&is_retired)));
        counts.retain(|(_, count)| *count > 0);
        counts
    }

    /// How many resources something is done about.
    pub(crate) fn changed(&self) -> usize {
        self.resources.iter().filter(|entry| entry.action != Action::None).count()
    }
}

/// What people should know before they say yes: in JSON that it is so, in texts why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Effort {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) long: Option<Why>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) irreversible: Option<Why>,
}

/// A reason in words; for programs it is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Why(pub(crate) &'static str);

impl Serialize for Why {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

impl Effort {
    /// What is long about a step of a plan, and what cannot be undone.
    pub(crate) fn of(id: Id, action: Action, edits: &[Edit]) -> Self {
        const DEPLOYMENT: &str = "takes minutes; see `--wait`";
        // The edges hold only the distribution's own configuration.
        const ELSEWHERE: [&str; 3] = ["tags", "bucket_policy", "function"];
        let at_edges = |edit: &Edit| {
            let kind = edit.path.split(['.', '[']).next().unwrap_or_default();
            !ELSEWHERE.contains(&kind)
        };
        let long = match (id, action) {
            (Id::Cdn, Action::Create) => Some(DEPLOYMENT),
            (Id::Cdn, Action::Update) if edits.iter().any(at_edges) => Some(DEPLOYMENT),
            (Id::Cdn, Action::Delete) => Some("takes minutes; see `--no-wait`"),
            _ => None,
        };
        let irreversible = match (id, action) {
            (_, Action::Replace) => Some("it is deleted and made anew"),
            (Id::Bucket, Action::Delete) => {
                Some("any images in it are lost, and others may take its name")
            }
            (Id::Logs, Action::Delete) => Some("the logs in it are lost"),
            (Id::DeadLetters, Action::Delete) => Some("the messages in it are lost"),
            _ => None,
        };
        Self { long: long.map(Why), irreversible: irreversible.map(Why) }
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
