//! What whoever runs imgprep must be allowed, as IAM policies for one stack.
//!
//! The actions are in `table.rs`, the resources in `scope.rs`; here the two are put together, and
//! `size.rs` makes as many policies of it as IAM wants.
//! Deliberately absent: calls to AWS, and what the function may do, which `stack.rs` says.

mod scope;
mod size;
mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use self::scope::{Group, Scope};
use self::table::{Row, TABLE, When};
use crate::aws::policy;
use crate::config::{Access, Config};
use crate::names::Names;

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
    Backfill {
        outdated: bool,
        dry_run: bool,
    },
    Failures,
    Retry,
    Prune {
        yes: bool,
    },
}

/// The options of `up` that ask more of AWS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UpOptions {
    pub(crate) adopt: bool,
    pub(crate) prune: bool,
    pub(crate) delete_images: bool,
}

/// The sets of actions, by whose names Sids begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    /// What every command but `logs` needs.
    Read,
    /// What the command of this name needs besides; `Status` with `--images`.
    Up,
    Down,
    Status,
    Try,
    Logs,
    Backfill,
    Failures,
    Retry,
    Prune,
}

/// The smallest policies with which the operation works on this stack, together.
pub(crate) fn documents(operation: Operation, config: &Config, names: &Names) -> Vec<Value> {
    let request = Request { operation, config, names };
    size::documents(request.parts().iter().flat_map(|sets| request.statements(sets)))
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
            ],
            Operation::Look => &[&[Set::Read]],
            Operation::Count => &[&[Set::Read, Set::Status]],
            Operation::Up(_) => &[&[Set::Read, Set::Up]],
            Operation::Down { .. } => &[&[Set::Read, Set::Down]],
            Operation::Try => &[&[Set::Read, Set::Try]],
            Operation::Logs => &[&[Set::Logs]],
            Operation::Backfill { .. } => &[&[Set::Read, Set::Backfill]],
            Operation::Failures => &[&[Set::Read, Set::Failures]],
            Operation::Retry => &[&[Set::Read, Set::Retry]],
            Operation::Prune { .. } => &[&[Set::Read, Set::Prune]],
        }
    }

    fn statements(&self, sets: &[Set]) -> Vec<Value> {
        let scopes: BTreeSet<Scope> = TABLE.iter().map(|row| row.scope).collect();
        let mut groups: BTreeMap<Group, (BTreeSet<&str>, Vec<String>)> = BTreeMap::new();
        for scope in scopes {
            let granted = self.granted(sets, scope);
            if !granted.is_empty() {
                let (actions, resources) = groups.entry(scope.group(self.config)).or_default();
                actions.extend(granted);
                let more = scope.resources(self.config, self.names).into_iter();
                let more: Vec<String> = more.filter(|arn| !resources.contains(arn)).collect();
                resources.extend(more);
            }
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

    /// The actions on one kind of resource; what all commands need is not said twice.
    fn granted(&self, sets: &[Set], scope: Scope) -> BTreeSet<&'static str> {
        let actions = sets.iter().flat_map(|set| self.actions(*set, scope)).collect();
        if sets.contains(&Set::Read) { actions } else { &actions - &self.actions(Set::Read, scope) }
    }

    fn actions(&self, set: Set, scope: Scope) -> BTreeSet<&'static str> {
        let rows = TABLE.iter().filter(|row| row.scope == scope && self.applies(row.when));
        rows.flat_map(|row| self.columns(set, row)).flatten().copied().collect()
    }

    fn applies(&self, when: When) -> bool {
        let up = match self.operation {
            Operation::Up(options) => options,
            _ => UpOptions::default(),
        };
        match when {
            When::Always | When::Cdn => true,
            When::PublicAcl => {
                let is_going = matches!(self.operation, Operation::Down { .. });
                self.config.bucket.access == Access::PublicAcl && !is_going
            }
            When::Invalidate => self.config.cdn.enabled && self.config.cdn.invalidate,
            When::Concurrency => self.config.function.concurrency.is_some(),
            When::AdoptCdn => self.config.cdn.enabled && up.adopt,
            When::Boundary => self.config.function.permissions_boundary.is_some(),
            When::PruneStack => up.prune,
            When::Publish => !matches!(self.operation, Operation::Backfill { dry_run: true, .. }),
            When::Outdated => matches!(self.operation, Operation::Backfill { outdated: true, .. }),
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
            Set::Up if is_prune && row.scope.can_be_retired() => vec![row.up, row.down],
            Set::Up => vec![row.up],
            Set::Down => vec![row.down],
            user if row.users.contains(&user) => vec![row.images],
            _ => Vec::new(),
        }
    }
}
