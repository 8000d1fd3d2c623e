//! What comes out beside what another decoder makes of the whole image, on smooth pictures.

use fixtures::jpeg_writer::{Picture, sampling_max};
use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use super::{decoded, planes::LAYOUTS};
use crate::decoder::Component;

/// A picture of zune-jpeg, channel by channel.
fn whole(file: &[u8], channels: usize) -> Vec<Vec<u8>> {
    let colours = if channels == 1 { ColorSpace::Luma } else { ColorSpace::YCbCr };
    let options = DecoderOptions::default().jpeg_set_out_colorspace(colours);
    let samples = JpegDecoder::new_with_options(ZCursor::new(file), options).decode().unwrap();
    let channel = |channel: usize| samples.iter().skip(channel).step_by(channels).copied();
    (0..channels).map(|number| channel(number).collect()).collect()
}

/// The means of what each sample covers, if that is inside the image, minus the sample.
fn differences(component: &Component, whole: &[u8], size: (usize, usize)) -> Vec<f64> {
    let plane = &component.plane;
    let columns = shares(size.0, plane.width, component.density.0);
    let rows = shares(size.1, plane.height, component.density.1);
    let mut differences = Vec::new();
    for (row, down) in rows.iter().enumerate() {
        for (column, across) in columns.iter().enumerate() {
            let mean = down.iter().map(|&(y, share)| {
                let line = &whole[y * size.0..][..size.0];
                share * across.iter().map(|&(x, share)| share * f64::from(line[x])).sum::<f64>()
            });
            let sample = plane.samples[row * plane.width as usize + column];
            differences.push(mean.sum::<f64>() - f64::from(sample));
        }
    }
    differences
}

/// Which pixels a sample is made of, and their shares in it, for all samples that no edge cuts.
fn shares(pixels: usize, samples: u32, density: f64) -> Vec<Vec<(usize, f64)>> {
    let inside = (0..samples).filter(|&k| f64::from(k + 1) / density <= pixels as f64 + 1e-9);
    let sample = |k: u32| {
        let (start, end) = (f64::from(k) / density, f64::from(k + 1) / density);
        let covered = |x: usize| (end.min(x as f64 + 1.0) - start.max(x as f64)) * density;
        (0..pixels).map(|x| (x, covered(x))).filter(|&(_, share)| share > 1e-9).collect()
    };
    inside.map(sample).collect()
}

/// The worst peak signal-to-noise ratio of a component.
fn psnr(picture: &Picture, eighths: u32) -> f64 {
    let file = picture.file();
    let (luma, chroma) = densities(picture, eighths);
    let decoded = decoded(&file, luma, chroma).unwrap();
    assert_eq!(decoded.damage, None, "{:?}", picture.size);
    let components = decoded.components;
    let whole = whole(&file, components.len());
    let squares = components.iter().zip(&whole).map(|(component, whole)| {
        let differences = differences(component, whole, picture.size);
        let squares = differences.iter().map(|difference| difference * difference);
        squares.sum::<f64>() / (differences.len().max(1) as f64)
    });
    10.0 * (255.0 * 255.0 / squares.fold(1e-9, f64::max)).log10()
}

/// So many eighths of what is stored of brightness; for colour half of that, and at most half of
/// what is stored.
fn densities(picture: &Picture, eighths: u32) -> (f64, f64) {
    let sampling: Vec<_> = picture.plates.iter().map(|plate| plate.sampling).collect();
    let max = sampling_max(&sampling);
    let stored = |&(h, v): &(usize, usize)| (h as f64 / max.0 as f64).min(v as f64 / max.1 as f64);
    let luma = f64::from(eighths) / 8.0 * stored(&sampling[0]);
    (luma, sampling.iter().map(stored).fold(luma, f64::min) / 2.0)
}

/// All pairs of sides. Restart intervals and scales take turns, so that each pair of them comes
/// with about one in 24 of the sizes.
fn smooth_pictures(
    layout: &[(usize, usize)],
    sides: impl Iterator<Item = usize> + Clone,
) -> impl Iterator<Item = (Picture, u32)> {
    let heights = sides.clone();
    let pairs = sides.flat_map(move |width| heights.clone().map(move |height| (width, height)));
    pairs.enumerate().map(|(number, size)| {
        let mut picture = Picture::smooth(size, layout);
        picture.restart_interval = [0, 1, 5][number % 3];
        (picture, 1 + number as u32 / 3 % 8)
    })
}

/// Every size with odd sides of 1 to 69, in one scan. Colours are smoother in zune-jpeg's picture,
/// which interpolates them.
#[track_caller]
fn check_all_sizes(layouts: &[(&[(usize, usize)], f64)]) {
    for &(layout, at_least) in layouts {
        let all = smooth_pictures(layout, (1..70).step_by(2));
        let all = all.map(|(picture, eighths)| (psnr(&picture, eighths), picture.size, eighths));
        let (psnr, size, eighths) = all.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
        assert!(psnr > at_least, "{layout:?} {size:?} {eighths}/8: {psnr} dB");
    }
}

/// The worst are 50.6 dB, 50.6 dB and 47.1 dB, where a plane has very few samples.
#[test]
fn grey_and_full_colour_are_close_to_another_decoders_mean() {
    check_all_sizes(&[(&[(1, 1)], 50.5), (&[(2, 2)], 50.5), (&[(1, 1), (1, 1), (1, 1)], 47.0)]);
}

/// The worst are 45.0 dB, 43.8 dB, 39.7 dB and 43.8 dB.
#[test]
fn halved_colour_is_close_to_another_decoders_mean() {
    check_all_sizes(&[
        (&[(2, 1), (1, 1), (1, 1)], 44.5),
        (&[(1, 2), (1, 1), (1, 1)], 43.5),
        (&[(2, 2), (1, 1), (1, 1)], 39.5),
        (&[(2, 2), (2, 1), (1, 2)], 43.5),
    ]);
}

/// The worst are 42.0 dB, 41.2 dB and 41.6 dB.
#[test]
fn quartered_colour_is_close_to_another_decoders_mean() {
    check_all_sizes(&[
        (&[(4, 1), (1, 1), (1, 1)], 41.5),
        (&[(1, 4), (1, 1), (1, 1)], 41.0),
        (&[(4, 2), (1, 1), (1, 1)], 41.5),
    ]);
}

/// zune-jpeg 0.5.15 refuses sampling factors of three, and misplaces rows of blocks if components
/// have scans of their own (libjpeg doesn't, and agrees with ours). So what such scans give is
/// compared with what one for all gives, where zune-jpeg can judge it: every sample is the same.
#[test]
fn separate_scans_give_what_one_scan_gives() {
    for &layout in LAYOUTS.iter().filter(|layout| layout.len() > 1) {
        for (mut picture, eighths) in
            smooth_pictures(layout, [1, 7, 9, 17, 33, 47, 65, 69].into_iter())
        {
            let (luma, chroma) = densities(&picture, eighths);
            let together = decoded(&picture.file(), luma, chroma).unwrap().components;
            picture.separate = true;
            let separate = decoded(&picture.file(), luma, chroma).unwrap();
            assert_eq!(separate.damage, None);
            for (one, other) in together.iter().zip(separate.components) {
                assert_eq!(one.plane, other.plane, "{layout:?} {:?} {eighths}/8", picture.size);
            }
        }
    }
}
