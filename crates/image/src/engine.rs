//! The whole image path as one function: the bytes of an original in, its encoded variants out.
//!
//! It is the same on AWS and on the user's own machine. No I/O, no clock but for measuring.

use std::{
    any::Any,
    fmt, mem,
    ops::ControlFlow,
    panic::{self, AssertUnwindSafe},
    time::{Duration, Instant},
};

use contract::settings::{Metadata, Variant};

use crate::{
    damage::Damage,
    decode::{Decoded, Unread},
    encode::{self, Demand, Drawn},
    error::RenderError,
    formats::{self, Sniffed},
    geometry::Area,
    header::SourceFormat,
    limits::Limits,
    order::Order,
    original::Original,
    placeholder::Placeholder,
    resize::ScalingError,
    rights::Rights,
    target::Target,
};

/// One finished variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// The folder it belongs in.
    pub folder: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// What the file is, whatever its name says.
    pub content_type: &'static str,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The part of the original that it shows.
    pub frame: Frame,
}

/// A part of the upright original, in shares of its width and height from the top left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Frame {
    fn of(area: Area, (width, height): (u32, u32)) -> Self {
        let (across, down) = (f64::from(width), f64::from(height));
        Self {
            left: area.left / across,
            top: area.top / down,
            width: area.width / across,
            height: area.height / down,
        }
    }
}

/// The facts about an original, and what making its variants took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendering {
    /// The format of the original.
    pub format: SourceFormat,
    /// Columns of the upright original.
    pub width: u32,
    /// Rows of the upright original.
    pub height: u32,
    /// Whether it holds more pictures than the first, which is all that is shown.
    pub animated: bool,
    /// What is wrong with it, if that was no reason to refuse it.
    pub damage: Option<Damage>,
    /// What stands for it until its variants are there, if that was ordered. Whoever broke off before
    /// the smallest variant has none.
    pub placeholder: Option<Placeholder>,
    /// Time spent decoding.
    pub decode: Duration,
    /// Time spent scaling, turning and correcting colours.
    pub resize: Duration,
    /// Time spent encoding.
    pub encode: Duration,
}

impl Rendering {
    /// In what the variants differ from what the uploader may expect.
    pub fn warnings(&self) -> Vec<String> {
        let animated = "animated: only the first frame is shown".to_owned();
        let animated = self.animated.then_some(animated);
        let damaged = self.damage.map(|damage| damage.to_string());
        animated.into_iter().chain(damaged).collect()
    }
}

/// Buffers that one image leaves to the next. They never influence what is made.
#[derive(Default)]
pub struct Scratch {
    decoder: jpeg::decoder::Scratch,
    encoder: jpeg::encoder::Scratch,
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").finish_non_exhaustive()
    }
}

/// An original whose header has been read and judged, and whose pixels have not been decoded.
pub struct Opened<'a> {
    bytes: &'a [u8],
    order: Order<'a>,
    unread: Unread<'a>,
    needed: u64,
}

/// Reads the header of an original, or says why no variants can be made of it.
pub fn open<'a>(
    bytes: &'a [u8],
    order: Order<'a>,
    limits: &Limits,
) -> Result<Opened<'a>, RenderError> {
    catch_panics(bytes, || {
        let file_bytes = bytes.len() as u64;
        limits.check_bytes(file_bytes)?;
        order.watermarks.check(order.variants)?;
        let unread = Unread::open(bytes, order)?;
        let needed = unread.check(limits, file_bytes, order)?;
        Ok(Opened { bytes, order, unread, needed })
    })
}

/// Opens an original and makes all of its variants.
pub fn render(
    bytes: &[u8],
    order: Order<'_>,
    limits: &Limits,
) -> Result<Vec<Rendered>, RenderError> {
    let mut all = Vec::with_capacity(order.variants.len());
    open(bytes, order, limits)?.render(&mut Scratch::default(), &mut |rendered| {
        all.push(rendered);
        ControlFlow::Continue(())
    })?;
    Ok(all)
}

