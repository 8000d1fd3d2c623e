//! Originals near the limits of a small function, made once and kept.

use std::{
    error::Error,
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// An original and the function that has to do with it.
pub(crate) struct Original {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// The memory of the function, as Lambda counts it.
    pub(crate) function_megabytes: u64,
    /// What the whole process may take.
    pub(crate) goal_mebibytes: Option<f64>,
}

/// How an original is stored.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Baseline,
    Progressive,
    Png,
    InterlacedPng,
    Webp,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline JPEG",
            Self::Progressive => "progressive JPEG",
            Self::Png => "PNG",
            Self::InterlacedPng => "interlaced PNG",
            Self::Webp => "lossy WebP",
        }
    }
}

/// Kind, sides, the function's memory, and the goal.
const ORIGINALS: [(Kind, (u32, u32), u64, Option<f64>); 9] = [
    (Kind::Baseline, (6000, 4000), 128, Some(64.0)),
    (Kind::Baseline, (20_000, 14_000), 256, Some(256.0)),
    (Kind::Progressive, (6000, 4000), 256, None),
    (Kind::Progressive, (8000, 6000), 256, None),
    (Kind::Progressive, (8000, 6000), 512, None),
    (Kind::Png, (10_000, 10_000), 256, Some(256.0)),
    (Kind::InterlacedPng, (6000, 4000), 256, None),
    (Kind::InterlacedPng, (10_000, 10_000), 256, None),
    (Kind::Webp, (6000, 4000), 256, None),
];

/// The originals, of which those that are not there yet are made.
pub(crate) fn originals(folder: &Path) -> Result<Vec<Original>, Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let mut originals = Vec::new();
    for (kind, (width, height), function_megabytes, goal_mebibytes) in ORIGINALS {
        let name = format!("{} of {width}x{height}", kind.name());
        let path = folder.join(name.replace(' ', "-"));
        if !path.exists() {
            let unfinished = path.with_extension("unfinished");
            let mut file = BufWriter::new(File::create(&unfinished)?);
            write(kind, &mut file, &sample::pixels(width, height), (width, height))?;
            file.flush()?;
            fs::rename(&unfinished, &path)?;
        }
        originals.push(Original { name, path, function_megabytes, goal_mebibytes });
    }
    Ok(originals)
}

/// At this quality the generated picture has as many bytes as a photo of its size.
pub(crate) const QUALITY: u8 = 97;

pub(crate) fn write(
    kind: Kind,
    file: &mut impl Write,
    pixels: &[u8],
    (width, height): (u32, u32),
) -> Result<(), Box<dyn Error>> {
    match kind {
        Kind::Baseline | Kind::Progressive => {
            let mut encoder = Encoder::new(file, QUALITY);
            encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
            encoder.set_progressive(matches!(kind, Kind::Progressive));
            encoder.encode(pixels, width.try_into()?, height.try_into()?, ColorType::Rgb)?;
        }
        Kind::Png => {
            let mut encoder = png::Encoder::new(file, width, height);
            encoder.set_color(png::ColorType::Rgb);
            encoder.set_compression(png::Compression::Balanced);
            encoder.write_header()?.write_image_data(pixels)?;
        }
        Kind::InterlacedPng => file.write_all(&interlaced_png(pixels, (width, height)))?,
        Kind::Webp => {
            let picture = webp::Picture { width, height, alpha: false, pixels };
            let coding = webp::Coding::Lossy { quality: 80.0 };
            file.write_all(&webp::encode(picture, coding, webp::Effort::Low)?)?;
        }
    }
    Ok(())
}

/// The seven passes of Adam7: first column and row, and the steps to the next of each (PNG
/// specification, section 8.2).
const PASSES: [[usize; 4]; 7] = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
];

/// No encoder that is at hand interlaces: the rows of all passes without filters, compressed.
fn interlaced_png(pixels: &[u8], (width, height): (u32, u32)) -> Vec<u8> {
    let columns = width as usize;
    let mut rows = Vec::with_capacity(pixels.len() + 2 * height as usize);
    for [left, top, across, down] in PASSES {
        for row in pixels.chunks_exact(3 * columns).skip(top).step_by(down) {
            rows.push(0);
            let pixels = row.as_chunks::<3>().0.iter().skip(left).step_by(across);
            rows.extend(pixels.flatten());
        }
    }
    let data = miniz_oxide::deflate::compress_to_vec_zlib(&rows, 1);
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([8, 2, 0, 0, 1]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in [(b"IHDR", &header), (b"IDAT", &data), (b"IEND", &Vec::new())] {
        let checked = [&name[..], data].concat();
        file.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
        file.extend(&checked);
        file.extend(crc32fast::hash(&checked).to_be_bytes());
    }
    file
}
