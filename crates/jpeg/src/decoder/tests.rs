//! Tests of the decoder as a whole, on files made here coefficient by coefficient, and on files of
//! another encoder.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "numbers of samples, and samples that are made positive"
)]

mod comparison;
mod damage;
mod header;
mod layouts;
mod planes;
mod progressive;
mod transform;

use super::{DecodeError, Decoded, Plan, Request, Scratch, decode, plan, read_header};
use crate::Plane;

/// Decodes with so many samples per pixel.
fn decoded(file: &[u8], luma: f64, chroma: f64) -> Result<Decoded, DecodeError> {
    decode(file, &planned(file, luma, chroma), &mut Scratch::default())
}

fn planned(file: &[u8], luma: f64, chroma: f64) -> Plan {
    let header = read_header(file).unwrap();
    let rows = 0..header.height;
    plan(&header, &Request { luma_density: luma, chroma_density: chroma, rows }).unwrap()
}

/// The first plane of a decoded image.
fn luma(decoded: Decoded) -> Plane {
    decoded.components.into_iter().next().unwrap().plane
}
