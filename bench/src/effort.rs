//! What `effort = "size"` brings and what it takes, next to `"speed"`.
//!
//! Both make the same variants of the same photos in one process, in turn, at every quality of the
//! curve; bytes are compared at equal score.

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    ops::ControlFlow,
};

use contract::settings::{Effort, Variant};
use imaging::{
    engine::{self, Rendered, Scratch},
    limits::Limits,
    order::Order,
};
use nix::sys::resource::{UsageWho, getrusage};

use crate::{
    photos::Photo,
    quality::{CURVE, Curve, Point, Reference},
    statistics::{geometric_mean, mean, median},
    worker::{SIZES, cpu_micros, variants_at},
};

/// How often each photo is encoded at each quality; the first time warms up.
const ROUNDS: usize = 4;

const EFFORTS: [Effort; 2] = [Effort::Speed, Effort::Size];

/// One photo at one quality.
#[derive(Debug, Default)]
struct Measured {
    /// For each effort, for each variant.
    points: [Vec<Point>; 2],
    /// For each variant, the bytes of `size` over those that `speed` takes for its score.
    at_equal_score: Vec<Option<f64>>,
    /// For each effort.
    millis: [Millis; 2],
}

/// Milliseconds of a processor for all variants of a photo.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Millis {
    pub(crate) all: f64,
    /// An estimate from its share on the clock.
    pub(crate) encoding: f64,
}

/// Compares the efforts and says what came of it.
pub(crate) fn compare(photos: &[Photo]) -> Result<String, Box<dyn Error>> {
    let mut measured: Vec<Vec<Measured>> = CURVE.iter().map(|_| Vec::new()).collect();
    for photo in photos {
        writeln!(io::stderr(), "{}", photo.name)?;
        for (quality, figures) in measured.iter_mut().zip(measure(photo)?) {
            quality.push(figures);
        }
    }
    let mut table = String::from(
        "| quality | KB, speed | size | ÷ | score, speed | size | difference | bytes of size ÷ speed's at equal score | CPU ms, speed | size | of these encoding, speed | size |\n|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for (quality, photos) in CURVE.iter().zip(&measured) {
        write_row(&mut table, *quality, photos)?;
    }
    let default = CURVE.iter().position(|quality| *quality == 80).unwrap_or_default();
    write!(table, "\n| at quality {}", CURVE[default])?;
    for (width, height) in SIZES {
        let of = format!("{width}x{height}");
        write!(table, " | bytes {of}, speed | size | score, speed | size | ÷ at equal score")?;
    }
    writeln!(table, " |\n|---{}|", "|--:".repeat(5 * SIZES.len()))?;
    for (photo, figures) in photos.iter().zip(&measured[default]) {
        write!(table, "| {}", photo.name)?;
        for index in 0..SIZES.len() {
            let [fast, small] = figures.points.each_ref().map(|points| points[index]);
            let ratio = figures.at_equal_score[index];
            let ratio = ratio.map_or("–".to_owned(), |ratio| format!("{ratio:.3}"));
            write!(
                table,
                " | {:.0} | {:.0} | {:.2} | {:.2} | {ratio}",
                fast.1, small.1, fast.0, small.0
            )?;
        }
        writeln!(table, " |")?;
    }
    Ok(table)
}

/// One photo at every quality.
fn measure(photo: &Photo) -> Result<Vec<Measured>, Box<dyn Error>> {
    let original = fs::read(&photo.path)?;
    let reference = Reference::of(&photo.path)?;
    let mut scratch = Scratch::default();
    let all = CURVE.map(|quality| measure_at(quality, &original, &reference, &mut scratch));
    let mut all = all.into_iter().collect::<Result<Vec<_>, _>>()?;
    let fast = (0..SIZES.len()).map(|variant| all.iter().map(|at| at.points[0][variant]).collect());
    let fast = Curve(fast.collect());
    for measured in &mut all {
        for (variant, (score, bytes)) in measured.points[1].iter().enumerate() {
            let fast = fast.bytes_at(variant, *score);
            measured.at_equal_score.push(fast.map(|fast| bytes / fast));
        }
    }
    Ok(all)
}

