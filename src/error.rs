//! Everything that can stop a command, in the four parts that people need: what failed, why, the
//! hint what to do next, and the exit code.
//!
//! Deliberately absent: layout and colour, which are `report`'s.

mod hint;

use self::hint::{aws_hint, aws_hints, connect_hint};
use crate::aws::call::Cause;
use crate::aws::clients::NO_REGION;
use crate::aws::{AwsError, Connection};
use crate::batch;
use crate::config::ConfigError;
use crate::engine::changelog::{Changelog, End, Entry};
use crate::engine::plan::Action;
use crate::engine::resource::Id;
use crate::init::InitError;
use crate::inventory::Hindrance;
use crate::local::{self, LocalError};
use crate::original::NotAKey;
use crate::package::PackageError;
use crate::render::Refusal;
use crate::resources::logs;
use crate::stack::Unread;
use crate::trial::{Broken, Stopped};

/// Exit code of a command that could not do what it was to do.
pub(crate) const FAILED: u8 = 1;
/// Exit code of wrong use or a wrong configuration.
pub(crate) const MISUSED: u8 = 2;
/// Exit code of a plan with changes, if it was asked for (Terraform's `-detailed-exitcode`).
pub(crate) const CHANGES: u8 = 2;
/// Exit code of a command that was stopped by Ctrl-C: what shells show for a program that ended by that
/// signal, 128 and its number.
pub(crate) const INTERRUPTED: u8 = 130;

/// What stopped a command.
#[derive(Debug)]
pub(crate) enum Error {
    Config(ConfigError),
    Init(InitError),
    Local(LocalError),
    Package(PackageError),
    /// No use could be made of AWS at all.
    Connect {
        error: AwsError,
        target: Target,
    },
    /// A resource could not be read, or looked for.
    Read(Unread),
    /// Somebody else's resources are in the way.
    Foreign {
        steps: Vec<(Id, String, String)>,
        adoptable: bool,
    },
    /// Steps of a plan failed; the rest of the plan says how far it came.
    Apply(Failure),
    /// Something of the stack is still there after it was removed.
    Leftover(Vec<(Id, String)>),
    /// AWS did not finish deploying.
    Settle {
        id: Id,
        error: AwsError,
    },
    /// Neither a terminal to ask on nor `--yes`.
    Unconfirmed {
        /// What was asked for, without `--yes`.
        command: String,
        /// The command that shows what would be done, where it was not shown already.
        preview: Option<String>,
    },
    Declined,
    Interrupted {
        /// With its own options, which the next run needs as well.
        command: String,
        /// How many steps of a plan are done, and of how many.
        steps: Option<(usize, usize)>,
    },
    /// The command needs a stack that is there.
    NoStack,
    /// The function has no log group.
    NoLog {
        group: String,
    },
    /// An image that is given cannot be used.
    Image {
        path: String,
        why: String,
        hint: String,
    },
    /// A variant did not come.
    Trial(Box<Broken>),
    /// Images could not be rendered on this machine.
    Render(Refusal),
    /// Images could not be listed, sent or deleted.
    Images(Hindrance),
    /// Nothing can be done about a backfill on AWS.
    Batch(batch::Refusal),
    /// An argument is no key of an original.
    Key(NotAKey),
    /// An original of this content type cannot be uploaded.
    ContentType {
        what: String,
        hint: String,
    },
    /// Nobody can read the variants by an address.
    NoAddress {
        why: &'static str,
        hint: &'static str,
    },
    /// A file of ours could not be written or read.
    File {
        what: String,
        why: String,
    },
}

/// Which AWS was to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Aws,
    /// With `--local`.
    Local,
    /// By the variables that `imgprep local env` prints.
    LocalByEnvironment,
    /// The same, with a profile that was asked for as well.
    ProfileAtLocal,
}

impl From<Hindrance> for Error {
    fn from(hindrance: Hindrance) -> Self {
        Self::Images(hindrance)
    }
}

impl From<Stopped> for Error {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Read { id, error } => Self::Read(Unread::Resource(id, error)),
            Stopped::Broken(broken) => Self::Trial(broken),
            Stopped::Interrupted => Self::interrupted("try"),
        }
    }
}

