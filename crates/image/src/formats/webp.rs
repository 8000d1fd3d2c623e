//! WebP, whole. The container is read here first, because the decoder believes every size in it.
//!
//! The layout of the container is that of RFC 9649.

pub(crate) mod metadata;
pub(crate) mod photo;

use std::{borrow::Cow, io::Cursor};

use contract::settings::Effort;
use image::codecs::webp::WebPDecoder;

use crate::{
    error::{EncodingError, RenderError},
    geometry::pixel_count,
    header::{self, Header, SourceFormat},
    pixels::Pixels,
    quality,
    reduce::{Layout, Reducer},
    rows::{BoxedRows, Rows, read_whole},
};

const FORMAT: SourceFormat = SourceFormat::Webp;

pub(crate) fn matches(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")
}

/// A flag in the header of the extended format.
pub(crate) fn is_animated(bytes: &[u8]) -> bool {
    bytes.get(12..16) == Some(b"VP8X") && bytes.get(20).is_some_and(|flags| flags & 2 != 0)
}

pub(crate) fn open(bytes: &[u8]) -> Result<BoxedRows<'_>, RenderError> {
    let outline = Outline::read(bytes)?;
    let Outline { canvas: (width, height), alpha, .. } = outline;
    let layout = if alpha { Layout::Rgba } else { Layout::Rgb };
    let header = Header {
        format: FORMAT,
        width,
        height,
        orientation: header::orientation(outline.exif),
        layout,
        whole_bytes: pixel_count(width, height) * layout.channels() as u64,
        working_bytes: working_bytes(&outline),
    };
    Ok(Box::new(Webp { header, bytes, icc: outline.icc }))
}

/// For a lossy frame its planes and, if there is one, the alpha channel, which is unpacked as a
/// picture of four channels; for a lossless one four channels that are then packed into three, and
/// the data of its transforms. The first frame of an animation is drawn on a canvas.
fn working_bytes(outline: &Outline<'_>) -> u64 {
    let frame = pixel_count(outline.frame.0, outline.frame.1);
    let frame_bytes = match (outline.lossless, outline.alpha) {
        (true, false) => 4 * frame + frame / 2,
        (true, true) => frame / 2,
        (false, false) => frame * 3 / 2,
        (false, true) => frame * 3 / 2 + 5 * frame,
    };
    let canvas_bytes = if outline.animated {
        4 * (pixel_count(outline.canvas.0, outline.canvas.1) + frame)
    } else {
        0
    };
    // The file exists again if its header promises metadata.
    frame_bytes + canvas_bytes + outline.file_bytes + TABLE_BYTES
}

/// Prefix codes, and the fixed tables of the arithmetic decoder.
const TABLE_BYTES: u64 = 1 << 20;

struct Webp<'a> {
    header: Header,
    bytes: &'a [u8],
    icc: Option<&'a [u8]>,
}

impl Rows for Webp<'_> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn icc(&mut self) -> Option<Vec<u8>> {
        self.icc.map(<[u8]>::to_vec)
    }

    fn read(&mut self, reducer: &mut Reducer) -> Result<(), RenderError> {
        let decoder = WebPDecoder::new(Cursor::new(without_promises(self.bytes)));
        let decoder = decoder.map_err(|error| RenderError::of_image(FORMAT, error))?;
        read_whole(decoder, &self.header, reducer)
    }
}

/// The same file with a header that promises metadata only where there is some: the decoder refuses what
/// does not keep its promises, and whatever is to be had of metadata is taken here.
fn without_promises(bytes: &[u8]) -> Cow<'_, [u8]> {
    const FLAGS_AT: usize = 20;
    const METADATA: u8 = 0x20 | 0x08 | 0x04;
    let mut bytes = Cow::Borrowed(bytes);
    if bytes.get(12..16) == Some(b"VP8X")
        && bytes.get(FLAGS_AT).is_some_and(|it| it & METADATA != 0)
    {
        bytes.to_mut()[FLAGS_AT] &= !METADATA;
    }
    bytes
}

/// What the container says, and what the frame in it says of itself.
#[derive(Debug, Default)]
struct Outline<'a> {
    canvas: (u32, u32),
    /// The first frame, if it is an animation.
    frame: (u32, u32),
    /// The data of that frame.
    data: &'a [u8],
    alpha: bool,
    animated: bool,
    lossless: bool,
    exif: Option<&'a [u8]>,
    icc: Option<&'a [u8]>,
    file_bytes: u64,
}

