//! The bucket, the CDN and the topic for the application, as the little that the function wants of
//! them.
//!
//! The trait has one implementation on AWS, in `s3_store`, and one in the tests of the handler.

use std::future::Future;

use bytes::Bytes;
use contract::{
    framing::{Framing, Senseless},
    message::Message,
};

/// An original as it was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// The file.
    pub bytes: Vec<u8>,
    /// Which version of it this is.
    pub etag: Option<String>,
    /// What the uploader said it is. It is only logged: the content decides.
    pub content_type: Option<String>,
    /// What the uploader said of its composition.
    pub framing: Framing,
    /// What of that makes no sense.
    pub senseless: Vec<Senseless>,
}

/// What came of fetching an original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// Here it is.
    Original(Original),
    /// It is larger than the limit, so it was not downloaded.
    TooLarge { size: u64, etag: Option<String> },
    /// It is there, and S3 does not hand it out.
    Withheld(Withheld),
    /// It has been deleted.
    Missing,
}

/// Why S3 does not hand out an object that is there. The reason lies with this object alone, and
/// lasts until somebody removes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Withheld {
    /// It must be restored first; the storage class, and the tier within it, where S3 named them.
    #[error("it is archived{}: restore it, then run `imgprep retry`", in_brackets(.0))]
    Archived(Vec<String>),
    /// It is encrypted under a key that the function's role may not use.
    #[error("{0}, then run `imgprep retry`")]
    Encrypted(KeyDenial),
}

fn in_brackets(words: &[String]) -> String {
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
}

/// A key of AWS KMS that may not be used, which S3 answers as it does a denial of its own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}; allow the function's role `{action}` on {key}")]
pub struct KeyDenial {
    /// What AWS said.
    message: String,
    /// The permission, such as `kms:Decrypt`.
    action: String,
    /// The key, by its ARN if AWS named it.
    key: String,
}

impl KeyDenial {
    /// What a message says of a key, if it is about one: "Troubleshoot access denied error messages"
    /// in the IAM User Guide has its form, in which a key of another account is "this resource".
    pub fn read(message: &str) -> Option<Self> {
        let (_, denied) = message.split_once("not authorized to perform: kms:")?;
        let action = denied.split_whitespace().next()?;
        let key = denied.split_once("on resource: ").map(|(_, rest)| rest);
        let key = key.and_then(|rest| rest.split_whitespace().next());
        Some(Self {
            message: message.to_owned(),
            action: format!("kms:{action}"),
            key: key.map_or_else(|| "its KMS key".to_owned(), str::to_owned),
        })
    }
}

/// What is known of an object without fetching it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Which version of it is there.
    pub etag: String,
    /// Its bytes.
    pub size: u64,
    /// What a variant says of where it comes from.
    pub origin: Option<Origin>,
    /// What the uploader of an original said of its composition.
    pub framing: Framing,
}

/// Which version of an original a variant was made of, and by which settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The `ETag` of the original, without quotes.
    pub source: String,
    /// The [fingerprint](contract::settings::Variant::fingerprint) of the settings.
    pub settings: String,
}

/// A file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub key: String,
    /// The content, which further attempts share.
    pub bytes: Bytes,
    pub content_type: &'static str,
    /// Goes into the metadata of a variant.
    pub origin: Option<Origin>,
    /// Columns and rows of a variant, which go there as well.
    pub size: Option<(u32, u32)>,
    /// The header `Cache-Control`, if any.
    pub cache_control: Option<String>,
    /// Whether anyone may read it, by an ACL.
    pub public: bool,
}

/// Keys in, bytes out. What is no error to the function, such as a missing object, is part of the
/// answer.
pub trait Store: Sync {
    /// Fetches an object unless it has more bytes than this.
    fn get(
        &self,
        key: &str,
        bytes_max: u64,
    ) -> impl Future<Output = Result<Fetched, StoreError>> + Send;

    /// What is known of an object; nothing if there is no such object.
    fn head(&self, key: &str) -> impl Future<Output = Result<Option<Head>, StoreError>> + Send;

    /// Writes an object, in place of what has its key, and answers with its `ETag`.
    fn put(&self, object: &Object) -> impl Future<Output = Result<String, StoreError>> + Send;

    /// Deletes an object; it is no error if there is none.
    fn delete(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Publishes a message on a topic.
    fn announce(
        &self,
        topic: &str,
        message: &Message,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Has the CDN forget what it holds of these keys. The reference makes a repeated call one.
    fn invalidate(
        &self,
        distribution: &str,
        keys: &[String],
        reference: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A call that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{call}: {code}: {message}")]
pub struct StoreError {
    /// The call by the name of its permission, such as `s3:PutObject`.
    pub call: &'static str,
    /// The code AWS gave, or the kind of failure if it gave none.
    pub code: String,
    /// What AWS, or the connection to it, said; and what to do about it, where that is known.
    pub message: String,
    /// What to expect of the same call made again.
    pub outlook: Outlook,
}

/// What to expect of a call that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// It may succeed in a moment: AWS is busy, or the connection broke.
    Passing,
    /// It fails until somebody changes something, such as a permission.
    Lasting,
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "User: arn:aws:sts::1:assumed-role/R/F is not authorized to perform: ";

    #[test]
    fn a_denial_of_a_key_names_the_key_and_the_permission() {
        for (rest, advice) in [
            (
                "kms:Decrypt on resource: arn:aws:kms:eu-west-1:1:key/b9 because no identity-based \
                 policy allows the kms:Decrypt action",
                "allow the function's role `kms:Decrypt` on arn:aws:kms:eu-west-1:1:key/b9",
            ),
            (
                "kms:GenerateDataKey on this resource because the resource does not exist in this \
                 Region, no resource-based policies allow access, or a resource-based policy \
                 explicitly denies access",
                "allow the function's role `kms:GenerateDataKey` on its KMS key",
            ),
        ] {
            let message = format!("{USER}{rest}");
            let denial = KeyDenial::read(&message).unwrap();
            assert_eq!(denial.to_string(), format!("{message}; {advice}"));
            let withheld = Withheld::Encrypted(denial).to_string();
            assert_eq!(withheld, format!("{message}; {advice}, then run `imgprep retry`"));
        }
        for other in ["Access Denied", &format!("{USER}s3:GetObject on resource: \"arn:kms:\"")] {
            assert_eq!(KeyDenial::read(other), None, "{other}");
        }
    }

    #[test]
    fn an_archived_object_names_its_class_where_it_is_known() {
        for (named, text) in [
            (vec![], "it is archived: restore it, then run `imgprep retry`"),
            (vec!["GLACIER"], "it is archived (GLACIER): restore it, then run `imgprep retry`"),
            (
                vec!["INTELLIGENT_TIERING", "ARCHIVE_ACCESS"],
                "it is archived (INTELLIGENT_TIERING, ARCHIVE_ACCESS): restore it, then run \
                 `imgprep retry`",
            ),
        ] {
            let named = named.into_iter().map(str::to_owned).collect();
            assert_eq!(Withheld::Archived(named).to_string(), text);
        }
    }
}
