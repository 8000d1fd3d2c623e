//! Cargo, as imgprep calls it: with an environment of its own, watched, and its failures told in a
//! few lines.

mod output;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, ExitStatus, Stdio};
use std::thread;

use serde_json::Value;

use self::output::Lines;
use super::elf::{self, GLIBC_MAX};
use super::error::{ElfReason, ZigCause};
use super::{PackageError, triple};
use crate::config::Arch;
use crate::inquiry;

/// The name of the executable, by which Lambda starts it.
const BINARY: &str = "bootstrap";

/// The cargo of the user.
pub(super) struct Cargo {
    program: PathBuf,
}

/// What is to be built, apart from the machine that it is for.
pub(super) struct Build {
    /// Where cargo runs, which decides which configuration files it reads.
    folder: PathBuf,
    arguments: Vec<OsString>,
    /// The processor to compile for, and none of the flags from the user's configuration files;
    /// nothing for a crate of the user's, to which those apply.
    target_cpu: Option<&'static str>,
}

impl Build {
    /// The function that imgprep carries, extracted into this folder. Flags that a user sets for
    /// all projects, such as `target-cpu=native`, would make it crash on Lambda.
    pub(super) fn of_function(
        folder: &Path,
        target: &Path,
        (features, target_cpu): (&str, &'static str),
    ) -> Self {
        let selected = ["-p", "lambda-fn", "--no-default-features", "--features", features];
        let selected = [&selected[..], &["--profile", "lambda"]].concat();
        Self { target_cpu: Some(target_cpu), ..Self::new(folder, target, &selected) }
    }

    /// A crate of the user's, exactly as its lock file says.
    pub(super) fn of_crate(folder: &Path, target: &Path) -> Self {
        Self::new(folder, target, &["--release", "--locked"])
    }

    fn new(folder: &Path, target: &Path, selected: &[&str]) -> Self {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let manifest = absolute(&folder.join("Cargo.toml"));
        let mut arguments: Vec<OsString> =
            vec!["--manifest-path".into(), manifest.into(), "--bin".into(), BINARY.into()];
        arguments.extend(selected.iter().map(OsString::from));
        arguments.extend(["--target-dir".into(), absolute(target).into()]);
        arguments.extend(["--message-format".into(), "json-render-diagnostics".into()]);
        Self { folder: folder.to_owned(), arguments, target_cpu: None }
    }
}

impl Cargo {
    /// The cargo that a shell would find.
    pub(super) fn from_path() -> Self {
        Self { program: "cargo".into() }
    }

    /// The executable for Lambda: by plain cargo where that gives one that Lambda can run, else by
    /// zig.
    pub(super) fn binary(
        &self,
        build: &Build,
        arch: Arch,
        progress: &dyn Fn(&str),
    ) -> Result<Vec<u8>, PackageError> {
        let cause = match self.native(build, arch, progress)? {
            Ok(binary) => return Ok(binary),
            Err(cause) => cause,
        };
        self.need_zig(arch, cause)?;
        let (major, minor) = GLIBC_MAX;
        let target = format!("{}.{major}.{minor}", triple(arch));
        let binary = self.run(build, &["zigbuild", "--target", &target], progress)?;
        elf::check(&binary, arch, "the function")?;
        Ok(binary)
    }

