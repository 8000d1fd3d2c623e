//! Whom alarms are told, and from how many failures on.

use insta::assert_snapshot;

use super::{accepted, verdicts};

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
        "",
    ];
    assert_snapshot!(verdicts(addresses, |it| file(&format!("email = ['{it}']"))), @"");
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
        "failed_image = 5",
        "[topic]\nname = 'imgprep-alarms'",
        "[notify]\ntopic = 'imgprep-alarms'",
    ];
    assert_snapshot!(verdicts(files, file), @"");
}
