//! Every name and ARN of a stack, computed once from its configuration and its account.
//!
//! Names are the state: no resource hands an identifier to another, each derives it from here.

use std::collections::BTreeMap;
use std::iter;

use contract::keys::ImagePath;
use contract::settings::Variant;
use sha2::{Digest, Sha256};

use crate::aws::Aws;
use crate::engine::fields::Tags;
use crate::engine::resource::{ADOPTED_TAG, Owner, STACK_TAG};

/// The tag of what is under one name for all regions: the region of the stack that it belongs to.
pub(crate) const REGION_TAG: &str = "imgprep:region";

/// The tag of a certificate that says which domains it is for.
pub(crate) const DOMAINS_TAG: &str = "imgprep:domains";

/// The longest value of a tag ("Tag naming limits and requirements" in "Tagging AWS resources").
const TAG_VALUE_CHARACTERS_MAX: usize = 256;

/// Where Lambda's functions log (AWS Lambda Developer Guide, "Sending function logs to CloudWatch
/// Logs").
pub(crate) const LOG_GROUPS: &str = "/aws/lambda/";

/// Where the originals of `imgprep try` are, so that they are told apart from all others: below the
/// folder of originals, or below the one in it from which most variants are made.
const TRIAL_FOLDER: &str = "imgprep-try";

/// The tag of a resource that could be taken for another of its service, with the resource's id.
pub(crate) const RESOURCE_TAG: &str = "imgprep:resource";

/// The tag of a distribution that names the cache policy made for it, which can carry no tag itself.
pub(crate) const CACHE_POLICY_TAG: &str = "imgprep:cache-policy";

/// The longest name of an IAM role (IAM User Guide, "IAM and AWS STS quotas").
const ROLE_NAME_CHARACTERS_MAX: usize = 64;

/// How the names of the roles begin that S3 runs jobs as, by which they are told from others of a stack.
const BATCH_ROLE: &str = "BatchS3";

/// The names and ARNs of one stack in one account and region.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) stack: String,
    pub(crate) account: String,
    pub(crate) partition: &'static str,
    pub(crate) region: String,
    pub(crate) dns_suffix: &'static str,
    pub(crate) bucket: String,
    pub(crate) bucket_arn: String,
    pub(crate) topic: Named,
    pub(crate) function: String,
    pub(crate) function_arn: String,
    pub(crate) iam_path: String,
    pub(crate) policy: String,
    pub(crate) policy_arn: String,
    pub(crate) role: String,
    pub(crate) role_arn: String,
    /// The role that the function runs as for a moment, to be set back to its own afterwards.
    pub(crate) temporary_role: String,
    /// The role that S3 runs jobs as.
    pub(crate) batch_role: String,
    pub(crate) log_group: String,
    pub(crate) log_group_arn: String,
    pub(crate) dead_letters: Named,
    /// The topic that tells of images that are ready, if the file asks for it.
    pub(crate) ready: Option<Named>,
    /// The queue that is subscribed to it, if the file asks for it.
    pub(crate) ready_queue: Option<Named>,
    /// The queue for what could not be delivered to its subscribers.
    pub(crate) ready_dead_letters: Option<Named>,
    /// The topic of the alarms, if the file asks for alarms.
    pub(crate) alarm_topic: Option<Named>,
    /// What tells the certificate of the file's domains from others, if ACM is asked for one: the
    /// domains themselves, as far as a tag holds them.
    pub(crate) own_domains: Option<String>,
    /// Comment of the distribution, beginning of its `CallerReference`, and name of its origin access
    /// control and of its cache policy.
    pub(crate) cdn: String,
    /// The cache policy of its own that the distribution has, if the file asks for it.
    pub(crate) cache_policy: Option<String>,
    /// Everything that can carry tags carries these.
    pub(crate) tags: BTreeMap<String, String>,
}

/// Something of a service in the stack's region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) arn: String,
}

/// Where a stack is, as far as its names and ARNs tell.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) account: String,
    pub(crate) partition: &'static str,
    pub(crate) region: String,
    pub(crate) dns_suffix: &'static str,
}

impl From<&Aws> for Place {
    fn from(aws: &Aws) -> Self {
        Self {
            account: aws.account.clone(),
            partition: aws.partition,
            region: aws.region.clone(),
            dns_suffix: aws.dns_suffix(),
        }
    }
}

