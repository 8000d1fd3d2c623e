//! A JPEG as an original, decoded only as far as its variants need.

use jpeg::decoder::{self, Component, DecodeError, Model, Plan, Request};

use crate::{
    colour::{self, Correction},
    damage::Damage,
    decode::Decoded,
    error::RenderError,
    geometry::{self, Grid, pixel_count},
    header::{self, Header, SourceFormat},
    limits::Shrunk,
    order::Order,
    picture::Picture,
    planar::Planar,
    reduce::{Channels, Layout},
    resize::Source,
    target,
};

const FORMAT: SourceFormat = SourceFormat::Jpeg;

/// A JPEG whose header is read.
pub(crate) struct Photo<'a> {
    bytes: &'a [u8],
    pub(crate) header: Header,
    /// What decoding leaves of it.
    pub(crate) shrunk: Shrunk,
    model: Model,
    plan: Plan,
    icc: Option<Vec<u8>>,
    /// The way from its colours to sRGB, unless they are inks.
    correction: Option<Correction>,
}

impl<'a> Photo<'a> {
    /// Reads a header, and decides what this order needs.
    pub(crate) fn open(bytes: &'a [u8], order: Order<'_>) -> Result<Self, RenderError> {
        let mut stored = decoder::read_header(bytes).map_err(refused)?;
        let layout = match stored.model {
            Model::Grey => Layout::Grey,
            Model::YCbCr | Model::Rgb | Model::Other => Layout::Rgb,
            Model::Cmyk | Model::Ycck => Layout::Cmyk,
        };
        let exif = stored.exif.clone().and_then(|place| bytes.get(place));
        let mut header = Header {
            format: FORMAT,
            width: stored.width,
            height: stored.height,
            orientation: header::orientation(exif),
            layout,
            whole_bytes: 0,
            working_bytes: 0,
        };
        let icc = stored.icc.take().filter(|icc| colour::fits(icc, layout));
        let correction = icc.as_deref().and_then(|icc| Correction::from_icc(icc, false));
        let request = request(&header, order, correction.is_none());
        let plan = decoder::plan(&stored, &request)
            .map_err(|refusal| RenderError::unsupported(FORMAT, refusal))?;
        let shrunk = shrunk(&plan, stored.model, layout);
        // What is interleaved is there in planes first.
        let planes = if is_planar(stored.model) { plan.plane_bytes() } else { 0 };
        let profile = icc.as_ref().map_or(0, Vec::len) as u64;
        header.working_bytes = plan.memory_bytes().saturating_sub(planes) + profile;
        Ok(Self { bytes, header, shrunk, model: stored.model, plan, icc, correction })
    }

    /// Decodes what was planned. Damage shows in the picture, as in browsers. Of a file that was cut
    /// off there must be more than none: the first row of blocks, in all its components.
    pub(crate) fn read(self, scratch: &mut decoder::Scratch) -> Result<Decoded, RenderError> {
        let decoded = decoder::decode(self.bytes, &self.plan, scratch).map_err(refused)?;
        let damage = decoded.damage.map(|damage| self.told(damage)).transpose()?;
        let Header { width, height, orientation, .. } = self.header;
        if is_planar(self.model) {
            let planar = Planar::new(decoded, (width, height), orientation);
            let picture = Picture::Planes(planar);
            return Ok(Decoded { picture, correction: self.correction, damage });
        }
        let grid = Grid {
            density: finest(&decoded.components, |component| component.density),
            ..Grid::full((width, height), orientation)
        };
        let (width, height) = self.shrunk.size;
        let first_row = decoded.first_row;
        let planes = aligned(decoded.components, (width, height));
        let mut channels = Channels { width, height, first_row, alpha: false, planes };
        if self.header.layout == Layout::Cmyk {
            to_inks(&mut channels.planes, self.model == Model::Ycck);
            channels = colour::inks_to_srgb(channels, self.icc.as_deref());
        }
        let picture = Picture::Pixels(Source::new(channels, grid));
        Ok(Decoded { picture, correction: self.correction, damage })
    }

