//! Files: the configuration itself, and the code of the function that it names.

use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;

use super::super::{Code, Config, ConfigError};
use super::LEAST;

/// A new folder with a crate, a zip and a file that is neither.
fn folder(test: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("imgprep-config-{}-{test}", std::process::id()));
    fs::create_dir_all(folder.join("resize")).unwrap();
    fs::write(folder.join("resize/Cargo.toml"), "").unwrap();
    fs::write(folder.join("function.zip"), b"PK\x03\x04rest").unwrap();
    fs::write(folder.join("notes.txt"), "PK").unwrap();
    folder
}

fn load(path: &Path) -> Result<Config, ConfigError> {
    Config::load(path, &|_| None)
}

fn function(folder: &Path, lines: &str) -> Result<Config, ConfigError> {
    Config::parse(&format!("{LEAST}[function]\n{lines}"), "pipeline.toml", folder, &|_| None)
}

/// What the user sees, without the folder of this run.
fn shown(error: &ConfigError, folder: &Path) -> String {
    error.render(false).replace(&folder.display().to_string(), "FOLDER")
}

#[test]
fn paths_are_relative_to_the_files_folder() {
    let folder = folder("relative");
    fs::write(folder.join("pipeline.toml"), format!("{LEAST}function.crate = 'resize'\n")).unwrap();
    let config = load(&folder.join("pipeline.toml")).unwrap();
    assert_eq!(config.function.code, Code::Crate(folder.join("resize")));
    let config = function(&folder, "code = './function.zip'\n").unwrap();
    assert_eq!(config.function.code, Code::Zip(folder.join("./function.zip")));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn code_that_is_not_there_is_refused() {
    let folder = folder("code");
    let refused = |lines: &str| shown(&function(&folder, lines).unwrap_err(), &folder);
    assert_snapshot!(refused("crate = 'resize'\ncode = 'function.zip'\n"), @"
    error: `function.code` cannot be combined with `function.crate`
     --> pipeline.toml:5:8
      |
    4 | crate = 'resize'
      |         -------- the other one
    5 | code = 'function.zip'
      |        ^^^^^^^^^^^^^^ remove one of the two
    ");
    assert_snapshot!(refused("crate = 'function.zip'\n"), @"
    error: `function.crate` is not a folder with a `Cargo.toml`
     --> pipeline.toml:4:9
      |
    4 | crate = 'function.zip'
      |         ^^^^^^^^^^^^^^
      |
      = help: imgprep looked in `FOLDER/function.zip`
    ");
    assert_snapshot!(refused("crate = ''\n"), @"
    error: `function.crate` is empty
     --> pipeline.toml:4:9
      |
    4 | crate = ''
      |         ^^
      |
      = help: name a path
    ");
    assert_snapshot!(refused("code = 'nothing.zip'\n"), @"
    error: `function.code` can't be read: no such file
     --> pipeline.toml:4:8
      |
    4 | code = 'nothing.zip'
      |        ^^^^^^^^^^^^^
      |
      = help: imgprep looked at `FOLDER/nothing.zip`
    ");
    assert_snapshot!(refused("code = 'resize'\n"), @"
    error: `function.code` is a folder
     --> pipeline.toml:4:8
      |
    4 | code = 'resize'
      |        ^^^^^^^^
      |
      = help: `code` names a zip, `crate` a crate's folder
    ");
    assert_snapshot!(refused("code = 'notes.txt'\n"), @"
    error: `function.code` is not a zip
     --> pipeline.toml:4:8
      |
    4 | code = 'notes.txt'
      |        ^^^^^^^^^^^
      |
      = help: read from `FOLDER/notes.txt`
    ");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    let folder = folder("unreadable");
    fs::write(folder.join("latin-1.toml"), b"name = 'x'\ntopic.name = '\xe9'\n").unwrap();
    let refused = |file: &str| shown(&load(&folder.join(file)).unwrap_err(), &folder);
    assert_snapshot!(refused("pipeline.toml"), @"
    error: cannot read `FOLDER/pipeline.toml`: no such file

    hint: create one with `imgprep init`, or name one with `--config FILE`
    ");
    assert_snapshot!(refused("resize"), @"
    error: cannot read `FOLDER/resize`: it is a folder

    hint: name the file itself with `--config FILE`
    ");
    assert_snapshot!(refused("latin-1.toml"), @"
    error: cannot read `FOLDER/latin-1.toml`: it is not UTF-8 text, see line 2, column 15

    hint: save the file as UTF-8
    ");
    assert_snapshot!(refused("notes.txt/pipeline.toml"), @"error: cannot read `FOLDER/notes.txt/pipeline.toml`: not a directory");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_problem_names_the_file_as_the_user_did() {
    let folder = folder("named");
    fs::write(folder.join("staging.toml"), format!("{LEAST}nmae = 5\n")).unwrap();
    let error = load(&folder.join("staging.toml")).unwrap_err();
    assert_snapshot!(shown(&error, &folder), @"
    error: unknown key `nmae` in the file
     --> FOLDER/staging.toml:3:1
      |
    3 | nmae = 5
      | ^^^^ did you mean `name`?
    ");
    fs::remove_dir_all(folder).unwrap();
}
