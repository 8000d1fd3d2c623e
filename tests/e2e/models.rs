//! What AWS's models think of requests: of the most that a file allows, and of wrong ones.

mod limits;
mod wrong;

pub(crate) use self::limits::*;
pub(crate) use self::wrong::*;