impl<'a> Outline<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, RenderError> {
        let first = chunks(bytes).next().ok_or_else(|| RenderError::ends_early(FORMAT))?;
        let mut outline = Self { file_bytes: bytes.len() as u64, ..Self::default() };
        if &first.name != b"VP8X" {
            outline.read_frame(&first)?;
            outline.canvas = outline.frame;
            return Ok(outline);
        }
        let &[flags, _, _, _, w0, w1, w2, h0, h1, h2, ..] = first.data else {
            return Err(RenderError::ends_early(FORMAT));
        };
        outline.animated = flags & 0x02 != 0;
        outline.canvas = (side([w0, w1, w2]), side([h0, h1, h2]));
        for chunk in chunks(bytes).skip(1) {
            match &chunk.name {
                b"EXIF" => outline.exif = outline.exif.or(Some(chunk.data)),
                b"ICCP" => outline.icc = outline.icc.or(Some(chunk.data)),
                b"ANMF" if outline.frame == (0, 0) => outline.read_animated_frame(chunk.data)?,
                b"VP8 " | b"VP8L" if outline.frame == (0, 0) => {
                    outline.read_frame(&chunk)?;
                    if outline.frame != outline.canvas {
                        return Err(outline.contradiction());
                    }
                }
                _ => {}
            }
        }
        // The container, not the frame, has the last word.
        outline.alpha = flags & 0x10 != 0;
        if outline.frame == (0, 0) { Err(RenderError::ends_early(FORMAT)) } else { Ok(outline) }
    }

    fn read_animated_frame(&mut self, data: &'a [u8]) -> Result<(), RenderError> {
        const FRAME_HEADER: usize = 16;
        let &[_, _, _, _, _, _, w0, w1, w2, h0, h1, h2, ..] = data else {
            return Err(RenderError::ends_early(FORMAT));
        };
        let announced = (side([w0, w1, w2]), side([h0, h1, h2]));
        let mut chunks = chunks_from(data, FRAME_HEADER);
        let frame = chunks.find(|chunk| matches!(&chunk.name, b"VP8 " | b"VP8L"));
        self.read_frame(&frame.ok_or_else(|| RenderError::ends_early(FORMAT))?)?;
        let fits = announced.0 <= self.canvas.0 && announced.1 <= self.canvas.1;
        if self.frame == announced && fits { Ok(()) } else { Err(self.contradiction()) }
    }

    /// RFC 6386, section 9.1, and RFC 9649, section 3.4.
    fn read_frame(&mut self, chunk: &Chunk<'a>) -> Result<(), RenderError> {
        self.data = chunk.data;
        match (&chunk.name, chunk.data) {
            (b"VP8 ", &[_, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..]) => {
                let side = |bytes| u32::from(u16::from_le_bytes(bytes) & 0x3fff);
                self.frame = (side([w0, w1]), side([h0, h1]));
            }
            (b"VP8L", &[0x2f, b0, b1, b2, b3, ..]) => {
                let bits = u32::from_le_bytes([b0, b1, b2, b3]);
                self.frame = ((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
                self.alpha = bits >> 28 & 1 != 0;
                self.lossless = true;
            }
            (b"VP8 " | b"VP8L", data) if data.len() < 10 => {
                return Err(RenderError::ends_early(FORMAT));
            }
            _ => return Err(RenderError::broken(FORMAT, "it does not begin with a frame")),
        }
        Ok(())
    }

    fn contradiction(&self) -> RenderError {
        let ((width, height), canvas) = (self.frame, self.canvas);
        let message =
            format!("a frame of {width}x{height} on a canvas of {}x{}", canvas.0, canvas.1);
        RenderError::broken(FORMAT, message)
    }
}

/// Sides are stored less one in three bytes.
fn side([low, middle, high]: [u8; 3]) -> u32 {
    u32::from_le_bytes([low, middle, high, 0]) + 1
}

fn side_bytes(side: u32) -> [u8; 3] {
    let [low, middle, high, _] = side.saturating_sub(1).to_le_bytes();
    [low, middle, high]
}

/// A chunk of a RIFF file such as a WebP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Chunk<'a> {
    name: [u8; 4],
    /// As much of its content as there is.
    data: &'a [u8],
}

/// Bytes before the first chunk.
const CONTAINER_HEADER: usize = 12;

/// The chunks of a WebP in their order.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    chunks_from(bytes, CONTAINER_HEADER)
}

/// The chunks from this place on.
fn chunks_from(bytes: &[u8], start: usize) -> impl Iterator<Item = Chunk<'_>> {
    let mut next = start;
    std::iter::from_fn(move || {
        let name = *bytes.get(next..)?.first_chunk()?;
        let length = bytes.get(next + 4..)?.first_chunk().copied().map(u32::from_le_bytes)?;
        let start = next + 8;
        let end = start.saturating_add(length as usize);
        // Chunks begin at even places.
        next = end.saturating_add(length as usize % 2);
        Some(Chunk { name, data: &bytes[start..end.min(bytes.len())] })
    })
}

/// What encoding holds at its peak beside the picture.
pub(crate) fn bytes_per_pixel((quality, effort): (u8, Effort), alpha: bool) -> u64 {
    /// Alpha is coded without loss.
    const ALPHA: u64 = 24;
    let colours = match (quality::webp(quality, effort), effort) {
        (::webp::Coding::Lossy { .. }, Effort::Speed) => 12,
        (::webp::Coding::Lossy { .. }, Effort::Size) => 14,
        (::webp::Coding::Lossless, Effort::Speed) => 40,
        (::webp::Coding::Lossless, Effort::Size) => 80,
    };
    if alpha { colours + ALPHA } else { colours }
}

/// Lossy, but for quality 100; alpha is always kept exactly.
pub(crate) fn write(
    pixels: &Pixels,
    (quality, effort): (u8, Effort),
) -> Result<Vec<u8>, EncodingError> {
    let Pixels { width, height, alpha, ref bytes } = *pixels;
    let picture = ::webp::Picture { width, height, alpha, pixels: bytes };
    let coding = quality::webp(quality, effort);
    let effort = match effort {
        Effort::Speed => ::webp::Effort::Low,
        Effort::Size => ::webp::Effort::High,
    };
    ::webp::encode(picture, coding, effort).map_err(EncodingError::new)
}
