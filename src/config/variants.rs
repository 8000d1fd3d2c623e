//! `[image]` and `[[variants]]`: what to make of each original.

use std::path::Path;

use contract::settings::{
    Colour, DEFAULT_CACHE_CONTROL, DEFAULT_QUALITY, Effort, Fit, Format, Gravity, Metadata, Variant,
};

use super::folder_rules::{
    self, Frame, beside_originals, beside_reserved, beside_variant, parse_size,
};
use super::problem::Fault;
use super::table::{Table, Text, Words};
use super::watermarks::watermark;
use super::{Logos, limit_rules, look_rules, web_rules};

const EFFORT: &Words<Effort> = &[("speed", Effort::Speed), ("size", Effort::Size)];
const FORMAT: &Words<Format> = &[
    ("keep", Format::Keep),
    ("jpeg", Format::Jpeg),
    ("png", Format::Png),
    ("webp", Format::Webp),
    ("avif", Format::Avif),
];
const FIT: &Words<Fit> = &[("cover", Fit::Cover), ("contain", Fit::Contain), ("pad", Fit::Pad)];
pub(super) const GRAVITY: &Words<Gravity> = &[
    ("center", Gravity::Center),
    ("auto", Gravity::Auto),
    ("north", Gravity::North),
    ("northeast", Gravity::NorthEast),
    ("east", Gravity::East),
    ("southeast", Gravity::SouthEast),
    ("south", Gravity::South),
    ("southwest", Gravity::SouthWest),
    ("west", Gravity::West),
    ("northwest", Gravity::NorthWest),
];
const METADATA: &Words<Metadata> = &[("none", Metadata::None), ("copyright", Metadata::Copyright)];

/// How a variant looks and is served: `[image]` is the default of every `[[variants]]`.
pub(super) struct Look {
    quality: u8,
    effort: Effort,
    format: Format,
    fit: Fit,
    gravity: Gravity,
    upscale: Option<bool>,
    background: Option<Colour>,
    metadata: Metadata,
    cache_control: String,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            quality: DEFAULT_QUALITY,
            effort: Effort::default(),
            format: Format::default(),
            fit: Fit::default(),
            gravity: Gravity::default(),
            upscale: None,
            background: None,
            metadata: Metadata::default(),
            cache_control: DEFAULT_CACHE_CONTROL.to_owned(),
        }
    }
}

impl Look {
    pub(super) fn read(table: &Table<'_>, default: &Self) -> Self {
        let quality = table.number("quality", limit_rules::quality);
        Self {
            quality: quality.and_then(|quality| quality.try_into().ok()).unwrap_or(default.quality),
            effort: table.word("effort", EFFORT).unwrap_or(default.effort),
            format: table.word("format", FORMAT).unwrap_or(default.format),
            fit: table.word("fit", FIT).unwrap_or(default.fit),
            gravity: table.word("gravity", GRAVITY).unwrap_or(default.gravity),
            upscale: table.flag("upscale").or(default.upscale),
            background: background(table).or(default.background),
            metadata: table.word("metadata", METADATA).unwrap_or(default.metadata),
            cache_control: table
                .text_or("cache_control", &default.cache_control, web_rules::cache_control)
                .value,
        }
    }
}

fn background(table: &Table<'_>) -> Option<Colour> {
    table.text("background", look_rules::colour)?.value.parse().ok()
}

