//! Whether a run left images behind: originals whose variants are not as the file says by now.

use std::collections::BTreeMap;

use contract::framing::Framing;
use contract::settings::Settings;
use serde_json::Value;

use crate::engine::changelog::{Changelog, Entry};
use crate::engine::fields::Edit;
use crate::engine::plan::Action;
use crate::engine::resource::Id;
use crate::resources::{bucket, folders, function};

/// How the variants of older originals lag behind the file after a change of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Behind {
    #[default]
    Nothing,
    NewSizes,
    OtherSettings,
}

impl Behind {
    pub(crate) fn of(changelog: &Changelog) -> Self {
        let has = |id: Id, is: &dyn Fn(&Entry) -> bool| {
            changelog.entries.iter().any(|entry| entry.id == id && is(entry))
        };
        let is_updated = |entry: &Entry| entry.action == Action::Update;
        // A stack that is made once more on a bucket that was kept, or that is adopted. A function
        // that only has another name left nothing behind.
        let is_renamed = has(function::ID, &|entry| entry.retired);
        let is_on_old_bucket = has(function::ID, &|entry| entry.action == Action::Create)
            && has(bucket::ID, &|entry| entry.action != Action::Create)
            && !is_renamed;
        let are_others = |edit: &Edit| {
            let [have, want] = [&edit.have, &edit.want].map(variants);
            // By folder, for a size may be new or gone.
            want.iter().any(|(folder, made)| have.get(folder).is_some_and(|before| before != made))
        };
        let makes_others = |entry: &Entry| is_updated(entry) && entry.edits.iter().any(are_others);
        if has(function::ID, &makes_others) {
            Self::OtherSettings
        } else if has(folders::ID, &is_updated) || is_on_old_bucket {
            Self::NewSizes
        } else {
            Self::Nothing
        }
    }
}

/// How each variant is made, by its folder, where a value is the function's settings.
fn variants(value: &Value) -> BTreeMap<String, String> {
    let settings = value.as_str().and_then(|text| serde_json::from_str::<Settings>(text).ok());
    let variants = settings.map(|settings| settings.variants).unwrap_or_default();
    variants
        .into_iter()
        .map(|variant| (variant.folder.clone(), variant.fingerprint(&Framing::default())))
        .collect()
}
