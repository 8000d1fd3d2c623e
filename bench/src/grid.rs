//! How the work grows: with the original's sides, its sampling and its kind, and with the number of
//! variants.
//!
//! Not here: quality and memory, which `compare` and `memory` have.

use std::{
    error::Error,
    fmt::{self, Write as _},
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::Path,
    process::Command,
};

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use nix::sys::resource::{UsageWho, getrusage};
use tiff::encoder::{Compression, Predictor, TiffEncoder, colortype::RGB8};

use crate::{
    compare::{millis, progress},
    large,
    side::Side,
    statistics::{median, range},
    worker::{Answer, Question, SIZES, Worker, cpu_micros},
};

const SIDES: [Side; 3] = [Side::Ours, Side::SharpPipelines, Side::SharpChained];

/// Frames of one shape, of which a case takes some.
const FRAMES: [(u32, u32); 8] = [
    (1600, 1200),
    (1200, 900),
    (1024, 768),
    (800, 600),
    (640, 480),
    (400, 300),
    (320, 240),
    (200, 150),
];

const HALVED: Option<(SamplingFactor, &str)> = Some((SamplingFactor::R_4_2_0, "4:2:0"));
const TWELVE_MEGAPIXELS: (u32, u32) = (4000, 3000);
/// 2 to 101 megapixels.
const GROWING: [(u32, u32); 6] =
    [(1632, 1224), (3000, 2000), TWELVE_MEGAPIXELS, (6000, 4000), (8000, 6000), (11_600, 8700)];

/// How an original is stored.
#[derive(Clone, Copy)]
struct Stored {
    sides: (u32, u32),
    kind: Kind,
}

/// In which format.
#[derive(Clone, Copy)]
enum Kind {
    Jpeg {
        /// Nothing for grey.
        sampling: Option<(SamplingFactor, &'static str)>,
        progressive: bool,
    },
    Png,
    /// Lossy.
    Webp,
    /// LZW with differences.
    Tiff,
}

struct Case {
    stored: Stored,
    sizes: Vec<(u32, u32)>,
}

/// What was measured of a case.
#[derive(Default)]
struct Figures {
    /// Milliseconds of a processor, of each of [`SIDES`] in each round.
    cpu_millis: [Vec<f64>; SIDES.len()],
    /// On the clock: decoding, resizing, encoding.
    stage_millis: [Vec<f64>; 3],
    /// Milliseconds of a processor that `djpeg` takes; empty where there is none.
    djpeg_millis: Vec<f64>,
}

impl Stored {
    fn baseline(sides: (u32, u32)) -> Self {
        Self { sides, kind: Kind::Jpeg { sampling: HALVED, progressive: false } }
    }

    fn name(self) -> String {
        let (width, height) = self.sides;
        let kind = match self.kind {
            Kind::Jpeg { sampling, progressive } => {
                let process = if progressive { "progressive" } else { "baseline" };
                format!("{process} {}", sampling.map_or("grey", |(_, name)| name))
            }
            Kind::Png => "PNG".to_owned(),
            Kind::Webp => "lossy WebP".to_owned(),
            Kind::Tiff => "TIFF LZW".to_owned(),
        };
        format!("{width}x{height} {kind}")
    }