/// A failed run, step by step.
#[derive(Debug)]
pub(crate) struct Failure {
    /// With its own options.
    command: String,
    failed: Vec<(Id, Action, String, AwsError)>,
    done: usize,
    not_started: Vec<Id>,
}

impl Error {
    /// What failed, as a fragment that reads on after `error: `.
    pub(crate) fn what(&self) -> String {
        match self {
            Self::Config(error) => error.message(),
            Self::Init(error) => error.to_string(),
            Self::Local(error) => error.to_string(),
            Self::Package(error) => error.to_string(),
            Self::Connect { error, .. } if error.message() == NO_REGION => NO_REGION.to_owned(),
            Self::Connect { error, .. } => match &error.cause {
                Cause::Connection(_) => "cannot reach AWS".to_owned(),
                Cause::Clock { .. } => "cannot sign requests to AWS".to_owned(),
                Cause::Unusable(unusable) => format!("cannot use `{}`", unusable.setting),
                _ => "cannot use the AWS credentials".to_owned(),
            },
            Self::Read(Unread::Resource(id, _)) => format!("cannot read {id}"),
            Self::Read(Unread::Search(_)) => {
                "cannot search for resources that are no longer in the file".to_owned()
            }
            Self::Foreign { steps, .. } => {
                let list: Vec<String> =
                    steps.iter().map(|(id, name, _)| format!("{id} `{name}`")).collect();
                format!("not ours: {}", list.join(", "))
            }
            Self::Apply(failure) => {
                let list: Vec<String> = failure
                    .failed
                    .iter()
                    .map(|(id, action, name, _)| format!("{} {id} `{name}`", verb(*action)))
                    .collect();
                format!("cannot {}", list.join(", "))
            }
            Self::Leftover(left) => {
                let list: Vec<String> =
                    left.iter().map(|(id, name)| format!("{id} `{name}`")).collect();
                format!("not deleted yet: {}", list.join(", "))
            }
            Self::Settle { id, .. } => format!("{id} is not deployed yet"),
            Self::Unconfirmed { command, .. } => {
                format!("`imgprep {command}` needs `--yes` when there is no terminal")
            }
            Self::Declined => "not confirmed; nothing was changed".to_owned(),
            Self::Interrupted { command, .. } => format!("`imgprep {command}` was interrupted"),
            Self::NoLog { group } => format!("the log group `{group}` does not exist"),
            Self::Image { path, .. } => format!("cannot use the image `{path}`"),
            Self::Trial(broken) => broken.what(),
            Self::Render(refusal) => refusal.what(),
            Self::NoStack => "the stack does not exist".to_owned(),
            Self::Images(hindrance) => format!("cannot {}", hindrance.doing),
            Self::Batch(refusal) => refusal.what(),
            Self::Key(NotAKey { key, .. }) => format!("`{key}` is not the key of an original"),
            Self::NoAddress { .. } => "the variants have no public address".to_owned(),
            Self::ContentType { what, .. } | Self::File { what, .. } => what.clone(),
        }
    }

