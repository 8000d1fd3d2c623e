//! What must not leave a log: the parts of a signed address that make it work.

/// The query parameters that carry a signature or credentials (AWS Signature Version 4, and
/// CloudFront's signed URLs).
const SECRET_PARAMETERS: [&str; 5] =
    ["X-Amz-Signature=", "X-Amz-Security-Token=", "X-Amz-Credential=", "Signature=", "Policy="];

const HIDDEN: &str = "(hidden)";

/// The text with the secrets of signed addresses hidden.
pub(super) fn redacted(text: &str) -> String {
    SECRET_PARAMETERS.iter().fold(text.to_owned(), |text, name| hide(&text, name))
}

/// Hides what follows `name` where it begins a query parameter.
fn hide(text: &str, name: &str) -> String {
    let mut parts = text.split(name);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_parameter = shown.ends_with(['?', '&']);
        shown.push_str(name);
        if is_parameter {
            let end = part.find(['&', '?', ' ', '"', '\\', '<', '>', '\'', '\n']);
            shown.push_str(HIDDEN);
            shown.push_str(end.map_or("", |end| &part[end..]));
        } else {
            shown.push_str(part);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secrets_of_an_address_are_hidden() {
        let text = r#"{"reason":"GET https://b/o.jpg?X-Amz-Credential=AKIA%2F1&X-Amz-Date=2
            &X-Amz-Signature=abc","key":"Policy=1"}"#;
        let shown = r#"{"reason":"GET https://b/o.jpg?X-Amz-Credential=(hidden)&X-Amz-Date=2
            &X-Amz-Signature=(hidden)","key":"Policy=1"}"#;
        assert_eq!(redacted(text), shown);
        assert_eq!(
            redacted("?Signature=a?Signature=b&Policy=c d"),
            "?Signature=(hidden)?Signature=(hidden)&Policy=(hidden) d"
        );
        assert_eq!(redacted("nothing to hide"), "nothing to hide");
    }
}
