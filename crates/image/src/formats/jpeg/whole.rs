//! JPEG, whole: what `zune-jpeg` decodes, with inks as they are.
//!
//! Also of a file that was cut off, where enough of it is left. What zune-jpeg makes of one, when it
//! is not strict (0.5.15, read in its source and tried in the tests):
//!
//! - Sequential, all components in one scan: rows up to the one in which the data ends; that one is
//!   filled up with what its buffers held; the rest is 128 in every channel.
//! - Sequential in several scans: nothing or wrong colours. Refused, unless each scan is complete.
//!   (Those in `YCbCr` never come here, because even whole ones may get rows of another place.)
//! - Progressive: the transform of what coefficients there are. If those of frequency zero are there
//!   for all components, the picture is whole and only less sharp; otherwise it is refused. A header
//!   that is cut off would be an error, so the decoder is not shown it. That does not help right
//!   behind the first scan, where it insists on a marker: such a file is refused.

use jpeg::outline::{self, Outline, Scans};
use zune_jpeg::{
    JpegDecoder,
    errors::DecodeErrors,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use crate::{
    colour::rgb_of_ycbcr,
    damage::Damage,
    error::RenderError,
    geometry::pixel_count,
    header::{self, Header, SourceFormat},
    reduce::{Layout, Reducer},
    rows::{BoxedRows, Rows},
};

const FORMAT: SourceFormat = SourceFormat::Jpeg;

/// Encoders write about ten scans, and 100 at the very most. Each costs a walk over all blocks but
/// next to no bytes, so thousands of them are a bomb; libjpeg-turbo's own tools are advised to stop
/// at 500 (`-maxscans`).
const MOST_SCANS: usize = 500;

pub(crate) fn open(bytes: &[u8]) -> Result<BoxedRows<'_>, RenderError> {
    let is_complete = outline::is_complete(bytes);
    let outline = match Outline::read(bytes) {
        Some(outline) => outline,
        None if is_complete => {
            return Err(RenderError::broken(FORMAT, "its frame header is missing"));
        }
        None => return Err(RenderError::ends_early(FORMAT)),
    };
    check_process(&outline)?;
    if outline.width == 0 || outline.height == 0 {
        let message = format!("it is {}x{} pixels", outline.width, outline.height);
        return Err(RenderError::broken(FORMAT, message));
    }
    let scans = Scans::read(bytes, MOST_SCANS);
    if !outline.is_sequential() && scans.begun > MOST_SCANS {
        return Err(RenderError::broken(FORMAT, format!("it has more than {MOST_SCANS} scans")));
    }
    let damage = damage(is_complete, &outline, &scans);
    // See above: a header that is cut off would be an error.
    let hides_header = !is_complete && !outline.is_sequential();
    let shown = if hides_header { &bytes[..scans.end] } else { bytes };
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(shown), options());
    decoder.decode_headers().map_err(|error| refused(error, damage))?;
    let colours = decoder.input_colorspace().unwrap_or(ColorSpace::Unknown);
    let (layout, output) = match colours {
        ColorSpace::Luma => (Layout::Grey, ColorSpace::Luma),
        ColorSpace::YCbCr | ColorSpace::RGB => (Layout::Rgb, ColorSpace::RGB),
        ColorSpace::CMYK | ColorSpace::YCCK => (Layout::Cmyk, colours),
        _ => {
            return Err(RenderError::unsupported(
                FORMAT,
                format!("{} components", outline.sampling.len()),
            ));
        }
    };
    decoder.set_options(options().jpeg_set_out_colorspace(output));
    let header = Header {
        format: FORMAT,
        width: u32::from(outline.width),
        height: u32::from(outline.height),
        orientation: header::orientation(decoder.exif().map(Vec::as_slice)),
        layout,
        whole_bytes: pixel_count(u32::from(outline.width), u32::from(outline.height))
            * layout.channels() as u64,
        working_bytes: working_bytes(&outline),
    };
    Ok(Box::new(Jpeg {
        header,
        decoder,
        inverted: outline.adobe,
        ycck: colours == ColorSpace::YCCK,
        damage,
        unit_rows: 8 * u32::from(outline.largest_sampling().1),
    }))
}

/// What is wrong with a file, as far as its scans tell. If rows are missing it is the most that can be
/// intact; how many are shows when they are read.
fn damage(is_complete: bool, outline: &Outline, scans: &Scans) -> Option<Damage> {
    let rows = u32::from(outline.height);
    let cut_off = |intact: u64| {
        Some(Damage::CutOff { intact: u32::try_from(intact).map_or(rows, |r| r.min(rows)), rows })
    };
    let (across, down) = outline.largest_sampling();
    let (across, down) = (8 * u32::from(across), 8 * u32::from(down));
    // A block takes at least a bit for each of its codes: one, if frequency zero is alone.
    let codes = if outline.is_progressive() { 1 } else { 2 };
    let blocks = u32::from(outline.width).div_ceil(across) * u32::from(outline.first_scan);
    let rows_of_units = 8 * scans.first_bytes as u64 / u64::from(codes * blocks.max(1));
    let is_enough = rows_of_units >= u64::from(rows.div_ceil(down));
    if is_complete && is_enough {
        None
    } else if outline.is_sequential() {
        cut_off(rows_of_units * u64::from(down))
    } else if is_enough && scans.components.len() >= outline.sampling.len() {
        Some(Damage::FewerScans { complete: scans.complete })
    } else {
        cut_off(0)
    }
}

