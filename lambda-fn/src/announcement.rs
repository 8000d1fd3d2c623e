//! The one call to SNS, which sends the application the outcome of an original.

use std::fmt::Write as _;

use aws_sdk_s3::config::Credentials;
use contract::message::{EVENT_ATTRIBUTE, FOLDER_ATTRIBUTE, Message};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{service::Service, store::StoreError};

/// The version of the API that requests are written in ("Common Parameters" in the Amazon SNS API
/// Reference).
const VERSION: &str = "2010-03-31";

/// What stands in a form as it is (RFC 3986, section 2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// SNS, as the little that the function wants of it.
#[derive(Debug)]
pub(crate) struct Announcer(Service);

impl Announcer {
    /// Prepares calls to SNS in this region, or at another endpoint.
    pub(crate) fn new(region: &str, endpoint: Option<&str>, credentials: Credentials) -> Self {
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let home = format!("https://sns.{region}.{suffix}");
        let endpoint = endpoint.unwrap_or(&home);
        Self(Service::new("sns:Publish", ("sns", region), endpoint, credentials))
    }

    /// Publishes a message on a topic.
    pub(crate) async fn announce(&self, topic: &str, message: &Message) -> Result<(), StoreError> {
        let form = form(topic, message);
        self.0.post("/", "application/x-www-form-urlencoded; charset=utf-8", &form).await
    }
}

/// The body of the call.
fn form(topic: &str, message: &Message) -> String {
    let manifest = &message.manifest;
    let event = (EVENT_ATTRIBUTE, manifest.event.as_str());
    let folder = manifest.folder().map(|folder| (FOLDER_ATTRIBUTE, folder));
    let attributes: Vec<_> = [event].into_iter().chain(folder).collect();
    let attribute_bytes =
        attributes.iter().map(|(name, value)| name.len() + "String".len() + value.len()).sum();
    let mut form = format!("Action=Publish&Version={VERSION}");
    let mut add = |name: &str, value: &str| {
        let _ = write!(form, "&{name}={}", utf8_percent_encode(value, UNRESERVED));
    };
    add("TopicArn", topic);
    add("Message", &message.to_json(attribute_bytes));
    for (number, (name, value)) in (1..).zip(attributes) {
        let entry = format!("MessageAttributes.entry.{number}");
        add(&format!("{entry}.Name"), name);
        add(&format!("{entry}.Value.DataType"), "String");
        add(&format!("{entry}.Value.StringValue"), value);
    }
    form
}

#[cfg(test)]
mod tests {
    use contract::{
        keys::ImagePath,
        message::{Event, Manifest},
    };
    use percent_encoding::percent_decode_str;

    use super::*;

    #[test]
    fn a_message_goes_with_its_attributes_as_a_form() {
        let (key, path) = ("originals/ü&=+/a b.jpg", ImagePath("ü&=+/a b.jpg"));
        let manifest = Manifest::about(Event::Failed, ("shop", "photos"), (key, path));
        let message = Message { manifest, reason: Some("broken".to_owned()) };
        let form = form("arn:aws:sns:eu-west-1:1:shop-ready", &message);
        assert!(form.is_ascii() && !form.contains([' ', '+']), "{form}");
        let members: Vec<(String, String)> = form
            .split('&')
            .map(|member| {
                let (name, value) = member.split_once('=').unwrap();
                let value = percent_decode_str(value).decode_utf8().unwrap().into_owned();
                (name.to_owned(), value)
            })
            .collect();
        let text = message.to_json(0);
        let expected = [
            ("Action", "Publish"),
            ("Version", "2010-03-31"),
            ("TopicArn", "arn:aws:sns:eu-west-1:1:shop-ready"),
            ("Message", text.as_str()),
            ("MessageAttributes.entry.1.Name", "event"),
            ("MessageAttributes.entry.1.Value.DataType", "String"),
            ("MessageAttributes.entry.1.Value.StringValue", "failed"),
            ("MessageAttributes.entry.2.Name", "folder"),
            ("MessageAttributes.entry.2.Value.DataType", "String"),
            ("MessageAttributes.entry.2.Value.StringValue", "ü&=+"),
        ];
        assert_eq!(members, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
