//! The measuring itself: which side is asked when.
//!
//! All sides work on all photos in turn, round after round, so that whatever else the machine does
//! meets all alike.

use std::{
    error::Error,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{
    photos::Photo,
    quality::Reference,
    side::Side,
    statistics::{geometric_mean, median},
    worker::{Question, SIZES, Worker, result},
};

/// All that was measured on one photo.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) photo: Photo,
    /// In the order of [`Side::ALL`].
    pub(crate) sides: Vec<Figures>,
    /// For each side, for each variant: the bytes that ours takes for the same score.
    pub(crate) our_bytes_at_their_score: Vec<Vec<Option<f64>>>,
}

/// What one side took for one photo.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    /// Milliseconds of a processor, in each round.
    pub(crate) cpu_millis: Vec<f64>,
    /// Milliseconds on the clock for decoding, resizing and encoding, in each round.
    pub(crate) stage_millis: [Vec<f64>; 3],
    /// The most mebibytes resident, in a process of its own.
    pub(crate) peak_mebibytes: f64,
    /// The size of each variant.
    pub(crate) file_bytes: Vec<f64>,
    /// SSIMULACRA2 of each variant; nothing for one that is not upright or of its frame's size.
    pub(crate) scores: Vec<Option<f64>>,
}

/// Measures all sides on all photos. The variants stay in the folder, to be looked at.
pub(crate) fn compare(
    photos: &[Photo],
    rounds: usize,
    folder: &Path,
) -> Result<Vec<Measured>, Box<dyn Error>> {
    let empty = || vec![Figures::default(); Side::ALL.len()];
    let mut measured: Vec<Measured> = photos
        .iter()
        .map(|photo| Measured {
            photo: photo.clone(),
            sides: empty(),
            our_bytes_at_their_score: Vec::new(),
        })
        .collect();
    measure_times(&mut measured, rounds, folder)?;
    for photo in &mut measured {
        progress(&format!("memory and quality of {}", photo.photo.name))?;
        measure_memory(photo, folder)?;
        measure_quality(photo, folder)?;
    }
    Ok(measured)
}

/// The way of sharp that takes less of a processor, which is what a good author uses.
pub(crate) fn faster_sharp(measured: &[Measured]) -> Side {
    let cpu = |side: Side| {
        let medians = measured.iter().map(|photo| median(&photo.sides[index(side)].cpu_millis));
        geometric_mean(&medians.collect::<Vec<_>>())
    };
    if cpu(Side::SharpChained) < cpu(Side::SharpPipelines) {
        Side::SharpChained
    } else {
        Side::SharpPipelines
    }
}

/// Where a side is in [`Side::ALL`].
pub(crate) fn index(side: Side) -> usize {
    Side::ALL.iter().position(|other| *other == side).unwrap_or_default()
}

fn measure_times(
    measured: &mut [Measured],
    rounds: usize,
    folder: &Path,
) -> Result<(), Box<dyn Error>> {
    let workers = Side::ALL.into_iter().map(Worker::start);
    let mut workers = workers.collect::<Result<Vec<_>, _>>()?;
    // Round 0 warms up: caches, lazily made tables, and the JavaScript that is compiled when hot.
    for round in 0..=rounds {
        progress(&format!("round {round} of {rounds}"))?;
        for photo in &mut *measured {
            for turn in 0..Side::ALL.len() {
                let turn = (turn + round) % Side::ALL.len();
                let question = question(&photo.photo, Side::ALL[turn], folder)?;
                let answer = workers[turn].ask(&question)?;
                let figures = &mut photo.sides[turn];
                #[expect(clippy::cast_precision_loss, reason = "a file has no 2^52 bytes")]
                let bytes = answer.file_bytes.iter().map(|bytes| *bytes as f64).collect();
                figures.file_bytes = bytes;
                if round == 0 {
                    continue;
                }
                figures.cpu_millis.push(millis(answer.cpu_micros));
                for (stage, micros) in answer.stage_micros.into_iter().flatten().enumerate() {
                    figures.stage_millis[stage].push(millis(micros));
                }
            }
        }
    }
    Ok(())
}

/// How often memory is measured; it hardly differs.
const MEMORY_ROUNDS: usize = 3;

fn measure_memory(photo: &mut Measured, folder: &Path) -> Result<(), Box<dyn Error>> {
    for side in Side::ALL {
        let question = question(&photo.photo, side, folder)?;
        let mut peaks = Vec::new();
        for _ in 0..MEMORY_ROUNDS {
            let answer = Worker::start(side)?.ask(&question)?;
            #[expect(clippy::cast_precision_loss, reason = "no machine has 2^52 KiB")]
            peaks.push(answer.peak_kib as f64 / 1024.0);
        }
        photo.sides[index(side)].peak_mebibytes = median(&peaks);
    }
    Ok(())
}

fn measure_quality(photo: &mut Measured, folder: &Path) -> Result<(), Box<dyn Error>> {
    let reference = Reference::of(&photo.photo.path)?;
    let curve = reference.curve(&photo.photo.path)?;
    for side in Side::ALL {
        let results = question(&photo.photo, side, folder)?.results;
        let figures = &mut photo.sides[index(side)];
        let mut bytes = Vec::new();
        for variant in 0..figures.file_bytes.len() {
            // Called as in the tutorial, ImageMagick leaves lying pictures as they lie.
            let lies = side == Side::ImageMagick && !reference.stored_upright;
            let score = reference.score(variant, &fs::read(result(&results, variant))?)?;
            let score = score.filter(|_| !lies);
            figures.scores.push(score);
            bytes.push(score.and_then(|score| curve.bytes_at(variant, score)));
        }
        photo.our_bytes_at_their_score.push(bytes);
    }
    Ok(())
}

fn question(photo: &Photo, side: Side, folder: &Path) -> Result<Question, Box<dyn Error>> {
    let results: PathBuf = folder.join(side.name()).join(&photo.name);
    fs::create_dir_all(&results)?;
    Ok(Question { photo: photo.path.clone(), results, sizes: SIZES.to_vec() })
}

#[expect(clippy::cast_precision_loss, reason = "nothing takes 2^52 microseconds")]
pub(crate) fn millis(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

/// Tells a person who waits what is going on.
pub(crate) fn progress(text: &str) -> io::Result<()> {
    writeln!(io::stderr(), "{text}")
}
