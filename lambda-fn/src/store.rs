//! The bucket and the CDN, as the little that the function wants of them.
//!
//! The trait has one implementation on AWS, in `s3_store`, and one in the tests of the handler.

use std::future::Future;

use bytes::Bytes;

/// An original as it was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// The file.
    pub bytes: Vec<u8>,
    /// Which version of it this is.
    pub etag: Option<String>,
    /// What the uploader said it is. It is only logged: the content decides.
    pub content_type: Option<String>,
}

/// What came of fetching an original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// Here it is.
    Original(Original),
    /// It is larger than the limit, so it was not downloaded.
    TooLarge { size: u64, etag: Option<String> },
    /// It has been deleted.
    Missing,
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
}

/// Which version of an original a variant was made of, and by which settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The `ETag` of the original, without quotes.
    pub source: String,
    /// The [fingerprint](crate::settings::Variant::fingerprint) of the settings.
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

    /// Writes an object, in place of what has its key.
    fn put(&self, object: &Object) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Deletes an object; it is no error if there is none.
    fn delete(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

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
