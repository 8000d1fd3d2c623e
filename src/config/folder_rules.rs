//! Folders of the bucket and the sizes of variants.
//!
//! Deliberately absent: which folders the function is told to use, which the schema knows.

use contract::keys::{FAILED_FOLDER, MANIFESTS_FOLDER, REPORTS_FOLDER};
use contract::settings::SIDE_MAX;

use super::name_rules::{characters, length};
use super::problem::Fault;

const SIZE: &str =
    "a size is `WIDTHxHEIGHT` in pixels, such as `800x600`, or one of them: `800x`, `x600`";

/// Keys of S3 are at most 1024 bytes, of which this leaves the most to the original's own name.
const FOLDER_BYTES_MAX: usize = 200;

/// A folder of the bucket. S3 would take any character; the folder is also part of IAM policies
/// and filters, where `*`, `?` and `$` have a meaning and not every character is allowed.
pub(super) fn folder(name: &str) -> Result<(), Fault> {
    let rule = "a folder is 1 to 200 letters, digits and any of `-_.@=,`, with `/` between \
                folders";
    path(name, "-_.@=,/", rule)
}

/// A path in the bucket of letters, digits and `also`.
pub(super) fn path(name: &str, also: &str, rule: &str) -> Result<(), Fault> {
    length(name, 1..=FOLDER_BYTES_MAX, rule)?;
    let slashes = match name {
        _ if name.starts_with('/') || name.ends_with('/') => Some("starts or ends with a slash"),
        _ if name.contains("//") => Some("has two slashes in a row"),
        _ => None,
    };
    if let Some(wrong) = slashes {
        let fault = Fault::new(wrong);
        let steps: Vec<&str> = name.split('/').filter(|step| !step.is_empty()).collect();
        let meant = steps.join("/");
        return Err(match path(&meant, also, rule) {
            Ok(()) => fault.label(format!("did you mean `{meant}`?")),
            Err(_) => fault.help(rule),
        });
    }
    if let Some(step) = name.split('/').find(|step| matches!(*step, "." | "..")) {
        let help = "S3 would treat that as a folder of this name";
        return Err(Fault::new(format!("has the part `{step}`")).help(help));
    }
    let allowed = |it: char| it.is_ascii_alphanumeric() || also.contains(it);
    characters(name, allowed, rule, |it| path(it, also, rule).is_ok())
}

/// Two folders of one bucket, the first as seen from the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overlap {
    Same,
    Inside,
    Around,
}

impl Overlap {
    pub(super) fn of(folder: &str, other: &str) -> Option<Self> {
        let inside = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
        };
        match () {
            () if folder == other => Some(Self::Same),
            () if inside(folder, other) => Some(Self::Inside),
            () if inside(other, folder) => Some(Self::Around),
            () => None,
        }
    }

    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Same => "is",
            Self::Inside => "lies inside",
            Self::Around => "holds",
        }
    }
}

/// Refuses a folder that what else the function writes would mix with.
pub(super) fn beside_reserved(folder: &str) -> Result<(), Fault> {
    for (reserved, why) in [
        (FAILED_FOLDER, "the function records failures there"),
        (MANIFESTS_FOLDER, "the function writes manifests there"),
        (REPORTS_FOLDER, "S3 reports on its jobs there"),
    ] {
        if let Some(overlap) = Overlap::of(folder, reserved) {
            return Err(Fault::new(format!("{} `{reserved}`", overlap.verb()))
                .label("name another folder")
                .help(why));
        }
    }
    Ok(())
}

/// Refuses a variant's folder that would feed the function its own work.
pub(super) fn beside_originals(folder: &str, originals: &str) -> Result<(), Fault> {
    let Some(overlap) = Overlap::of(folder, originals) else { return Ok(()) };
    let help = match overlap {
        Overlap::Same | Overlap::Inside => {
            "the function would treat each variant as an original and never stop"
        }
        Overlap::Around => "the function may write to variant folders, but not to the originals",
    };
    Err(Fault::new(format!("{} the watched folder `{originals}`", overlap.verb()))
        .label("name another folder")
        .help(help))
}

/// Refuses a variant's folder that would mix with another's.
pub(super) fn beside_variant(folder: &str, other: &str) -> Result<(), Fault> {
    let Some(overlap) = Overlap::of(folder, other) else { return Ok(()) };
    Err(Fault::new(format!("{} the folder of another variant, `{other}`", overlap.verb()))
        .help("set `folder` for one of them"))
}

/// A folder of originals below the one that is watched, with the slash at its end.
pub(super) fn folder_of_originals(name: &str) -> Result<(), Fault> {
    let rule = "`only` names folders below that of the originals, such as `products/`";
    let path = name.trim_matches('/');
    if folder(path).is_ok() && name != format!("{path}/") {
        let fault = Fault::new("is not of the form `FOLDER/`");
        return Err(fault.label(format!("did you mean `{path}/`?")));
    }
    folder(path).map_err(|fault| fault.help(rule))
}

/// A size such as `800x600`, and nothing that only looks like one.
pub(super) fn size(text: &str) -> Result<(), Fault> {
    parse_size(text).map(drop)
}

/// The frame that a size asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Whether one side was left out: it follows the original's shape, up to the longest there is.
    pub(super) is_open: bool,
}

/// Width and height.
pub(super) fn parse_size(text: &str) -> Result<Frame, Fault> {
    let valid = |side| (1..=SIDE_MAX).contains(&side);
    if let Some(frame) = frame(text) {
        if valid(frame.width) && valid(frame.height) {
            return Ok(frame);
        }
        let label = format!("width and height must be 1–{SIDE_MAX} pixels");
        return Err(Fault::new(format!("is {text}")).label(label));
    }
    let fault = Fault::new("is not a size");
    let plain = text.to_lowercase().replace("px", "").replace(['×', '*', ','], "x");
    let plain: String = plain.split_whitespace().collect::<Vec<_>>().join("");
    Err(match sides(&plain.split('x').map(without_zeros).collect::<Vec<_>>().join("x")) {
        Some((width, height)) if valid(width) && valid(height) => {
            fault.label(format!("did you mean `{width}x{height}`?"))
        }
        None if plain.parse().is_ok_and(valid) => fault.label(format!("did you mean `{plain}x`?")),
        _ => fault,
    }
    .help(SIZE))
}

/// A size in its one spelling, in which it is also the default name of the folder.
fn frame(text: &str) -> Option<Frame> {
    let one = |side: &str| side.parse().ok().filter(|number: &u32| number.to_string() == side);
    match text.split_once('x')? {
        (width, "") => Some(Frame { width: one(width)?, height: SIDE_MAX, is_open: true }),
        ("", height) => Some(Frame { width: SIDE_MAX, height: one(height)?, is_open: true }),
        _ => sides(text).map(|(width, height)| Frame { width, height, is_open: false }),
    }
}

/// The two numbers of a size in its one spelling.
fn sides(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.split_once('x')?;
    let sides = (width.parse().ok()?, height.parse().ok()?);
    (format!("{}x{}", sides.0, sides.1) == text).then_some(sides)
}

fn without_zeros(number: &str) -> &str {
    match number.trim_start_matches('0') {
        "" if !number.is_empty() => "0",
        trimmed => trimmed,
    }
}