    /// Why, a line each.
    pub(crate) fn why(&self) -> Vec<String> {
        match self {
            Self::Package(error) => error.why(),
            Self::Local(error) => error.why(),
            Self::Init(error) => error.why(),
            Self::Connect { error, .. } if error.message() == NO_REGION => Vec::new(),
            Self::Connect { error: AwsError { cause: Cause::Unusable(unusable), .. }, .. } => {
                vec![unusable.why.clone()]
            }
            Self::Connect { error, .. }
            | Self::Read(Unread::Resource(_, error) | Unread::Search(error))
            | Self::Settle { error, .. } => vec![error.to_string()],
            Self::Foreign { steps, .. } => {
                steps.iter().map(|(id, _, why)| format!("{id}: {why}")).collect()
            }
            Self::Apply(failure) => failure.why(),
            Self::Image { why, .. } | Self::File { why, .. } | Self::Key(NotAKey { why, .. }) => {
                vec![why.clone()]
            }
            Self::NoAddress { why, .. } => vec![(*why).to_owned()],
            Self::Trial(broken) => broken.why(),
            Self::Render(refusal) => refusal.why(),
            Self::Images(hindrance) => vec![hindrance.error.to_string()],
            Self::Batch(refusal) => refusal.why(),
            Self::Interrupted { steps: Some((done, of)), .. } => {
                vec![format!("{done} of {of} steps are done and will be kept")]
            }
            _ => Vec::new(),
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.hint().map(ToOwned::to_owned),
            Self::Declined | Self::File { .. } => None,
            Self::Local(error) => Some(error.hint()),
            Self::Init(error) => Some(error.hint()),
            Self::Package(error) => Some(error.hint()),
            Self::Connect { error, target } => Some(connect_hint(error, *target)),
            Self::Read(Unread::Resource(_, error) | Unread::Search(error))
            | Self::Settle { error, .. } => Some(aws_hint(error)),
            Self::Foreign { adoptable: true, .. } => Some(
                "choose other names in the file, or run `imgprep up --adopt` to adopt them"
                    .to_owned(),
            ),
            Self::Foreign { .. } => {
                Some("bucket names are global: choose another `name` under `[bucket]`".to_owned())
            }
            Self::Apply(failure) => failure.hint(),
            Self::Leftover(_) => Some("run `imgprep down` again".to_owned()),
            Self::Unconfirmed { command, preview } => {
                let look = match preview {
                    Some(preview) => format!("check `imgprep {preview}`"),
                    None => "check what would be done".to_owned(),
                };
                Some(format!("{look}, then run `imgprep {command} --yes`"))
            }
            Self::Interrupted { command, .. } => {
                Some(format!("run `imgprep {command}` again to continue"))
            }
            Self::NoStack | Self::NoLog { .. } => Some("run `imgprep up` first".to_owned()),
            Self::Key(_) => Some("give the key of one file, such as `2026/cat.jpg`".to_owned()),
            Self::Image { hint, .. } | Self::ContentType { hint, .. } => Some(hint.clone()),
            Self::NoAddress { hint, .. } => Some((*hint).to_owned()),
            Self::Trial(broken) => Some(broken.hint()),
            Self::Render(refusal) => Some(refusal.hint()),
            Self::Batch(refusal) => Some(refusal.hint()),
            Self::Images(Hindrance { error, is_resumable, .. }) => {
                let then =
                    if *is_resumable { "; run the same command again to continue" } else { "" };
                Some(format!("{}{then}", aws_hint(error)))
            }
        }
    }

    pub(crate) fn resource(&self) -> Option<Id> {
        match self {
            Self::Read(Unread::Resource(id, _)) | Self::Settle { id, .. } => Some(*id),
            Self::Foreign { steps, .. } => steps.first().map(|(id, ..)| *id),
            Self::Apply(failure) => failure.failed.first().map(|(id, ..)| *id),
            Self::Leftover(left) => left.first().map(|(id, _)| *id),
            Self::Trial(broken) => Some(broken.resource()),
            Self::NoLog { .. } => Some(logs::ID),
            Self::Images(hindrance) => Some(hindrance.resource),
            _ => None,
        }
    }

