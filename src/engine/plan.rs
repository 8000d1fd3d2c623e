//! The difference between a stack as it should be and as AWS holds it, as a value.
//!
//! Pure: no AWS, no waiting, no printing. `plan`, `up`, `status` and `down` all show this value, and
//! `apply` walks it.

use serde::Serialize;
use serde_json::Value;

use super::fields::{Edit, Values, difference, touches};
use super::order::Order;
use super::resource::{ADOPTED_TAG, Details, Erased, Id, Images, Observed, Owner, STACK_TAG};

/// What a plan is to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// The whole stack; foreign resources of its names are taken over only if `adopt` says so, and
    /// what is no longer part of it is removed only if `prune` says so.
    Present { adopt: bool, prune: bool },
    /// Nothing of the stack.
    Absent,
}

/// What a stack is looked at for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Purpose {
    pub(crate) goal: Goal,
    /// What happens to the images in what is removed.
    pub(crate) images: Images,
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
    /// Ours by its tag, and no longer in the file.
    Retired,
}

/// The note on a resource that left the file and is left alone.
pub(crate) const RETIRED: &str = "no longer in the file; `imgprep up --prune` removes it";

/// What is to be done about a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    None,
    Create,
    Update,
    /// Delete, then create: AWS cannot change what differs.
    Replace,
    Delete,
}

/// One resource of a plan.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) id: Id,
    /// Its place in the stack's list of resources.
    pub(crate) node: usize,
    /// Whether it is to be gone in the end.
    pub(crate) is_leaving: bool,
    pub(crate) name: String,
    pub(crate) arn: Option<String>,
    pub(crate) condition: Condition,
    pub(crate) action: Action,
    pub(crate) edits: Vec<Edit>,
    /// Why it is foreign, deploying, or kept, or what people should know of it.
    pub(crate) note: Option<String>,
    pub(crate) observed: Option<Observed>,
}

/// A resource, and its place among the others.
pub(crate) struct Node {
    pub(crate) resource: Erased,
    pub(crate) order: Order,
    /// Whether it is no longer in the file.
    pub(crate) retired: bool,
    /// What people should know of it.
    pub(crate) notice: Option<String>,
}

impl Node {
    pub(crate) fn new(resource: Erased, order: Order) -> Self {
        Self { resource, order, retired: false, notice: None }
    }

    #[must_use]
    pub(crate) fn retired(self) -> Self {
        Self { retired: true, ..self }
    }
}

/// What planning needs to know of a resource.
pub(crate) struct Wanted {
    pub(crate) id: Id,
    pub(crate) node: usize,
    /// Whether it is no longer in the file.
    pub(crate) retired: bool,
    pub(crate) name: String,
    pub(crate) arn: Option<String>,
    pub(crate) fields: Values,
    pub(crate) immutable: Vec<&'static str>,
    pub(crate) held_by: Vec<(Id, &'static str)>,
}

/// Every resource of a stack, in order, with what is to be done about it.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
}

impl Step {
    /// What AWS numbered or named itself for it, as far as it is there.
    pub(crate) fn details(&self) -> Option<&Details> {
        Some(&self.observed.as_ref()?.details)
    }
}

impl Plan {
    /// What is to be done about these resources, of which AWS holds this.
    pub(crate) fn of(goal: Goal, nodes: &[Node], observation: Vec<Option<Observed>>) -> Self {
        let resources = nodes.iter().enumerate().zip(observation);
        let mut plan = Self::new(
            goal,
            resources.map(|((index, node), observed)| {
                let resource = &node.resource;
                let wanted = Wanted {
                    id: resource.id(),
                    node: index,
                    retired: node.retired,
                    name: resource.name(),
                    arn: resource.arn(),
                    fields: resource.fields(),
                    immutable: resource.immutable(),
                    held_by: resource.held_by(),
                };
                (wanted, observed)
            }),
        );
        for step in &mut plan.steps {
            let Node { resource, notice, .. } = &nodes[step.node];
            let known = step.note.take().or_else(|| notice.clone());
            let is_change = step.action != Action::None;
            let remark = is_change.then(|| resource.remark(&step.edits)).flatten();
            step.note = known.into_iter().chain(remark).reduce(|all, one| format!("{all}; {one}"));
        }
        plan
    }

