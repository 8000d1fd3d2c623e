//! The source of a function as named bytes, and the hash over it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{PackageError, ancestors};

include!(concat!(env!("OUT_DIR"), "/function_source.rs"));

/// Changes whenever the way a package is made from its source changes what comes out.
const RECIPE: &str = "imgprep package 1";

/// Files by their path, with `/` between folders.
pub(super) struct Tree(BTreeMap<String, Vec<u8>>);

impl Tree {
    /// The function that this binary carries.
    pub(super) fn bundled() -> Self {
        Self(FILES.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect())
    }

    /// All files of a crate but what is built and what git keeps. A crate without a lock file of
    /// its own is a member of a workspace, whose manifest and lock file decide with it. Without any
    /// lock file, cargo would write one while it builds, and the source would look changed.
    pub(super) fn of_crate(folder: &Path) -> Result<Self, PackageError> {
        let mut tree = Self(BTreeMap::new());
        tree.add_folder(folder, "")?;
        if !tree.0.contains_key("Cargo.toml") {
            let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(PackageError::file("read", &folder.join("Cargo.toml"), &missing));
        }
        if !tree.0.contains_key("Cargo.lock") {
            let root = ancestors(folder)
                .find(|folder| folder.join("Cargo.lock").is_file())
                .ok_or_else(|| PackageError::NoLock { folder: folder.to_owned() })?;
            tree.add_file(&root.join("Cargo.lock"), "../Cargo.lock")?;
            tree.add_file(&root.join("Cargo.toml"), "../Cargo.toml")?;
        }
        Ok(tree)
    }

    /// The names and bytes, in the order of the names.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }

    fn add_folder(&mut self, folder: &Path, prefix: &str) -> Result<(), PackageError> {
        let failed = |error| PackageError::file("read", folder, &error);
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                if name != "target" && name != ".git" {
                    self.add_folder(&entry.path(), &format!("{prefix}{name}/"))?;
                }
            } else if entry.path().is_file() {
                self.add_file(&entry.path(), &format!("{prefix}{name}"))?;
            }
        }
        Ok(())
    }

    fn add_file(&mut self, path: &Path, name: &str) -> Result<(), PackageError> {
        let bytes = fs::read(path).map_err(|error| PackageError::file("read", path, &error))?;
        self.0.insert(name.to_owned(), bytes);
        Ok(())
    }
}

/// The hash over what decides about a package. Every part goes in with its length, so that no two
/// different sources run together into one text.
pub(super) struct Hash(Sha256);

impl Hash {
    pub(super) fn new(target: &str) -> Self {
        let mut hash = Self(Sha256::new());
        hash.file(RECIPE, target.as_bytes());
        hash
    }

    pub(super) fn tree(&mut self, kind: &str, tree: &Tree) {
        self.part(kind.as_bytes());
        for (name, bytes) in tree.files() {
            self.file(name, bytes);
        }
    }

    pub(super) fn file(&mut self, name: &str, bytes: &[u8]) {
        self.part(name.as_bytes());
        self.part(bytes);
    }

    pub(super) fn finish(self) -> String {
        hex::encode(self.0.finalize())
    }

    fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_source_is_a_workspace_of_its_own() {
        let tree = Tree::bundled();
        let text = |name: &str| String::from_utf8(tree.0[name].clone()).unwrap();
        for member in [
            "lambda-fn",
            "crates/contract",
            "crates/image",
            "crates/jpeg",
            "crates/avif",
            "crates/vp8",
            "crates/webp",
        ] {
            assert!(text("Cargo.toml").contains(&format!("\"{member}\"")), "{member}");
            assert!(tree.0.contains_key(&format!("{member}/Cargo.toml")), "{member}");
            assert!(tree.0.contains_key(&format!("{member}/build.rs")), "{member}");
            assert!(tree.0.contains_key(&format!("{member}/src/lib.rs")), "{member}");
        }
        assert!(text("Cargo.toml").contains("[profile.lambda]"));
        assert!(!text("Cargo.toml").contains("aws-sdk-iam"));
        assert!(text("Cargo.lock").starts_with("# This file is automatically @generated"));
        assert!(text("Cargo.lock").contains("name = \"lambda-fn\""));
        assert!(!text("Cargo.lock").contains("name = \"aws-sdk-iam\""));
        // What only tests use is left out, in crates of ours too.
        assert!(!text("Cargo.lock").contains("name = \"proptest\""));
        assert!(!tree.0.keys().any(|name| name.starts_with("crates/fixtures")));
    }

    #[test]
    fn a_hash_follows_names_contents_and_limits_between_them() {
        let hash = |files: &[(&str, &str)]| {
            let mut hash = Hash::new("target");
            hash.tree(
                "crate",
                &Tree(files.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect()),
            );
            hash.finish()
        };
        let one = hash(&[("a", "1"), ("b", "2")]);
        assert_eq!(one.len(), 64);
        assert_eq!(one, hash(&[("b", "2"), ("a", "1")]));
        for other in [
            hash(&[("a", "1"), ("b", "3")]),
            hash(&[("a", "1"), ("c", "2")]),
            hash(&[("a", "1b2")]),
            hash(&[("a1", ""), ("b", "2")]),
        ] {
            assert_ne!(one, other);
        }
    }
}
