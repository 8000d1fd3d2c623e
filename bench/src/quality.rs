//! How near a variant is to what a perfect one would look like.
//!
//! The reference is the whole original, decoded at full size by `zune-jpeg`, turned upright, brought
//! to sRGB if it carries a profile, and scaled once with Lanczos3 in sixteen bits; it never is a
//! file. As all sides, it is scaled in sRGB's own numbers, not in linear light. The measure is
//! SSIMULACRA2: 100 for identical, about 90 for what nobody can tell apart, 70 for high and 50 for
//! medium quality (<https://github.com/cloudinary/ssimulacra2>).
//!
//! Sides place the crop differently by up to half a pixel, because some round the scaled size before
//! they crop. That is no fault worth points, so each is judged by the placement that suits it best.

use std::{error::Error, fs, io::Cursor, path::Path};

use fast_image_resize::{
    FilterType, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::U16x3,
};
use image::{DynamicImage, ImageDecoder, codecs::jpeg::JpegDecoder, metadata::Orientation};
use imaging::{colour::Correction, engine, limits::Limits, order::Order, pixels::Pixels};
use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};

use crate::{
    decoded_avif,
    worker::{SIZES, variants_at},
};

/// One variant of one photo, judged: what it scores, and its bytes.
pub(crate) type Point = (f64, f64);

/// The perfect variants of one photo.
#[derive(Debug)]
pub(crate) struct Reference {
    /// For each variant, one picture for each way to place the crop.
    candidates: Vec<Vec<Picture>>,
    /// Whether the original is stored as it is to be seen.
    pub(crate) stored_upright: bool,
}

/// Red, green and blue from 0 to 1.
#[derive(Clone, Debug)]
struct Picture {
    size: (usize, usize),
    pixels: Vec<[f32; 3]>,
}

impl Picture {
    fn into_rgb(self) -> Result<Rgb, Box<dyn Error>> {
        let (width, height) = self.size;
        let (transfer, primaries) = (TransferCharacteristic::SRGB, ColorPrimaries::BT709);
        Rgb::new(self.pixels, width, height, transfer, primaries)
            .map_err(|error| format!("not a picture: {error:?}").into())
    }
}

impl Reference {
    /// Makes the perfect variants of a photo.
    pub(crate) fn of(photo: &Path) -> Result<Self, Box<dyn Error>> {
        let (original, orientation) = upright(&fs::read(photo)?)?;
        let source: Vec<U16x3> = original
            .bytes
            .as_chunks::<3>()
            .0
            // 255 * 257 = 65535
            .iter()
            .map(|pixel| U16x3::new(pixel.map(|value| u16::from(value) * 257)))
            .collect();
        let source = TypedImageRef::new(original.width, original.height, &source)?;
        let mut candidates = Vec::new();
        for frame in SIZES {
            let areas = areas((original.width, original.height), frame);
            let pictures = areas.iter().map(|area| scaled(&source, area, frame));
            candidates.push(pictures.collect::<Result<Vec<_>, _>>()?);
        }
        let stored_upright = orientation == Orientation::NoTransforms;
        Ok(Self { candidates, stored_upright })
    }

    /// The score of a variant; nothing if it is not of its frame's size.
    pub(crate) fn score(&self, index: usize, file: &[u8]) -> Result<Option<f64>, Box<dyn Error>> {
        let image = image::load_from_memory(&decoded_avif::readable(file)?)?.into_rgb8();
        let size = (image.width() as usize, image.height() as usize);
        let pixels = image.pixels().map(|pixel| pixel.0.map(|value| f32::from(value) / 255.0));
        let variant = Picture { size, pixels: pixels.collect() };
        let mut best = None;
        for candidate in self.candidates[index].iter().filter(|candidate| candidate.size == size) {
            let rgb = (candidate.clone().into_rgb()?, variant.clone().into_rgb()?);
            let score = compute_frame_ssimulacra2(rgb.0, rgb.1)?;
            best = Some(best.map_or(score, |best: f64| best.max(score)));
        }
        Ok(best)
    }

