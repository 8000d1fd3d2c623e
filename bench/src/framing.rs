//! Whether variants show the same part of their original as `ImageMagick`'s do, to the pixel.
//!
//! `cover` means what the tutorial's call means: `-resize WxH^ -gravity center -crop WxH+0+0`. Both
//! sides make the same frame of the same picture; if one of them had cut it a pixel further on, the
//! two would agree better after a shift by one.

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use contract::settings::{Format, Variant};
use image::{ImageFormat, RgbImage};
use imaging::{engine, limits::Limits, order::Order};

/// Originals and the frames that they are brought into: wide and tall, odd and even, enlarged,
/// shrunk by a little and by a lot, and of the frame's own shape.
const CASES: [((u32, u32), (u32, u32)); 20] = [
    ((400, 300), (80, 60)),
    ((300, 400), (80, 60)),
    ((401, 299), (80, 60)),
    ((399, 301), (81, 61)),
    ((1000, 333), (120, 90)),
    ((333, 1000), (120, 90)),
    ((1001, 667), (400, 300)),
    ((667, 1001), (400, 300)),
    ((640, 480), (639, 479)),
    ((641, 481), (320, 240)),
    ((500, 500), (300, 200)),
    ((501, 501), (300, 200)),
    ((502, 501), (301, 201)),
    ((503, 502), (200, 301)),
    ((97, 61), (150, 150)),
    ((61, 97), (151, 149)),
    ((1200, 803), (100, 99)),
    ((803, 1200), (99, 100)),
    ((719, 404), (213, 160)),
    ((404, 719), (213, 160)),
];

/// Compares every case and says what became of each.
pub(crate) fn compare(convert: &Path, folder: &Path) -> Result<String, Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let mut table = String::from(
        "| original | frame | mean difference | after the best shift by a pixel | same framing |\n|---|---|--:|--:|---|\n",
    );
    let mut same = 0;
    for (original, frame) in CASES {
        let (ours, theirs) = both(convert, folder, original, frame)?;
        let in_place = difference(&ours, &theirs, (0, 0));
        let shifts = (-1..=1).flat_map(|x| (-1..=1).map(move |y| (x, y)));
        let shifts = shifts.filter(|shift| *shift != (0, 0));
        let best = shifts.map(|shift| difference(&ours, &theirs, shift)).fold(f64::MAX, f64::min);
        let verdict = in_place < best;
        same += usize::from(verdict);
        writeln!(
            table,
            "| {}x{} | {}x{} | {in_place:.2} | {best:.2} | {} |",
            original.0,
            original.1,
            frame.0,
            frame.1,
            if verdict { "yes" } else { "**no**" }
        )?;
    }
    writeln!(table, "\n{same} of {} framed alike", CASES.len())?;
    Ok(table)
}

fn both(
    convert: &Path,
    folder: &Path,
    (width, height): (u32, u32),
    frame: (u32, u32),
) -> Result<(RgbImage, RgbImage), Box<dyn Error>> {
    let original = folder.join("original.png");
    let pixels = sample::pixels(width, height);
    RgbImage::from_raw(width, height, pixels).ok_or("too few pixels")?.save(&original)?;
    let variant = Variant { format: Format::Png, ..Variant::of_size(frame.0, frame.1) };
    let variants = [variant];
    let order = Order::of(&variants);
    let rendered = engine::render(&fs::read(&original)?, order, &Limits::default())?;
    let ours = image::load_from_memory_with_format(&rendered[0].bytes, ImageFormat::Png)?;

    let result: PathBuf = folder.join("theirs.png");
    let size = format!("{}x{}", frame.0, frame.1);
    let status = Command::new(convert)
        .arg(&original)
        .args(["-resize", &format!("{size}^"), "-gravity", "center"])
        .args(["-crop", &format!("{size}+0+0"), "+repage"])
        .arg(&result)
        .status()?;
    if !status.success() {
        return Err(format!("convert failed on {width}x{height}").into());
    }
    let theirs = image::open(&result)?.into_rgb8();
    let ours = ours.into_rgb8();
    if ours.dimensions() != theirs.dimensions() {
        return Err(format!("{:?} and {:?}", ours.dimensions(), theirs.dimensions()).into());
    }
    Ok((ours, theirs))
}

/// The mean difference of the samples of two pictures of one size, one of them shifted, without
/// a margin of a pixel.
fn difference(ours: &RgbImage, theirs: &RgbImage, (x, y): (i32, i32)) -> f64 {
    let (width, height) = ours.dimensions();
    let (mut sum, mut samples) = (0.0, 0.0);
    for row in 1..height - 1 {
        for column in 1..width - 1 {
            let one = ours.get_pixel(column, row);
            let other =
                theirs.get_pixel(column.saturating_add_signed(x), row.saturating_add_signed(y));
            for (one, other) in one.0.iter().zip(other.0) {
                sum += f64::from(one.abs_diff(other));
                samples += 1.0;
            }
        }
    }
    sum / samples
}
