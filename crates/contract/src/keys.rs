//! Which keys of the bucket belong together: an original's, its variants' and its record's.

use crate::fnv;

/// The folder of the bucket in which the function records what it could not process.
pub const FAILED_FOLDER: &str = "failed";

/// The folder of the bucket with the manifests, if the stack has any.
pub const MANIFESTS_FOLDER: &str = "manifests";

/// The folder of the bucket in which S3 reports on its jobs.
pub const REPORTS_FOLDER: &str = "imgprep-reports";

/// S3 takes no longer keys, in bytes of UTF-8: "Naming Amazon S3 objects" in the S3 User Guide.
pub const KEY_BYTES_MAX: usize = 1024;

/// What the key of a record and of a manifest ends in.
const RECORD_ENDING: &str = ".json";

/// The path that an original, its variants and the record of its failure share, each below a folder
/// of its own. So an application can compute where a variant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImagePath<'key>(pub &'key str);

impl<'key> ImagePath<'key> {
    /// The path of a key below a folder, or nothing if the key is elsewhere or is the folder itself.
    pub fn below(folder: &str, key: &'key str) -> Option<Self> {
        let path = key.strip_prefix(folder)?.strip_prefix('/')?;
        (!path.is_empty()).then_some(Self(path))
    }

    /// The path that a record is for. One that was cut off to fit is the beginning of a path, and a
    /// digest: the record itself holds the key.
    pub fn of_record(key: &'key str) -> Option<Self> {
        Self::of_document(FAILED_FOLDER, key)
    }

    /// The path of the image that a manifest is about. A name that was cut ends in a digest: the
    /// manifest itself holds the key.
    pub fn of_manifest(key: &'key str) -> Option<Self> {
        Self::of_document(MANIFESTS_FOLDER, key)
    }

    fn of_document(folder: &str, key: &'key str) -> Option<Self> {
        let Self(name) = Self::below(folder, key)?;
        let path = name.strip_suffix(RECORD_ENDING)?;
        (!path.is_empty()).then_some(Self(path))
    }

    /// The key in the folder of the originals or of a variant.
    pub fn key_in(self, folder: &str) -> String {
        format!("{folder}/{}", self.0)
    }

    /// The name of the record below its folder, were there no limit to its length.
    pub fn record_name(self) -> String {
        format!("{}{RECORD_ENDING}", self.0)
    }

    /// The key of the record that says why there are no variants.
    pub fn record_key(self) -> String {
        self.document_key(FAILED_FOLDER)
    }

    /// The key of the manifest that says which variants there are.
    pub fn manifest_key(self) -> String {
        self.document_key(MANIFESTS_FOLDER)
    }

    /// Whether the key of a record or of a manifest is so long that it may have been cut, which is
    /// never in the middle of a character.
    pub fn may_be_cut(document_key: &str) -> bool {
        document_key.len() + char::MAX_LEN_UTF8 > KEY_BYTES_MAX
    }

    /// A path that is too long for a key is cut and ends in a digest of the whole.
    fn document_key(self, folder: &str) -> String {
        let Self(path) = self;
        let key = format!("{folder}/{}", self.record_name());
        if key.len() <= KEY_BYTES_MAX {
            return key;
        }
        let ending = format!("~{}{RECORD_ENDING}", fnv::digest(path));
        let room = KEY_BYTES_MAX - folder.len() - 1 - ending.len();
        format!("{folder}/{}{ending}", &path[..path.floor_char_boundary(room)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_keep_the_path_of_their_original() {
        let key = |original| Some(ImagePath::below("originals", original)?.key_in("800x600"));
        assert_eq!(key("originals/a.jpg").as_deref(), Some("800x600/a.jpg"));
        assert_eq!(key("originals/a b/ü+%2B.jpg").as_deref(), Some("800x600/a b/ü+%2B.jpg"));
        for elsewhere in ["originals/", "originals", "originals2/a.jpg", "800x600/a.jpg", "a", ""] {
            assert_eq!(key(elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn failures_are_recorded_under_the_whole_name() {
        let path = ImagePath("x/a.jpg");
        assert_eq!(path.record_key(), "failed/x/a.jpg.json");
        assert_eq!(path.manifest_key(), "manifests/x/a.jpg.json");
        assert_eq!(ImagePath::of_manifest("manifests/x/a.jpg.json"), Some(path));
        assert_eq!(ImagePath::of_record("failed/x/a.jpg.json"), Some(path));
        for other in ["failed/x/a.jpg", "failed/.json", "failed", "x/a.jpg.json", ""] {
            assert_eq!(ImagePath::of_record(other), None, "{other}");
        }
    }

    #[test]
    fn a_record_has_a_key_however_long_the_name() {
        let longest = KEY_BYTES_MAX - "failed/.json".len();
        let key = |path: &str| ImagePath(path).record_key();
        let fits = "a".repeat(longest);
        assert_eq!(key(&fits), format!("failed/{fits}.json"));
        assert!(!ImagePath::may_be_cut(&key(&fits[4..])));
        let (one, other) = (format!("{fits}b"), format!("{fits}c"));
        assert_eq!(key(&one).len(), KEY_BYTES_MAX);
        assert_ne!(key(&one), key(&other), "names that differ in their end keep records apart");
        assert_eq!(key(&one), format!("failed/{}~{}.json", "a".repeat(995), fnv::digest(&one)));
        // A cut never splits a character.
        let wide = key(&"\u{1f305}".repeat(254));
        let kept = "\u{1f305}".repeat(995 / 4);
        assert!(wide.starts_with(&format!("failed/{kept}~")), "{wide}");
        assert!(ImagePath::may_be_cut(&key(&one)) && ImagePath::may_be_cut(&wide));
    }
}
