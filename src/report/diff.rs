//! The difference of two values, member by member, as a tree that can be laid out.
//!
//! Deliberately absent: layout, and what the values stand for.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::engine::fields::Edit;

/// What tells the objects of a list apart, in the order in which it is looked for.
const NAMES: [&str; 3] = ["Sid", "folder", "Id"];

/// One difference, and where it is from the difference around it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Change {
    /// Empty for an element of a list that has no name.
    pub(super) path: String,
    pub(super) what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    Added(Value),
    Removed(Value),
    Replaced {
        have: Value,
        want: Value,
    },
    /// Some of its members or elements differ.
    Inside {
        changes: Vec<Change>,
        unchanged: usize,
    },
    /// Nothing differs but the order, or how it is written.
    Rearranged,
}

impl From<&Edit> for Change {
    fn from(edit: &Edit) -> Self {
        compare(edit.path.clone(), &edit.have, &edit.want)
    }
}

/// The value that a string holds as JSON, as the function's settings are kept; else the value.
pub(super) fn unpacked(value: &Value) -> Cow<'_, Value> {
    let inner = value.as_str().and_then(|text| serde_json::from_str(text).ok());
    match inner {
        Some(inner @ (Value::Object(_) | Value::Array(_))) => Cow::Owned(inner),
        _ => Cow::Borrowed(value),
    }
}

fn compare(path: String, have: &Value, want: &Value) -> Change {
    let (have, want) = (unpacked(have), unpacked(want));
    let what = match (have.as_ref(), want.as_ref()) {
        (have, want) if have == want => What::Rearranged,
        (Value::Null, want) => What::Added(want.clone()),
        (have, Value::Null) => What::Removed(have.clone()),
        (Value::Object(have), Value::Object(want)) => members(have, want),
        (Value::Array(have), Value::Array(want)) => elements(have, want),
        (have, want) => What::Replaced { have: have.clone(), want: want.clone() },
    };
    merged(path, what)
}

/// A change with nothing beside it takes the path around it into its own.
fn merged(path: String, what: What) -> Change {
    match what {
        What::Inside { mut changes, unchanged: 0 }
            if changes.len() == 1 && !changes[0].path.is_empty() =>
        {
            let Change { path: inner, what } = changes.remove(0);
            let dot = if inner.starts_with('[') { "" } else { "." };
            Change { path: format!("{path}{dot}{inner}"), what }
        }
        what => Change { path, what },
    }
}

fn members(have: &Map<String, Value>, want: &Map<String, Value>) -> What {
    let names: BTreeSet<&String> = have.keys().chain(want.keys()).collect();
    let pairs = names.into_iter().map(|name| (name.clone(), have.get(name), want.get(name)));
    inside(pairs)
}

fn elements(have: &[Value], want: &[Value]) -> What {
    for name in NAMES {
        if let (Some(have), Some(want)) = (named(have, name), named(want, name)) {
            let is_gone = |(name, _): &&(&str, &Value)| want.iter().all(|(other, _)| other != name);
            let gone = have.iter().filter(is_gone).map(|(name, value)| (name, Some(*value), None));
            let kept = want.iter().map(|(name, value)| (name, find(&have, name), Some(*value)));
            return inside(gone.chain(kept).map(|(name, have, want)| {
                let path = format!("[{name}]");
                (path, have, want)
            }));
        }
    }
    match (have, want) {
        ([have], [want]) if !is_container(have) && !is_container(want) => {
            What::Replaced { have: vec![have.clone()].into(), want: vec![want.clone()].into() }
        }
        _ => unnamed_elements(have, want),
    }
}

/// What the elements of a list are called: by the member that names them, or their numbers.
pub(super) fn labels(list: &[Value]) -> Vec<String> {
    match NAMES.iter().find_map(|name| named(list, name)) {
        Some(named) => named.into_iter().map(|(name, _)| format!("[{name}]")).collect(),
        None => (0..list.len()).map(|index| format!("[{index}]")).collect(),
    }
}

/// The elements by the member that names them, if each has one of its own.
fn named<'v>(list: &'v [Value], member: &str) -> Option<Vec<(&'v str, &'v Value)>> {
    let named: Option<Vec<_>> =
        list.iter().map(|element| Some((element.get(member)?.as_str()?, element))).collect();
    let named = named.filter(|named| !named.is_empty())?;
    let different: BTreeSet<&str> = named.iter().map(|(name, _)| *name).collect();
    (different.len() == named.len()).then_some(named)
}

fn find<'v>(named: &[(&str, &'v Value)], wanted: &str) -> Option<&'v Value> {
    named.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value)
}

fn inside<'v>(pairs: impl Iterator<Item = (String, Option<&'v Value>, Option<&'v Value>)>) -> What {
    let mut changes = Vec::new();
    let mut unchanged = 0;
    for (path, have, want) in pairs {
        if have == want {
            unchanged += 1;
        } else {
            let or_null = |value: Option<&'v Value>| value.unwrap_or(&Value::Null);
            changes.push(compare(path, or_null(have), or_null(want)));
        }
    }
    if changes.is_empty() { What::Rearranged } else { What::Inside { changes, unchanged } }
}

/// Elements in the place of others, by the longest run of elements that both lists have.
fn unnamed_elements(have: &[Value], want: &[Value]) -> What {
    let common = common_lengths(have, want);
    let (mut changes, mut unchanged) = (Vec::new(), 0);
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    let (mut h, mut w) = (0, 0);
    loop {
        match (have.get(h), want.get(w)) {
            (Some(old), Some(new)) if old == new => {
                exchange(&mut changes, &mut removed, &mut added);
                unchanged += 1;
                (h, w) = (h + 1, w + 1);
            }
            (Some(old), new) if new.is_none() || common[h + 1][w] >= common[h][w + 1] => {
                removed.push(old);
                h += 1;
            }
            (_, Some(new)) => {
                added.push((w, new));
                w += 1;
            }
            (_, None) => break,
        }
    }
    exchange(&mut changes, &mut removed, &mut added);
    What::Inside { changes, unchanged }
}

/// How many elements the rests of two lists share, by where the rests begin.
fn common_lengths(have: &[Value], want: &[Value]) -> Vec<Vec<usize>> {
    let mut lengths = vec![vec![0; want.len() + 1]; have.len() + 1];
    for h in (0..have.len()).rev() {
        for w in (0..want.len()).rev() {
            lengths[h][w] = if have[h] == want[w] {
                lengths[h + 1][w + 1] + 1
            } else {
                lengths[h + 1][w].max(lengths[h][w + 1])
            };
        }
    }
    lengths
}

/// What stands between two elements that stay: objects are compared in pairs, all else comes and
/// goes.
fn exchange(
    changes: &mut Vec<Change>,
    removed: &mut Vec<&Value>,
    added: &mut Vec<(usize, &Value)>,
) {
    let added: Vec<(usize, &Value)> = std::mem::take(added);
    let removed: Vec<&Value> = std::mem::take(removed);
    let pairs =
        removed.iter().zip(&added).take_while(|(old, (_, new))| old.is_object() && new.is_object());
    let paired = pairs.clone().count();
    changes.extend(pairs.map(|(old, (index, new))| compare(format!("[{index}]"), old, new)));
    let alone = |what| Change { path: String::new(), what };
    let gone = removed.iter().skip(paired);
    changes.extend(gone.map(|value| alone(What::Removed((*value).clone()))));
    let new = added.iter().skip(paired);
    changes.extend(new.map(|(_, value)| alone(What::Added((*value).clone()))));
}

fn is_container(value: &Value) -> bool {
    value.is_object() || value.is_array()
}
