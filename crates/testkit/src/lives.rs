//! A stack's whole life, disturbed at one call of a phase or of several: made, changed in every
//! resource, and removed; each phase must end as if nothing had happened.

use std::fmt;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::StreamExt;
use futures_util::stream;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::changed;
use crate::faults::{Deed, Gate, Spot, spots};
use crate::function;
use crate::proxy::Refusal;
use crate::real_aws::RealAws;
use crate::snapshot::{difference, not_one};
use crate::{Output, Pipeline, each, ended};

/// How many lives go on at once. They keep the processor busy more than they wait.
const LIVES: usize = 3;

/// What the stack is brought to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// `up` on an empty account.
    Up,
    /// `up` after a change of every resource.
    Change,
    Down,
}

impl Phase {
    pub const ALL: [Self; 3] = [Self::Up, Self::Change, Self::Down];
}

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blow {
    /// imgprep is killed before the call takes effect.
    KilledBefore,
    /// imgprep is killed once the call took effect, before it hears of it.
    KilledAfter,
    /// Another run of the same command goes through before the call takes effect.
    Overtaken,
    Throttled,
    /// AWS answers 500.
    Failed,
    /// The connection is reset before the call takes effect.
    Reset,
    /// The connection is closed after the call took effect, without an answer.
    Lost,
}

/// A blow at one call of one phase.
#[derive(Clone, Debug)]
pub struct Hit {
    pub phase: Phase,
    pub spot: Spot,
    pub blow: Blow,
}

/// What came of a hit.
pub struct Outcome {
    pub hit: Hit,
    pub end: End,
}

pub enum End {
    Fine,
    /// This time the run made fewer calls of the operation.
    NotReached,
    /// It was not as if nothing had happened; the text says what was.
    Wrong(String),
}

/// How an undisturbed life went.
pub struct Undisturbed {
    up: Value,
    changed: Value,
    calls: Vec<(Phase, Spot)>,
}

/// At most one hit for each phase.
pub type Hits = Vec<Hit>;

impl Blow {
    /// What is done with a call of a service; one that is held waits at the gate.
    pub fn deed(self, service: &str, gate: &Gate) -> Deed {
        match self {
            Self::KilledBefore | Self::Overtaken => Deed::HoldBefore(gate.clone()),
            Self::KilledAfter => Deed::HoldAfter(gate.clone()),
            Self::Throttled => Deed::Answer(Refusal::throttling(service).answer(service)),
            Self::Failed => Deed::Answer(Refusal::internal(service).answer(service)),
            Self::Reset => Deed::Reset,
            Self::Lost => Deed::Lose,
        }
    }
}

impl fmt::Display for Hit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {} {:?}", self.phase, self.spot, self.blow)
    }
}

/// A pipeline with a small function, in an account of its own.
pub async fn pipeline(label: &str) -> Pipeline {
    let pipeline = Pipeline::new(label).await;
    pipeline.proxy.behave(Arc::new(RealAws::prompt()));
    pipeline.put_function(&function::zip(1));
    pipeline.edit(
        "[[variants]]\nsize = \"800x600\"",
        "code = \"function.zip\"\n\n[[variants]]\nsize = \"800x600\"",
    );
    pipeline
}

/// The one of this run: every life is compared with the same.
static UNDISTURBED: OnceCell<Undisturbed> = OnceCell::const_new();

impl Undisturbed {
    pub async fn once() -> &'static Self {
        UNDISTURBED.get_or_init(Self::live).await
    }

    async fn live() -> Self {
        let pipeline = self::pipeline("calm").await;
        let mut calls = Vec::new();
        let mut count = |phase: Phase| {
            calls.extend(spots(pipeline.proxy.take_calls()).into_iter().map(|spot| (phase, spot)));
        };
        pipeline.up();
        count(Phase::Up);
        let up = pipeline.snapshot().await;
        assert_eq!(not_one(&up), Vec::<String>::new());
        changed::file_and_aws(&pipeline).await;
        let plan = pipeline.imgprep(&["plan", "--json"]).exits(0).json();
        assert!(!each(&plan, "action").contains(&"none"), "every resource changes: {plan:#}");
        pipeline.proxy.take_calls();
        pipeline.up();
        count(Phase::Change);
        pipeline.assert_whole();
        let changed = pipeline.snapshot().await;
        // `[notify]` brings a topic, two queues and a subscription, `[alarms]` a topic and a subscription.
        let several = ["6 alarms", "3 queues", "3 subscriptions", "3 topics"];
        assert_eq!(not_one(&changed), several);
        pipeline.proxy.take_calls();
        pipeline.down();
        count(Phase::Down);
        assert_eq!(pipeline.aws.inventory().await, Vec::<String>::new());
        pipeline.is_over();
        Self { up, changed, calls }
    }

    /// Every call of a phase.
    pub fn calls(&self, phase: Phase) -> Vec<Spot> {
        let calls = self.calls.iter().filter(|(other, _)| *other == phase);
        calls.map(|(_, spot)| spot.clone()).collect()
    }

    /// Every call of a phase that changes something.
    pub fn mutating(&self, phase: Phase) -> Vec<Spot> {
        let mut calls = self.calls(phase);
        calls.retain(|spot| spot.call.is_mutating());
        calls
    }
}

/// As few lives as have room for all hits of each phase: one has a beginning, a change and an end.
pub fn together(phases: [Vec<Hit>; 3]) -> Vec<Hits> {
    let count = phases.iter().map(Vec::len).max().unwrap_or_default();
    let mut phases = phases.map(Vec::into_iter);
    (0..count).map(|_| phases.iter_mut().filter_map(Iterator::next).collect()).collect()
}

