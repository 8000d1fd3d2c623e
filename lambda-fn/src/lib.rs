//! The Lambda function of an imgprep stack: an S3 event in, image variants out.
//!
//! The library holds everything that can run without AWS, so that the `imgprep` tool shares it:
//! the [`settings`] that both sides must agree on, and the image path itself.

pub mod settings;
