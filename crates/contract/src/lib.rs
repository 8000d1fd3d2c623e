//! What the `imgprep` tool and its Lambda function agree on: settings, keys, events, records and the
//! lines of the log.
//!
//! Values and texts only: no pixel, and no call to AWS.

pub mod address;
pub mod batch;
pub mod event;
pub mod failure;
mod fnv;
pub mod framing;
pub mod keys;
pub mod log;
pub mod message;
pub mod settings;
