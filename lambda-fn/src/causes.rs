//! An error together with what caused it, as people read it.

use std::error::Error;

/// An error and what caused it, each in its own words. Its `Debug` form, which the SDK would add,
/// may hold parts of the request.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += ": ";
        text += &error.to_string();
        cause = error.source();
    }
    text
}
