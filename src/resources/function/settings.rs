//! What the file says of the function.

use std::collections::BTreeMap;

use aws_sdk_lambda::types::Architecture;
use contract::settings::{CDN_VARIABLE, DISTRIBUTION_VARIABLE, Notify, SETTINGS_VARIABLE};

use super::price;
use crate::config::{Arch, Config};
use crate::resources::Blueprint;

/// What the function must be besides its names.
pub(super) struct Settings {
    pub(super) memory: i32,
    pub(super) timeout: i32,
    pub(super) architecture: Architecture,
    pub(super) concurrency: Option<i32>,
    /// Variables that are compared and repaired.
    pub(super) variables: BTreeMap<String, String>,
    /// Variables of an earlier configuration, which must not be there.
    pub(super) unwanted_variables: Vec<&'static str>,
    /// Variables that only an emulator needs: set along, never compared.
    pub(super) emulator_variables: BTreeMap<String, String>,
    /// What keeps it from finishing a usual original, if anything does.
    pub(super) shortage: Option<String>,
}

impl Settings {
    pub(super) fn new(blueprint: &Blueprint<'_>) -> Self {
        let Config { bucket, function, cdn, variants, notify, .. } = blueprint.config;
        let topic = blueprint.names.ready.as_ref();
        let settings = contract::settings::Settings {
            bucket: bucket.name.clone(),
            originals: bucket.originals.clone(),
            public_acl: blueprint.is_public_acl(),
            invalidate: None,
            on_delete: bucket.on_delete,
            variants: variants.clone(),
            notify: notify.as_ref().zip(topic).map(|(notify, topic)| Notify {
                stack: blueprint.names.stack.clone(),
                topic: topic.arn.clone(),
                manifest: notify.manifest,
                thumbhash: notify.thumbhash,
                cdn: None,
                versions: cdn.versions,
            }),
        };
        let settings = serde_json::to_value(settings).unwrap_or_default().to_string();
        Self {
            memory: i32::try_from(function.memory).unwrap_or(i32::MAX),
            timeout: i32::try_from(function.timeout).unwrap_or(i32::MAX),
            architecture: match function.arch {
                Arch::X86_64 => Architecture::X8664,
                Arch::Arm64 => Architecture::Arm64,
            },
            concurrency: function.concurrency.and_then(|reserved| i32::try_from(reserved).ok()),
            variables: BTreeMap::from([(SETTINGS_VARIABLE.to_owned(), settings)]),
            unwanted_variables: [
                (cdn.invalidate, DISTRIBUTION_VARIABLE),
                (cdn.enabled && notify.is_some(), CDN_VARIABLE),
            ]
            .into_iter()
            .filter(|(is_wanted, _)| !is_wanted)
            .map(|(_, variable)| variable)
            .collect(),
            emulator_variables: blueprint.endpoints.function_variables(),
            shortage: price::shortage_of_time(blueprint.config),
        }
    }
}
