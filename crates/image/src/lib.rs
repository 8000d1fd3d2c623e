//! The image engine: the bytes of an original in, its encoded variants out.
//!
//! ```text
//! sniff → decode → resize → colour → encode
//! └──────────────── engine ───────────────┘
//! ```
//!
//! It is the same on AWS and on the user's own machine.

pub mod colour;
pub mod decode;
pub mod encode;
pub mod engine;
pub mod error;
pub mod limits;
pub mod pixels;
pub mod planar;
pub mod reduce;
pub mod resize;
pub mod sniff;