/// Lives all these lives, several at once.
pub async fn live(lives: Vec<Hits>, undisturbed: &Undisturbed) -> Vec<Outcome> {
    let lives = lives.into_iter().map(|hits| live_one(hits, undisturbed));
    let outcomes: Vec<Vec<Outcome>> = stream::iter(lives).buffer_unordered(LIVES).collect().await;
    outcomes.into_iter().flatten().collect()
}

async fn live_one(hits: Hits, undisturbed: &Undisturbed) -> Vec<Outcome> {
    let life = Life::begin(undisturbed).await;
    let mut outcomes = Vec::new();
    for phase in Phase::ALL {
        life.enter(phase).await;
        let hit = hits.iter().find(|hit| hit.phase == phase);
        let end = life.go_through(phase, hit).await;
        if matches!(end, End::Wrong(_)) {
            // The next phase is to begin as if nothing had happened.
            life.pipeline.run(phase.command()).await;
        }
        if let Some(hit) = hit {
            outcomes.push(Outcome { hit: hit.clone(), end });
        } else if let End::Wrong(why) = end {
            panic!("an undisturbed {phase:?} in an account of its own: {why}");
        }
    }
    life.pipeline.is_over();
    outcomes
}

/// A stack that goes through the phases, each of which must end as in an undisturbed life.
pub struct Life<'a> {
    pub pipeline: Pipeline,
    undisturbed: &'a Undisturbed,
}

impl<'a> Life<'a> {
    pub async fn begin(undisturbed: &'a Undisturbed) -> Self {
        Self { pipeline: self::pipeline("hit").await, undisturbed }
    }

    /// Gives a phase something to do.
    pub async fn enter(&self, phase: Phase) {
        if phase == Phase::Change {
            changed::file_and_aws(&self.pipeline).await;
        }
    }

    /// What is otherwise than at the end of the phase in an undisturbed life.
    pub async fn wrong_after(&self, phase: Phase) -> Option<String> {
        match phase {
            Phase::Up => differs(&self.undisturbed.up, &self.pipeline.snapshot().await),
            Phase::Change => differs(&self.undisturbed.changed, &self.pipeline.snapshot().await),
            Phase::Down => {
                let left = self.pipeline.aws.inventory().await;
                (!left.is_empty()).then(|| format!("left: {}", left.join(", ")))
            }
        }
    }

    /// Brings the stack to a phase's end.
    async fn go_through(&self, phase: Phase, hit: Option<&Hit>) -> End {
        let (run, reached) = match hit {
            Some(hit) => match disturbed(&self.pipeline, hit).await {
                Ok(ended) => ended,
                Err(why) => return End::Wrong(why),
            },
            None => (self.pipeline.run(phase.command()).await, true),
        };
        match self.wrong_after(phase).await {
            Some(why) => End::Wrong(format!("{why}\n{run}")),
            None if reached => End::Fine,
            None => End::NotReached,
        }
    }
}

fn differs(expected: &Value, found: &Value) -> Option<String> {
    (expected != found).then(|| difference(expected, found))
}

/// The run that must succeed in spite of a hit, or to repair it, and whether the hit call came at
/// all.
async fn disturbed(pipeline: &Pipeline, hit: &Hit) -> Result<(Output, bool), String> {
    let gate = Gate::default();
    let deed = hit.blow.deed(&hit.spot.call.service, &gate);
    let has_come = pipeline.proxy.strike(&hit.spot, deed);
    let wrong = match hit.blow {
        Blow::KilledBefore | Blow::KilledAfter => {
            kill_at(pipeline, hit.phase, &gate).await;
            None
        }
        Blow::Overtaken => overtake_at(pipeline, hit.phase, &gate).await,
        _ => None,
    };
    let run = pipeline.run(hit.phase.command()).await;
    pipeline.proxy.clear_rules();
    let wrong = wrong.or_else(|| (run.code != 0).then(|| run.to_string()));
    match wrong {
        Some(why) => Err(why),
        None => Ok((run, has_come.load(Ordering::SeqCst))),
    }
}

/// Runs imgprep until it is at the gate, and kills it there; to its end if it never comes.
async fn kill_at(pipeline: &Pipeline, phase: Phase, gate: &Gate) {
    let mut child = pipeline.start(phase.command(), Stdio::null);
    tokio::select! {
        () = gate.reached() => child.kill().await.unwrap(),
        ended = child.wait() => drop(ended.unwrap()),
    }
    pipeline.proxy.settled().await;
}

/// Runs imgprep until it is at the gate, then another from beginning to end, and then the first.
/// Answers with what is wrong with how they ended.
async fn overtake_at(pipeline: &Pipeline, phase: Phase, gate: &Gate) -> Option<String> {
    let mut child = pipeline.start(phase.command(), Stdio::piped);
    tokio::select! {
        () = gate.reached() => {}
        ended = child.wait() => drop(ended.unwrap()),
    }
    let other = pipeline.run(phase.command()).await;
    gate.open();
    let held = ended(child, phase.command()).await;
    other.not_plain().or(held.not_plain())
}

impl Phase {
    /// The command that brings a stack to its end.
    pub fn command(self) -> &'static [&'static str] {
        match self {
            Self::Up | Self::Change => &["up", "--yes"],
            Self::Down => &["down", "--yes"],
        }
    }
}
