//! How large an original may be, decided from its header before any pixel is decoded.
//!
//! A function that runs out of memory is killed without a word and tried again, so the estimate
//! errs on the safe side.

use contract::settings::{Fit, Variant};

use crate::{
    encode::{self, Demand},
    error::RenderError,
    geometry::{self, Placement, pixel_count},
    header::Header,
    order::Order,
    reduce,
    target::Target,
};

const MEBIBYTE: u64 = 1 << 20;

/// What the binary, its stacks and the connections to AWS take.
const RESERVED_BYTES: u64 = 48 * MEBIBYTE;

/// Phones take 200 megapixels, and the largest pictures that a camera puts together of several
/// shots have 400 (Hasselblad H6D-400c); beyond is a decompression bomb.
const MAX_PIXELS: u64 = 400_000_000;

/// The bounds that an original must keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub max_bytes: u64,
    /// Pixels, as the header announces them.
    pub max_pixels: u64,
    /// Bytes of memory for the file, its pixels and its variants together.
    pub max_memory: u64,
}

impl Default for Limits {
    /// The limits of a program on an ordinary computer.
    fn default() -> Self {
        Self { max_bytes: 512 * MEBIBYTE, max_pixels: MAX_PIXELS, max_memory: 4096 * MEBIBYTE }
    }
}

/// What a decoder hands on that shrinks and cuts the original itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shrunk {
    /// Columns and rows.
    pub(crate) size: (u32, u32),
    /// Bytes of memory.
    pub(crate) bytes: u64,
}

impl Limits {
    /// The limits of a function with this much memory. A file may take most of it: one that is read
    /// row by row needs little else, and what more another needs is judged by its header.
    pub fn for_memory(megabytes: u64) -> Self {
        let budget = (megabytes * MEBIBYTE).saturating_sub(RESERVED_BYTES).max(16 * MEBIBYTE);
        Self { max_bytes: budget / 4 * 3, max_pixels: MAX_PIXELS, max_memory: budget }
    }

    /// Refuses a file for its size alone.
    pub fn check_bytes(&self, size: u64) -> Result<(), RenderError> {
        if size > self.max_bytes {
            return Err(RenderError::TooManyBytes { size, limit: self.max_bytes });
        }
        Ok(())
    }

    /// Refuses an image that could not be decoded and made as ordered; otherwise tells the
    /// bytes that this takes at its peak, the file included.
    pub(crate) fn check_image(
        &self,
        header: &Header,
        file_bytes: u64,
        order: Order<'_>,
    ) -> Result<u64, RenderError> {
        let needed = needed_bytes(header, order).saturating_add(order.watermarks.bytes());
        self.check_needed(header, file_bytes.saturating_add(needed))
    }

    /// The same for an original that its decoder shrinks and cuts.
    pub(crate) fn check_shrunk(
        &self,
        header: &Header,
        shrunk: &Shrunk,
        file_bytes: u64,
        order: Order<'_>,
    ) -> Result<u64, RenderError> {
        let rendering = rendering_bytes(shrunk.size, header, order);
        let needed = shrunk.bytes.saturating_add(header.working_bytes.max(rendering));
        let needed = needed.saturating_add(order.watermarks.bytes());
        self.check_needed(header, file_bytes.saturating_add(needed))
    }

    fn check_needed(&self, header: &Header, needed: u64) -> Result<u64, RenderError> {
        let (width, height) = (header.width, header.height);
        if pixel_count(width, height) > self.max_pixels {
            return Err(RenderError::TooManyPixels { width, height, limit: self.max_pixels });
        }
        if needed > self.max_memory {
            return Err(RenderError::TooMuchMemory {
                width,
                height,
                needed,
                limit: self.max_memory,
            });
        }
        Ok(needed)
    }
}

/// What one image takes beside its file: decoding, then making one variant after the other out of
/// what was decoded. Of its rows only those count that some variant is made of.
fn needed_bytes(header: &Header, order: Order<'_>) -> u64 {
    let factor = reduce::factor(geometry::needed_density(header.upright(), order));
    let rows = geometry::needed_rows(&header.grid(1), order);
    let kept = reduce::whole_boxes(&rows, factor, header.height);
    let (width, height) =
        reduce::reduced_size((header.width, kept.end.saturating_sub(kept.start)), factor);
    let channels = header.layout.channels() as u64;
    let decoded = pixel_count(width, height) * channels;
    let row_of_sums = 4 * u64::from(header.width) * channels;
    let decoding =
        header.working_bytes.saturating_add(header.whole_bytes).saturating_add(row_of_sums);
    decoded.saturating_add(decoding.max(rendering_bytes((width, height), header, order)))
}

/// What is known of a finished variant before it is made.
struct Drawn {
    placed: Placement,
    /// Bytes for each pixel while it is encoded.
    encoding: u64,
    /// Bytes for drawing its logo.
    marking: u64,
}

