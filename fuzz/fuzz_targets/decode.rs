//! Our JPEG decoder beside zune-jpeg: never a panic, planes as planned, and what it calls undamaged
//! is what the other one decodes too.
//!
//! The last four bytes of an input choose what the others are: a file, the entropy-coded data of a
//! file with sound headers, or the pixels of a sound file. Only files of the last kind are compared
//! sample by sample. In the others a wrong table can make any number out of right data, numbers that no
//! photo has wrap around in each decoder at a place of its own, and data may be left over behind the
//! last block, which zune-jpeg 0.5.15 lets spoil the first ones (`djpeg` agrees with ours).
//!
//! Allowed to differ: zune-jpeg may refuse headers that ours reads, or what stands between the last
//! block and the end of the image, which ours never looks at; and it may decode what ours refuses.

#![no_main]

use fixtures::jpeg_writer::Picture;
use jpeg::{
    Plane,
    decoder::{self, Damage, Decoded, Request, Scratch},
};
use libfuzzer_sys::fuzz_target;
use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

/// More than this is never decoded whole, so that an input takes little time.
const PIXELS_MAX: u64 = 1 << 20;
/// Samples of brightness across and down for one of each colour. Grey has one component.
const LAYOUTS: [((u8, u8), bool); 6] =
    [((1, 1), false), ((2, 1), false), ((1, 2), false), ((2, 2), false), ((4, 1), false), ((1, 1), true)];
const RESTART_INTERVALS: [u16; 3] = [0, 1, 3];

fuzz_target!(|input: &[u8]| {
    let Some((bytes, &[kind, width, height, request])) = input.split_last_chunk::<4>() else {
        return;
    };
    let shape = Shape {
        layout: LAYOUTS[usize::from(kind / 3) % LAYOUTS.len()],
        restart_interval: RESTART_INTERVALS[usize::from(kind / 18) % RESTART_INTERVALS.len()],
        size: (1 + u16::from(width % 64), 1 + u16::from(height % 64)),
    };
    match kind % 3 {
        0 => drop(check(bytes, request, false)),
        1 => {
            let file = shape.file_with_data(bytes, height < 128);
            drop(check(&file, request, false));
        }
        _ => {
            let file = shape.file_of_pixels(bytes, height);
            if let Some(decoded) = check(&file, request, true) {
                compare(&file, &decoded.components[0].plane, shape.size, request);
            }
        }
    }
});

/// Eighths of the original's density that brightness is asked for.
fn luma_eighths(request: u8) -> u32 {
    1 + u32::from(request % 8)
}

/// Decodes with our decoder, unless it refuses that kind, and looks whether what it says of the
/// file holds. Returns what is undamaged and was asked for in full.
fn check(file: &[u8], choice: u8, is_sound: bool) -> Option<Decoded> {
    let header = decoder::read_header(file).ok()?;
    if u64::from(header.width) * u64::from(header.height) > PIXELS_MAX {
        return None;
    }
    let luma_density = f64::from(luma_eighths(choice)) / 8.0;
    let chroma_density = luma_density * [1.0, 0.5, 0.01][usize::from(choice / 8 % 3)];
    let wants_all = choice / 24 % 2 == 0;
    let rows = 0..if wants_all { header.height } else { header.height.div_ceil(2) };
    let request = Request { luma_density, chroma_density, rows };
    let plan = decoder::plan(&header, &request).ok()?;
    let decoded = decoder::decode(file, &plan, &mut Scratch::default());
    let damage = decoded.as_ref().map(|decoded| decoded.damage);
    assert!(!is_sound || damage == Ok(None), "{damage:?}");
    let decoded = decoded.ok()?;
    let planes = decoded.components.iter().map(|component| &component.plane);
    let mut plane_bytes = 0;
    for (plane, size) in planes.zip(plan.plane_sizes()) {
        assert_eq!((plane.width, plane.height), size);
        assert_eq!(plane.samples.len() as u64, u64::from(size.0) * u64::from(size.1));
        plane_bytes += plane.samples.capacity() as u64;
    }
    assert!(plane_bytes <= plan.memory_bytes());
    match decoded.damage {
        None => {}
        Some(Damage::Rows { intact, .. }) => {
            assert!(intact < header.height);
            return None;
        }
        Some(Damage::FewerScans { .. }) => return None,
    }
    let mut whole = JpegDecoder::new_with_options(ZCursor::new(file), options());
    if whole.decode_headers().is_ok() {
        let size = whole.dimensions().map(|(width, height)| (width as u32, height as u32));
        assert_eq!(size, Some((header.width, header.height)));
        if wants_all && header.is_one_scan() && ends_behind_first_scan(file) {
            whole.decode().expect("ours finds no fault with it");
        }
    }
    Some(decoded).filter(|_| wants_all)
}

/// Whether nothing but the end of the image follows the data of the first scan.
fn ends_behind_first_scan(file: &[u8]) -> bool {
    let scan = file.windows(2).position(|marker| marker == [0xff, 0xda]);
    let markers = file[scan.map_or(file.len(), |scan| scan + 2)..].windows(2);
    let mut markers = markers.filter(|marker| marker[0] == 0xff);
    let next = markers.find(|marker| !matches!(marker[1], 0x00 | 0xd0..=0xd7 | 0xff));
    next.is_some_and(|marker| marker[1] == 0xd9)
}

/// As zune-jpeg reads most of what cameras write, but for the colours.
fn options() -> DecoderOptions {
    DecoderOptions::default().set_strict_mode(false)
}

