//! Links between the pages of the repository.

use std::fs;
use std::path::{Path, PathBuf};

use super::{root, user_pages};

/// The headings of a page as GitHub makes anchors of them: in lower case, without marks, with hyphens for
/// spaces.
fn anchors(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let mut is_code = false;
    let headings = text.lines().filter(|line| {
        is_code ^= line.starts_with("```");
        !is_code && line.starts_with('#')
    });
    let anchor = |heading: &str| {
        let kept =
            |character: &char| character.is_alphanumeric() || matches!(character, '-' | '_' | ' ');
        let text: String = heading.trim_start_matches('#').trim().chars().filter(kept).collect();
        text.to_lowercase().replace(' ', "-")
    };
    headings.map(anchor).collect()
}

/// What the page's text links to, without what is in its code.
fn targets(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let prose: String = text.split("\n```").step_by(2).collect();
    prose
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .map(ToOwned::to_owned)
        .collect()
}

#[test]
fn every_link_leads_somewhere() {
    let others = ["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];
    let pages = user_pages().into_iter().chain(others.map(PathBuf::from));
    let (mut seen, mut dead) = (0, Vec::new());
    for page in pages.map(|page| root().join(page)) {
        for target in targets(&page).iter().filter(|target| !target.contains("://")) {
            seen += 1;
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let other =
                if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            let is_there = other.exists()
                && (anchor.is_empty() || anchors(&other).iter().any(|known| known == anchor));
            if !is_there {
                dead.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert_eq!(dead, Vec::<String>::new());
    assert!(seen > 50, "only {seen} links were found");
}
