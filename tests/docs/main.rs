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

/// Every page of the repository, by its path from the root.
fn pages() -> Vec<PathBuf> {
    const FOLDERS: [&str; 5] = ["", "bench", "dist", "docs", "lambda-fn"];
    let examples = fs::read_dir(root().join("examples")).unwrap();
    let examples = examples.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let folders = FOLDERS.iter().map(|folder| root().join(folder));
    let folders = folders.chain([root().join("examples")]).chain(examples);
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap());
    let files = files.map(|entry| entry.unwrap().path());
    let pages = files.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    pages.map(|path| path.strip_prefix(root()).unwrap().to_owned()).collect()
}

/// Tells the testkit where imgprep is, once for all tests of this binary.
fn begin() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| imgprep_testkit::begin!());
}

/// A test for each page that shows commands, so that they run side by side.
macro_rules! tested {
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

tested! {
    readme: "README.md",
    application: "docs/application.md",
    commands: "docs/commands.md",
    configuration: "docs/configuration.md",
    costs: "docs/costs.md",
    domain: "docs/domain.md",
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
    let is_for_users = |page: &PathBuf| page.starts_with("docs") || page == Path::new("README.md");
    let missing: Vec<PathBuf> = pages()
        .into_iter()
        .filter(is_for_users)
        .filter(|page| !TESTED.iter().any(|tested| Path::new(tested) == page))
        .collect();
    assert_eq!(missing, Vec::<PathBuf>::new());
}

#[test]
fn the_readme_can_be_finished() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.lines().count() <= 250, "{} lines", readme.lines().count());
}
