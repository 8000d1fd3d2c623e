//! What an uploader says of an original's composition, in the object's own metadata.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The user-defined metadata of an original with the point that `cover` centres its crop on, such as
/// `0.31,0.62`. S3 puts `x-amz-meta-` in front.
pub const FOCUS_METADATA: &str = "imgprep-focus";

/// The user-defined metadata of an original with the part that is cut out first, such as
/// `0.1,0.1,0.8,0.5`: left, top, width and height.
pub const CROP_METADATA: &str = "imgprep-crop";

/// A part of a whole, from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "f64", try_from = "f64")]
pub struct Share {
    /// In millionths, so that shares are equal if they look equal.
    millionths: u32,
}

/// A number is no share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a share is a number from 0 to 1")]
pub struct NotAShare;

impl Share {
    const WHOLE: f64 = 1e6;

    /// Reads a decimal number, as JSON or a metadata header has it.
    pub fn parse(text: &str) -> Result<Self, NotAShare> {
        text.trim().parse::<f64>().map_err(|_| NotAShare)?.try_into()
    }

    /// The share as a number.
    pub fn of_one(self) -> f64 {
        f64::from(self.millionths) / Self::WHOLE
    }
}

impl TryFrom<f64> for Share {
    type Error = NotAShare;

    fn try_from(number: f64) -> Result<Self, NotAShare> {
        if !(0.0..=1.0).contains(&number) {
            return Err(NotAShare);
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to a million"
        )]
        let millionths = (number * Self::WHOLE).round() as u32;
        Ok(Self { millionths })
    }
}

impl From<Share> for f64 {
    fn from(share: Share) -> Self {
        share.of_one()
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.of_one().fmt(f)
    }
}

/// A point of the upright original, as shares of its width and height from the top left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Focus {
    pub x: Share,
    pub y: Share,
}

impl fmt::Display for Focus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.x, self.y)
    }
}

/// A part of the upright original, as shares of its width and height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crop {
    pub left: Share,
    pub top: Share,
    /// Not 0; with `left` not more than 1.
    pub width: Share,
    /// Not 0; with `top` not more than 1.
    pub height: Share,
}

impl fmt::Display for Crop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { left, top, width, height } = self;
        write!(f, "{left},{top},{width},{height}")
    }
}

/// All that an uploader may say of an original's composition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Framing {
    /// What `cover` centres its crop on, whatever its gravity is: a point of the whole original, also
    /// if a part is cut out of it.
    pub focus: Option<Focus>,
    /// What is cut out before anything else.
    pub crop: Option<Crop>,
}

/// A value of metadata makes no sense, and is ignored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is ignored: `{shown}` is not {meant}")]
pub struct Senseless {
    /// The whole header.
    name: String,
    /// What it says, cut to a decent length.
    shown: String,
    meant: &'static str,
}

impl Senseless {
    /// How many characters of a value a warning quotes: S3 allows 2 KB of metadata.
    const SHOWN_MAX: usize = 60;

    fn new(name: &str, value: &str, meant: &'static str) -> Self {
        let mut shown: String = value.chars().take(Self::SHOWN_MAX).collect();
        if shown.len() < value.len() {
            shown.push('…');
        }
        Self { name: format!("x-amz-meta-{name}"), shown, meant }
    }
}

impl Framing {
    /// Reads the metadata of an original. Values that make no sense are reported and ignored.
    pub fn read<'value>(value_of: impl Fn(&str) -> Option<&'value str>) -> (Self, Vec<Senseless>) {
        let mut senseless = Vec::new();
        let focus = value_of(FOCUS_METADATA).and_then(|value| {
            let focus = Focus::parse(value);
            if focus.is_none() {
                let meant = "two numbers from 0 to 1, such as `0.31,0.62`";
                senseless.push(Senseless::new(FOCUS_METADATA, value, meant));
            }
            focus
        });
        let crop = value_of(CROP_METADATA).and_then(|value| {
            let crop = Crop::parse(value);
            if crop.is_none() {
                let meant = "a part of the image: left, top, width and height from 0 to 1, such as \
                             `0.1,0.1,0.8,0.5`";
                senseless.push(Senseless::new(CROP_METADATA, value, meant));
            }
            crop
        });
        (Self { focus, crop }, senseless)
    }
}

impl Focus {
    /// Reads `x,y`; nothing if it is no point of an image.
    pub fn parse(text: &str) -> Option<Self> {
        let [x, y] = shares(text)?;
        Some(Self { x, y })
    }
}

impl Crop {
    /// Reads `x,y,w,h`; nothing if it is no part of an image.
    pub fn parse(text: &str) -> Option<Self> {
        let [left, top, width, height] = shares(text)?;
        let fits = |start: Share, length: Share| {
            length.millionths > 0 && start.millionths + length.millionths <= 1_000_000
        };
        (fits(left, width) && fits(top, height)).then_some(Self { left, top, width, height })
    }
}

fn shares<const N: usize>(text: &str) -> Option<[Share; N]> {
    let shares: Result<Vec<_>, _> = text.split(',').map(Share::parse).collect();
    shares.ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(focus: &str, crop: &str) -> (Framing, Vec<String>) {
        let value = |name: &str| match name {
            FOCUS_METADATA => Some(focus).filter(|text| !text.is_empty()),
            CROP_METADATA => Some(crop).filter(|text| !text.is_empty()),
            _ => None,
        };
        let (framing, senseless) = Framing::read(value);
        (framing, senseless.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_focus_and_a_crop_are_shares_of_the_image() {
        let (framing, warnings) = read("0.31, 0.62", "0.1,0,.9,1e0");
        assert_eq!(warnings, [""; 0]);
        assert_eq!(framing.focus.unwrap().to_string(), "0.31,0.62");
        assert_eq!(framing.crop.unwrap().to_string(), "0.1,0,0.9,1");
        assert_eq!(read("", ""), (Framing::default(), vec![]));
    }

    #[test]
    fn what_makes_no_sense_is_told_and_ignored() {
        for focus in ["1.01,0", "-0.1,0", "0.5", "0.5,0.5,0.5", "NaN,0", "inf,0", "a,b", ","] {
            let told = format!(
                "x-amz-meta-imgprep-focus is ignored: `{focus}` is not two numbers from 0 to 1, such \
                 as `0.31,0.62`"
            );
            assert_eq!(read(focus, ""), (Framing::default(), vec![told]));
        }
        for crop in ["0,0,0,1", "0,0,1,0", "0.5,0,0.6,1", "0,0.2,1,0.9", "0,0,1", "0,0,1,1,1", "x"]
        {
            let (framing, told) = read("", crop);
            assert_eq!((framing, told.len()), (Framing::default(), 1), "{crop}");
            assert!(told[0].starts_with("x-amz-meta-imgprep-crop is ignored: `"), "{told:?}");
        }
    }

    #[test]
    fn of_two_kilobytes_only_the_beginning_is_told() {
        let (_, told) = read(&"9".repeat(2048), "");
        let shown = "9".repeat(60);
        assert!(told[0].contains(&format!("`{shown}…`")), "{told:?}");
    }
}
