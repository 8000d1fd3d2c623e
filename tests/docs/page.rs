//! A page, its blocks of code, and what becomes of them in a fresh folder with a local AWS of its own.
//!
//! `console` holds commands after `$ ` and what each prints, where a line of nothing but `…` stands for any
//! lines; `sh` holds commands; `toml` a file, or after `<!-- fragment -->` a part of one. Blocks after
//! `<!-- needs AWS -->` and `<!-- not run: why -->` are not run, but imgprep must take their commands, as
//! those in prose.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use imgprep_testkit::{command, free_port};
use tempfile::TempDir;

use super::{begin, root, shown};

/// What a file needs at least: a name for the stack, a bucket, and a size.
const NAME: &str = "name = \"acme-shop-photos\"\n";
const VARIANT: &str = "[[variants]]\nsize = \"800x600\"\n";

/// A page of Markdown.
pub(crate) struct Page {
    path: PathBuf,
    blocks: Vec<Block>,
    /// Everything else.
    prose: String,
}

/// A block of code.
struct Block {
    /// The number of its first line.
    line: usize,
    language: String,
    /// The comment above it, which says how it is to be taken.
    comment: String,
    text: String,
}

impl Block {
    fn is_run(&self) -> bool {
        !self.comment.starts_with("<!-- needs AWS") && !self.comment.starts_with("<!-- not run:")
    }
}

impl Page {
    /// Reads a page by its path from the root.
    pub(crate) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(root().join(path)).unwrap();
        let (mut blocks, mut prose, mut above) = (Vec::new(), String::new(), String::new());
        let mut lines = text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            let Some(language) = line.strip_prefix("```") else {
                line.trim().clone_into(&mut above);
                prose.extend([line, "\n"]);
                continue;
            };
            let inside: Vec<&str> =
                lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            let (language, comment) = (language.to_owned(), std::mem::take(&mut above));
            let text = inside.join("\n") + "\n";
            blocks.push(Block { line: number + 2, language, comment, text });
        }
        Self { path: path.to_owned(), blocks, prose }
    }

    /// What imgprep is called with anywhere on the page.
    pub(crate) fn calls(&self) -> Vec<String> {
        let lines = self.blocks.iter().flat_map(|block| match block.language.as_str() {
            "console" => shown::commands_of_console(&block.text),
            "sh" | "yaml" => block.text.lines().map(ToOwned::to_owned).collect(),
            _ => Vec::new(),
        });
        let spans = self.prose.split('`').skip(1).step_by(2).map(ToOwned::to_owned);
        lines.chain(spans).flat_map(|line| shown::calls(&line)).collect()
    }

    /// What the text links to.
    pub(crate) fn targets(&self) -> impl Iterator<Item = &str> {
        self.prose.split("](").skip(1).filter_map(|rest| rest.split(')').next())
    }

    /// The headings as GitHub makes anchors of them: in lower case, without marks, with hyphens for
    /// spaces.
    pub(crate) fn anchors(&self) -> impl Iterator<Item = String> {
        let is_kept =
            |character: &char| character.is_alphanumeric() || matches!(character, '-' | '_' | ' ');
        self.prose.lines().filter(|line| line.starts_with('#')).map(move |heading| {
            let heading = heading.trim_start_matches('#').trim();
            let text: String = heading.chars().filter(is_kept).collect();
            text.to_lowercase().replace(' ', "-")
        })
    }

    /// Does with each block what its language stands for.
    pub(crate) fn run(&self) {
        begin();
        let place = Place::new();
        let mut wrong = Vec::new();
        for block in &self.blocks {
            let found = match block.language.as_str() {
                "console" if block.is_run() => place.console(&block.text),
                "sh" if block.is_run() => place.script(&block.text),
                "toml" => place.file(&block.text, block.comment == "<!-- fragment -->"),
                "console" | "sh" | "text" | "python" | "yaml" | "json" | "html" => Vec::new(),
                other => vec![format!("there is no test for blocks of `{other}`")],
            };
            let at = |what| format!("{}:{}: {what}", self.path.display(), block.line);
            wrong.extend(found.into_iter().map(at));
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }
}

