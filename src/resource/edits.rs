//! The edits of one step, and which of them have been seen to.
//!
//! A resource asks for its edits by path and makes the change that it was asked about. What nobody
//! asked for was not applied, which would otherwise go unnoticed: the report of a run is made from
//! the plan.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::{Context, Details, Edit, Observed, Resource, is_within};
use crate::aws::AwsError;

/// Edits that are to be applied. Whoever asks whether one touches a path sees to it.
pub(crate) struct Edits {
    all: Vec<Edit>,
    /// Places in `all`. Behind a lock, as a resource may make several changes at once.
    seen_to: Mutex<BTreeSet<usize>>,
}

impl Edits {
    pub(crate) fn new(all: Vec<Edit>) -> Self {
        Self { all, seen_to: Mutex::default() }
    }

    /// Whether an edit touches the field at `path`, or one below it.
    pub(crate) fn touch(&self, path: &str) -> bool {
        !self.within(path).is_empty()
    }

    /// Whether an edit touches one of these fields, or one below them.
    pub(crate) fn touch_any(&self, paths: &[&str]) -> bool {
        // Each is asked about, also those behind one that is touched.
        paths.iter().filter(|path| self.touch(path)).count() > 0
    }

    /// The edits of the field at `path`, and of those below it.
    pub(crate) fn within(&self, path: &str) -> Vec<&Edit> {
        self.take(|edit| is_within(&edit.path, path))
    }

    /// All of them, for a resource that is written as a whole.
    pub(crate) fn whole(&self) -> Vec<&Edit> {
        self.take(|_| true)
    }

    fn take(&self, is_meant: impl Fn(&Edit) -> bool) -> Vec<&Edit> {
        let (places, taken): (Vec<usize>, Vec<&Edit>) =
            self.all.iter().enumerate().filter(|(_, edit)| is_meant(edit)).unzip();
        self.seen_to.lock().unwrap_or_else(PoisonError::into_inner).extend(places);
        taken
    }

    /// The paths that nobody has asked for.
    pub(crate) fn left(&self) -> Vec<&str> {
        let seen_to = self.seen_to.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.all.iter().enumerate();
        all.filter(|(place, _)| !seen_to.contains(place)).map(|(_, edit)| &*edit.path).collect()
    }
}

/// Puts the edited fields of a resource right; an error if one of them was left as it is.
pub(crate) async fn apply(
    resource: &dyn Resource,
    context: &Context<'_>,
    observed: &Observed,
    edits: Vec<Edit>,
) -> Result<Details, AwsError> {
    let edits = Edits::new(edits);
    let done = resource.update(context, observed, &edits).await?;
    match edits.left().as_slice() {
        [] => Ok(done),
        left => Err(AwsError::unapplied(left)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn edits(paths: &[&str]) -> Edits {
        let edit = |path: &&str| Edit {
            path: (*path).to_owned(),
            have: Value::Null,
            want: Value::Bool(true),
        };
        Edits::new(paths.iter().map(edit).collect())
    }

    #[test]
    fn what_nobody_asked_for_is_left() {
        let edits = edits(&["memory", "tags.team", "tags.owner", "tagsimilar"]);
        assert!(edits.touch("tags"));
        assert!(!edits.touch("timeout"));
        assert_eq!(edits.left(), ["memory", "tagsimilar"]);
        assert_eq!(edits.whole().len(), 4);
        assert_eq!(edits.left(), [""; 0]);
    }

    #[test]
    fn each_of_several_paths_is_seen_to() {
        let edits = edits(&["runtime", "memory", "role"]);
        assert!(edits.touch_any(&["handler", "runtime", "memory"]));
        assert_eq!(edits.left(), ["role"]);
        assert!(!edits.touch_any(&["handler"]));
    }
}
