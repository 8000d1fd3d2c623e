//! One lifecycle rule of ours: what it is for, as S3 and other tools write it, and any rule as values
//! that can be compared.

use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleAndOperator, LifecycleRuleFilter, NoncurrentVersionExpiration, Tag, Transition,
    TransitionStorageClass,
};
use serde_json::{Map, Value, json};

use crate::config::{Move, StorageClass};

/// How long what was overwritten or deleted can be had back, and how long an upload may be
/// interrupted.
const DAYS_LEFT: i32 = 7;

/// A rule of ours, under a name that is the end of its ID.
pub(super) struct Rule {
    pub(super) name: String,
    /// What the keys of its objects begin with.
    pub(super) prefix: String,
    pub(super) action: Action,
}

/// What a rule does to its objects.
#[derive(Clone, Copy)]
pub(super) enum Action {
    Move(Move),
    /// Deletes them so many days after their upload, and the versions of before soon after that.
    Expire {
        days: u32,
        has_versions: bool,
    },
    /// Takes away the parts of uploads that were broken off.
    AbortUploads,
    /// Deletes what was overwritten or deleted.
    ExpireVersions,
}

impl Rule {
    pub(super) fn at_s3(&self, id: String) -> Result<LifecycleRule, BuildError> {
        let filter = LifecycleRuleFilter::builder().prefix(&self.prefix).build();
        let rule = LifecycleRule::builder().id(id).filter(filter).status(ExpirationStatus::Enabled);
        let versions = NoncurrentVersionExpiration::builder().noncurrent_days(DAYS_LEFT).build();
        let expiration = LifecycleExpiration::builder();
        match self.action {
            Action::Move(Move { class, after_days }) => {
                let moved = Transition::builder().days(at_most_i32(after_days));
                rule.transitions(moved.storage_class(at_s3(class)).build())
            }
            Action::Expire { days, has_versions } => rule
                .expiration(expiration.days(at_most_i32(days)).build())
                .set_noncurrent_version_expiration(has_versions.then_some(versions)),
            Action::AbortUploads => {
                let abort = AbortIncompleteMultipartUpload::builder();
                let abort = abort.days_after_initiation(DAYS_LEFT).build();
                rule.abort_incomplete_multipart_upload(abort)
            }
            // A marker that hides nothing any more only slows listings down.
            Action::ExpireVersions => rule
                .expiration(expiration.expired_object_delete_marker(true).build())
                .noncurrent_version_expiration(versions),
        }
        .build()
    }

    pub(super) fn cloudformation(&self, id: &str) -> Value {
        let mut rule = json!({ "Id": id, "Status": "Enabled", "Prefix": self.prefix });
        let versions = json!({ "NoncurrentDays": DAYS_LEFT });
        match self.action {
            Action::Move(Move { class, after_days }) => {
                let class = at_s3(class);
                rule["Transitions"] =
                    json!([{ "StorageClass": class.as_str(), "TransitionInDays": after_days }]);
            }
            Action::Expire { days, has_versions } => {
                rule["ExpirationInDays"] = days.into();
                if has_versions {
                    rule["NoncurrentVersionExpiration"] = versions;
                }
            }
            Action::AbortUploads => {
                rule["AbortIncompleteMultipartUpload"] =
                    json!({ "DaysAfterInitiation": DAYS_LEFT });
            }
            Action::ExpireVersions => {
                rule["ExpiredObjectDeleteMarker"] = true.into();
                rule["NoncurrentVersionExpiration"] = versions;
            }
        }
        rule
    }

    pub(super) fn terraform(&self, id: &str) -> Value {
        let filter = json!({ "prefix": self.prefix });
        let mut rule = json!({ "id": id, "status": "Enabled", "filter": filter });
        let versions = json!({ "noncurrent_days": DAYS_LEFT });
        match self.action {
            Action::Move(Move { class, after_days }) => {
                let class = at_s3(class);
                rule["transition"] = json!({ "days": after_days, "storage_class": class.as_str() });
            }
            Action::Expire { days, has_versions } => {
                rule["expiration"] = json!({ "days": days });
                if has_versions {
                    rule["noncurrent_version_expiration"] = versions;
                }
            }
            Action::AbortUploads => {
                rule["abort_incomplete_multipart_upload"] =
                    json!({ "days_after_initiation": DAYS_LEFT });
            }
            Action::ExpireVersions => {
                rule["expiration"] = json!({ "expired_object_delete_marker": true });
                rule["noncurrent_version_expiration"] = versions;
            }
        }
        rule
    }
}

