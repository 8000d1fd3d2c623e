//! Walks a plan: every step as soon as what it needs is there, independent ones at once.
//!
//! Deliberately absent: knowledge of any resource, and printing; what happens is told as events.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::aws::wait::Stop;
use crate::aws::{Aws, AwsError};
use crate::plan::{Action, Plan, Step};
use crate::resource::{self, Context, Details, Id, Observed, Removal, Resource};
use crate::stack::Stack;

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
    /// Whether deletions that take AWS minutes are waited for.
    pub(crate) finish: bool,
}

/// How the steps of a plan ended, by their place in it; those with nothing to do are not there.
pub(crate) type Ends = BTreeMap<usize, End>;

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
    pub(crate) async fn apply(&self, plan: &Plan) -> Ends {
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
        progress.ends
    }

    /// Starts every step that nothing is in the way of any more.
    fn start<'r>(&'r self, progress: &mut Progress<'r>, running: &mut Running<'r>) {
        let is_ready = |index: &usize| {
            !progress.started.contains_key(index) && !progress.is_blocked(self.stack, *index)
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

    fn resource(&self, step: &Step) -> &dyn Resource {
        self.stack.node(step.node).resource.as_ref()
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

    /// Whether something open is in the way of a step: what it needs, or, for one that is leaving,
    /// what must be gone before. Nothing leaves a stack that is still being made.
    fn is_blocked(&self, stack: &Stack, index: usize) -> bool {
        let step = &self.plan.steps[index];
        let node = stack.node(step.node);
        self.open.iter().any(|(other, open)| match (step.is_leaving, open.is_leaving) {
            _ if *other == index => false,
            (true, false) => true,
            (true, true) => node.outlives.contains(&open.id),
            (false, false) if self.existing.contains(other) => node.follows.contains(&open.id),
            (false, false) => node.needs.contains(&open.id) || node.follows.contains(&open.id),
            (false, true) => false,
        })
    }
}

async fn begin(
    resource: &dyn Resource,
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
            let done = resource::apply(resource, context, observed, step.edits.clone()).await?;
            Ok(Reached::End(End::Done(done)))
        }
    }
}

async fn remove(
    resource: &dyn Resource,
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
