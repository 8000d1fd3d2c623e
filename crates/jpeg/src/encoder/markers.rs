//! The segments between the scans: what the picture is and which tables its scans use (annex B).

use super::{huffman::Codes, quantisation::Table, script::Scan};

/// Everything before the first scan. There is one table for all components, or one for luma and
/// another for chroma.
pub(super) fn start(
    file: &mut Vec<u8>,
    (width, height): (u16, u16),
    colourful: bool,
    tables: &[&Table],
) {
    const JFIF_1_01_WITHOUT_DENSITY: &[u8] = b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0";
    file.extend([0xff, SOI]);
    segment(file, APP0, JFIF_1_01_WITHOUT_DENSITY);
    let steps: Vec<u8> = (0..)
        .zip(tables)
        .flat_map(|(place, table)| [place].into_iter().chain(table.steps))
        .collect();
    segment(file, DQT, &steps);

    let [height, width] = [height, width].map(u16::to_be_bytes);
    let mut frame = vec![8, height[0], height[1], width[0], width[1]];
    frame.extend(match (colourful, tables.len()) {
        (false, _) => GREY,
        (true, 1) => COLOUR_WITH_ONE_TABLE,
        (true, _) => COLOUR,
    });
    segment(file, SOF2, &frame);
}

/// The number of components; for each its name, its samples across and down within 16 × 16 pixels,
/// and its quantisation table.
const GREY: &[u8] = &[1, 1, 0x11, 0];
const COLOUR: &[u8] = &[3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
const COLOUR_WITH_ONE_TABLE: &[u8] = &[3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0];

/// The codes of the next scans.
pub(super) fn huffman_table(file: &mut Vec<u8>, class_and_place: u8, codes: &Codes) {
    let mut table = vec![class_and_place];
    table.extend(codes.lengths);
    table.extend(&codes.symbols);
    segment(file, DHT, &table);
}

/// The header of a scan.
pub(super) fn scan(file: &mut Vec<u8>, scan: &Scan, components: usize) {
    segment(file, SOS, &scan.header(components));
}

pub(super) fn end(file: &mut Vec<u8>) {
    file.extend([0xff, EOI]);
}

#[expect(clippy::cast_possible_truncation, reason = "no segment here reaches 600 bytes")]
fn segment(file: &mut Vec<u8>, marker: u8, content: &[u8]) {
    file.extend([0xff, marker]);
    file.extend((content.len() as u16 + 2).to_be_bytes());
    file.extend(content);
}

const SOF2: u8 = 0xc2;
const DHT: u8 = 0xc4;
const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const DQT: u8 = 0xdb;
const APP0: u8 = 0xe0;
