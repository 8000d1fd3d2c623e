//! A stack as a list of resources with their order, built from configuration and account.

pub(crate) mod bounds;
mod retired;

use std::sync::Arc;

use contract::keys::{FAILED_FOLDER, REPORTS_FOLDER};
use futures_util::future::join_all;
use futures_util::try_join;

use self::retired::Left;
use crate::aws::endpoint::Endpoints;
use crate::aws::{Aws, AwsError};
use crate::config::Config;
use crate::engine::order::Order;
use crate::engine::plan::{Goal, Node, Plan, Purpose};
use crate::engine::resource::{AnyResource, Erased, Id, Images, Observed, Owner};
use crate::names::{Chosen, Names, Place};
use crate::permissions::Row;
use crate::pricing::{Service, Usage};
use crate::resources::alarm_topic::{self, AlarmTopic};
use crate::resources::alarms::{self, Alarms};
use crate::resources::batch_role::BatchRole;
use crate::resources::bucket::{self, Bucket};
use crate::resources::cache_policy::{self, CachePolicy};
use crate::resources::cdn::{self, Cdn};
use crate::resources::certificate::{self, Certificate};
use crate::resources::dead_letters::{self, DeadLetters};
use crate::resources::dns::{self, Dns};
use crate::resources::folders::{self, Folders};
use crate::resources::function::{self, Code, Function};
use crate::resources::logs::{self, Logs};
use crate::resources::notification::{self, Notification};
use crate::resources::policy::Policy;
use crate::resources::ready::{self, Ready};
use crate::resources::ready_dead_letters::{self, ReadyDeadLetters};
use crate::resources::ready_queue::{self, ReadyQueue};
use crate::resources::ready_subscriptions::{self, ReadySubscriptions};
use crate::resources::role::{self, Role};
use crate::resources::topic::{self, Topic};
use crate::resources::trigger::{self, Trigger};
use crate::resources::{Blueprint, Member, Trace};
use crate::template::Export;

/// Every resource that a stack can have, in the order in which people read them, with what it waits
/// for and why.
fn lines() -> [Line; 21] {
    [
        // What is subscribed goes before what it is subscribed to, and what sends before that.
        Line::of::<Topic>(Order::default().outlives(&[trigger::ID, notification::ID])),
        Line::of::<Bucket>(Order::default().outlives(&[folders::ID, notification::ID, cdn::ID])),
        Line::of::<Folders>(Order::default().needs(&[bucket::ID])),
        // S3 checks the topic's policy when a notification is attached; and nothing may be published
        // before somebody listens.
        Line::of::<Notification>(Order::default().follows(&[topic::ID, bucket::ID, trigger::ID])),
        // Its attachment to the role is part of its making.
        Line::of::<Policy>(Order::default().needs(&[role::ID])),
        // An invocation under way still runs as it.
        Line::of::<Role>(Order::default().outlives(&[function::ID])),
        // A function that still runs would write logs again.
        Line::of::<Logs>(Order::default().outlives(&[function::ID])),
        Line::of::<DeadLetters>(Order::default().outlives(&[trigger::ID, function::ID])),
        // A function that runs before its log group exists would make one without retention; Lambda
        // checks the role and the failure destination.
        Line::of::<Function>(
            Order::default()
                .needs(&[role::ID, logs::ID, dead_letters::ID])
                .outlives(&[trigger::ID]),
        ),
        Line::of::<Trigger>(
            Order::default().needs(&[topic::ID, dead_letters::ID]).follows(&[function::ID]),
        ),
        // The function publishes there until it is told otherwise.
        Line::of::<Ready>(Order::default().outlives(&[ready_subscriptions::ID, function::ID])),
        Line::of::<ReadyQueue>(Order::default().outlives(&[ready_subscriptions::ID])),
        Line::of::<ReadyDeadLetters>(Order::default().outlives(&[ready_subscriptions::ID])),
        Line::of::<ReadySubscriptions>(Order::default().needs(&[
            ready::ID,
            ready_queue::ID,
            ready_dead_letters::ID,
        ])),
        // It serves its domains as soon as it can: the certificate is waited for, though not for long.
        // Nobody may be led to what is gone.
        Line::of::<Cdn>(
            Order::default()
                .needs(&[bucket::ID])
                .follows(&[certificate::ID, cache_policy::ID])
                .outlives(&[dns::ID]),
        ),
        // ACM keeps it as long as a distribution has it.
        Line::of::<Certificate>(Order::default().outlives(&[cdn::ID, dns::ID])),
        // They lead to the distribution, once it serves the domains.
        Line::of::<Dns>(Order::default().needs(&[cdn::ID])),
        // CloudFront deletes no policy that a distribution uses.
        Line::of::<CachePolicy>(Order::default().outlives(&[cdn::ID])),
        Line::of::<AlarmTopic>(Order::default().outlives(&[alarms::ID])),
        // An alarm may go off as soon as it is made, and goes off once.
        Line::of::<Alarms>(Order::default().follows(&[alarm_topic::ID])),
        Line::of::<BatchRole>(Order::default()),
    ]
}

