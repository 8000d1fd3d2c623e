//! Where a trial got stuck, in the four parts that people need.

use crate::engine::plan::Condition;
use crate::engine::resource::Id;
use crate::logs::Event;
use crate::resources::{bucket, cdn, function, notification};

/// Where the way from original to variants broke.
#[derive(Clone, Debug)]
pub(crate) enum Broken {
    /// A link of the chain is missing or changed.
    Link { id: Id, name: String, condition: Condition },
    /// The function recorded that it cannot process the image.
    Recorded { key: String, reason: String },
    /// The function ran into an error, which its log shows; and what is known of the bucket where S3
    /// refused something.
    Function { event: Event, notice: Option<String> },
    /// Nothing was heard of the image. `breakdown`: an invocation that broke, for this image or another.
    Silent { key: String, secs: u64, breakdown: Option<Event> },
    /// The variant is in the bucket, but its address does not serve it.
    Cdn { url: String, answer: String },
    /// A variant is there but is no image.
    Variant { key: String, why: String },
}

impl Broken {
    pub(crate) fn what(&self) -> String {
        match self {
            Self::Link { id, name, .. } => format!("the pipeline is broken at {id} `{name}`"),
            Self::Recorded { key, .. } => format!("the function cannot process `{key}`"),
            Self::Function { .. } => "the function failed".to_owned(),
            Self::Silent { key, secs, .. } => {
                format!("no variant of `{key}` arrived within {secs} s")
            }
            Self::Cdn { url, .. } => format!("the CDN does not serve {url}"),
            Self::Variant { key, .. } => format!("the variant `{key}` cannot be used"),
        }
    }

    pub(crate) fn why(&self) -> Vec<String> {
        match self {
            Self::Link { condition: Condition::Missing, .. } => vec!["it is missing".to_owned()],
            Self::Link { .. } => vec!["it differs from the file".to_owned()],
            Self::Recorded { reason: why, .. }
            | Self::Cdn { answer: why, .. }
            | Self::Variant { why, .. } => vec![why.clone()],
            Self::Function { event, .. } => vec![event.brief()],
            Self::Silent { breakdown: Some(event), .. } => vec![
                "topic, subscription and function are correct, and the function's log does not \
                 mention it"
                    .to_owned(),
                format!("an invocation crashed, for this image or another: {}", event.brief()),
            ],
            Self::Silent { breakdown: None, .. } => vec![
                "topic, subscription and function are correct, and the function's log shows no \
                 error"
                    .to_owned(),
            ],
        }
    }

    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Link { .. } => "run `imgprep up` to repair it".to_owned(),
            Self::Recorded { .. } => "try another image".to_owned(),
            Self::Function { notice: Some(notice), .. } => notice.clone(),
            Self::Function { .. } => "`imgprep logs` shows the function's log".to_owned(),
            Self::Silent { breakdown: Some(_), .. } => {
                "`imgprep logs -v` shows what happened before; more `memory` or a longer `timeout` \
                 may help"
                    .to_owned()
            }
            Self::Silent { breakdown: None, .. } => {
                "S3 can take up to 5 minutes to start sending notifications: wait, then try again"
                    .to_owned()
            }
            Self::Cdn { .. } => "run `imgprep status` to see whether it is deployed".to_owned(),
            Self::Variant { .. } => "run `imgprep try` again".to_owned(),
        }
    }

    pub(crate) fn resource(&self) -> Id {
        match self {
            Self::Link { id, .. } => *id,
            Self::Recorded { .. } | Self::Function { .. } => function::ID,
            Self::Cdn { .. } => cdn::ID,
            Self::Silent { .. } => notification::ID,
            Self::Variant { .. } => bucket::ID,
        }
    }
}
