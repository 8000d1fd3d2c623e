//! One image sent down the whole pipeline, and, when it does not arrive, where it got stuck.

mod broken;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_types::body::SdkBody;
use contract::failure::FailureRecord;
use contract::keys::ImagePath;
use contract::message::Manifest;
use contract::settings::Variant;
use futures_util::future::try_join_all;
use serde::Serialize;

pub(crate) use self::broken::Broken;
use crate::addresses::address_of;
use crate::aws::bucket::Bucket;
use crate::aws::wait::{Ended, Patience, Pauses, Probe, Stop, watch};
use crate::aws::{Aws, AwsError, Calling, Upload, fetch};
use crate::config::Config;
use crate::engine::fields::touches;
use crate::engine::plan::{Condition, Plan, Step};
use crate::engine::resource::Id;
use crate::logs::{Failure, Filter, Found, FunctionLog};
use crate::names::{Names, trial_folder};
use crate::resources::{bucket, cdn, function, logs, notification, policy, role, topic, trigger};

/// What an upload passes through, or needs, on its way to the variants.
const CHAIN: [Id; 7] =
    [topic::ID, bucket::ID, notification::ID, policy::ID, role::ID, function::ID, trigger::ID];

/// How often the variants are looked for.
const LOOK_PAUSE: Duration = Duration::from_millis(200);
/// How long the CDN may go on answering with an error it has cached (see the `cdn` resource).
const CDN_LIMIT: Duration = Duration::from_secs(15);

/// S3's code for what it refuses.
const DENIED: &str = "AccessDenied";

/// An image to send.
pub(crate) struct Image {
    /// Its file name.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// What a trial runs in.
pub(crate) struct Trial<'a> {
    pub(crate) config: &'a Config,
    pub(crate) aws: &'a Aws,
    pub(crate) names: &'a Names,
    pub(crate) plan: &'a Plan,
    pub(crate) stop: &'a Stop,
    pub(crate) limit: Duration,
    /// Whether image and variants stay in the bucket.
    pub(crate) is_kept: bool,
}

/// A trial that succeeded.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TrialResult {
    /// Where the original is.
    pub(crate) original: String,
    pub(crate) original_bytes: u64,
    /// Whether all of it is still in the bucket.
    pub(crate) kept: bool,
    pub(crate) variants: Vec<Arrived>,
    /// What the application is told, as the manifest has it; `None` where there are no manifests.
    pub(crate) manifest: Option<Manifest>,
}

/// A variant that is there.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Arrived {
    pub(crate) folder: String,
    pub(crate) key: String,
    /// Where people find it; `None` without a CDN in a private bucket.
    pub(crate) url: Option<String>,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bytes: u64,
    pub(crate) content_type: String,
    /// From the end of the upload until it was seen in the bucket.
    pub(crate) milliseconds: u128,
    pub(crate) cdn: CdnCheck,
}

/// What the address of a variant answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CdnCheck {
    Ok,
    /// The distribution is not everywhere yet; it was not asked.
    Deploying,
    /// There is no public address.
    None,
}

/// Why a trial ended without its variants.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// A resource could not be read or written.
    Read { id: Id, error: AwsError },
    /// The pipeline does not work, or not for this image.
    Broken(Box<Broken>),
    /// The user asked to stop.
    Interrupted,
}

impl Stopped {
    /// Whether something may come of the image yet.
    fn is_open(&self) -> bool {
        match self {
            Self::Interrupted => true,
            Self::Broken(broken) => {
                matches!(**broken, Broken::Silent { .. } | Broken::Function { .. })
            }
            Self::Read { .. } => false,
        }
    }

    /// The bucket could not be read or written.
    fn bucket(error: AwsError) -> Self {
        Self::Read { id: bucket::ID, error }
    }
}

impl From<Broken> for Stopped {
    fn from(broken: Broken) -> Self {
        Self::Broken(Box::new(broken))
    }
}