fn at_s3(class: StorageClass) -> TransitionStorageClass {
    match class {
        StorageClass::IntelligentTiering => TransitionStorageClass::IntelligentTiering,
        StorageClass::GlacierInstant => TransitionStorageClass::GlacierIr,
    }
}

/// Days of the file, which are bounded far below.
fn at_most_i32(days: u32) -> i32 {
    i32::try_from(days).unwrap_or(i32::MAX)
}

/// What the keys of a rule's objects begin with.
pub(super) fn prefix(rule: &LifecycleRule) -> &str {
    let filter = rule.filter();
    let and = filter.and_then(LifecycleRuleFilter::and);
    let prefix = and.and_then(LifecycleRuleAndOperator::prefix);
    let prefix = prefix.or_else(|| filter.and_then(LifecycleRuleFilter::prefix));
    prefix.or_else(|| old_prefix(rule)).unwrap_or_default()
}

/// The prefix where rules had it before there were filters.
#[expect(deprecated, reason = "S3 still hands out what was written so")]
fn old_prefix(rule: &LifecycleRule) -> Option<&str> {
    rule.prefix()
}

/// The same rule with a filter: S3 takes no document in which some rules have one and others are
/// written the old way.
#[expect(deprecated, reason = "S3 still hands out what was written so")]
pub(super) fn with_filter(mut rule: LifecycleRule) -> LifecycleRule {
    if let (None, Some(prefix)) = (&rule.filter, rule.prefix.take()) {
        rule.filter = Some(LifecycleRuleFilter::builder().prefix(prefix).build());
    }
    rule
}

/// Everything that a rule says beside its ID. What it doesn't say is left out.
pub(super) fn shown(rule: &LifecycleRule) -> Value {
    let filter = rule.filter();
    let and = filter.and_then(LifecycleRuleFilter::and);
    let tags = and.map(LifecycleRuleAndOperator::tags).unwrap_or_default().iter();
    let tags = tags.chain(filter.and_then(LifecycleRuleFilter::tag)).map(tag);
    // S3 answers 0 for a bound that nobody set.
    let above = and.map_or_else(
        || filter.and_then(LifecycleRuleFilter::object_size_greater_than),
        |and| and.object_size_greater_than().filter(|bytes| *bytes > 0),
    );
    let below = and.map_or_else(
        || filter.and_then(LifecycleRuleFilter::object_size_less_than),
        LifecycleRuleAndOperator::object_size_less_than,
    );
    let moved = rule.noncurrent_version_transitions().iter().map(|moved| {
        members([
            ("days", moved.noncurrent_days().map(Value::from)),
            ("newer_versions", moved.newer_noncurrent_versions().map(Value::from)),
            ("storage_class", class(moved.storage_class())),
        ])
    });
    let expired = rule.noncurrent_version_expiration().map(|expired| {
        members([
            ("days", expired.noncurrent_days().map(Value::from)),
            ("newer_versions", expired.newer_noncurrent_versions().map(Value::from)),
        ])
    });
    let abort = rule.abort_incomplete_multipart_upload();
    let abort_days = abort.and_then(AbortIncompleteMultipartUpload::days_after_initiation);
    members([
        ("status", Some(rule.status().as_str().into())),
        ("prefix", Some(prefix(rule).into())),
        ("tags", list(tags)),
        ("bytes_above", above.map(Value::from)),
        ("bytes_below", below.map(Value::from)),
        ("transitions", list(rule.transitions().iter().map(transition))),
        ("expiration", rule.expiration().map(expiration)),
        ("version_transitions", list(moved)),
        ("version_expiration", expired),
        ("abort_uploads_days", abort_days.map(Value::from)),
    ])
}

fn transition(moved: &Transition) -> Value {
    members([
        ("days", moved.days().map(Value::from)),
        ("date", moved.date().map(date)),
        ("storage_class", class(moved.storage_class())),
    ])
}

fn expiration(expired: &LifecycleExpiration) -> Value {
    // "false" is the same as nothing.
    let markers = expired.expired_object_delete_marker().filter(|is_asked| *is_asked);
    members([
        ("days", expired.days().filter(|days| *days > 0).map(Value::from)),
        ("date", expired.date().map(date)),
        ("expired_markers", markers.map(Value::from)),
    ])
}

fn class(class: Option<&TransitionStorageClass>) -> Option<Value> {
    class.map(|class| class.as_str().into())
}

