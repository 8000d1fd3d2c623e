//! Finds the encoders' own numbers with which every format looks like our JPEG of a quality, and checks
//! those that are in use.
//!
//! Half of the photos, every other one by name, and the generated pictures decide; the other half only
//! judges. What comes out goes into `crates/image/src/quality.rs`.

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    thread,
};

use contract::settings::{Effort, Format, Variant};
use imaging::{
    engine::{self, Rendered},
    limits::Limits,
    order::Order,
};
use jpeg::encoder::colour;

use crate::{photos::Photo, quality::Reference, statistics::mean, worker::SIZES};

/// How many of the variants are judged: the largest.
const JUDGED: usize = 1;

/// The qualities that get a number of their own. Between them, the scale is a line.
const KNOTS: [u8; 7] = [10, 30, 50, 70, 80, 90, 95];

/// The qualities at which the scale is checked.
const CHECKED: [u8; 6] = [30, 50, 70, 80, 90, 95];

const EFFORTS: [(&str, Effort); 2] = [("speed", Effort::Speed), ("size", Effort::Size)];

/// A format whose encoder has numbers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coder {
    Webp,
    Avif,
}

const CODERS: [(&str, Coder, Format); 2] =
    [("WebP", Coder::Webp, Format::Webp), ("AVIF", Coder::Avif, Format::Avif)];

impl Coder {
    /// Numbers that go from coarse to fine.
    fn numbers(self) -> &'static [u8] {
        match self {
            Self::Webp => &[0, 20, 45, 65, 80, 90, 96, 100],
            Self::Avif => &[240, 195, 155, 125, 95, 70, 45, 20],
        }
    }

    fn encode(
        self,
        pixels: &Pixels,
        number: u8,
        effort: Effort,
    ) -> Result<Vec<u8>, Box<dyn Error>> {
        match self {
            Self::Webp => {
                let (width, height) = (pixels.width, pixels.height);
                let picture = webp::Picture { width, height, alpha: false, pixels: &pixels.rgb };
                let effort = match effort {
                    Effort::Speed => webp::Effort::Low,
                    Effort::Size => webp::Effort::High,
                };
                let coding = webp::Coding::Lossy { quality: number.into() };
                Ok(webp::encode(picture, coding, effort)?)
            }
            Self::Avif => {
                let planes = colour::planes_of_rgb(&pixels.rgb, pixels.width, pixels.height);
                let picture = avif::Picture {
                    width: pixels.width as usize,
                    height: pixels.height as usize,
                    luma: &planes.luma.samples,
                    chroma: planes.chroma.each_ref().map(|plane| &*plane.samples),
                    alpha: None,
                    exif: None,
                };
                let effort = match effort {
                    Effort::Speed => avif::Effort::Low,
                    Effort::Size => avif::Effort::High,
                };
                let loss = avif::Loss { quantizer: number, alpha_levels: 0 };
                Ok(avif::encode(picture, loss, effort)?)
            }
        }
    }
}

/// A variant before it is encoded.
struct Pixels {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

/// An original, and what its variants are judged by.
struct Subject {
    original: Vec<u8>,
    reference: Reference,
    variants: Vec<Pixels>,
}

impl Subject {
    fn of(photo: &Photo) -> Result<Self, Box<dyn Error>> {
        writeln!(io::stderr(), "{}", photo.name)?;
        let original = fs::read(&photo.path)?;
        let exact = rendered(&original, 100, Effort::Speed, Format::Png)?;
        let variants = exact.iter().map(|variant| {
            let image = image::load_from_memory(&variant.bytes)?.into_rgb8();
            let (width, height) = image.dimensions();
            Ok(Pixels { width, height, rgb: image.into_raw() })
        });
        let variants = variants.collect::<Result<_, Box<dyn Error>>>()?;
        Ok(Self { original, reference: Reference::of(&photo.path)?, variants })
    }

    /// The mean score of its variants, as they would be deployed.
    fn score(&self, quality: u8, effort: Effort, format: Format) -> Result<f64, Box<dyn Error>> {
        let files = rendered(&self.original, quality, effort, format)?;
        self.mean_score(files.iter().map(|file| Ok(file.bytes.clone())))
    }

    /// The mean score with an encoder's own number.
    fn score_of(&self, coder: Coder, number: u8, effort: Effort) -> Result<f64, Box<dyn Error>> {
        self.mean_score(self.variants.iter().map(|pixels| coder.encode(pixels, number, effort)))
    }

