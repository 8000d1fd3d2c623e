//! Decodes files of every layout beside libjpeg-turbo's `djpeg`, which must be installed.
//!
//! Whole blocks must be equal to its accurate transform's, sample by sample. So must colours, of which
//! coarser ones are repeated, but for the rounding of RGB. At the other scales brightness must be within
//! 40 dB: where `djpeg` halves or quarters it averages, and ours leaves frequencies out.
//!
//!     cargo run --release -p imgprep-jpeg --example against_djpeg

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a comparison for developers")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "positions in small pictures, and samples of eight bits"
)]

use std::{
    io::Write,
    process::{Command, Stdio},
};

use fixtures::jpeg_writer::{Picture, Random};
use imgprep_jpeg::{
    Plane,
    decoder::{Component, Request, Scratch, decode, plan, read_header},
};

const SIZE: (usize, usize) = (149, 107);
const LAYOUTS: &[&[(usize, usize)]] = &[
    &[(1, 1)],
    &[(1, 1), (1, 1), (1, 1)],
    &[(2, 1), (1, 1), (1, 1)],
    &[(1, 2), (1, 1), (1, 1)],
    &[(2, 2), (1, 1), (1, 1)],
    &[(4, 1), (1, 1), (1, 1)],
    &[(1, 4), (1, 1), (1, 1)],
    &[(4, 2), (1, 1), (1, 1)],
    &[(3, 1), (1, 1), (1, 1)],
    &[(1, 1), (2, 2), (2, 2)],
    &[(1, 2), (2, 1), (2, 1)],
    &[(2, 2), (2, 1), (1, 2)],
];

fn main() {
    let mut worst = [f64::INFINITY; 9];
    for &layout in LAYOUTS {
        for (progressive, restart_interval) in [(false, 0), (false, 3), (true, 0), (true, 3)] {
            let smooth = Picture { progressive, restart_interval, ..Picture::smooth(SIZE, layout) };
            let noise = Picture::noise(SIZE, layout, &mut Random(7));
            let noise = Picture { progressive, restart_interval, ..noise };
            for file in [smooth.file(), noise.file()] {
                let ours = components(&file, 1.0);
                let theirs = djpeg(&file, 8, layout.len() == 1);
                let apart = pixels(&ours).iter().zip(&theirs).map(|(a, b)| a.abs_diff(*b)).max();
                let rounding = u8::from(layout.len() > 1);
                assert!(
                    apart <= Some(rounding),
                    "{layout:?}, progressive {progressive}: {apart:?}"
                );
            }
            for eighths in 1..=8 {
                let file = smooth.file();
                let stored = components(&file, 1.0)[0].density;
                let density = f64::from(eighths) / 8.0 * stored.0.min(stored.1);
                let luma = &components(&file, density)[0].plane;
                let theirs = djpeg(&file, eighths, true);
                if luma.samples.len() == theirs.len() {
                    let place = &mut worst[eighths as usize];
                    *place = place.min(psnr(&luma.samples, &theirs));
                }
            }
        }
    }
    for (eighths, psnr) in worst.iter().enumerate().skip(1) {
        println!("{eighths}/8: at least {psnr:.1} dB");
        assert!(*psnr > 40.0);
    }
}

fn components(file: &[u8], density: f64) -> Vec<Component> {
    let header = read_header(file).unwrap();
    let rows = 0..header.height;
    let request = Request { luma_density: density, chroma_density: density, rows };
    let plan = plan(&header, &request).unwrap();
    decode(file, &plan, &mut Scratch::default()).unwrap().components
}

/// Grey or RGB, from components of which coarser ones are repeated.
fn pixels(components: &[Component]) -> Vec<u8> {
    let sample = |Component { plane, density }: &Component, x: usize, y: usize| {
        let Plane { width, height, samples } = plane;
        let nearest = |at: usize, density: f64, side: u32| {
            (((at as f64 + 0.5) * density) as usize).min(side as usize - 1)
        };
        let row = nearest(y, density.1, *height) * *width as usize;
        f64::from(samples[row + nearest(x, density.0, *width)])
    };
    let places = (0..SIZE.1).flat_map(|y| (0..SIZE.0).map(move |x| (x, y)));
    let pixel = |(x, y)| match components {
        [grey] => vec![sample(grey, x, y)],
        // ITU-T T.871, section 7.
        [luma, cb, cr, ..] => {
            let (luma, cb, cr) =
                (sample(luma, x, y), sample(cb, x, y) - 128.0, sample(cr, x, y) - 128.0);
            let green = luma - 0.344_136_3 * cb - 0.714_136_3 * cr;
            vec![luma + 1.402 * cr, green, luma + 1.772 * cb]
        }
        _ => Vec::new(),
    };
    places.flat_map(pixel).map(|value| value.round().clamp(0.0, 255.0) as u8).collect()
}

fn djpeg(file: &[u8], eighths: u32, grey: bool) -> Vec<u8> {
    let mut child = Command::new("djpeg")
        .args(["-dct", "int", "-nosmooth", "-pnm", "-scale", &format!("{eighths}/8")])
        .arg(if grey { "-grayscale" } else { "-rgb" })
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let bytes = file.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&bytes));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Three lines: the kind, the sides, the largest value.
    let header = output.stdout.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(2);
    output.stdout[header.unwrap().0 + 1..].to_vec()
}

fn psnr(ours: &[u8], theirs: &[u8]) -> f64 {
    let squares = ours.iter().zip(theirs).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
    10.0 * (255.0 * 255.0 * ours.len() as f64 / squares.sum::<f64>().max(1e-9)).log10()
}
