//! The bucket's lifecycle rules of ours, by their IDs: where originals are kept and how long, and what
//! becomes of uploads that were broken off and of versions that were replaced.
//!
//! S3 keeps all rules of a bucket in one document that each write replaces, so ours are merged in and
//! taken out, and everybody else's are written back.

use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::operation::get_bucket_lifecycle_configuration::GetBucketLifecycleConfigurationOutput;
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule,
};
use contract::keys::FAILED_FOLDER;
use serde_json::{Map, Value};

use super::cors::is_unanswered;
use super::lifecycle_rule::{Action, Rule, prefix, shown, with_filter};
use super::{Bucket, Fields, NO_BUCKET};
use crate::amounts::counted;
use crate::aws::{Aws, AwsError, Calling};
use crate::config::{Config, StorageClass};
use crate::engine::fields::{Edit, Unwanted};
use crate::engine::resource::{Context, Observed};
use crate::names::trial_folder;
use crate::pricing::{number, prices};

const GET: &str = "s3:GetLifecycleConfiguration";
const PUT: &str = "s3:PutLifecycleConfiguration";

/// As many as S3 keeps ("Setting an S3 Lifecycle configuration on a bucket", Amazon S3 User Guide).
const RULES_MAX: usize = 1000;

/// The names of the rules about originals; those about versions are called after their folders.
const STORAGE: &str = "storage";
const EXPIRY: &str = "expiry";
const UPLOADS: &str = "uploads";

type Document = GetBucketLifecycleConfigurationOutput;

/// What the bucket has of our rules, or why that is not known.
pub(super) struct Found {
    pub(super) rules: Unwanted<Value>,
    /// Whether one of them is about versions, of which the file may know nothing any more.
    pub(super) has_versions: bool,
    pub(super) notes: Vec<String>,
}

/// Folders whose replaced objects nobody wants back: what is made again from an original, and what
/// `imgprep try` uploads.
pub(super) fn remade_folders(config: &Config) -> Vec<String> {
    let trial = format!("{}/{}", config.bucket.originals, trial_folder(&config.variants));
    config.made_folders().into_iter().chain([FAILED_FOLDER.to_owned(), trial]).collect()
}

impl Bucket {
    /// The rules that the file asks for; none where it asks nothing about storage.
    pub(super) fn lifecycle_rules(&self) -> Vec<Rule> {
        let storage = self.storage;
        let of_originals = |name: &str, action| Rule {
            name: name.to_owned(),
            prefix: self.originals_prefix(),
            action,
        };
        let moved = storage.originals.map(|moved| of_originals(STORAGE, Action::Move(moved)));
        let has_versions = storage.versioning;
        let expired = storage.expire_originals_days;
        let expired =
            expired.map(|days| of_originals(EXPIRY, Action::Expire { days, has_versions }));
        let versions = self.remade_folders.iter().filter(|_| has_versions).map(|folder| {
            let prefix = format!("{folder}/");
            Rule { name: prefix.clone(), prefix, action: Action::ExpireVersions }
        });
        let mut rules: Vec<Rule> = moved.into_iter().chain(expired).chain(versions).collect();
        if !rules.is_empty() {
            rules.push(of_originals(UPLOADS, Action::AbortUploads));
        }
        rules
    }

    fn originals_prefix(&self) -> String {
        format!("{}/", self.originals)
    }

    /// A colon stands in no stack's name, so that nobody else's rule begins like one of ours.
    pub(super) fn lifecycle_id(&self, name: &str) -> String {
        format!("imgprep-{}:{name}", self.names.stack)
    }