    fn mean_score(
        &self,
        files: impl Iterator<Item = Result<Vec<u8>, Box<dyn Error>>>,
    ) -> Result<f64, Box<dyn Error>> {
        let scores =
            files.enumerate().map(|(index, file)| Ok(self.reference.point(index, &file?)?.0));
        Ok(mean(&scores.collect::<Result<Vec<_>, Box<dyn Error>>>()?))
    }
}

fn rendered(
    original: &[u8],
    quality: u8,
    effort: Effort,
    format: Format,
) -> Result<Vec<Rendered>, Box<dyn Error>> {
    let variant =
        |(width, height)| Variant { quality, effort, format, ..Variant::of_size(width, height) };
    let variants: Vec<_> = SIZES.into_iter().take(JUDGED).map(variant).collect();
    Ok(engine::render(original, Order::of(&variants), &Limits::default())?)
}

/// What decides, and what only judges.
pub(crate) struct Halves {
    fitted: Vec<Subject>,
    judging: Vec<Subject>,
}

impl Halves {
    /// Every other photo is of one half; so are all generated pictures.
    pub(crate) fn of(photos: &[Photo], generated: &[Photo]) -> Result<Self, Box<dyn Error>> {
        let half = |first| photos.iter().skip(first).step_by(2);
        let fitted = half(0).chain(generated).map(Subject::of).collect::<Result<_, _>>()?;
        Ok(Self { fitted, judging: half(1).map(Subject::of).collect::<Result<_, _>>()? })
    }

    /// The encoders' own numbers at each quality.
    pub(crate) fn numbers(&self) -> Result<String, Box<dyn Error>> {
        let mut table = String::from("| format, effort |");
        for quality in KNOTS {
            write!(table, " {quality} |")?;
        }
        writeln!(table, "\n|---{}|", "|--:".repeat(KNOTS.len()))?;
        for (effort_name, effort) in EFFORTS {
            let mut wanted = Vec::new();
            for quality in KNOTS {
                wanted.push(mean_over(&self.fitted, |it| it.score(quality, effort, Format::Jpeg))?);
            }
            for (name, coder, _) in CODERS {
                writeln!(io::stderr(), "{name}, {effort_name}")?;
                let mut curve = Vec::new();
                for &number in coder.numbers() {
                    let score = mean_over(&self.fitted, |it| it.score_of(coder, number, effort))?;
                    curve.push((score, f64::from(number)));
                }
                write!(table, "| {name}, {effort_name} |")?;
                for wanted in &wanted {
                    write!(table, " {:.1} |", number_for(&curve, *wanted))?;
                }
                writeln!(table)?;
            }
        }
        Ok(table)
    }

    /// What every format scores at each quality, less what JPEG does.
    pub(crate) fn check(&self) -> Result<String, Box<dyn Error>> {
        let halves = [("fitted", &self.fitted), ("judging", &self.judging)];
        let mut table = String::from("| quality, effort");
        for (half, _) in halves {
            write!(table, " | JPEG, {half}")?;
            for (name, ..) in CODERS {
                write!(table, " | {name}")?;
            }
        }
        writeln!(table, " |\n|---{}|", "|--:".repeat(2 * (1 + CODERS.len())))?;
        for (effort_name, effort) in EFFORTS {
            for quality in CHECKED {
                write!(table, "| {quality}, {effort_name}")?;
                for (_, subjects) in halves {
                    let score =
                        |format| mean_over(subjects, |it| it.score(quality, effort, format));
                    let jpeg = score(Format::Jpeg)?;
                    write!(table, " | {jpeg:.1}")?;
                    for (.., format) in CODERS {
                        write!(table, " | {:+.1}", score(format)? - jpeg)?;
                    }
                }
                writeln!(table, " |")?;
            }
        }
        Ok(table)
    }
}

/// All subjects at once: nothing here is timed.
fn mean_over(
    subjects: &[Subject],
    score: impl Fn(&Subject) -> Result<f64, Box<dyn Error>> + Sync,
) -> Result<f64, Box<dyn Error>> {
    let of = &|subject| score(subject).map_err(|error| error.to_string());
    let scores = thread::scope(|scope| {
        let running: Vec<_> = subjects.iter().map(|it| scope.spawn(move || of(it))).collect();
        running.into_iter().map(|it| it.join().map_err(|_| "a panic".to_owned())?).collect()
    });
    let scores: Result<Vec<f64>, String> = scores;
    Ok(mean(&scores?))
}

/// The number that gives this score, on the curve of score and number; the nearest end beyond it.
fn number_for(curve: &[(f64, f64)], score: f64) -> f64 {
    let between = curve.windows(2).find_map(|pair| {
        let [(low, coarse), (high, fine)] = [pair[0], pair[1]];
        let share = (score - low) / (high - low);
        (0.0..=1.0).contains(&share).then(|| coarse + share * (fine - coarse))
    });
    let ends = [curve.first(), curve.last()].map(|end| end.map_or((f64::NAN, f64::NAN), |it| *it));
    between.unwrap_or(if score < ends[0].0 { ends[0].1 } else { ends[1].1 })
}
