//! The zip that Lambda runs: built by the user's cargo from the source that `imgprep` carries, from
//! a crate of the user's own, or taken as it is; always checked to run on Lambda.
//!
//! What is built is kept in the cache folder by the hash of its source, so an unchanged function is
//! never built twice. Deliberately absent: AWS, printing, and any reading of the configuration.

mod archive;
mod cache;
mod cargo;
mod elf;
mod error;
mod source;

use std::path::{Path, PathBuf};

pub(crate) use error::PackageError;

use crate::config::{Arch, Code, Codecs, Logos};
use cache::Cache;
use cargo::{Build, Cargo};
use contract::settings::WATERMARKS_FOLDER;
use source::{Hash, Tree};

/// A zip that is ready to upload.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) zip: Vec<u8>,
    /// The SHA-256 of the zip in base64, as Lambda's `CodeSha256`.
    pub(crate) code_sha256: String,
}

impl Package {
    fn new(zip: Vec<u8>) -> Self {
        let code_sha256 = archive::code_sha256(&zip);
        Self { zip, code_sha256 }
    }

    /// The same with these pictures of watermarks beside it.
    pub(crate) fn with_logos(self, logos: &Logos) -> Result<Self, PackageError> {
        if logos.is_empty() {
            return Ok(self);
        }
        let zip = archive::with_files(self.zip, WATERMARKS_FOLDER, logos)?;
        archive::check_size(&zip)?;
        Ok(Self::new(zip))
    }
}

/// What decides what the function does, together with these pictures of watermarks.
pub(crate) fn hash_with_logos(hash: String, logos: &Logos) -> String {
    if logos.is_empty() {
        return hash;
    }
    let mut all = Hash::new(&hash);
    for (name, picture) in logos {
        all.file(name, picture);
    }
    all.finish()
}

/// How a function is made of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Making {
    /// As AWS gets it: small, built by cargo unless a release carries it.
    Released,
    /// This very program, which is the function where it is called as one. A local AWS takes it, so that
    /// nothing is compiled twice.
    ThisProgram,
}

impl Making {
    /// The quickest way to a function for a local AWS.
    pub(crate) fn quickest(code: &Code, arch: Arch) -> Self {
        match code {
            // One that is carried is smaller, where this machine can run it.
            _ if carried(code, arch).is_some() && cargo::is_host(arch) => Self::Released,
            Code::Bundled(codecs) if this_program_has(*codecs) => Self::ThisProgram,
            _ => Self::Released,
        }
    }
}

/// The hash of all that decides what the function does: 64 hexadecimal digits, the same on every
/// machine and in every folder, found without building.
pub(crate) fn source_hash(code: &Code, arch: Arch, making: Making) -> Result<String, PackageError> {
    let mut hash = Hash::new(triple(arch));
    if making == Making::ThisProgram {
        let is_debug = u8::from(cfg!(debug_assertions));
        hash.file("this program", &[is_debug]);
    }
    match code {
        Code::Bundled(codecs) => {
            hash.tree("bundled", &Tree::bundled());
            hash.file("processor", target_cpu(arch).as_bytes());
            hash.file("features", features(*codecs).as_bytes());
        }
        Code::Crate(folder) => hash.tree("crate", &Tree::of_crate(folder)?),
        Code::Zip(path) => hash.file("zip", &read(path)?),
    }
    Ok(hash.finish())
}

/// Builds the function, or finds it in the cache, and checks that Lambda can run it.
///
/// Blocks for as long as cargo takes; `progress` is told what is going on, many times a second.
pub(crate) fn build(
    code: &Code,
    arch: Arch,
    making: Making,
    cache_folder: &Path,
    progress: &dyn Fn(&str),
) -> Result<Package, PackageError> {
    if making == Making::ThisProgram {
        return this_program(progress);
    }
    match carried(code, arch) {
        Some(zip) => finished(zip.to_vec(), arch, "the embedded function"),
        None => compiled(&Cargo::from_path(), code, arch, cache_folder, progress),
    }
}

/// What a function comes from on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tools {
    ThisProgram,
    Carried,
    Zip(PathBuf),
    /// Its version, and zig where it is needed.
    Cargo(String),
}

