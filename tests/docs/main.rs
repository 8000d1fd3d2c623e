//! README and `docs/`: every command works and prints what the page shows, every link leads somewhere,
//! every table says what the program says.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod links;
mod page;
mod shown;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;

use self::page::Page;

/// The folder of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What users read, by its path from the root.
fn user_pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).unwrap();
    let names = docs.map(|entry| PathBuf::from("docs").join(entry.unwrap().file_name()));
    let mut pages: Vec<PathBuf> = names.chain([PathBuf::from("README.md")]).collect();
    pages.sort();
    assert!(pages.len() > 10, "{pages:?}");
    pages
}

/// Tells the testkit where imgprep is, once for all tests of this binary.
fn begin() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| imgprep_testkit::begin!());
}

/// A test for each page that shows commands, so that they run side by side.
macro_rules! pages {
    ($($test:ident: $path:literal,)*) => {
        const TESTED: &[&str] = &[$($path),*];
        $(
            #[test]
            fn $test() {
                Page::read(Path::new($path)).run();
            }
        )*
    };
}

pages! {
    readme: "README.md",
    application: "docs/application.md",
    commands: "docs/commands.md",
    configuration: "docs/configuration.md",
    costs: "docs/costs.md",
    images: "docs/images.md",
    leaving: "docs/leaving.md",
    operating: "docs/operating.md",
    permissions: "docs/permissions.md",
    scanners: "docs/scanners.md",
    security: "docs/security.md",
    troubleshooting: "docs/troubleshooting.md",
    benchmarks: "docs/benchmarks.md",
}

#[test]
fn every_page_is_tested() {
    let missing: Vec<PathBuf> = user_pages()
        .into_iter()
        .filter(|page| !TESTED.iter().any(|tested| Path::new(tested) == page))
        .collect();
    assert_eq!(missing, Vec::<PathBuf>::new());
}

#[test]
fn the_readme_can_be_finished() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.lines().count() <= 250, "{} lines", readme.lines().count());
}
