//! What whoever runs imgprep must be allowed, as an IAM policy for one stack.
//!
//! The actions are in `table.rs`, the resources in `scope.rs`; here the two are put together.
//! Deliberately absent: calls to AWS, and what the function may do, which `stack.rs` says.

mod scope;
mod table;

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
    Up(UpOptions),
    Down {
        delete_images: bool,
    },
}

/// The options of `up` that ask more of AWS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UpOptions {
    pub(crate) adopt: bool,
    pub(crate) prune: bool,
    pub(crate) delete_images: bool,
}

/// The sets of actions, by which Sids begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    /// What every command needs.
    Read,
    /// What `up` needs besides.
    Up,
    /// What `down` needs besides.
    Down,
}

impl Set {
    fn name(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Up => "Up",
            Self::Down => "Down",
        }
    }
}

/// The smallest policy with which the operation works on this stack.
pub(crate) fn document(operation: Operation, config: &Config, names: &Names) -> Value {
    let request = Request { operation, config, names };
    let statements = request.parts().iter().flat_map(|sets| request.statements(sets));
    policy::document(&statements.collect::<Vec<_>>())
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
            Operation::Every => &[&[Set::Read], &[Set::Up], &[Set::Down]],
            Operation::Look => &[&[Set::Read]],
            Operation::Up(_) => &[&[Set::Read, Set::Up]],
            Operation::Down { .. } => &[&[Set::Read, Set::Down]],
        }
    }

    fn statements(&self, sets: &[Set]) -> Vec<Value> {
        let scopes: BTreeSet<Scope> = TABLE.iter().map(|row| row.scope).collect();
        let mut groups: BTreeMap<Group, (BTreeSet<&str>, Vec<String>)> = BTreeMap::new();
        for scope in scopes {
            let granted = self.granted(sets, scope);
            if !granted.is_empty() {
                let (actions, resources) = groups.entry(scope.group()).or_default();
                actions.extend(granted);
                resources.extend(scope.resources(self.names));
            }
        }
        let prefix: String = sets.iter().map(|set| set.name()).collect();
        let statements = groups.into_iter().map(|(group, (actions, resources))| {
            let mut statement = json!({
                "Sid": format!("{prefix}{group:?}"),
                "Effect": "Allow",
                "Action": actions,
                "Resource": resources,
            });
            if let Some(condition) = group.condition(self.names) {
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
            When::DeleteImages => {
                self.operation == Operation::Down { delete_images: true }
                    || (up.prune && up.delete_images)
            }
        }
    }

    /// The columns of a row that a set takes.
    fn columns(&self, set: Set, row: &Row) -> Vec<&'static [&'static str]> {
        // Going down looks for the CDN of an earlier configuration as well.
        let is_cdn_off = row.when == When::Cdn && !self.config.cdn.enabled;
        let prunes = matches!(self.operation, Operation::Up(options) if options.prune)
            && row.scope.can_be_retired();
        match set {
            Set::Read | Set::Up if is_cdn_off => Vec::new(),
            Set::Read => vec![row.read],
            Set::Up if prunes => vec![row.up, row.down],
            Set::Up => vec![row.up],
            Set::Down if is_cdn_off => vec![row.read, row.down],
            Set::Down => vec![row.down],
        }
    }
}
