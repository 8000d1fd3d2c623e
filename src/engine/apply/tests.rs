//! Every order, failure and interruption, on resources that only note what is asked of them.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::Barrier;

use super::*;
use crate::engine::edits::Edits;
use crate::engine::fields::{Edit, Values};
use crate::engine::order::Order;
use crate::engine::plan::Goal;
use crate::engine::resource::{Kind, Owner};

const UP: Goal = Goal::Present { adopt: false, prune: false };
const PRUNE: Goal = Goal::Present { adopt: false, prune: true };

const BUCKET: Id = Id(&Kind::new("bucket", ""));
const CDN: Id = Id(&Kind::new("cdn", ""));
const DEAD_LETTERS: Id = Id(&Kind::new("dead-letters", ""));
const FOLDERS: Id = Id(&Kind::new("folders", ""));
const FUNCTION: Id = Id(&Kind::new("function", ""));
const LOGS: Id = Id(&Kind::new("logs", ""));
const NOTIFICATION: Id = Id(&Kind::new("notification", ""));
const ROLE: Id = Id(&Kind::new("role", ""));
const TOPIC: Id = Id(&Kind::new("topic", ""));
const TRIGGER: Id = Id(&Kind::new("trigger", ""));

/// What was asked, of whom, in the order in which it ended.
type Log = Arc<Mutex<Vec<String>>>;

/// How a resource takes what is asked of it.
#[derive(Clone, Default)]
enum Manner {
    #[default]
    Obeying,
    /// Fails when it is made, changed or deleted.
    Failing,
    /// Fails once it exists.
    Incomplete,
    /// Ends this only once as many others are at theirs as the barrier wants.
    Together(&'static str, Arc<Barrier>),
    /// Asks the run to stop while it is made.
    Stopping(Arc<Stop>),
    /// Stays when it is to go.
    Staying,
    /// Needs a last step when it is to go.
    Parting,
    /// Does nothing about its edits, and says nothing.
    Forgetting,
}

struct Fake {
    id: Id,
    manner: Manner,
    log: Log,
}

impl Fake {
    async fn do_it(&self, what: &str) -> Result<(), AwsError> {
        match &self.manner {
            Manner::Failing => return Err(AwsError::request("a:Call", "refused")),
            Manner::Incomplete if what == "completed" => {
                return Err(AwsError::request("a:Call", "refused"));
            }
            Manner::Together(meant, barrier) if what == *meant => {
                barrier.wait().await;
            }
            Manner::Stopping(stop) => stop.ask(),
            _ => {}
        }
        self.log.lock().unwrap().push(format!("{} {what}", self.id));
        Ok(())
    }
}

#[async_trait]
impl AnyResource for Fake {
    fn id(&self) -> Id {
        self.id
    }

    fn name(&self) -> String {
        self.id.to_string()
    }

    fn arn(&self) -> Option<String> {
        None
    }

    fn fields(&self) -> Values {
        Values::default().with("size", 2)
    }

    fn immutable(&self) -> Vec<&'static str> {
        vec!["fixed"]
    }

    fn held_by(&self) -> Vec<(Id, &'static str)> {
        Vec::new()
    }

    async fn read(&self, _aws: &Aws) -> Result<Option<Observed>, AwsError> {
        Ok(None)
    }

    async fn notice(&self, _aws: &Aws) -> Option<String> {
        None
    }

    fn remark(&self, _edits: &[Edit]) -> Option<String> {
        None
    }

    async fn create(&self, _context: &Context<'_>) -> Result<Details, AwsError> {
        self.do_it("created").await.map(|()| Details::new())
    }

    async fn complete(&self, _context: &Context<'_>, made: Details) -> Result<Details, AwsError> {
        self.do_it("completed").await.map(|()| made)
    }

    async fn apply(
        &self,
        _context: &Context<'_>,
        _observed: &Observed,
        edits: Vec<Edit>,
    ) -> Result<Details, AwsError> {
        let edits = Edits::<()>::new(edits);
        if !matches!(self.manner, Manner::Forgetting) {
            edits.whole();
        }
        self.do_it("updated").await?;
        edits.all_seen_to().map(|()| Details::new())
    }

    async fn forgets(
        &self,
        _context: &Context<'_>,
        _observed: &Observed,
        _edits: Vec<Edit>,
    ) -> Vec<String> {
        Vec::new()
    }

    async fn delete(
        &self,
        _context: &Context<'_>,
        _observed: &Observed,
    ) -> Result<Removal, AwsError> {
        self.do_it("deleted").await?;
        Ok(match self.manner {
            Manner::Staying => Removal::Kept("it is full".to_owned()),
            Manner::Parting => Removal::Later("it takes minutes".to_owned(), Details::new()),
            _ => Removal::Gone,
        })
    }

