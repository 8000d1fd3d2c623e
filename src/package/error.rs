//! Why there is no package: what could not be done, why, and what to do next, each on its own.

use std::io;
use std::path::{Path, PathBuf};

use super::archive::{UNZIPPED_SIZE_MAX, ZIPPED_SIZE_MAX};
use super::elf::GLIBC_MAX;

/// Why there is no package. The text says what failed; [`why`](Self::why) and
/// [`hint`](Self::hint) say the rest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PackageError {
    #[error("cannot {verb} `{path}`")]
    File { verb: &'static str, path: PathBuf, reason: String },
    #[error("cannot build the function: `cargo` is not installed")]
    NoCargo,
    #[error("cannot build the function: `cargo --version` failed")]
    BrokenCargo { lines: Vec<String> },
    #[error("cannot build the function: `{command}` failed")]
    Cargo { command: String, lines: Vec<String> },
    #[error("cannot build the function: the crate `{folder}` has no `Cargo.lock`")]
    NoLock { folder: PathBuf },
    #[error("cannot build the function: cargo made no `bootstrap`")]
    NoBinary { command: String },
    #[error("cannot build the function for {machine}: this machine needs zig for that")]
    NoZig { machine: &'static str, target: &'static str, cause: ZigCause },
    #[error("cannot read {name} as a zip")]
    NotZip { name: String, reason: String },
    #[error("cannot use {name}: it holds no `bootstrap`")]
    NoBootstrap { name: String, entries: Vec<String> },
    #[error("cannot use {name}: its `bootstrap` is not executable")]
    NotExecutable { name: String, mode: u32 },
    #[error("cannot use `bootstrap` of {name}: {reason}")]
    Elf { name: String, reason: ElfReason },
    #[error("cannot upload the function: its {form} is too large")]
    TooLarge { form: &'static str, size: u64, size_max: u64 },
    #[error("cannot build the function: another imgprep has been building for too long")]
    Locked { path: PathBuf, waited_secs: u64 },
}

/// What is wrong with an executable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ElfReason {
    #[error("it is not a 64-bit Linux executable")]
    Format { detail: String },
    #[error("it is built for {found}, but the function runs on {wanted}")]
    Machine { found: String, wanted: &'static str },
    #[error("it needs {}, newer than Lambda's {}", symbol(*version), symbol(GLIBC_MAX))]
    Glibc { version: (u32, u32) },
}

/// Why plain cargo does not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ZigCause {
    /// This machine is of another kind than Lambda's.
    OtherMachine,
    /// Cargo built it, but against a glibc that Lambda does not have.
    Glibc((u32, u32)),
}

impl PackageError {
    pub(super) fn file(verb: &'static str, path: &Path, error: &io::Error) -> Self {
        Self::File { verb, path: path.to_owned(), reason: reason(error) }
    }

    /// Why it failed, in lines, where the text does not say it all.
    pub(crate) fn why(&self) -> Vec<String> {
        match self {
            Self::File { reason, .. } | Self::NotZip { reason, .. } => vec![reason.clone()],
            Self::Cargo { lines, .. } | Self::BrokenCargo { lines } => lines.clone(),
            Self::NoLock { .. } => {
                vec!["without it, two builds may use different dependencies".into()]
            }
            Self::NoBinary { command } => {
                vec![format!("`{command}` succeeded without producing one")]
            }
            Self::NoZig { cause: ZigCause::OtherMachine, .. } => {
                vec!["this machine differs from Lambda's, so cargo alone cannot link it".into()]
            }
            Self::NoZig { cause: ZigCause::Glibc(version), .. } => vec![format!(
                "built here, it needs {}, but Lambda's Amazon Linux 2023 has {}",
                symbol(*version),
                symbol(GLIBC_MAX)
            )],
            Self::NoBootstrap { entries, .. } => vec![format!("it holds {}", listed(entries))],
            Self::NotExecutable { mode, .. } => vec![format!("its mode is {mode:04o}")],
            Self::Elf { reason: ElfReason::Format { detail }, .. } => vec![detail.clone()],
            Self::TooLarge { size, size_max, .. } => {
                vec![format!("it has {size} bytes; Lambda allows at most {size_max}")]
            }
            Self::Locked { path, waited_secs } => {
                vec![format!("waited {waited_secs} s for the lock `{}`", path.display())]
            }
            Self::NoCargo | Self::Elf { .. } => Vec::new(),
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::File { .. } => "check the path and its permissions".into(),
            Self::NoCargo => {
                "install Rust from `https://rustup.rs`, use a release of imgprep that includes the \
                 built function, or set `code = \"function.zip\"` under `[function]`; a local AWS \
                 needs cargo only for variants in AVIF and with `--release-function`"
                    .into()
            }
            Self::BrokenCargo { .. } => {
                "fix what it reports; with rustup, `rustup default stable` may be all it takes"
                    .into()
            }
            Self::Cargo { .. } => "fix what cargo reports, then run the same command again".into(),
            Self::NoLock { folder } => {
                let manifest = folder.join("Cargo.toml");
                format!("run `cargo generate-lockfile --manifest-path {}`", manifest.display())
            }
            Self::NoBinary { .. } => "give the crate a binary named `bootstrap`".into(),
            Self::NoZig { target, .. } => format!(
                "run `rustup target add {target}`, `pip install ziglang` and `cargo install \
                 cargo-zigbuild`, or set `code = \"function.zip\"` under `[function]`"
            ),
            Self::NotZip { .. } => "give the path of a zip with an executable `bootstrap`".into(),
            Self::NoBootstrap { .. } => "put the executable at the top of the zip under the name \
                 `bootstrap`"
                .into(),
            Self::NotExecutable { .. } => "run `chmod 755 bootstrap` and zip it again".into(),
            Self::Elf { reason, .. } => reason.hint(),
            Self::TooLarge { .. } => {
                format!(
                    "make it smaller: at most {ZIPPED_SIZE_MAX} bytes zipped and \
                     {UNZIPPED_SIZE_MAX} unzipped"
                )
            }
            Self::Locked { .. } => "wait for the other imgprep, or end it".into(),
        }
    }
}

impl ElfReason {
    fn hint(&self) -> String {
        match self {
            Self::Format { .. } => "build `bootstrap` for Linux, as an executable".into(),
            Self::Machine { .. } => "build it for the right processor, or change `arch` under \
                                     `[function]`"
                .into(),
            Self::Glibc { .. } => "link it statically, or build it with `cargo zigbuild`, whose \
                 targets name the version of glibc: `x86_64-unknown-linux-gnu.2.34`, \
                 `aarch64-unknown-linux-gnu.2.34`"
                .into(),
        }
    }
}

/// A version of glibc as the linker writes it.
fn symbol((major, minor): (u32, u32)) -> String {
    format!("GLIBC_{major}.{minor}")
}

/// The first few names, for a message.
fn listed(names: &[String]) -> String {
    const SHOWN_MAX: usize = 5;
    let shown: Vec<_> = names.iter().take(SHOWN_MAX).map(|name| format!("`{name}`")).collect();
    match names.len() {
        0 => "nothing".into(),
        count if count > SHOWN_MAX => {
            format!("{} and {} more", shown.join(", "), count - SHOWN_MAX)
        }
        _ => shown.join(", "),
    }
}

/// The kind of an error of the file system, in words.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder".into(),
        kind => kind.to_string(),
    }
}
