//! Puts the source of the function into the binary, so that an installed `imgprep` builds it in any
//! folder: the crate `lambda-fn`, those of ours that it uses, and a workspace around them reduced to
//! what they use.
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
    let source = Source::find(&root)?;
    println!("cargo::rerun-if-changed={}", source.manifest.display());
    println!("cargo::rerun-if-changed={}", source.lock.display());

    let lock = reduced_lock(&source)?;
    fs::write(out.join("Cargo.toml"), reduced_manifest(&source, &lock))?;
    fs::write(out.join("Cargo.lock"), lock)?;
    let mut files = BTreeMap::new();
    for name in ["Cargo.toml", "Cargo.lock"] {
        files.insert(name.to_owned(), out.join(name));
    }
    for Member { package, place, folder, manifest, .. } in &source.members {
        println!("cargo::rerun-if-changed={}", folder.display());
        let reduced = out.join(format!("{package}.toml"));
        fs::write(&reduced, manifest.to_string())?;
        files.insert(format!("{place}/Cargo.toml"), reduced);
        files.insert(format!("{place}/build.rs"), folder.join("build.rs"));
        list(&folder.join("src"), &format!("{place}/src"), &mut files)?;
    }

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
struct Source {
    /// Of the workspace.
    manifest: PathBuf,
    workspace: Table,
    /// How the function is compiled: its profile, and the one that it inherits from.
    profiles: Table,
    /// What the versions of the function's dependencies are in.
    lock: PathBuf,
    /// The crate of the function, and those of ours that it uses.
    members: Vec<Member>,
}

/// A crate of ours.
struct Member {
    /// The name of its package.
    package: String,
    /// Its folder in the repository, and in the extracted source.
    place: String,
    /// Its folder here.
    folder: PathBuf,
    /// Its manifest, without what only its tests use.
    manifest: Table,
    /// The dependencies that take their version from the workspace.
    dependencies: BTreeSet<String>,
}

impl Source {
    /// In the repository all crates are side by side. Packed, each is on its own: cargo has
    /// rewritten the manifests and kept the originals, and the lock file of this one leaves out what
    /// only the function needs.
    fn find(root: &Path) -> Result<Self, Box<dyn Error>> {
        let is_packed = !root.join(FUNCTION).is_dir();
        let manifest = root.join(if is_packed { "Cargo.toml.orig" } else { "Cargo.toml" });
        let all: Table = fs::read_to_string(&manifest)?.parse()?;
        let profiles = all.get("profile").and_then(Value::as_table).cloned();
        let mut profiles = profiles.ok_or("the manifest has no profiles")?;
        profiles.retain(|name, _| matches!(name, "lambda" | "release"));
        let workspace = all.get("workspace").and_then(Value::as_table).cloned();
        let workspace = workspace.ok_or("the manifest has no workspace")?;
        let shared = workspace.get("dependencies").and_then(Value::as_table);
        let mut members: Vec<Member> = Vec::new();
        let mut wanted = vec![FUNCTION.to_owned()];
        while let Some(name) = wanted.pop() {
            let dependency = shared.and_then(|shared| shared.get(&name)).and_then(Value::as_table);
            let text = |key: &str| dependency?.get(key)?.as_str();
            // Whatever else has no path is not ours.
            let Some(place) = text("path") else { continue };
            if members.iter().all(|member| member.place != place) {
                let package = text("package").unwrap_or(&name);
                let member = Member::find(root, package, place, is_packed)?;
                wanted.extend(member.dependencies.iter().cloned());
                members.push(member);
            }
        }
        let holder = if is_packed { &members[0].folder } else { root };
        Ok(Self { lock: holder.join("Cargo.lock"), manifest, workspace, profiles, members })
    }

    /// Makes the entry of one of our crates that of a member of the workspace, with what it is built
    /// from and nothing more.
    fn relock(&self, package: &mut Table) {
        package.remove("source");
        package.remove("checksum");
        let member = self.members.iter().find(|member| is_named(package, &member.package));
        let used = member.map(|member| &member.dependencies);
        let used: BTreeSet<&str> = used.into_iter().flatten().map(|it| self.package(it)).collect();
        if let Some(Value::Array(dependencies)) = package.get_mut("dependencies") {
            let name = |entry: &Value| entry.as_str()?.split(' ').next().map(ToOwned::to_owned);
            dependencies.retain(|entry| name(entry).is_some_and(|name| used.contains(&*name)));
        }
    }

    /// The package that a dependency is called here.
    fn package<'a>(&'a self, dependency: &'a str) -> &'a str {
        let shared = self.workspace.get("dependencies").and_then(|shared| shared.get(dependency));
        shared.and_then(|it| it.get("package")).and_then(Value::as_str).unwrap_or(dependency)
    }
}

