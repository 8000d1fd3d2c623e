//! The difference between a stack as it should be and as AWS holds it, as a value.
//!
//! Pure: no AWS, no waiting, no printing. `plan`, `up`, `status` and `down` all show this value, and
//! `apply` walks it.

use serde::Serialize;
use serde_json::Value;

use crate::names::{ADOPTED_TAG, STACK_TAG};
use crate::resource::{Details, Edit, Fields, Id, Observed, Owner, difference};

/// What a plan is to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// The whole stack; foreign resources of its names are taken over only if `adopt` says so.
    Present { adopt: bool },
    /// Nothing of the stack.
    Absent,
}

/// How a resource is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Condition {
    Ok,
    Missing,
    Drifted,
    Foreign,
    Deploying,
}

/// What is to be done about a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    None,
    Create,
    Update,
    Delete,
}

/// One resource of a plan.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) arn: Option<String>,
    pub(crate) condition: Condition,
    pub(crate) action: Action,
    pub(crate) edits: Vec<Edit>,
    /// Why it is foreign, deploying, or kept.
    pub(crate) note: Option<String>,
    pub(crate) observed: Option<Observed>,
}

/// What planning needs to know of a resource.
pub(crate) struct Wanted {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) arn: Option<String>,
    pub(crate) fields: Fields,
}

/// Every resource of a stack, in order, with what is to be done about it.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) goal: Goal,
    pub(crate) steps: Vec<Step>,
}

impl Plan {
    pub(crate) fn new(
        goal: Goal,
        resources: impl IntoIterator<Item = (Wanted, Option<Observed>)>,
    ) -> Self {
        let steps = resources.into_iter().map(|(wanted, observed)| step(goal, wanted, observed));
        Self { goal, steps: steps.collect() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.steps.iter().all(|step| step.action == Action::None)
    }

    /// What somebody else owns and would be in the way.
    pub(crate) fn foreign(&self) -> impl Iterator<Item = &Step> {
        self.steps
            .iter()
            .filter(|step| step.condition == Condition::Foreign && step.action == Action::None)
    }

    pub(crate) fn step(&self, id: Id) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    pub(crate) fn step_mut(&mut self, id: Id) -> Option<&mut Step> {
        self.steps.iter_mut().find(|step| step.id == id)
    }

    /// What AWS numbered and named itself for this resource.
    pub(crate) fn details(&self, id: Id) -> Option<&Details> {
        self.step(id).and_then(|step| step.observed.as_ref()).map(|observed| &observed.details)
    }
}

fn step(goal: Goal, wanted: Wanted, observed: Option<Observed>) -> Step {
    let verdict = match (&observed, goal) {
        (None, Goal::Present { .. }) => {
            let edits = difference(&wanted.fields, &Fields::default());
            Verdict { edits, ..Verdict::new(Condition::Missing, Action::Create) }
        }
        (None, Goal::Absent) => Verdict::new(Condition::Missing, Action::None),
        (Some(observed), Goal::Present { adopt }) => present(&wanted.fields, observed, adopt),
        (Some(observed), Goal::Absent) => absent(observed),
    };
    Step {
        id: wanted.id,
        name: wanted.name,
        arn: wanted
            .arn
            .or_else(|| observed.as_ref().and_then(|now| now.details.get("arn").cloned())),
        condition: verdict.condition,
        action: verdict.action,
        edits: verdict.edits,
        note: verdict.note,
        observed,
    }
}

struct Verdict {
    condition: Condition,
    action: Action,
    edits: Vec<Edit>,
    note: Option<String>,
}

impl Verdict {
    fn new(condition: Condition, action: Action) -> Self {
        Self { condition, action, edits: Vec::new(), note: None }
    }

