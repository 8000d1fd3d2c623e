//! Kinds of image files, by the names and the content types that they have: those that are read, and
//! those that people have as well.
//!
//! Deliberately absent: what is in a file, which only its bytes say.

use contract::keys::ImagePath;

struct Kind {
    name: &'static str,
    /// The usual one first.
    types: &'static [&'static str],
    extensions: &'static [&'static str],
}

const READ: [Kind; 6] = [
    Kind { name: "JPEG", types: &["image/jpeg"], extensions: &["jpg", "jpeg", "jpe", "jfif"] },
    Kind { name: "PNG", types: &["image/png"], extensions: &["png"] },
    Kind { name: "WebP", types: &["image/webp"], extensions: &["webp"] },
    Kind { name: "GIF", types: &["image/gif"], extensions: &["gif"] },
    Kind { name: "BMP", types: &["image/bmp"], extensions: &["bmp", "dib"] },
    Kind { name: "TIFF", types: &["image/tiff"], extensions: &["tif", "tiff"] },
];

/// Read by what is built with it.
const HEIC: Kind =
    Kind { name: "HEIC", types: &["image/heic", "image/heif"], extensions: &["heic", "heif"] };

const UNREAD: [Kind; 9] = [
    Kind {
        name: "AVIF",
        types: &["image/avif", "image/avif-sequence"],
        extensions: &["avif", "avifs"],
    },
    Kind { name: "SVG", types: &["image/svg+xml"], extensions: &["svg", "svgz"] },
    Kind {
        name: "camera raw",
        types: &[
            "image/dng",
            "image/x-adobe-dng",
            "image/x-canon-cr2",
            "image/x-canon-cr3",
            "image/x-fuji-raf",
            "image/x-nikon-nef",
            "image/x-olympus-orf",
            "image/x-panasonic-rw2",
            "image/x-sony-arw",
        ],
        extensions: &[
            "arw", "cr2", "cr3", "crw", "dng", "nef", "nrw", "orf", "pef", "raf", "rw2", "srw",
        ],
    },
    Kind { name: "JPEG XL", types: &["image/jxl"], extensions: &["jxl"] },
    Kind {
        name: "JPEG 2000",
        types: &["image/jp2", "image/jpx", "image/jpm"],
        extensions: &["jp2", "j2k", "jpf", "jpx", "jpm"],
    },
    Kind { name: "Photoshop", types: &["image/vnd.adobe.photoshop"], extensions: &["psd", "psb"] },
    Kind { name: "PDF", types: &["application/pdf"], extensions: &["pdf"] },
    Kind {
        name: "ICO",
        types: &["image/vnd.microsoft.icon", "image/x-icon"],
        extensions: &["ico", "cur"],
    },
    Kind {
        name: "video",
        types: &["video/mp4", "video/quicktime", "video/webm", "video/x-matroska"],
        extensions: &["mp4", "m4v", "mov", "webm", "mkv"],
    },
];

/// What is read, with or without HEIC, in prose.
pub(crate) fn read(heic: bool) -> String {
    let names: Vec<&str> = READ.iter().chain(heic.then_some(&HEIC)).map(|kind| kind.name).collect();
    match names.split_last() {
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// The content type of a file by its name, if it is of a kind that is read, HEIC included.
pub(crate) fn content_type(path: ImagePath<'_>) -> Option<&'static str> {
    let extension = extension(path)?;
    let mut kinds = READ.iter().chain([&HEIC]);
    let kind = kinds.find(|kind| kind.extensions.contains(&extension.as_str()))?;
    kind.types.first().copied()
}

/// The kind of a file by its name, if it is none that is read.
pub(crate) fn unread_by_name(path: ImagePath<'_>, heic: bool) -> Option<&'static str> {
    let extension = extension(path)?;
    unread(heic).find(|kind| kind.extensions.contains(&extension.as_str())).map(|kind| kind.name)
}

/// The same by a content type.
pub(crate) fn unread_by_type(content_type: &str, heic: bool) -> Option<&'static str> {
    unread(heic).find(|kind| kind.types.contains(&content_type)).map(|kind| kind.name)
}

/// Whether an extension, in lower case, promises an image, read or not.
pub(crate) fn is_of_image(extension: &str) -> bool {
    let is_image = |kind: &&Kind| kind.types.iter().any(|it| it.starts_with("image/"));
    let kinds = READ.iter().chain([&HEIC]).chain(&UNREAD);
    kinds.filter(is_image).any(|kind| kind.extensions.contains(&extension))
}

fn unread(heic: bool) -> impl Iterator<Item = &'static Kind> {
    UNREAD.iter().chain((!heic).then_some(&HEIC))
}

fn extension(ImagePath(path): ImagePath<'_>) -> Option<String> {
    let (_, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    Some(extension.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_follows_from_the_extension() {
        for (path, expected) in [
            ("a.jpg", Some("image/jpeg")),
            ("2026/A.B.JPEG", Some("image/jpeg")),
            ("a.heif", Some("image/heic")),
            ("a.jpg/b", None),
            ("jpg", None),
            ("a.svg", None),
            ("a.", None),
        ] {
            assert_eq!(content_type(ImagePath(path)), expected, "{path}");
        }
    }

    #[test]
    fn what_is_not_read_has_a_name() {
        for (path, expected) in [
            ("a.avif", Some("AVIF")),
            ("a.SVG", Some("SVG")),
            ("2026/a.dng", Some("camera raw")),
            ("a.jpg", None),
            ("a.heic", None),
            ("a.xyz", None),
            ("avif", None),
        ] {
            assert_eq!(unread_by_name(ImagePath(path), true), expected, "{path}");
        }
        assert_eq!(unread_by_name(ImagePath("a.heic"), false), Some("HEIC"));
        for (content_type, expected) in [
            ("image/avif", Some("AVIF")),
            ("image/svg+xml", Some("SVG")),
            ("image/x-unheard-of", None),
            ("image/jpeg", None),
            ("image/heif", None),
        ] {
            assert_eq!(unread_by_type(content_type, true), expected, "{content_type}");
        }
        assert_eq!(unread_by_type("image/heif", false), Some("HEIC"));
    }

    #[test]
    fn what_is_read_is_named_as_it_is_built() {
        assert_eq!(read(true), "JPEG, PNG, WebP, GIF, BMP, TIFF or HEIC");
        assert_eq!(read(false), "JPEG, PNG, WebP, GIF, BMP or TIFF");
    }
}
