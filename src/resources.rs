//! The resources of a stack, a file each.
//!
//! Deliberately absent: order, configuration, printing, and any use of one by another.

pub(crate) mod bucket;
pub(crate) mod cdn;
pub(crate) mod dead_letters;
pub(crate) mod folders;
pub(crate) mod function;
pub(crate) mod logs;
pub(crate) mod notification;
pub(crate) mod policy;
pub(crate) mod retired_folder;
pub(crate) mod role;
pub(crate) mod topic;
pub(crate) mod trigger;
