//! The Lambda function of an imgprep stack: an S3 event in, image variants out.
//!
//! The library holds everything that can run without AWS, so that its tests do. [`handler`] decides
//! what a failure means. AWS itself appears only behind the feature `runtime`, which
//! [`runtime::serve`] begins; what becomes of an image is the affair of `imgprep-image`.

#[cfg(feature = "runtime")]
mod announcement;
pub mod capacity;
#[cfg(feature = "runtime")]
mod causes;
pub mod handler;
#[cfg(feature = "runtime")]
mod invalidation;
pub mod log;
pub mod panics;
pub mod patience;
#[cfg(feature = "runtime")]
pub mod runtime;
#[cfg(feature = "runtime")]
pub mod s3_store;
#[cfg(feature = "runtime")]
mod service;
pub mod store;
