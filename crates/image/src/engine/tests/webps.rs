//! Lossy WebP, which is decoded by our own decoder while it is opaque.

use super::*;

fn lossy(drawing: &Drawing) -> Vec<u8> {
    let &Drawing { width, height, alpha, ref bytes } = drawing;
    let picture = ::webp::Picture { width, height, alpha, pixels: bytes };
    let coding = ::webp::Coding::Lossy { quality: 90.0 };
    ::webp::encode(picture, coding, ::webp::Effort::Low).unwrap()
}

/// As large as it is, and much smaller, with sides that are odd.
#[test]
fn a_lossy_photo_looks_like_what_it_was_made_of() {
    for (width, height) in [(160, 120), (333, 251)] {
        let photo = landscape(width, height);
        let exact = fixtures::encoded(&photo, ImageFormat::Png);
        let lossy = lossy(&photo);
        for format in [Format::Png, Format::Jpeg] {
            for divisor in [1, 2, 5] {
                let size = (width.div_ceil(divisor), height.div_ceil(divisor));
                let variant = Variant { format, ..variant(size.0, size.1) };
                let [want, have] = [&exact, &lossy]
                    .map(|file| fixtures::decoded(&rendered(file, variant.clone()).bytes));
                let samples = want.as_bytes().iter().zip(have.as_bytes());
                let sum: u32 = samples.map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
                let mean = f64::from(sum) / f64::from(3 * size.0 * size.1);
                assert!(mean < 4.0, "{width}x{height} / {divisor} as {format:?}: {mean}");
            }
        }
    }
}

#[test]
fn a_lossy_photo_that_ends_early_is_refused() {
    let file = lossy(&landscape(64, 48));
    for share in [20, 30, 60, 95] {
        let cut = &file[..file.len() * share / 100];
        assert_eq!(refusal(cut), "broken WebP: the file ends early", "cut to {share} %");
    }
}

#[test]
fn a_large_lossy_photo_needs_little_memory() {
    let mut file = lossy(&landscape(64, 48));
    // Both sides are behind the headers of container, chunk and frame.
    file[26..30].copy_from_slice(&[12_000_u16.to_le_bytes(), 8000_u16.to_le_bytes()].concat());
    let variants = [(800, 600), (400, 300)]
        .map(|(width, height)| Variant { format: Format::Jpeg, ..Variant::of_size(width, height) });
    let needed = memory_needed(&file, &variants, &Limits::for_memory(128)).unwrap();
    assert!(needed < 32 << 20, "{needed}");
}