/// The names that a user chooses.
pub(crate) struct Chosen<'a> {
    pub(crate) stack: &'a str,
    pub(crate) bucket: &'a str,
    pub(crate) topic: &'a str,
    pub(crate) function: &'a str,
    /// The topic that tells of images that are ready.
    pub(crate) ready: Option<&'a str>,
    /// Whether a queue is subscribed to it.
    pub(crate) has_ready_queue: bool,
    /// Whether `?v=…` is part of the key of the CDN's cache.
    pub(crate) has_versions: bool,
    /// The topic of the alarms.
    pub(crate) alarms: Option<&'a str>,
    /// The domains for which ACM is asked for a certificate.
    pub(crate) own_domains: &'a [String],
    pub(crate) tags: &'a BTreeMap<String, String>,
}

/// Whether a role of a stack is for S3 to run jobs as.
pub(crate) fn is_batch_role(name: &str) -> bool {
    name.starts_with(BATCH_ROLE)
}

/// The folder below that of the originals which `imgprep try` uploads to.
pub(crate) fn trial_folder(variants: &[Variant]) -> String {
    let narrowed = variants.iter().flat_map(|variant| &variant.only);
    let folders = iter::once("").chain(narrowed.map(String::as_str));
    let folders = folders.map(|folder| format!("{folder}{TRIAL_FOLDER}"));
    let made = |folder: &String| {
        let path = format!("{folder}/image");
        variants.iter().filter(|variant| variant.takes(ImagePath(&path))).count()
    };
    // Of those that are equally good, the first.
    let best = folders.reduce(|best, it| if made(&it) > made(&best) { it } else { best });
    best.unwrap_or_default()
}

impl Names {
    pub(crate) fn new(chosen: &Chosen<'_>, place: Place) -> Self {
        let Chosen { stack, bucket, topic, function, ready, alarms, own_domains, .. } = *chosen;
        let Place { partition, region, account, dns_suffix } = place;
        let camel = camel_case(bucket);
        let iam_path = format!("/imgprep/{stack}/");
        let policy = format!("AllowAccessOn{camel}");
        let role = within(format!("LambdaS3{camel}"), ROLE_NAME_CHARACTERS_MAX);
        let temporary_role = within(format!("{role}-temporary"), ROLE_NAME_CHARACTERS_MAX);
        let batch_role = within(format!("{BATCH_ROLE}{camel}"), ROLE_NAME_CHARACTERS_MAX);
        let log_group = format!("{LOG_GROUPS}{function}");
        let mut tags = chosen.tags.clone();
        tags.insert(STACK_TAG.to_owned(), stack.to_owned());
        let in_region = format!("{region}:{account}");
        let regional =
            |service: &str, name: &str| format!("arn:{partition}:{service}:{in_region}:{name}");
        let named = |service: &str, name: String| {
            let arn = regional(service, &name);
            Named { name, arn }
        };
        let ready_queue =
            ready.filter(|_| chosen.has_ready_queue).map(|_| format!("{stack}-ready"));
        // The region is part of it: CloudFront is global, stacks are not.
        let cdn = format!("imgprep-{stack}-{region}");
        Self {
            bucket_arn: format!("arn:{partition}:s3:::{bucket}"),
            cache_policy: chosen.has_versions.then(|| cdn.clone()),
            ready: ready.map(|topic| named("sns", topic.to_owned())),
            ready_queue: ready_queue.map(|queue| named("sqs", queue)),
            ready_dead_letters: ready.map(|_| named("sqs", format!("{stack}-ready-dead-letters"))),
            function_arn: regional("lambda", &format!("function:{function}")),
            policy_arn: format!("arn:{partition}:iam::{account}:policy{iam_path}{policy}"),
            role_arn: format!("arn:{partition}:iam::{account}:role{iam_path}{role}"),
            log_group_arn: regional("logs", &format!("log-group:{log_group}")),
            dead_letters: named("sqs", format!("{stack}-dead-letters")),
            alarm_topic: alarms.map(|topic| named("sns", topic.to_owned())),
            own_domains: label(own_domains),
            cdn,
            stack: stack.to_owned(),
            account,
            partition,
            region,
            dns_suffix,
            bucket: bucket.to_owned(),
            topic: named("sns", topic.to_owned()),
            function: function.to_owned(),
            iam_path,
            policy,
            role,
            temporary_role,
            batch_role,
            log_group,
            tags,
        }
    }

