//! Text that is no TOML, keys that are not ours, and values of the wrong type.

use insta::assert_snapshot;

use super::{LEAST, parse, refused, refused_lines};

#[test]
fn every_syntax_error_is_shown() {
    assert_snapshot!(refused("name = \n[bucket\nname = 'photos'\nmemory = 2 56\n"), @"
    error: not valid TOML: string values must be quoted, expected literal string
     --> pipeline.toml:1:8
      |
    1 | name = 
      |        ^

    error: not valid TOML: unclosed table, expected `]`
     --> pipeline.toml:2:8
      |
    2 | [bucket
      |        ^
    ");
}

#[test]
fn a_repeated_key_is_refused() {
    assert_snapshot!(refused("[bucket]\nname = 'a'\nname = 'b'\n"), @"
    error: not valid TOML: duplicate key
     --> pipeline.toml:3:1
      |
    3 | name = 'b'
      | ^^^^
    ");
}

#[test]
fn an_empty_file_lacks_what_is_required() {
    assert_snapshot!(refused(""), @r#"
    error: `bucket.name` is missing
    --> pipeline.toml
     = help: add `name = "…"` below `[bucket]`; bucket names are globally unique

    error: `variants` is missing
    --> pipeline.toml
     = help: add `[[variants]]` with `size = "800x600"` below it
    "#);
}

#[test]
fn a_missing_key_is_shown_at_its_table() {
    assert_snapshot!(refused("[bucket]\naccess = 'cdn'\n\n[[variants]]\nquality = 5\n"), @r#"
    error: `bucket.name` is missing
     --> pipeline.toml:1:1
      |
    1 | [bucket]
      | ^^^^^^^^
      |
      = help: add `name = "…"` below `[bucket]`; bucket names are globally unique

    error: `variants.size` is missing
     --> pipeline.toml:4:1
      |
    4 | [[variants]]
      | ^^^^^^^^^^^^
      |
      = help: add `size = "800x600"`, the width and height in pixels
    "#);
}

#[test]
fn misspelt_keys_are_refused_at_every_level() {
    assert_snapshot!(refused(
        "nmae = 'x'
[bucket]
name = 'photos'
bukcet = 1
[lambda]
[topic]
arn = 'x'
[function]
memroy = 512
[image]
qualty = 5
[[variants]]
size = '800x600'
depth = 5
[cdn]
enable = true
"
    ), @"
    error: unknown key `nmae` in the file
     --> pipeline.toml:1:1
      |
    1 | nmae = 'x'
      | ^^^^ did you mean `name`?

    error: unknown key `bukcet` in `[bucket]`
     --> pipeline.toml:4:1
      |
    4 | bukcet = 1
      | ^^^^^^
      |
      = help: `[bucket]` takes `name`, `originals`, `access`, `on_delete`, `originals_storage`, `originals_storage_days`, `expire_originals_days` and `versioning`

    error: unknown key `lambda` in the file
     --> pipeline.toml:5:2
      |
    5 | [lambda]
      |  ^^^^^^ did you mean `function`?

    error: unknown key `arn` in `[topic]`
     --> pipeline.toml:7:1
      |
    7 | arn = 'x'
      | ^^^
      |
      = help: `[topic]` takes `name`

    error: unknown key `memroy` in `[function]`
     --> pipeline.toml:9:1
      |
    9 | memroy = 512
      | ^^^^^^ did you mean `memory`?

    error: unknown key `qualty` in `[image]`
      --> pipeline.toml:11:1
       |
    11 | qualty = 5
       | ^^^^^^ did you mean `quality`?

    error: unknown key `depth` in `[[variants]]`
      --> pipeline.toml:14:1
       |
    14 | depth = 5
       | ^^^^^
       |
       = help: `[[variants]]` takes `size`, `folder`, `quality`, `effort`, `format`, `fit`, `gravity`, `upscale`, `background`, `metadata`, `cache_control` and `only`

    error: unknown key `enable` in `[cdn]`
      --> pipeline.toml:16:1
       |
    16 | enable = true
       | ^^^^^^ did you mean `enabled`?
    ");
}

#[test]
fn keys_in_the_wrong_table_are_refused() {
    assert_snapshot!(refused_lines(
        "memory = 512
quality = 5
[function]
region = 'us-east-1'
[cdn]
name = 'x'
"
    ), @"
    error: unknown key `memory` in the file
     --> pipeline.toml:3:1
      |
    3 | memory = 512
      | ^^^^^^ belongs in `[function]`

    error: unknown key `quality` in the file
     --> pipeline.toml:4:1
      |
    4 | quality = 5
      | ^^^^^^^ belongs in `[image]` or `[[variants]]`

    error: unknown key `region` in `[function]`
     --> pipeline.toml:6:1
      |
    6 | region = 'us-east-1'
      | ^^^^^^ belongs above the first `[table]`

    error: unknown key `name` in `[cdn]`
     --> pipeline.toml:8:1
      |
    8 | name = 'x'
      | ^^^^
      |
      = help: `[cdn]` takes `enabled`, `price_class`, `invalidate`, `domains`, `certificate_arn`, `hosted_zone`, `fallback` and `versions`
    ");
}

#[test]
fn a_value_that_is_no_string_is_refused() {
    assert_snapshot!(refused(
        "name = 5
region = ['us-east-1']
topic = 'uploads'
tags.size = 5
tags.since = 2020-01-01
[bucket]
name = true
originals = 1.5
access = false
[[variants]]
size = 800
"
    ), @r#"
    error: `name` is an integer, not a string
     --> pipeline.toml:1:8
      |
    1 | name = 5
      |        ^ write it in quotes: `"5"`

    error: `region` is an array, not a string
     --> pipeline.toml:2:10
      |
    2 | region = ['us-east-1']
      |          ^^^^^^^^^^^^^

    error: `topic` is a string, not a table
     --> pipeline.toml:3:9
      |
    3 | topic = 'uploads'
      |         ^^^^^^^^^
      |
      = help: write `[topic]`, and its keys below it

    error: `tags.size` is an integer, not a string
     --> pipeline.toml:4:13
      |
    4 | tags.size = 5
      |             ^ write it in quotes: `"5"`

    error: `tags.since` is a date, not a string
     --> pipeline.toml:5:14
      |
    5 | tags.since = 2020-01-01
      |              ^^^^^^^^^^

    error: `bucket.name` is a boolean, not a string
     --> pipeline.toml:7:8
      |
    7 | name = true
      |        ^^^^ write it in quotes: `"true"`

    error: `bucket.originals` is a number with a fraction, not a string
     --> pipeline.toml:8:13
      |
    8 | originals = 1.5
      |             ^^^ write it in quotes: `"1.5"`

    error: `bucket.access` is a boolean, not a string
     --> pipeline.toml:9:10
      |
    9 | access = false
      |          ^^^^^
      |
      = help: `access` is `cdn` or `public-acl`

    error: `variants.size` is an integer, not a string
      --> pipeline.toml:11:8
       |
    11 | size = 800
       |        ^^^
       |
       = help: a size is `WIDTHxHEIGHT` in pixels, such as `800x600`, or one of them: `800x`, `x600`
    "#);
}

#[test]
fn a_value_that_is_no_number_or_boolean_is_refused() {
    assert_snapshot!(refused_lines(
        "[function]
memory = '512'
timeout = '${TIMEOUT}'
concurrency = 1.5
log_retention_days = []
[cdn]
enabled = 'true'
invalidate = 'yes'
"
    ), @"
    error: `function.memory` is a string, not an integer
     --> pipeline.toml:4:10
      |
    4 | memory = '512'
      |          ^^^^^ write it without quotes: `512`

    error: `function.timeout` is a string, not an integer
     --> pipeline.toml:5:11
      |
    5 | timeout = '${TIMEOUT}'
      |           ^^^^^^^^^^^^
      |
      = help: only strings can use environment variables

    error: `function.concurrency` is a number with a fraction, not an integer
     --> pipeline.toml:6:15
      |
    6 | concurrency = 1.5
      |               ^^^ write a whole number

    error: `function.log_retention_days` is an array, not an integer
     --> pipeline.toml:7:22
      |
    7 | log_retention_days = []
      |                      ^^

    error: `cdn.enabled` is a string, not a boolean
     --> pipeline.toml:9:11
      |
    9 | enabled = 'true'
      |           ^^^^^^ write it without quotes: `true`

    error: `cdn.invalidate` is a string, not a boolean
      --> pipeline.toml:10:14
       |
    10 | invalidate = 'yes'
       |              ^^^^^ write `true` or `false`
    ");
}

#[test]
fn a_value_that_is_no_word_or_list_is_refused() {
    assert_snapshot!(refused_lines(
        "[function]
arch = {}
[image]
format = 5
[cdn]
price_class = 100
domains = 'img.example.com'
"
    ), @r#"
    error: `function.arch` is a table, not a string
     --> pipeline.toml:4:8
      |
    4 | arch = {}
      |        ^^
      |
      = help: `arch` is `x86_64` or `arm64`

    error: `image.format` is an integer, not a string
     --> pipeline.toml:6:10
      |
    6 | format = 5
      |          ^
      |
      = help: `format` is `keep`, `jpeg`, `png`, `webp` or `avif`

    error: `cdn.price_class` is an integer, not a string
     --> pipeline.toml:8:15
      |
    8 | price_class = 100
      |               ^^^ write it in quotes: `"100"`

    error: `cdn.domains` is a string, not an array of strings
     --> pipeline.toml:9:11
      |
    9 | domains = 'img.example.com'
      |           ^^^^^^^^^^^^^^^^^ write it in brackets: `['img.example.com']`
    "#);
}

#[test]
fn variants_of_the_wrong_shape_are_refused() {
    assert_snapshot!(refused("bucket.name = 'photos'\n[variants]\nsize = '800x600'\n"), @"
    error: `variants` is a table, not an array of tables
     --> pipeline.toml:2:1
      |
    2 | [variants]
      | ^^^^^^^^^^
      |
      = help: write `[[variants]]`, with two brackets, above the keys of each
    ");
    assert_snapshot!(refused("bucket.name = 'photos'\nvariants = ['800x600']\n"), @"
    error: `variants` is a string, not a table
     --> pipeline.toml:2:13
      |
    2 | variants = ['800x600']
      |             ^^^^^^^^^
      |
      = help: write `[[variants]]`, with two brackets, above the keys of each
    ");
    assert_snapshot!(
        refused("bucket.name = 'photos'\nvariants = [{ size = '800x600' }, '400x300']\n"),
        @"
    error: `variants` is a string, not a table
     --> pipeline.toml:2:35
      |
    2 | variants = [{ size = '800x600' }, '400x300']
      |                                   ^^^^^^^^^
      |
      = help: write `[[variants]]`, with two brackets, above the keys of each
    "
    );
    assert_snapshot!(refused("bucket.name = 'photos'\nvariants = []\n"), @r#"
    error: `variants` is missing
     --> pipeline.toml:2:1
      |
    2 | variants = []
      | ^^^^^^^^
      |
      = help: add `[[variants]]` with `size = "800x600"` below it
    "#);
}

#[test]
fn a_domain_of_the_wrong_type_is_refused() {
    assert_snapshot!(refused_lines("cdn.domains = [5]\ncdn.certificate_arn = 5\n"), @"
    error: `cdn.domains` is an integer, not a string
     --> pipeline.toml:3:16
      |
    3 | cdn.domains = [5]
      |                ^
      |
      = help: a domain is a host name such as `img.example.com`, or `*.example.com`

    error: `cdn.certificate_arn` is an integer, not a string
     --> pipeline.toml:4:23
      |
    4 | cdn.certificate_arn = 5
      |                       ^
      |
      = help: the ARN of an ACM certificate looks like `arn:aws:acm:us-east-1:123456789012:certificate/…`
    ");
}

#[test]
fn the_last_byte_can_be_the_place() {
    assert_snapshot!(refused("name ="), @"
    error: not valid TOML: string values must be quoted, expected literal string
     --> pipeline.toml:1:7
      |
    1 | name =
      |       ^
    ");
}

#[test]
fn colour_adds_escape_codes_only() {
    let error = parse(&format!("{LEAST}nmae = 5\n")).unwrap_err();
    let mut plain = String::new();
    for (index, piece) in error.render(true).split('\u{1b}').enumerate() {
        plain.push_str(if index == 0 { piece } else { piece.split_once('m').unwrap().1 });
    }
    assert_ne!(plain, error.render(true));
    assert_eq!(plain, error.render(false));
}

#[test]
fn the_message_is_one_line_with_every_problem() {
    let error = parse(&format!("nmae = 5\n{LEAST}function.memory = 5\n")).unwrap_err();
    assert_snapshot!(error.message(), @"pipeline.toml:1:1: unknown key `nmae` in the file: did you mean `name`?; pipeline.toml:4:19: `function.memory` is 5: must be 128–10240 MB");
}
