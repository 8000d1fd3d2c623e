//! What the user probably meant.

/// Words of other tools and of everyday speech, and ours for them: of the file and of the command line.
const SYNONYMS: &[(&str, &str)] = &[
    ("aarch64", "arm64"),
    ("amd64", "x86_64"),
    ("apply", "up"),
    ("arm", "arm64"),
    ("bottom", "south"),
    ("cloudfront", "cdn"),
    ("create", "up"),
    ("crop", "cover"),
    ("delete", "down"),
    ("deploy", "up"),
    ("destroy", "down"),
    ("diff", "plan"),
    ("dimensions", "size"),
    ("fast", "speed"),
    ("fill", "cover"),
    ("height", "size"),
    ("inside", "contain"),
    ("jpg", "jpeg"),
    ("lambda", "function"),
    ("left", "west"),
    ("original", "keep"),
    ("prefix", "originals"),
    ("preview", "plan"),
    ("priceclass-100", "100"),
    ("priceclass-200", "200"),
    ("priceclass-all", "all"),
    ("public", "public-acl"),
    ("public-read", "public-acl"),
    ("ram", "memory"),
    ("remove", "down"),
    ("right", "east"),
    ("rm", "down"),
    ("same", "keep"),
    ("sizes", "variants"),
    ("small", "size"),
    ("sns", "topic"),
    ("teardown", "down"),
    ("top", "north"),
    ("width", "size"),
    ("x64", "x86_64"),
];

/// How alike two words must be, from 0 to 1: `memroy` and `memory` are 0.96, `jpg` and `jpeg` 0.93,
/// `code` and `crate` 0.63.
const LIKENESS_MIN: f64 = 0.8;

/// The candidate that `word` is a misspelling or another name of, if there is one.
pub(crate) fn closest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let word = word.to_lowercase().replace('_', "-");
    let meant = SYNONYMS.iter().find(|(other, _)| *other == word).map(|(_, ours)| *ours);
    candidates
        .into_iter()
        .map(|candidate| {
            let likeness = strsim::jaro_winkler(&word, &candidate.replace('_', "-"));
            (if meant == Some(candidate) { 1.0 } else { likeness }, candidate)
        })
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}

/// Names in prose: "`a`, `b` and `c`", joined by `last`.
pub(crate) fn list<'c>(names: impl IntoIterator<Item = &'c str>, last: &str) -> String {
    let mut names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.pop() {
        Some(end) if names.is_empty() => end,
        Some(end) => format!("{} {last} {end}", names.join(", ")),
        None => String::new(),
    }
}
