//! The names that AWS takes.
//!
//! Deliberately absent: whether a name is still free, which only AWS knows.

use std::net::Ipv4Addr;
use std::ops::RangeInclusive;

use super::problem::{Fault, shown};
use crate::region;
use crate::suggestion::list;

const BUCKET: &str = "a bucket name is 3 to 63 lower-case letters, digits, hyphens and dots";
/// What S3 reserves: "General purpose bucket naming rules". `-an` ends the names of an account's own
/// regional namespace.
const BUCKET_PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
const BUCKET_SUFFIXES: [&str; 6] = ["-an", "-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/// "IAM and AWS STS quotas" in the IAM user guide.
const POLICY_NAME_CHARACTERS_MAX: usize = 128;

/// Ours: short enough to leave room for suffixes in every name that is made from it.
pub(super) fn stack(name: &str) -> Result<(), Fault> {
    let rule = "a stack name is 1 to 40 lower-case letters, digits and hyphens";
    length(name, 1..=40, rule)?;
    characters(
        name,
        |character| is_lower(character) || character == '-',
        rule,
        |it| stack(it).is_ok(),
    )
}

pub(super) fn region(name: &str) -> Result<(), Fault> {
    if region::is_code(name) {
        return Ok(());
    }
    let fault = Fault::new(region::NO_CODE);
    Err(match region::closest(name) {
        Some(meant) => fault.label(format!("did you mean `{meant}`?")),
        None => fault.help(region::FORM),
    })
}

/// "General purpose bucket naming rules" in the S3 user guide.
pub(super) fn bucket(name: &str) -> Result<(), Fault> {
    length(name, 3..=63, BUCKET)?;
    characters(
        name,
        |character| is_lower(character) || character == '-' || character == '.',
        BUCKET,
        |it| bucket(it).is_ok(),
    )?;
    let ends_well = |part: &str| !part.starts_with('-') && !part.ends_with('-');
    if name.contains("..") {
        return Err(Fault::new("has two dots in a row").help(BUCKET));
    }
    if name.starts_with('.') || name.ends_with('.') || !name.split('.').all(ends_well) {
        let help = "it must start and end with a letter or digit, and so must each part between \
                    dots";
        return Err(Fault::new("starts or ends with a hyphen or dot").help(help));
    }
    if name.parse::<Ipv4Addr>().is_ok() {
        return Err(Fault::new("is an IP address").help("S3 does not allow that"));
    }
    let prefixes = BUCKET_PREFIXES.iter().map(|it| ("begins", it, name.strip_prefix(it)));
    let suffixes = BUCKET_SUFFIXES.iter().map(|it| ("ends", it, name.strip_suffix(it)));
    let reserved = prefixes.chain(suffixes).find_map(|(does, it, rest)| Some((does, it, rest?)));
    reserved.map_or(Ok(()), |(does, it, rest)| Err(reserved_name(does, it, rest)))
}

/// A name that begins or ends in what S3 keeps for itself; `rest` is the name without it.
fn reserved_name(does: &str, reserved: &str, rest: &str) -> Fault {
    let fault = Fault::new(format!("{does} with `{reserved}`")).help("S3 reserves that for itself");
    if bucket(rest).is_ok() { fault.label(format!("did you mean `{rest}`?")) } else { fault }
}

/// "`CreateTopic`" in the SNS API reference; "Event notification types and destinations" in the S3
/// user guide on FIFO topics.
pub(super) fn topic(name: &str) -> Result<(), Fault> {
    let rule = "a topic name is 1 to 256 letters, digits, hyphens and underscores";
    if let Some(standard) = name.strip_suffix(".fifo") {
        return Err(Fault::new("names a FIFO topic")
            .label(format!("use `{standard}` for a standard topic"))
            .help("S3 publishes to standard topics only"));
    }
    length(name, 1..=256, rule)?;
    characters(name, is_word_or_hyphen, rule, |it| topic(it).is_ok())
}

/// "`CreateFunction`" in the Lambda API reference.
pub(super) fn function(name: &str) -> Result<(), Fault> {
    let rule = "a function name is 1 to 64 letters, digits, hyphens and underscores";
    length(name, 1..=64, rule)?;
    characters(name, is_word_or_hyphen, rule, |it| function(it).is_ok())
}

/// "`PutRolePermissionsBoundary`" in the IAM API reference: a policy of the account, or one of those
/// that AWS manages, whose account is `aws`; names and paths as in "IAM and AWS STS quotas".
pub(super) fn managed_policy_arn(arn: &str) -> Result<(), Fault> {
    let rule = "the ARN of a managed policy looks like `arn:aws:iam::123456789012:policy/Boundary`";
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let ["arn", partition, service, region, account, resource] = parts.as_slice() else {
        return Err(Fault::new("is not an ARN").help(rule));
    };
    let is_account =
        *account == "aws" || account.len() == 12 && is_all(account, u8::is_ascii_digit);
    let (path, name) = resource.rsplit_once('/').unwrap_or_default();
    let is_path = path == "policy" || path.starts_with("policy/");
    let is_path = is_path && is_all(path, u8::is_ascii_graphic);
    let is_name = name.len() <= POLICY_NAME_CHARACTERS_MAX
        && is_all(name, |byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(byte));
    let is_policy = is_account && is_path && is_name;
    if !partition.starts_with("aws") || *service != "iam" || !region.is_empty() || !is_policy {
        return Err(Fault::new("is not the ARN of a managed policy").help(rule));
    }
    if path.starts_with("policy/imgprep/") || path == "policy/imgprep" {
        let why = "whoever runs `up` can change policies there, and could remove the boundary";
        return Err(Fault::new("is a policy under `/imgprep/`").help(why));
    }
    Ok(())
}

pub(super) fn path(name: &str) -> Result<(), Fault> {
    if name.is_empty() { Err(Fault::new("is empty").help("name a path")) } else { Ok(()) }
}

fn is_all(text: &str, allowed: fn(&u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(|byte| allowed(&byte))
}

fn is_lower(character: char) -> bool {
    character.is_ascii_lowercase() || character.is_ascii_digit()
}

fn is_word_or_hyphen(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '-' || character == '_'
}

/// Refuses text whose length in characters is outside `limits`.
pub(super) fn length(text: &str, limits: RangeInclusive<usize>, rule: &str) -> Result<(), Fault> {
    let length = text.chars().count();
    if limits.contains(&length) {
        return Ok(());
    }
    let message = match length {
        0 => "is empty".to_owned(),
        1 => "is 1 character long".to_owned(),
        _ => format!("is {length} characters long"),
    };
    Err(Fault::new(message).help(rule))
}

/// Refuses text with characters other than `allowed`; suggests lower case, or hyphens instead, where that
/// `is_valid` as a whole.
pub(super) fn characters(
    text: &str,
    allowed: impl Fn(char) -> bool,
    rule: &str,
    is_valid: impl Fn(&str) -> bool,
) -> Result<(), Fault> {
    let mut wrong: Vec<_> = text.chars().filter(|character| !allowed(*character)).collect();
    wrong.sort_unstable();
    wrong.dedup();
    if wrong.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = wrong.iter().map(|wrong| shown(&wrong.to_string())).collect();
    let fault = Fault::new(format!("has {}", list(names.iter().map(String::as_str), "and")));
    let lower_case = |character: char| match character {
        _ if allowed(character) => character,
        _ => character.to_ascii_lowercase(),
    };
    let hyphen = |character| if allowed(character) { character } else { '-' };
    let repaired: String = text.chars().map(lower_case).map(hyphen).collect();
    // A hyphen at an end, or for a letter, is hardly what the user meant.
    let plausible = wrong.iter().all(char::is_ascii)
        && repaired.trim_matches('-') == repaired
        && is_valid(&repaired);
    let fault = if plausible { fault.label(format!("did you mean `{repaired}`?")) } else { fault };
    Err(fault.help(rule))
}