    async fn finish_delete(
        &self,
        _context: &Context<'_>,
        _details: &Details,
    ) -> Result<(), AwsError> {
        self.do_it("finished").await
    }

    async fn settle(&self, _context: &Context<'_>) -> Result<(), AwsError> {
        Ok(())
    }
}

/// A stack of fakes, each with what AWS holds of it.
#[derive(Default)]
struct Scene {
    log: Log,
    nodes: Vec<Node>,
    observed: Vec<Option<Observed>>,
    stop: Arc<Stop>,
}

impl Scene {
    fn fake(&self, id: Id, manner: Manner, order: Order) -> Node {
        let fake = Fake { id, manner, log: Arc::clone(&self.log) };
        Node::new(Box::new(fake), order)
    }

    /// A resource that is not there.
    fn missing(mut self, id: Id, manner: Manner, order: Order) -> Self {
        self.nodes.push(self.fake(id, manner, order));
        self.observed.push(None);
        self
    }

    /// A resource that is there, and of this size.
    fn present(mut self, (id, size): (Id, u32), manner: Manner, order: Order) -> Self {
        self.nodes.push(self.fake(id, manner, order));
        let fields = Values::default().with("size", size);
        self.observed.push(Some(Observed::new(fields, Owner::Ours)));
        self
    }

    /// Plans and applies. Answers with how each step ended, in the order of the stack; one with
    /// nothing to do is `-`.
    async fn run(self, goal: Goal, finish: bool) -> (Vec<&'static str>, Vec<String>, Changelog) {
        let Self { log, nodes, observed, stop } = self;
        let plan = Plan::of(goal, &nodes, observed);
        let aws = Aws::stand_in();
        let run = Run { nodes: &nodes, aws: &aws, stop: &stop, tell: &|_| {}, finish };
        let changelog = run.apply(&plan).await;
        let words = changelog.entries.iter().map(|entry| word(entry.end.as_ref())).collect();
        let log = log.lock().unwrap().clone();
        (words, log, changelog)
    }
}

fn word(end: Option<&End>) -> &'static str {
    match end {
        None => "-",
        Some(End::Done(_)) => "done",
        Some(End::Kept(_)) => "kept",
        Some(End::Later(_)) => "later",
        Some(End::Failed(_)) => "failed",
        Some(End::NotStarted) => "not started",
    }
}

fn free() -> Order {
    Order::default()
}

#[tokio::test]
async fn a_need_is_met_by_existence_and_a_predecessor_by_completion() {
    let (ends, log, _) = Scene::default()
        .missing(NOTIFICATION, Manner::Obeying, free().follows(&[FUNCTION]))
        .missing(FUNCTION, Manner::Obeying, free().needs(&[ROLE]))
        .missing(ROLE, Manner::Obeying, free())
        .run(UP, true)
        .await;
    assert_eq!(ends, ["done"; 3]);
    let at = |what: &str| log.iter().position(|it| it == what).unwrap();
    assert!(at("role created") < at("function created"), "{log:?}");
    assert!(at("function completed") < at("notification created"), "{log:?}");
}

#[tokio::test]
async fn independent_steps_go_on_at_once() {
    let barrier = Arc::new(Barrier::new(2));
    let (ends, ..) = Scene::default()
        .missing(TOPIC, Manner::Together("created", Arc::clone(&barrier)), free())
        .missing(BUCKET, Manner::Together("created", barrier), free())
        .run(UP, true)
        .await;
    assert_eq!(ends, ["done"; 2]);
}

#[tokio::test]
async fn a_need_is_no_reason_to_wait_for_completion() {
    let barrier = Arc::new(Barrier::new(2));
    let (ends, ..) = Scene::default()
        .missing(ROLE, Manner::Together("completed", Arc::clone(&barrier)), free())
        .missing(FUNCTION, Manner::Together("created", barrier), free().needs(&[ROLE]))
        .run(UP, true)
        .await;
    assert_eq!(ends, ["done"; 2]);
}

#[tokio::test]
async fn a_failure_holds_back_what_needs_it_and_nothing_else() {
    let (ends, log, _) = Scene::default()
        .missing(TOPIC, Manner::Obeying, free())
        .missing(BUCKET, Manner::Failing, free())
        .missing(FOLDERS, Manner::Obeying, free().needs(&[BUCKET]))
        .missing(NOTIFICATION, Manner::Obeying, free().follows(&[FOLDERS]))
        .run(UP, true)
        .await;
    assert_eq!(ends, ["done", "failed", "not started", "not started"]);
    assert_eq!(log, ["topic created", "topic completed"]);
}

#[tokio::test]
async fn a_failed_completion_holds_back_what_follows_but_not_what_needs() {
    let (ends, ..) = Scene::default()
        .missing(FUNCTION, Manner::Incomplete, free())
        .missing(TRIGGER, Manner::Obeying, free().follows(&[FUNCTION]))
        .missing(CDN, Manner::Obeying, free().needs(&[TOPIC]))
        .run(UP, true)
        .await;
    assert_eq!(ends, ["failed", "not started", "done"]);
}