    /// A word for programs: AWS's own code where AWS refused.
    pub(crate) fn code(&self) -> String {
        let aws = match self {
            Self::Connect { error, .. }
            | Self::Read(Unread::Resource(_, error) | Unread::Search(error))
            | Self::Settle { error, .. }
            | Self::Images(Hindrance { error, .. }) => error.code(),
            Self::Apply(failure) => {
                failure.failed.first().map_or("", |(_, _, _, error)| error.code())
            }
            _ => "",
        };
        if !aws.is_empty() {
            return aws.to_owned();
        }
        match self {
            Self::Config(_) => "InvalidConfiguration",
            Self::Local(_) => "LocalAws",
            Self::Init(error) => error.code(),
            Self::Package(_) => "Package",
            Self::Connect { error, .. } if error.message() == NO_REGION => "NoRegion",
            Self::Connect { error, .. } => match error.cause {
                Cause::Connection(_) => "Unreachable",
                Cause::Unusable(_) => "InvalidSetting",
                _ => "NoCredentials",
            },
            Self::Read(_) => "Read",
            Self::Foreign { .. } => "Foreign",
            Self::Apply(_) => "Apply",
            Self::Leftover(_) => "Leftover",
            Self::Settle { .. } => "NotDeployed",
            Self::Unconfirmed { .. } => "Unconfirmed",
            Self::Declined => "Declined",
            Self::Interrupted { .. } => "Interrupted",
            Self::NoStack => "NoStack",
            Self::NoLog { .. } => "NoLog",
            Self::Image { .. } => "Image",
            Self::Trial(_) => "NoVariant",
            Self::Render(refusal) => refusal.code(),
            Self::Images(_) => "Images",
            Self::Batch(refusal) => refusal.code(),
            Self::Key(_) => "InvalidKey",
            Self::ContentType { .. } => "InvalidContentType",
            Self::NoAddress { .. } => "NoAddress",
            Self::File { .. } => "File",
        }
        .to_owned()
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_)
            | Self::Unconfirmed { .. }
            | Self::Image { .. }
            | Self::Key(_)
            | Self::ContentType { .. } => MISUSED,
            Self::Interrupted { .. } | Self::Render(Refusal::Interrupted { .. }) => INTERRUPTED,
            Self::Render(refusal) if refusal.is_misuse() => MISUSED,
            Self::Batch(refusal) if refusal.is_misuse() => MISUSED,
            Self::Init(error) if error.is_misuse() => MISUSED,
            _ => FAILED,
        }
    }

    /// What stopped a plan before its end: failures among its steps, or else the user.
    pub(crate) fn of_run(command: &str, changelog: &Changelog, is_stopped: bool) -> Option<Self> {
        let command = command.to_owned();
        let mut failure = Failure { command, failed: Vec::new(), done: 0, not_started: Vec::new() };
        for Entry { id, action, name, end, .. } in &changelog.entries {
            match end {
                Some(End::Failed(error)) if error.is_interrupted() => {
                    failure.not_started.push(*id);
                }
                Some(End::Failed(error)) => {
                    failure.failed.push((*id, *action, name.clone(), error.clone()));
                }
                Some(End::NotStarted) => failure.not_started.push(*id),
                Some(_) => failure.done += 1,
                None => {}
            }
        }
        if !failure.failed.is_empty() {
            return Some(Self::Apply(failure));
        }
        let steps = Some((failure.done, failure.done + failure.not_started.len()));
        is_stopped.then_some(Self::Interrupted { command: failure.command, steps })
    }

    pub(crate) fn interrupted(command: impl Into<String>) -> Self {
        Self::Interrupted { command: command.into(), steps: None }
    }

    /// The failure to connect, for a connection that was asked for.
    pub(crate) fn connect(connection: &Connection, error: AwsError) -> Self {
        let target = match connection.local {
            Some(_) => Target::Local,
            None if local::is_in_environment() => match connection.profile {
                Some(_) => Target::ProfileAtLocal,
                None => Target::LocalByEnvironment,
            },
            None => Target::Aws,
        };
        Self::Connect { error, target }
    }

    /// The failure to read the function's log.
    pub(crate) fn log(group: &str, error: AwsError) -> Self {
        if error.is_not_found() {
            return Self::NoLog { group: group.to_owned() };
        }
        Self::Read(Unread::Resource(logs::ID, error))
    }
}

impl Failure {
    fn why(&self) -> Vec<String> {
        // Several steps may fail for one reason, which is reported once.
        let mut lines = Vec::new();
        for line in self.failed.iter().map(|(_, _, _, error)| error.to_string()) {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        let not_started: Vec<&str> = self.not_started.iter().map(|id| id.as_str()).collect();
        if !not_started.is_empty() {
            lines.push(format!("not started: {}", not_started.join(", ")));
        }
        lines
    }

    fn hint(&self) -> Option<String> {
        let errors: Vec<&AwsError> = self.failed.iter().map(|(_, _, _, error)| error).collect();
        let total = self.done + self.failed.len() + self.not_started.len();
        Some(format!(
            "{}; {} of {total} steps are done and will be kept: run `imgprep {}` again to continue",
            aws_hints(&errors)?,
            self.done,
            self.command
        ))
    }
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::None => "read",
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
    }
}
