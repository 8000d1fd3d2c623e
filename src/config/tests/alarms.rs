//! Who gets alarms, and how many failures it takes.

use insta::assert_snapshot;

use super::{accepted, parse, verdicts};

fn file(alarms: &str) -> String {
    format!("[bucket]\nname = 'photos'\n[[variants]]\nsize = '400x300'\n[alarms]\n{alarms}\n")
}

#[test]
fn an_address_is_a_mailbox_and_a_host() {
    let addresses = [
        "ops@example.com",
        "on-call+images@mail.example.co.uk",
        "Ops <ops@example.com>",
        "mailto:ops@example.com",
        " ops@example.com",
        "ops@localhost",
        "ops",
        "@example.com",
        "ops@",
        "a b@example.com",
        "ops@-example.com",
        "ops@example-.com",
        "ops@a-b.example.com",
        "",
    ];
    assert_snapshot!(verdicts(addresses, |it| file(&format!("email = ['{it}']"))), @"
    ops@example.com => accepted
    on-call+images@mail.example.co.uk => accepted
    Ops <ops@example.com> => `alarms.email` is not an address: did you mean `ops@example.com`?
    mailto:ops@example.com => `alarms.email` is not an address: did you mean `ops@example.com`?
     ops@example.com => `alarms.email` is not an address: did you mean `ops@example.com`?
    ops@localhost => `alarms.email` is not an address: an address looks like `ops@example.com`
    ops => `alarms.email` is not an address: an address looks like `ops@example.com`
    @example.com => `alarms.email` is not an address: an address looks like `ops@example.com`
    ops@ => `alarms.email` is not an address: an address looks like `ops@example.com`
    a b@example.com => `alarms.email` is not an address: an address looks like `ops@example.com`
    ops@-example.com => `alarms.email` is not an address: an address looks like `ops@example.com`
    ops@example-.com => `alarms.email` is not an address: an address looks like `ops@example.com`
    ops@a-b.example.com => accepted
     => `alarms.email` is not an address: an address looks like `ops@example.com`
    ");
}

#[test]
fn an_address_is_as_long_as_mail_allows() {
    let is_accepted = |mailbox: usize, label: usize| {
        let address = format!("{}@{}.example.com", "m".repeat(mailbox), "h".repeat(label));
        parse(&file(&format!("email = ['{address}']"))).is_ok()
    };
    for (mailbox, label, expected) in [(64, 63, true), (65, 63, false), (64, 64, false)] {
        assert_eq!(is_accepted(mailbox, label), expected, "{mailbox} and {label}");
    }
}

#[test]
fn the_section_alone_has_alarms_and_0_takes_one_away() {
    let alarms = |text: &str| accepted(&file(text)).alarms.unwrap();
    let default = alarms("");
    assert_eq!((default.email, default.failed_images), (Vec::new(), Some(10)));
    assert_eq!(default.topic, "imgprep-alarms");
    assert_eq!(alarms("failed_images = 0").failed_images, None);
    assert_eq!(alarms("failed_images = 1").failed_images, Some(1));
    let without = file("").replace("[alarms]\n", "");
    assert_eq!(accepted(&without).alarms, None);
}

#[test]
fn what_cannot_be_is_told() {
    let files = [
        "email = ['a@example.com', 'b@example.com', 'a@example.com']",
        "email = 'a@example.com'",
        "failed_images = -1",
        "failed_images = 99999999999999",
        "failed_image = 5",
        "[topic]\nname = 'imgprep-alarms'",
        "[notify]\ntopic = 'imgprep-alarms'",
    ];
    assert_snapshot!(verdicts(files, file), @"
    email = ['a@example.com', 'b@example.com', 'a@example.com'] => `alarms.email` has an address twice: remove one of the two
    email = 'a@example.com' => `alarms.email` is a string, not an array of strings: write it in brackets: `['a@example.com']`
    failed_images = -1 => `alarms.failed_images` is -1: must be 0 or more; 0 switches this alarm off
    failed_images = 99999999999999 => `alarms.failed_images` is 99999999999999: must be at most 2147483647
    failed_image = 5 => unknown key `failed_image` in `[alarms]`: did you mean `failed_images`?
    [topic]
    name = 'imgprep-alarms' => `alarms` needs a topic called `imgprep-alarms`, which the file has for another purpose: give that topic another name
    [notify]
    topic = 'imgprep-alarms' => `alarms` needs a topic called `imgprep-alarms`, which the file has for another purpose: give that topic another name
    ");
}
