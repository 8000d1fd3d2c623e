//! Puts the source of the function into the binary, so that an installed `imgprep` builds it in any
//! folder: the crate `lambda-fn`, and a workspace around it reduced to what that crate uses.
//!
//! What the reduced workspace leaves out cannot change the function, so its hash changes only with
//! the function.
//!
//! Beside that it finds out which commit is built, for `imgprep --version`.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use toml::{Table, Value};

/// The crate of the function, and the folder it is in.
const FUNCTION: &str = "lambda-fn";

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    let crates = Crates::find(&root)?;
    for watched in [&crates.manifest, &crates.lock, &crates.function] {
        println!("cargo::rerun-if-changed={}", watched.display());
    }

    let function: Table = fs::read_to_string(&crates.function_manifest)?.parse()?;
    let workspace: Table = fs::read_to_string(&crates.manifest)?.parse()?;
    let manifest = reduced_manifest(&workspace, &used_dependencies(&function));
    let lock = reduced_lock(&fs::read_to_string(&crates.lock)?)?;
    fs::write(out.join("Cargo.toml"), manifest)?;
    fs::write(out.join("Cargo.lock"), lock)?;

    let mut files = BTreeMap::new();
    for name in ["Cargo.toml", "Cargo.lock"] {
        files.insert(name.to_owned(), out.join(name));
    }
    files.insert(format!("{FUNCTION}/Cargo.toml"), crates.function_manifest);
    files.insert(format!("{FUNCTION}/build.rs"), crates.function.join("build.rs"));
    list(&crates.function.join("src"), &format!("{FUNCTION}/src"), &mut files)?;

    let mut code = String::from("static FILES: &[(&str, &[u8])] = &[\n");
    for (name, path) in &files {
        writeln!(code, "    ({name:?}, include_bytes!({:?})),", path.to_string_lossy())?;
    }
    code.push_str("];\n");
    for arch in ["X86_64", "ARM64"] {
        let value = match embedded_zip(arch)? {
            Some(path) => format!("Some(include_bytes!({:?}))", path.to_string_lossy()),
            None => "None".to_owned(),
        };
        writeln!(code, "pub(super) static EMBEDDED_{arch}: Option<&[u8]> = {value};")?;
    }
    fs::write(out.join("function_source.rs"), code)?;

    let version = std::env::var("CARGO_PKG_VERSION")?;
    let commit = packed_commit(&root).or_else(|| checked_out_commit(&root));
    let version = commit.map_or(version.clone(), |commit| format!("{version} ({commit})"));
    println!("cargo::rustc-env=IMGPREP_VERSION={version}");
    Ok(())
}

/// What the source of the function is put together from.
struct Crates {
    /// Of the workspace.
    manifest: PathBuf,
    /// What the versions of the function's dependencies are in.
    lock: PathBuf,
    /// The folder of the function's crate.
    function: PathBuf,
    function_manifest: PathBuf,
}

impl Crates {
    /// In the repository both crates are side by side. Packed, each is on its own: cargo has
    /// rewritten the manifests and kept the originals, the lock file of this one leaves out what
    /// only the function needs, and the function's build script says where it is.
    fn find(root: &Path) -> Result<Self, Box<dyn Error>> {
        let beside = root.join(FUNCTION);
        if beside.is_dir() {
            return Ok(Self {
                manifest: root.join("Cargo.toml"),
                lock: root.join("Cargo.lock"),
                function_manifest: beside.join("Cargo.toml"),
                function: beside,
            });
        }
        let function = PathBuf::from(std::env::var("DEP_IMGPREP_FUNCTION_ROOT")?);
        Ok(Self {
            manifest: root.join("Cargo.toml.orig"),
            lock: function.join("Cargo.lock"),
            function_manifest: function.join("Cargo.toml.orig"),
            function,
        })
    }
}

/// How many digits of a commit are shown.
const COMMIT_DIGITS: usize = 9;

/// The commit that a package was made from, which `cargo package` notes.
fn packed_commit(root: &Path) -> Option<String> {
    let note = fs::read_to_string(root.join(".cargo_vcs_info.json")).ok()?;
    let digits = note.split("\"sha1\"").nth(1)?.split('"').nth(1)?;
    digits.get(..COMMIT_DIGITS).map(ToOwned::to_owned)
}

