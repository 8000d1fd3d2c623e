//! `[notify]`: who is told when the variants of an original are ready.

use super::name_rules;
use super::problem::Fault;
use super::table::{Table, Text, Words};
use super::{Notify, Topic};

/// Whether an application is told what to show until a variant is loaded.
const PLACEHOLDER: &Words<bool> = &[("thumbhash", true), ("none", false)];

/// The section, if the file has it. `trigger` is the topic that announces originals.
pub(super) fn notify(root: &Table<'_>, stack: &str, trigger: &Topic) -> Option<Notify> {
    root.key_span("notify")?;
    let table = root.table("notify");
    let topic = table.text_or("topic", &format!("{stack}-ready"), name_rules::topic);
    if topic.value == trigger.name {
        let fault = Fault::new("is the topic that announces originals");
        table.report("topic", &topic, fault.label("name another topic"));
    }
    let https = table.texts("https", endpoint).unwrap_or_default();
    check_twice(&table, &https);
    Some(Notify {
        topic: topic.value,
        https: https.into_iter().map(|endpoint| endpoint.value).collect(),
        queue: table.flag("queue").unwrap_or(false),
        manifest: table.flag("manifest").unwrap_or(true),
        thumbhash: table.word("placeholder", PLACEHOLDER).unwrap_or(true),
    })
}

fn check_twice(table: &Table<'_>, all: &[Text]) {
    for (index, endpoint) in all.iter().enumerate() {
        if let Some(first) = all[..index].iter().find(|first| first.value == endpoint.value) {
            let fault = Fault::new("has an address twice").label("remove one of the two");
            table.report("https", endpoint, fault.related(first.span.as_ref(), "the other one"));
        }
    }
}

/// An address that SNS posts messages to ("Fanout Amazon SNS notifications to HTTPS endpoints" in the
/// Amazon SNS Developer Guide), or one of this machine, which only the local AWS reaches.
fn endpoint(address: &str) -> Result<(), Fault> {
    let rule = "an address looks like `https://app.example.com/hooks/photos`";
    let (scheme, rest) = address.split_once("://").unwrap_or_default();
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('@') {
        return Err(Fault::new("has a user name or password")
            .label("remove them")
            .help("verify the signature of SNS instead, which every message has"));
    }
    let is_printable = address.chars().all(|character| character.is_ascii_graphic());
    let is_local = ["localhost", "127.0.0.1"].iter().any(|it| {
        host.strip_prefix(it).is_some_and(|port| port.is_empty() || port.starts_with(':'))
    });
    match scheme {
        _ if host.is_empty() || !is_printable || address.contains('#') => {
            Err(Fault::new("is not an address").help(rule))
        }
        "https" => Ok(()),
        "http" if is_local => Ok(()),
        "http" => {
            let meant = format!("did you mean `https://{rest}`?");
            Err(Fault::new("would get its messages unencrypted").label(meant))
        }
        _ => Err(Fault::new("is not an address").help(rule)),
    }
}
