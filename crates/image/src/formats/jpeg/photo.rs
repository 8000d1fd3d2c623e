//! JPEG as cameras write it, decoded only as far as its variants need.
//!
//! The one place that chooses: what [`Photo::open`] has no answer for goes to the general decoder.

use contract::settings::{Fit, Variant};
use jpeg::decoder::{self, Model, Plan, Request};
use jpeg::outline::{self, Outline};

use crate::{
    colour::{self, Correction},
    damage::Damage,
    error::RenderError,
    geometry::{self, Area, Grid},
    header::{self, Header, SourceFormat},
    planar::Planar,
    reduce::Layout,
    target::Target,
};

const FORMAT: SourceFormat = SourceFormat::Jpeg;

/// A photo that will be decoded in planes.
pub(crate) struct Photo<'a> {
    bytes: &'a [u8],
    pub(crate) header: Header,
    plan: Plan,
    pub(crate) correction: Option<Correction>,
}

impl<'a> Photo<'a> {
    /// Reads a header; nothing if the file is broken there or is one for the general decoder.
    pub(crate) fn open(bytes: &'a [u8], variants: &[Variant]) -> Option<Self> {
        let stored = decoder::read_header(bytes).ok()?;
        let layout = if stored.model == Model::Grey { Layout::Grey } else { Layout::Rgb };
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
        let icc = stored.icc.as_deref().filter(|icc| colour::fits(icc, layout));
        let correction = icc.and_then(|icc| Correction::from_icc(icc, false));
        let wanted = request(&header, variants, correction.is_none());
        // Chroma is rarely stored as fine as it would have to be here. Half as fine is fine enough.
        let half = Request { chroma_density: wanted.luma_density / 2.0, ..wanted.clone() };
        let plan = decoder::plan(&stored, &wanted)
            .or_else(|| decoder::plan(&stored, &half))
            .or_else(|| coarse_plan(bytes, &stored, &wanted))?;
        header.working_bytes = plan.memory_bytes();
        Some(Self { bytes, header, plan, correction })
    }
}

/// As fine as can be, for a sequential file in several scans: zune-jpeg 0.5.15 misplaces rows of
/// blocks in those, and half the detail is better than rows of another place.
fn coarse_plan(bytes: &[u8], stored: &decoder::Header, wanted: &Request) -> Option<Plan> {
    let outline = Outline::read(bytes)?;
    if outline.is_sequential() || outline.is_progressive() {
        return None;
    }
    // Half of all that is stored, if chroma is stored whole, halved or quartered.
    let plans = [0.5, 0.25, 0.125].into_iter().map(|chroma_density| {
        decoder::plan(stored, &Request { luma_density: 0.5, chroma_density, ..wanted.clone() })
    });
    plans.flatten().next()
}

/// What the variants need of an original. As JPEG they need chroma only half as fine as luma, unless
/// they have to be RGB on the way.
fn request(header: &Header, variants: &[Variant], may_stay_planar: bool) -> Request {
    let grid = header.grid(1);
    let luma_density = geometry::needed_density(grid.upright(), variants);
    let stay_planar = may_stay_planar
        && variants.iter().all(|variant| {
            let target = Target::choose(variant.format, FORMAT, false);
            target == Target::Jpeg && variant.fit != Fit::Pad
        });
    let chroma_density = if stay_planar { luma_density / 2.0 } else { luma_density };
    let rows = variants.iter().map(|variant| needed_rows(&grid, variant));
    let rows = rows.max().unwrap_or(header.height).min(header.height);
    Request { luma_density, chroma_density, rows: 0..rows }
}

/// Rows of the original, from the top, that a variant is made of.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of rows that is cut to what there are"
)]
fn needed_rows(grid: &Grid, variant: &Variant) -> u32 {
    /// Lanczos3 looks at three variant pixels in every direction.
    const MARGIN: f64 = 3.0;
    let placed = geometry::place(grid.upright(), variant);
    let Area { top, height, .. } = grid.samples(placed.area);
    let pixels_per_row = (placed.area.width / f64::from(placed.scaled.0))
        .max(placed.area.height / f64::from(placed.scaled.1));
    (top + height + (MARGIN + 1.0) * pixels_per_row.max(1.0)).ceil() as u32
}

impl Photo<'_> {
    /// Decodes what was planned. Damage shows in the picture, as in browsers. Of a file that was cut
    /// off there must be more than none: the first row of blocks, in all its components.
    pub(crate) fn read(
        self,
        scratch: &mut decoder::Scratch,
    ) -> Result<(Planar, Option<Damage>), RenderError> {
        let decoded = decoder::decode(self.bytes, &self.plan, scratch)
            .map_err(|error| RenderError::broken(FORMAT, error.to_string()))?;
        let Header { width, height: rows, orientation, .. } = self.header;
        let damage = match decoded.damage {
            None => None,
            Some(damage) if damage.missing && !outline::is_complete(self.bytes) => {
                if damage.intact_rows == 0 {
                    return Err(RenderError::ends_early(FORMAT));
                }
                Some(Damage::CutOff { intact: damage.intact_rows, rows })
            }
            Some(damage) => Some(Damage::Corrupt { intact: damage.intact_rows, rows }),
        };
        Ok((Planar::new(decoded, (width, rows), orientation), damage))
    }
}