/// A folder with the repository's `pipeline.toml`, and a local AWS that ends with it.
struct Place {
    folder: TempDir,
    port: u16,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        fs::create_dir_all(folder.path().join("bin")).unwrap();
        fs::create_dir_all(folder.path().join("work")).unwrap();
        let program = env!("CARGO_BIN_EXE_imgprep");
        symlink(program, folder.path().join("bin/imgprep")).unwrap();
        let file = "pipeline.toml";
        fs::copy(root().join(file), folder.path().join("work").join(file)).unwrap();
        Self { folder, port }
    }

    /// A program that finds imgprep under its name.
    fn shell(&self, program: &str, arguments: &[&str]) -> Command {
        let ours = command();
        let variables = ours.get_envs().filter_map(|(name, value)| Some((name, value?)));
        let mut shell = Command::new(program);
        shell.env_clear().envs(variables).args(arguments).stdin(Stdio::null());
        let path = std::env::var("PATH").unwrap_or_default();
        let bin = self.folder.path().join("bin");
        shell.env("PATH", format!("{}:{path}", bin.display()));
        shell.env("IMGPREP_LOCAL_DIR", self.folder.path().join("local"));
        shell.env("IMGPREP_LOCAL_PORT", self.port.to_string());
        shell.current_dir(self.folder.path().join("work"));
        shell
    }

    /// What a command line prints, both its streams in their order, and whether it succeeds.
    fn output(&self, script: &str) -> (String, bool) {
        let script = format!("exec 2>&1\n{script}");
        let output = self.shell("bash", &["-ec", &script]).output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.success())
    }

    fn console(&self, text: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        for (line, expected) in shown::transcript(text) {
            let (printed, succeeds) = self.output(&line);
            let printed = printed.replace(&format!(":{}", self.port), ":4566");
            if !shown::matches(&expected, &printed) {
                wrong.push(format!("`{line}` printed\n{printed}\nand not\n{expected}"));
            }
            let is_error = expected.lines().any(shown::is_failure);
            if succeeds == is_error {
                wrong.push(format!("`{line}` succeeded: {succeeds}"));
            }
        }
        wrong
    }

    fn script(&self, text: &str) -> Vec<String> {
        let (printed, succeeds) = self.output(text);
        if succeeds { Vec::new() } else { vec![format!("`{text}` failed:\n{printed}")] }
    }

    /// Whether imgprep reads a file.
    fn file(&self, text: &str, is_fragment: bool) -> Vec<String> {
        let text = if is_fragment { added_to_minimal(text) } else { text.to_owned() };
        let path = self.folder.path().join("shown.toml");
        fs::write(&path, &text).unwrap();
        let arguments = ["cost", "-c", path.to_str().unwrap()];
        let output = self.shell("imgprep", &arguments).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        if output.status.success() { Vec::new() } else { vec![format!("{text}\n{errors}")] }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shell("imgprep", &["local", "stop"]).output().unwrap();
    }
}

/// A file of the fragment, with what it lacks to be one.
fn added_to_minimal(fragment: &str) -> String {
    // What is in no table comes first.
    let start = if fragment.starts_with('[') { Some(0) } else { fragment.find("\n[") };
    let (top, tables) = fragment.split_at(start.unwrap_or(fragment.len()));
    let bucket = format!("[bucket]\n{NAME}");
    let tables = match tables.split_once("[bucket]\n") {
        Some((before, inside)) if !inside.starts_with("name") => {
            format!("{before}{bucket}{inside}")
        }
        Some(_) => tables.to_owned(),
        None => format!("{bucket}{tables}"),
    };
    let variant = if tables.contains("[[variants]]") { "" } else { VARIANT };
    format!("{top}\n{tables}\n{variant}")
}
