//! The Lambda function of an imgprep stack: an S3 event in, image variants out.
//!
//! The library holds everything that can run without AWS, so that its tests do. [`handler`] decides
//! what a failure means. AWS itself appears only in `s3_store`, `invalidation` and `runtime`,
//! behind the feature `runtime`, which [`runtime::serve`] begins; what becomes of an image is the affair of `imgprep-image`.

pub mod capacity;
#[cfg(feature = "runtime")]
mod causes;
pub mod handler;
#[cfg(feature = "runtime")]
pub mod invalidation;
pub mod log;
pub mod panics;
pub mod patience;
#[cfg(feature = "runtime")]
pub mod runtime;
#[cfg(feature = "runtime")]
pub mod s3_store;
pub mod store;