    /// The versions of what an executable for Lambda is made with, without making one.
    pub(super) fn look(&self, arch: Arch) -> Result<String, PackageError> {
        let mut command = self.command();
        let output =
            inquiry::ask(command.arg("--version")).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => PackageError::NoCargo,
                _ => PackageError::file("run", &self.program, &error),
            })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let lines = output::relevant(said.lines().map(ToOwned::to_owned).collect());
            return Err(PackageError::BrokenCargo { lines });
        }
        let version = String::from_utf8_lossy(&output.stdout);
        // `cargo 1.95.0 (…)`
        let version = version.split(" (").next().unwrap_or_default().trim().to_owned();
        if is_host(arch) || std::env::var_os(linker_variable(arch)).is_some() {
            return Ok(version);
        }
        self.need_zig(arch, ZigCause::OtherMachine)?;
        Ok(format!("{version} and zig"))
    }

    /// The executable by plain cargo, or why plain cargo does not do.
    fn native(
        &self,
        build: &Build,
        arch: Arch,
        progress: &dyn Fn(&str),
    ) -> Result<Result<Vec<u8>, ZigCause>, PackageError> {
        let binary = if is_host(arch) {
            self.run(build, &["build"], progress)?
        } else if std::env::var_os(linker_variable(arch)).is_some() {
            self.run(build, &["build", "--target", triple(arch)], progress)?
        } else {
            return Ok(Err(ZigCause::OtherMachine));
        };
        match elf::examine(&binary, arch) {
            Ok(()) => Ok(Ok(binary)),
            Err(ElfReason::Glibc { version }) => Ok(Err(ZigCause::Glibc(version))),
            Err(reason) => Err(PackageError::Elf { name: "the function".into(), reason }),
        }
    }

    /// Runs cargo to its end and reads what it built.
    fn run(
        &self,
        build: &Build,
        verb: &[&str],
        progress: &dyn Fn(&str),
    ) -> Result<Vec<u8>, PackageError> {
        let shown = format!("cargo {} --bin {BINARY}", verb.join(" "));
        let mut command = self.command();
        command.args(verb).args(&build.arguments).current_dir(&build.folder);
        if let Some(target_cpu) = build.target_cpu {
            // It takes the place of all flags from configuration files.
            command.env("CARGO_ENCODED_RUSTFLAGS", flags(&build.folder, target_cpu));
        }
        // Cargo counts its steps only for a terminal, or when told to.
        command.env("CARGO_TERM_COLOR", "never");
        command.env("CARGO_TERM_PROGRESS_WHEN", "always").env("CARGO_TERM_PROGRESS_WIDTH", "120");
        let (status, artifact, lines) =
            watch(command, progress).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => PackageError::NoCargo,
                _ => PackageError::file("run", &self.program, &error),
            })?;
        if !status.success() {
            return Err(PackageError::Cargo { command: shown, lines: output::relevant(lines) });
        }
        let path = artifact.ok_or(PackageError::NoBinary { command: shown })?;
        fs::read(&path).map_err(|error| PackageError::file("read", &path, &error))
    }

    /// Refuses to go on without zig.
    fn need_zig(&self, arch: Arch, cause: ZigCause) -> Result<(), PackageError> {
        if self.has_zig() {
            return Ok(());
        }
        Err(PackageError::NoZig { machine: machine(arch), target: triple(arch), cause })
    }

    /// Whether `cargo zigbuild` and the zig that it needs are there.
    fn has_zig(&self) -> bool {
        let mut zigbuild = self.command();
        zigbuild.args(["zigbuild", "--help"]);
        let mut zig = Command::new("zig");
        zig.arg("version");
        let mut module = Command::new("python3");
        module.args(["-m", "ziglang", "version"]);
        succeeds(zigbuild) && (succeeds(zig) || succeeds(module))
    }

    /// Cargo without what an outer cargo, or a shell set up for another project, left in the
    /// environment.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.stdin(Stdio::null());
        for (name, _) in std::env::vars_os().filter(|(name, _)| !is_kept(name)) {
            command.env_remove(name);
        }
        command
    }
}

/// The flag for a processor, and those that keep this machine's folders, and with them its user's
/// name, out of the executable, so that it is the same wherever it is built.
fn flags(folder: &Path, target_cpu: &str) -> OsString {
    /// Where cargo takes flags apart.
    const NEXT: &str = "\x1f";
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let mut flags = OsString::from(format!("-Ctarget-cpu={target_cpu}{NEXT}"));
    flags.push(remapped(folder, "/function"));
    if let Some(home) = home {
        flags.push(NEXT);
        flags.push(remapped(&home, "/cargo"));
    }
    flags
}

fn remapped(folder: &Path, name: &str) -> OsString {
    let mut flag = OsString::from("--remap-path-prefix=");
    flag.push(folder);
    flag.push("=");
    flag.push(name);
    flag
}

/// Whether a variable reaches the nested cargo. All of cargo's and rustc's own go but where cargo
/// keeps and finds things: the network, registries, the home folder, linkers, the number of jobs.
fn is_kept(name: &OsStr) -> bool {
    const CLEANED: [&str; 7] =
        ["CARGO_", "RUST_", "RUSTC_", "RUSTDOC", "RUSTFLAGS", "__CARGO_", "DEP_"];
    const KEPT: [&str; 8] = [
        "CARGO_BUILD_JOBS",
        "CARGO_HOME",
        "CARGO_HTTP_",
        "CARGO_NET_",
        "CARGO_REGISTRIES_",
        "CARGO_REGISTRY_",
        "CARGO_SOURCE_",
        "CARGO_ZIGBUILD_",
    ];
    let Some(name) = name.to_str() else { return true };
    let is_linker = name.starts_with("CARGO_TARGET_") && name.ends_with("_LINKER");
    let is_cleaned =
        matches!(name, "CARGO" | "RUSTC") || CLEANED.iter().any(|prefix| name.starts_with(prefix));
    !is_cleaned || is_linker || KEPT.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether what plain cargo builds here is for Lambda's machine.
pub(super) fn is_host(arch: Arch) -> bool {
    std::env::consts::OS == "linux"
        && std::env::consts::ARCH
            == match arch {
                Arch::X86_64 => "x86_64",
                Arch::Arm64 => "aarch64",
            }
}

/// The variable by which a user tells cargo a cross linker.
fn linker_variable(arch: Arch) -> &'static str {
    match arch {
        Arch::X86_64 => "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER",
        Arch::Arm64 => "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER",
    }
}

