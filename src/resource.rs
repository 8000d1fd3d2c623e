//! What a resource of a stack is: managed fields, and how AWS is read and changed for them.
//!
//! Deliberately absent: any particular resource, and the order among them.

mod edits;

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use serde::{Serialize, Serializer};
use serde_json::Value;

pub(crate) use self::edits::{Edits, apply};
use crate::aws::bucket::CONFIGURATION_SECS_MAX;
use crate::aws::wait::{PAUSE_MIN, Stop, Wait};
use crate::aws::{Aws, AwsError};

/// The resources of a stack, in the order in which people read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Id {
    Topic,
    Bucket,
    Folders,
    Notification,
    Policy,
    Role,
    Logs,
    DeadLetters,
    Function,
    Trigger,
    Cdn,
}

impl Id {
    /// The name in texts and JSON.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Bucket => "bucket",
            Self::Folders => "folders",
            Self::Notification => "notification",
            Self::Policy => "policy",
            Self::Role => "role",
            Self::Logs => "logs",
            Self::DeadLetters => "dead-letters",
            Self::Function => "function",
            Self::Trigger => "trigger",
            Self::Cdn => "cdn",
        }
    }

    /// The resource type, named as `CloudFormation` names it where it has one.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Topic => "AWS::SNS::Topic",
            Self::Bucket => "AWS::S3::Bucket",
            Self::Folders => "AWS::S3::Object",
            Self::Notification => "AWS::S3::BucketNotification",
            Self::Policy => "AWS::IAM::ManagedPolicy",
            Self::Role => "AWS::IAM::Role",
            Self::Logs => "AWS::Logs::LogGroup",
            Self::DeadLetters => "AWS::SQS::Queue",
            Self::Function => "AWS::Lambda::Function",
            Self::Trigger => "AWS::SNS::Subscription",
            Self::Cdn => "AWS::CloudFront::Distribution",
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Managed fields by path, in one form for what is wanted and for what AWS holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fields(BTreeMap<String, Value>);

impl Fields {
    #[must_use]
    pub(crate) fn with(mut self, path: impl Into<String>, value: impl Into<Value>) -> Self {
        self.set(path, value);
        self
    }

    pub(crate) fn set(&mut self, path: impl Into<String>, value: impl Into<Value>) {
        self.0.insert(path.into(), value.into());
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The value at a path; null where there is none.
    pub(crate) fn get(&self, path: &str) -> &Value {
        self.0.get(path).unwrap_or(&Value::Null)
    }

    /// Takes out the field at `path`, and all below it.
    pub(crate) fn remove(&mut self, path: &str) {
        self.0.retain(|field, _| !is_within(field, path));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(path, value)| (path.as_str(), value))
    }
}

/// One field that AWS holds otherwise than it should.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Edit {
    pub(crate) path: String,
    pub(crate) have: Value,
    pub(crate) want: Value,
}

/// Every wanted field that AWS holds otherwise. Fields that are not wanted are none of our business.
pub(crate) fn difference(want: &Fields, have: &Fields) -> Vec<Edit> {
    want.iter()
        .filter(|(path, want)| have.get(path) != *want)
        .map(|(path, want)| Edit {
            path: path.to_owned(),
            have: have.get(path).clone(),
            want: want.clone(),
        })
        .collect()
}

/// Whether an edit touches the field at `path`, or one below it.
pub(crate) fn touches(edits: &[Edit], path: &str) -> bool {
    edits.iter().any(|edit| is_within(&edit.path, path))
}

fn is_within(field: &str, path: &str) -> bool {
    let rest = field.strip_prefix(path);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Whose a resource is, as its tags say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Ours,
    /// Taken over with `--adopt`: it was there before, so it is not ours to delete.
    Adopted,
    /// Without our tag; the text says how that is known. `--adopt` may take it over.
    Foreign(String),
    /// Not even readable with these credentials, and so nobody's to take over.
    Unreachable(String),
}

/// The detail under which a resource that AWS deploys slowly says how far it is.
pub(crate) const STATUS: &str = "status";
/// The value of that detail while AWS is at it.
pub(crate) const IN_PROGRESS: &str = "InProgress";

/// What AWS numbers or names itself, such as a distribution's domain.
pub(crate) type Details = BTreeMap<&'static str, String>;

/// A resource as AWS holds it.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    pub(crate) fields: Fields,
    pub(crate) owner: Owner,
    /// What AWS is still doing to it by itself.
    pub(crate) deploying: Option<String>,
    /// Why a deletion would leave it in place.
    pub(crate) kept: Option<String>,
    /// Why no change can put it right, so that it has to be made again.
    pub(crate) beyond_repair: Option<String>,
    pub(crate) details: Details,
}

