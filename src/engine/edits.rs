//! The edits of one step, and which of them have been seen to.
//!
//! A resource asks for its edits by path and makes the change that it was asked about. What nobody
//! asked for was not applied, which would otherwise go unnoticed: the report of a run is made from
//! the plan.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

use super::fields::{Edit, Path, Tags};
use super::resource::{Context, Details, Observed, Resource};
use crate::aws::AwsError;

/// Edits of the fields `F` that are to be applied. Whoever asks whether one touches a member sees to
/// it.
pub(crate) struct Edits<F> {
    all: Vec<Edit>,
    /// Places in `all`. Behind a lock, as a resource may make several changes at once.
    seen_to: Mutex<BTreeSet<usize>>,
    of: PhantomData<fn() -> F>,
}

impl<F> Edits<F> {
    pub(crate) fn new(all: Vec<Edit>) -> Self {
        Self { all, seen_to: Mutex::default(), of: PhantomData }
    }

    /// Whether an edit touches the member, or something in it.
    pub(crate) fn touch(&self, member: Path<F>) -> bool {
        !self.within(member).is_empty()
    }

    /// Whether an edit touches one of these members, or something in them.
    pub(crate) fn touch_any(&self, members: &[Path<F>]) -> bool {
        // Each is asked about, also those behind one that is touched.
        members.iter().filter(|member| self.touch(**member)).count() > 0
    }

    /// The edits of the member, and of what is in it.
    pub(crate) fn within(&self, member: Path<F>) -> Vec<&Edit> {
        self.take(|edit| member.holds(&edit.path))
    }

    /// The tags that are to be put, of the member that holds them.
    pub(crate) fn tags(&self, member: Path<F>) -> Tags {
        let tag = |edit: &Edit| {
            let key = edit.path.strip_prefix(member.as_str())?.strip_prefix('.')?;
            Some((key.to_owned(), edit.want.as_str()?.to_owned()))
        };
        self.within(member).into_iter().filter_map(tag).collect()
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

    /// An error if there is an edit that nobody has asked for.
    pub(super) fn all_seen_to(&self) -> Result<(), AwsError> {
        match self.left().as_slice() {
            [] => Ok(()),
            left => Err(AwsError::unapplied(left)),
        }
    }

    /// The paths that nobody has asked for.
    pub(crate) fn left(&self) -> Vec<&str> {
        let seen_to = self.seen_to.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.all.iter().enumerate();
        all.filter(|(place, _)| !seen_to.contains(place)).map(|(_, edit)| &*edit.path).collect()
    }
}

/// Puts the edited fields of a resource right; an error if one of them was left as it is.
pub(crate) async fn apply<R: Resource>(
    resource: &R,
    context: &Context<'_>,
    observed: &Observed,
    edits: Vec<Edit>,
) -> Result<Details, AwsError> {
    let edits = Edits::new(edits);
    let done = resource.update(context, observed, &edits).await?;
    edits.all_seen_to().map(|()| done)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fields! {
        struct Fields {
            handler: bool,
            memory: bool,
            role: bool,
            tags: Tags,
            timeout: bool,
        }
    }

    fn edits(paths: &[&str]) -> Edits<Fields> {
        let edit = |path: &&str| Edit {
            path: (*path).to_owned(),
            have: Value::Null,
            want: Value::String("wanted".to_owned()),
        };
        Edits::new(paths.iter().map(edit).collect())
    }

    #[test]
    fn what_nobody_asked_for_is_left() {
        let edits = edits(&["memory", "tags.team", "tags.owner", "tagsimilar"]);
        assert!(edits.touch(Fields::tags));
        assert!(!edits.touch(Fields::timeout));
        assert_eq!(edits.left(), ["memory", "tagsimilar"]);
        assert_eq!(edits.whole().len(), 4);
        assert_eq!(edits.left(), [""; 0]);
    }

    #[test]
    fn each_of_several_members_is_seen_to() {
        let edits = edits(&["handler", "memory", "role"]);
        assert!(edits.touch_any(&[Fields::timeout, Fields::handler, Fields::memory]));
        assert_eq!(edits.left(), ["role"]);
        assert!(!edits.touch_any(&[Fields::timeout]));
    }

    #[test]
    fn tags_are_taken_by_their_keys() {
        let edits = edits(&["tags.team", "tags.a.b", "tagsimilar"]);
        let tags = edits.tags(Fields::tags);
        let expected = ["a.b", "team"].map(|key| (key.to_owned(), "wanted".to_owned()));
        assert_eq!(tags, Tags::from(expected));
        assert_eq!(edits.left(), ["tagsimilar"]);
    }
}
