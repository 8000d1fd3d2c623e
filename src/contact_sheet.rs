//! The contact sheet: a page that shows each original beside its variants, with what each weighs
//! and what it took.
//!
//! A pure function from a [`Sheet`] to HTML that needs nothing but the files beside it: no script,
//! no font, no address on any network. Deliberately absent: writing it to a file.

#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::fmt::{self, Display, Write as _};
use std::path::{Component, Path};
use std::time::Duration;

use contract::settings::{Fit, Format, Variant};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use crate::amounts;
use crate::render::{Image, ImageOutcome, Made, MadeVariant, Sheet, Totals};

const STYLE: &str = include_str!("contact_sheet/style.css");

/// What may stand in a part of a path as it is (RFC 3986, section 2.3); anything else could end it.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The page, to be put into the folder that the variants' folders are in.
pub(crate) fn html(sheet: &Sheet) -> String {
    let mut page = head(&sheet.totals);
    page += &header(sheet);
    page.push_str("<main>\n");
    page += &sizes(sheet);
    page += &failures(&sheet.images);
    page += &images(&sheet.images);
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn head(totals: &Totals) -> String {
    let title = format!(
        "Contact sheet: {}, {}",
        amounts::counted(totals.images, "original"),
        amounts::counted(totals.variants, "variant")
    );
    // An icon of no bytes, so that none is asked for where the page is served.
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"generator\" content=\"imgprep {}\">\n\
         <title>{title}</title>\n<link rel=\"icon\" href=\"data:,\">\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// What was done, and the sums.
fn header(sheet: &Sheet) -> String {
    let totals = &sheet.totals;
    let bytes = |count| amounts::bytes(count);
    let mut facts = vec![
        ("Originals", totals.images.to_string(), bytes(totals.bytes)),
        ("Variants", totals.variants.to_string(), bytes(totals.variant_bytes)),
    ];
    if let Some(saving) = amounts::change(totals.bytes, totals.variant_bytes) {
        facts.push(("All variants", saving, "compared with the originals".to_owned()));
    }
    let made = totals.images - totals.failed;
    let each = totals.ms.checked_div(made).unwrap_or_default();
    let took = amounts::duration(Duration::from_millis(totals.ms));
    let each = format!("{} for each", amounts::duration(Duration::from_millis(each)));
    facts.push(("Time", took, each));
    if totals.failed > 0 {
        facts.push(("Failed", totals.failed.to_string(), "see below".to_owned()));
    }
    let mut html = format!(
        "<header>\n<h1>Contact sheet</h1>\n\
         <p>Variants made on this machine with the function's code, <time \
         datetime=\"{at}\">{}</time>.</p>\n<dl class=\"totals\">\n",
        sheet.made_at.replace('T', " ").replace('Z', " UTC"),
        at = sheet.made_at,
    );
    for (name, value, more) in facts {
        let (value, more) = (together(&value), together(&more));
        let _ = writeln!(
            html,
            "<div><dt>{name}</dt><dd><strong>{value}</strong> <span>{more}</span></dd></div>"
        );
    }
    html.push_str("</dl>\n</header>\n");
    html
}

/// A row for each size: how it is made, and what it weighs over all images.
fn sizes(sheet: &Sheet) -> String {
    let mut html = String::from(
        "<section aria-labelledby=\"sizes\">\n<h2 id=\"sizes\">Sizes</h2>\n\
         <div class=\"scroll\" role=\"region\" aria-labelledby=\"sizes\" tabindex=\"0\">\n<table>\n\
         <thead><tr><th scope=\"col\">Folder</th><th scope=\"col\">Frame</th>\
         <th scope=\"col\">Format</th><th scope=\"col\" class=\"number\">Images</th>\
         <th scope=\"col\" class=\"number\">Bytes</th><th scope=\"col\" class=\"number\">Average</th>\
         <th scope=\"col\" class=\"number\">Compared with originals</th></tr></thead>\n<tbody>\n",
    );
    for variant in sheet.variants.iter() {
        let made = sheet.images.iter().filter_map(Image::made).flat_map(|made| &made.variants);
        let sizes: Vec<u64> =
            made.filter(|made| made.folder == variant.folder).map(|made| made.bytes).collect();
        let bytes: u64 = sizes.iter().sum();
        let average = bytes.checked_div(sizes.len() as u64).unwrap_or(0);
        let against = amounts::change(sheet.totals.bytes, bytes).unwrap_or_default();
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td>\
             <td class=\"number\">{}</td><td class=\"number\">{}</td>\
             <td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
            Escaped(&variant.folder),
            frame(variant),
            encoding(variant),
            sizes.len(),
            together(&amounts::bytes(bytes)),
            together(&amounts::bytes(average)),
            together(&against),
        );
    }
    html.push_str("</tbody>\n</table>\n</div>\n</section>\n");
    html
}

fn frame(variant: &Variant) -> String {
    let fit = match variant.fit {
        Fit::Cover => "cover",
        Fit::Contain => "contain",
        Fit::Pad => "pad",
    };
    format!("{}, {fit}", size(variant.width, variant.height))
}

fn encoding(variant: &Variant) -> String {
    let name = match variant.format {
        Format::Keep => "as the original",
        Format::Jpeg => "JPEG",
        Format::Png => return "PNG".to_owned(),
        Format::Webp => "WebP",
        Format::Avif => "AVIF",
    };
    format!("{name}, quality {}", variant.quality)
}

/// The images without variants, and why.
fn failures(images: &[Image]) -> String {
    let failed = images.iter().filter_map(|image| match &image.outcome {
        ImageOutcome::Failed { failed } => Some((image, failed)),
        ImageOutcome::Made(_) => None,
    });
    let rows = failed.fold(String::new(), |mut rows, (image, why)| {
        let _ = writeln!(
            rows,
            "<tr><th scope=\"row\"><a href=\"{}\">{}</a></th><td>{}</td></tr>",
            href(&image.from_page),
            Escaped(&image.name.to_string_lossy()),
            Escaped(why)
        );
        rows
    });
    if rows.is_empty() {
        return rows;
    }
    format!(
        "<section aria-labelledby=\"failed\">\n<h2 id=\"failed\">Failed</h2>\n\
         <p>The function would record these under <code>failed/</code> and not retry them.</p>\n\
         <table class=\"failed\">\n<thead><tr><th scope=\"col\">Original</th>\
         <th scope=\"col\">Why</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</section>\n"
    )
}

fn images(images: &[Image]) -> String {
    let made = images.iter().filter_map(|image| Some((image, image.made()?))).enumerate();
    let articles = made.fold(String::new(), |articles, (index, (image, made))| {
        articles + &article(index + 1, image, made)
    });
    if articles.is_empty() {
        return articles;
    }
    format!(
        "<section aria-labelledby=\"images\">\n<h2 id=\"images\">Images</h2>\n{articles}</section>\n"
    )
}

/// One original beside its variants.
fn article(number: usize, image: &Image, made: &Made) -> String {
    let name = image.name.to_string_lossy();
    let mut html = format!(
        "<article aria-labelledby=\"image-{number}\">\n<h3 id=\"image-{number}\">{}</h3>\n{}\
         <div class=\"figures\">\n",
        Escaped(&name),
        stages(made)
    );
    let link = href(&image.from_page);
    let size = size(made.width, made.height);
    let warnings = made.warnings.iter().map(|warning| format!(", {}", Escaped(warning)));
    let more: String = warnings.collect();
    let picture = if made.format.is_shown_by_browsers() {
        let alt = format!("{name}, the original");
        framed_picture(&link, &alt, made)
    } else {
        format!(
            "<a class=\"unshown\" href=\"{link}\"><span>Browsers do not show {}.</span> \
             <span>Open the file</span></a>",
            made.format
        )
    };
    let _ = write!(
        html,
        "<figure>\n{picture}\n<figcaption><b>original</b> \
         <span>{size}, {}, {}{more}</span></figcaption>\n</figure>\n",
        made.format,
        together(&amounts::bytes(made.bytes)),
    );
    for variant in &made.variants {
        html += &figure(image, made, variant);
    }
    html.push_str("</div>\n</article>\n");
    html
}

/// An original on which it is drawn what its variants show of it, if one of them shows only a part.
fn framed_picture(link: &str, alt: &str, made: &Made) -> String {
    let (width, height) = (made.width, made.height);
    let frames = frames(made);
    if frames.is_empty() {
        return picture(link, alt, (width, height));
    }
    // The page shows pictures in boxes of this shape.
    let class = if 3 * u64::from(width) >= 4 * u64::from(height) { "wide" } else { "tall" };
    let image = image(link, alt, (width, height));
    format!(
        "<a href=\"{link}\"><span class=\"framed {class}\" style=\"aspect-ratio:{width}/{height};\
         max-width:{width}px;max-height:{height}px\">{image}{frames}</span></a>"
    )
}

/// What the variants show of an original, drawn on it: each part once, with the folders of who show it.
/// Whoever shows all of it needs no frame.
fn frames(made: &Made) -> String {
    /// What is cut off in fractions of a pixel is nothing to be drawn.
    const WHOLE: f64 = 0.999;
    let parts = made.variants.iter().map(|variant| (&variant.folder, variant.frame));
    let parts = parts.filter(|(_, frame)| frame.width.min(frame.height) < WHOLE);
    let mut frames: Vec<(String, String)> = Vec::new();
    for (folder, frame) in parts {
        let share = |share: f64| format!("{:.2}%", 100.0 * share);
        let style = format!(
            "left:{};top:{};width:{};height:{}",
            share(frame.left),
            share(frame.top),
            share(frame.width),
            share(frame.height)
        );
        match frames.iter_mut().find(|(of, _)| *of == style) {
            Some((_, folders)) => *folders = format!("{folders}, {folder}"),
            None => frames.push((style, folder.clone())),
        }
    }
    let frames = frames.iter().map(|(style, folders)| {
        format!("<span class=\"frame\" style=\"{style}\"><i>{}</i></span>", Escaped(folders))
    });
    frames.collect()
}

fn figure(image: &Image, made: &Made, variant: &MadeVariant) -> String {
    let link = href(&Path::new(&variant.folder).join(&image.name));
    let size_text = size(variant.width, variant.height);
    let alt = format!("{} as {}", image.name.to_string_lossy(), variant.folder);
    let saving = amounts::change(made.bytes, variant.bytes).map(|change| {
        let class = if variant.bytes < made.bytes { "less" } else { "more" };
        let change = together(&change);
        format!("<em class=\"{class}\">{change}<i> compared with the original</i></em> ")
    });
    format!(
        "<figure>\n{}\n<figcaption><b>{}</b> {}<span>{size_text}, {}, {}</span></figcaption>\n</figure>\n",
        picture(&link, &alt, (variant.width, variant.height)),
        Escaped(&variant.folder),
        saving.unwrap_or_default(),
        kind(variant.content_type),
        together(&amounts::bytes(variant.bytes)),
    )
}

/// An image that leads to its file.
fn picture(link: &str, alt: &str, size: (u32, u32)) -> String {
    format!("<a href=\"{link}\">{}</a>", image(link, alt, size))
}

/// Most images are far down the page, and are read only when seen.
fn image(link: &str, alt: &str, (width, height): (u32, u32)) -> String {
    format!(
        "<img src=\"{link}\" alt=\"{}\" width=\"{width}\" height=\"{height}\" loading=\"lazy\" \
         decoding=\"async\">",
        Escaped(alt)
    )
}

/// What it took, as a bar whose parts the words explain.
fn stages(made: &Made) -> String {
    let ms = made.ms;
    let stages = [("decode", ms.decode), ("resize", ms.resize), ("encode", ms.encode)];
    let parts = stages.map(|(name, ms)| {
        // What took no time at all is still a part.
        format!("<i class=\"{name}\" style=\"flex-grow:{:.1}\"></i>", ms.max(0.1))
    });
    let words =
        stages.map(|(name, ms)| format!("<span class=\"{name}\">{name} {ms:.1}\u{a0}ms</span>"));
    format!(
        "<p class=\"stages\"><span class=\"bar\" aria-hidden=\"true\">{}</span> {}</p>\n",
        parts.concat(),
        words.join(" ")
    )
}

/// The common name of a media type.
fn kind(content_type: &str) -> &str {
    match content_type {
        "image/jpeg" => "JPEG",
        "image/png" => "PNG",
        "image/webp" => "WebP",
        "image/avif" => "AVIF",
        other => other,
    }
}

fn size(width: u32, height: u32) -> String {
    together(&format!("{width} × {height}"))
}

/// A figure that no line break tears apart, with the sign that is as wide as a plus.
fn together(figure: &str) -> String {
    let figure = figure.replace(' ', "\u{a0}");
    figure.strip_prefix('-').map_or(figure.clone(), |amount| format!("\u{2212}{amount}"))
}

/// A path as a link: its bytes, whatever they are, part by part.
fn href(path: &Path) -> String {
    let encoded = |part: &OsStr| percent_encode(part.as_encoded_bytes(), KEPT).to_string();
    let parts = path.components().map(|part| match part {
        Component::RootDir => String::new(),
        Component::ParentDir => "..".to_owned(),
        part => encoded(part.as_os_str()),
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Text that stays text in HTML, in elements and in quoted attributes.
struct Escaped<'t>(&'t str);

impl Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => formatter.write_str("&amp;"),
                '<' => formatter.write_str("&lt;"),
                '>' => formatter.write_str("&gt;"),
                '"' => formatter.write_str("&quot;"),
                '\'' => formatter.write_str("&#39;"),
                other => formatter.write_char(other),
            }?;
        }
        Ok(())
    }
}