fn date(moment: &DateTime) -> Value {
    moment.to_string().into()
}

fn tag(tag: &Tag) -> Value {
    json!({ "key": tag.key(), "value": tag.value() })
}

fn list(items: impl Iterator<Item = Value>) -> Option<Value> {
    let items: Vec<Value> = items.collect();
    (!items.is_empty()).then(|| items.into())
}

fn members<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let there = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(there.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(action: Action) -> Rule {
        Rule { name: "storage".to_owned(), prefix: "originals/".to_owned(), action }
    }

    fn at(action: Action) -> LifecycleRule {
        rule(action).at_s3("imgprep-photos:storage".to_owned()).unwrap()
    }

    const MOVE: Action = Action::Move(Move { class: StorageClass::GlacierInstant, after_days: 30 });

    #[test]
    fn each_purpose_is_a_rule_of_its_own() {
        let check = |action: Action, said: Value| {
            let mut whole = json!({ "status": "Enabled", "prefix": "originals/" });
            whole.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
            assert_eq!(shown(&at(action)), whole);
        };
        check(MOVE, json!({ "transitions": [{ "days": 30, "storage_class": "GLACIER_IR" }] }));
        let expire = |has_versions| Action::Expire { days: 365, has_versions };
        check(expire(false), json!({ "expiration": { "days": 365 } }));
        check(
            expire(true),
            json!({ "expiration": { "days": 365 }, "version_expiration": { "days": 7 } }),
        );
        check(Action::AbortUploads, json!({ "abort_uploads_days": 7 }));
        check(
            Action::ExpireVersions,
            json!({
                "expiration": { "expired_markers": true }, "version_expiration": { "days": 7 },
            }),
        );
    }

    /// Nothing that somebody may add to one of our rules goes unseen.
    #[test]
    fn whatever_a_rule_says_is_compared() {
        let ours = at(MOVE);
        let with = |change: &dyn Fn(&mut LifecycleRule)| {
            let mut rule = ours.clone();
            change(&mut rule);
            rule
        };
        let filter = |filter: LifecycleRuleFilter| with(&|it| it.filter = Some(filter.clone()));
        let tag = || Tag::builder().key("a").value("b").build().unwrap();
        let narrow = || LifecycleRuleFilter::builder().prefix("originals/");
        let and = || LifecycleRuleAndOperator::builder().prefix("originals/");
        let both = |and| LifecycleRuleFilter::builder().and(and).build();
        let dated = Transition::builder().date(DateTime::from_secs(0));
        let dated = dated.storage_class(TransitionStorageClass::GlacierIr).build();
        let versions = at(Action::ExpireVersions);
        let uploads = at(Action::AbortUploads).abort_incomplete_multipart_upload;
        let others = [
            with(&|it| it.status = ExpirationStatus::Disabled),
            with(&|it| it.transitions = None),
            with(&|it| it.transitions = Some(vec![dated.clone()])),
            with(&|it| it.expiration.clone_from(&versions.expiration)),
            with(&|it| {
                it.noncurrent_version_expiration
                    .clone_from(&versions.noncurrent_version_expiration);
            }),
            with(&|it| it.abort_incomplete_multipart_upload.clone_from(&uploads)),
            filter(LifecycleRuleFilter::builder().prefix("originals/a").build()),
            filter(narrow().tag(tag()).build()),
            filter(narrow().object_size_greater_than(0).build()),
            filter(narrow().object_size_less_than(1).build()),
            filter(both(and().tags(tag()).build())),
            filter(both(and().object_size_less_than(1).build())),
        ];
        for (place, other) in others.iter().enumerate() {
            assert_ne!(shown(other), shown(&ours), "{place}: {other:?}");
        }
        let same = filter(both(and().object_size_greater_than(0).build()));
        assert_eq!(shown(&same), shown(&ours));
    }

    #[test]
    #[expect(deprecated, reason = "S3 still hands out what was written so")]
    fn a_rule_without_a_filter_gets_one_that_says_the_same() {
        let old = LifecycleRule::builder().id("theirs").prefix("logs/");
        let old = old.status(ExpirationStatus::Enabled).build().unwrap();
        assert_eq!(prefix(&old), "logs/");
        let new = with_filter(old.clone());
        assert_eq!((shown(&new), new.prefix()), (shown(&old), None));
        assert_eq!(new.filter().and_then(LifecycleRuleFilter::prefix), Some("logs/"));
        assert_eq!(with_filter(new.clone()), new);
    }
}
