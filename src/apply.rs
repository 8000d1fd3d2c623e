//! Walks a plan: every step as soon as what it needs is there, independent ones at once.
//!
//! Deliberately absent: knowledge of any resource, and printing; what happens is told as events.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::aws::wait::Stop;
use crate::aws::{Aws, AwsError};
use crate::plan::{Action, Goal, Plan, Step};
use crate::resource::{Context, Details, Id, Removal, Resource};
use crate::stack::Stack;

/// What happens while a plan is applied, for whoever shows it.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Started { id: Id, action: Action },
    Waiting { id: Id, what: String },
    Warned { id: Id, text: String },
    Ended { id: Id, action: Action, end: End, took: Duration },
}

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

/// What a run is given besides the plan.
pub(crate) struct Run<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) aws: &'a Aws,
    pub(crate) stop: &'a Stop,
    pub(crate) tell: &'a (dyn Fn(Event) + Send + Sync),
}

/// How each step of a plan ended.
pub(crate) type Ends = BTreeMap<Id, End>;

impl Run<'_> {
    /// Applies every step that has something to do. A step whose needs failed is not started; the
    /// others go on, so that a re-run has less left to do.
    pub(crate) async fn apply(&self, plan: &Plan) -> Ends {
        let mut open: BTreeMap<Id, &Step> = plan
            .steps
            .iter()
            .filter(|step| step.action != Action::None)
            .map(|step| (step.id, step))
            .collect();
        let mut ends = Ends::new();
        let mut running = FuturesUnordered::new();
        let mut started = BTreeSet::new();
        loop {
            if !self.stop.is_asked() {
                let ready = open.keys().copied().filter(|id| {
                    !started.contains(id) && self.blockers(plan.goal, *id, &open).is_empty()
                });
                for id in ready.collect::<Vec<_>>() {
                    started.insert(id);
                    if let Some(step) = open.get(&id) {
                        running.push(self.step(plan.goal, step));
                    }
                }
            }
            let Some((id, end)) = running.next().await else { break };
            // What failed stays open and so holds back all that needs it.
            if !matches!(end, End::Failed(_)) {
                open.remove(&id);
            }
            ends.insert(id, end);
        }
        for id in open.keys() {
            ends.entry(*id).or_insert(End::NotStarted);
        }
        ends
    }

    /// The last steps of deletions for which AWS needed minutes.
    pub(crate) async fn finish(&self, ends: &mut Ends) {
        let later = ends.iter().filter(|(_, end)| matches!(end, End::Later(_)));
        let nodes: Vec<_> = later.filter_map(|(id, _)| self.stack.node(*id)).collect();
        let finishes = nodes.into_iter().map(|node| async {
            let id = node.resource.id();
            let end = self.watched(id, Action::Delete, async |context| {
                node.resource.finish_delete(context).await.map(|()| End::Done(Details::new()))
            });
            (id, end.await)
        });
        ends.extend(join_all(finishes).await);
    }

    /// Waits until AWS has deployed everything that the plan touched.
    pub(crate) async fn settle(&self, plan: &Plan) -> Result<(), (Id, AwsError)> {
        for step in &plan.steps {
            let Some(node) = self.stack.node(step.id) else { continue };
            let tell = |what: &str| self.waiting(step.id, what);
            let warn = |text: &str| self.warned(step.id, text);
            let context = Context { aws: self.aws, stop: self.stop, tell: &tell, warn: &warn };
            node.resource.settle(&context).await.map_err(|error| (step.id, error))?;
        }
        Ok(())
    }

    /// What is still in the way of a step: what it needs, or, going down, what needs it.
    fn blockers(&self, goal: Goal, id: Id, open: &BTreeMap<Id, &Step>) -> Vec<Id> {
        let needs =
            |who: Id, what: Id| self.stack.node(who).is_some_and(|node| node.needs.contains(&what));
        let blocks = |other: Id| match goal {
            Goal::Present { .. } => needs(id, other),
            Goal::Absent => needs(other, id),
        };
        open.keys().copied().filter(|other| blocks(*other)).collect()
    }

    async fn step(&self, goal: Goal, step: &Step) -> (Id, End) {
        let Some(node) = self.stack.node(step.id) else { return (step.id, End::NotStarted) };
        let resource = node.resource.as_ref();
        let end = self.watched(step.id, step.action, async |context| {
            perform(resource, goal, step, context).await
        });
        (step.id, end.await)
    }

    /// Runs one piece of work between its two events.
    async fn watched(
        &self,
        id: Id,
        action: Action,
        work: impl AsyncFnOnce(&Context<'_>) -> Result<End, AwsError>,
    ) -> End {
        let start = Instant::now();
        (self.tell)(Event::Started { id, action });
        let tell = |what: &str| self.waiting(id, what);
        let warn = |text: &str| self.warned(id, text);
        let context = Context { aws: self.aws, stop: self.stop, tell: &tell, warn: &warn };
        let end = work(&context).await.unwrap_or_else(End::Failed);
        (self.tell)(Event::Ended { id, action, end: end.clone(), took: start.elapsed() });
        end
    }

    fn waiting(&self, id: Id, what: &str) {
        (self.tell)(Event::Waiting { id, what: what.to_owned() });
    }

    fn warned(&self, id: Id, text: &str) {
        (self.tell)(Event::Warned { id, text: text.to_owned() });
    }
}

async fn perform(
    resource: &dyn Resource,
    goal: Goal,
    step: &Step,
    context: &Context<'_>,
) -> Result<End, AwsError> {
    match (&step.observed, goal) {
        (None, _) => resource.create(context).await.map(End::Done),
        (Some(observed), Goal::Present { .. }) => {
            resource.update(context, observed, &step.edits).await.map(End::Done)
        }
        (Some(observed), Goal::Absent) => {
            resource.delete(context, observed).await.map(|removal| match removal {
                Removal::Gone => End::Done(Details::new()),
                Removal::Kept(why) => End::Kept(why),
                Removal::Later(why) => End::Later(why),
            })
        }
    }
}