#[tokio::test]
async fn what_is_as_it_should_be_is_neither_touched_nor_waited_for() {
    let (ends, log, _) = Scene::default()
        .present((ROLE, 2), Manner::Failing, free())
        .present((FUNCTION, 1), Manner::Obeying, free().needs(&[ROLE]))
        .run(UP, true)
        .await;
    assert_eq!(ends, ["-", "done"]);
    assert_eq!(log, ["function updated"]);
}

#[tokio::test]
async fn an_edit_that_nobody_applied_is_a_failure_that_names_it() {
    let (ends, _, all) =
        Scene::default().present((LOGS, 1), Manner::Forgetting, free()).run(UP, true).await;
    assert_eq!(ends, ["failed"]);
    let Some(End::Failed(error)) = &all.entries[0].end else { panic!("it did not fail") };
    assert_eq!(error.to_string(), "imgprep: not applied: `size`");
}

#[tokio::test]
async fn an_interrupted_run_ends_what_it_began_and_begins_nothing_more() {
    let scene = Scene::default();
    let stop = Arc::clone(&scene.stop);
    let (ends, log, _) = scene
        .missing(ROLE, Manner::Stopping(stop), free())
        .missing(FUNCTION, Manner::Obeying, free().needs(&[ROLE]))
        .run(UP, true)
        .await;
    assert_eq!(ends, ["done", "not started"]);
    assert_eq!(log, ["role created", "role completed"]);
}

#[tokio::test]
async fn going_down_what_outlives_others_goes_last_and_does_not_wait_for_minutes() {
    let (ends, log, _) = Scene::default()
        .present((BUCKET, 2), Manner::Obeying, free().outlives(&[CDN, FOLDERS]))
        .present((FOLDERS, 2), Manner::Obeying, free())
        .present((CDN, 2), Manner::Parting, free())
        .run(Goal::Absent, true)
        .await;
    assert_eq!(ends, ["done"; 3]);
    let bucket = log.iter().position(|it| it == "bucket deleted").unwrap();
    assert!(log[..bucket].contains(&"cdn deleted".to_owned()), "{log:?}");
    assert!(log[..bucket].contains(&"folders deleted".to_owned()), "{log:?}");
    assert!(log.contains(&"cdn finished".to_owned()), "{log:?}");
}

#[tokio::test]
async fn the_last_step_is_left_for_later_if_nobody_wants_to_wait() {
    let (ends, log, _) =
        Scene::default().present((CDN, 2), Manner::Parting, free()).run(Goal::Absent, false).await;
    assert_eq!((ends, log), (vec!["later"], vec!["cdn deleted".to_owned()]));
}

#[tokio::test]
async fn what_stays_on_purpose_is_kept_and_in_nobodys_way() {
    let (ends, log, _) = Scene::default()
        .present((BUCKET, 2), Manner::Staying, free())
        .present((TOPIC, 2), Manner::Obeying, free().outlives(&[BUCKET]))
        .run(Goal::Absent, true)
        .await;
    assert_eq!(ends, ["kept", "done"]);
    assert_eq!(log, ["bucket deleted", "topic deleted"]);
}

#[tokio::test]
async fn a_failed_deletion_keeps_what_it_stands_on() {
    let (ends, ..) = Scene::default()
        .present((FUNCTION, 2), Manner::Failing, free())
        .present((ROLE, 2), Manner::Obeying, free().outlives(&[FUNCTION]))
        .run(Goal::Absent, true)
        .await;
    assert_eq!(ends, ["failed", "not started"]);
}

#[tokio::test]
async fn nothing_leaves_a_stack_before_everything_else_is_made() {
    let mut scene = Scene::default().present((TOPIC, 2), Manner::Obeying, free()).missing(
        TOPIC,
        Manner::Obeying,
        free(),
    );
    scene.nodes[0].retired = true;
    let (ends, log, _) = scene.run(PRUNE, true).await;
    assert_eq!(ends, ["done", "done"]);
    assert_eq!(log, ["topic created", "topic completed", "topic deleted"]);
}

#[tokio::test]
async fn what_is_beyond_repair_is_deleted_and_then_made() {
    let mut scene = Scene::default().present((DEAD_LETTERS, 2), Manner::Obeying, free());
    if let Some(Some(observed)) = scene.observed.first_mut() {
        observed.beyond_repair = Some("it is being deleted".to_owned());
    }
    let (ends, log, _) = scene.run(UP, true).await;
    assert_eq!(ends, ["done"]);
    assert_eq!(log, ["dead-letters deleted", "dead-letters created", "dead-letters completed"]);
}
