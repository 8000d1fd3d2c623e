//! The codes of AWS's regions.

use crate::suggestion;

/// Regions to suggest from. Any other of the same form is taken: AWS keeps opening new ones.
const REGIONS: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

/// What is wrong with a name that is none.
pub(crate) const NO_CODE: &str = "is not a region code";
pub(crate) const FORM: &str = "region codes look like `us-east-1`";

/// Whether a name has the form of "AWS Regions": two or more words and a number.
pub(crate) fn is_code(name: &str) -> bool {
    let is_all =
        |text: &str, is: fn(&u8) -> bool| !text.is_empty() && text.bytes().all(|it| is(&it));
    let words: Vec<_> = name.split('-').collect();
    matches!(words.as_slice(), [area @ .., number]
        if area.len() >= 2
            && area.iter().all(|word| is_all(word, u8::is_ascii_lowercase))
            && is_all(number, u8::is_ascii_digit))
}

/// Whether AWS had such a region when this was written.
pub(crate) fn is_known(name: &str) -> bool {
    REGIONS.contains(&name)
}

/// The region that was probably meant.
pub(crate) fn closest(name: &str) -> Option<&'static str> {
    suggestion::closest(name, REGIONS.iter().copied())
}

/// What to write instead.
pub(crate) fn advice(name: &str) -> String {
    closest(name).map_or(FORM.to_owned(), |meant| format!("did you mean `{meant}`?"))
}

/// A name of the command line.
pub(crate) fn parse(name: &str) -> Result<String, String> {
    if is_code(name) { Ok(name.to_owned()) } else { Err(format!("it {NO_CODE}; {}", advice(name))) }
}
