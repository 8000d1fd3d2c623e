//! What a JPEG says of itself before its first scan.
//!
//! Every kind of JPEG is read here, also those that are then refused by name.

use std::ops::Range;

use super::DecodeError;
use crate::markers::{self, Flaw, Segment};

/// How the coefficients are coded, told by the kind of frame (ITU-T T.81, table B.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// Sequential, Huffman, eight bits.
    Baseline,
    /// Sequential, Huffman, with more tables or more bits.
    Extended,
    /// Progressive, Huffman.
    Progressive,
    /// Without a transform.
    Lossless,
    /// One of several frames of different size.
    Hierarchical,
    /// Sequential, progressive or lossless, with arithmetic coding.
    Arithmetic,
}

/// What the components mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    Grey,
    YCbCr,
    Rgb,
    Cmyk,
    Ycck,
    /// A number of components that no colour model has.
    Other,
}

/// One component of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameComponent {
    /// The name that scans call it by.
    pub id: u8,
    /// Samples across, relative to the other components.
    pub horizontal: u8,
    /// Samples down, relative to the other components.
    pub vertical: u8,
    /// Which quantisation table it uses.
    pub quantisation: u8,
}

/// What a JPEG says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Columns as stored, before orientation.
    pub width: u32,
    /// Rows as stored, before orientation.
    pub height: u32,
    pub process: Process,
    /// Bits a sample.
    pub precision: u8,
    pub components: Vec<FrameComponent>,
    pub model: Model,
    /// The colour transform that an Adobe marker names: 0 none, 1 `YCbCr`, 2 YCCK.
    pub adobe_transform: Option<u8>,
    /// Components of the first scan.
    pub first_scan: u8,
    /// The colour profile, joined from all its chunks. Nothing if one of them is missing.
    pub icc: Option<Vec<u8>>,
    /// Where in the file the EXIF block is: the TIFF structure, without `Exif\0\0`.
    pub exif: Option<Range<usize>>,
}

/// Reads a header.
///
/// # Errors
///
/// If it is not a JPEG, or ends or makes no sense before its first scan.
pub fn read_header(bytes: &[u8]) -> Result<Header, DecodeError> {
    if !bytes.starts_with(&[0xff, markers::START_OF_IMAGE]) {
        return Err(DecodeError::NotJpeg);
    }
    let mut found = Found::default();
    let mut at = markers::FIRST_SEGMENT;
    loop {
        let segment = next_segment(bytes, at)?;
        at = segment.payload.end;
        match segment.marker {
            markers::START_OF_SCAN => {
                found.first_scan = bytes[segment.payload].first().copied().unwrap_or_default();
                break;
            }
            markers::END_OF_IMAGE => return Err(DecodeError::Malformed("it has no scan")),
            marker => found.note(bytes, marker, segment.payload)?,
        }
    }
    let mut frame = found.frame.take().ok_or(DecodeError::Malformed("it has no frame"))?;
    if frame.height == 0 {
        frame.height = lines_after_scan(bytes, at)?;
    }
    Ok(found.into_header(frame))
}

/// Whether a JPEG has an end, behind the head of its first scan: thumbnails before it have one of their
/// own.
pub fn is_complete(bytes: &[u8]) -> bool {
    let mut at = markers::FIRST_SEGMENT;
    while let Ok(segment) = next_segment(bytes, at) {
        at = segment.payload.end;
        if segment.marker == markers::START_OF_SCAN {
            let end = [0xff, markers::END_OF_IMAGE];
            return bytes[at..].windows(2).rev().any(|marker| marker == end);
        }
    }
    false
}

/// The next segment, if nothing is wrong with it.
pub(super) fn next_segment(bytes: &[u8], at: usize) -> Result<Segment, DecodeError> {
    let segment = markers::next_segment(bytes, at).ok_or(DecodeError::EndsEarly)?;
    match segment.flaw {
        None => Ok(segment),
        Some(Flaw::CutOff) => Err(DecodeError::EndsEarly),
        Some(Flaw::TooShort) => {
            Err(DecodeError::Malformed("a marker segment is shorter than its own length"))
        }
    }
}

/// What the segments before the first scan have told so far.
#[derive(Default)]
struct Found<'a> {
    frame: Option<Frame>,
    jfif: bool,
    adobe_transform: Option<u8>,
    first_scan: u8,
    exif: Option<Range<usize>>,
    /// Number, count and content of each chunk of the profile.
    icc: Vec<(u8, u8, &'a [u8])>,
}

struct Frame {
    process: Process,
    precision: u8,
    width: u32,
    height: u32,
    components: Vec<FrameComponent>,
}

impl Header {
    /// Whether one scan holds all there is.
    pub fn is_one_scan(&self) -> bool {
        self.process != Process::Progressive
            && usize::from(self.first_scan) == self.components.len()
    }
}

