//! The zip around `bootstrap`: the same bytes for the same executable, on every machine and day.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use aws_smithy_types::base64;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::PackageError;

/// The largest zip that one call to Lambda takes: its limit is 69905067 bytes of request, which is
/// 50 MiB in base64.
pub(super) const ZIPPED_SIZE_MAX: u64 = 50 * 1024 * 1024;
/// The largest content that Lambda unpacks: "Unzipped size must be smaller than 262144000 bytes".
pub(super) const UNZIPPED_SIZE_MAX: u64 = 262_143_999;
/// What Lambda starts in a `provided` runtime.
const BOOTSTRAP: &str = "bootstrap";
/// Read and run for all, write for the owner.
const MODE: u32 = 0o755;

/// How much time is spent on a zip's size.
#[derive(Clone, Copy, Debug)]
pub(super) enum Size {
    /// The smallest that deflate reaches.
    Smallest,
    /// Most of what deflate saves, in a tenth of the time.
    Quick,
}

impl Size {
    /// As deflate counts levels.
    fn level(self) -> i64 {
        match self {
            Self::Smallest => 9,
            Self::Quick => 1,
        }
    }
}

/// The zip with this executable.
pub(super) fn pack(binary: &[u8], size: Size) -> Result<Vec<u8>, PackageError> {
    let broken = |reason: String| PackageError::NotZip { name: "the new zip".into(), reason };
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(size.level()))
        .last_modified_time(DateTime::default())
        .unix_permissions(MODE);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(BOOTSTRAP, options).map_err(|error| broken(error.to_string()))?;
    writer.write_all(binary).map_err(|error| broken(error.to_string()))?;
    Ok(writer.finish().map_err(|error| broken(error.to_string()))?.into_inner())
}

/// The zip with these files beside what is in it, in a folder. They are compressed pictures, and stored
/// as they are.
pub(super) fn with_files(
    zip: Vec<u8>,
    folder: &str,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<Vec<u8>, PackageError> {
    let broken = |reason: String| PackageError::NotZip { name: "the new zip".into(), reason };
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(MODE);
    let mut writer =
        ZipWriter::new_append(Cursor::new(zip)).map_err(|error| broken(error.to_string()))?;
    for (name, bytes) in files {
        let name = format!("{folder}/{name}");
        writer.start_file(name, options).map_err(|error| broken(error.to_string()))?;
        writer.write_all(bytes).map_err(|error| broken(error.to_string()))?;
    }
    Ok(writer.finish().map_err(|error| broken(error.to_string()))?.into_inner())
}

/// The executable in a zip that somebody else made.
pub(super) fn bootstrap(zip: &[u8], name: &str) -> Result<Vec<u8>, PackageError> {
    let broken = |reason: String| PackageError::NotZip { name: name.into(), reason };
    let mut archive =
        ZipArchive::new(Cursor::new(zip)).map_err(|error| broken(error.to_string()))?;
    let entries: Vec<String> =
        archive.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
    if !entries.iter().any(|entry| entry == BOOTSTRAP) {
        return Err(PackageError::NoBootstrap { name: name.into(), entries });
    }
    let mut size = 0;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|error| broken(error.to_string()))?;
        size = entry.size().saturating_add(size);
    }
    limit("content", size, UNZIPPED_SIZE_MAX)?;
    let file = archive.by_name(BOOTSTRAP).map_err(|error| broken(error.to_string()))?;
    if let Some(mode) = file.unix_mode().filter(|mode| mode & 0o111 == 0) {
        return Err(PackageError::NotExecutable { name: name.into(), mode: mode & 0o7777 });
    }
    let mut binary = Vec::new();
    file.take(UNZIPPED_SIZE_MAX)
        .read_to_end(&mut binary)
        .map_err(|error| broken(error.to_string()))?;
    Ok(binary)
}

/// Refuses what Lambda would refuse after the upload.
pub(super) fn check_size(zip: &[u8]) -> Result<(), PackageError> {
    limit("zip", zip.len() as u64, ZIPPED_SIZE_MAX)
}

fn limit(form: &'static str, size: u64, size_max: u64) -> Result<(), PackageError> {
    if size > size_max {
        return Err(PackageError::TooLarge { form, size, size_max });
    }
    Ok(())
}

/// The hash by which Lambda names a zip.
pub(super) fn code_sha256(zip: &[u8]) -> String {
    base64::encode(Sha256::digest(zip))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_executable_makes_the_same_zip() {
        let binary = vec![7; 100_000];
        let zip = pack(&binary, Size::Smallest).unwrap();
        assert_eq!(zip, pack(&binary, Size::Smallest).unwrap());
        let mut archive = ZipArchive::new(Cursor::new(&zip)).unwrap();
        assert_eq!(archive.len(), 1);
        let entry = archive.by_index(0).unwrap();
        assert_eq!(entry.name().unwrap(), "bootstrap");
        assert_eq!(entry.unix_mode(), Some(0o100_755));
        assert_eq!(
            entry.last_modified().map(|time| time.to_string()).unwrap(),
            "1980-01-01 00:00:00"
        );
        drop(entry);
        assert_eq!(bootstrap(&zip, "x").unwrap(), binary);
        // The bytes themselves are pinned: another version of the zip crate must not change them
        // unnoticed, since every deployed function would look changed.
        assert_eq!(code_sha256(&pack(b"binary", Size::Smallest).unwrap()), PINNED);
    }

    /// The `CodeSha256` of a zip with the six bytes `binary`.
    const PINNED: &str = "BNo6vA8yZ0JD+ffc4GhqC/t7KGxKHZhveN7yUoFV4IM=";

    #[test]
    fn the_hash_is_the_one_lambda_answers() {
        assert_eq!(code_sha256(b""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    #[test]
    fn a_zip_without_an_executable_bootstrap_is_refused() {
        let zip = |name: &str, mode| {
            let options = SimpleFileOptions::default().unix_permissions(mode);
            let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
            writer.start_file(name, options).unwrap();
            writer.write_all(b"x").unwrap();
            writer.finish().unwrap().into_inner()
        };
        let error = bootstrap(b"no zip", "`f.zip`").unwrap_err();
        assert_eq!(error.to_string(), "cannot read `f.zip` as a zip");
        let error = bootstrap(&zip("main", 0o755), "`f.zip`").unwrap_err();
        assert_eq!(error.to_string(), "cannot use `f.zip`: it holds no `bootstrap`");
        assert_eq!(error.why(), ["it holds `main`"]);
        let error = bootstrap(&zip("bootstrap", 0o644), "`f.zip`").unwrap_err();
        assert_eq!(error.to_string(), "cannot use `f.zip`: its `bootstrap` is not executable");
        assert_eq!(error.why(), ["its mode is 0644"]);
    }

    #[test]
    fn a_zip_too_large_for_one_call_is_refused() {
        let error = check_size(&vec![0; 52_428_801]).unwrap_err();
        assert_eq!(error.to_string(), "cannot upload the function: its zip is too large");
        assert_eq!(error.why(), ["it has 52428801 bytes; Lambda allows at most 52428800"]);
        check_size(&vec![0; 52_428_800]).unwrap();
    }
}