/// Looks for what `build` will need, without building.
pub(crate) fn tools(code: &Code, arch: Arch, making: Making) -> Result<Tools, PackageError> {
    match (making, code) {
        (Making::ThisProgram, _) => Ok(Tools::ThisProgram),
        _ if carried(code, arch).is_some() => Ok(Tools::Carried),
        (_, Code::Zip(path)) => {
            finished(read(path)?, arch, &path.display().to_string())?;
            Ok(Tools::Zip(path.clone()))
        }
        (_, Code::Bundled(_) | Code::Crate(_)) => Cargo::from_path().look(arch).map(Tools::Cargo),
    }
}

/// This program as a zip, which only a local AWS can be given: it is for this machine, and large.
fn this_program(progress: &dyn Fn(&str)) -> Result<Package, PackageError> {
    progress("packing this program as the function");
    let path = std::env::current_exe()
        .map_err(|error| PackageError::file("find", Path::new("imgprep"), &error))?;
    Ok(Package::new(archive::pack(&read(&path)?, archive::Size::Quick)?))
}

/// A zip that somebody else made, checked.
fn finished(zip: Vec<u8>, arch: Arch, name: &str) -> Result<Package, PackageError> {
    let bootstrap = archive::bootstrap(&zip, name)?;
    elf::check(&bootstrap, arch, name)?;
    archive::check_size(&zip)?;
    Ok(Package::new(zip))
}

fn compiled(
    cargo: &Cargo,
    code: &Code,
    arch: Arch,
    cache_folder: &Path,
    progress: &dyn Fn(&str),
) -> Result<Package, PackageError> {
    let hash = source_hash(code, arch, Making::Released)?;
    let cache = Cache::open(cache_folder)?;
    let _lock = cache.lock(progress)?;
    if let Some(zip) = cache.zip(&hash) {
        return Ok(Package::new(zip));
    }
    let build = match code {
        Code::Crate(folder) => Build::of_crate(folder, &cache.target()),
        Code::Bundled(codecs) => {
            let folder = cache.extract(&Tree::bundled())?;
            Build::of_function(&folder, &cache.target(), (&features(*codecs), target_cpu(arch)))
        }
        Code::Zip(path) => return finished(read(path)?, arch, &path.display().to_string()),
    };
    let binary = cargo.binary(&build, arch, progress)?;
    progress("packing the function");
    let zip = archive::pack(&binary, archive::Size::Smallest)?;
    archive::check_size(&zip)?;
    cache.keep(&hash, &zip)?;
    Ok(Package::new(zip))
}

/// The zip that this binary carries for such code, if it was built with the feature
/// `embedded-function`. It reads HEIC if this program does, and whoever wants none of that gets a
/// function without it.
fn carried(code: &Code, arch: Arch) -> Option<&'static [u8]> {
    let Code::Bundled(codecs) = code else { return None };
    match arch {
        _ if !codecs.heic && cfg!(feature = "heic") => None,
        Arch::X86_64 => source::EMBEDDED_X86_64,
        Arch::Arm64 => source::EMBEDDED_ARM64,
    }
}

/// Whether this program, as the function, would read and write just that.
fn this_program_has(codecs: Codecs) -> bool {
    (!codecs.avif || cfg!(feature = "avif")) && codecs.heic == cfg!(feature = "heic")
}

/// The target of rustc for a processor of Lambda.
fn triple(arch: Arch) -> &'static str {
    match arch {
        Arch::X86_64 => "x86_64-unknown-linux-gnu",
        Arch::Arm64 => "aarch64-unknown-linux-gnu",
    }
}

/// The features of the function's crate that it is built with.
fn features(Codecs { avif, heic }: Codecs) -> String {
    let chosen = [(true, "runtime"), (avif, "avif"), (heic, "heic")];
    chosen
        .into_iter()
        .filter_map(|(is_on, name)| is_on.then_some(name))
        .collect::<Vec<_>>()
        .join(",")
}

/// The least processor that Lambda has of each kind, as rustc's `target-cpu`: x86 with AVX2 and what
/// came with it ("Using AVX2 vectorization in Lambda" in the AWS Lambda Developer Guide), or Graviton2,
/// which is a Neoverse N1 ("Lambda instruction set architectures" there).
fn target_cpu(arch: Arch) -> &'static str {
    match arch {
        Arch::X86_64 => "x86-64-v3",
        Arch::Arm64 => "neoverse-n1",
    }
}

fn read(path: &Path) -> Result<Vec<u8>, PackageError> {
    std::fs::read(path).map_err(|error| PackageError::file("read", path, &error))
}

/// The path and everything above it, nearest first.
fn ancestors(path: &Path) -> impl Iterator<Item = PathBuf> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    path.ancestors().map(Path::to_owned).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests;
