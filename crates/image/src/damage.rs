//! What is wrong with an original of which variants can be made all the same.
//!
//! Only JPEG comes to this: its decoder goes on after damage, as browsers do. Whether there is enough
//! left to go on with is the decoder's own decision.

use std::fmt;

/// Damage that the variants show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The file was cut off. So many of its rows, as stored, are at least as they should be; the
    /// others are grey, or what the decoder made of the last bytes.
    CutOff { intact: u32, rows: u32 },
    /// A progressive file was cut off: the whole picture is there, but less sharp than it was.
    FewerScans { complete: usize },
    /// Some of the data is wrong, or missing in the middle, behind so many rows as stored.
    Corrupt { intact: u32, rows: u32 },
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutOff { intact, rows } => {
                write!(f, "the file ends early: {intact} of {rows} rows are intact")
            }
            Self::FewerScans { complete } => {
                let plural = if *complete == 1 { "" } else { "s" };
                write!(f, "the file ends early: it has {complete} complete scan{plural}")
            }
            Self::Corrupt { intact, rows } => {
                write!(f, "damaged from row {intact} of {rows}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_told_in_words() {
        for (damage, text) in [
            (
                Damage::CutOff { intact: 812, rows: 3000 },
                "the file ends early: 812 of 3000 rows are intact",
            ),
            (Damage::FewerScans { complete: 1 }, "the file ends early: it has 1 complete scan"),
            (Damage::FewerScans { complete: 3 }, "the file ends early: it has 3 complete scans"),
            (Damage::Corrupt { intact: 812, rows: 3000 }, "damaged from row 812 of 3000"),
        ] {
            assert_eq!(damage.to_string(), text);
        }
    }
}
