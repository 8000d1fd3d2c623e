//! What every resource shares of AWS: clients, calls and their errors, waits, policies, addresses.
//!
//! Deliberately absent: any resource's name or meaning, decisions, and printing.

pub(crate) mod bucket;
pub(crate) mod call;
pub(crate) mod clients;
mod clock;
pub(crate) mod cloudfront;
pub(crate) mod denial;
pub(crate) mod endpoint;
pub(crate) mod fetch;
pub(crate) mod iam;
pub(crate) mod lambda;
pub(crate) mod marker;
pub(crate) mod objects;
pub(crate) mod policy;
pub(crate) mod reach;
mod settings;
#[cfg(test)]
mod stand_in;
pub(crate) mod subscribers;
mod transport;
mod upload;
pub(crate) mod wait;
pub(crate) mod zones;

pub(crate) use call::{AwsError, Calling};
pub(crate) use clients::{Aws, Connection};
pub(crate) use settings::endpoint_variables;
pub(crate) use upload::Upload;
