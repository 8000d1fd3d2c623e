//! `[uploads]`: which pages may upload originals, and what.

use std::net::Ipv4Addr;

use super::name_rules::length;
use super::problem::Fault;
use super::table::Table;
use super::{Uploads, web_rules};

const DEFAULT_MAX_SIZE: &str = "25MB";
const DEFAULT_TYPES: [&str; 1] = ["image/*"];

/// As far as a rule of CORS needs; S3 takes a document of 64 KB ("Elements of a CORS configuration"
/// in the Amazon S3 User Guide).
const ORIGINS_MAX: usize = 100;

/// The largest object that one POST makes ("Uploading objects" in the Amazon S3 User Guide).
const SIZE_MAX: u64 = 5_000_000_000;

/// Decimal units, the longer name first where one ends as another does.
const UNITS: [(&str, u64); 3] = [("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000)];

pub(super) fn uploads(table: &Table<'_>) -> Uploads {
    let max_size = table.text_or("max_size", DEFAULT_MAX_SIZE, max_size).value;
    Uploads {
        origins: origins(table),
        max_size: parse_size(&max_size).unwrap_or(SIZE_MAX),
        types: types(table),
    }
}

fn origins(table: &Table<'_>) -> Vec<String> {
    let origins = table.texts("origins", origin).unwrap_or_default();
    if origins.len() > ORIGINS_MAX {
        let fault = Fault::new(format!("has {} origins", origins.len()));
        table.report_key("origins", fault.label(format!("at most {ORIGINS_MAX} are allowed")));
    }
    table.report_twice("origins", "an origin", &origins);
    origins.into_iter().map(|origin| origin.value).collect()
}

fn types(table: &Table<'_>) -> Vec<String> {
    let default = || DEFAULT_TYPES.map(ToOwned::to_owned).to_vec();
    let Some(types) = table.texts("types", content_type) else { return default() };
    table.report_twice("types", "a type", &types);
    if types.is_empty() {
        if table.key_span("types").is_some() {
            let help = "name a type, such as `types = [\"image/*\"]`, or remove `types`";
            table.report_key("types", Fault::new("names no type").help(help));
        }
        return default();
    }
    types.into_iter().map(|kind| kind.value).collect()
}

/// What a browser sends as `Origin`, which S3 compares character by character: scheme, host, and a
/// port that is not the scheme's own (RFC 6454, section 6.2).
fn origin(text: &str) -> Result<(), Fault> {
    let rule = "an origin is a scheme and a host, such as `https://app.example.com`, and a port \
                where the address has one";
    if text.contains('*') {
        let help = "with a wildcard, pages of sites that you don't control could upload as well; \
                    name each origin";
        return Err(Fault::new("has a `*`").help(help));
    }
    let fault = Fault::new("is not an origin");
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme @ ("https" | "http"), rest)) => (scheme, rest),
        None if is_authority("https", text) => {
            return Err(fault.label(format!("did you mean `https://{text}`?")));
        }
        _ => return Err(fault.help(rule)),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest).to_lowercase();
    let own_port = if scheme == "https" { ":443" } else { ":80" };
    let authority = authority.strip_suffix(own_port).unwrap_or(&authority);
    if !is_authority(scheme, authority) {
        return Err(fault.help(rule));
    }
    if scheme == "http" && !is_this_machine(authority) {
        let help = "on the way, anybody could change a page that is loaded over plain HTTP";
        let fault = Fault::new("is not `https`, which only `localhost` may do without");
        return Err(fault.label(format!("did you mean `https://{authority}`?")).help(help));
    }
    let meant = format!("{scheme}://{authority}");
    if meant == text { Ok(()) } else { Err(fault.label(format!("did you mean `{meant}`?"))) }
}

/// A host, and a port if it is not the scheme's own.
fn is_authority(scheme: &str, text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !text.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let own_port = if scheme == "https" { 443 } else { 80 };
    let is_port = |port: &str| {
        let number = port.parse().ok().filter(|number: &u16| number.to_string() == port);
        number.is_some_and(|number| number != 0 && number != own_port)
    };
    let is_host = is_this_machine(host)
        || host.parse::<Ipv4Addr>().is_ok()
        || (web_rules::is_host(host) && !host.starts_with('*'));
    is_host && port.is_none_or(is_port)
}

/// Whether browsers trust a host, with or without a port, as they trust one with HTTPS ("Secure
/// Contexts", section 3.1).
fn is_this_machine(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, _)) if !authority.ends_with(']') => host,
        _ => authority,
    };
    let below = host.strip_suffix(".localhost").map(|label| format!("{label}.example"));
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
        || below.is_some_and(|name| web_rules::is_host(&name) && !name.starts_with('*'))
}

fn max_size(text: &str) -> Result<(), Fault> {
    parse_size(text).map(drop)
}

/// A size such as `25MB`, in bytes.
fn parse_size(text: &str) -> Result<u64, Fault> {
    let rule = "a size is a whole number with a decimal unit, kB, MB or GB, such as `25MB`";
    let fault = Fault::new("is not a size");
    let Some(size) = size(text) else {
        let plain: String = text.split_whitespace().collect();
        let plain = plain.to_lowercase().replace("ib", "b");
        let meant = match plain.strip_suffix('b').unwrap_or(&plain) {
            number if number.ends_with('k') => format!("{number}B"),
            number => format!("{}B", number.to_uppercase()),
        };
        return Err(match size(&meant) {
            Some(_) => fault.label(format!("did you mean `{meant}`?")),
            None => fault.help(rule),
        });
    };
    match size {
        0 => Err(Fault::new("is 0").label("nothing could be uploaded")),
        1..=SIZE_MAX => Ok(size),
        _ => Err(Fault::new(format!("is {text}")).label("S3 takes at most 5GB in one upload")),
    }
}

/// The bytes of a size in its one spelling, 0 without a unit as well.
fn size(text: &str) -> Option<u64> {
    let (number, unit) = match UNITS.into_iter().find(|(unit, _)| text.ends_with(unit)) {
        Some((unit, bytes)) => (text.strip_suffix(unit)?, bytes),
        None if text == "0" => (text, 1),
        None => return None,
    };
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.is_empty();
    let number = number.parse::<u64>().unwrap_or(u64::MAX);
    is_plain.then(|| number.saturating_mul(unit))
}

/// A type that an upload may have: `type/subtype`, or `type/*` (RFC 9110, section 8.3.1).
pub(super) fn content_type(text: &str) -> Result<(), Fault> {
    let rule = "a type is one such as `image/jpeg`, or `image/*` for all of a kind";
    length(text, 3..=TYPE_BYTES_MAX, rule)?;
    if is_content_type(text) {
        return Ok(());
    }
    let meant = text.to_lowercase();
    let fault = Fault::new("is not a content type");
    Err(match is_content_type(&meant) {
        true => fault.label(format!("did you mean `{meant}`?")),
        false if is_content_type(&format!("{text}/*")) => {
            fault.label(format!("did you mean `{text}/*`?"))
        }
        false => fault.help(rule),
    })
}

/// The longest names that a registry takes, with the slash (RFC 6838, section 4.2).
const TYPE_BYTES_MAX: usize = 255;

fn is_content_type(text: &str) -> bool {
    let is_name = |name: &str| {
        let is_part = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$&-^_.+".contains(&byte)
        };
        !name.is_empty() && name.bytes().all(is_part)
    };
    let parts = text.split_once('/');
    parts.is_some_and(|(kind, name)| is_name(kind) && (name == "*" || is_name(name)))
}
