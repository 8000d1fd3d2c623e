//! What the command line, the environment and the profile say of AWS, judged before use is made of
//! it: of a wrong value the SDK says only that nothing came of it.

use std::env;
use std::path::Path;

use aws_config::SdkConfig;
use aws_config::profile::{self, ProfileSet};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::service_config::ServiceConfigKey;
use hyper::Uri;

use super::call::{Cause, Unusable};
use super::{AwsError, Connection, clients};
use crate::{region, suggestion};

const PROFILE: &str = "AWS_PROFILE";
const ENDPOINT: (&str, &str) = ("AWS_ENDPOINT_URL", "endpoint_url");

/// The services that are called, by the identifiers from which the names of their variables come, and
/// those variables (AWS SDKs and Tools Reference Guide, "Service-specific endpoints").
const SERVICES: [(&str, &str); 13] = [
    ("ACM", "AWS_ENDPOINT_URL_ACM"),
    ("CloudFront", "AWS_ENDPOINT_URL_CLOUDFRONT"),
    ("CloudWatch", "AWS_ENDPOINT_URL_CLOUDWATCH"),
    ("CloudWatch Logs", "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"),
    ("IAM", "AWS_ENDPOINT_URL_IAM"),
    ("Lambda", "AWS_ENDPOINT_URL_LAMBDA"),
    ("Resource Groups Tagging API", "AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API"),
    ("Route 53", "AWS_ENDPOINT_URL_ROUTE_53"),
    ("S3", "AWS_ENDPOINT_URL_S3"),
    ("S3 Control", "AWS_ENDPOINT_URL_S3_CONTROL"),
    ("SNS", "AWS_ENDPOINT_URL_SNS"),
    ("SQS", "AWS_ENDPOINT_URL_SQS"),
    ("STS", "AWS_ENDPOINT_URL_STS"),
];

/// The variables that set the endpoint of a single service.
pub(crate) fn endpoint_variables() -> impl Iterator<Item = &'static str> {
    SERVICES.into_iter().map(|(_, variable)| variable)
}

/// Refuses a profile that is in no file. `named` is that of the command line, which comes before that
/// of the environment; the latter is not needed where the environment has credentials as well.
pub(super) async fn check_profile(named: Option<&str>) -> Result<(), AwsError> {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let (setting, name) = match (named, variable(PROFILE)) {
        (Some(name), _) => ("--profile", name.to_owned()),
        (None, Some(name)) if variable("AWS_ACCESS_KEY_ID").is_none() => (PROFILE, name),
        _ => return Ok(()),
    };
    let profiles = profiles().await.map_err(|error| {
        unusable(Unusable {
            setting,
            why: format!("{} cannot be read: {}", files(), DisplayErrorContext(error)),
            hint: "correct the file: sections in brackets, and a key and a value on each line"
                .to_owned(),
        })
    })?;
    if profiles.get_profile(&name).is_some() {
        return Ok(());
    }
    let mut known: Vec<&str> = profiles.profiles().collect();
    known.sort_unstable();
    let hint = match suggestion::closest(&name, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if known.is_empty() => {
            "there is no profile: `aws configure sso` creates one".to_owned()
        }
        None => format!("existing profiles: {}", suggestion::list(known, "and")),
    };
    let why = format!("there is no profile `{name}` in {}", files());
    Err(unusable(Unusable { setting, why, hint }))
}

async fn profiles() -> Result<ProfileSet, profile::ProfileFileLoadError> {
    profile::load(&Fs::real(), &Env::real(), &EnvConfigFiles::default(), None).await
}

/// The files in which profiles are looked for.
fn files() -> String {
    let file = |variable: &str, usual: &str| {
        let path = env::var(variable).unwrap_or_else(|_| usual.to_owned());
        format!("`{}`", Path::new(&path).display())
    };
    let config = file("AWS_CONFIG_FILE", "~/.aws/config");
    let credentials = file("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
    format!("{config} and {credentials}")
}

/// Refuses what has not the form of a region. Those of the command line and of the file were looked
/// at by now.
pub(super) fn check_region(name: &str) -> Result<(), AwsError> {
    if region::is_code(name) {
        return Ok(());
    }
    let is_this = |variable: &&&str| env::var(variable).is_ok_and(|value| value == name);
    let setting = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find(is_this);
    Err(unusable(Unusable {
        setting: setting.copied().unwrap_or("region"),
        why: format!("`{name}` {}", region::NO_CODE),
        hint: region::advice(name),
    }))
}

/// The error where nothing answers in a region: it says so where AWS is not known to have that.
pub(super) fn of_unknown_region(name: &str, error: AwsError) -> AwsError {
    match &error.cause {
        Cause::Connection(why) if !region::is_known(name) => unusable(Unusable {
            setting: "region",
            why: format!("nothing answers in `{name}`, a region that imgprep does not know: {why}"),
            hint: region::advice(name),
        }),
        _ => error,
    }
}

/// The error where no call could be made: it names the profile that was asked for.
pub(super) fn of_profile(connection: &Connection, error: AwsError) -> AwsError {
    match (&error.cause, &connection.profile) {
        (Cause::Request(why), Some(profile)) => unusable(Unusable {
            setting: "--profile",
            why: format!("`{profile}` provides no credentials: {why}"),
            hint: format!(
                "run `aws sso login --profile {profile}`, or give it keys, a role or a credential \
                 process"
            ),
        }),
        _ => error,
    }
}

/// Refuses endpoints that are no addresses.
pub(super) fn check_endpoints(config: &SdkConfig) -> Result<(), AwsError> {
    for (service, variable) in SERVICES {
        let Some(url) = of_service(config, service, ENDPOINT) else { continue };
        let address = url.parse::<Uri>().ok();
        let is_address = address.is_some_and(|address| {
            matches!(address.scheme_str(), Some("http" | "https")) && address.host().is_some()
        });
        if !is_address {
            let set = [variable, ENDPOINT.0].into_iter().find(|name| env::var(name).is_ok());
            return Err(unusable(Unusable {
                setting: set.unwrap_or(ENDPOINT.1),
                why: match url.as_str() {
                    "" => "it is empty".to_owned(),
                    _ => "it is not a server address".to_owned(),
                },
                hint: "write it as `https://HOST` or `http://HOST:PORT`, or unset it".to_owned(),
            }));
        }
    }
    Ok(())
}

/// The endpoint that a service uses: its own variable or profile entry, or the one for all.
pub(super) fn endpoint(config: &SdkConfig, service: &'static str) -> Option<String> {
    let own = of_service(config, service, ENDPOINT);
    own.or_else(|| config.endpoint_url().map(ToOwned::to_owned))
}

/// A setting as it is for a service, by its variable or by its key in the profile.
pub(super) fn of_service(
    config: &SdkConfig,
    service: &'static str,
    (variable, key): (&'static str, &'static str),
) -> Option<String> {
    let key = ServiceConfigKey::builder().service_id(service).env(variable).profile(key).build();
    config.service_config()?.load_config(key.ok()?)
}

fn unusable(unusable: Unusable) -> AwsError {
    AwsError { call: clients::FIRST_CALL, cause: Cause::Unusable(unusable) }
}
