//! What whoever runs imgprep must be allowed, as IAM policies for one stack.
//!
//! The resources of a stack say which actions they need on what; here that is put together, and
//! `size.rs` makes as many policies of it as IAM wants.

mod size;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::aws::policy;
use crate::config::{Access, Config};
use crate::names::Names;
use crate::permissions::{Group, Row, Set, When};
use crate::stack;

/// What a policy is for: a command with those of its options that ask more of AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Every command, without options.
    Every,
    /// `plan` and `status`.
    Look,
    /// `status --images`.
    Count,
    Up(UpOptions),
    Down {
        delete_images: bool,
    },
    Try,
    Logs,
    Backfill(BackfillOptions),
    Failures,
    Retry,
    Prune {
        yes: bool,
    },
    Urls,
    Presign,
}

/// The options of `up` that ask more of AWS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UpOptions {
    pub(crate) adopt: bool,
    pub(crate) prune: bool,
    pub(crate) delete_images: bool,
}

/// The options of `backfill` that ask more of AWS, or less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BackfillOptions {
    pub(crate) outdated: bool,
    pub(crate) dry_run: bool,
    pub(crate) on_aws: bool,
}

/// The smallest policies with which the operation works on this stack, together.
pub(crate) fn documents(operation: Operation, config: &Config, names: &Names) -> Vec<Value> {
    let request = Request { operation, config, names };
    size::documents(request.parts().iter().flat_map(|sets| request.statements(sets)))
}

/// What an operation does to the same things.
#[derive(Clone, Debug)]
pub(crate) struct Need {
    pub(crate) actions: BTreeSet<&'static str>,
    pub(crate) resources: Vec<String>,
    /// Under which the actions are allowed, as a policy's `Condition`.
    pub(crate) condition: Option<Value>,
}

/// What the operation does on this stack, one kind of thing after another.
pub(crate) fn needs(operation: Operation, config: &Config, names: &Names) -> Vec<Need> {
    let request = Request { operation, config, names };
    let sets = request.parts().concat();
    let granted = request.granted(&sets).into_iter().filter(|(_, actions)| !actions.is_empty());
    granted
        .map(|((group, resources), actions)| Need {
            actions,
            resources,
            condition: group.condition(config, names),
        })
        .collect()
}

/// The smallest policy with which `init` can say whether a name is free: any, for it is asked for.
pub(crate) fn document_for_init() -> Value {
    policy::document(&[json!({
        "Sid": "Init",
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": ["*"],
    })])
}

/// What actions are done to.
type Granted = (Group, Vec<String>);

/// An operation on the pipeline of one file.
struct Request<'a> {
    operation: Operation,
    config: &'a Config,
    names: &'a Names,
}