    pub(crate) fn new(
        goal: Goal,
        resources: impl IntoIterator<Item = (Wanted, Option<Observed>)>,
    ) -> Self {
        let is_there = |(wanted, observed): &(Wanted, Option<Observed>)| {
            !wanted.retired || observed.as_ref().is_some_and(Observed::is_ours)
        };
        let resources: Vec<_> = resources.into_iter().filter(is_there).collect();
        let mut steps: Vec<Step> = resources
            .iter()
            .map(|(wanted, observed)| step(goal, wanted, observed.clone()))
            .collect();
        let is_replaced = |step: &&Step| step.action == Action::Replace;
        let replaced: Vec<Id> = steps.iter().filter(is_replaced).map(|step| step.id).collect();
        // What a replaced resource holds for others goes with it, and is to be put back.
        for (place, (wanted, observed)) in resources.into_iter().enumerate() {
            let lost = wanted.held_by.iter().filter(|(holder, _)| replaced.contains(holder));
            let lost: Vec<&str> = lost.map(|(_, path)| *path).collect();
            if let (Some(mut observed), false) = (observed, lost.is_empty() || wanted.retired) {
                for path in lost {
                    observed.fields.remove(path);
                }
                steps[place] = step(goal, &wanted, Some(observed));
            }
        }
        Self { steps }
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

    /// The resource of the file with this id; there may be retired ones of the same id beside it.
    pub(crate) fn step(&self, id: Id) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id && step.condition != Condition::Retired)
    }
}

