//! How far each component must be decoded, and what memory that takes.

use std::ops::Range;

use super::{
    bits,
    header::{FrameComponent, Header, Model, Process},
    idct,
};

/// What a small image needs of a large one.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Samples of brightness per pixel of the original, at least, in both directions.
    pub luma_density: f64,
    /// The same for colour. Never more than the original has.
    pub chroma_density: f64,
    /// Rows of the original that are needed. Others may stay grey.
    pub rows: Range<u32>,
}

/// What will be decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// One for grey, three for `YCbCr`.
    pub(super) components: Vec<PlannedComponent>,
    /// The largest sampling factors of the frame.
    pub(super) sampling_max: (u32, u32),
    /// The image's size.
    pub(super) size: (u32, u32),
    pub(super) rows: Range<u32>,
}

/// How a component will be decoded.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PlannedComponent {
    pub(super) id: u8,
    pub(super) quantisation: u8,
    /// Sampling factors.
    pub(super) sampling: (u32, u32),
    /// The component's own size in the original.
    pub(super) size: (u32, u32),
    /// Samples that a block is decoded to: how many eighths remain.
    pub(super) eighths: (u32, u32),
}

/// Decides how far to decode an image; nothing if it is one for the general decoder.
pub fn plan(header: &Header, request: &Request) -> Option<Plan> {
    let sequential = matches!(header.process, Process::Baseline | Process::Extended);
    let model = matches!(header.model, Model::Grey | Model::YCbCr);
    let factors_legal = header.components.iter().all(|component| {
        (1..=4).contains(&component.horizontal) && (1..=4).contains(&component.vertical)
    });
    let tables_legal = header.components.iter().all(|component| component.quantisation < 4);
    if !(sequential && model && header.precision == 8 && factors_legal && tables_legal) {
        return None;
    }
    let largest = |factor: fn(&FrameComponent) -> u8| header.components.iter().map(factor).max();
    let sampling_max = (
        u32::from(largest(|component| component.horizontal)?),
        u32::from(largest(|component| component.vertical)?),
    );
    let size = (header.width, header.height);
    let densities = [request.luma_density, request.chroma_density, request.chroma_density];
    let components = header.components.iter().zip(densities);
    let components = components
        .map(|(component, density)| PlannedComponent::new(component, density, size, sampling_max))
        .collect::<Option<_>>()?;
    Some(Plan { components, sampling_max, size, rows: request.rows.clone() })
}

impl Plan {
    /// Width and height of the planes: brightness, then, unless the image is grey, Cb and Cr.
    pub fn plane_sizes(&self) -> impl Iterator<Item = (u32, u32)> {
        self.components.iter().map(PlannedComponent::plane_size)
    }

    /// The most memory that decoding takes, with the planes, but without the file itself.
    pub fn memory_bytes(&self) -> u64 {
        const TABLES: u64 = 128 << 10;
        // To a whole unit of at most four blocks, and to a whole batch of eight.
        const PADDING_BLOCKS: u64 = 11;
        let plane = |component: &PlannedComponent| {
            let (width, height) = component.plane_size();
            // A row of units on its way to the plane: coefficients, and samples of its rows.
            let blocks = u64::from(component.size.0.div_ceil(8)) + PADDING_BLOCKS;
            let row = blocks * (u64::from(component.sampling.1) * idct::BLOCK_BYTES + 16);
            u64::from(width) * u64::from(height) + row
        };
        self.components.iter().map(plane).sum::<u64>() + TABLES + bits::WINDOW as u64
    }
}

impl PlannedComponent {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as the header has it")]
    fn new(
        component: &FrameComponent,
        density: f64,
        (width, height): (u32, u32),
        (horizontal_max, vertical_max): (u32, u32),
    ) -> Option<Self> {
        let sampling = (u32::from(component.horizontal), u32::from(component.vertical));
        let own = |pixels: u32, factor: u32, max: u32| (pixels * factor).div_ceil(max);
        Some(Self {
            id: component.id,
            quantisation: component.quantisation,
            sampling,
            size: (own(width, sampling.0, horizontal_max), own(height, sampling.1, vertical_max)),
            eighths: (
                eighths(density, sampling.0, horizontal_max)?,
                eighths(density, sampling.1, vertical_max)?,
            ),
        })
    }

    pub(super) fn plane_size(&self) -> (u32, u32) {
        let side = |samples: u32, eighths: u32| (samples * eighths).div_ceil(8);
        (side(self.size.0, self.eighths.0), side(self.size.1, self.eighths.1))
    }

    pub(super) fn density(&self, (horizontal_max, vertical_max): (u32, u32)) -> (f64, f64) {
        let density = |eighths: u32, factor: u32, max: u32| {
            f64::from(eighths) / 8.0 * f64::from(factor) / f64::from(max)
        };
        (
            density(self.eighths.0, self.sampling.0, horizontal_max),
            density(self.eighths.1, self.sampling.1, vertical_max),
        )
    }
}

/// The fewest eighths of a component that keep the density, if four are enough.
fn eighths(density: f64, factor: u32, factor_max: u32) -> Option<u32> {
    // Densities are quotients of sizes: a rounding error must not cost a larger scale.
    const TOLERANCE: f64 = 1e-9;
    let most = f64::from(factor) / f64::from(factor_max);
    let wanted = density.min(most) - TOLERANCE;
    (1..=4).find(|&eighths| f64::from(eighths) / 8.0 * most >= wanted)
}