/// What to make of each original.
/// Pictures of watermarks are relative to the folder, and are added to the others.
pub(super) fn variants(
    tables: &[Table<'_>],
    look: &Look,
    originals: &Text,
    (base, logos): (&Path, &mut Logos),
) -> Vec<Variant> {
    let mut variants = Vec::new();
    let mut folders: Vec<Text> = Vec::new();
    for table in tables {
        let (mut variant, folder) = variant(table, look, &originals.value);
        variant.watermark = watermark(table, base, logos);
        variants.push(variant);
        if folder.value.is_empty() {
            continue;
        }
        let checked = beside_originals(&folder.value, &originals.value)
            .map_err(|fault| fault.related(originals.span.as_ref(), "watched"))
            .and_then(|()| beside_reserved(&folder.value))
            .and_then(|()| beside_others(&folder, &folders));
        if let Err(fault) = checked {
            table.report("folder", &folder, fault);
        }
        folders.push(folder);
    }
    variants
}

/// A variant, and where the name of its folder is in the file; one without a size, which is
/// reported, may have none.
fn variant(table: &Table<'_>, look: &Look, originals: &str) -> (Variant, Text) {
    let help = "add `size = \"800x600\"`, the width and height in pixels";
    let size = table.text_required("size", folder_rules::size, help);
    let folder = table.text("folder", folder_rules::folder);
    let (folder, frame) = match parse_size(&size.value) {
        Ok(frame) => (folder.unwrap_or(size), frame),
        Err(_) => (folder.unwrap_or_default(), Frame { width: 0, height: 0, is_open: false }),
    };
    let Frame { width, height, is_open } = frame;
    let mut look = Look::read(table, look);
    if is_open {
        check_open_fit(table, look.fit);
        look.fit = Fit::Contain;
    }
    let variant = Variant {
        folder: folder.value.clone(),
        width,
        height,
        quality: look.quality,
        effort: look.effort,
        format: look.format,
        fit: look.fit,
        gravity: look.gravity,
        // What is said as well as left out is the same to the function, and should look the same.
        upscale: look.upscale.filter(|upscale| *upscale != look.fit.enlarges()),
        background: look.background,
        metadata: look.metadata,
        watermark: None,
        only: only(table, originals),
        cache_control: look.cache_control,
    };
    (variant, folder)
}

/// Refuses a fit that needs both sides where only one is given. The default of all variants is for
/// those that have both.
fn check_open_fit(table: &Table<'_>, fit: Fit) {
    if table.key_span("fit").is_some() && fit != Fit::Contain {
        let fault = Fault::new("needs both width and height")
            .label("remove it, or write `contain`")
            .related(table.key_span("size").as_ref(), "one side is open here");
        table.report_key("fit", fault);
    }
}

/// The folders of originals that a variant is for; none means all.
fn only(table: &Table<'_>, originals: &str) -> Vec<String> {
    let Some(folders) = table.texts("only", folder_rules::folder_of_originals) else {
        return Vec::new();
    };
    if folders.is_empty() && table.key_span("only").is_some() {
        let help = "name a folder, such as `only = [\"products/\"]`, or remove `only`";
        table.report_key("only", Fault::new("names no folder").help(help));
    }
    let below_originals = |folder: &Text| {
        let below = folder.value.strip_prefix(originals)?.strip_prefix('/')?;
        (!below.is_empty()).then(|| below.to_owned())
    };
    for folder in &folders {
        if let Some(below) = below_originals(folder) {
            let fault = Fault::new(format!("begins with the watched folder `{originals}`"));
            table.report("only", folder, fault.label(format!("did you mean `{below}`?")));
        }
    }
    // One that is wrong itself may be meant as another.
    let is_sound = |folder: &&Text| {
        folder_rules::folder_of_originals(&folder.value).is_ok()
            && below_originals(folder).is_none()
    };
    check_overlaps(table, &folders.iter().filter(is_sound).collect::<Vec<_>>());
    folders.into_iter().map(|folder| folder.value).collect()
}

/// Reports each folder that another holds as well, or that is named before.
fn check_overlaps(table: &Table<'_>, folders: &[&Text]) {
    for (index, folder) in folders.iter().enumerate() {
        let around = folders.iter().enumerate().find(|(other, around)| {
            *other != index
                && folder.value.starts_with(around.value.as_str())
                && (*other < index || around.value != folder.value)
        });
        if let Some((_, around)) = around {
            let fault = Fault::new(format!("has `{}` already", around.value))
                .label("remove it")
                .related(around.span.as_ref(), "the other one");
            table.report("only", folder, fault);
        }
    }
}

fn beside_others(folder: &Text, others: &[Text]) -> Result<(), Fault> {
    for other in others {
        beside_variant(&folder.value, &other.value)
            .map_err(|fault| fault.related(other.span.as_ref(), "the other one"))?;
    }
    Ok(())
}
