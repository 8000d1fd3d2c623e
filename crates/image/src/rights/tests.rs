//! What is kept of texts, and what nobody can read does no harm.

use super::*;

/// One Photoshop resource.
fn resource(number: u16, name: &[u8], data: &[u8]) -> Vec<u8> {
    let mut block = b"8BIM".to_vec();
    block.extend(number.to_be_bytes());
    block.push(u8::try_from(name.len()).unwrap());
    block.extend(name);
    block.resize(block.len().next_multiple_of(2), 0);
    block.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
    block.extend(data);
    block.resize(block.len().next_multiple_of(2), 0);
    block
}

fn data_set(record: u8, number: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap().to_be_bytes();
    [&[0x1c, record, number][..], &length, value].concat()
}

#[test]
fn texts_are_kept_as_they_can_be_shown() {
    for (bytes, expected) in [
        (&b"Ann Other\0"[..], Some("Ann Other")),
        (b"  Ann\r\nOther \x07", Some("AnnOther")),
        (b"The photographer\0The editor\0", Some("The photographer; The editor")),
        (b" \0\0Only the editor\0", Some("Only the editor")),
        ("© Jürgen".as_bytes(), Some("© Jürgen")),
        (b"\xa9 J\xfcrgen", Some("© Jürgen")),
        (b"cut \xe2\x82", Some("cut")),
        (b"", None),
        (b"\0\0 \0", None),
    ] {
        assert_eq!(text(bytes).as_deref(), expected, "{}", bytes.escape_ascii());
    }
}

#[test]
fn long_texts_are_cut_between_characters() {
    let long = text("ü€".repeat(5000).as_bytes()).unwrap();
    assert!((TEXT_MAX - 3..=TEXT_MAX).contains(&long.len()), "{}", long.len());
    assert!("ü€".repeat(5000).starts_with(&long));
    let latin = text(&[0xfc; 9000]).unwrap();
    assert_eq!(latin, "ü".repeat(512));
}

#[test]
fn an_exif_block_holds_the_two_texts_and_nothing_else() {
    for (artist, copyright) in [
        (Some("Ann Other"), Some("© 2026 Ann Other")),
        (Some("Ann"), None),
        (None, Some("Bob")),
        (Some("X"), Some("Y")),
    ] {
        let [artist, copyright] = [artist, copyright].map(|it| it.map(str::to_owned));
        let rights = Rights { artist, copyright };
        let block = rights.exif();
        assert_eq!(Rights::of_exif(Some(&block)), rights);
        let texts = [rights.artist, rights.copyright].into_iter().flatten();
        let count = texts.clone().count();
        let texts: usize = texts.map(|it| it.len() + 1).filter(|it| *it > 4).sum();
        assert_eq!(block.len(), 8 + 2 + 12 * count + 4 + texts);
    }
}

#[test]
fn iptc_is_read_among_other_resources() {
    let data = [
        data_set(1, 90, b"\x1b%G"),
        data_set(2, 5, b"title"),
        data_set(2, 80, b"Ann Other"),
        data_set(2, 80, b"Bob"),
        data_set(2, 116, "© Ann".as_bytes()),
        data_set(2, 116, b"a second one"),
    ];
    let resources =
        [resource(1005, b"", &[1; 7]), resource(0x0404, b"name", &data.concat())].concat();
    let rights = iptc::rights(iptc::in_resources(&resources).unwrap());
    assert_eq!(rights.artist.as_deref(), Some("Ann Other; Bob"));
    assert_eq!(rights.copyright.as_deref(), Some("© Ann"));
}

#[test]
fn metadata_that_lies_says_nothing() {
    let data = data_set(2, 80, b"Ann Other");
    let resources = resource(0x0404, b"", &data);
    for length in 0..resources.len() {
        let cut = &resources[..length];
        let found = iptc::in_resources(cut).map(iptc::rights).unwrap_or_default();
        assert!(found == Rights::default() || found.artist.as_deref() == Some("Ann Other"));
    }
    let long = [&[0x1c, 2, 80, 0xff, 0xff][..], b"short"].concat();
    assert_eq!(iptc::rights(&long), Rights::default());
    let endless = [b"8BIM\x03\xed\0\0\xff\xff\xff\xff".to_vec(), vec![0; 64]].concat();
    assert_eq!(iptc::in_resources(&endless), None);
    // A million names.
    let many = data_set(2, 80, b"Ann").repeat(1_000_000);
    assert!(iptc::rights(&many).artist.unwrap().len() <= TEXT_MAX);
    let block = Rights { artist: Some("Ann Other".to_owned()), copyright: None }.exif();
    for at in 0..block.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut lie = block.clone();
            lie[at] = value;
            Rights::of_exif(Some(&lie));
            Rights::of_exif(Some(&lie[..at]));
        }
    }
}