impl Opened<'_> {
    /// Bytes of memory that making the variants takes at its peak, the file included, as its header
    /// announces it.
    pub fn memory_needed(&self) -> u64 {
        self.needed
    }

    /// Makes every variant with one decode.
    ///
    /// Each is handed over as soon as it is finished, in the order they were asked for, so that it
    /// can be on its way while the next one is made. Whoever takes them may break off.
    pub fn render(
        self,
        scratch: &mut Scratch,
        finished: &mut dyn FnMut(Rendered) -> ControlFlow<()>,
    ) -> Result<Rendering, RenderError> {
        // After a panic the buffers are lost, whatever is in them.
        let mut own = mem::take(scratch);
        catch_panics(self.bytes, || {
            let rendering = self.render_unguarded(&mut own, finished);
            *scratch = own;
            rendering
        })
    }

    fn render_unguarded(
        self,
        scratch: &mut Scratch,
        finished: &mut dyn FnMut(Rendered) -> ControlFlow<()>,
    ) -> Result<Rendering, RenderError> {
        let started = Instant::now();
        let Self { bytes, order, unread, .. } = self;
        let format = unread.header().format;
        let Decoded { picture, correction, damage } = unread.decode(order, &mut scratch.decoder)?;
        let mut original = Original::new(picture, correction, order.framing);
        let (width, height) = original.upright();
        let smallest = original.smallest(order);
        let exif = kept_metadata(bytes, format, order);
        let mut rendering = Rendering {
            format,
            width,
            height,
            animated: formats::is_animated(bytes, format),
            damage,
            placeholder: None,
            decode: started.elapsed(),
            resize: Duration::ZERO,
            encode: Duration::ZERO,
        };
        for (index, variant) in order.variants.iter().enumerate() {
            let started = Instant::now();
            let target = Target::choose(variant.format, format, original.has_alpha());
            let placed = original.place(variant);
            let drawn = original.draw(variant, (target, placed));
            let drawn = drawn.and_then(|drawn| marked(drawn, variant, order));
            let drawn = drawn.map_err(|error| RenderError::broken(format, error.to_string()))?;
            if order.placeholder && smallest == Some(index) {
                rendering.placeholder = Some(Placeholder::of(&drawn));
            }
            rendering.resize += started.elapsed();

            let started = Instant::now();
            let (width, height) = drawn.size();
            let exif = exif.as_deref().filter(|_| variant.metadata == Metadata::Copyright);
            let bytes = encode(drawn, variant, (target, exif), &mut scratch.encoder)?;
            rendering.encode += started.elapsed();

            let folder = variant.folder.clone();
            let content_type = target.content_type();
            let frame = Frame::of(placed.area, original.upright());
            let rendered = Rendered { folder, bytes, content_type, width, height, frame };
            if finished(rendered).is_break() {
                break;
            }
        }
        original.recycle(&mut scratch.decoder);
        Ok(rendering)
    }
}

/// The same picture with the variant's logo, if it has one.
fn marked(drawn: Drawn, variant: &Variant, order: Order<'_>) -> Result<Drawn, ScalingError> {
    match (drawn, &variant.watermark) {
        (Drawn::Pixels(pixels), Some(watermark)) => {
            order.watermarks.draw(watermark, pixels).map(Drawn::Pixels)
        }
        (drawn, _) => Ok(drawn),
    }
}

/// What of an original's metadata some variants keep.
fn kept_metadata(bytes: &[u8], format: SourceFormat, order: Order<'_>) -> Option<Vec<u8>> {
    let keeps = |variant: &Variant| variant.metadata == Metadata::Copyright;
    if !order.variants.iter().any(keeps) {
        return None;
    }
    Rights::read(bytes, format).map(|rights| rights.exif())
}

fn encode(
    drawn: Drawn,
    variant: &Variant,
    (target, exif): (Target, Option<&[u8]>),
    scratch: &mut jpeg::encoder::Scratch,
) -> Result<Vec<u8>, RenderError> {
    let demand = Demand { quality: variant.quality, effort: variant.effort, exif };
    encode::encode(drawn, target, demand, scratch).map_err(|error| RenderError::Encode {
        folder: variant.folder.clone(),
        message: error.to_string(),
    })
}

/// Turns a panic into a refusal: the file that causes it would cause it again.
pub(crate) fn catch_panics<T>(
    file: &[u8],
    work: impl FnOnce() -> Result<T, RenderError>,
) -> Result<T, RenderError> {
    // Nothing outlives the closure but its result, so nothing half-changed can be seen.
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let message = panic_message(payload.as_ref());
        let kind = match formats::sniff(file) {
            Sniffed::Image(format) => format.to_string(),
            Sniffed::Unsupported(_) | Sniffed::Unknown => "file".to_owned(),
        };
        Err(RenderError::Panicked(format!("{kind} ({message})")))
    })
}

/// What a panic said.
pub fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message").to_owned()
}

#[cfg(test)]
mod tests;
