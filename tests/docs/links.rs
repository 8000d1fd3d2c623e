//! Links between the pages of the repository, and the commands that they name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::page::Page;
use super::{pages, root};

#[test]
fn every_link_leads_somewhere() {
    let (mut seen, mut dead) = (0, Vec::new());
    for path in pages() {
        let folder = path.parent().unwrap();
        for target in Page::read(&path).targets().filter(|target| !target.contains("://")) {
            seen += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let other = if file.is_empty() { path.clone() } else { folder.join(file) };
            let is_there = root().join(&other).exists()
                && (anchor.is_empty() || Page::read(&other).anchors().any(|known| known == anchor));
            if !is_there {
                dead.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert_eq!(dead, Vec::<String>::new());
    assert!(seen > 50, "only {seen} links were found");
}

#[test]
fn every_command_that_is_named_is_taken() {
    let calls_of = |path: &PathBuf| Page::read(path).calls().into_iter().collect::<Vec<_>>();
    let calls: BTreeSet<String> = pages().iter().flat_map(calls_of).collect();
    assert!(calls.contains("plan --adopt") && calls.contains("up --local"), "{calls:?}");
    let mut wrong = Vec::new();
    for call in &calls {
        // What stands for any command or any options.
        let is_meant = |word: &&str| !matches!(*word, "COMMAND" | "…" | "\\");
        let words = call.split_whitespace().filter(is_meant);
        let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_imgprep")));
        let output = command.args(words).arg("--help").output().unwrap();
        if !output.status.success() {
            let error = String::from_utf8(output.stderr).unwrap();
            wrong.push(format!("imgprep {call}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
