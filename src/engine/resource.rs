//! What a resource of a stack is: managed fields, and how AWS is read and changed for them.
//!
//! Deliberately absent: any particular resource, and the order among them.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};

use async_trait::async_trait;
use serde::{Serialize, Serializer};

use super::edits::{self, Edits};
use super::fields::{Edit, Field, Path, Values};
use crate::aws::bucket::CONFIGURATION_SECS_MAX;
use crate::aws::wait::{PAUSE_MIN, Stop, Wait};
use crate::aws::{Aws, AwsError};

/// What all resources of one kind have in common.
#[derive(Debug)]
pub(crate) struct Kind {
    /// The name in texts and JSON.
    pub(crate) name: &'static str,
    /// The resource type, named as `CloudFormation` names it where it has one.
    pub(crate) aws_type: &'static str,
    /// What is lost for ever with a resource that is deleted.
    pub(crate) loses: Option<&'static str>,
    /// What is lost for ever with a change, if anything is.
    pub(crate) change_loses: fn(&[Edit]) -> Option<&'static str>,
    /// Whether images are in it, so that people type its name before it goes with them.
    pub(crate) holds_images: bool,
    /// The resource that it is in: where that is somebody else's, nothing is asked about it.
    pub(crate) inside: Option<Id>,
    /// Set where AWS takes minutes over a change.
    pub(crate) slow: Option<Slow>,
}

/// A resource that AWS takes minutes to deploy, and to remove.
#[derive(Debug)]
pub(crate) struct Slow {
    /// The members that are no part of the deployment.
    pub(crate) beside: &'static [&'static str],
}

impl Kind {
    pub(crate) const fn new(name: &'static str, aws_type: &'static str) -> Self {
        Self {
            name,
            aws_type,
            loses: None,
            change_loses: |_| None,
            holds_images: false,
            inside: None,
            slow: None,
        }
    }
}

