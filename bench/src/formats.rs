//! What a variant takes in each format: processor time and bytes, for each pixel of the variant. From
//! these `imgprep cost` reckons.

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
};

use contract::settings::{Effort, Format, Variant};
use imaging::engine::Scratch;

use crate::{
    effort::{self, Made},
    photos::Photo,
    statistics::{mean, median},
};

/// How often each photo is encoded in each way; the first time warms up.
const ROUNDS: usize = 4;

const WAYS: [(&str, Format, Effort); 7] = [
    ("JPEG, speed", Format::Jpeg, Effort::Speed),
    ("JPEG, size", Format::Jpeg, Effort::Size),
    ("WebP, speed", Format::Webp, Effort::Speed),
    ("WebP, size", Format::Webp, Effort::Size),
    ("AVIF, speed", Format::Avif, Effort::Speed),
    ("AVIF, size", Format::Avif, Effort::Size),
    ("PNG", Format::Png, Effort::Speed),
];

/// One photo, written in one way.
struct Measured {
    megapixels: f64,
    /// Of a processor, for the encoder alone: an estimate from its share on the clock.
    encoding_ms: f64,
    /// For all else: decoding and resizing.
    rest_ms: f64,
    bytes: f64,
}

/// Measures every way and says what came of it.
pub(crate) fn compare(photos: &[Photo]) -> Result<String, Box<dyn Error>> {
    let mut table = String::from(
        "| 800x600 | CPU ms, encoding | a megapixel | all else | bytes | a pixel |\n|--|--:|--:|--:|--:|--:|\n",
    );
    for (name, format, effort) in WAYS {
        writeln!(io::stderr(), "{name}")?;
        let wanted = Variant { format, effort, ..Variant::of_size(800, 600) };
        let measured = photos.iter().map(|photo| measure(photo, wanted.clone()));
        let measured: Vec<Measured> = measured.collect::<Result<_, _>>()?;
        let of = |part: fn(&Measured) -> f64| mean(&measured.iter().map(part).collect::<Vec<_>>());
        writeln!(
            table,
            "| {name} | {:.1} | {:.1} | {:.1} | {:.0} | {:.3} |",
            of(|it| it.encoding_ms),
            of(|it| it.encoding_ms / it.megapixels),
            of(|it| it.rest_ms),
            of(|it| it.bytes),
            of(|it| it.bytes / it.megapixels / 1e6),
        )?;
    }
    Ok(table)
}

fn measure(photo: &Photo, wanted: Variant) -> Result<Measured, Box<dyn Error>> {
    let original = fs::read(&photo.path)?;
    let variants = [wanted];
    let (mut encoding, mut rest, mut scratch) = (Vec::new(), Vec::new(), Scratch::default());
    let mut last = None;
    for round in 0..ROUNDS {
        let Made { variants, millis } = effort::made(&original, &variants, &mut scratch)?;
        if round > 0 {
            encoding.push(millis.encoding);
            rest.push(millis.all - millis.encoding);
        }
        last = variants.into_iter().next();
    }
    let made = last.ok_or("no variant was made")?;
    #[expect(clippy::cast_precision_loss, reason = "no variant has 2^52 bytes")]
    let bytes = made.bytes.len() as f64;
    Ok(Measured {
        megapixels: f64::from(made.width) * f64::from(made.height) / 1e6,
        encoding_ms: median(&encoding),
        rest_ms: median(&rest),
        bytes,
    })
}