    /// The name of a rule of ours.
    fn name_of<'r>(&self, rule: &'r LifecycleRule) -> Option<&'r str> {
        rule.id()?.strip_prefix(&self.lifecycle_id(""))
    }

    /// Our rules as S3 takes them.
    fn ours(&self) -> Result<Vec<LifecycleRule>, BuildError> {
        let rules = self.lifecycle_rules().into_iter();
        rules.map(|rule| rule.at_s3(self.lifecycle_id(&rule.name))).collect()
    }

    /// Our rules by their names; nothing without any.
    fn by_name<'r>(&self, rules: impl IntoIterator<Item = &'r LifecycleRule>) -> Option<Value> {
        let rules = rules.into_iter();
        let named = rules.filter_map(|rule| Some((self.name_of(rule)?.to_owned(), shown(rule))));
        let named: Map<String, Value> = named.collect();
        (!named.is_empty()).then_some(Value::Object(named))
    }

    /// The rules as they should be, by their names.
    pub(super) fn lifecycle(&self) -> Option<Value> {
        // A rule that cannot be made is reported when it is written.
        self.by_name(&self.ours().unwrap_or_default())
    }

    /// Our rules as they are. Where the file asks for none, some may be left of an earlier file; that
    /// is good to know, and no reason to fail.
    pub(super) async fn read_lifecycle(&self, aws: &Aws) -> Result<Found, AwsError> {
        let is_wanted = !self.lifecycle_rules().is_empty();
        let document = match self.lifecycle_document(aws).await {
            Err(error) if !is_wanted && is_unanswered(&error) => {
                let note =
                    format!("cannot tell whether a lifecycle rule of imgprep is left: {error}");
                let notes = vec![note];
                return Ok(Found { rules: Unwanted(None), has_versions: false, notes });
            }
            other => other?,
        };
        let mut names = document.rules().iter().filter_map(|rule| self.name_of(rule));
        Ok(Found {
            rules: Unwanted(self.by_name(document.rules())),
            has_versions: names.any(|name| name.ends_with('/')),
            notes: self.rival(document.rules()).into_iter().collect(),
        })
    }

    /// That somebody else's rule does to originals what one of ours is for. Both hold then, which is
    /// no error to S3, and may be none to the user.
    fn rival(&self, rules: &[LifecycleRule]) -> Option<String> {
        let (ours, storage) = (self.originals_prefix(), self.storage);
        let overlaps = |other: &str| other.starts_with(&ours) || ours.starts_with(other);
        let mut others = rules.iter().filter(|rule| {
            let is_on = *rule.status() == ExpirationStatus::Enabled;
            is_on && self.name_of(rule).is_none() && overlaps(prefix(rule))
        });
        let does = |rule: &LifecycleRule| {
            let is_moved = storage.originals.is_some() && !rule.transitions().is_empty();
            let expires = |it: &LifecycleExpiration| it.days().is_some() || it.date().is_some();
            let is_expired = rule.expiration().is_some_and(expires);
            // What is deleted early was moved for nothing.
            let matters = storage.originals.is_some() || storage.expire_originals_days.is_some();
            match (is_moved, is_expired && matters) {
                (true, true) => Some("moves and expires"),
                (true, false) => Some("moves"),
                (false, true) => Some("expires"),
                (false, false) => None,
            }
        };
        let (rule, does) = others.find_map(|rule| Some((rule, does(rule)?)))?;
        let (id, theirs) = (rule.id().unwrap_or_default(), prefix(rule));
        let place =
            if theirs.is_empty() { "all objects".to_owned() } else { format!("`{theirs}`") };
        Some(format!(
            "the lifecycle rule `{id}`, which is not imgprep's, also {does} {place}: S3 does \
             whatever is due first; remove that rule or the keys in the file"
        ))
    }

    /// Puts our rules in, or takes them out where there are none, and keeps all others.
    pub(super) async fn merge_lifecycle(
        &self,
        context: &Context<'_>,
        ours: &[LifecycleRule],
    ) -> Result<(), AwsError> {
        let calls = self.calls(context.aws);
        let s3 = &context.aws.s3;
        calls
            .configure(&context.bucket_wait(PUT), || async {
                let present = self.lifecycle_document(context.aws).await?;
                let minimum = present.transition_default_minimum_object_size.clone();
                let rules = self.merged(present, ours)?;
                if rules.is_empty() {
                    let delete = s3.delete_bucket_lifecycle().bucket(calls.name);
                    let delete = delete.expected_bucket_owner(calls.account);
                    let _turn = calls.turn().await;
                    return delete.send().await.found(PUT).map(|_| ());
                }
                let merged = BucketLifecycleConfiguration::builder().set_rules(Some(rules));
                let merged = merged.build().map_err(|error| unusable(&error))?;
                let put = s3.put_bucket_lifecycle_configuration().bucket(calls.name);
                let put = put.set_transition_default_minimum_object_size(minimum);
                let put = put.lifecycle_configuration(merged).expected_bucket_owner(calls.account);
                let _turn = calls.turn().await;
                put.send().await.calling(PUT).map(|_| ())
            })
            .await
    }

    /// Puts the rules in that the file asks for, or takes out what is left of ours.
    pub(super) async fn put_lifecycle(&self, context: &Context<'_>) -> Result<(), AwsError> {
        self.merge_lifecycle(context, &self.ours().map_err(|error| unusable(&error))?).await
    }

    /// Takes out what there is of our rules.
    pub(super) async fn shed_lifecycle(
        &self,
        context: &Context<'_>,
        observed: &Observed,
    ) -> Result<(), AwsError> {
        if observed.fields.get(Fields::lifecycle.as_str()).is_null() {
            return Ok(());
        }
        self.merge_lifecycle(context, &[]).await
    }

    fn merged(
        &self,
        present: Document,
        ours: &[LifecycleRule],
    ) -> Result<Vec<LifecycleRule>, AwsError> {
        let mut rules = present.rules.unwrap_or_default();
        rules.retain(|rule| self.name_of(rule).is_none());
        if ours.is_empty() {
            return Ok(rules);
        }
        let (theirs, ours) = (rules.len(), ours.to_vec());
        let rules: Vec<LifecycleRule> = rules.into_iter().map(with_filter).chain(ours).collect();
        if rules.len() > RULES_MAX {
            let why = format!(
                "the bucket has {theirs} lifecycle rules of others, and S3 takes no more than \
                 {RULES_MAX} with the {} of imgprep; remove some of them",
                rules.len() - theirs
            );
            return Err(AwsError::request(PUT, why));
        }
        Ok(rules)
    }

    /// All rules. A bucket that is gone is an error, told apart from one without rules.
    async fn lifecycle_document(&self, aws: &Aws) -> Result<Document, AwsError> {
        let get = aws.s3.get_bucket_lifecycle_configuration().bucket(&self.names.bucket);
        let get = get.expected_bucket_owner(&self.names.account).send().await;
        match get.calling(GET) {
            Err(error) if error.is_not_found() && error.code() != NO_BUCKET => {
                Ok(Document::builder().build())
            }
            other => other,
        }
    }
}

