//! Packages from end to end, with a small crate in place of the function: the function itself is
//! built by the integration tests.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;

use super::*;

/// A crate without dependencies whose `bootstrap` prints `text`.
fn small_crate(folder: &Path, text: &str) {
    fs::create_dir_all(folder.join("src")).unwrap();
    let manifest = "[package]\nname = \"small\"\nedition = \"2024\"\n\n[[bin]]\n\
                    name = \"bootstrap\"\npath = \"src/main.rs\"\n\n[workspace]\n";
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    let lock = "version = 4\n\n[[package]]\nname = \"small\"\nversion = \"0.0.0\"\n";
    fs::write(folder.join("Cargo.lock"), lock).unwrap();
    fs::write(folder.join("src/main.rs"), format!("fn main() {{ println!({text:?}) }}")).unwrap();
}

/// The processor of this machine.
const HERE: Arch = if cfg!(target_arch = "aarch64") { Arch::Arm64 } else { Arch::X86_64 };
const DEFAULT: Codecs = Codecs { avif: false, heic: true };
const ELSEWHERE: Arch = if cfg!(target_arch = "aarch64") { Arch::X86_64 } else { Arch::Arm64 };

#[test]
fn the_hash_follows_the_source_and_the_processor() {
    let folder = tempfile::tempdir().unwrap();
    small_crate(folder.path(), "one");
    let code = Code::Crate(folder.path().to_owned());
    let hash = || source_hash(&code, HERE, Making::Released).unwrap();
    let one = hash();
    assert_eq!(one.len(), 64);
    fs::create_dir_all(folder.path().join("target/release")).unwrap();
    fs::write(folder.path().join("target/release/bootstrap"), "built").unwrap();
    assert_eq!(hash(), one);
    assert_ne!(source_hash(&code, ELSEWHERE, Making::Released).unwrap(), one);
    let bundled = |codecs| source_hash(&Code::Bundled(codecs), HERE, Making::Released).unwrap();
    let others = [Codecs { avif: true, ..DEFAULT }, Codecs { heic: false, ..DEFAULT }].map(bundled);
    let hashes =
        BTreeSet::from([bundled(DEFAULT), others[0].clone(), others[1].clone(), one.clone()]);
    assert_eq!(hashes.len(), 4, "what it reads and writes is built in or not");
    small_crate(folder.path(), "two");
    assert_ne!(hash(), one);
    small_crate(folder.path(), "one");
    assert_eq!(hash(), one);
}

#[test]
fn a_member_of_a_workspace_depends_on_its_lock_file() {
    let folder = tempfile::tempdir().unwrap();
    let member = folder.path().join("member");
    small_crate(&member, "one");
    fs::remove_file(member.join("Cargo.lock")).unwrap();
    let code = Code::Crate(member.clone());
    let error = source_hash(&code, HERE, Making::Released).unwrap_err();
    assert_eq!(error, PackageError::NoLock { folder: member });
    fs::write(folder.path().join("Cargo.toml"), "[workspace]").unwrap();
    fs::write(folder.path().join("Cargo.lock"), "one").unwrap();
    let one = source_hash(&code, HERE, Making::Released).unwrap();
    fs::write(folder.path().join("Cargo.lock"), "two").unwrap();
    assert_ne!(source_hash(&code, HERE, Making::Released).unwrap(), one);
}

#[test]
fn a_crate_is_built_once_and_again_after_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("crate");
    small_crate(&source, "one");
    let code = Code::Crate(source.clone());
    let cache = folder.path().join("cache");
    let said = RefCell::new(Vec::new());
    let build = || {
        said.borrow_mut().clear();
        build(&code, HERE, Making::Released, &cache, &|text| {
            said.borrow_mut().push(text.to_owned());
        })
        .unwrap()
    };
    let one = build();
    assert!(said.borrow().iter().any(|text| text.starts_with("compiling ")), "{said:?}");
    assert_eq!(one.code_sha256, archive::code_sha256(&one.zip));
    assert!(archive::bootstrap(&one.zip, "zip").unwrap().starts_with(b"\x7fELF"));
    assert!(build() == one);
    assert_eq!(*said.borrow(), Vec::<String>::new(), "cargo ran again");
    small_crate(&source, "two");
    assert!(build() != one);

    let path = folder.path().join("function.zip");
    fs::write(&path, &one.zip).unwrap();
    let code = Code::Zip(path.clone());
    assert!(super::build(&code, HERE, Making::Released, &cache, &|_| ()).unwrap() == one);
    let error = super::build(&code, ELSEWHERE, Making::Released, &cache, &|_| ()).err().unwrap();
    let (have, want) = if HERE == Arch::X86_64 { ("x86_64", "arm64") } else { ("arm64", "x86_64") };
    assert_eq!(
        error.to_string(),
        format!(
            "cannot use `bootstrap` of {}: it is built for {have}, but the function runs on {want}",
            path.display()
        )
    );
}

#[test]
fn a_crate_that_does_not_compile_says_why() {
    let folder = tempfile::tempdir().unwrap();
    small_crate(folder.path(), "one");
    fs::write(folder.path().join("src/main.rs"), "fn main() { 1 + \"\" }").unwrap();
    let code = Code::Crate(folder.path().to_owned());
    let error =
        build(&code, HERE, Making::Released, &folder.path().join("cache"), &|_| ()).err().unwrap();
    assert_eq!(
        error.to_string(),
        "cannot build the function: `cargo build --bin bootstrap` failed"
    );
    let why = error.why();
    assert!(why[0].starts_with("error[E0277]: cannot add `&str` to `{integer}`"), "{why:?}");
    assert!(why.len() <= 20);
}

#[test]
fn what_is_no_crate_or_no_zip_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error =
        source_hash(&Code::Crate(folder.path().to_owned()), HERE, Making::Released).unwrap_err();
    let manifest = folder.path().join("Cargo.toml");
    assert_eq!(error.to_string(), format!("cannot read `{}`", manifest.display()));
    let code = Code::Zip(folder.path().join("none.zip"));
    let error = build(&code, HERE, Making::Released, folder.path(), &|_| ()).err().unwrap();
    assert_eq!(error.why(), ["no such file or folder"]);
}

#[test]
fn a_local_aws_is_given_this_program_where_it_can_serve() {
    let quickest = |code: &Code| Making::quickest(code, HERE);
    assert_eq!(quickest(&Code::Bundled(DEFAULT)), Making::ThisProgram);
    let with_avif = if cfg!(feature = "avif") { Making::ThisProgram } else { Making::Released };
    assert_eq!(quickest(&Code::Bundled(Codecs { avif: true, ..DEFAULT })), with_avif);
    let without_heic = Code::Bundled(Codecs { heic: false, ..DEFAULT });
    let expected = if cfg!(feature = "heic") { Making::Released } else { Making::ThisProgram };
    assert_eq!(quickest(&without_heic), expected, "no code that nobody wants");
    assert_eq!(quickest(&Code::Zip("function.zip".into())), Making::Released);

    let code = Code::Bundled(DEFAULT);
    let hash = |making| source_hash(&code, HERE, making).unwrap();
    assert_ne!(hash(Making::ThisProgram), hash(Making::Released));
    let package = build(&code, HERE, Making::ThisProgram, Path::new("no cache"), &|_| ()).unwrap();
    let packed = archive::bootstrap(&package.zip, "zip").unwrap();
    assert!(packed == fs::read(std::env::current_exe().unwrap()).unwrap());
}