/// The mean of a block is the same in any resolution, whatever is in the block, unless samples had
/// to be cut to what eight bits hold. So it is compared where none is at the end of the range.
fn compare(file: &[u8], luma: &Plane, (width, height): (u16, u16), choice: u8) {
    /// Half a step of rounding in each decoder, and their fixed-point transforms.
    const TOLERANCE: f64 = 2.0;
    let eighths = luma_eighths(choice) as usize;
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options());
    decoder.decode_headers().expect("its headers are sound");
    let (output, channels) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (ColorSpace::Luma, 1),
        _ => (ColorSpace::YCbCr, 3),
    };
    decoder.set_options(options().jpeg_set_out_colorspace(output));
    let whole = decoder.decode().expect("it has just been decoded");
    let whole: Vec<u8> = whole.into_iter().step_by(channels).collect();
    let (width, height) = (usize::from(width), usize::from(height));
    for (y, x) in (0..height / 8).flat_map(|y| (0..width / 8).map(move |x| (y, x))) {
        let full = mean(&whole, width, (8 * x, 8 * y), 8);
        let shrunk = mean(&luma.samples, luma.width as usize, (eighths * x, eighths * y), eighths);
        if let Some((full, shrunk)) = full.zip(shrunk) {
            assert!((full - shrunk).abs() <= TOLERANCE, "block {x}, {y}: {shrunk}, not {full}");
        }
    }
}

/// The mean of a square of samples, if none of them is at the end of the range.
fn mean(samples: &[u8], stride: usize, (x, y): (usize, usize), side: usize) -> Option<f64> {
    let rows = (y..y + side).flat_map(|row| &samples[row * stride + x..][..side]);
    let inside = rows.clone().all(|sample| (1..=254).contains(sample));
    inside.then(|| rows.map(|&sample| f64::from(sample)).sum::<f64>() / (side * side) as f64)
}

/// How a file is to be written.
struct Shape {
    layout: ((u8, u8), bool),
    restart_interval: u16,
    size: (u16, u16),
}

impl Shape {
    /// Samples that repeat the bytes.
    fn file_of_pixels(&self, bytes: &[u8], quality: u8) -> Vec<u8> {
        let ((across, down), grey) = self.layout;
        let luma = (usize::from(across), usize::from(down));
        let sampling = [luma, (1, 1), (1, 1)];
        let sampling = &sampling[..if grey { 1 } else { 3 }];
        let size = (usize::from(self.size.0), usize::from(self.size.1));
        let bytes = if bytes.is_empty() { &[0] } else { bytes };
        // Beyond the edge as well: those samples are in the last blocks.
        let sample = |component: usize, x: usize, y: usize| {
            f64::from(bytes[(component + 3 * (x + 64 * y)) % bytes.len()])
        };
        let step = 1 + u16::from(quality % 100);
        let picture = Picture::of_samples(size, sampling, step, sample);
        let restart_interval = usize::from(self.restart_interval);
        Picture { restart_interval, ..picture }.file()
    }

    /// Sound headers and these bytes for data, which end at no marker if they are stuffed.
    fn file_with_data(&self, data: &[u8], stuffed: bool) -> Vec<u8> {
        let ((across, down), grey) = self.layout;
        let components = if grey { 1 } else { 3 };
        let [h1, h0] = self.size.1.to_be_bytes();
        let [w1, w0] = self.size.0.to_be_bytes();
        let mut file = vec![0xff, 0xd8];
        segment(&mut file, 0xdb, &[&[0][..], &[1; 64]].concat());
        let mut frame = vec![8, h1, h0, w1, w0, components];
        let factors = [across << 4 | down, 0x11, 0x11];
        (1..).zip(factors).take(components.into()).for_each(|(n, f)| frame.extend([n, f, 0]));
        segment(&mut file, 0xc0, &frame);
        // Two bits for no difference, four for small ones, six for others.
        let lengths = [0, 1, 0, 7, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        segment(&mut file, 0xc4, &[&[0][..], &lengths, &(0..12).collect::<Vec<_>>()].concat());
        // Two bits for the end of the block, four for what is frequent, ten for all others.
        let frequent = [0x00, 0x01, 0x11, 0x02, 0x21, 0x12, 0xf0, 0x03, 0x31];
        let others = (0..=255).filter(|symbol| (1..=10).contains(&(symbol & 15)));
        let others = others.filter(|symbol| !frequent.contains(symbol));
        let symbols: Vec<u8> = frequent.into_iter().chain(others).collect();
        let lengths = [0, 1, 0, 8, 0, 0, 0, 0, 0, (symbols.len() - 9) as u8, 0, 0, 0, 0, 0, 0];
        segment(&mut file, 0xc4, &[&[0x10][..], &lengths, &symbols].concat());
        if !stuffed {
            segment(&mut file, 0xdd, &self.restart_interval.to_be_bytes());
        }
        let mut scan = vec![components];
        (1..=components).for_each(|number| scan.extend([number, 0]));
        scan.extend([0, 63, 0]);
        segment(&mut file, 0xda, &scan);
        for &byte in data {
            file.push(byte);
            if stuffed && byte == 0xff {
                file.push(0);
            }
        }
        file.extend([0xff, 0xd9]);
        file
    }
}

fn segment(file: &mut Vec<u8>, marker: u8, payload: &[u8]) {
    file.extend([0xff, marker]);
    file.extend((payload.len() as u16 + 2).to_be_bytes());
    file.extend(payload);
}
