//! `watermark` of a variant: the picture that is drawn on top, which travels with the function.

use std::fs;
use std::path::Path;

use contract::framing::Share;
use contract::settings::{Gravity, Watermark};
use imaging::limits::Limits;
use imaging::watermark::Watermarks;
use sha2::{Digest, Sha256};

use super::problem::{Fault, reason};
use super::table::Table;
use super::variants::GRAVITY;
use super::{Logos, name_rules};

/// As large as a picture may be that travels with the function: it is decoded whenever one starts.
const BYTES_MAX: u64 = 2_000_000;

/// Half the digits of SHA-256 are more than enough to tell the pictures of one file apart.
const DIGEST_BYTES: usize = 8;

/// The watermark of a variant, whose picture is added to `logos`.
pub(super) fn watermark(
    variant: &Table<'_>,
    folder: &Path,
    logos: &mut Logos,
) -> Option<Watermark> {
    variant.key_span("watermark")?;
    let table = variant.table_for("watermark", "image")?;
    let help = "add `image = \"logo.png\"`; the path is relative to the file";
    let image = table.text_required("image", name_rules::path, help);
    let gravity = table.word("gravity", GRAVITY).unwrap_or(Gravity::SouthEast);
    if gravity == Gravity::Auto {
        let fault = Fault::new("is no place for a watermark");
        table.report_key("gravity", fault.label("name a side or a corner"));
    }
    let scale = table.share("scale").unwrap_or_else(|| share(0.2));
    if scale == share(0.0) {
        let fault = Fault::new("leaves nothing of the watermark");
        table.report_key("scale", fault.label("its width as a share of the variant's"));
    }
    let opacity = table.share("opacity").unwrap_or_else(|| share(1.0));
    let margin = table.share("margin").unwrap_or_else(|| share(0.03));
    if margin >= share(0.5) {
        let fault = Fault::new("leaves no room for the watermark");
        table.report_key("margin", fault.label("less than 0.5: a share of the shorter side"));
    }
    if image.value.is_empty() {
        return None;
    }
    let name = match picture(&folder.join(&image.value)) {
        Ok((name, bytes)) => {
            logos.insert(name.clone(), bytes);
            name
        }
        Err(fault) => {
            table.report("image", &image, fault);
            return None;
        }
    };
    Some(Watermark { image: name, gravity, scale, opacity, margin })
}

fn share(number: f64) -> Share {
    number.try_into().unwrap_or_default()
}

/// The picture, and its name in the function's zip.
fn picture(path: &Path) -> Result<(String, Vec<u8>), Fault> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        Fault::new(format!("can't be read: {}", reason(&error)))
            .help(format!("imgprep looked at `{shown}`"))
    };
    if path.is_dir() {
        return Err(Fault::new("is a folder").label("name a picture"));
    }
    let size = fs::metadata(path).map_err(unreadable)?.len();
    if size > BYTES_MAX {
        let (have, most) = (crate::amounts::bytes(size), crate::amounts::bytes(BYTES_MAX));
        return Err(Fault::new(format!("has {have}")).label(format!("at most {most}")));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    let digest = Sha256::digest(&bytes);
    let name = hex::encode(&digest[..DIGEST_BYTES]);
    Watermarks::default().add(name.as_str(), &bytes, &Limits::default()).map_err(|error| {
        Fault::new(format!("is no usable picture: {error}"))
            .help("a watermark is best a PNG with transparency")
    })?;
    Ok((name, bytes))
}
