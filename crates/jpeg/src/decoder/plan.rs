//! How far each component must be decoded, and what memory that takes.

use std::ops::Range;

use super::{
    bits,
    header::{FrameComponent, Header, Model, Process},
    idct::Shape,
    progressive::Coefficients,
    strip::Strip,
};

/// What a small image needs of a large one.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Samples of brightness per pixel of the original, at least, in both directions. Colours that
    /// are not apart from brightness, and inks, get as many.
    pub luma_density: f64,
    /// The same for colour that is apart. Never more than the original has.
    pub chroma_density: f64,
    /// Rows of the original that are needed.
    pub rows: Range<u32>,
}

/// What will be decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// As many as the image has.
    pub(super) components: Vec<PlannedComponent>,
    /// The largest sampling factors of the frame.
    pub(super) sampling_max: (u32, u32),
    /// The image's size.
    pub(super) size: (u32, u32),
    /// Rows of units of all components that hold the rows that are wanted.
    pub(super) unit_rows: Range<u32>,
    pub(super) is_progressive: bool,
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

/// Why an image is not decoded, in words that name its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{0} bits a sample")]
    Precision(u8),
    #[error("lossless")]
    Lossless,
    #[error("hierarchical")]
    Hierarchical,
    #[error("arithmetic coding")]
    Arithmetic,
    #[error("{0} components")]
    Components(usize),
}

/// Decides how far to decode an image.
///
/// # Errors
///
/// If it is of a kind that browsers do not show either.
pub fn plan(header: &Header, request: &Request) -> Result<Plan, Refusal> {
    match header.process {
        Process::Baseline | Process::Extended | Process::Progressive => {}
        Process::Lossless => return Err(Refusal::Lossless),
        Process::Hierarchical => return Err(Refusal::Hierarchical),
        Process::Arithmetic => return Err(Refusal::Arithmetic),
    }
    if header.precision != 8 {
        return Err(Refusal::Precision(header.precision));
    }
    let Request { luma_density, chroma_density, ref rows } = *request;
    let chroma = match header.model {
        // Of YCCK too, whose inks are made of all four together.
        Model::Grey | Model::Rgb | Model::Cmyk | Model::Ycck => luma_density,
        Model::YCbCr => chroma_density,
        Model::Other => return Err(Refusal::Components(header.components.len())),
    };
    let largest = |factor: fn(&FrameComponent) -> u8| {
        header.components.iter().map(factor).max().map_or(1, u32::from)
    };
    let sampling_max =
        (largest(|component| component.horizontal), largest(|component| component.vertical));
    let size = (header.width, header.height);
    let densities = std::iter::once(luma_density).chain(std::iter::repeat(chroma));
    let components = header.components.iter().zip(densities);
    let components = components
        .map(|(component, density)| PlannedComponent::new(component, density, size, sampling_max));
    let unit = 8 * sampling_max.1;
    let end = rows.end.clamp(1, header.height.max(1)).div_ceil(unit);
    Ok(Plan {
        components: components.collect(),
        sampling_max,
        size,
        unit_rows: (rows.start / unit).min(end - 1)..end,
        is_progressive: header.process == Process::Progressive,
    })
}

impl Plan {
    /// Width and height of the planes, of every component in the order of the file.
    pub fn plane_sizes(&self) -> impl Iterator<Item = (u32, u32)> {
        self.components.iter().map(|component| component.plane_size(&self.unit_rows))
    }

    /// The row of the image with which all planes begin.
    pub fn first_row(&self) -> u32 {
        self.unit_rows.start * 8 * self.sampling_max.1
    }

    /// The memory of all planes.
    pub fn plane_bytes(&self) -> u64 {
        self.plane_sizes().map(|(width, height)| u64::from(width) * u64::from(height)).sum()
    }

    /// The most memory that decoding takes, with the planes, but without the file itself.
    pub fn memory_bytes(&self) -> u64 {
        const TABLES: u64 = 192 << 10;
        let components = self.components.iter().map(|component| {
            let shape = component.shape();
            let across = u64::from(self.units().0 * component.sampling.0);
            let strip_rows = if self.is_progressive { 1 } else { component.sampling.1 };
            let strip = Strip::bytes((across, u64::from(strip_rows)), &shape);
            if self.is_progressive {
                let rows = |units: u32| u64::from(units * component.sampling.1);
                let kept = rows(self.unit_rows.end - self.unit_rows.start);
                let parsed = rows(self.unit_rows.end);
                strip + Coefficients::bytes(&shape, across * kept, across * parsed)
            } else {
                strip
            }
        });
        components.sum::<u64>() + self.plane_bytes() + TABLES + bits::WINDOW as u64
    }

    /// Units of all components, across and down.
    pub(super) fn units(&self) -> (u32, u32) {
        let (horizontal, vertical) = self.sampling_max;
        (self.size.0.div_ceil(8 * horizontal), self.size.1.div_ceil(8 * vertical))
    }
}

impl PlannedComponent {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as the header has it")]
    fn new(
        component: &FrameComponent,
        density: f64,
        (width, height): (u32, u32),
        (horizontal_max, vertical_max): (u32, u32),
    ) -> Self {
        let sampling = (u32::from(component.horizontal), u32::from(component.vertical));
        let own = |pixels: u32, factor: u32, max: u32| (pixels * factor).div_ceil(max);
        Self {
            id: component.id,
            quantisation: component.quantisation,
            sampling,
            size: (own(width, sampling.0, horizontal_max), own(height, sampling.1, vertical_max)),
            eighths: (
                eighths(density, sampling.0, horizontal_max),
                eighths(density, sampling.1, vertical_max),
            ),
        }
    }

    pub(super) fn shape(&self) -> Shape {
        Shape::new((self.eighths.0 as usize, self.eighths.1 as usize))
    }

    /// Rows of the whole component, shrunk, that lie before what some rows of units hold.
    fn top(&self, unit_rows: &Range<u32>) -> u32 {
        unit_rows.start * self.sampling.1 * self.eighths.1
    }

    fn plane_size(&self, unit_rows: &Range<u32>) -> (u32, u32) {
        let side = |samples: u32, eighths: u32| (samples * eighths).div_ceil(8);
        let bottom = (unit_rows.end * self.sampling.1 * self.eighths.1)
            .min(side(self.size.1, self.eighths.1));
        (side(self.size.0, self.eighths.0), bottom.saturating_sub(self.top(unit_rows)))
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

/// The fewest eighths of a component that keep the density, or all.
fn eighths(density: f64, factor: u32, factor_max: u32) -> u32 {
    // Densities are quotients of sizes: a rounding error must not cost a larger scale.
    const TOLERANCE: f64 = 1e-9;
    let most = f64::from(factor) / f64::from(factor_max);
    let wanted = density - TOLERANCE;
    (1..8).find(|&eighths| f64::from(eighths) / 8.0 * most >= wanted).unwrap_or(8)
}
