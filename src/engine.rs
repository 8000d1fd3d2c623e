//! What is wanted against what AWS holds: the difference, the plan, and the walk through it.
//!
//! No AWS service and no resource is known here by name.

#[macro_use]
pub(crate) mod fields;

pub(crate) mod apply;
pub(crate) mod changelog;
pub(crate) mod edits;
pub(crate) mod order;
pub(crate) mod plan;
pub(crate) mod resource;
