//! In which order the bits of all coefficients are sent.
//!
//! Not here: the scans of files that are to be small, which are found by trying; see
//! [`super::smaller`].

/// Added to the symbols of a second table within a scan. Only DC has one, and few symbols.
pub(super) const SECOND_TABLE: usize = 16;

/// One scan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan {
    pub(super) pass: Pass,
}

/// What a scan sends: all DC coefficients; or AC coefficients for the first time, without their
/// lowest bits, or one more bit of such as were sent before (G.1.1.1).
///
/// `low` is the number of bits that are still missing afterwards; a refinement brings it down from
/// one more.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pass {
    Dc,
    AcFirst { component: usize, band: Band, low: usize },
    AcRefinement { component: usize, band: Band, low: usize },
}

/// A range of AC coefficients in zigzag order, both ends included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    pub(super) first: u8,
    pub(super) last: u8,
}

impl Band {
    /// The places of the band as bits.
    pub(super) fn mask(self) -> u64 {
        u64::MAX >> (63 - self.last) & u64::MAX << self.first
    }
}

/// A table of codes that a scan uses.
pub(super) struct TableUse {
    /// As in a file: whether for AC in the upper half of the byte, which of its kind in the lower.
    pub(super) class_and_place: u8,
    /// The first of its symbols as [`super::symbols::Symbols`] counts them, and the one after its last.
    pub(super) symbols: (usize, usize),
}

impl Scan {
    pub(super) fn tables(&self, components: usize) -> Vec<TableUse> {
        let dc = |place| TableUse {
            class_and_place: place,
            symbols: (usize::from(place) * SECOND_TABLE, usize::from(place + 1) * SECOND_TABLE),
        };
        match self.pass {
            Pass::Dc if components == 1 => vec![dc(0)],
            Pass::Dc => vec![dc(0), dc(1)],
            Pass::AcFirst { component, .. } | Pass::AcRefinement { component, .. } => {
                vec![TableUse {
                    class_and_place: 0x10 | u8::from(component > 0),
                    symbols: (0, 256),
                }]
            }
        }
    }

    /// The scan's parameters as a file has them (B.2.3).
    #[expect(clippy::cast_possible_truncation, reason = "components are three, bits fewer than 13")]
    pub(super) fn header(&self, components: usize) -> Vec<u8> {
        let (names, band, bits) = match self.pass {
            Pass::Dc => (0..components, band(0, 0), 0),
            Pass::AcFirst { component, band, low } => (component..component + 1, band, low),
            Pass::AcRefinement { component, band, low } => {
                (component..component + 1, band, (low + 1) << 4 | low)
            }
        };
        let mut header = vec![names.len() as u8];
        for component in names {
            let table = u8::from(component > 0);
            header.extend([component as u8 + 1, table << 4 | table]);
        }
        header.extend([band.first, band.last, bits as u8]);
        header
    }
}

pub(super) const fn band(first: u8, last: u8) -> Band {
    Band { first, last }
}

pub(super) const fn scan(pass: Pass) -> Scan {
    Scan { pass }
}

pub(super) const LUMA: usize = 0;
pub(super) const CB: usize = 1;
pub(super) const CR: usize = 2;

/// For pictures in colour.
///
/// Of some forty scripts this one made the smallest variants of eight camera photos, 3.7 % smaller
/// than libjpeg's default (geometric mean): above all because DC coefficients and chroma are sent
/// whole. A refinement bit of DC is a bit of the file, whereas a difference of one bit more is seldom
/// a longer code; and chroma has so few coefficients that a scan of its own costs more than it saves.
pub(super) const COLOUR: &[Scan] = &[
    scan(Pass::Dc),
    scan(Pass::AcFirst { component: LUMA, band: band(1, 2), low: 1 }),
    scan(Pass::AcFirst { component: CR, band: band(1, 63), low: 0 }),
    scan(Pass::AcFirst { component: CB, band: band(1, 63), low: 0 }),
    scan(Pass::AcFirst { component: LUMA, band: band(3, 63), low: 1 }),
    scan(Pass::AcRefinement { component: LUMA, band: band(1, 63), low: 0 }),
];

/// For grey pictures: the same without chroma.
pub(super) const GREY: &[Scan] = &[
    scan(Pass::Dc),
    scan(Pass::AcFirst { component: LUMA, band: band(1, 2), low: 1 }),
    scan(Pass::AcFirst { component: LUMA, band: band(3, 63), low: 1 }),
    scan(Pass::AcRefinement { component: LUMA, band: band(1, 63), low: 0 }),
];
