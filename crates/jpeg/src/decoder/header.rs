//! What a JPEG says of itself before its first scan.
//!
//! Every kind of JPEG is read here, also those that only the general decoder can decode, because
//! the choice between the decoders is made from what this module finds.

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
    /// Lossless, hierarchical or with arithmetic coding.
    Other,
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
    /// Units between two restart markers, 0 for none, as far as known before the first scan.
    pub restart_interval: u16,
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
    let mut at = 2;
    loop {
        let segment = next_segment(bytes, at)?;
        at = segment.payload.end;
        match segment.marker {
            markers::START_OF_SCAN => break,
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
    restart_interval: u16,
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
            markers::RESTART_INTERVAL => self.restart_interval = read_restart_interval(payload)?,
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
            restart_interval: self.restart_interval,
            icc: join_icc(self.icc),
            exif: self.exif,
        }
    }

    /// JFIF allows only grey and `YCbCr`; without it Adobe's marker decides; without both the
    /// names of the components may tell, else `YCbCr` is what everyone writes.
    fn model(&self, components: &[FrameComponent]) -> Model {
        let ids = || components.iter().map(|component| component.id);
        match components.len() {
            1 => Model::Grey,
            3 if !self.jfif && self.adobe_transform == Some(0) => Model::Rgb,
            3 if !self.jfif && self.adobe_transform.is_none() && ids().eq(*b"RGB") => Model::Rgb,
            3 => Model::YCbCr,
            4 if self.adobe_transform == Some(2) => Model::Ycck,
            4 => Model::Cmyk,
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
        let components = specifications.iter().map(|&[id, sampling, quantisation]| {
            let (horizontal, vertical) = (sampling >> 4, sampling & 15);
            FrameComponent { id, horizontal, vertical, quantisation }
        });
        let process = match marker {
            0xc0 => Process::Baseline,
            0xc1 => Process::Extended,
            0xc2 => Process::Progressive,
            _ => Process::Other,
        };
        let height = u32::from(u16::from_be_bytes([h1, h2]));
        Ok(Self { process, precision, width, height, components: components.collect() })
    }
}

/// The number of restart units, from the parameters of its marker.
pub(super) fn read_restart_interval(payload: &[u8]) -> Result<u16, DecodeError> {
    let interval = payload.first_chunk().copied().map(u16::from_be_bytes);
    interval.ok_or(DecodeError::Malformed("its restart interval is too short"))
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