    /// The score and the size of our variants at several qualities.
    pub(crate) fn curve(&self, photo: &Path) -> Result<Curve, Box<dyn Error>> {
        let original = fs::read(photo)?;
        let mut curve = vec![Vec::new(); SIZES.len()];
        for quality in CURVE {
            let variants = variants_at(quality);
            let rendered = engine::render(&original, Order::of(&variants), &Limits::default())?;
            for (index, variant) in rendered.iter().enumerate() {
                curve[index].push(self.point(index, &variant.bytes)?);
            }
        }
        Ok(Curve(curve))
    }

    /// What one of our variants is on its curve.
    pub(crate) fn point(&self, index: usize, file: &[u8]) -> Result<Point, Box<dyn Error>> {
        let score = self.score(index, file)?.ok_or("a variant of another size")?;
        #[expect(clippy::cast_precision_loss, reason = "a file has no 2^52 bytes")]
        Ok((score, file.len() as f64))
    }
}

/// Qualities on both sides of the default.
pub(crate) const CURVE: [u8; 7] = [60, 70, 75, 80, 85, 90, 95];

/// For each variant, score and bytes at rising quality.
#[derive(Debug)]
pub(crate) struct Curve(pub(crate) Vec<Vec<Point>>);

impl Curve {
    /// How many bytes our side needs for this score, Nothing if the curve does not
    /// reach it.
    pub(crate) fn bytes_at(&self, index: usize, score: f64) -> Option<f64> {
        self.0[index].windows(2).find_map(|pair| {
            let [(low, fewer), (high, more)] = [pair[0], pair[1]];
            let share = (score - low) / (high - low);
            // The logarithm of the size is nearly straight in the score.
            (0.0..=1.0).contains(&share).then(|| (fewer.ln() + share * (more / fewer).ln()).exp())
        })
    }
}

/// An original as it is to be seen, and how it had to be turned for that.
fn upright(file: &[u8]) -> Result<(Pixels, Orientation), Box<dyn Error>> {
    let mut decoder = JpegDecoder::new(Cursor::new(file))?;
    let icc = decoder.icc_profile()?;
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    let pixels = Pixels::from_image(DynamicImage::ImageRgb8(image.into_rgb8()));
    let pixels = match icc.and_then(|icc| Correction::from_icc(&icc, false)) {
        Some(correction) => correction.apply(pixels),
        None => pixels,
    };
    Ok((pixels, orientation))
}

/// Left, top, width and height of what is kept of an original.
type Area = [f64; 4];

/// What may be kept of an original to fill a frame: exactly its middle; or, by those who round the
/// scaled size, what is under the frame at the whole pixel before or behind the middle.
fn areas(original: (u32, u32), frame: (u32, u32)) -> Vec<Area> {
    let (width, height) = (f64::from(original.0), f64::from(original.1));
    let (right, down) = (f64::from(frame.0), f64::from(frame.1));
    let scale = (right / width).max(down / height);
    let (kept_width, kept_height) = ((right / scale).min(width), (down / scale).min(height));
    let middle =
        [(width - kept_width) / 2.0, (height - kept_height) / 2.0, kept_width, kept_height];
    let mut areas = vec![middle];
    let (columns, rows) = ((width * scale).round(), (height * scale).round());
    let offset = ((columns - right) / 2.0, (rows - down) / 2.0);
    for (left, top) in [(offset.0.floor(), offset.1.floor()), (offset.0.ceil(), offset.1.ceil())] {
        let (across, along) = (width / columns, height / rows);
        areas.push([left * across, top * along, right * across, down * along]);
    }
    areas.dedup_by(|one, other| {
        one.iter().zip(other.iter()).all(|(one, other)| (one - other).abs() < 1e-6)
    });
    areas
}

fn scaled(
    source: &TypedImageRef<U16x3>,
    area: &Area,
    frame: (u32, u32),
) -> Result<Picture, Box<dyn Error>> {
    let [left, top, width, height] = *area;
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .crop(left, top, width, height);
    let mut target = TypedImage::<U16x3>::new(frame.0, frame.1);
    Resizer::new().resize_typed(source, &mut target, &options)?;
    let pixels = target.pixels().iter();
    let pixels = pixels.map(|pixel| pixel.0.map(|value| f32::from(value) / 65535.0)).collect();
    Ok(Picture { size: (frame.0 as usize, frame.1 as usize), pixels })
}