fn step(goal: Goal, wanted: &Wanted, observed: Option<Observed>) -> Step {
    let is_leaving = wanted.retired || goal == Goal::Absent;
    let verdict = match (&observed, goal) {
        (Some(observed), _) if wanted.retired => retired(goal, observed),
        (None, Goal::Present { .. }) => {
            let edits = difference(&wanted.fields, &Values::default());
            Verdict { edits, ..Verdict::new(Condition::Missing, Action::Create) }
        }
        (None, Goal::Absent) => Verdict::new(Condition::Missing, Action::None),
        (Some(observed), Goal::Present { adopt, .. }) => present(wanted, observed, adopt),
        (Some(observed), Goal::Absent) => absent(observed),
    };
    Step {
        id: wanted.id,
        node: wanted.node,
        is_leaving,
        name: wanted.name.clone(),
        arn: wanted
            .arn
            .clone()
            .or_else(|| observed.as_ref().and_then(|now| now.details.get("arn").cloned())),
        condition: verdict.condition,
        action: verdict.action,
        edits: verdict.edits,
        note: verdict.note.or_else(|| observed.as_ref().and_then(|now| now.note.clone())),
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

fn present(wanted: &Wanted, observed: &Observed, adopt: bool) -> Verdict {
    let edits = difference(&wanted.fields, &observed.fields);
    let is_immutable = wanted.immutable.iter().any(|path| touches(&edits, path));
    let is_beyond_repair = observed.beyond_repair.is_some();
    let change = if is_immutable || is_beyond_repair { Action::Replace } else { Action::Update };
    match &observed.owner {
        Owner::Unreachable(why) => {
            Verdict::new(Condition::Foreign, Action::None).noted(Some(why.clone()))
        }
        Owner::Foreign(why) if !adopt => {
            Verdict { edits, ..Verdict::new(Condition::Foreign, Action::None) }
                .noted(Some(why.clone()))
        }
        Owner::Foreign(why) => {
            let edits = edits.into_iter().chain(adoption(&wanted.fields)).collect();
            Verdict { edits, ..Verdict::new(Condition::Foreign, change) }.noted(Some(why.clone()))
        }
        _ if is_beyond_repair || !edits.is_empty() => {
            Verdict { edits, ..Verdict::new(Condition::Drifted, change) }
                .noted(observed.beyond_repair.clone())
        }
        _ => match &observed.deploying {
            Some(why) => Verdict::new(Condition::Deploying, Action::None).noted(Some(why.clone())),
            None => Verdict::new(Condition::Ok, Action::None),
        },
    }
}

/// The tag that remembers a resource as taken over, if it carries tags.
fn adoption(wanted: &Values) -> Option<Edit> {
    let want = wanted.get(&format!("tags.{STACK_TAG}")).clone();
    let path = format!("tags.{ADOPTED_TAG}");
    (!want.is_null()).then_some(Edit { path, have: Value::Null, want })
}

fn absent(observed: &Observed) -> Verdict {
    let kept = observed.kept.clone();
    match (&observed.owner, &kept) {
        (Owner::Foreign(why) | Owner::Unreachable(why), _) => {
            Verdict::new(Condition::Foreign, Action::None).noted(Some(why.clone()))
        }
        (Owner::Ours, Some(_)) if !observed.sheds => {
            Verdict::new(Condition::Ok, Action::None).noted(kept)
        }
        (_, Some(_)) => Verdict::new(Condition::Ok, Action::Update).noted(kept),
        _ => Verdict::new(Condition::Ok, Action::Delete),
    }
}

/// What became of a resource that is no longer in the file.
fn retired(goal: Goal, observed: &Observed) -> Verdict {
    let verdict = match goal {
        Goal::Present { prune: false, .. } => {
            let note = Some(RETIRED.to_owned());
            return Verdict::new(Condition::Retired, Action::None).noted(note);
        }
        _ => absent(observed),
    };
    Verdict { condition: Condition::Retired, ..verdict }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::resource::Kind;

    const ID: Id = Id(&Kind::new("function", "AWS::Lambda::Function"));

    fn wanted() -> Wanted {
        let fields = Values::default().with(format!("tags.{STACK_TAG}"), "s").with("memory", 256);
        Wanted {
            id: ID,
            node: 0,
            retired: false,
            name: "f".to_owned(),
            arn: None,
            fields,
            immutable: vec!["path"],
            held_by: Vec::new(),
        }
    }

    fn observed(memory: u32, owner: Owner) -> Observed {
        let fields = Values::default()
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

    const UP: Goal = Goal::Present { adopt: false, prune: false };
    const ADOPT: Goal = Goal::Present { adopt: true, prune: false };
    const PRUNE: Goal = Goal::Present { adopt: false, prune: true };

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
    fn what_carries_no_tags_is_adopted_without_one() {
        let mut wanted = wanted();
        wanted.fields.remove(&format!("tags.{STACK_TAG}"));
        let foreign = observed(128, Owner::Foreign("leads elsewhere".to_owned()));
        let plan = Plan::new(ADOPT, [(wanted, Some(foreign))]);
        let paths: Vec<&str> = plan.steps[0].edits.iter().map(|edit| edit.path.as_str()).collect();
        assert_eq!(paths, ["memory"]);
    }

    #[test]
    fn what_cannot_be_read_cannot_be_adopted() {
        let unreachable = Observed::new(Values::default(), Owner::Unreachable("taken".to_owned()));
        check(ADOPT, Some(unreachable), (Condition::Foreign, Action::None, &[]));
    }

    #[test]
    fn going_down_deletes_ours_and_keeps_images() {
        check(Goal::Absent, Some(observed(128, Owner::Ours)), (Condition::Ok, Action::Delete, &[]));
        let mut full = observed(256, Owner::Ours);
        full.kept = Some("it holds 3 objects".to_owned());
        check(Goal::Absent, Some(full.clone()), (Condition::Ok, Action::None, &[]));
        full.sheds = true;
        check(Goal::Absent, Some(full), (Condition::Ok, Action::Update, &[]));
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

    #[test]
    fn what_aws_cannot_change_is_made_anew() {
        let mut wanted = wanted();
        wanted.fields.set("path", "/imgprep/s/");
        let plan = Plan::new(UP, [(wanted, Some(observed(256, Owner::Ours)))]);
        assert_eq!(plan.steps[0].action, Action::Replace);
    }

    #[test]
    fn what_no_change_can_put_right_is_made_again_and_says_why() {
        let mut dying = observed(256, Owner::Ours);
        dying.beyond_repair = Some("it is being deleted".to_owned());
        let plan = Plan::new(UP, [(wanted(), Some(dying.clone()))]);
        let step = &plan.steps[0];
        assert_eq!((step.condition, step.action), (Condition::Drifted, Action::Replace));
        assert_eq!(step.note.as_deref(), Some("it is being deleted"));
        check(Goal::Absent, Some(dying), (Condition::Ok, Action::Delete, &[]));
    }

    fn check_retired(goal: Goal, observed: Option<Observed>, expected: Option<Action>) {
        let wanted = Wanted { retired: true, ..wanted() };
        let plan = Plan::new(goal, [(wanted, observed)]);
        let found = plan.steps.first().map(|step| (step.condition, step.action));
        assert_eq!(found, expected.map(|action| (Condition::Retired, action)));
        assert!(plan.step(ID).is_none(), "it is not the one in the file");
    }

    #[test]
    fn what_left_the_file_stays_until_it_is_pruned() {
        let ours = || Some(observed(128, Owner::Ours));
        check_retired(UP, ours(), Some(Action::None));
        check_retired(PRUNE, ours(), Some(Action::Delete));
        check_retired(Goal::Absent, ours(), Some(Action::Delete));
        check_retired(PRUNE, None, None);
        check_retired(PRUNE, Some(observed(128, Owner::Foreign("no tag".to_owned()))), None);
    }
}