impl Member {
    /// Where a packed crate is, its own build script says. It does so only to a crate that depends
    /// on it, which is why `imgprep` depends on all of them.
    fn find(
        root: &Path,
        package: &str,
        place: &str,
        is_packed: bool,
    ) -> Result<Self, Box<dyn Error>> {
        let (folder, manifest) = if is_packed {
            let variable = format!("DEP_{}_ROOT", package.to_uppercase().replace('-', "_"));
            let folder = std::env::var(&variable).map_err(|_| format!("{variable} is not set"))?;
            (PathBuf::from(folder), "Cargo.toml.orig")
        } else {
            (root.join(place), "Cargo.toml")
        };
        let manifest = reduced_member(&fs::read_to_string(folder.join(manifest))?)?;
        let dependencies = used_dependencies(&manifest);
        Ok(Self {
            package: package.to_owned(),
            place: place.to_owned(),
            folder,
            manifest,
            dependencies,
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

/// The manifest of a crate without what only its tests use, for tests are not carried.
fn reduced_member(manifest: &str) -> Result<Table, Box<dyn Error>> {
    let mut manifest: Table = manifest.parse()?;
    manifest.remove("dev-dependencies");
    Ok(manifest)
}

/// The dependencies of a crate that take their version from the workspace.
fn used_dependencies(manifest: &Table) -> BTreeSet<String> {
    let tables = ["dependencies", "build-dependencies"];
    let targets = manifest.get("target").and_then(Value::as_table);
    std::iter::once(manifest)
        .chain(targets.into_iter().flat_map(Table::values).filter_map(Value::as_table))
        .flat_map(|place| tables.iter().filter_map(|table| place.get(*table)?.as_table()))
        .flat_map(|dependencies| dependencies.keys().cloned())
        .collect()
}

/// The workspace manifest with the function's crates as its only members.
fn reduced_manifest(source: &Source, lock: &str) -> String {
    let mut workspace = Table::new();
    for (key, value) in source.workspace.clone() {
        match (key.as_str(), value) {
            ("resolver" | "package" | "lints", value) => drop(workspace.insert(key, value)),
            ("dependencies", Value::Table(mut all)) => {
                all.retain(|name, _| {
                    source.members.iter().any(|it| it.dependencies.contains(name))
                });
                workspace.insert(key, Value::Table(all));
            }
            _ => {}
        }
    }
    let members = source.members.iter().map(|member| member.place.as_str().into()).collect();
    workspace.insert("members".into(), Value::Array(members));
    let mut manifest = Table::new();
    manifest.insert("workspace".into(), Value::Table(workspace));
    manifest.insert("profile".into(), Value::Table(reduced_profiles(source, lock)));
    manifest.to_string()
}

/// The profiles without packages that are not in the lock file, of which cargo would warn.
fn reduced_profiles(source: &Source, lock: &str) -> Table {
    let mut profiles = source.profiles.clone();
    for (_, profile) in &mut profiles {
        if let Some(Value::Table(packages)) = profile.get_mut("package") {
            packages.retain(|name, _| lock.contains(&format!("\nname = \"{name}\"\n")));
        }
    }
    profiles
}

/// Whether this is the entry of a package in a lock file.
fn is_named(package: &Table, name: &str) -> bool {
    package.get("name").and_then(Value::as_str) == Some(name)
}

/// The lock file with only those packages that the function reaches. Its own crates are at their
/// places, wherever they came from.
fn reduced_lock(source: &Source) -> Result<String, Box<dyn Error>> {
    let lock = fs::read_to_string(&source.lock)?;
    let mut blocks = lock.split("[[package]]\n");
    let mut reduced = blocks.next().unwrap_or_default().to_owned();
    let mut packages: Vec<(Table, String)> = Vec::new();
    for block in blocks {
        let mut package: Table = block.parse()?;
        let is_ours = source.members.iter().any(|member| is_named(&package, &member.package));
        if is_ours {
            source.relock(&mut package);
            packages.push((package.clone(), format!("{package}\n")));
        } else {
            packages.push((package, block.to_owned()));
        }
    }
    let mut wanted = vec![FUNCTION];
    let mut kept = BTreeSet::new();
    while let Some(reference) = wanted.pop() {
        let mut words = reference.split(' ');
        let (name, version) = (words.next(), words.next());
        for (index, (package, _)) in packages.iter().enumerate() {
            let same = name.is_some_and(|name| is_named(package, name))
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
        reduced.push_str(&packages[index].1);
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