/// A processor as the configuration names it.
fn machine(arch: Arch) -> &'static str {
    match arch {
        Arch::X86_64 => "x86_64",
        Arch::Arm64 => "arm64",
    }
}

fn succeeds(mut command: Command) -> bool {
    inquiry::ask(&mut command).is_ok_and(|output| output.status.success())
}

/// Runs a command to its end: its status, the executable that it names, and its last lines.
fn watch(
    mut command: Command,
    progress: &dyn Fn(&str),
) -> io::Result<(ExitStatus, Option<PathBuf>, Lines)> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (artifact, lines) = thread::scope(|scope| {
        let artifacts = scope.spawn(move || stdout.and_then(executable));
        let lines = stderr.map(|stderr| output::follow(stderr, progress)).unwrap_or_default();
        (artifacts.join().ok().flatten(), lines)
    });
    Ok((child.wait()?, artifact, lines))
}

/// The executable that cargo's messages name.
fn executable(stdout: ChildStdout) -> Option<PathBuf> {
    BufReader::new(stdout)
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| serde_json::from_str::<Value>(&line).ok())
        .filter(|message| message["target"]["name"] == BINARY)
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .last()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_names_no_folder_of_this_machine() {
        let flag = remapped(Path::new("/home/ada/.cargo"), "/cargo");
        assert_eq!(flag, "--remap-path-prefix=/home/ada/.cargo=/cargo");
        let flags = flags(Path::new("/tmp/source"), "neoverse-n1").into_string().unwrap();
        let expected = "-Ctarget-cpu=neoverse-n1\x1f--remap-path-prefix=/tmp/source=/function\x1f\
            --remap-path-prefix=";
        assert!(flags.starts_with(expected), "{flags}");
    }

    #[test]
    fn the_nested_cargo_gets_no_settings_of_an_outer_one() {
        let kept = [
            "PATH",
            "HOME",
            "CARGO_HOME",
            "RUSTUP_HOME",
            "RUSTUP_TOOLCHAIN",
            "CARGO_HTTP_CAINFO",
            "CARGO_NET_OFFLINE",
            "CARGO_REGISTRIES_OURS_TOKEN",
            "CARGO_BUILD_JOBS",
            "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER",
            "HTTPS_PROXY",
        ];
        let removed = [
            "CARGO",
            "CARGO_MANIFEST_DIR",
            "CARGO_PKG_NAME",
            "CARGO_TARGET_DIR",
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS",
            "CARGO_BUILD_TARGET",
            "CARGO_BUILD_RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_PROFILE_RELEASE_LTO",
            "RUST_BACKTRACE",
            "RUSTFLAGS",
            "RUSTDOCFLAGS",
            "RUSTC",
            "RUSTC_WRAPPER",
        ];
        for name in kept {
            assert!(is_kept(OsStr::new(name)), "{name}");
        }
        for name in removed {
            assert!(!is_kept(OsStr::new(name)), "{name}");
        }
        let command = Cargo::from_path().command();
        let gone: Vec<_> = command.get_envs().filter(|(_, value)| value.is_none()).collect();
        assert!(gone.contains(&(OsStr::new("CARGO_MANIFEST_DIR"), None)), "{gone:?}");
    }

    #[test]
    fn without_cargo_the_error_names_the_other_ways() {
        let cargo = Cargo { program: "/nowhere/cargo".into() };
        let build = Build::of_crate(Path::new("/"), Path::new("/tmp"));
        let error = cargo.run(&build, &["build"], &|_| ()).unwrap_err();
        assert_eq!(error, PackageError::NoCargo);
        assert!(error.hint().contains("https://rustup.rs"), "{}", error.hint());
        assert!(error.hint().contains("`code = \"function.zip\"`"), "{}", error.hint());
    }
}