    /// Names that nobody looks at.
    #[cfg(test)]
    pub(crate) fn stand_in() -> Self {
        let tags = &BTreeMap::new();
        let (stack, bucket, topic, function) = ("s", "b", "t", "f");
        let (ready, has_ready_queue, alarms) = (Some("r"), true, Some("a"));
        let (has_versions, own_domains) = (true, &[]);
        let chosen = Chosen {
            stack,
            bucket,
            topic,
            function,
            ready,
            has_ready_queue,
            has_versions,
            alarms,
            own_domains,
            tags,
        };
        Self::new(&chosen, Place::from(&Aws::stand_in()))
    }

    /// The same stack with another bucket; the names that follow from a bucket's stay.
    pub(crate) fn with_bucket(&self, bucket: &str) -> Self {
        let bucket_arn = format!("arn:{}:s3:::{bucket}", self.partition);
        Self { bucket: bucket.to_owned(), bucket_arn, ..self.clone() }
    }

    /// The same stack with another function, and the log group that follows from it.
    pub(crate) fn with_function(&self, function: &str) -> Self {
        let log_group = format!("{LOG_GROUPS}{function}");
        Self {
            function: function.to_owned(),
            function_arn: self.regional("lambda", &format!("function:{function}")),
            log_group_arn: self.regional("logs", &format!("log-group:{log_group}")),
            log_group,
            ..self.clone()
        }
    }

    /// Something of a service by this name.
    pub(crate) fn named(&self, service: &str, name: &str) -> Named {
        Named { name: name.to_owned(), arn: self.regional(service, name) }
    }

    /// The tags of a resource that could be taken for another of its service.
    pub(crate) fn tags_of(&self, resource: &str) -> Tags {
        let resource = (RESOURCE_TAG.to_owned(), resource.to_owned());
        self.tags.clone().into_iter().chain([resource]).collect()
    }

    /// The same stack with another policy.
    pub(crate) fn with_policy(&self, policy: &str) -> Self {
        let policy_arn = self.in_iam("policy", policy);
        Self { policy: policy.to_owned(), policy_arn, ..self.clone() }
    }

    /// The ARN of something of a service in the stack's region.
    pub(crate) fn regional(&self, service: &str, name: &str) -> String {
        let Self { partition, region, account, .. } = self;
        format!("arn:{partition}:{service}:{region}:{account}:{name}")
    }

    /// The ARN of something of a service that has one place for all regions.
    pub(crate) fn global(&self, service: &str, name: &str) -> String {
        let Self { partition, account, .. } = self;
        format!("arn:{partition}:{service}::{account}:{name}")
    }

    fn in_iam(&self, kind: &str, name: &str) -> String {
        self.global("iam", &format!("{kind}{}{name}", self.iam_path))
    }

    /// The ARN of a role under the stack's path.
    pub(crate) fn role_named(&self, name: &str) -> String {
        self.in_iam("role", name)
    }

    /// The ARN of any policy under the stack's path.
    pub(crate) fn any_policy_arn(&self) -> String {
        self.in_iam("policy", "*")
    }

    /// The ARN of any role under the stack's path.
    pub(crate) fn any_role_arn(&self) -> String {
        self.role_named("*")
    }

    /// The ARN of an alarm in the stack's region; `*` in its name stands for anything.
    pub(crate) fn alarm(&self, name: &str) -> String {
        self.regional("cloudwatch", &format!("alarm:{name}"))
    }

    /// What is in a folder of the stack's bucket.
    pub(crate) fn inside(&self, folder: &str) -> String {
        format!("{}/{folder}/*", self.bucket_arn)
    }

    /// The ARN of an object in the stack's bucket.
    pub(crate) fn object(&self, key: &str) -> String {
        format!("{}/{key}", self.bucket_arn)
    }

    pub(crate) fn temporary_role_arn(&self) -> String {
        self.role_named(&self.temporary_role)
    }

