//! Tables of the pages that repeat what the program knows.

use std::collections::BTreeSet;
use std::fs;

use imgprep_testkit::{Output, command, run};
use serde_json::Value;

use super::{begin, root};

/// The rows of the table between these marks, without its head: the cells of each.
fn table(page: &str, mark: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let start = format!("<!-- generated: {mark} -->\n");
    let (_, rest) = text.split_once(&start).expect("the page has the table");
    let (table, _) = rest.split_once("<!-- end -->").expect("the table ends");
    let rows = table.lines().filter(|line| line.starts_with('|')).skip(2);
    let cells = |row: &str| -> Vec<String> {
        row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()
    };
    rows.map(cells).collect()
}

/// What stands between backticks.
fn code(cell: &str) -> String {
    cell.split('`').nth(1).unwrap_or_default().to_owned()
}

fn imgprep(arguments: &[&str]) -> Output {
    begin();
    let mut command = command();
    command.current_dir(root()).args(arguments);
    run(&mut command)
}

/// The keys that imgprep names where it meets one that it does not know.
fn keys() -> BTreeSet<String> {
    let tables = ["topic", "function", "image", "cdn", "notify", "uploads", "alarms"];
    let mut file = "unknown_key = 1\n[bucket]\nname = \"photos\"\n".to_owned();
    file += "unknown_key = 1\n[[variants]]\nsize = \"8x6\"\nunknown_key = 1\n";
    file += "watermark = { image = \"missing\", unknown_key = 1 }\n";
    file.extend(tables.map(|table| format!("[{table}]\nunknown_key = 1\n")));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("unknown.toml");
    fs::write(&path, file).unwrap();
    let errors = imgprep(&["cost", "-c", path.to_str().unwrap()]).exits(2).stderr;
    let mut keys = BTreeSet::new();
    let helps =
        errors.lines().filter_map(|line| line.split_once("= help: ")?.1.split_once(" takes "));
    for (place, named) in helps {
        let prefix = match code(place).trim_matches(['[', ']']) {
            "" => String::new(),
            table => format!("{table}."),
        };
        let named = named.split('`').skip(1).step_by(2);
        keys.extend(named.map(|key| format!("{prefix}{key}")));
    }
    keys
}

#[test]
fn the_table_of_keys_has_every_key() {
    let shown: BTreeSet<String> =
        table("docs/configuration.md", "keys").iter().map(|row| code(&row[0])).collect();
    let known = keys();
    // What is a table stands with its keys; what `[image]` sets for all, a variant sets for itself.
    let is_row = |key: &&String| {
        let is_table = known.iter().any(|other| other.starts_with(&format!("{key}.")));
        let of_image = key.strip_prefix("variants.").map(|key| format!("image.{key}"));
        !is_table && !of_image.is_some_and(|key| known.contains(&key))
    };
    let expected: BTreeSet<String> = known.iter().filter(is_row).cloned().collect();
    assert!(expected.len() > 30, "{expected:?}");
    assert_eq!(shown, expected);
}

#[test]
fn the_table_of_commands_has_every_command() {
    let shown: Vec<String> = table("docs/commands.md", "commands")
        .iter()
        .map(|row| code(&row[0]).split(' ').nth(1).unwrap_or_default().to_owned())
        .collect();
    let help = imgprep(&["--help"]).exits(0).stdout;
    let commands = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    // What a command does may go on below.
    let named = commands.lines().filter_map(|line| line.strip_prefix("  "));
    let named = named.filter(|line| !line.starts_with(' ')).filter_map(|it| it.split(' ').next());
    let commands: BTreeSet<&str> = named.filter(|name| *name != "help").collect();
    assert_eq!(shown.iter().map(String::as_str).collect::<BTreeSet<_>>(), commands);
}

/// The statements of the policies for a command, and all of their actions.
fn policy(of: &str) -> (BTreeSet<String>, Vec<Value>) {
    let mut arguments = vec!["iam-policy"];
    arguments.extend(of.split(' '));
    arguments.extend(["--local", "--json"]);
    let printed = imgprep(&arguments).exits(0).json();
    let documents = printed.as_array().cloned().unwrap_or_else(|| vec![printed]);
    let statements = documents.iter().flat_map(|it| it["Statement"].as_array().unwrap().clone());
    let mut statements: Vec<Value> = statements.collect();
    let mut actions = BTreeSet::new();
    for statement in &mut statements {
        // It names the command.
        statement["Sid"] = Value::Null;
        let of_this = statement["Action"].as_array().unwrap().iter();
        actions.extend(of_this.map(|it| it.as_str().unwrap().to_owned()));
    }
    (actions, statements)
}

#[test]
fn the_table_of_permissions_is_what_iam_policy_prints() {
    let rows = table("docs/permissions.md", "permissions");
    assert!(rows.len() > 15, "{} rows", rows.len());
    for row in rows {
        let (name, base) = (code(&row[0]), code(&row[1]));
        let (actions, statements) = policy(&name);
        let expected = if base.is_empty() {
            listed(&actions)
        } else {
            let (of_base, statements_of_base) = policy(&base);
            match actions.difference(&of_base).cloned().collect::<BTreeSet<_>>() {
                more if !more.is_empty() => listed(&more),
                _ if statements == statements_of_base => "none".to_owned(),
                _ => "none, but on more resources".to_owned(),
            }
        };
        assert_eq!(row[2], expected, "{name}");
    }
}

fn listed(actions: &BTreeSet<String>) -> String {
    let quoted: Vec<String> = actions.iter().map(|action| format!("`{action}`")).collect();
    quoted.join(", ")
}
