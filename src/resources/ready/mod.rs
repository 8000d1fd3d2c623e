//! The SNS topic on which the function tells of images that are ready. The function's role lets it
//! publish there, so that its policy needs nothing of ours.

mod permissions;
mod price;

use crate::engine::resource::{Id, Kind};
use crate::names::{Named, Names};
use crate::permissions::Row;
use crate::pricing::{Service, Usage};
use crate::resources::sns_topic::{Purpose, SnsTopic};

pub(crate) const ID: Id = Id(&Kind {
    loses: Some("who subscribed to it must do so again"),
    ..Kind::new("ready", "AWS::SNS::Topic")
});

pub(crate) type Ready = SnsTopic<Outcomes>;

/// What became of originals, for the application.
pub(crate) enum Outcomes {}

impl Purpose for Outcomes {
    const ID: Id = ID;

    const IN_TEMPLATES: (&'static str, &'static str) = ("Ready", "ready");

    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    const COSTS: fn(&Usage) -> Vec<Service> = price::costs;

    #[cfg(test)]
    const MEMBERS: &'static str = r"
name
  Ready/TopicName
  aws_sns_topic/ready/name
tags
  Ready/Tags
  aws_sns_topic/ready/tags
kms_key
  -
  -
";

    fn topic(names: &Names) -> Option<&Named> {
        names.ready.as_ref()
    }
}
