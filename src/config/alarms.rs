//! `[alarms]`: who gets a mail when images get stuck.

use super::problem::Fault;
use super::table::Table;
use super::{Alarms, limit_rules};

const DEFAULT_FAILED_IMAGES: u32 = 10;

/// The longest address that mail can be sent to (RFC 5321, section 4.5.3.1.3, less its brackets).
const ADDRESS_BYTES_MAX: usize = 254;

/// The longest mailbox (RFC 5321, section 4.5.3.1.1).
const MAILBOX_BYTES_MAX: usize = 64;

/// The longest part of a host's name between dots (RFC 1035, section 2.3.4).
const LABEL_BYTES_MAX: usize = 63;

/// The section, if the file has it. `topics` are those that the stack has for other purposes.
pub(super) fn alarms(
    root: &Table<'_>,
    stack: &str,
    topics: [Option<&String>; 2],
) -> Option<Alarms> {
    root.key_span("alarms")?;
    let table = root.table("alarms");
    let topic = format!("{stack}-alarms");
    if topics.into_iter().flatten().any(|other| *other == topic) {
        let why = format!("needs a topic called `{topic}`, which the file has for another purpose");
        table.report_table(Fault::new(why).help("give that topic another name"));
    }
    let email = table.texts("email", address).unwrap_or_default();
    table.report_twice("email", "an address", &email);
    let failed = table.number("failed_images", limit_rules::failed_images);
    Some(Alarms {
        topic,
        email: email.into_iter().map(|address| address.value).collect(),
        failed_images: Some(failed.unwrap_or(DEFAULT_FAILED_IMAGES)).filter(|count| *count > 0),
    })
}

/// An address as SNS takes it: a mailbox and a host, and nothing around them.
fn address(text: &str) -> Result<(), Fault> {
    let rule = "an address looks like `ops@example.com`";
    let bare = text.strip_prefix("mailto:").unwrap_or(text).trim();
    let bare = bare.rsplit_once('<').map_or(bare, |(_, rest)| rest.trim_end_matches('>'));
    match is_address(bare) {
        true if bare == text => Ok(()),
        true => Err(Fault::new("is not an address").label(format!("did you mean `{bare}`?"))),
        false => Err(Fault::new("is not an address").help(rule)),
    }
}

fn is_address(text: &str) -> bool {
    let Some((mailbox, host)) = text.rsplit_once('@') else { return false };
    let is_in_mailbox =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte);
    let is_in_host = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    // RFC 1035, section 2.3.1.
    let is_label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.bytes().all(is_in_host)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= ADDRESS_BYTES_MAX
        && (1..=MAILBOX_BYTES_MAX).contains(&mailbox.len())
        && mailbox.bytes().all(is_in_mailbox)
        && host.contains('.')
        && host.split('.').all(is_label)
}
