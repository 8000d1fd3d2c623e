//! What is held of a macroblock.

use crate::{filter::Strength, lanes::Line};

/// The samples of a macroblock, and what its edges need.
#[derive(Clone, Debug)]
pub(crate) struct Macroblock {
    /// Rows of brightness.
    pub(crate) luma: [Line; 16],
    /// Rows of both colours, eight samples of each.
    pub(crate) chroma: [Line; 8],
    /// How its edges are filtered, if they are.
    pub(crate) strength: Option<Strength>,
    /// Whether the edges within it are filtered, too.
    pub(crate) is_filtered_within: bool,
}

impl Macroblock {
    pub(crate) fn new() -> Self {
        Self {
            luma: [[0; 16]; 16],
            chroma: [[0; 16]; 8],
            strength: None,
            is_filtered_within: false,
        }
    }
}