fn measure_at(
    quality: u8,
    original: &[u8],
    reference: &Reference,
    scratch: &mut Scratch,
) -> Result<Measured, Box<dyn Error>> {
    let mut measured = Measured::default();
    let mut millis = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        for (index, effort) in EFFORTS.into_iter().enumerate() {
            let variants = variants_at(quality).into_iter();
            let variants: Vec<_> = variants.map(|variant| Variant { effort, ..variant }).collect();
            let made = made(original, &variants, scratch)?;
            if round > 0 {
                millis[index].push(made.millis);
                continue;
            }
            for (variant, rendered) in made.variants.iter().enumerate() {
                measured.points[index].push(reference.point(variant, &rendered.bytes)?);
            }
        }
    }
    measured.millis = millis.map(|rounds| {
        let of = |part: fn(&Millis) -> f64| rounds.iter().map(part).collect::<Vec<_>>();
        Millis {
            all: median(&of(|taken| taken.all)),
            encoding: median(&of(|taken| taken.encoding)),
        }
    });
    Ok(measured)
}

/// The variants of a photo.
pub(crate) struct Made {
    pub(crate) variants: Vec<Rendered>,
    pub(crate) millis: Millis,
}

/// Makes the variants of a photo once, and measures it.
pub(crate) fn made(
    original: &[u8],
    variants: &[Variant],
    scratch: &mut Scratch,
) -> Result<Made, Box<dyn Error>> {
    let mut made = Vec::new();
    let before = cpu_micros(getrusage(UsageWho::RUSAGE_SELF)?);
    let opened = engine::open(original, Order::of(variants), &Limits::default())?;
    let rendering = opened.render(scratch, &mut |rendered| {
        made.push(rendered);
        ControlFlow::Continue(())
    })?;
    let micros = cpu_micros(getrusage(UsageWho::RUSAGE_SELF)?) - before;
    #[expect(clippy::cast_precision_loss, reason = "nothing takes 2^52 microseconds")]
    let all = micros as f64 / 1000.0;
    let clock = rendering.decode + rendering.resize + rendering.encode;
    let share = rendering.encode.as_secs_f64() / clock.as_secs_f64();
    Ok(Made { variants: made, millis: Millis { all, encoding: all * share } })
}

/// Means over all photos and variants.
fn write_row(table: &mut String, quality: u8, photos: &[Measured]) -> Result<(), Box<dyn Error>> {
    let of = |effort: usize, part: fn(&Point) -> f64| -> Vec<f64> {
        photos.iter().flat_map(|photo| photo.points[effort].iter().map(part)).collect()
    };
    let total = |effort| of(effort, |point| point.1).iter().sum::<f64>() / 1000.0;
    let score = |effort| mean(&of(effort, |point| point.0));
    let millis = |effort: usize, part: fn(&Millis) -> f64| {
        mean(&photos.iter().map(|photo| part(&photo.millis[effort])).collect::<Vec<_>>())
    };
    let ratios = photos.iter().flat_map(|photo| photo.at_equal_score.iter().flatten().copied());
    let ratios: Vec<f64> = ratios.collect();
    let bytes: Vec<f64> = of(1, |point| point.1)
        .iter()
        .zip(of(0, |point| point.1))
        .map(|(small, fast)| small / fast)
        .collect();
    writeln!(
        table,
        "| {quality} | {:.0} | {:.0} | {:.3} | {:.2} | {:.2} | {:+.2} | {:.3} | {:.1} | {:.1} | {:.1} | {:.1} |",
        total(0),
        total(1),
        geometric_mean(&bytes),
        score(0),
        score(1),
        score(1) - score(0),
        geometric_mean(&ratios),
        millis(0, |taken| taken.all),
        millis(1, |taken| taken.all),
        millis(0, |taken| taken.encoding),
        millis(1, |taken| taken.encoding),
    )?;
    Ok(())
}
