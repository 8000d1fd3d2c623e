//! Any bytes as an original: it becomes variants of exactly the sides that their settings ask for,
//! or it is refused. Memory is bounded by libFuzzer, see `run`.
//!
//! The last bytes of an input choose the settings, so that a plain image file is a good seed.

#![no_main]

use contract::{
    framing::{Crop, Focus, Framing},
    settings::{Colour, Fit, Format, Gravity, Variant},
};
use imaging::{
    decode, engine,
    formats::{Sniffed, sniff},
    limits::Limits,
    order::Order,
};
use libfuzzer_sys::fuzz_target;

const FITS: [Fit; 3] = [Fit::Cover, Fit::Contain, Fit::Pad];
/// Not AVIF: it takes so long that little else would be tried, and its encoder sees only pixels.
const FORMATS: [Format; 4] = [Format::Keep, Format::Jpeg, Format::Png, Format::Webp];
const GRAVITIES: [Gravity; 3] = [Gravity::Auto, Gravity::NorthWest, Gravity::East];
const FOCUSES: [&str; 3] = ["", "0.31,0.62", "1,0"];
const CROPS: [&str; 4] = ["", "", "0.1,0.2,0.7,0.5", "0.999999,0,0.000001,1"];
const UPSCALES: [Option<bool>; 3] = [None, Some(false), Some(true)];

/// The function's smallest memory, so that an input has to be small to pass.
const MEGABYTES: u64 = 128;
/// A GIF of 200 bytes may be of 200 megapixels, whose time says nothing new.
const PIXELS_MAX: u64 = 1 << 22;

fuzz_target!(|input: &[u8]| {
    let Some((file, &[first, second, third])) = input.split_last_chunk::<3>() else { return };
    let variants = [variant(first, second), variant(second, third)];
    let framing = Framing {
        focus: Focus::parse(FOCUSES[usize::from(third) % FOCUSES.len()]),
        crop: Crop::parse(CROPS[usize::from(third / 3) % CROPS.len()]),
    };
    let order = Order { framing, ..Order::of(&variants) };
    let limits = Limits::for_memory(MEGABYTES);
    if decode::dimensions(file).is_ok_and(|(width, height)| u64::from(width) * u64::from(height) > PIXELS_MAX) {
        return;
    }
    let needed = engine::open(file, order, &limits).map(|opened| opened.memory_needed());
    match engine::render(file, order, &limits) {
        Err(_) => {}
        Ok(rendered) => {
            assert!(needed.is_ok_and(|bytes| bytes <= limits.max_memory), "it was let in");
            let upright = decode::dimensions(file).expect("it has just been decoded");
            assert_eq!(rendered.len(), variants.len());
            for (rendered, variant) in rendered.iter().zip(&variants) {
                let size = (rendered.width, rendered.height);
                check_size(size, upright, variant, framing);
                assert!(matches!(sniff(&rendered.bytes), Sniffed::Image(_)));
                assert_eq!(decode::dimensions(&rendered.bytes), Ok(size));
            }
        }
    }
});

fn variant(shape: u8, look: u8) -> Variant {
    let (width, height) = (1 + u32::from(shape & 15) * 5, 1 + u32::from(shape >> 4) * 5);
    let pick = |of: usize, by: u8| usize::from(look / by) % of;
    Variant {
        fit: FITS[pick(FITS.len(), 1)],
        format: FORMATS[pick(FORMATS.len(), 3)],
        gravity: GRAVITIES[pick(GRAVITIES.len(), 12)],
        upscale: UPSCALES[pick(UPSCALES.len(), 36)],
        background: (look & 1 == 1).then_some(Colour([look, shape, 7])),
        quality: 1 + look % 100,
        ..Variant::of_size(width, height)
    }
}

fn check_size(size: (u32, u32), upright: (u32, u32), variant: &Variant, framing: Framing) {
    let frame = (variant.width, variant.height);
    assert!(size.0 <= frame.0 && size.1 <= frame.1, "{size:?} in {frame:?}");
    match variant.fit {
        Fit::Pad => assert_eq!(size, frame),
        Fit::Cover if variant.enlarges() => assert_eq!(size, frame),
        Fit::Cover => assert!(size.0 <= upright.0 && size.1 <= upright.1),
        Fit::Contain => {
            let fills = size.0 == frame.0 || size.1 == frame.1;
            let is_part = framing.crop.is_some() && size.0 <= upright.0 && size.1 <= upright.1;
            assert!(fills || is_part || size == upright, "{size:?} of {upright:?} in {frame:?}");
        }
    }
}