    /// What the decoder says of damage, or that too little is left.
    fn told(&self, damage: decoder::Damage) -> Result<Damage, RenderError> {
        let rows = self.header.height;
        match damage {
            decoder::Damage::FewerScans { complete } => Ok(Damage::FewerScans { complete }),
            decoder::Damage::Rows { intact, missing } => {
                if !missing || decoder::is_complete(self.bytes) {
                    Ok(Damage::Corrupt { intact, rows })
                } else if intact == 0 {
                    Err(RenderError::ends_early(FORMAT))
                } else {
                    Ok(Damage::CutOff { intact, rows })
                }
            }
        }
    }
}

fn refused(error: DecodeError) -> RenderError {
    match error {
        DecodeError::EndsEarly => RenderError::ends_early(FORMAT),
        error => RenderError::broken(FORMAT, error.to_string()),
    }
}

/// Whether it stays in planes.
fn is_planar(model: Model) -> bool {
    matches!(model, Model::Grey | Model::YCbCr)
}

/// What decoding leaves: planes as they are, or the pixels of the finest of them.
fn shrunk(plan: &Plan, model: Model, layout: Layout) -> Shrunk {
    let size = plan.plane_sizes().fold((1, 1), |a, b| (a.0.max(b.0), a.1.max(b.1)));
    let pixels = pixel_count(size.0, size.1) * layout.channels() as u64;
    Shrunk { size, bytes: if is_planar(model) { plan.plane_bytes() } else { pixels } }
}

/// What the variants need of an original. As JPEG they need chroma only half as fine as luma, unless
/// they have to be RGB on the way.
fn request(header: &Header, order: Order<'_>, may_stay_planar: bool) -> Request {
    let grid = header.grid(1);
    let luma_density = geometry::needed_density(grid.upright(), order);
    let stay_planar = may_stay_planar && target::are_planar(order.variants, FORMAT);
    let chroma_density = if stay_planar { luma_density / 2.0 } else { luma_density };
    Request { luma_density, chroma_density, rows: geometry::needed_rows(&grid, order) }
}

/// The largest of a pair of numbers that each component has.
fn finest(components: &[Component], of: impl Fn(&Component) -> (f64, f64)) -> (f64, f64) {
    components.iter().map(of).fold((0.0, 0.0), |a, b| (a.0.max(b.0), a.1.max(b.1)))
}

/// The samples of each component, as many as the finest one has; coarser ones repeat theirs.
pub(crate) fn aligned(components: Vec<Component>, (width, height): (u32, u32)) -> Vec<Vec<u8>> {
    let (across, down) = finest(&components, |component| component.density);
    let aligned = |Component { plane, density }: Component| {
        if (plane.width, plane.height) == (width, height) {
            return plane.samples;
        }
        let column = |x: u32| nearest(x, density.0 / across, plane.width);
        let columns: Vec<usize> = (0..width).map(column).collect();
        let rows = (0..height).flat_map(|y| {
            let start = nearest(y, density.1 / down, plane.height) * plane.width as usize;
            let row = plane.samples.get(start..).unwrap_or_default();
            columns.iter().map(|&x| row.get(x).copied().unwrap_or_default())
        });
        rows.collect()
    };
    components.into_iter().map(aligned).collect()
}

/// Which of so many samples stands for a pixel, if there is this share of one for each.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded down to a sample that there is"
)]
fn nearest(pixel: u32, share: f64, samples: u32) -> usize {
    (((f64::from(pixel) + 0.5) * share) as u32).min(samples.saturating_sub(1)) as usize
}

/// Amounts of ink, of which everyone stores the complement, as Adobe's programs began to do: browsers,
/// libvips and Pillow read it so whether Adobe's marker is there or not. In YCCK the three colours are
/// what remains of light, and so the complement of the complement.
fn to_inks(planes: &mut [Vec<u8>], is_ycck: bool) {
    let [cyan, magenta, yellow, black] = planes else { return };
    if is_ycck {
        let pixels = cyan.iter_mut().zip(&mut *magenta).zip(&mut *yellow);
        for ((cyan, magenta), yellow) in pixels {
            [*cyan, *magenta, *yellow] = colour::rgb_of_ycbcr([*cyan, *magenta, *yellow]);
        }
    } else {
        for plane in [cyan, magenta, yellow] {
            complement(plane);
        }
    }
    complement(black);
}

fn complement(plane: &mut [u8]) {
    for ink in plane {
        *ink = 255 - *ink;
    }
}
