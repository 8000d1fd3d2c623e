//! What imgprep's tests are made with: local AWSs that are started when they are first needed, a proxy
//! before each pipeline, imgprep run against it, and whole lives of stacks that are hit on the way.
//!
//! A test binary says where it was built, with [`begin!`], before anything else.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::missing_panics_doc, reason = "a test that cannot go on has failed")]

pub mod acm;
pub mod calls;
pub mod changed;
pub mod clients;
pub mod durations;
pub mod emulator;
pub mod faults;
pub mod function;
pub mod http;
pub mod jobs;
pub mod lives;
pub mod matrix;
pub mod models;
pub mod proxy;
pub mod real_aws;
pub mod snapshot;

mod output;
mod pipeline;
mod program;
mod wait;

pub use self::output::{Failed, Output, each, ended, resource, run};
pub use self::pipeline::{Pipeline, REGION};
pub use self::program::{Build, begin, command, free_port};
pub use self::wait::{RUNTIME, wait_for};
