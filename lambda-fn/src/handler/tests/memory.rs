//! A bucket in memory that can be told to fail, to wait, and to change while it is used.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, Mutex, MutexGuard},
};

use contract::{
    framing::{Framing, Senseless},
    message::Message,
};
use tokio::sync::Semaphore;

use crate::store::{Fetched, Head, Object, Origin, Original, Outlook, Store, StoreError, Withheld};

/// An object as the bucket keeps it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kept {
    pub(super) bytes: Vec<u8>,
    pub(super) etag: String,
    pub(super) origin: Option<Origin>,
    pub(super) content_type: &'static str,
    pub(super) cache_control: Option<String>,
    pub(super) public: bool,
}

/// Something that happens to the bucket behind the function's back.
type Change = Box<dyn FnOnce(&mut Bucket) + Send>;

#[derive(Default)]
pub(super) struct Bucket {
    pub(super) objects: BTreeMap<String, Kept>,
    /// Every call so far, such as `put 800x600/a.jpg`.
    pub(super) calls: Vec<String>,
    pub(super) invalidated: Vec<String>,
    pub(super) messages: Vec<Message>,
    /// The user-defined metadata of originals by their key.
    pub(super) metadata: BTreeMap<String, BTreeMap<String, String>>,
    /// Calls that do not succeed, however often they are made.
    pub(super) failing: Vec<String>,
    /// Objects that are there and not handed out.
    pub(super) withheld: BTreeMap<String, Withheld>,
    /// Errors that a call ends with before it succeeds, last one first.
    errors: BTreeMap<String, Vec<StoreError>>,
    /// What happens right after a call.
    after: Vec<(String, Change)>,
    gates: BTreeMap<String, Arc<Gate>>,
    versions: usize,
}

impl Bucket {
    pub(super) fn keep(&mut self, object: Object) {
        self.versions += 1;
        let Object { key, bytes, content_type, origin, cache_control, public, .. } = object;
        let (bytes, etag) = (bytes.to_vec(), format!("v{}", self.versions));
        let kept = Kept { bytes, etag, origin, content_type, cache_control, public };
        self.objects.insert(key, kept);
    }

    /// As an upload by anybody.
    pub(super) fn upload(&mut self, key: &str, bytes: Vec<u8>) {
        let content_type = "application/octet-stream";
        self.keep(Object {
            key: key.to_owned(),
            bytes: bytes.into(),
            content_type,
            origin: None,
            size: None,
            cache_control: None,
            public: false,
        });
    }

    fn framing(&self, key: &str) -> (Framing, Vec<Senseless>) {
        Framing::read(|name| self.metadata.get(key)?.get(name).map(String::as_str))
    }

    pub(super) fn count(&self, call: &str) -> usize {
        self.calls.iter().filter(|made| made.starts_with(call)).count()
    }
}

/// Where a call waits until the test lets it through.
#[derive(Debug)]
pub(super) struct Gate {
    waiting: Semaphore,
    open: Semaphore,
}

impl Gate {
    /// Waits until a call has come this far.
    pub(super) async fn reached(&self) {
        self.waiting.acquire().await.unwrap().forget();
    }

    /// Lets every call through, also later ones.
    pub(super) fn open(&self) {
        self.open.add_permits(1000);
    }
}

pub(super) fn passing(call: &'static str) -> StoreError {
    let (code, message) = ("SlowDown".to_owned(), "reduce your rate".to_owned());
    StoreError { call, code, message, outlook: Outlook::Passing }
}

pub(super) fn lasting(call: &'static str) -> StoreError {
    let (code, message) = ("AccessDenied".to_owned(), "no".to_owned());
    StoreError { call, code, message, outlook: Outlook::Lasting }
}

#[derive(Default)]
pub(super) struct Memory(Mutex<Bucket>);

