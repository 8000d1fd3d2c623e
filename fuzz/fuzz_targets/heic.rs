//! Any bytes as a HEIC, or as the coded data of a sound one: they become a variant of the right sides,
//! or are refused, and never take more memory than was announced. libFuzzer bounds it, see `run`.
//!
//! The last byte of an input chooses which of both the others are.

#![no_main]

use contract::settings::{Format, Variant};
use fixtures::heic::{self, Coded, Item};
use imaging::{decode, engine, limits::Limits, order::Order};
use libfuzzer_sys::fuzz_target;

/// What coded data is put into: of each layout, and of ten bits.
const CODED: [Coded; 6] = [
    heic::GREY,
    heic::HALVED,
    heic::HALVED_ACROSS,
    heic::FULL,
    heic::HALVED_DEEP,
    heic::HALVED_ACROSS_DEEP,
];

/// The function's smallest memory.
const MEGABYTES: u64 = 128;

fuzz_target!(|input: &[u8]| {
    let Some((&choice, bytes)) = input.split_last() else { return };
    match CODED.get(usize::from(choice)) {
        None => check(bytes),
        Some(coded) => {
            // One unit, whatever is in it.
            let length = u32::try_from(bytes.len()).expect("inputs are short").to_be_bytes();
            let data = [&length[..], bytes].concat();
            check(&heic::file(&[Item { data, ..heic::picture(*coded, heic::SIZE) }]));
        }
    }
});

fn check(file: &[u8]) {
    let variants = [Variant { format: Format::Jpeg, ..Variant::of_size(16, 12) }];
    let limits = Limits::for_memory(MEGABYTES);
    let Ok(rendered) = engine::render(file, Order::of(&variants), &limits) else { return };
    let sides = [(16, 12)];
    assert!(rendered.iter().map(|variant| (variant.width, variant.height)).eq(sides));
    let (width, height) = decode::dimensions(file).expect("it has just been decoded");
    assert!(width > 0 && height > 0);
}
