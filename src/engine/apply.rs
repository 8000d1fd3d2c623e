//! Walks a plan: every step as soon as what it needs is there, independent ones at once.
//!
//! Events report progress; the changelog records the result.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::changelog::{Changelog, End, Ends};
use super::order;
use super::plan::{Action, Node, Plan, Step};
use super::resource::{AnyResource, Context, Details, Id, Observed, Removal};
use crate::aws::wait::Stop;
use crate::aws::{Aws, AwsError};

/// What happens to one step while a plan is applied, for whoever shows it. `step` is the step's
/// place in the plan.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) step: usize,
    pub(crate) what: Happening,
}

#[derive(Clone, Debug)]
pub(crate) enum Happening {
    Started(Action),
    Waiting(String),
    Warned(String),
    Ended { action: Action, end: End, took: Duration },
}

/// What a run is given besides the plan.
pub(crate) struct Run<'a> {
    /// The resources, to which the steps of the plan refer by their places.
    pub(crate) nodes: &'a [Node],
    pub(crate) aws: &'a Aws,
    pub(crate) stop: &'a Stop,
    pub(crate) tell: &'a (dyn Fn(Event) + Send + Sync),
    /// Whether deletions that take AWS minutes are waited for.
    pub(crate) finish: bool,
}

/// How far a step has come.
enum Reached {
    /// It exists, and is to be completed.
    Existence(Details),
    /// All but its end; for that, AWS needs minutes.
    Parting(String, Details),
    End(End),
}

/// What is known of a plan's steps while it is applied, by their place in it.
struct Progress<'p> {
    plan: &'p Plan,
    /// What is not done yet, failures included: they hold back all that needs them.
    open: BTreeMap<usize, &'p Step>,
    started: BTreeMap<usize, Instant>,
    /// What was created and is being completed.
    existing: BTreeSet<usize>,
    ends: Ends,
}

type Running<'r> = FuturesUnordered<BoxFuture<'r, (usize, Reached)>>;

impl Run<'_> {
    /// Applies every step that has something to do. A step whose needs failed is not started; the
    /// others go on, so that a re-run has less left to do.
    pub(crate) async fn apply(&self, plan: &Plan) -> Changelog {
        let has_work = |(_, step): &(usize, &Step)| step.action != Action::None;
        let mut progress = Progress {
            plan,
            open: plan.steps.iter().enumerate().filter(has_work).collect(),
            started: BTreeMap::new(),
            existing: BTreeSet::new(),
            ends: Ends::new(),
        };
        let mut running = Running::new();
        loop {
            if !self.stop.is_asked() {
                self.start(&mut progress, &mut running);
            }
            let Some((index, reached)) = running.next().await else { break };
            let step = &plan.steps[index];
            match reached {
                Reached::Existence(details) => {
                    progress.existing.insert(index);
                    running.push(self.complete(index, step, details).boxed());
                }
                Reached::Parting(why, details) => {
                    if self.finish && !self.stop.is_asked() {
                        running.push(self.finish(index, step, details).boxed());
                    }
                    progress.end(self, index, End::Later(why));
                }
                Reached::End(end) => progress.end(self, index, end),
            }
        }
        for index in progress.open.keys() {
            progress.ends.entry(*index).or_insert(End::NotStarted);
        }
        Changelog::after(plan, progress.ends)
    }

    /// Starts every step that nothing is in the way of any more.
    fn start<'r>(&'r self, progress: &mut Progress<'r>, running: &mut Running<'r>) {
        let is_ready = |index: &usize| {
            !progress.started.contains_key(index) && !progress.is_blocked(self.nodes, *index)
        };
        let ready: Vec<usize> = progress.open.keys().copied().filter(is_ready).collect();
        for index in ready {
            let step = &progress.plan.steps[index];
            progress.started.insert(index, Instant::now());
            self.tell(index, Happening::Started(step.action));
            running.push(self.begin(index, step).boxed());
        }
    }

    /// Waits until AWS has deployed everything that the plan is to leave there.
    pub(crate) async fn settle(&self, plan: &Plan) -> Result<(), (Id, AwsError)> {
        for (index, step) in plan.steps.iter().enumerate().filter(|(_, step)| !step.is_leaving) {
            let settle = async |context: &Context<'_>| self.resource(step).settle(context).await;
            self.working(index, settle).await.map_err(|error| (step.id, error))?;
        }
        Ok(())
    }

    fn resource(&self, step: &Step) -> &dyn AnyResource {
        self.nodes[step.node].resource.as_ref()
    }

    async fn begin(&self, index: usize, step: &Step) -> (usize, Reached) {
        let resource = self.resource(step);
        let begun = self.working(index, async |context| begin(resource, step, context).await).await;
        (index, begun.unwrap_or_else(|error| Reached::End(End::Failed(error))))
    }

    async fn complete(&self, index: usize, step: &Step, created: Details) -> (usize, Reached) {
        let resource = self.resource(step);
        let complete = async |context: &Context<'_>| resource.complete(context, created).await;
        let done = self.working(index, complete).await;
        (index, Reached::End(done.map_or_else(End::Failed, End::Done)))
    }

    /// The last step of a deletion for which AWS needed minutes.
    async fn finish(&self, index: usize, step: &Step, details: Details) -> (usize, Reached) {
        let resource = self.resource(step);
        let gone = self
            .working(index, async |context| resource.finish_delete(context, &details).await)
            .await;
        let end = gone.map_or_else(End::Failed, |()| End::Done(Details::new()));
        (index, Reached::End(end))
    }

    /// Runs one piece of work for a step, and tells what it waits for.
    async fn working<T>(
        &self,
        index: usize,
        work: impl AsyncFnOnce(&Context<'_>) -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        let tell = |what: &str| self.tell(index, Happening::Waiting(what.to_owned()));
        let warn = |text: &str| self.tell(index, Happening::Warned(text.to_owned()));
        work(&Context { aws: self.aws, stop: self.stop, tell: &tell, warn: &warn }).await
    }

    fn tell(&self, step: usize, what: Happening) {
        (self.tell)(Event { step, what });
    }
}

