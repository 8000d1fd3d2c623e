//! The image engine: the bytes of an original in, its encoded variants out.
//!
//! It is the same on AWS and on the user's own machine. [`engine`] is the whole path as two functions,
//! `open` and `render`, over
//!
//! ```text
//! formats → decode → reduce → resize → colour → encode → formats
//! ```

mod attention;
pub mod colour;
pub mod damage;
pub mod decode;
mod encode;
pub mod engine;
pub mod error;
pub mod formats;
mod geometry;
pub mod header;
pub mod limits;
pub mod order;
mod original;
mod picture;
pub mod pixels;
pub mod placeholder;
mod planar;
mod quality;
mod reduce;
mod resize;
mod rights;
mod rows;
mod target;
mod thumbnail;
pub mod watermark;
mod window;