impl Request<'_> {
    /// The sets, those together that are told in the same statements: a policy for one command
    /// would otherwise name each resource twice, and IAM takes no long ones.
    fn parts(&self) -> &'static [&'static [Set]] {
        match self.operation {
            Operation::Every => &[
                &[Set::Read],
                &[Set::Up],
                &[Set::Down],
                &[Set::Try],
                &[Set::Logs],
                &[Set::Backfill],
                &[Set::Failures],
                &[Set::Retry],
                &[Set::Prune],
                &[Set::Urls],
                &[Set::Presign],
            ],
            Operation::Look => &[&[Set::Read]],
            Operation::Count => &[&[Set::Read, Set::Status]],
            Operation::Up(_) => &[&[Set::Read, Set::Up]],
            Operation::Down { .. } => &[&[Set::Read, Set::Down]],
            Operation::Try => &[&[Set::Read, Set::Try]],
            Operation::Logs => &[&[Set::Logs]],
            Operation::Backfill(_) => &[&[Set::Read, Set::Backfill]],
            Operation::Failures => &[&[Set::Read, Set::Failures]],
            Operation::Retry => &[&[Set::Read, Set::Retry]],
            Operation::Prune { .. } => &[&[Set::Read, Set::Prune]],
            Operation::Urls => &[&[Set::Read, Set::Urls]],
            // It asks AWS nothing; what it signs is done as whoever has signed it.
            Operation::Presign => &[&[Set::Presign]],
        }
    }

    fn statements(&self, sets: &[Set]) -> Vec<Value> {
        let mut granted = self.granted(sets);
        if !sets.contains(&Set::Read) {
            // What all commands need is not said twice.
            let read = self.granted(&[Set::Read]);
            for (place, actions) in &mut granted {
                let known = read.iter().filter(|(other, _)| other == place);
                known.for_each(|(_, known)| actions.retain(|action| !known.contains(action)));
            }
        }
        let mut groups: BTreeMap<Group, (BTreeSet<&str>, Vec<String>)> = BTreeMap::new();
        for ((group, place), granted) in granted.into_iter().filter(|(_, it)| !it.is_empty()) {
            let (actions, resources) = groups.entry(group).or_default();
            actions.extend(granted);
            let more: Vec<String> =
                place.into_iter().filter(|it| !resources.contains(it)).collect();
            resources.extend(more);
        }
        let prefix = sets.iter().map(|set| format!("{set:?}")).collect::<Vec<_>>().concat();
        let statements = groups.into_iter().map(|(group, (actions, resources))| {
            let mut statement = json!({
                "Sid": format!("{prefix}{group:?}"),
                "Effect": "Allow",
                "Action": actions,
                "Resource": resources,
            });
            if let Some(condition) = group.condition(self.config, self.names) {
                statement["Condition"] = condition;
            }
            statement
        });
        statements.collect()
    }

    /// The actions by what they are done to, in the order of the stack's resources.
    fn granted(&self, sets: &[Set]) -> Vec<(Granted, BTreeSet<&'static str>)> {
        let mut all: Vec<(Granted, BTreeSet<&'static str>)> = Vec::new();
        for row in stack::permissions().into_iter().filter(|row| self.applies(row.when)) {
            let columns = sets.iter().flat_map(|set| self.columns(*set, row));
            let actions = columns.flatten().copied();
            let scope = row.scope;
            let place = (scope.group(self.config), (scope.resources)(self.config, self.names));
            // What the file has none of, such as a topic for its application.
            if place.1.is_empty() {
                continue;
            }
            match all.iter_mut().find(|(known, _)| *known == place) {
                Some((_, known)) => known.extend(actions),
                None => all.push((place, actions.collect())),
            }
        }
        all
    }

    fn applies(&self, when: When) -> bool {
        let up = match self.operation {
            Operation::Up(options) => options,
            _ => UpOptions::default(),
        };
        let backfill = match self.operation {
            Operation::Backfill(options) => options,
            _ => BackfillOptions::default(),
        };
        match when {
            When::Always | When::Cdn => true,
            When::PublicAcl => {
                let is_going = matches!(self.operation, Operation::Down { .. });
                self.config.bucket.access == Access::PublicAcl && !is_going
            }
            When::Invalidate => self.config.cdn.enabled && self.config.cdn.invalidate,
            When::Versions => self.names.cache_policy.is_some(),
            When::Concurrency => self.config.function.concurrency.is_some(),
            When::AdoptCdn => self.config.cdn.enabled && up.adopt,
            When::Boundary => self.config.function.permissions_boundary.is_some(),
            When::HostedZone => {
                let zone = self.config.cdn.hosted_zone.as_ref();
                zone.is_some_and(|zone| !zone.contains('.'))
            }
            When::PruneStack => up.prune,
            When::Publish => !backfill.dry_run && !backfill.on_aws,
            When::Outdated => backfill.outdated,
            When::Listing => !backfill.on_aws,
            When::OnAws => backfill.on_aws,
            When::AccountLimit => self.config.function.concurrency.is_none(),
            When::PruneImages => self.operation == Operation::Prune { yes: true },
            When::DeleteImages => {
                self.operation == Operation::Down { delete_images: true }
                    || (up.prune && up.delete_images)
            }
        }
    }

    /// The columns of a row that a set takes.
    fn columns(&self, set: Set, row: &Row) -> Vec<&'static [&'static str]> {
        // The CDN of an earlier file is looked at, and goes as everything that left the file does.
        let is_cdn_off = row.when == When::Cdn && !self.config.cdn.enabled;
        let is_prune = matches!(self.operation, Operation::Up(options) if options.prune);
        match set {
            Set::Read => vec![row.read],
            Set::Up if is_cdn_off && is_prune => vec![row.down],
            Set::Up if is_cdn_off => Vec::new(),
            Set::Up if is_prune && row.scope.can_be_retired => vec![row.up, row.down],
            Set::Up => vec![row.up],
            Set::Down => vec![row.down],
            user if row.users.contains(&user) => vec![row.images],
            _ => Vec::new(),
        }
    }
}
