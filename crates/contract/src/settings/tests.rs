//! Keys, the environment, and what makes one variant another.

use super::*;

fn settings() -> Settings {
    Settings {
        bucket: "photos".to_owned(),
        originals: "originals".to_owned(),
        public_acl: false,
        invalidate: None,
        on_delete: OnDelete::Keep,
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

/// These are in the metadata of every variant out there: they must never change.
#[test]
fn fingerprints_stay_as_they_are() {
    let plain = Variant::of_size(800, 600);
    let square = Variant { fit: Fit::Pad, format: Format::Webp, ..Variant::of_size(64, 64) };
    let coloured = Variant { background: Some(Colour::WHITE), ..plain.clone() };
    let small = Variant { upscale: Some(false), ..plain.clone() };
    let slow = Variant { effort: Effort::Size, ..plain.clone() };
    let prints = [&plain, &square, &coloured, &small, &slow].map(Variant::fingerprint);
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
    let print = plain.fingerprint();
    let same = [
        Variant { folder: "large".to_owned(), ..plain.clone() },
        Variant { upscale: Some(true), ..plain.clone() },
    ];
    for variant in same {
        assert_eq!(variant.fingerprint(), print, "{variant:?}");
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
        Variant { cache_control: "no-cache".to_owned(), ..plain.clone() },
    ];
    let mut prints: Vec<_> = others.iter().map(Variant::fingerprint).collect();
    prints.push(print);
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), others.len() + 1);
}