impl Memory {
    pub(super) fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.0.lock().unwrap()
    }

    pub(super) fn upload(&self, key: &str, bytes: Vec<u8>) {
        self.bucket().upload(key, bytes);
    }

    pub(super) fn keys(&self) -> Vec<String> {
        self.bucket().objects.keys().cloned().collect()
    }

    /// Has a call end with these errors, one at a time, before it succeeds.
    pub(super) fn fail(&self, call: &str, mut errors: Vec<StoreError>) {
        errors.reverse();
        self.bucket().errors.insert(call.to_owned(), errors);
    }

    /// Has something happen right after the next such call; several one after another.
    pub(super) fn after(&self, call: &str, change: impl FnOnce(&mut Bucket) + Send + 'static) {
        self.bucket().after.push((call.to_owned(), Box::new(change)));
    }

    /// Has a call wait.
    pub(super) fn gate(&self, call: &str) -> Arc<Gate> {
        let gate = Arc::new(Gate { waiting: Semaphore::new(0), open: Semaphore::new(0) });
        self.bucket().gates.insert(call.to_owned(), Arc::clone(&gate));
        gate
    }

    /// Makes a call as the script says; `act` is the call itself.
    async fn call<T>(
        &self,
        call: &'static str,
        what: &str,
        act: impl FnOnce(&mut Bucket) -> T,
    ) -> Result<T, StoreError> {
        let made = format!("{call} {what}");
        let gate = {
            let mut bucket = self.bucket();
            bucket.calls.push(made.clone());
            bucket.gates.get(&made).cloned()
        };
        if let Some(gate) = gate {
            gate.waiting.add_permits(1);
            gate.open.acquire().await.unwrap().forget();
        }
        let mut bucket = self.bucket();
        if bucket.failing.contains(&made) {
            return Err(passing(call));
        }
        if let Some(error) = bucket.errors.get_mut(&made).and_then(Vec::pop) {
            return Err(error);
        }
        let answer = act(&mut bucket);
        let changes = mem::take(&mut bucket.after);
        let (mut due, rest): (Vec<_>, Vec<_>) =
            changes.into_iter().partition(|(after, _)| *after == made);
        let later = if due.is_empty() { Vec::new() } else { due.split_off(1) };
        bucket.after = later.into_iter().chain(rest).collect();
        for (_, change) in due {
            change(&mut bucket);
        }
        Ok(answer)
    }
}

impl Store for Memory {
    async fn get(&self, key: &str, bytes_max: u64) -> Result<Fetched, StoreError> {
        self.call("get", key, |bucket| {
            let Some(kept) = bucket.objects.get(key).cloned() else { return Fetched::Missing };
            if let Some(why) = bucket.withheld.get(key).cloned() {
                return Fetched::Withheld(why);
            }
            let (size, etag) = (kept.bytes.len() as u64, Some(kept.etag));
            if size > bytes_max {
                return Fetched::TooLarge { size, etag };
            }
            let content_type = Some(kept.content_type.to_owned());
            let (framing, senseless) = bucket.framing(key);
            let bytes = kept.bytes;
            Fetched::Original(Original { bytes, etag, content_type, framing, senseless })
        })
        .await
    }

    async fn head(&self, key: &str) -> Result<Option<Head>, StoreError> {
        self.call("head", key, |bucket| {
            let kept = bucket.objects.get(key)?;
            let (etag, origin) = (kept.etag.clone(), kept.origin.clone());
            let framing = bucket.framing(key).0;
            Some(Head { etag, size: kept.bytes.len() as u64, origin, framing })
        })
        .await
    }

    async fn put(&self, object: &Object) -> Result<String, StoreError> {
        self.call("put", &object.key, |bucket| {
            bucket.keep(object.clone());
            bucket.objects[&object.key].etag.clone()
        })
        .await
    }

    async fn announce(&self, topic: &str, message: &Message) -> Result<(), StoreError> {
        self.call("announce", topic, |bucket| bucket.messages.push(message.clone())).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.call("delete", key, |bucket| drop(bucket.objects.remove(key))).await
    }

    async fn invalidate(&self, id: &str, keys: &[String], _: &str) -> Result<(), StoreError> {
        self.call("invalidate", id, |bucket| bucket.invalidated.extend_from_slice(keys)).await
    }
}
