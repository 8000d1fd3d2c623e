//! The key of one original, as people type it, and the kind of image that it is.

pub(crate) mod kinds;

use contract::keys::{ImagePath, KEY_BYTES_MAX};

use crate::config::Config;

/// A text is no key of an original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotAKey {
    pub(crate) key: String,
    pub(crate) why: String,
}

/// The path of an original whose key was given with or without the folder of the originals.
pub(crate) fn path<'key>(config: &Config, key: &'key str) -> Result<ImagePath<'key>, NotAKey> {
    let originals = &config.bucket.originals;
    let wrong = |why: String| NotAKey { key: key.to_owned(), why };
    if key.is_empty() {
        return Err(wrong("it is empty".to_owned()));
    }
    if key.ends_with('/') || key == originals {
        return Err(wrong("it is a folder".to_owned()));
    }
    // Neither a form nor S3's answers carry them as they are.
    if key.chars().any(char::is_control) {
        return Err(wrong("it has control characters".to_owned()));
    }
    let path = ImagePath::below(originals, key).unwrap_or(ImagePath(key));
    let variants = config.variants_of(path);
    let folders = variants.map(|variant| &variant.folder).chain([originals]);
    let longest = folders.map(|folder| path.key_in(folder)).max_by_key(String::len);
    match longest.filter(|longest| longest.len() > KEY_BYTES_MAX) {
        Some(longest) => Err(wrong(format!(
            "`{}` is {} bytes long, and S3 takes {KEY_BYTES_MAX}",
            shortened(&longest),
            longest.len()
        ))),
        None => Ok(path),
    }
}

/// The beginning of a key that is too long.
fn shortened(key: &str) -> String {
    const SHOWN_MAX: usize = 40;
    format!("{}…", &key[..key.floor_char_boundary(SHOWN_MAX)])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn config() -> Config {
        let text = "[bucket]\nname = 'photos'\n[[variants]]\nsize = '400x300'\n\
                    [[variants]]\nsize = '100x100'\nfolder = 'a-long-name'\nonly = ['long/']\n";
        Config::parse(text, "pipeline.toml", Path::new(""), &|_| None).unwrap()
    }

    #[test]
    fn a_key_is_given_with_or_without_its_folder() {
        let config = config();
        let path = |key| path(&config, key).map(|path| path.0);
        for (key, expected) in [
            ("a.jpg", "a.jpg"),
            ("originals/a.jpg", "a.jpg"),
            ("originals/2026/a b.jpg", "2026/a b.jpg"),
            ("originals/originals/a.jpg", "originals/a.jpg"),
            ("originals2/a.jpg", "originals2/a.jpg"),
        ] {
            assert_eq!(path(key), Ok(expected));
        }
    }

    #[test]
    fn what_cannot_be_an_original_is_refused() {
        let config = config();
        let why = |key: &str| path(&config, key).map_or_else(|it| it.why, |path| path.0.to_owned());
        assert_eq!(why(""), "it is empty");
        for folder in ["originals", "originals/", "2026/", "/"] {
            assert_eq!(why(folder), "it is a folder", "{folder}");
        }
        assert_eq!(why("a\nb.jpg"), "it has control characters");
        let fits = "a".repeat(KEY_BYTES_MAX - "originals/".len());
        assert_eq!(why(&fits), fits);
        let shown = "a".repeat(30);
        let too_long = format!("`originals/{shown}…` is 1025 bytes long, and S3 takes 1024");
        assert_eq!(why(&format!("{fits}a")), too_long);
        // A variant's key counts where there is one.
        let long = format!("long/{}", "a".repeat(KEY_BYTES_MAX - "originals/long/".len()));
        assert!(why(&long).starts_with("`a-long-name/long/aaa"), "{}", why(&long));
    }
}
