//! The Lambda function of an imgprep stack: an S3 event in, image variants out.
//!
//! The library holds everything that can run without AWS, so that the `imgprep` tool shares it.
//! Data flows one way:
//!
//! ```text
//! event → handler → store.get → sniff → decode → resize → colour → encode → store.put
//!                               └─────────────── variants ───────────────┘
//! ```
//!
//! [`settings`] is what both sides must agree on; [`variants`] is the whole image path as one
//! function; [`handler`] decides what a failure means. AWS itself appears only in `s3_store` and
//! in the binary, behind the feature `runtime`.

pub mod address;
pub mod capacity;
pub mod colour;
pub mod decode;
pub mod encode;
pub mod error;
pub mod event;
pub mod failure;
#[cfg(test)]
mod fixtures;
mod fnv;
pub mod handler;
#[cfg(feature = "runtime")]
pub mod invalidation;
pub mod jpeg;
pub mod limits;
pub mod log;
pub mod panics;
pub mod patience;
pub mod pixels;
pub mod planar;
pub mod reduce;
pub mod resize;
#[cfg(feature = "runtime")]
pub mod s3_store;
pub mod sample;
pub mod settings;
pub mod sniff;
pub mod store;
pub mod variants;
