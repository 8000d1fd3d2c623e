//! Who watches over a stack: how its alarms stand, and which addresses get no mail yet.

use serde::Serialize;

use crate::engine::changelog::Changelog;
use crate::engine::resource::Id;
use crate::resources::alarms::Standing;
use crate::resources::sns_mails::UNCONFIRMED;
use crate::resources::{alarm_topic, alarms};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Watch {
    /// The addresses of the file that have not confirmed that they want mail.
    pub(crate) unconfirmed: Vec<String>,
    /// None where nobody has looked since the alarms were made.
    pub(crate) states: Vec<Standing>,
}

impl Watch {
    /// `None` where the file has no alarms.
    pub(crate) fn of(changelog: &Changelog) -> Option<Self> {
        changelog.details(alarms::ID)?;
        let detail = |id: Id, what: &str| changelog.details(id)?.get(what).cloned();
        let unconfirmed = detail(alarm_topic::ID, UNCONFIRMED).unwrap_or_default();
        let states = changelog.details(alarms::ID).into_iter().flat_map(|all| all.values());
        Some(Self {
            unconfirmed: unconfirmed.lines().map(ToOwned::to_owned).collect(),
            states: states.filter_map(|detail| Standing::from_detail(detail)).collect(),
        })
    }
}
