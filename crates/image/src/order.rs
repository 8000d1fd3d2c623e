//! What is to be made of one original.

use contract::{framing::Framing, settings::Variant};

use crate::watermark::{self, Watermarks};

/// What is to be made of one original, as its stack and its uploader want it.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The sizes to make, in this order.
    pub variants: &'a [Variant],
    /// What the uploader says of the original's composition.
    pub framing: Framing,
    /// Whether a placeholder is made of the smallest variant.
    pub placeholder: bool,
    /// The logos that its variants may have.
    pub watermarks: &'a Watermarks,
}

impl<'a> Order<'a> {
    /// These variants, and every default.
    pub fn of(variants: &'a [Variant]) -> Self {
        Self {
            variants,
            framing: Framing::default(),
            placeholder: false,
            watermarks: &watermark::NONE,
        }
    }
}