    fn write(self, path: &Path) -> Result<(), Box<dyn Error>> {
        let (width, height) = self.sides;
        let pixels = sample::pixels(width, height);
        let mut file = BufWriter::new(File::create(path)?);
        match self.kind {
            Kind::Jpeg { sampling, progressive } => {
                let mut encoder = Encoder::new(&mut file, large::QUALITY);
                encoder.set_progressive(progressive);
                let (width, height) = (width.try_into()?, height.try_into()?);
                if let Some((factor, _)) = sampling {
                    encoder.set_sampling_factor(factor);
                    encoder.encode(&pixels, width, height, ColorType::Rgb)?;
                } else {
                    let grey: Vec<u8> =
                        pixels.as_chunks::<3>().0.iter().map(|pixel| pixel[1]).collect();
                    encoder.encode(&grey, width, height, ColorType::Luma)?;
                }
            }
            Kind::Png => large::write(large::Kind::Png, &mut file, &pixels, self.sides)?,
            Kind::Webp => large::write(large::Kind::Webp, &mut file, &pixels, self.sides)?,
            Kind::Tiff => {
                let encoder = TiffEncoder::new(&mut file)?.with_compression(Compression::Lzw);
                let mut encoder = encoder.with_predictor(Predictor::Horizontal);
                encoder.write_image::<RGB8>(width, height, &pixels)?;
            }
        }
        Ok(file.flush()?)
    }
}

/// One thing differs at a time.
fn cases() -> Vec<Case> {
    let both = |stored| Case { stored, sizes: SIZES.to_vec() };
    let growing = GROWING.map(|sides| both(Stored::baseline(sides)));
    let jpeg = |sampling, progressive, sides| {
        both(Stored { sides, kind: Kind::Jpeg { sampling, progressive } })
    };
    let progressive = [GROWING[0], GROWING[2], GROWING[3]].map(|sides| jpeg(HALVED, true, sides));
    let sampled = [
        Some((SamplingFactor::R_4_4_4, "4:4:4")),
        Some((SamplingFactor::R_4_2_2, "4:2:2")),
        Some((SamplingFactor::R_4_4_0, "4:4:0")),
        Some((SamplingFactor::R_4_1_1, "4:1:1")),
        None,
    ]
    .map(|sampling| jpeg(sampling, false, TWELVE_MEGAPIXELS));
    let others = [Kind::Png, Kind::Webp, Kind::Tiff]
        .map(|kind| both(Stored { sides: TWELVE_MEGAPIXELS, kind }));
    let several =
        [vec![FRAMES[3]], vec![FRAMES[1], FRAMES[3], FRAMES[5], FRAMES[7]], FRAMES.to_vec()]
            .map(|sizes| Case { stored: Stored::baseline(TWELVE_MEGAPIXELS), sizes });
    growing.into_iter().chain(progressive).chain(sampled).chain(others).chain(several).collect()
}

/// Measures every case, and answers with a table.
pub(crate) fn compare(rounds: usize, folder: &Path) -> Result<String, Box<dyn Error>> {
    let results = folder.join("results");
    fs::create_dir_all(&results)?;
    let workers = SIDES.into_iter().map(Worker::start);
    let mut workers = workers.collect::<Result<Vec<_>, _>>()?;
    let mut table = String::from(
        "| original | MB | variants | imgprep, CPU ms | decode | resize | encode | sharp, CPU ms \
         | imgprep ÷ sharp | djpeg, CPU ms |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for case in cases() {
        let photo = folder.join(case.stored.name().replace([' ', ':'], "-"));
        if !photo.exists() {
            case.stored.write(&photo)?;
        }
        progress(&format!("{}, {} variants", case.stored.name(), case.sizes.len()))?;
        let bytes = fs::metadata(&photo)?.len();
        let question = Question { photo, results: results.clone(), sizes: case.sizes.clone() };
        let figures = measure(&question, &case, rounds, &mut workers)?;
        figures.row(&case, bytes, &mut table)?;
    }
    Ok(table)
}

fn measure(
    question: &Question,
    case: &Case,
    rounds: usize,
    workers: &mut [Worker],
) -> Result<Figures, Box<dyn Error>> {
    let mut figures = Figures::default();
    // Round 0 warms up.
    for round in 0..=rounds {
        for turn in 0..SIDES.len() {
            let turn = (turn + round) % SIDES.len();
            let answer = workers[turn].ask(question)?;
            if round > 0 {
                figures.add(turn, &answer);
            }
        }
        let is_jpeg = matches!(case.stored.kind, Kind::Jpeg { .. });
        if is_jpeg
            && round > 0
            && let Some(micros) = djpeg(&question.photo, case)
        {
            figures.djpeg_millis.push(millis(micros));
        }
    }
    Ok(figures)
}

impl Figures {
    fn add(&mut self, side: usize, answer: &Answer) {
        self.cpu_millis[side].push(millis(answer.cpu_micros));
        for (stage, micros) in answer.stage_micros.into_iter().flatten().enumerate() {
            self.stage_millis[stage].push(millis(micros));
        }
    }

    fn row(&self, case: &Case, bytes: u64, table: &mut String) -> fmt::Result {
        let [ours, pipelines, chained] = &self.cpu_millis;
        let sharp = if median(chained) < median(pipelines) { chained } else { pipelines };
        let spread = |values: &[f64]| {
            let (least, most) = range(values);
            format!("{:.1} ({least:.1}–{most:.1})", median(values))
        };
        let [decode, resize, encode] = [0, 1, 2].map(|stage| median(&self.stage_millis[stage]));
        let djpeg = match self.djpeg_millis.as_slice() {
            [] => "–".to_owned(),
            millis => format!("{:.1}", median(millis)),
        };
        #[expect(clippy::cast_precision_loss, reason = "no file has 2^52 bytes")]
        let megabytes = bytes as f64 / 1e6;
        writeln!(
            table,
            "| {} | {megabytes:.1} | {} | {} | {decode:.1} | {resize:.1} | {encode:.1} | {} | {:.2} \
             | {djpeg} |",
            case.stored.name(),
            case.sizes.len(),
            spread(ours),
            spread(sharp),
            median(ours) / median(sharp),
        )
    }
}

/// What libjpeg-turbo takes to decode as far as the largest variant needs, in microseconds of a
/// processor; nothing where it is not installed.
fn djpeg(photo: &Path, case: &Case) -> Option<u64> {
    let ((width, height), (frame_width, frame_height)) = (case.stored.sides, *case.sizes.first()?);
    let is_enough =
        |eighths: &u32| width * eighths / 8 >= frame_width && height * eighths / 8 >= frame_height;
    let scale = format!("{}/8", (1..8).find(is_enough).unwrap_or(8));
    let before = cpu_micros(getrusage(UsageWho::RUSAGE_CHILDREN).ok()?);
    let mut djpeg = Command::new("djpeg");
    let done = djpeg.args(["-scale", &scale, "-outfile", "/dev/null"]).arg(photo).status().ok()?;
    let after = cpu_micros(getrusage(UsageWho::RUSAGE_CHILDREN).ok()?);
    done.success().then_some(after - before)
}