    fn noted(self, note: Option<String>) -> Self {
        Self { note, ..self }
    }
}

fn present(wanted: &Fields, observed: &Observed, adopt: bool) -> Verdict {
    let edits = difference(wanted, &observed.fields);
    match &observed.owner {
        Owner::Unreachable(why) => {
            Verdict::new(Condition::Foreign, Action::None).noted(Some(why.clone()))
        }
        Owner::Foreign(why) if !adopt => {
            Verdict { edits, ..Verdict::new(Condition::Foreign, Action::None) }
                .noted(Some(why.clone()))
        }
        Owner::Foreign(why) => {
            let mut edits = edits;
            edits.push(adoption(wanted));
            Verdict { edits, ..Verdict::new(Condition::Foreign, Action::Update) }
                .noted(Some(why.clone()))
        }
        _ if !edits.is_empty() => {
            Verdict { edits, ..Verdict::new(Condition::Drifted, Action::Update) }
        }
        _ => match &observed.deploying {
            Some(why) => Verdict::new(Condition::Deploying, Action::None).noted(Some(why.clone())),
            None => Verdict::new(Condition::Ok, Action::None),
        },
    }
}

/// The tag that remembers a resource as taken over.
fn adoption(wanted: &Fields) -> Edit {
    Edit {
        path: format!("tags.{ADOPTED_TAG}"),
        have: Value::Null,
        want: wanted.get(&format!("tags.{STACK_TAG}")).clone(),
    }
}

fn absent(observed: &Observed) -> Verdict {
    let kept = observed.kept.clone();
    match (&observed.owner, &kept) {
        (Owner::Foreign(why) | Owner::Unreachable(why), _) => {
            Verdict::new(Condition::Foreign, Action::None).noted(Some(why.clone()))
        }
        (Owner::Ours, Some(_)) => Verdict::new(Condition::Ok, Action::None).noted(kept),
        (Owner::Adopted, Some(_)) => Verdict::new(Condition::Ok, Action::Update).noted(kept),
        _ => Verdict::new(Condition::Ok, Action::Delete),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        let fields = Fields::default().with(format!("tags.{STACK_TAG}"), "s").with("memory", 256);
        Wanted { id: Id::Function, name: "f".to_owned(), arn: None, fields }
    }

    fn observed(memory: u32, owner: Owner) -> Observed {
        let fields = Fields::default()
            .with(format!("tags.{STACK_TAG}"), "s")
            .with("tags.theirs", "x")
            .with("memory", memory);
        Observed::new(fields, owner)
    }

    fn check(goal: Goal, observed: Option<Observed>, expected: (Condition, Action, &[&str])) {
        let plan = Plan::new(goal, [(wanted(), observed)]);
        let step = &plan.steps[0];
        let paths: Vec<&str> = step.edits.iter().map(|edit| edit.path.as_str()).collect();
        assert_eq!((step.condition, step.action, paths.as_slice()), expected);
    }

    const UP: Goal = Goal::Present { adopt: false };
    const ADOPT: Goal = Goal::Present { adopt: true };

    #[test]
    fn what_is_as_it_should_be_is_left_alone() {
        check(UP, Some(observed(256, Owner::Ours)), (Condition::Ok, Action::None, &[]));
    }

    #[test]
    fn what_is_missing_is_made() {
        check(UP, None, (Condition::Missing, Action::Create, &["memory", "tags.imgprep:stack"]));
    }

    #[test]
    fn only_what_differs_is_changed() {
        check(
            UP,
            Some(observed(128, Owner::Ours)),
            (Condition::Drifted, Action::Update, &["memory"]),
        );
    }

    #[test]
    fn foreign_is_left_alone_until_it_is_adopted() {
        let foreign = || Some(observed(128, Owner::Foreign("no tag".to_owned())));
        check(UP, foreign(), (Condition::Foreign, Action::None, &["memory"]));
        check(
            ADOPT,
            foreign(),
            (Condition::Foreign, Action::Update, &["memory", "tags.imgprep:adopted"]),
        );
        check(Goal::Absent, foreign(), (Condition::Foreign, Action::None, &[]));
    }

    #[test]
    fn what_cannot_be_read_cannot_be_adopted() {
        let unreachable = Observed::new(Fields::default(), Owner::Unreachable("taken".to_owned()));
        check(ADOPT, Some(unreachable), (Condition::Foreign, Action::None, &[]));
    }

    #[test]
    fn going_down_deletes_ours_and_keeps_images() {
        check(Goal::Absent, Some(observed(128, Owner::Ours)), (Condition::Ok, Action::Delete, &[]));
        let mut full = observed(256, Owner::Ours);
        full.kept = Some("it holds 3 objects".to_owned());
        check(Goal::Absent, Some(full), (Condition::Ok, Action::None, &[]));
        let mut adopted = observed(256, Owner::Adopted);
        adopted.kept = Some("it was there before".to_owned());
        check(Goal::Absent, Some(adopted), (Condition::Ok, Action::Update, &[]));
    }

    #[test]
    fn a_deployment_under_way_is_no_drift() {
        let mut deploying = observed(256, Owner::Ours);
        deploying.deploying = Some("at the edges".to_owned());
        check(UP, Some(deploying), (Condition::Deploying, Action::None, &[]));
    }
}