struct Jpeg<'a> {
    header: Header,
    decoder: JpegDecoder<ZCursor<&'a [u8]>>,
    /// Whether inks are stored as their complement.
    inverted: bool,
    /// Whether the complement of three inks is stored as YCbCr.
    ycck: bool,
    /// What is wrong with the file; in full when it is read.
    damage: Option<Damage>,
    /// Rows of the picture that a unit covers.
    unit_rows: u32,
}

impl Rows for Jpeg<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn icc(&mut self) -> Option<Vec<u8>> {
        self.decoder.icc_profile()
    }

    fn read(&mut self, reducer: &mut Reducer) -> Result<(), RenderError> {
        let mut image = self.decode()?;
        if self.header.layout == Layout::Cmyk {
            for pixel in image.as_chunks_mut::<4>().0 {
                *pixel = self.inks(*pixel);
            }
        }
        reducer.push_image(&image);
        Ok(())
    }

    fn damage(&self) -> Option<Damage> {
        self.damage
    }
}

/// Rows at the top of a picture that are sure to be decoded: those that are not in the last row of
/// units that shows anything.
fn intact_rows(image: &[u8], row_bytes: usize, unit_rows: u32) -> u32 {
    const FILL: u8 = 128;
    let is_filled = |row: &&[u8]| row.iter().all(|&sample| sample == FILL);
    let filled = image.rchunks_exact(row_bytes).take_while(is_filled).count();
    let shown = u32::try_from(image.len() / row_bytes - filled).unwrap_or_default();
    shown.saturating_sub(1) / unit_rows * unit_rows
}

impl Jpeg<'_> {
    /// Decodes, and looks how much of the picture is there.
    fn decode(&mut self) -> Result<Vec<u8>, RenderError> {
        self.check_rows()?;
        let image = self.decoder.decode().map_err(|error| refused(error, self.damage))?;
        if let Some(Damage::CutOff { intact, .. }) = &mut self.damage {
            let row_bytes = self.header.width as usize * self.header.layout.channels();
            *intact = intact_rows(&image, row_bytes, self.unit_rows).min(*intact);
        }
        self.check_rows()?;
        Ok(image)
    }

    /// What is grey all over is no picture.
    fn check_rows(&self) -> Result<(), RenderError> {
        match self.damage {
            Some(Damage::CutOff { intact: 0, .. }) => Err(RenderError::ends_early(FORMAT)),
            _ => Ok(()),
        }
    }

    fn inks(&self, [c, m, y, k]: [u8; 4]) -> [u8; 4] {
        let stored = if self.ycck {
            let [red, green, blue] = rgb_of_ycbcr([c, m, y]);
            [255 - red, 255 - green, 255 - blue, k]
        } else {
            [c, m, y, k]
        };
        if self.inverted { stored.map(|ink| 255 - ink) } else { stored }
    }
}

fn options() -> DecoderOptions {
    // Strictness refuses many files of real cameras. Size has been judged by then.
    DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX)
        .jpeg_set_max_scans(MOST_SCANS)
}

/// Baseline, extended and progressive Huffman coding in eight bits are what is found in photos.
fn check_process(outline: &Outline) -> Result<(), RenderError> {
    let name = match outline.process {
        0xc0..=0xc2 if outline.precision == 8 => return Ok(()),
        0xc0..=0xc2 => format!("{} bits a sample", outline.precision),
        0xc3 => "lossless".to_owned(),
        0xc5..=0xc7 | 0xcd..=0xcf => "hierarchical".to_owned(),
        _ => "arithmetic coding".to_owned(),
    };
    Err(RenderError::unsupported(FORMAT, name))
}

/// Copies of metadata, some rows of blocks, and every coefficient in 16 bits, unless one scan holds
/// all of them.
fn working_bytes(outline: &Outline) -> u64 {
    const COEFFICIENT_BYTES: u64 = 2;
    let (width, height) = (u32::from(outline.width), u32::from(outline.height));
    let (across, down) = outline.largest_sampling();
    let rows_of_blocks =
        u64::from(width.next_multiple_of(64)) * 8 * u64::from(down) * 4 * COEFFICIENT_BYTES;
    let units = u64::from(width.div_ceil(8 * u32::from(across)))
        * u64::from(height.div_ceil(8 * u32::from(down)));
    let blocks: u64 = outline.sampling.iter().map(|&(h, v)| u64::from(h) * u64::from(v)).sum();
    let coefficients =
        if outline.is_sequential() { 0 } else { units * blocks * 64 * COEFFICIENT_BYTES };
    coefficients + 4 * rows_of_blocks + outline.metadata_bytes
}

fn refused(error: DecodeErrors, damage: Option<Damage>) -> RenderError {
    match error {
        _ if damage.is_some() => RenderError::ends_early(FORMAT),
        DecodeErrors::Unsupported(scheme) => {
            RenderError::unsupported(FORMAT, format!("{scheme:?}"))
        }
        error => RenderError::broken(FORMAT, format!("{error:?}")),
    }
}