    /// The tags of the distribution, which lead to its cache policy once that has left the file.
    pub(crate) fn cdn_tags(&self) -> Tags {
        let policy = self.cache_policy.iter();
        let policy = policy.map(|name| (CACHE_POLICY_TAG.to_owned(), name.clone()));
        self.tags.clone().into_iter().chain(policy).collect()
    }

    /// The tags of roles and policies, which IAM keeps for all regions alike.
    pub(crate) fn iam_tags(&self) -> BTreeMap<String, String> {
        let region = (REGION_TAG.to_owned(), self.region.clone());
        self.tags.clone().into_iter().chain([region]).collect()
    }

    /// Whose a role or policy with these tags is; the same name may stand for a stack elsewhere.
    pub(crate) fn iam_owner(&self, tags: &Tags) -> Owner {
        match (self.owner(tags), tags.get(REGION_TAG)) {
            (Owner::Ours | Owner::Adopted, Some(region)) if *region != self.region => {
                Owner::Foreign(format!("it belongs to the stack `{}` in {region}", self.stack))
            }
            (owner, _) => owner,
        }
    }

    /// Whose a resource with these tags is.
    pub(crate) fn owner(&self, tags: &Tags) -> Owner {
        match tags.get(STACK_TAG) {
            Some(stack) if *stack == self.stack && tags.contains_key(ADOPTED_TAG) => Owner::Adopted,
            Some(stack) if *stack == self.stack => Owner::Ours,
            Some(stack) => Owner::Foreign(format!("it belongs to the stack `{stack}`")),
            None => Owner::Foreign(format!("it does not carry the tag `{STACK_TAG}`")),
        }
    }
}

/// Tags as an SDK answers them, in one form for all services.
pub(crate) fn tags<K: Into<String>, V: Into<String>>(
    all: impl IntoIterator<Item = (K, V)>,
) -> Tags {
    all.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
}

/// A set of domains as the value of a tag, which cannot hold a star; no domain has the mark in its
/// place. `None`: there are none.
fn label(domains: &[String]) -> Option<String> {
    let mut domains: Vec<String> = domains.iter().map(|domain| domain.replace('*', "_")).collect();
    domains.sort_unstable();
    (!domains.is_empty()).then(|| within(domains.join(" "), TAG_VALUE_CHARACTERS_MAX))
}

/// `photos-of.acme` as `PhotosOfAcme`.
fn camel_case(name: &str) -> String {
    name.split(['-', '.', '_'])
        .flat_map(|word| {
            let mut characters = word.chars();
            let first = characters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(characters)
        })
        .collect()
}

/// The name itself, or its beginning with a hash of the whole where it is too long.
fn within(name: String, characters_max: usize) -> String {
    const HASH_BYTES: usize = 4;
    if name.len() <= characters_max {
        return name;
    }
    let kept: String = name.chars().take(characters_max - 2 * HASH_BYTES).collect();
    let hash = Sha256::digest(name.as_bytes());
    kept + &hex::encode(&hash[..HASH_BYTES])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_names_are_the_bucket_in_camel_case() {
        assert_eq!(camel_case("image-preprocessing-example"), "ImagePreprocessingExample");
        assert_eq!(camel_case("photos.of.acme2"), "PhotosOfAcme2");
    }

    #[test]
    fn domains_are_told_apart_as_a_set_in_what_a_tag_can_hold() {
        let label =
            |domains: &[&str]| label(&domains.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(label(&[]), None);
        assert_eq!(
            label(&["www.example.com", "*.example.com"]),
            label(&["*.example.com", "www.example.com"])
        );
        assert_eq!(
            label(&["*.example.com", "example.com"]).as_deref(),
            Some("_.example.com example.com")
        );
        let many: Vec<String> = (100..200).map(|number| format!("{number}.example.com")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(label(&many).unwrap().len(), 256);
        assert_ne!(label(&many), label(&many[..99]));
    }

    #[test]
    fn a_name_that_iam_would_refuse_is_cut_and_stays_unique() {
        let (long_a, long_b) = ("a".repeat(70), format!("{}b", "a".repeat(69)));
        let (cut_a, cut_b) = (within(long_a, 64), within(long_b, 64));
        assert_eq!(cut_a.len(), 64);
        assert_ne!(cut_a, cut_b);
        assert_eq!(within("short".to_owned(), 64), "short");
    }
}
