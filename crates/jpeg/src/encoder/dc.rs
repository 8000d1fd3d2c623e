//! The scan of DC coefficients, all components together (G.1.2.1).

use super::{coefficients::Coefficients, script::SECOND_TABLE, symbols::Symbols};

/// Sends every block's DC coefficient as the difference from the last of its component.
pub(super) fn send(components: &[Coefficients], symbols: &mut Symbols) {
    let mut previous = [0; 3];
    for_each_block(components, |component, dc| {
        let value = dc.map_or(previous[component], i32::from);
        let difference = value - previous[component];
        previous[component] = value;
        let size = u32::BITS - difference.unsigned_abs().leading_zeros();
        // A negative number is sent as one less, without its sign (F.1.2.1.1).
        let bits = (difference + (difference >> 31)).cast_unsigned() & ((1 << size) - 1);
        let table = if component == 0 { 0 } else { SECOND_TABLE };
        symbols.push(table + size as usize, bits, size);
    });
}

/// Visits the DC coefficients in their order in the file (A.2): in grey row by row; in colour by
/// squares of 16 × 16 pixels, four blocks of luma and one of Cb and Cr each. Where such a square
/// sticks out of the picture, luma has no block and any value will do.
#[inline]
fn for_each_block(components: &[Coefficients], mut visit: impl FnMut(usize, Option<i16>)) {
    let [luma, chroma @ ..] = components else { return };
    if chroma.is_empty() {
        luma.dc.iter().for_each(|&dc| visit(0, Some(dc)));
        return;
    }
    for top in (0..luma.blocks_high).step_by(2) {
        for left in (0..luma.blocks_wide).step_by(2) {
            for (y, x) in [(top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)] {
                let inside = y < luma.blocks_high && x < luma.blocks_wide;
                visit(0, inside.then(|| luma.dc[y * luma.blocks_wide + x]));
            }
            for (component, plane) in (1..).zip(chroma) {
                visit(component, Some(plane.dc[top / 2 * plane.blocks_wide + left / 2]));
            }
        }
    }
}