impl<'a> Found<'a> {
    fn note(
        &mut self,
        bytes: &'a [u8],
        marker: u8,
        place: Range<usize>,
    ) -> Result<(), DecodeError> {
        const EXIF: &[u8] = b"Exif\0\0";
        const ICC: &[u8] = b"ICC_PROFILE\0";
        let payload = &bytes[place.clone()];
        match marker {
            0xc0..=0xcf if !matches!(marker, markers::HUFFMAN_TABLES | 0xc8 | 0xcc) => {
                if self.frame.is_some() {
                    return Err(DecodeError::Malformed("it has two frames"));
                }
                self.frame = Some(Frame::read(marker, payload)?);
            }
            0xe0 if payload.starts_with(b"JFIF\0") => self.jfif = true,
            0xe1 if payload.starts_with(EXIF) && self.exif.is_none() => {
                self.exif = Some(place.start + EXIF.len()..place.end);
            }
            0xe2 => {
                if let Some([number, count, chunk @ ..]) = payload.strip_prefix(ICC) {
                    self.icc.push((*number, *count, chunk));
                }
            }
            // Adobe Technical Note 5116: version, two words of flags, the transform.
            0xee if payload.starts_with(b"Adobe") && payload.len() >= 12 => {
                self.adobe_transform = Some(payload[11]);
            }
            _ => {}
        }
        Ok(())
    }

    fn into_header(self, frame: Frame) -> Header {
        let model = self.model(&frame.components);
        Header {
            width: frame.width,
            height: frame.height,
            process: frame.process,
            precision: frame.precision,
            components: frame.components,
            model,
            adobe_transform: self.adobe_transform,
            first_scan: self.first_scan,
            icc: join_icc(self.icc),
            exif: self.exif,
        }
    }

    /// As libjpeg-turbo decides (`jdapimin.c`): JFIF allows only grey and `YCbCr`; without it Adobe's
    /// marker decides; without both the names of the components may tell. What is left over is what
    /// everyone writes.
    fn model(&self, components: &[FrameComponent]) -> Model {
        let ids = || components.iter().map(|component| component.id);
        match (components.len(), self.adobe_transform) {
            (1, _) => Model::Grey,
            (3, _) if self.jfif => Model::YCbCr,
            (3, Some(0)) => Model::Rgb,
            (3, None) if ids().eq(*b"RGB") => Model::Rgb,
            (3, _) => Model::YCbCr,
            (4, None | Some(0)) => Model::Cmyk,
            (4, Some(_)) => Model::Ycck,
            _ => Model::Other,
        }
    }
}

impl Frame {
    /// ITU-T T.81, B.2.2.
    fn read(marker: u8, payload: &[u8]) -> Result<Self, DecodeError> {
        let &[precision, h1, h2, w1, w2, count, ref rest @ ..] = payload else {
            return Err(DecodeError::Malformed("its frame is too short"));
        };
        let (specifications, _) = rest.as_chunks::<3>();
        let Some(specifications) = specifications.get(..usize::from(count)) else {
            return Err(DecodeError::Malformed("its frame is too short"));
        };
        let width = u32::from(u16::from_be_bytes([w1, w2]));
        if width == 0 || count == 0 {
            return Err(DecodeError::Malformed("its frame is empty"));
        }
        let components = specifications.iter().copied().map(FrameComponent::read);
        let components = components.collect::<Result<_, _>>()?;
        let process = match marker {
            0xc0 => Process::Baseline,
            0xc1 => Process::Extended,
            0xc2 => Process::Progressive,
            0xc3 => Process::Lossless,
            0xc5..=0xc7 | 0xcd..=0xcf => Process::Hierarchical,
            _ => Process::Arithmetic,
        };
        let height = u32::from(u16::from_be_bytes([h1, h2]));
        Ok(Self { process, precision, width, height, components })
    }
}

impl FrameComponent {
    fn read([id, sampling, quantisation]: [u8; 3]) -> Result<Self, DecodeError> {
        let (horizontal, vertical) = (sampling >> 4, sampling & 15);
        if !((1..=4).contains(&horizontal) && (1..=4).contains(&vertical)) {
            return Err(DecodeError::Sampling { horizontal, vertical });
        }
        Ok(Self { id, horizontal, vertical, quantisation })
    }
}

/// A frame may leave its height to a marker after the first scan (ITU-T T.81, B.2.5).
fn lines_after_scan(bytes: &[u8], scan: usize) -> Result<u32, DecodeError> {
    const NONE: DecodeError = DecodeError::Malformed("it does not tell its height");
    let (marker, place) = markers::after_scan(bytes, scan).ok_or(DecodeError::EndsEarly)?;
    if marker != markers::NUMBER_OF_LINES {
        return Err(NONE);
    }
    let segment = next_segment(bytes, place)?;
    let lines = bytes[segment.payload].first_chunk().copied().map_or(0, u16::from_be_bytes);
    if lines == 0 { Err(NONE) } else { Ok(u32::from(lines)) }
}

/// ICC.1:2010, B.4: chunks are numbered from one, each tells how many there are.
fn join_icc(mut chunks: Vec<(u8, u8, &[u8])>) -> Option<Vec<u8>> {
    chunks.sort_by_key(|&(number, _, _)| number);
    let numbered_from_one = chunks.iter().zip(1_usize..).all(|(&(number, count, _), expected)| {
        usize::from(number) == expected && usize::from(count) == chunks.len()
    });
    if chunks.is_empty() || !numbered_from_one {
        return None;
    }
    Some(chunks.iter().flat_map(|&(_, _, chunk)| chunk).copied().collect())
}
