//! What is deployed as the function: the real one, where a test is about images, or a stub that cargo
//! seems to build at once.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Cursor, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::{command, program, run};

/// What stands in for cargo. A function for another processor would ask for zig, which is not there.
const CARGO: &str = "#!/bin/sh
case \"$1\" in
build) echo 'MESSAGE' ;;
--version) echo 'cargo 1.0.0 (stub)' ;;
*) exit 1 ;;
esac
";

/// The stub's source.
const STUB: &str = include_str!("function/bootstrap.rs");
/// For a small executable that is there within a second.
const FLAGS: [&str; 6] =
    ["--edition=2024", "-Copt-level=z", "-Cpanic=abort", "-Cstrip=symbols", "-o", "bootstrap"];

/// The folder of this version of the stub.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(stub);
/// Whether the real function is in the cache.
static REAL: LazyLock<()> = LazyLock::new(build);

/// Has imgprep deploy the stub where it would deploy its own function: what it calls cargo names the stub
/// as what it built. What it packs has a cache of its own, for the source by which the cache knows it is
/// that of the real one.
pub(crate) fn use_stub(command: &mut Command) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(FOLDER.join("bin")).chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(path).unwrap());
    command.env("IMGPREP_CACHE_DIR", FOLDER.join("cache"));
}

/// Builds the real function unless it is in the cache already.
pub(crate) fn build_real() {
    LazyLock::force(&REAL);
}

fn build() {
    let folder = tempfile::tempdir().unwrap();
    let file = "name = \"build\"\n[bucket]\nname = \"build\"\n[[variants]]\nsize = \"8x6\"\n";
    fs::write(folder.path().join("pipeline.toml"), file).unwrap();
    let export =
        ["export", "--format", "terraform", "-o", "stack.tf.json", "--zip", "function.zip"];
    run(command().current_dir(folder.path()).args(export)).exits(0);
}

/// Compiles the stub unless an earlier run did.
fn stub() -> PathBuf {
    let mut hash = DefaultHasher::new();
    (STUB, FLAGS, CARGO).hash(&mut hash);
    let cache = program::cache();
    let folder = cache.join(format!("stub-{:016x}", hash.finish()));
    if !folder.is_dir() {
        fs::create_dir_all(&cache).unwrap();
        let temporary = tempfile::tempdir_in(&cache).unwrap();
        compile(temporary.path(), &folder);
        let moved = fs::rename(temporary.keep(), &folder);
        assert!(moved.is_ok() || folder.is_dir(), "{}: {moved:?}", folder.display());
    }
    folder
}

/// Puts the stub into one folder, as if it were in another.
fn compile(folder: &Path, named: &Path) {
    let source = folder.join("bootstrap.rs");
    fs::write(&source, STUB).unwrap();
    let output = Command::new("rustc").args(FLAGS).arg(&source).current_dir(folder).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let executable = named.join("bootstrap");
    let message = serde_json::json!({
        "reason": "compiler-artifact",
        "target": { "name": "bootstrap" },
        "executable": executable,
    });
    let cargo = folder.join("bin/cargo");
    fs::create_dir(folder.join("bin")).unwrap();
    fs::write(&cargo, CARGO.replace("MESSAGE", &message.to_string())).unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A zip with nothing but the header of an executable, and `mark`, which tells two of them apart: the
/// smallest function that can be deployed, for tests to which it only matters that it is.
pub fn zip(mark: u8) -> Vec<u8> {
    let options = SimpleFileOptions::default().unix_permissions(0o755);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("bootstrap", options).unwrap();
    writer.write_all(&executable(mark)).unwrap();
    writer.finish().unwrap().into_inner()
}

/// The header of a static 64-bit executable for `x86_64` without sections (System V ABI, "ELF
/// Header").
fn executable(mark: u8) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(64, 0);
    bytes[16] = 2;
    bytes[18] = 62;
    bytes[20] = 1;
    bytes[52] = 64;
    bytes.push(mark);
    bytes
}
