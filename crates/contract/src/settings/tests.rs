//! Keys, the environment, and what makes one variant another.

use super::*;
use crate::framing::{Crop, Focus};

/// A bucket with one size, for the tests of all modules.
pub(crate) fn settings() -> Settings {
    Settings {
        bucket: "photos".to_owned(),
        originals: "originals".to_owned(),
        public_acl: false,
        invalidate: None,
        on_delete: OnDelete::Keep,
        notify: None,
        variants: vec![Variant::of_size(800, 600)],
    }
}

#[test]
fn defaults_are_left_out_of_the_environment() {
    let json = serde_json::to_string(&settings()).unwrap();
    let short = r#"{"bucket":"photos","originals":"originals","variants":[{"folder":"800x600","width":800,"height":600}]}"#;
    assert_eq!(json, short);
    assert_eq!(serde_json::from_str::<Settings>(short).unwrap(), settings());
}

#[test]
fn unknown_settings_are_refused() {
    let json = r#"{"bucket":"b","originals":"o","variants":[],"sizes":[]}"#;
    assert!(serde_json::from_str::<Settings>(json).is_err());
}

#[test]
fn what_is_not_a_default_survives_the_environment() {
    let variant = Variant {
        effort: Effort::Size,
        upscale: Some(false),
        background: Some(Colour([255, 128, 0])),
        ..Variant::of_size(800, 600)
    };
    let settings = Settings { on_delete: OnDelete::Remove, variants: vec![variant], ..settings() };
    let json = serde_json::to_string(&settings).unwrap();
    for part in [
        r#""on_delete":"remove""#,
        r#""effort":"size""#,
        r#""upscale":false"#,
        r##""background":"#ff8000""##,
    ] {
        assert!(json.contains(part), "{json}");
    }
    assert_eq!(serde_json::from_str::<Settings>(&json).unwrap(), settings);
}

#[test]
fn colours_are_written_as_css_does() {
    assert_eq!("#ff8000".parse(), Ok(Colour([255, 128, 0])));
    assert_eq!("#FF80aB".parse::<Colour>().unwrap().to_string(), "#ff80ab");
    let wrong =
        ["ff8000", "#fff", "#ff800", "#ff80000", "#+f8000", "#ff80g0", "white", "#ff\u{fc}80", ""];
    for text in wrong {
        assert_eq!(text.parse::<Colour>(), Err(NotAColour), "{text}");
    }
}

fn print_of(variant: &Variant) -> String {
    variant.fingerprint(&Framing::default())
}

/// These are in the metadata of every variant out there: they must never change.
#[test]
fn fingerprints_stay_as_they_are() {
    let plain = Variant::of_size(800, 600);
    let square = Variant { fit: Fit::Pad, format: Format::Webp, ..Variant::of_size(64, 64) };
    let coloured = Variant { background: Some(Colour::WHITE), ..plain.clone() };
    let small = Variant { upscale: Some(false), ..plain.clone() };
    let slow = Variant { effort: Effort::Size, ..plain.clone() };
    let prints = [&plain, &square, &coloured, &small, &slow].map(print_of);
    let expected = [
        "3d7e769a8d3b2896",
        "2de020748a496fe7",
        "ea6927d0daaa4f3a",
        "4f2782562895871f",
        "8b9728a8591934e2",
    ];
    assert_eq!(prints, expected);
}

#[test]
fn a_fingerprint_follows_what_the_settings_mean() {
    let plain = Variant::of_size(800, 600);
    let print = print_of(&plain);
    let same = [
        Variant { folder: "large".to_owned(), ..plain.clone() },
        Variant { upscale: Some(true), ..plain.clone() },
        Variant { only: vec!["shops/".to_owned()], ..plain.clone() },
    ];
    for variant in same {
        assert_eq!(print_of(&variant), print, "{variant:?}");
    }
    let others = [
        Variant { width: 801, ..plain.clone() },
        Variant { height: 601, ..plain.clone() },
        Variant { quality: 81, ..plain.clone() },
        Variant { effort: Effort::Size, ..plain.clone() },
        Variant { format: Format::Jpeg, ..plain.clone() },
        Variant { fit: Fit::Contain, ..plain.clone() },
        Variant { fit: Fit::Contain, upscale: Some(true), ..plain.clone() },
        Variant { gravity: Gravity::North, ..plain.clone() },
        Variant { upscale: Some(false), ..plain.clone() },
        Variant { background: Some(Colour([0; 3])), ..plain.clone() },
        Variant { gravity: Gravity::Auto, ..plain.clone() },
        Variant { metadata: Metadata::Copyright, ..plain.clone() },
        Variant { watermark: Some(watermark("0.2")), ..plain.clone() },
        Variant { watermark: Some(watermark("0.3")), ..plain.clone() },
        Variant { cache_control: "no-cache".to_owned(), ..plain.clone() },
    ];
    let mut prints: Vec<_> = others.iter().map(print_of).collect();
    prints.push(print);
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), others.len() + 1);
}

fn watermark(scale: &str) -> Watermark {
    let share = |text| Share::parse(text).unwrap();
    Watermark {
        image: "0123456789abcdef.png".to_owned(),
        gravity: Gravity::SouthEast,
        scale: share(scale),
        opacity: share("0.6"),
        margin: share("0.03"),
    }
}

#[test]
fn a_fingerprint_follows_the_framing_where_it_matters() {
    let framing =
        |focus: &str, crop: &str| Framing { focus: Focus::parse(focus), crop: Crop::parse(crop) };
    let cover = Variant::of_size(800, 600);
    let contain = Variant { fit: Fit::Contain, ..cover.clone() };
    let [none, focus, crop] = [framing("", ""), framing("0.2,0.3", ""), framing("", "0,0,0.5,0.5")];
    assert_ne!(cover.fingerprint(&focus), cover.fingerprint(&none));
    assert_ne!(cover.fingerprint(&crop), cover.fingerprint(&none));
    assert_eq!(contain.fingerprint(&focus), contain.fingerprint(&none), "nothing is cut off");
    assert_ne!(contain.fingerprint(&crop), contain.fingerprint(&none));
    assert_eq!(cover.fingerprint(&framing("0.20,.3", "")), cover.fingerprint(&focus));
}

#[test]
fn a_variant_may_be_for_some_folders_only() {
    let all = Variant::of_size(800, 600);
    let some =
        Variant { only: vec!["products/".to_owned(), "shops/eu/".to_owned()], ..all.clone() };
    for (path, takes) in [
        ("products/a.jpg", true),
        ("products/x/a.jpg", true),
        ("shops/eu/a.jpg", true),
        ("shops/a.jpg", false),
        ("products", false),
        ("productsheet.jpg", false),
        ("a/products/a.jpg", false),
    ] {
        assert!(all.takes(ImagePath(path)));
        assert_eq!(some.takes(ImagePath(path)), takes, "{path}");
    }
}
