//! Two thousand damaged files: whatever comes of each, it comes back as a value.

use fixtures::kinds;

use super::*;

const FILES: usize = 2000;

/// Marsaglia's xorshift, so that every run damages the same bytes.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % bound.max(1)
    }
}

/// One way in which files come to harm.
fn damage(file: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    const EXTREMES: [u8; 6] = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff];
    // Headers are where sizes are, so half of all damage is done to the first bytes.
    let reach = if random.below(2) == 0 { file.len().min(200) } else { file.len() };
    let at = random.below(reach);
    match random.below(6) {
        0 => file[at] ^= 1 << random.below(8),
        1 => file[at] = EXTREMES[random.below(EXTREMES.len())],
        2 => {
            // A length or a side: two or four bytes of the same extreme.
            let length = 2 + 2 * random.below(2);
            let end = (at + length).min(file.len());
            file[at..end].fill(EXTREMES[random.below(EXTREMES.len())]);
        }
        3 => file.truncate(at.max(16)),
        4 => {
            let from = random.below(other.len());
            let piece = &other[from..(from + random.below(64)).min(other.len())];
            let end = (at + piece.len()).min(file.len());
            file.splice(at..end, piece.iter().copied());
        }
        _ => {
            let end = (at + random.below(32)).min(file.len());
            let again = file[at..end].to_vec();
            file.splice(at..at, again);
        }
    }
}

#[test]
fn two_thousand_damaged_files_are_drawn_or_refused() {
    let kinds = kinds::all();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let variants = [Variant { format: Format::Jpeg, ..Variant::of_size(16, 12) }];
    let limits = Limits::for_memory(128);
    let (mut drawn, mut panics) = (0, Vec::new());
    for number in 0..FILES {
        let kinds::Kind { name, file, .. } = &kinds[number % kinds.len()];
        let other = &kinds[random.below(kinds.len())].file;
        let mut damaged = file.clone();
        for _ in 0..=random.below(3) {
            damage(&mut damaged, other, &mut random);
        }
        match render(&damaged, &variants, &limits) {
            Ok(_) => drawn += 1,
            Err(RenderError::Panicked(message)) => panics.push(format!("{name}: {message}")),
            Err(_) => {}
        }
    }
    assert_eq!(panics, Vec::<String>::new());
    // Neither all refused nor all drawn: the damage is neither deadly nor without effect.
    assert!((FILES / 10..FILES * 9 / 10).contains(&drawn), "{drawn} were drawn");
}