impl Progress<'_> {
    fn end(&mut self, run: &Run<'_>, index: usize, end: End) {
        let action = self.plan.steps[index].action;
        let took = self.started.get(&index).map_or(Duration::ZERO, Instant::elapsed);
        run.tell(index, Happening::Ended { action, end: end.clone(), took });
        if !matches!(end, End::Failed(_)) {
            self.open.remove(&index);
        }
        self.ends.insert(index, end);
    }

    /// Whether something that is not done yet is in the way of a step.
    fn is_blocked(&self, nodes: &[Node], index: usize) -> bool {
        let step = &self.plan.steps[index];
        let order = &nodes[step.node].order;
        self.open.iter().filter(|(other, _)| **other != index).any(|(other, open)| {
            let exists = self.existing.contains(other);
            let other = order::Other { id: open.id, is_leaving: open.is_leaving, exists };
            order.waits_for(other, step.is_leaving)
        })
    }
}

async fn begin(
    resource: &dyn AnyResource,
    step: &Step,
    context: &Context<'_>,
) -> Result<Reached, AwsError> {
    match &step.observed {
        None => resource.create(context).await.map(Reached::Existence),
        Some(observed) if step.is_leaving => remove(resource, observed, context).await,
        Some(observed) if step.action == Action::Replace => {
            match remove(resource, observed, context).await? {
                Reached::End(End::Done(_)) => {
                    resource.create(context).await.map(Reached::Existence)
                }
                kept => Ok(kept),
            }
        }
        Some(observed) => {
            let done = resource.apply(context, observed, step.edits.clone()).await?;
            Ok(Reached::End(End::Done(done)))
        }
    }
}

async fn remove(
    resource: &dyn AnyResource,
    observed: &Observed,
    context: &Context<'_>,
) -> Result<Reached, AwsError> {
    Ok(match resource.delete(context, observed).await? {
        Removal::Gone => Reached::End(End::Done(Details::new())),
        Removal::Kept(why) => Reached::End(End::Kept(why)),
        Removal::Later(why, details) => Reached::Parting(why, details),
    })
}

#[cfg(test)]
mod tests;
