//! What a first run needs, checked one by one, each with what to do about it.
//!
//! Deliberately absent: layout, and any change of anything.

pub(crate) mod machine;
pub(crate) mod permissions;

use crate::error::Error;

/// What was found out about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) subject: Subject,
    pub(crate) verdict: Verdict,
    /// What is so, or what is wrong and why, a line each.
    pub(crate) details: Vec<String>,
    /// What to do next.
    pub(crate) hint: Option<String>,
}

/// What is checked, in the order in which people look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    File,
    Network,
    Clock,
    Credentials,
    Permissions,
    Function,
    LocalAws,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Fine,
    /// Not needed for what was asked, or not a failure yet.
    Warning,
    Failed,
    /// Something that failed earlier is needed for it, or AWS does not say.
    Skipped,
}

impl Subject {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Network => "network",
            Self::Clock => "clock",
            Self::Credentials => "credentials",
            Self::Permissions => "permissions",
            Self::Function => "function",
            Self::LocalAws => "local AWS",
        }
    }

    pub(crate) fn is(self, verdict: Verdict, detail: impl Into<String>) -> Check {
        Check { subject: self, verdict, details: vec![detail.into()], hint: None }
    }

    /// As the error says it.
    pub(crate) fn failed(self, error: &Error) -> Check {
        let details = std::iter::once(error.what()).chain(error.why()).collect();
        Check { subject: self, verdict: Verdict::Failed, details, hint: error.hint() }
    }
}

impl Verdict {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl Check {
    #[must_use]
    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// One that others do not depend on.
    #[must_use]
    pub(crate) fn into_warning(self) -> Self {
        Self { verdict: Verdict::Warning, ..self }
    }
}