/// A resource that a stack can have.
struct Line {
    id: Id,
    order: Order,
    permissions: &'static [Row],
    traces: &'static [Trace],
    costs: fn(&Usage) -> Vec<Service>,
    wanted: fn(&Blueprint<'_>) -> Option<Box<dyn InFile>>,
    switched_off: fn(&Blueprint<'_>) -> Option<Erased>,
    follows_too: fn(&Blueprint<'_>) -> &'static [Id],
    known_as: fn(&Names) -> Option<&str>,
    made_by_command: fn(&Names) -> Option<&str>,
    left: fn(&Blueprint<'_>, &str) -> Erased,
}

impl Line {
    fn of<R: Member>(order: Order) -> Self {
        Self {
            id: R::ID,
            order,
            permissions: R::PERMISSIONS,
            traces: R::TRACES,
            costs: R::COSTS,
            wanted: |blueprint| Some(Box::new(R::wanted(blueprint)?)),
            switched_off: |blueprint| Some(Box::new(R::switched_off(blueprint)?)),
            follows_too: R::follows_too,
            known_as: R::known_as,
            made_by_command: R::made_by_command,
            left: R::left,
        }
    }

    /// One of this name that no file asks for: retired, or made by a command to stay.
    fn node(&self, blueprint: &Blueprint<'_>, name: &str) -> Node {
        let node = Node::new((self.left)(blueprint, name), self.order.clone());
        let stays = (self.made_by_command)(blueprint.names) == Some(name);
        if stays { node } else { node.retired() }
    }

    /// Its order in the stack of this file.
    fn order(&self, blueprint: &Blueprint<'_>) -> Order {
        let mut order = self.order.clone();
        order.follows.extend((self.follows_too)(blueprint));
        order
    }
}

/// A resource of the file, which is in the stack and in templates.
pub(crate) trait InFile: AnyResource + Export {}

impl<R: AnyResource + Export> InFile for R {}

/// Every resource of one pipeline in one account.
pub(crate) struct Stack {
    names: Arc<Names>,
    pub(crate) code: Arc<Code>,
    /// Those of the file in their order, then those that are no longer in it.
    pub(crate) nodes: Vec<Node>,
    /// How many of them are decided by the file alone.
    lasting: usize,
    purpose: Purpose,
}

/// What AWS holds of a stack, resource by resource.
pub(crate) type Observation = Vec<Option<Observed>>;

impl Stack {
    pub(crate) fn new(
        config: &Config,
        aws: &Aws,
        names: Arc<Names>,
        code: Code,
        purpose: Purpose,
    ) -> Self {
        let code = Arc::new(code);
        let blueprint =
            Blueprint { config, endpoints: &aws.endpoints, names: &names, code: &code, purpose };
        let nodes = nodes(&blueprint);
        let lasting = nodes.len();
        Self { names, code, nodes, lasting, purpose }
    }

    /// Reads every resource, and looks for those that are no longer in the file, all at once.
    pub(crate) async fn observe(
        &mut self,
        config: &Config,
        aws: &Aws,
    ) -> Result<Observation, Unread> {
        self.nodes.truncate(self.lasting);
        let (lines, folders) = (lines(), folders(config));
        let search = retired::find(aws, &self.names, &lines, &folders);
        let search = async { search.await.map_err(Unread::Search) };
        let notices = join_all(self.nodes.iter().map(|node| node.resource.notice(aws)));
        let notices = async { Ok(notices.await) };
        let (mut observation, mut left, notices) =
            try_join!(read(&self.nodes, aws), search, notices)?;
        left.extend(retired::told(&observation, &self.nodes, &self.names, &lines));
        for (node, notice) in self.nodes.iter_mut().zip(notices) {
            node.notice = notice;
        }
        let (names, code, purpose) = (&self.names, &self.code, self.purpose);
        let blueprint = Blueprint { config, endpoints: &aws.endpoints, names, code, purpose };
        let found = left.iter().map(|Left { line, name }| lines[*line].node(&blueprint, name));
        let found: Vec<Node> = found.collect();
        let read = read(&found, aws).await?;
        for (node, now) in found.into_iter().zip(read) {
            // What a command made counts as long as it is there and ours.
            if node.retired || now.as_ref().is_some_and(Observed::is_ours) {
                self.nodes.push(node);
                observation.push(now);
            }
        }
        Ok(observation)
    }

    /// Plans what a command makes that no file asks for, beside the stack as it was observed.
    pub(crate) async fn plan_by_command(
        &mut self,
        id: Id,
        config: &Config,
        aws: &Aws,
    ) -> Result<Plan, Unread> {
        let (names, code, purpose) = (&self.names, &self.code, self.purpose);
        let blueprint = Blueprint { config, endpoints: &aws.endpoints, names, code, purpose };
        self.nodes.retain(|node| node.retired || node.resource.id() != id);
        let others = self.nodes.len();
        let lines = lines();
        let made = lines.iter().filter(|line| line.id == id).filter_map(|line| {
            let name = (line.made_by_command)(&self.names)?;
            Some(line.node(&blueprint, name))
        });
        let made: Vec<Node> = made.collect();
        let observation = read(&made, aws).await?;
        let mut plan = Plan::of(purpose.goal, &made, observation);
        plan.steps.iter_mut().for_each(|step| step.node += others);
        self.nodes.extend(made);
        Ok(plan)
    }

    pub(crate) fn plan(&self, observation: Observation) -> Plan {
        Plan::of(self.purpose.goal, &self.nodes, observation)
    }
}

/// Every resource of the file at the AWS of a place, in order.
pub(crate) fn wanted(config: &Config, place: Place) -> Vec<Box<dyn InFile>> {
    on_paper(config, place, |blueprint| {
        lines().iter().filter_map(|line| (line.wanted)(blueprint)).collect()
    })
}

/// What is made of the file at the AWS of a place, without asking that AWS.
fn on_paper<T>(config: &Config, place: Place, make: impl FnOnce(&Blueprint<'_>) -> T) -> T {
    let goal = Goal::Present { adopt: false, prune: false };
    make(&Blueprint {
        config,
        endpoints: &Endpoints::default(),
        names: &Arc::new(names(config, place)),
        code: &Arc::default(),
        purpose: Purpose { goal, images: Images::Keep },
    })
}

/// What whoever runs imgprep must be allowed, resource by resource, and to look for what is no longer
/// in the file.
pub(crate) fn permissions() -> Vec<&'static Row> {
    lines().iter().flat_map(|line| line.permissions).chain(retired::PERMISSIONS).collect()
}

/// What a month costs, service by service.
pub(crate) fn costs(usage: &Usage) -> Vec<Service> {
    let mut services: Vec<Service> = lines().iter().flat_map(|line| (line.costs)(usage)).collect();
    services.sort_by_key(|service| service.page);
    services
}

/// The resources that are decided by the file alone.
fn nodes(blueprint: &Blueprint<'_>) -> Vec<Node> {
    let node = |line: &Line| {
        let order = line.order(blueprint);
        match (line.wanted)(blueprint) {
            Some(wanted) => Some(Node::new(wanted, order)),
            None => (line.switched_off)(blueprint).map(|it| Node::new(it, order).retired()),
        }
    };
    lines().iter().filter_map(node).collect()
}

/// The names of the file's stack in a place.
pub(crate) fn names(config: &Config, place: Place) -> Names {
    let chosen = Chosen {
        stack: &config.name,
        bucket: &config.bucket.name,
        topic: &config.topic.name,
        function: &config.function.name,
        ready: config.notify.as_ref().map(|notify| notify.topic.as_str()),
        has_ready_queue: config.notify.as_ref().is_some_and(|notify| notify.queue),
        has_versions: config.cdn.versions,
        alarms: config.alarms.as_ref().map(|alarms| alarms.topic.as_str()),
        own_domains: config.cdn.own_domains(),
        tags: &config.tags,
    };
    Names::new(&chosen, place)
}

/// Why a stack could not be read.
#[derive(Debug)]
pub(crate) enum Unread {
    Resource(Id, AwsError),
    /// The search for what is no longer in the file.
    Search(AwsError),
}

async fn read(nodes: &[Node], aws: &Aws) -> Result<Observation, Unread> {
    let reads = nodes.iter().map(|node| node.resource.read(aws));
    let mut read = join_all(reads).await;
    let is_unreachable = |(node, read): &(&Node, &Result<Option<Observed>, AwsError>)| {
        let owner = read.as_ref().ok().and_then(Option::as_ref).map(|now| &now.owner);
        !node.retired && matches!(owner, Some(Owner::Unreachable(_)))
    };
    let unreachable: Vec<Id> = nodes
        .iter()
        .zip(&read)
        .filter(is_unreachable)
        .map(|(node, _)| node.resource.id())
        .collect();
    // What is inside what is somebody else's is not ours to ask about.
    for (node, observed) in nodes.iter().zip(&mut read) {
        if node.resource.id().0.inside.is_some_and(|around| unreachable.contains(&around)) {
            *observed = Ok(None);
        }
    }
    let read = nodes.iter().zip(read);
    read.map(|(node, read)| read.map_err(|error| Unread::Resource(node.resource.id(), error)))
        .collect()
}

/// Every folder of the bucket that the file gives a meaning.
fn folders(config: &Config) -> Vec<String> {
    let made = config.made_folders().into_iter();
    let others = [config.bucket.originals.as_str(), FAILED_FOLDER, REPORTS_FOLDER];
    made.chain(others.map(ToOwned::to_owned)).collect()
}

#[cfg(test)]
mod tests;
