//! What a file may ask for and AWS would not hold, or nobody could use: found before the first
//! change.
//!
//! What shows in one value alone is refused by `config`.

use super::on_paper;
use crate::aws::clients::partition;
use crate::aws::endpoint::Endpoints;
use crate::aws::iam::POLICY_CHARACTERS_MAX;
use crate::config::{Config, ConfigError};
use crate::engine::plan::{Action, Plan};
use crate::names::Place;
use crate::resources::Member;
use crate::resources::bucket;
use crate::resources::policy::Policy;

/// Stands for any account in what only counts characters.
const ANY_ACCOUNT: &str = "000000000000";
/// Stands for a region that is not known yet; none has a shorter name, so that nothing is refused
/// which would fit.
const SHORTEST_REGION: &str = "us-east-1";

/// Refuses a file whose function would need a longer policy than IAM takes, as far as that can be
/// known before there is an account.
pub(crate) fn before_any_call(config: &Config, region: Option<&str>) -> Result<(), ConfigError> {
    let region = region.unwrap_or(SHORTEST_REGION);
    let place = Place {
        account: ANY_ACCOUNT.to_owned(),
        partition: partition(region),
        region: region.to_owned(),
        dns_suffix: "",
    };
    policy_fits(config, place)
}

/// Refuses a file whose function would need a longer policy than IAM takes.
pub(crate) fn policy_fits(config: &Config, place: Place) -> Result<(), ConfigError> {
    let policy = on_paper(config, place, Policy::wanted);
    let characters = policy.map(|policy| policy.characters()).unwrap_or_default();
    if characters <= POLICY_CHARACTERS_MAX {
        return Ok(());
    }
    Err(ConfigError::Policy { characters, limit: POLICY_CHARACTERS_MAX })
}

/// Refuses to make a bucket with dots in its name: S3's certificate is for one label before `s3`
/// ("Virtual hosting of general purpose buckets", Amazon S3 User Guide), so that browsers refuse the
/// bucket's host. One that is there already goes on working, and so does one that is in the path.
pub(crate) fn bucket_is_usable(
    config: &Config,
    endpoints: &Endpoints,
    plan: &Plan,
) -> Result<(), ConfigError> {
    let name = &config.bucket.name;
    let is_new = plan.step(bucket::ID).is_some_and(|step| step.action == Action::Create);
    if is_new && name.contains('.') && !endpoints.wants_path_style() {
        let instead = name.replace('.', "-");
        return Err(ConfigError::DottedBucket { name: name.clone(), instead });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::aws::iam::policy_characters;
    use crate::engine::fields::Values;
    use crate::engine::plan::{Goal, Wanted};
    use crate::engine::resource::{Observed, Owner};

    fn config(bucket: &str, folders: usize) -> Config {
        let variants: Vec<String> = (100..100 + folders)
            .map(|number| format!("{{ size = '1x1', folder = '{}{number}' }}", "v".repeat(117)))
            .collect();
        let text = format!("bucket.name = '{bucket}'\nvariants = [{}]\n", variants.join(","));
        Config::parse(&text, "pipeline.toml", Path::new(""), &|_| None).unwrap()
    }

    /// The length of the policy with so many variants, their folders 120 characters long.
    fn characters(folders: usize, region: Option<&str>) -> usize {
        match before_any_call(&config("photos", folders), region) {
            Err(ConfigError::Policy { characters, limit: 6144 }) => characters,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_policy_is_refused_that_iam_would_not_take() {
        before_any_call(&config("photos", 19), None).unwrap();
        let least = characters(20, None);
        // Each variant is named twice, once as `"arn:aws:s3:::photos/…/*",` and once as `"…/*",`.
        assert_eq!(characters(21, None) - least, 2 * 120 + 20 + 5 + 5);
        // The region stands in the ARNs of log group and queue.
        assert_eq!(characters(20, Some("ap-southeast-1")) - least, 2 * 5);
        // The partition stands in every ARN: originals, variants, records, bucket, log, queue.
        assert_eq!(characters(20, Some("us-gov-west-1")) - least, 2 * 4 + (1 + 20 + 4) * 7);
    }

    #[test]
    fn white_space_does_not_count() {
        assert_eq!(
            policy_characters(&serde_json::json!({"a b": "c\td"})),
            r#"{"ab":"c\td"}"#.len()
        );
    }

    fn plan_for(config: &Config, observed: Option<Observed>) -> Plan {
        let wanted = Wanted {
            id: bucket::ID,
            node: 0,
            retired: false,
            name: config.bucket.name.clone(),
            arn: None,
            fields: Values::default(),
            immutable: Vec::new(),
            held_by: Vec::new(),
        };
        Plan::new(Goal::Present { adopt: false, prune: false }, [(wanted, observed)])
    }

    #[test]
    fn a_bucket_with_dots_is_not_made_at_aws_but_used() {
        let (aws, dotted) = (Endpoints::default(), config("my.photos.example.com", 1));
        let new = plan_for(&dotted, None);
        let instead = "my-photos-example-com".to_owned();
        let refusal = ConfigError::DottedBucket { name: dotted.bucket.name.clone(), instead };
        assert_eq!(bucket_is_usable(&dotted, &aws, &new), Err(refusal));
        for owner in [Owner::Ours, Owner::Adopted, Owner::Foreign("no tag".to_owned())] {
            let there = plan_for(&dotted, Some(Observed::new(Values::default(), owner)));
            assert_eq!(bucket_is_usable(&dotted, &aws, &there), Ok(()));
        }
        let emulator = Endpoints::new(Some("http://127.0.0.1:4566".to_owned()), None);
        assert_eq!(bucket_is_usable(&dotted, &emulator, &new), Ok(()));
        let plain = config("my-photos", 1);
        assert_eq!(bucket_is_usable(&plain, &aws, &plan_for(&plain, None)), Ok(()));
    }
}