/// Which resource of a stack: its kind, for a stack has one of each in its file.
#[derive(Clone, Copy)]
pub(crate) struct Id(pub(crate) &'static Kind);

impl Id {
    /// The name in texts and JSON.
    pub(crate) fn as_str(self) -> &'static str {
        self.0.name
    }
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Id {}

impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
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

/// The tag whose value names the stack that a resource belongs to.
pub(crate) const STACK_TAG: &str = "imgprep:stack";
/// The tag of a resource that was there before imgprep took it over.
pub(crate) const ADOPTED_TAG: &str = "imgprep:adopted";

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

/// The detail under which a change says what people should know of what it made.
pub(crate) const NOTE: &str = "note";

/// What AWS numbers or names itself, such as a distribution's domain.
pub(crate) type Details = BTreeMap<&'static str, String>;

/// A resource as AWS holds it: with its own fields where it was read, and by path in a plan.
#[derive(Clone, Debug)]
pub(crate) struct Observed<F = Values> {
    pub(crate) fields: F,
    pub(crate) owner: Owner,
    /// What AWS is still doing to it by itself.
    pub(crate) deploying: Option<String>,
    /// Why a deletion would leave it in place.
    pub(crate) kept: Option<String>,
    /// Whether even then something of ours is taken out of it.
    pub(crate) sheds: bool,
    /// Why no change can put it right, so that it has to be made again.
    pub(crate) beyond_repair: Option<String>,
    /// What people should know of it where there is nothing else to say.
    pub(crate) note: Option<String>,
    pub(crate) details: Details,
}

impl<F> Observed<F> {
    pub(crate) fn new(fields: F, owner: Owner) -> Self {
        let (deploying, kept, beyond_repair, note) = (None, None, None, None);
        let (sheds, details) = (false, Details::new());
        Self { fields, owner, deploying, kept, sheds, beyond_repair, note, details }
    }

    pub(crate) fn is_ours(&self) -> bool {
        matches!(self.owner, Owner::Ours | Owner::Adopted)
    }
}

impl<F: Field> Observed<F> {
    /// The same with its fields by path.
    pub(crate) fn by_path(self) -> Observed {
        Observed {
            fields: Values::of(&self.fields),
            owner: self.owner,
            deploying: self.deploying,
            kept: self.kept,
            sheds: self.sheds,
            beyond_repair: self.beyond_repair,
            note: self.note,
            details: self.details,
        }
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
pub(crate) async fn ours_or<R: Resource>(
    refusal: AwsError,
    resource: &R,
    aws: &Aws,
) -> Result<Observed<R::Fields>, AwsError> {
    match resource.read(aws).await? {
        Some(now) if now.owner == Owner::Ours => Ok(now),
        _ => Err(refusal),
    }
}

/// One resource of the stack: what it should be, and how to bring AWS there.
#[async_trait]
pub(crate) trait Resource: Send + Sync {
    /// Its managed fields.
    type Fields: Field + Send + Sync + 'static;

    const ID: Id;

    /// Members that AWS cannot change in place: if one differs, the resource is replaced.
    const IMMUTABLE: &'static [Path<Self::Fields>] = &[];

    /// Members that AWS keeps with another resource, and that go with it when it is replaced.
    const HELD_BY: &'static [(Id, Path<Self::Fields>)] = &[];

    /// Its name at AWS.
    fn name(&self) -> String;

    /// Its ARN, where names alone decide it.
    fn arn(&self) -> Option<String>;

    /// The managed fields, as they should be.
    fn fields(&self) -> Self::Fields;

    /// The resource as AWS holds it; `None` when it is not there.
    async fn read(&self, aws: &Aws) -> Result<Option<Observed<Self::Fields>>, AwsError>;

    /// What people should know of it though it is no part of it, whether it is there or not.
    async fn notice(&self, _aws: &Aws) -> Option<String> {
        None
    }

    /// What people should know of these edits before they are made: what they cost or lose.
    fn remark(&self, _edits: &[Edit]) -> Option<String> {
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
        edits: &Edits<Self::Fields>,
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

/// A resource of any kind, its fields by path: what plans and the walk through them deal with.
#[async_trait]
pub(crate) trait AnyResource: Send + Sync {
    fn id(&self) -> Id;
    fn name(&self) -> String;
    fn arn(&self) -> Option<String>;
    fn fields(&self) -> Values;
    fn immutable(&self) -> Vec<&'static str>;
    fn held_by(&self) -> Vec<(Id, &'static str)>;
    async fn read(&self, aws: &Aws) -> Result<Option<Observed>, AwsError>;
    async fn notice(&self, aws: &Aws) -> Option<String>;
    fn remark(&self, edits: &[Edit]) -> Option<String>;
    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError>;
    async fn complete(&self, context: &Context<'_>, created: Details) -> Result<Details, AwsError>;
    /// Puts these edits right; an error if one of them was left as it is.
    async fn apply(
        &self,
        context: &Context<'_>,
        observed: &Observed,
        edits: Vec<Edit>,
    ) -> Result<Details, AwsError>;
    /// The paths of these edits about which nothing is done.
    #[cfg(test)]
    async fn forgets(
        &self,
        context: &Context<'_>,
        observed: &Observed,
        edits: Vec<Edit>,
    ) -> Vec<String>;
    async fn delete(&self, context: &Context<'_>, observed: &Observed)
    -> Result<Removal, AwsError>;
    async fn finish_delete(&self, context: &Context<'_>, details: &Details)
    -> Result<(), AwsError>;
    async fn settle(&self, context: &Context<'_>) -> Result<(), AwsError>;
}

/// A resource whose kind is forgotten.
pub(crate) type Erased = Box<dyn AnyResource>;

#[async_trait]
impl<R: Resource> AnyResource for R {
    fn id(&self) -> Id {
        R::ID
    }

    fn name(&self) -> String {
        Resource::name(self)
    }

    fn arn(&self) -> Option<String> {
        Resource::arn(self)
    }

    fn fields(&self) -> Values {
        Values::of(&Resource::fields(self))
    }

    fn immutable(&self) -> Vec<&'static str> {
        R::IMMUTABLE.iter().map(|member| member.as_str()).collect()
    }

    fn held_by(&self) -> Vec<(Id, &'static str)> {
        R::HELD_BY.iter().map(|(holder, member)| (*holder, member.as_str())).collect()
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed>, AwsError> {
        Ok(Resource::read(self, aws).await?.map(Observed::by_path))
    }

    async fn notice(&self, aws: &Aws) -> Option<String> {
        Resource::notice(self, aws).await
    }

    fn remark(&self, edits: &[Edit]) -> Option<String> {
        Resource::remark(self, edits)
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        Resource::create(self, context).await
    }

    async fn complete(&self, context: &Context<'_>, created: Details) -> Result<Details, AwsError> {
        Resource::complete(self, context, created).await
    }

    async fn apply(
        &self,
        context: &Context<'_>,
        observed: &Observed,
        edits: Vec<Edit>,
    ) -> Result<Details, AwsError> {
        edits::apply(self, context, observed, edits).await
    }

    #[cfg(test)]
    async fn forgets(
        &self,
        context: &Context<'_>,
        observed: &Observed,
        edits: Vec<Edit>,
    ) -> Vec<String> {
        let edits = Edits::new(edits);
        let _ = self.update(context, observed, &edits).await;
        edits.left().into_iter().map(ToOwned::to_owned).collect()
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        observed: &Observed,
    ) -> Result<Removal, AwsError> {
        Resource::delete(self, context, observed).await
    }

    async fn finish_delete(
        &self,
        context: &Context<'_>,
        details: &Details,
    ) -> Result<(), AwsError> {
        Resource::finish_delete(self, context, details).await
    }

    async fn settle(&self, context: &Context<'_>) -> Result<(), AwsError> {
        Resource::settle(self, context).await
    }
}