fn unusable(error: &BuildError) -> AwsError {
    AwsError::request(PUT, error.to_string())
}

/// What one of our rules is to do, if it does not yet.
fn new<'e>(edit: &'e Edit, name: &str, member: &str) -> Option<&'e Value> {
    let [have, want] = [&edit.have, &edit.want].map(|rules| rules.get(name)?.get(member));
    want.filter(|want| have != Some(*want))
}

/// After how many days originals are to be deleted, if they are not so far.
fn new_expiry(edit: &Edit) -> Option<u64> {
    new(edit, EXPIRY, "expiration")?.get("days")?.as_u64()
}

/// That versions are to be deleted which S3 has kept so far; the file that switches versioning on finds
/// none.
fn lost_versions(edits: &[Edit]) -> Option<String> {
    let of = |path: &str| edits.iter().find(|edit| edit.path == path);
    let is_new = of(Fields::versioning.as_str()).is_some_and(|edit| edit.have.is_null());
    let edit = of(Fields::lifecycle.as_str()).filter(|_| !is_new)?;
    let rules = edit.want.as_object()?;
    let days = rules.keys().find_map(|name| new(edit, name, "version_expiration")?.get("days"))?;
    let days = counted(days.as_u64()?, "day");
    Some(format!(
        "S3 will delete versions {days} after they were replaced, those already there included"
    ))
}

/// What people should know of our rules before they are written: what S3 charges once for each
/// object, and what is lost.
pub(super) fn remarks(edit: &Edit) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(moved) = new(edit, STORAGE, "transitions") {
        let class = match moved.pointer("/0/storage_class").and_then(Value::as_str) {
            Some("GLACIER_IR") => StorageClass::GlacierInstant,
            _ => StorageClass::IntelligentTiering,
        };
        let price = number(prices::moving(class).of(1000.0));
        remarks.push(format!(
            "S3 charges for each object that it moves, those already there included: ${price} per \
             1,000 at us-east-1 prices"
        ));
    }
    if let Some(days) = new_expiry(edit) {
        remarks.push(format!(
            "S3 will delete originals {} after their upload, those already there included",
            counted(days, "day")
        ));
    }
    remarks
}

impl Fields {
    /// What S3 deletes after these edits, and has kept so far.
    pub(super) fn lost(edits: &[Edit]) -> Option<&'static str> {
        let expiry = edits.iter().find(|edit| edit.path == Self::lifecycle.as_str());
        let is_lost = expiry.and_then(new_expiry).is_some() || lost_versions(edits).is_some();
        is_lost.then_some("what S3 deletes is lost")
    }

    /// What people should know of these edits before they are made.
    pub(super) fn remark(edits: &[Edit]) -> Option<String> {
        let of = |path: &str| edits.iter().find(|edit| edit.path == path);
        let rules = of(Self::lifecycle.as_str()).map(remarks).unwrap_or_default();
        let is_left = |edit: &&Edit| edit.want.is_null() && !edit.have.is_null();
        let versioning = of(Self::versioning.as_str()).filter(is_left).map(|_| {
            "S3 can suspend versioning, not switch it off: older versions stay, and are paid for, \
             until somebody deletes them"
                .to_owned()
        });
        rules
            .into_iter()
            .chain(lost_versions(edits))
            .chain(versioning)
            .reduce(|all, one| format!("{all}; {one}"))
    }
}

#[cfg(test)]
mod tests;
