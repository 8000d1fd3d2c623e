//! The bucket and the CDN, as the little that the function wants of them.
//!
//! The trait has one implementation on AWS, in `s3_store`, and one in the tests of the handler.

use std::future::Future;

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

/// A file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub key: String,
    pub bytes: Vec<u8>,
    pub content_type: &'static str,
    /// The header `Cache-Control`, if any.
    pub cache_control: Option<String>,
    /// Whether anyone may read it, by an ACL.
    pub public: bool,
}

/// Keys in, bytes out. Every error is one that may pass: what is final is part of the answer.
pub trait Store: Sync {
    /// Fetches an object unless it has more bytes than this.
    fn get(
        &self,
        key: &str,
        bytes_max: u64,
    ) -> impl Future<Output = Result<Fetched, StoreError>> + Send;

    /// The version of an object, without fetching it; nothing if there is no such object.
    fn etag(&self, key: &str) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;

    /// Writes an object, in place of what has its key.
    fn put(&self, object: Object) -> impl Future<Output = Result<(), StoreError>> + Send;

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

/// A call that did not succeed and may succeed later.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{call}: {code}: {message}")]
pub struct StoreError {
    /// The call by the name of its permission, such as `s3:PutObject`.
    pub call: &'static str,
    /// The code AWS gave, or the kind of failure if it gave none.
    pub code: String,
    /// What AWS, or the connection to it, said.
    pub message: String,
}
