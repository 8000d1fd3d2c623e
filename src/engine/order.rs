//! What waits for what: the place of a resource among the others.

use super::resource::Id;

/// What a resource waits for on the way up and on the way down.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    /// What must exist before it can be made.
    pub(crate) needs: Vec<Id>,
    /// What must be whole before it can be made.
    pub(crate) follows: Vec<Id>,
    /// What must be gone before it can go.
    pub(crate) outlives: Vec<Id>,
}

/// A step that others may wait for, and how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Other {
    pub(crate) id: Id,
    /// Whether the resource is to be gone in the end.
    pub(crate) is_leaving: bool,
    /// Whether it was created, and has only to be completed.
    pub(crate) exists: bool,
}

impl Order {
    #[must_use]
    pub(crate) fn needs(self, needs: &[Id]) -> Self {
        Self { needs: needs.to_vec(), ..self }
    }

    #[must_use]
    pub(crate) fn follows(self, follows: &[Id]) -> Self {
        Self { follows: follows.to_vec(), ..self }
    }

    #[must_use]
    pub(crate) fn outlives(self, outlives: &[Id]) -> Self {
        Self { outlives: outlives.to_vec(), ..self }
    }

    /// Whether a step with this order waits for another that is not done yet. Nothing leaves a stack
    /// that is still being made.
    pub(crate) fn waits_for(&self, other: Other, is_leaving: bool) -> bool {
        match (is_leaving, other.is_leaving) {
            (true, false) => true,
            (true, true) => self.outlives.contains(&other.id),
            (false, false) if other.exists => self.follows.contains(&other.id),
            (false, false) => self.needs.contains(&other.id) || self.follows.contains(&other.id),
            (false, true) => false,
        }
    }
}

/// Takes away what waits for nothing, again and again. Answers with what is left: a circle, and what
/// waits for it.
#[cfg(test)]
pub(crate) fn circle(nodes: &[(Id, Vec<Id>)]) -> Vec<Id> {
    let mut left: Vec<&(Id, Vec<Id>)> = nodes.iter().collect();
    loop {
        let ids: Vec<Id> = left.iter().map(|(id, _)| *id).collect();
        let is_free = |(_, waits): &&(Id, Vec<Id>)| !waits.iter().any(|id| ids.contains(id));
        let (free, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(is_free);
        if free.is_empty() {
            return ids;
        }
        left = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::resource::Kind;

    #[test]
    fn a_circle_would_be_found() {
        const BUCKET: Id = Id(&Kind::new("bucket", ""));
        const LOGS: Id = Id(&Kind::new("logs", ""));
        const ROLE: Id = Id(&Kind::new("role", ""));
        const TOPIC: Id = Id(&Kind::new("topic", ""));
        let waits = |id, others: &[Id]| (id, others.to_vec());
        let ring = [
            waits(TOPIC, &[BUCKET]),
            waits(BUCKET, &[TOPIC]),
            waits(ROLE, &[BUCKET]),
            waits(LOGS, &[]),
        ];
        assert_eq!(circle(&ring), [TOPIC, BUCKET, ROLE]);
    }
}
