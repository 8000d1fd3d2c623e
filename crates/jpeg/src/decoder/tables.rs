//! The tables that a file defines for its scans, and those that apply where it defines none.

use super::{
    DecodeError,
    huffman::{AcTable, Codes, Table},
};

/// What the segments before a scan have defined.
pub(super) struct Definitions {
    /// Quantisation steps in zigzag order.
    pub(super) steps: [Option<[u16; 64]>; 4],
    dc: [Option<Codes>; 4],
    ac: [Option<Codes>; 4],
    /// Units between restart markers, 0 for none.
    pub(super) restart_interval: u16,
}

/// Tables made ready for decoding, by number. They are kept from file to file, as most cameras use the
/// same.
#[derive(Default)]
pub(super) struct Tables {
    dc: [Option<Table>; 4],
    ac: [Option<AcTable>; 4],
    band: [Option<Table>; 4],
}

impl Definitions {
    /// What applies before anything is defined: frames of Motion JPEG have no Huffman tables, and mean
    /// the typical ones of ITU-T T.81, annex K.3.
    pub(super) fn new() -> Self {
        let typical = |counts, symbols: &[u8]| Codes::new(counts, symbols).ok();
        let differences: [u8; 12] = std::array::from_fn(|size| size as u8);
        Self {
            steps: [None; 4],
            dc: [
                typical([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], &differences),
                typical([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], &differences),
                None,
                None,
            ],
            ac: [
                typical([0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125], &TYPICAL_LUMA),
                typical([0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119], &TYPICAL_CHROMA),
                None,
                None,
            ],
            restart_interval: 0,
        }
    }

    /// ITU-T T.81, B.2.4.1.
    pub(super) fn read_quantisation(&mut self, mut payload: &[u8]) -> Result<(), DecodeError> {
        const SHORT: DecodeError = DecodeError::Malformed("a quantisation table is too short");
        while let [kind, rest @ ..] = payload {
            let mut steps = [0; 64];
            let bytes = if kind >> 4 == 0 { 64 } else { 128 };
            let (values, rest) = rest.split_at_checked(bytes).ok_or(SHORT)?;
            for (index, step) in steps.iter_mut().enumerate() {
                *step = match bytes {
                    64 => u16::from(values[index]),
                    _ => u16::from_be_bytes([values[2 * index], values[2 * index + 1]]),
                };
            }
            let slot = self.steps.get_mut(usize::from(kind & 15));
            *slot.ok_or(DecodeError::Malformed("a quantisation table has no such number"))? =
                Some(steps);
            payload = rest;
        }
        Ok(())
    }

    /// ITU-T T.81, B.2.4.2.
    pub(super) fn read_huffman(&mut self, mut payload: &[u8]) -> Result<(), DecodeError> {
        while let [kind, rest @ ..] = payload {
            let (counts, rest) = rest
                .split_first_chunk::<16>()
                .ok_or(DecodeError::Malformed("a Huffman table is too short"))?;
            let codes = Codes::new(*counts, rest)?;
            payload = &rest[codes.count()..];
            let slot = match kind >> 4 {
                0 => self.dc.get_mut(usize::from(kind & 15)),
                1 => self.ac.get_mut(usize::from(kind & 15)),
                _ => None,
            };
            *slot.ok_or(DecodeError::Malformed("a Huffman table has no such number"))? =
                Some(codes);
        }
        Ok(())
    }

    /// ITU-T T.81, B.2.4.4.
    pub(super) fn read_restart_interval(&mut self, payload: &[u8]) -> Result<(), DecodeError> {
        let interval = payload.first_chunk().copied().map(u16::from_be_bytes);
        let short = DecodeError::Malformed("its restart interval is too short");
        self.restart_interval = interval.ok_or(short)?;
        Ok(())
    }
}

const NO_HUFFMAN: DecodeError = DecodeError::Malformed("a Huffman table is missing");

/// Makes the table of a number from its definition, unless it is made of the same codes already.
fn prepare<'t, T>(
    tables: &'t mut [Option<T>; 4],
    codes_of: fn(&T) -> &Codes,
    defined: &[Option<Codes>; 4],
    number: usize,
    make: impl FnOnce(Codes) -> Result<T, DecodeError>,
) -> Result<&'t T, DecodeError> {
    let codes = defined.get(number).and_then(Option::as_ref).ok_or(NO_HUFFMAN)?;
    let slot = tables.get_mut(number).ok_or(NO_HUFFMAN)?;
    if slot.as_ref().is_none_or(|table| codes_of(table) != codes) {
        *slot = Some(make(codes.clone())?);
    }
    slot.as_ref().ok_or(NO_HUFFMAN)
}

impl Tables {
    /// Makes a DC table ready.
    pub(super) fn prepare_dc(
        &mut self,
        definitions: &Definitions,
        number: usize,
    ) -> Result<(), DecodeError> {
        prepare(&mut self.dc, Table::codes, &definitions.dc, number, Table::dc).map(|_| ())
    }

    /// Makes an AC table of a sequential image ready.
    pub(super) fn prepare_ac(
        &mut self,
        definitions: &Definitions,
        number: usize,
    ) -> Result<(), DecodeError> {
        let make = |codes| Ok(AcTable::new(codes));
        prepare(&mut self.ac, AcTable::codes, &definitions.ac, number, make).map(|_| ())
    }

    /// Makes an AC table of a progressive image ready, and hands it out.
    pub(super) fn band(
        &mut self,
        definitions: &Definitions,
        number: usize,
    ) -> Result<&Table, DecodeError> {
        let make = |codes| Ok(Table::band(codes));
        prepare(&mut self.band, Table::codes, &definitions.ac, number, make)
    }

    /// A DC table that has been made ready.
    pub(super) fn dc(&self, number: usize) -> Result<&Table, DecodeError> {
        self.dc.get(number).and_then(Option::as_ref).ok_or(NO_HUFFMAN)
    }

    /// An AC table that has been made ready.
    pub(super) fn ac(&self, number: usize) -> Result<&AcTable, DecodeError> {
        self.ac.get(number).and_then(Option::as_ref).ok_or(NO_HUFFMAN)
    }
}

/// Symbols of table K.5, in the order of their codes.
#[rustfmt::skip]
const TYPICAL_LUMA: [u8; 162] = [
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71,
    0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72,
    0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x34, 0x35, 0x36, 0x37,
    0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59,
    0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83,
    0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3,
    0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3,
    0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2,
    0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
];

/// Symbols of table K.6, in the order of their codes.
#[rustfmt::skip]
const TYPICAL_CHROMA: [u8; 162] = [
    0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22,
    0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33, 0x52, 0xf0, 0x15, 0x62, 0x72, 0xd1,
    0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17, 0x18, 0x19, 0x1a, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x35, 0x36,
    0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58,
    0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a,
    0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a,
    0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba,
    0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda,
    0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
];
