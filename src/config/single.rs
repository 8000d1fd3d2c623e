//! Values that come one by one, before there is a file: judged by the rules of the file.
//!
//! Deliberately absent: rules that concern more than one value, which need the whole file.

use super::problem::{Fault, Problem};
use super::{folder_rules, name_rules, uploads};

/// What the file would have against this name of a stack, as a predicate.
pub(crate) fn check_stack(name: &str) -> Result<(), String> {
    judged(name_rules::stack(name))
}

/// As [`check_stack`], for a bucket.
pub(crate) fn check_bucket(name: &str) -> Result<(), String> {
    judged(name_rules::bucket(name))
}

/// As [`check_stack`], for the size of a variant.
pub(crate) fn check_size(size: &str) -> Result<(), String> {
    judged(folder_rules::size(size))
}

/// As [`check_stack`], for the content type of one file.
pub(crate) fn check_content_type(text: &str) -> Result<(), String> {
    judged(uploads::content_type(text))?;
    if text.ends_with('*') { Err("is more than one type".to_owned()) } else { Ok(()) }
}

fn judged(verdict: Result<(), Fault>) -> Result<(), String> {
    verdict.map_err(|fault| Problem::new("", None, fault).sentence())
}