/// The commit that is checked out here. Sources without git, or inside somebody else's repository,
/// have none.
fn checked_out_commit(root: &Path) -> Option<String> {
    let top = git(root, &["rev-parse", "--show-toplevel"])?;
    if fs::canonicalize(top).ok()? != fs::canonicalize(root).ok()? {
        return None;
    }
    // Moved by a checkout, by a commit, and by the packing of refs. A file that is not there would
    // have cargo run this again and again.
    let branch = git(root, &["rev-parse", "--symbolic-full-name", "HEAD"])?;
    for name in ["HEAD", &branch, "packed-refs"] {
        let path = root.join(git(root, &["rev-parse", "--git-path", name])?);
        if path.is_file() {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    git(root, &["rev-parse", &format!("--short={COMMIT_DIGITS}"), "HEAD"])
}

/// What git answers; nothing where it is not installed or has no answer.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    // A build that runs in a hook is told of the hook's repository.
    git.current_dir(folder).args(arguments).env_remove("GIT_DIR");
    let output = git.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

/// Every file under `folder`, by its name in the extracted source.
fn list(
    folder: &Path,
    name: &str,
    files: &mut BTreeMap<String, PathBuf>,
) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &name, files)?;
        } else {
            files.insert(name, entry.path());
        }
    }
    Ok(())
}

/// The dependencies of the function that take their version from the workspace.
fn used_dependencies(function: &Table) -> BTreeSet<String> {
    let tables = ["dependencies", "dev-dependencies", "build-dependencies"];
    let targets = function.get("target").and_then(Value::as_table);
    std::iter::once(function)
        .chain(targets.into_iter().flat_map(Table::values).filter_map(Value::as_table))
        .flat_map(|place| tables.iter().filter_map(|table| place.get(*table)?.as_table()))
        .flat_map(|dependencies| dependencies.keys().cloned())
        .collect()
}

/// The workspace manifest with the function as its only member.
fn reduced_manifest(root: &Table, used: &BTreeSet<String>) -> String {
    let mut workspace = Table::new();
    let from = root.get("workspace").and_then(Value::as_table).cloned().unwrap_or_default();
    for (key, value) in from {
        match (key.as_str(), value) {
            ("resolver" | "package" | "lints", value) => drop(workspace.insert(key, value)),
            ("dependencies", Value::Table(mut all)) => {
                all.retain(|name, _| used.contains(name));
                workspace.insert(key, Value::Table(all));
            }
            _ => {}
        }
    }
    workspace.insert("members".into(), Value::Array(vec![FUNCTION.into()]));
    let mut manifest = Table::new();
    manifest.insert("workspace".into(), Value::Table(workspace));
    if let Some(profile) = root.get("profile").and_then(|profiles| profiles.get("lambda")) {
        let profiles = Table::from_iter([("lambda".to_owned(), profile.clone())]);
        manifest.insert("profile".into(), Value::Table(profiles));
    }
    manifest.to_string()
}

/// The lock file with only those packages that the function reaches.
fn reduced_lock(lock: &str) -> Result<String, Box<dyn Error>> {
    let mut blocks = lock.split("[[package]]\n");
    let mut reduced = blocks.next().unwrap_or_default().to_owned();
    let mut packages: Vec<(Table, &str)> = Vec::new();
    for block in blocks {
        packages.push((block.parse()?, block));
    }
    let mut wanted = vec![FUNCTION];
    let mut kept = BTreeSet::new();
    while let Some(reference) = wanted.pop() {
        let mut words = reference.split(' ');
        let (name, version) = (words.next(), words.next());
        for (index, (package, _)) in packages.iter().enumerate() {
            let same = package.get("name").and_then(Value::as_str) == name
                && version.is_none_or(|version| {
                    package.get("version").and_then(Value::as_str) == Some(version)
                });
            if same && kept.insert(index) {
                let next = package.get("dependencies").and_then(Value::as_array);
                wanted.extend(next.into_iter().flatten().filter_map(Value::as_str));
            }
        }
    }
    for index in kept {
        reduced.push_str("[[package]]\n");
        reduced.push_str(packages[index].1);
    }
    Ok(reduced)
}

/// The finished zip that a release carries: only with the feature `embedded-function`.
fn embedded_zip(arch: &str) -> Result<Option<PathBuf>, Box<dyn Error>> {
    let variable = format!("IMGPREP_FUNCTION_ZIP_{arch}");
    println!("cargo::rerun-if-env-changed={variable}");
    if std::env::var_os("CARGO_FEATURE_EMBEDDED_FUNCTION").is_none() {
        return Ok(None);
    }
    let Some(path) = std::env::var_os(&variable) else {
        println!("cargo::warning=`{variable}` is not set: no function is embedded for {arch}");
        return Ok(None);
    };
    let path = std::path::absolute(path)?;
    println!("cargo::rerun-if-changed={}", path.display());
    Ok(Some(path))
}
