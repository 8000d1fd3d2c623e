//! Rules that no compiler checks: file headers, file sizes, open ends, layers, and the commands that
//! the README shows.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const LINES_MAX: usize = 500;

/// Words that mark something as unfinished, put together so that they are not found here.
const OPEN_ENDS: [&str; 4] = [concat!("todo", "!"), concat!("FIX", "ME"), "XXX", "unimplemented!"];

/// The modules of `src`, each of which uses only those before it.
const ORDER: [&str; 38] = [
    "amounts",
    "file_lock",
    "suggestion",
    "region",
    "args",
    "inquiry",
    "signing",
    "local",
    "aws",
    "config",
    "original",
    "presign",
    "addresses",
    "engine",
    "names",
    "permissions",
    "pricing",
    "template",
    "resources",
    "stack",
    "operator",
    "export",
    "cost",
    "outputs",
    "init",
    "logs",
    "package",
    "render",
    "contact_sheet",
    "inventory",
    "batch",
    "trial",
    "error",
    "doctor",
    "report",
    "commands",
    "lib",
    "main",
];

/// A Rust file of the project, by its path from the root.
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The module directly under `src` that the file belongs to.
    fn module(&self) -> Option<String> {
        let first = self.path.strip_prefix("src").ok()?.components().next()?;
        let first = Path::new(first.as_os_str()).with_extension("");
        first.to_str().map(ToOwned::to_owned)
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = ["src", "crates", "lambda-fn/src", "tests"].map(PathBuf::from).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            if root().join(&path).is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(root().join(&path)).unwrap();
                found.push(Source { path, text });
            }
        }
    }
    assert!(found.len() > 50, "only {} files were found", found.len());
    found
}

#[track_caller]
fn assert_none(what: &str, mut found: Vec<String>) {
    found.sort();
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

#[test]
fn every_file_says_first_what_it_is() {
    let silent = sources().into_iter().filter(|source| !source.text.starts_with("//! "));
    assert_none("files without a `//!` line first", silent.map(|source| source.name()).collect());
}

#[test]
fn no_file_is_too_long() {
    let lengths = sources().into_iter().map(|source| (source.text.lines().count(), source));
    let long = lengths.filter(|(lines, _)| *lines > LINES_MAX);
    let long = long.map(|(lines, source)| format!("{}: {lines} lines", source.name()));
    assert_none("files that are too long", long.collect());
}

#[test]
fn nothing_is_left_open() {
    let open = sources().into_iter().filter(|source| source.path != Path::new("tests/tidy.rs"));
    let open = open.flat_map(|source| {
        let lines = source.text.lines().enumerate();
        let lines = lines.filter(|(_, line)| OPEN_ENDS.iter().any(|end| line.contains(end)));
        let lines = lines.map(|(index, line)| format!("{}:{}: {line}", source.name(), index + 1));
        lines.collect::<Vec<_>>()
    });
    assert_none("open ends", open.collect());
}

#[test]
fn every_module_uses_only_those_before_it() {
    let place = |module: &str| ORDER.iter().position(|name| *name == module);
    let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
    for source in sources() {
        let Some(module) = source.module() else { continue };
        let later = used_modules(&source.text);
        let later = later.iter().filter(|used| place(used) > place(&module));
        wrong.extend(later.map(|used| format!("{} uses `{used}`", source.name())));
        seen.insert(module);
    }
    assert_none("modules that use later ones", wrong);
    assert_eq!(seen, ORDER.map(ToOwned::to_owned).into(), "the list has every module");
}

#[test]
fn resources_know_of_others_only_what_they_are_called_and_what_is_done_to_them() {
    let resources: Vec<Source> =
        sources().into_iter().filter(|it| it.path.starts_with("src/resources")).collect();
    let folder = |source: &Source| {
        let inside = source.path.strip_prefix("src/resources").ok()?;
        inside.components().next()?.as_os_str().to_str().map(ToOwned::to_owned)
    };
    let folders: BTreeSet<String> = resources.iter().filter_map(folder).collect();
    assert!(folders.len() > 10, "{folders:?}");
    let mut wrong = Vec::new();
    for source in &resources {
        for other in folders.iter().filter(|other| folder(source).as_ref() != Some(other)) {
            // `ID`, and the scopes in `permissions`, are constants; a type begins otherwise.
            let is_type = |rest: &str| {
                let mut letters = rest.trim_start_matches('{').chars();
                letters.next().is_some_and(char::is_uppercase)
                    && letters.next().is_some_and(char::is_lowercase)
            };
            let uses_one =
                |path: &str| source.text.split(&format!("{path}::{other}::")).skip(1).any(is_type);
            if uses_one("super") || uses_one("crate::resources") {
                wrong.push(format!("{} uses a type of `{other}`", source.name()));
            }
        }
    }
    assert_none("resources that use others", wrong);
}

/// The modules after every `crate::` in code.
fn used_modules(text: &str) -> BTreeSet<String> {
    let code: String = text
        .lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code))
        .collect::<Vec<_>>()
        .join("\n");
    code.split("crate::").skip(1).flat_map(first_segments).collect()
}

/// The first segment of a path, or of each path of a group in braces.
fn first_segments(path: &str) -> Vec<String> {
    let identifier = |text: &str| -> String {
        text.trim().chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect()
    };
    let Some(group) = path.strip_prefix('{') else { return vec![identifier(path)] };
    let mut depth = 1;
    let mut members = vec![String::new()];
    for character in group.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => members.push(String::new()),
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if let Some(member) = members.last_mut().filter(|_| character != ',') {
            member.push(character);
        }
    }
    members.iter().map(|member| identifier(member)).filter(|name| !name.is_empty()).collect()
}

#[test]
fn used_modules_are_found_in_every_spelling() {
    let text = "use crate::a::B;\nuse crate::{c::{D, d}, e, f::G,\n};\n// crate::h\nlet _ = crate::i::j();";
    let found: Vec<String> = used_modules(text).into_iter().collect();
    assert_eq!(found, ["a", "c", "e", "f", "i"]);
}