impl Observed {
    pub(crate) fn new(fields: Fields, owner: Owner) -> Self {
        let details = Details::new();
        Self { fields, owner, deploying: None, kept: None, beyond_repair: None, details }
    }
}

/// What a deletion does with images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Images {
    Keep,
    Delete,
}

/// What came of a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    Gone,
    /// It stays on purpose; the text says why.
    Kept(String),
    /// AWS needs minutes before the last step, which is `Resource::finish_delete`: why, and what
    /// that step should know.
    Later(String, Details),
}

/// What a change runs in: the clients, and where to say what it waits for.
pub(crate) struct Context<'a> {
    pub(crate) aws: &'a Aws,
    pub(crate) stop: &'a Stop,
    /// Says what the change waits for.
    pub(crate) tell: &'a (dyn Fn(&str) + Send + Sync),
    /// Says what could not be done and need not stop anything.
    pub(crate) warn: &'a (dyn Fn(&str) + Send + Sync),
}

impl<'a> Context<'a> {
    pub(crate) fn wait(&self, call: &'static str, what: &'a str, secs_max: u64) -> Wait<'a> {
        Wait {
            call,
            what,
            limit: std::time::Duration::from_secs(secs_max),
            tell: self.tell,
            stop: self.stop,
            pause: PAUSE_MIN,
        }
    }

    /// The wait of every change to the bucket's configuration.
    pub(crate) fn bucket_wait(&self, call: &'static str) -> Wait<'a> {
        self.wait(call, "S3 to finish an earlier change of the bucket", CONFIGURATION_SECS_MAX)
    }
}

/// Whether what AWS says to be there already is ours after all: an answer of AWS that was lost, or
/// another run that was faster. Otherwise the refusal stands.
pub(crate) async fn ours_or(
    refusal: AwsError,
    resource: &dyn Resource,
    aws: &Aws,
) -> Result<Observed, AwsError> {
    match resource.read(aws).await? {
        Some(now) if now.owner == Owner::Ours => Ok(now),
        _ => Err(refusal),
    }
}

/// One resource of the stack: what it should be, and how to bring AWS there.
#[async_trait]
pub(crate) trait Resource: Send + Sync {
    fn id(&self) -> Id;

    /// Its name at AWS.
    fn name(&self) -> String;

    /// Its ARN, where names alone decide it.
    fn arn(&self) -> Option<String>;

    /// The managed fields, as they should be.
    fn fields(&self) -> Fields;

    /// The policy statements that it needs, as they are written; in the fields they are canonical.
    fn statements(&self) -> Vec<Value> {
        Vec::new()
    }

    /// What AWS shows beside its name, given when it is made.
    fn description(&self) -> String {
        String::new()
    }

    /// Paths of fields that AWS cannot change in place, so that the resource is made anew.
    fn immutable(&self) -> &'static [&'static str] {
        &[]
    }

    /// Fields that AWS keeps with another resource, and that go with it when it is replaced.
    fn held_by(&self) -> &'static [(Id, &'static str)] {
        &[]
    }

    /// The resource as AWS holds it; `None` when it is not there.
    async fn read(&self, aws: &Aws) -> Result<Option<Observed>, AwsError>;

    /// What people should know of it though it is no part of it, whether it is there or not.
    async fn notice(&self, _aws: &Aws) -> Option<String> {
        None
    }

    /// Makes it exist; what needs no more than that can begin then.
    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError>;

    /// Makes whole what was just created, all fields included. Takes what `create` told of it.
    async fn complete(
        &self,
        _context: &Context<'_>,
        created: Details,
    ) -> Result<Details, AwsError> {
        Ok(created)
    }

    /// Puts the edited fields right, each that it takes from `edits`; safe to repeat.
    async fn update(
        &self,
        context: &Context<'_>,
        observed: &Observed,
        edits: &Edits,
    ) -> Result<Details, AwsError>;

    /// Removes it; already gone is success.
    async fn delete(&self, context: &Context<'_>, observed: &Observed)
    -> Result<Removal, AwsError>;

    /// The last step of a deletion that `delete` left for later, with what that told of it.
    async fn finish_delete(
        &self,
        _context: &Context<'_>,
        _details: &Details,
    ) -> Result<(), AwsError> {
        Ok(())
    }

    /// Waits until AWS has finished deploying it.
    async fn settle(&self, _context: &Context<'_>) -> Result<(), AwsError> {
        Ok(())
    }
}
