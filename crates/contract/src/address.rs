//! A key as the path of an address: what browsers ask the CDN for, and what it has to forget.
//!
//! Both come from one rule, because CloudFront may keep one object under several encodings of its
//! path and forgets only the one that it is asked to forget.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// "If the path includes non-ASCII characters or unsafe characters as defined in RFC 1738,
/// URL-encode those characters. Do not URL-encode any other characters in the path, or CloudFront
/// will not invalidate the old version" ("Specify the files to invalidate" in the Amazon CloudFront
/// Developer Guide). The unsafe ones are control characters, space and ``"<>#%{}|\^~[]` ``
/// (RFC 1738, section 2.2); a raw `~` has the whole request refused. Three more are encoded:
///
/// - `?`, which would begin a query;
/// - `*`, which as the last character is a wildcard for everything that begins so;
/// - `+`, see [`invalidated`].
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'$')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b',')
    .remove(b';')
    .remove(b':')
    .remove(b'@')
    .remove(b'&')
    .remove(b'=');

/// The path under which an object is served, without a slash in front.
pub fn path(key: &str) -> String {
    utf8_percent_encode(key, ENCODED).to_string()
}

/// The paths that make the CDN forget an object: one, and two where its key has a plus.
///
/// CloudFront's rule wants a plus as it is, but S3 takes that for a space, so that the object is
/// only served, and kept by the CDN, under `%2B` (rust-lang/crates.io#4891 and #14062).
pub fn invalidated(key: &str) -> Vec<String> {
    let served = path(key);
    let plain = served.replace("%2B", "+");
    if plain == served { vec![served] } else { vec![served, plain] }
}

/// The parameter of an address that tells versions of an object apart.
pub const VERSION_PARAMETER: &str = "v";

/// The address of one version of an object: each has a place of its own in every cache, so that what
/// replaces it is seen at once. `etag` is with or without the quotes of the header.
pub fn versioned(address: &str, etag: &str) -> String {
    format!("{address}?{VERSION_PARAMETER}={}", path(bare_etag(etag)))
}

/// An `ETag` without the quotes of its header, as events and the metadata of variants have it.
pub fn bare_etag(etag: &str) -> &str {
    etag.trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_lose_their_quotes() {
        assert_eq!(bare_etag("\"0a1b\""), "0a1b");
        assert_eq!(bare_etag("0a1b"), "0a1b");
    }

    /// Every ASCII character but letters and digits, with what it becomes.
    const OTHERS: [(&str, &str); 66] = [
        ("\0", "%00"),
        ("\u{1}", "%01"),
        ("\u{2}", "%02"),
        ("\u{3}", "%03"),
        ("\u{4}", "%04"),
        ("\u{5}", "%05"),
        ("\u{6}", "%06"),
        ("\u{7}", "%07"),
        ("\u{8}", "%08"),
        ("\t", "%09"),
        ("\n", "%0A"),
        ("\u{b}", "%0B"),
        ("\u{c}", "%0C"),
        ("\r", "%0D"),
        ("\u{e}", "%0E"),
        ("\u{f}", "%0F"),
        ("\u{10}", "%10"),
        ("\u{11}", "%11"),
        ("\u{12}", "%12"),
        ("\u{13}", "%13"),
        ("\u{14}", "%14"),
        ("\u{15}", "%15"),
        ("\u{16}", "%16"),
        ("\u{17}", "%17"),
        ("\u{18}", "%18"),
        ("\u{19}", "%19"),
        ("\u{1a}", "%1A"),
        ("\u{1b}", "%1B"),
        ("\u{1c}", "%1C"),
        ("\u{1d}", "%1D"),
        ("\u{1e}", "%1E"),
        ("\u{1f}", "%1F"),
        (" ", "%20"),
        ("!", "!"),
        ("\"", "%22"),
        ("#", "%23"),
        ("$", "$"),
        ("%", "%25"),
        ("&", "&"),
        ("'", "'"),
        ("(", "("),
        (")", ")"),
        ("*", "%2A"),
        ("+", "%2B"),
        (",", ","),
        ("-", "-"),
        (".", "."),
        ("/", "/"),
        (":", ":"),
        (";", ";"),
        ("<", "%3C"),
        ("=", "="),
        (">", "%3E"),
        ("?", "%3F"),
        ("@", "@"),
        ("[", "%5B"),
        ("\\", "%5C"),
        ("]", "%5D"),
        ("^", "%5E"),
        ("_", "_"),
        ("`", "%60"),
        ("{", "%7B"),
        ("|", "%7C"),
        ("}", "%7D"),
        ("~", "%7E"),
        ("\u{7f}", "%7F"),
    ];

    #[test]
    fn each_ascii_character_is_encoded_where_cloudfront_wants_it_so() {
        let alphanumeric = (0..128_u8).filter(u8::is_ascii_alphanumeric);
        for character in alphanumeric.map(char::from).map(String::from) {
            assert_eq!(path(&character), character);
        }
        assert_eq!(OTHERS.len() + 2 * 26 + 10, 128);
        assert!(OTHERS.is_sorted_by(|(one, _), (other, _)| one < other), "none comes twice");
        for (character, encoded) in OTHERS {
            assert_eq!(path(character), encoded, "{character:?}");
            let plain = (character == "+").then_some("+");
            let paths: Vec<&str> = [Some(encoded), plain].into_iter().flatten().collect();
            assert_eq!(invalidated(character), paths, "{character:?}");
        }
    }

    #[test]
    fn what_is_not_ascii_is_encoded_byte_by_byte_and_never_normalised() {
        for (key, encoded) in [
            ("caf\u{e9}", "caf%C3%A9"),
            ("cafe\u{301}", "cafe%CC%81"),
            ("ü", "%C3%BC"),
            ("日本", "%E6%97%A5%E6%9C%AC"),
            ("\u{1f305}", "%F0%9F%8C%85"),
            ("\u{80}\u{a0}\u{ad}", "%C2%80%C2%A0%C2%AD"),
        ] {
            assert_eq!(path(key), encoded, "{key:?}");
            assert_eq!(invalidated(key), [encoded], "{key:?}");
        }
    }

    #[test]
    fn a_plus_is_invalidated_as_s3_serves_it_and_as_cloudfront_wants_it() {
        let paths = ["800x600/a%20b%2Bc%252B%2B.jpg", "800x600/a%20b+c%252B+.jpg"];
        assert_eq!(invalidated("800x600/a b+c%2B+.jpg"), paths);
    }

    #[test]
    fn an_address_names_the_version_by_its_tag() {
        let address = "https://x/800x600/a%3F.jpg";
        assert_eq!(versioned(address, "\"0a1b-2\""), "https://x/800x600/a%3F.jpg?v=0a1b-2");
        assert_eq!(versioned(address, "0a1b"), "https://x/800x600/a%3F.jpg?v=0a1b");
    }

    #[test]
    fn no_key_is_a_wildcard() {
        for (key, encoded) in [("800x600/*", "800x600/%2A"), ("800x600/*.jpg", "800x600/%2A.jpg")] {
            assert_eq!(invalidated(key), [encoded]);
        }
    }
}