impl Drawn {
    fn of(header: &Header, variant: &Variant, order: Order<'_>) -> Self {
        let alpha = header.layout.has_alpha();
        let target = Target::choose(variant.format, header.format, alpha);
        let demand = Demand { quality: variant.quality, effort: variant.effort, exif: None };
        let placed = geometry::place(header.upright(), variant, order.framing);
        // Around a padded picture it is clear.
        let alpha = alpha || variant.fit == Fit::Pad;
        let mark = variant.watermark.as_ref();
        let marking = mark.map_or(0, |it| order.watermarks.drawing_bytes(it, placed.canvas));
        Self { placed, encoding: encode::bytes_per_pixel(target, demand, alpha), marking }
    }
}

/// What resizing and encoding hold at their peak, and what all variants leave behind.
/// A frame that a variant does not fill takes nothing.
fn rendering_bytes((width, height): (u32, u32), header: &Header, order: Order<'_>) -> u64 {
    let longer_side = u64::from(width.max(height));
    let canvas = |placement: &Placement| pixel_count(placement.canvas.0, placement.canvas.1);
    let drawn: Vec<Drawn> = order.variants.iter().map(|it| Drawn::of(header, it, order)).collect();
    let working = drawn.iter().map(|Drawn { placed, encoding, marking }| {
        let across = u64::from(placed.scaled.0.max(placed.scaled.1));
        // Between its two passes the resizer holds a plane as wide as the variant and as high as
        // what was decoded.
        4 * across * longer_side + encoding * canvas(placed) + marking
    });
    let finished: u64 = drawn.iter().map(|it| canvas(&it.placed)).sum();
    working.max().unwrap_or(0).saturating_add(finished)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::metadata::Orientation;

    use crate::{header::SourceFormat, reduce::Layout};

    fn photo(width: u32, height: u32, progressive: bool) -> Header {
        let coefficients = if progressive { 6 * pixel_count(width, height) } else { 0 };
        Header {
            format: SourceFormat::Jpeg,
            width,
            height,
            orientation: Orientation::NoTransforms,
            layout: Layout::Rgb,
            whole_bytes: 3 * pixel_count(width, height),
            working_bytes: coefficients,
        }
    }

    fn variants() -> Vec<Variant> {
        [(800, 600), (400, 300)].map(|(width, height)| Variant::of_size(width, height)).into()
    }

    #[track_caller]
    fn fits(megabytes: u64, header: &Header, expected: bool) {
        let outcome =
            Limits::for_memory(megabytes).check_image(header, 5 * MEBIBYTE, Order::of(&variants()));
        assert_eq!(outcome.is_ok(), expected, "{outcome:?}");
    }

    #[test]
    fn the_default_memory_takes_photos_of_common_cameras() {
        fits(256, &photo(4032, 3024, false), true);
        fits(256, &photo(4032, 3024, true), true);
        fits(256, &photo(8064, 6048, false), true);
        fits(256, &photo(8064, 6048, true), false);
        fits(1024, &photo(8064, 6048, true), true);
        fits(128, &photo(4032, 3024, false), true);
    }

    #[test]
    fn the_largest_header_is_refused_for_its_pixels() {
        let error =
            Limits::default().check_image(&photo(65535, 65535, false), 100, Order::of(&variants()));
        let error = error.unwrap_err().to_string();
        assert_eq!(error, "65535x65535 is 4295 megapixels; the limit is 400");
    }

    #[test]
    fn a_frame_of_one_side_takes_only_what_is_drawn_in_it() {
        let framed = |size: (u32, u32), fit| {
            let variants = [Variant { fit, ..Variant::of_size(size.0, size.1) }];
            Limits::for_memory(256).check_image(
                &photo(4032, 3024, false),
                5 * MEBIBYTE,
                Order::of(&variants),
            )
        };
        let narrow = framed((800, 16384), Fit::Contain).unwrap();
        assert_eq!(narrow, framed((800, 600), Fit::Contain).unwrap(), "both are drawn as 800x600");
        assert!(framed((16384, 600), Fit::Contain).is_ok());
        // What is padded fills its frame.
        framed((800, 16384), Fit::Pad).unwrap_err();
    }

    #[test]
    fn a_refusal_for_memory_names_both_amounts() {
        let error =
            Limits::for_memory(256).check_image(&photo(10000, 10000, true), 100, Order::of(&[]));
        let error = error.unwrap_err().to_string();
        assert_eq!(error, "10000x10000 needs about 858 MB of memory; 208 MB is available");
    }

    #[test]
    fn files_are_refused_by_size_alone() {
        let limits = Limits::for_memory(256);
        assert_eq!(limits.max_bytes, 156 * MEBIBYTE);
        assert_eq!(limits.check_bytes(156 * MEBIBYTE), Ok(()));
        assert!(limits.check_bytes(156 * MEBIBYTE + 1).is_err());
    }
}
