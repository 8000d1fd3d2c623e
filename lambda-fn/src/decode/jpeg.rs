//! JPEG, whole: what `zune-jpeg` decodes, with inks as they are.

use zune_jpeg::{
    JpegDecoder,
    errors::DecodeErrors,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use super::{
    BoxedOriginal, Header, Original, broken, ends_early, orientation, pixels, unsupported,
};
use crate::{
    colour::rgb_of_ycbcr,
    error::RenderError,
    reduce::{Layout, Reducer},
    sniff::{self, JpegOutline, SourceFormat},
};

const FORMAT: SourceFormat = SourceFormat::Jpeg;

/// Encoders write about ten scans, and 100 at the very most. Each costs a walk over all blocks but
/// next to no bytes, so thousands of them are a bomb; libjpeg-turbo's own tools are advised to stop
/// at 500 (`-maxscans`).
const MOST_SCANS: usize = 500;

pub(super) fn open(bytes: &[u8]) -> Result<BoxedOriginal<'_>, RenderError> {
    if !sniff::is_complete_jpeg(bytes) {
        return Err(ends_early(FORMAT));
    }
    let outline =
        JpegOutline::read(bytes).ok_or_else(|| broken(FORMAT, "its frame header is missing"))?;
    check_process(&outline)?;
    if outline.width == 0 || outline.height == 0 {
        let message = format!("it is {}x{} pixels", outline.width, outline.height);
        return Err(broken(FORMAT, message));
    }
    if !outline.is_sequential() && sniff::count_jpeg_scans(bytes, MOST_SCANS) > MOST_SCANS {
        return Err(broken(FORMAT, format!("it has more than {MOST_SCANS} scans")));
    }
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options());
    decoder.decode_headers().map_err(refused)?;
    let colours = decoder.input_colorspace().unwrap_or(ColorSpace::Unknown);
    let (layout, output) = match colours {
        ColorSpace::Luma => (Layout::Grey, ColorSpace::Luma),
        ColorSpace::YCbCr | ColorSpace::RGB => (Layout::Rgb, ColorSpace::RGB),
        ColorSpace::CMYK | ColorSpace::YCCK => (Layout::Cmyk, colours),
        _ => return Err(unsupported(FORMAT, format!("{} components", outline.sampling.len()))),
    };
    decoder.set_options(options().jpeg_set_out_colorspace(output));
    let header = Header {
        format: FORMAT,
        width: u32::from(outline.width),
        height: u32::from(outline.height),
        orientation: orientation(decoder.exif().map(Vec::as_slice)),
        layout,
        whole_bytes: pixels(u32::from(outline.width), u32::from(outline.height))
            * layout.channels() as u64,
        working_bytes: working_bytes(&outline),
    };
    Ok(Box::new(Jpeg {
        header,
        decoder,
        inverted: outline.adobe,
        ycck: colours == ColorSpace::YCCK,
    }))
}

struct Jpeg<'a> {
    header: Header,
    decoder: JpegDecoder<ZCursor<&'a [u8]>>,
    /// Whether inks are stored as their complement.
    inverted: bool,
    /// Whether the complement of three inks is stored as YCbCr.
    ycck: bool,
}

impl Original for Jpeg<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn icc(&mut self) -> Option<Vec<u8>> {
        self.decoder.icc_profile()
    }

    fn read(&mut self, reducer: &mut Reducer) -> Result<(), RenderError> {
        let mut image = self.decoder.decode().map_err(refused)?;
        if self.header.layout == Layout::Cmyk {
            for pixel in image.as_chunks_mut::<4>().0 {
                *pixel = self.inks(*pixel);
            }
        }
        reducer.push_image(image);
        Ok(())
    }
}

impl Jpeg<'_> {
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
fn check_process(outline: &JpegOutline) -> Result<(), RenderError> {
    let name = match outline.process {
        0xc0..=0xc2 if outline.precision == 8 => return Ok(()),
        0xc0..=0xc2 => format!("{} bits a sample", outline.precision),
        0xc3 => "lossless".to_owned(),
        0xc5..=0xc7 | 0xcd..=0xcf => "hierarchical".to_owned(),
        _ => "arithmetic coding".to_owned(),
    };
    Err(unsupported(FORMAT, name))
}

/// Copies of metadata, some rows of blocks, and every coefficient in 16 bits, unless one scan holds
/// all of them.
fn working_bytes(outline: &JpegOutline) -> u64 {
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

fn refused(error: DecodeErrors) -> RenderError {
    match error {
        DecodeErrors::Unsupported(scheme) => unsupported(FORMAT, format!("{scheme:?}")),
        error => broken(FORMAT, format!("{error:?}")),
    }
}
