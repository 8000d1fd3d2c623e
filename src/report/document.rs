//! The one JSON document of `plan`, `up`, `status` and `down`, from which their texts come too.

use serde::{Serialize, Serializer};

use crate::engine::changelog::{Changelog, State};
use crate::engine::fields::{Edit, holds};
use crate::engine::plan::{Action, Condition};
use crate::engine::resource::{Id, Slow};
use crate::inventory::{Behind, ImageCounts};
use crate::names::Names;
use crate::outputs::{Outputs, Watch};

/// A stack, resource by resource.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Document {
    pub(crate) stack: String,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) state: State,
    pub(crate) resources: Vec<Entry>,
    pub(crate) outputs: Outputs,
    /// Where the file has alarms.
    #[serde(rename = "alarms", skip_serializing_if = "Option::is_none")]
    pub(crate) watch: Option<Watch>,
    /// Why images that are there already need a backfill after a run.
    #[serde(skip)]
    pub(crate) behind: Behind,
    /// Of `status --images`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) images: Option<ImageCounts>,
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

impl Document {
    pub(crate) fn new(names: &Names, changelog: Changelog, outputs: Outputs) -> Self {
        let (state, behind) = (changelog.state(), Behind::of(&changelog));
        let watch = Watch::of(&changelog);
        let resources = changelog.entries.into_iter().map(|entry| Entry {
            id: entry.id,
            kind: entry.id.0.aws_type,
            name: entry.name,
            arn: entry.arn,
            state: entry.condition,
            action: entry.action,
            effort: Effort::of(entry.id, entry.action, &entry.edits),
            differences: entry.edits,
            note: entry.note,
        });
        Self {
            stack: names.stack.clone(),
            account: names.account.clone(),
            region: names.region.clone(),
            state,
            resources: resources.collect(),
            outputs,
            watch,
            behind,
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
        const MINUTES: &str = "takes minutes";
        let is_deployed = |slow: &Slow| {
            let beside = |edit: &Edit| slow.beside.iter().any(|path| holds(path, &edit.path));
            edits.iter().any(|edit| !beside(edit))
        };
        let long = match (&id.0.slow, action) {
            (Some(_), Action::Create | Action::Delete) => Some(MINUTES),
            (Some(slow), Action::Update) if is_deployed(slow) => Some(MINUTES),
            _ => None,
        };
        let irreversible = match action {
            Action::Replace => Some("it is deleted and created again"),
            Action::Delete => id.0.loses,
            Action::Update => (id.0.change_loses)(edits),
            _ => None,
        };
        Self { long: long.map(Why), irreversible: irreversible.map(Why) }
    }
}
