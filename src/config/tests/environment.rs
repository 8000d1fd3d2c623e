//! `${VAR}` in strings.

use insta::assert_snapshot;

use super::{LEAST, accepted, refused, refused_lines};

#[track_caller]
fn tag(value: &str) -> String {
    accepted(&format!("{LEAST}tags.tag = {value}\n")).tags["tag"].clone()
}

#[test]
fn a_reference_is_replaced() {
    assert_eq!(tag("'${STAGE}'"), "staging");
    assert_eq!(tag("'a-${STAGE}-${STAGE}'"), "a-staging-staging");
    assert_eq!(tag("'${EMPTY}'"), "");
}

#[test]
fn a_default_stands_in_for_unset_and_empty() {
    assert_eq!(tag("'${NOT_SET:-dev}'"), "dev");
    assert_eq!(tag("'${NOT_SET:-}'"), "");
    assert_eq!(tag("'${EMPTY:-dev}'"), "dev");
    assert_eq!(tag("'${STAGE:-dev}'"), "staging");
    assert_eq!(tag("'${NOT_SET:-a:-b}'"), "a:-b");
}

#[test]
fn what_is_replaced_is_not_read_again() {
    let folder = std::path::Path::new("");
    let nested = |name: &str| Some(if name == "A" { "${B}" } else { "b" }.to_owned());
    let text = format!("{LEAST}tags.tag = '${{A}}'\n");
    let config = super::Config::parse(&text, "pipeline.toml", folder, &nested);
    assert!(config.unwrap_err().message().contains("has characters that a tag can't hold"));
}

#[test]
fn the_bucket_can_follow_the_stage() {
    let config = accepted("bucket.name = 'photos-${STAGE}'\nvariants = [{ size = '1x1' }]");
    assert_eq!(config.bucket.name, "photos-staging");
}

#[test]
fn dollars_stay_what_they_are() {
    let control = |value: &str| {
        accepted(&format!("{LEAST}image.cache_control = '{value}'\n")).variants[0]
            .cache_control
            .clone()
    };
    assert_eq!(control("$STAGE $ $$"), "$STAGE $ $$");
    assert_eq!(control("$${STAGE}"), "${STAGE}");
    assert_eq!(control("$${STAGE"), "${STAGE");
    assert_eq!(control("$$${STAGE}"), "$${STAGE}");
    assert_eq!(control("}"), "}");
}

#[test]
fn a_reference_without_a_value_is_refused() {
    assert_snapshot!(refused_lines("tags.a = 'x ${NOT_SET} ${NOT_SET_2}'\n"), @"
    error: `tags.a` needs the environment variable `NOT_SET`, which is not set
     --> pipeline.toml:3:13
      |
    3 | tags.a = 'x ${NOT_SET} ${NOT_SET_2}'
      |             ^^^^^^^^^^
      |
      = help: set it, or give it a default: `${NOT_SET:-default}`

    error: `tags.a` needs the environment variable `NOT_SET_2`, which is not set
     --> pipeline.toml:3:24
      |
    3 | tags.a = 'x ${NOT_SET} ${NOT_SET_2}'
      |                        ^^^^^^^^^^^^
      |
      = help: set it, or give it a default: `${NOT_SET_2:-default}`
    ");
}

#[test]
fn a_malformed_reference_is_refused() {
    assert_snapshot!(refused_lines(
        "[tags]
a = '${STAGE'
b = '${}'
c = '${1ST}'
d = '${STAGE-x}'
e = '${A:-${B}}'
f = '${ STAGE }'
"
    ), @"
    error: `tags.a` has a `${` without a `}`
     --> pipeline.toml:4:6
      |
    4 | a = '${STAGE'
      |      ^^^^^^^
      |
      = help: `${NAME}` and `${NAME:-default}` take a value from the environment, `$${` is a plain `${`

    error: `tags.b` has a `${}` without a name
     --> pipeline.toml:5:6
      |
    5 | b = '${}'
      |      ^^^
      |
      = help: `${NAME}` and `${NAME:-default}` take a value from the environment, `$${` is a plain `${`

    error: `tags.c` refers to `1ST`, which is not a valid variable name
     --> pipeline.toml:6:6
      |
    6 | c = '${1ST}'
      |      ^^^^^^
      |
      = help: `${NAME}` and `${NAME:-default}` take a value from the environment, `$${` is a plain `${`

    error: `tags.d` refers to `STAGE-x`, which is not a valid variable name
     --> pipeline.toml:7:6
      |
    7 | d = '${STAGE-x}'
      |      ^^^^^^^^^^
      |
      = help: `${NAME}` and `${NAME:-default}` take a value from the environment, `$${` is a plain `${`

    error: `tags.e` nests a reference inside a default
     --> pipeline.toml:8:6
      |
    8 | e = '${A:-${B}}'
      |      ^^^^^^^^^
      |
      = help: a default must be plain text

    error: `tags.f` refers to ` STAGE `, which is not a valid variable name
     --> pipeline.toml:9:6
      |
    9 | f = '${ STAGE }'
      |      ^^^^^^^^^^
      |
      = help: `${NAME}` and `${NAME:-default}` take a value from the environment, `$${` is a plain `${`
    ");
}

/// Escapes shift bytes, so that the string as a whole is the place.
#[test]
fn in_a_string_with_escapes_the_whole_is_underlined() {
    assert_snapshot!(refused_lines("tags.a = \"\\u0041 ${NOT_SET}\"\n"), @r#"
    error: `tags.a` needs the environment variable `NOT_SET`, which is not set
     --> pipeline.toml:3:10
      |
    3 | tags.a = "\u0041 ${NOT_SET}"
      |          ^^^^^^^^^^^^^^^^^^^
      |
      = help: set it, or give it a default: `${NOT_SET:-default}`
    "#);
}

#[test]
fn a_name_from_the_environment_is_shown() {
    assert_snapshot!(refused("bucket.name = '${BAD_NAME}'\nvariants = [{ size = '1x1' }]"), @"
    error: `bucket.name` has `M`, `P` and `_`
     --> pipeline.toml:1:15
      |
    1 | bucket.name = '${BAD_NAME}'
      |               ^^^^^^^^^^^^^ did you mean `my-photos`?
      |
      = note: its value here is `My_Photos`
      = help: a bucket name is 3 to 63 lower-case letters, digits, hyphens and dots
    ");
}

#[test]
fn a_tag_from_the_environment_is_not_shown() {
    let shown = refused_lines("[tags]\na = '${SECRET}'\n");
    assert!(!shown.contains("hunter"), "{shown}");
    assert_snapshot!(shown, @"
    error: `tags.a` has characters that a tag can't hold
     --> pipeline.toml:4:5
      |
    4 | a = '${SECRET}'
      |     ^^^^^^^^^^^
      |
      = help: a tag's value is up to 256 letters, digits, spaces and any of `+-=._:/@`
    ");
}