impl Trial<'_> {
    /// Sends the image and waits for its variants; whatever comes of it, none of it stays in the bucket
    /// but what is to be kept. `warn` hears why something could not be removed.
    pub(crate) async fn run(
        &self,
        image: &Image,
        tell: &(dyn Fn(&str) + Send + Sync),
        warn: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<TrialResult, Stopped> {
        let name = self.unique(&image.name);
        for variant in self.config.variants.iter().filter(|it| !it.takes(ImagePath(&name))) {
            let (folder, only) = (&variant.folder, variant.only.join(", "));
            warn(&format!("{folder}/ is made only of originals in {only}: not tried"));
        }
        let original = ImagePath(&name).key_in(&self.config.bucket.originals);
        tell(&format!("uploading {original}"));
        self.upload(&original, image).await.map_err(Stopped::bucket)?;
        let arrived = async {
            let variants = self.variants_of(&original, &name, tell).await?;
            Ok((variants, self.manifest(&name, tell).await?))
        };
        let arrived = arrived.await;
        if !self.is_kept {
            tell("removing the image and its variants");
            if let Err(error) = self.remove(&original, &name).await {
                warn(&format!(
                    "could not remove the test image and its variants: {error}; use `--keep` to \
                     leave them on purpose"
                ));
            } else if arrived.as_ref().is_err_and(Stopped::is_open) {
                warn("the function may still write variants of it; `imgprep prune` lists them");
            }
        }
        let (variants, manifest) = arrived?;
        Ok(TrialResult {
            original: format!("s3://{}/{original}", self.names.bucket),
            original_bytes: image.bytes.len() as u64,
            kept: self.is_kept,
            variants,
            manifest,
        })
    }

    /// What the application is told; it is written right after the last variant.
    async fn manifest(
        &self,
        name: &str,
        tell: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Option<Manifest>, Stopped> {
        if !self.config.has_manifests() {
            return Ok(None);
        }
        tell("waiting for the manifest");
        let key = ImagePath(name).manifest_key();
        let look = async || {
            let manifest = self.bucket().get(&key).await.map_err(Stopped::bucket)?;
            let manifest = manifest.and_then(|file| serde_json::from_slice(&file.bytes).ok());
            Ok::<_, Stopped>(manifest.map_or(Probe::Pending(()), Probe::Done))
        };
        match watch(&self.patience(self.limit), look).await? {
            Ended::Done(manifest) => Ok(Some(manifest)),
            Ended::Late(()) => {
                let why = "the function did not write it after the variants".to_owned();
                Err(Broken::Variant { key, why }.into())
            }
            Ended::Stopped => Err(Stopped::Interrupted),
        }
    }

    async fn variants_of(
        &self,
        original: &str,
        name: &str,
        tell: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Vec<Arrived>, Stopped> {
        let arrived = self.await_variants(original, name, Instant::now(), tell).await?;
        tell("checking the variants");
        let variants = self.config.variants_of(ImagePath(name));
        let checks = variants.map(|variant| self.check(variant, name, arrived[&variant.folder]));
        try_join_all(checks).await
    }

    /// Removes the original first: an event that is yet to come finds it gone, and makes nothing.
    async fn remove(&self, original: &str, name: &str) -> Result<(), AwsError> {
        self.delete(original.to_owned()).await?;
        let variants = self
            .config
            .variants_of(ImagePath(name))
            .map(|variant| ImagePath(name).key_in(&variant.folder));
        let documents = [ImagePath(name).record_key()].into_iter();
        let manifest = self.config.has_manifests().then(|| ImagePath(name).manifest_key());
        let documents = documents.chain(manifest);
        let keys = variants.chain(documents);
        try_join_all(keys.map(|key| self.delete(key))).await?;
        Ok(())
    }

    async fn delete(&self, key: String) -> Result<(), AwsError> {
        let delete = self.aws.s3.delete_object().bucket(&self.names.bucket).key(key);
        let delete = delete.expected_bucket_owner(&self.names.account);
        delete.send().await.calling("s3:DeleteObject")?;
        Ok(())
    }

    /// A name that no other image has, so that nothing is overwritten.
    fn unique(&self, name: &str) -> String {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let millis = now.map_or(0, |now| now.as_millis());
        format!("{}/{millis}-{name}", trial_folder(&self.config.variants))
    }

    async fn upload(&self, key: &str, image: &Image) -> Result<(), AwsError> {
        let put = self.aws.s3.put_object().bucket(&self.names.bucket).key(key);
        let put = put.expected_bucket_owner(&self.names.account);
        let put = put.body(ByteStream::new(SdkBody::from(image.bytes.clone())));
        let upload = Upload::plain(&image.bytes);
        let put = put.customize().config_override(upload.to_s3());
        upload.calling("s3:PutObject", put.send().await)?;
        Ok(())
    }

    /// Looks until every variant is there. Answers with the time of each by its folder.
    async fn await_variants(
        &self,
        original: &str,
        name: &str,
        start: Instant,
        tell: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<BTreeMap<String, Duration>, Stopped> {
        let mut arrived = BTreeMap::new();
        let look = async || {
            let missing = self
                .config
                .variants_of(ImagePath(name))
                .filter(|variant| !arrived.contains_key(&variant.folder));
            let looks = missing.map(|variant| async {
                let there =
                    self.bucket().head(&ImagePath(name).key_in(&variant.folder)).await?.is_some();
                Ok(there.then(|| (variant.folder.clone(), start.elapsed())))
            });
            let seen = try_join_all(looks).await.map_err(Stopped::bucket)?;
            arrived.extend(seen.into_iter().flatten());
            let (have, want) = (arrived.len(), self.config.variants_of(ImagePath(name)).count());
            if have == want {
                return Ok(Probe::Done(()));
            }
            if let Some(broken) = self.recorded(original, name).await? {
                return Err(Stopped::from(broken));
            }
            let secs = start.elapsed().as_secs();
            tell(&format!("{have} of {want} variants after {secs} s"));
            Ok(Probe::Pending(()))
        };
        match watch(&self.patience(self.limit), look).await? {
            Ended::Done(()) => Ok(arrived),
            Ended::Late(()) => Err(self.diagnose(original, start).await?.into()),
            Ended::Stopped => Err(Stopped::Interrupted),
        }
    }

    fn patience(&self, limit: Duration) -> Patience<'_> {
        Patience { limit, pauses: Pauses::Even(LOOK_PAUSE), stop: self.stop }
    }

    fn bucket(&self) -> Bucket<'_> {
        Bucket { aws: self.aws, name: &self.names.bucket, account: &self.names.account }
    }

    /// What the function recorded of an image that it cannot process.
    async fn recorded(&self, original: &str, name: &str) -> Result<Option<Broken>, Stopped> {
        let key = ImagePath(name).record_key();
        let record = self.bucket().get(&key).await;
        let record = record.map_err(Stopped::bucket)?;
        Ok(record.map(|record| {
            let parsed: Result<FailureRecord, _> = serde_json::from_slice(&record.bytes);
            let reason = match parsed {
                Ok(record) => record.reason,
                Err(error) => format!("its record `{key}` cannot be read: {error}"),
            };
            Broken::Recorded { key: original.to_owned(), reason }
        }))
    }

    /// Follows the chain from the bucket on to the first link that is not as it should be.
    async fn diagnose(&self, original: &str, start: Instant) -> Result<Broken, Stopped> {
        if let Some(broken) = link(self.plan, |step| step.condition != Condition::Ok) {
            return Ok(broken);
        }
        let logged = self.logged_failure(original, start.elapsed()).await;
        let logged = logged.map_err(|error| Stopped::Read { id: logs::ID, error })?;
        let silent = |breakdown| {
            let (key, secs) = (original.to_owned(), start.elapsed().as_secs());
            Broken::Silent { key, secs, breakdown }
        };
        Ok(match logged {
            Found::Own(event) => {
                let bucket = self.plan.step(bucket::ID).filter(|_| event.brief().contains(DENIED));
                Broken::Function { notice: bucket.and_then(|step| step.note.clone()), event }
            }
            Found::Breakdown(event) => silent(Some(event)),
            Found::Nothing => silent(None),
        })
    }

    /// What the function's log since the upload says of the original.
    async fn logged_failure(&self, key: &str, ago: Duration) -> Result<Found, AwsError> {
        /// How far apart this machine's clock and AWS's may be.
        const MARGIN: Duration = Duration::from_mins(1);
        let filter = Filter { key: None, everything: true };
        let group = &self.names.log_group;
        let mut log = FunctionLog::new(self.aws, group, ago + MARGIN, filter);
        let mut failure = Failure::of(key);
        match log.read(&mut |event| failure.see(event)).await {
            Err(error) if error.is_not_found() => Ok(Found::Nothing),
            read => read.map(|()| failure.found()),
        }
    }

    async fn check(
        &self,
        variant: &Variant,
        name: &str,
        after: Duration,
    ) -> Result<Arrived, Stopped> {
        let key = ImagePath(name).key_in(&variant.folder);
        let unusable = |why: String| Stopped::from(Broken::Variant { key: key.clone(), why });
        let object = self.bucket().get(&key).await.map_err(Stopped::bucket)?;
        let object = object.ok_or_else(|| unusable("it disappeared again".to_owned()))?;
        let (width, height) = dimensions(&object.bytes).map_err(unusable)?;
        let details = self.plan.step(cdn::ID).and_then(Step::details);
        let base = crate::outputs::base_url(self.config, self.aws, details);
        let url = base.map(|base| address_of(self.config, &base, &key, Some(&object.etag)));
        let cdn = match &url {
            None => CdnCheck::None,
            Some(_) if self.is_cdn_deploying() => CdnCheck::Deploying,
            Some(url) => self.check_cdn(url, &object.bytes).await?,
        };
        Ok(Arrived {
            folder: variant.folder.clone(),
            key,
            url,
            width,
            height,
            bytes: object.bytes.len() as u64,
            content_type: object.content_type,
            milliseconds: after.as_millis(),
            cdn,
        })
    }

    fn is_cdn_deploying(&self) -> bool {
        self.plan.step(cdn::ID).is_some_and(|step| step.condition == Condition::Deploying)
    }

    async fn check_cdn(&self, url: &str, wanted: &[u8]) -> Result<CdnCheck, Stopped> {
        let look = async || {
            let served = async {
                let answer = fetch::get(&self.aws.web, url).await?;
                match (answer.status, &self.config.cdn.fallback) {
                    (200, _) => answer.bytes().await,
                    // Whatever is shown, it is not the variant.
                    (status @ (403 | 404), Some(key)) => {
                        Err(format!("status {status}, for which it shows {key}"))
                    }
                    (status, _) => Err(format!("status {status}")),
                }
            };
            Ok::<_, Stopped>(match served.await {
                Ok(bytes) if bytes == wanted => Probe::Done(CdnCheck::Ok),
                Ok(_) => Probe::Pending("bytes that differ from the bucket's".to_owned()),
                Err(why) => Probe::Pending(why),
            })
        };
        match watch(&self.patience(CDN_LIMIT), look).await? {
            Ended::Done(check) => Ok(check),
            Ended::Late(answer) => Err(Broken::Cdn { url: url.to_owned(), answer }.into()),
            Ended::Stopped => Err(Stopped::Interrupted),
        }
    }
}

/// The first link of the chain with which nothing can arrive, or not what the file says.
pub(crate) fn missing_link(plan: &Plan) -> Option<Broken> {
    link(plan, |step| step.condition == Condition::Missing || makes_other_variants(step))
}

/// Whether it is the function, with the settings of another file than this.
fn makes_other_variants(step: &Step) -> bool {
    step.id == function::ID && touches(&step.edits, function::Fields::environment.as_str())
}

fn link(plan: &Plan, is_broken: impl Fn(&Step) -> bool) -> Option<Broken> {
    let mut links = CHAIN.iter().filter_map(|id| plan.step(*id));
    let step = links.find(|step| is_broken(step))?;
    let (id, name, condition) = (step.id, step.name.clone(), step.condition);
    Some(Broken::Link { id, name, condition })
}

/// Width and height of a variant in pixels, or why it has none.
fn dimensions(bytes: &[u8]) -> Result<(u32, u32), String> {
    match imaging::decode::dimensions(bytes) {
        Ok(size) => Ok(size),
        // The function writes AVIF but does not read it.
        Err(error) => avif_dimensions(bytes).ok_or_else(|| error.to_string()),
    }
}

/// The sides of an AVIF file, from its first image spatial extents property: the box `ispe`, four
/// bytes of version and flags, width, height (ISO/IEC 23008-12, section 6.5.3).
fn avif_dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    if bytes.get(4..12)? != b"ftypavif" {
        return None;
    }
    let start = bytes.windows(4).position(|name| name == b"ispe")? + 8;
    let side = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    Some((side(start)?, side(start + 4)?))
}

#[cfg(test)]
mod tests {
    use super::avif_dimensions;

    #[test]
    fn an_avif_tells_its_size() {
        let mut file = b"\0\0\0\x1cftypavif".to_vec();
        file.extend(b"....ispe\0\0\0\0\0\0\0\x64\0\0\0\x50");
        assert_eq!(avif_dimensions(&file), Some((100, 80)));
        assert_eq!(avif_dimensions(&file[..file.len() - 1]), None);
        assert_eq!(avif_dimensions(b"GIF89a"), None);
    }
}
