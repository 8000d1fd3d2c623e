//! Rows that are stored as differences (TIFF 6.0, section 14, and technical note 3 for floats).

use super::{
    directory::ByteOrder,
    picture::{Number, Picture, Predictor},
};

/// Puts a row together again, of which so many samples belong to a pixel.
pub(super) fn undo(row: &mut [u8], picture: &Picture) {
    let samples = usize::from(picture.samples_together());
    let bytes = usize::from(picture.number.bits()) / 8;
    match (picture.predictor, picture.number) {
        (Predictor::None, _) => {}
        (Predictor::Horizontal, Number::Unsigned(16)) => match picture.byte_order {
            ByteOrder::Little => add_up(row.as_chunks_mut().0, samples, |a, b| {
                u16::from_le_bytes(a).wrapping_add(u16::from_le_bytes(b)).to_le_bytes()
            }),
            ByteOrder::Big => add_up(row.as_chunks_mut().0, samples, |a, b| {
                u16::from_be_bytes(a).wrapping_add(u16::from_be_bytes(b)).to_be_bytes()
            }),
        },
        (Predictor::Horizontal, Number::Unsigned(32)) => match picture.byte_order {
            ByteOrder::Little => add_up(row.as_chunks_mut().0, samples, |a, b| {
                u32::from_le_bytes(a).wrapping_add(u32::from_le_bytes(b)).to_le_bytes()
            }),
            ByteOrder::Big => add_up(row.as_chunks_mut().0, samples, |a, b| {
                u32::from_be_bytes(a).wrapping_add(u32::from_be_bytes(b)).to_be_bytes()
            }),
        },
        (Predictor::Horizontal, _) => match samples {
            1 => add_up_bytes::<1>(row),
            3 => add_up_bytes::<3>(row),
            4 => add_up_bytes::<4>(row),
            _ => add_up(row, samples, u8::wrapping_add),
        },
        (Predictor::FloatingPoint, _) => {
            add_up(row, samples, u8::wrapping_add);
            put_together(row, bytes, picture.byte_order);
        }
    }
}

fn add_up<T: Copy>(row: &mut [T], step: usize, add: impl Fn(T, T) -> T) {
    for index in step..row.len() {
        row[index] = add(row[index - step], row[index]);
    }
}

/// The same for the most common pixels, whose sums stay in registers.
fn add_up_bytes<const N: usize>(row: &mut [u8]) {
    let mut sums = [0_u8; N];
    for pixel in row.as_chunks_mut::<N>().0 {
        for (sample, sum) in pixel.iter_mut().zip(&mut sums) {
            *sum = sum.wrapping_add(*sample);
            *sample = *sum;
        }
    }
}

/// The highest bytes of all samples come first, then the next ones.
fn put_together(row: &mut [u8], bytes: usize, order: ByteOrder) {
    let stored = row.to_vec();
    let count = stored.len() / bytes.max(1);
    for (index, sample) in row.chunks_exact_mut(bytes.max(1)).enumerate() {
        for (place, byte) in sample.iter_mut().enumerate() {
            let plane = if order == ByteOrder::Little { bytes - 1 - place } else { place };
            *byte = stored[plane * count + index];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_added_up() {
        let mut row = [10, 20, 30, 1, 2, 255];
        add_up_bytes::<3>(&mut row);
        assert_eq!(row, [10, 20, 30, 11, 22, 29]);
        let mut row = [10, 20, 30, 1, 2, 255];
        add_up(&mut row, 3, u8::wrapping_add);
        assert_eq!(row, [10, 20, 30, 11, 22, 29]);
    }

    #[test]
    fn bytes_of_floats_find_their_places() {
        let mut row = [1, 5, 2, 6, 3, 7, 4, 8];
        put_together(&mut row, 4, ByteOrder::Big);
        assert_eq!(row, [1, 2, 3, 4, 5, 6, 7, 8]);
        let mut row = [1, 5, 2, 6, 3, 7, 4, 8];
        put_together(&mut row, 4, ByteOrder::Little);
        assert_eq!(row, [4, 3, 2, 1, 8, 7, 6, 5]);
    }
}
