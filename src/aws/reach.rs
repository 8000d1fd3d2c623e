//! Whether AWS can be reached, which needs no credentials.

use std::fmt;
use std::time::{Duration, SystemTime};

use tokio::time::timeout;

use super::clients::{self, FIRST_CALL, dns_suffix, partition};
use super::clock::Skew;
use super::{AwsError, Connection, fetch, settings};

/// How AWS was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    host: String,
    /// The variable that names the proxy on the way.
    proxy: Option<&'static str>,
    pub(crate) skew: Option<Skew>,
}

impl fmt::Display for Reached {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} answers", self.host)?;
        match self.proxy {
            Some(variable) => write!(formatter, ", through the proxy of `{variable}`"),
            None => Ok(()),
        }
    }
}

/// Why AWS was not reached.
pub(crate) enum Unreached {
    /// Nobody was asked: a setting is missing or cannot be.
    Settings(AwsError),
    Network(AwsError),
}

/// The longest that AWS may take to answer.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Gets the page of the service that every command asks first.
pub(crate) async fn reach(connection: &Connection) -> Result<Reached, Unreached> {
    let way = clients::way(connection).await;
    let (transport, config, region) = way.map_err(Unreached::Settings)?;
    let url = settings::endpoint(&config, "STS")
        .unwrap_or_else(|| format!("https://sts.{region}.{}", dns_suffix(partition(&region))));
    let web = transport.web();
    let answer = timeout(WAIT_MAX, fetch::get(&web, &url)).await;
    let answer = match answer {
        Ok(Ok(answer)) if is_of_something_between(answer.status) => {
            Err(format!("something between here and AWS answered with status {}", answer.status))
        }
        Ok(answered) => answered,
        Err(_) => Err(format!("no answer within {} s", WAIT_MAX.as_secs())),
    };
    let answer = answer.map_err(|why| {
        let error = AwsError::connection(FIRST_CALL, why);
        Unreached::Network(settings::of_unknown_region(&region, error))
    })?;
    let skew = answer.date.and_then(|date| Skew::measure(&date, SystemTime::now()));
    let proxy = url.starts_with("https:").then(|| transport.https_proxy()).flatten();
    Ok(Reached { host: host(&url).to_owned(), proxy, skew })
}

/// A proxy wants a password, or a gateway has not reached AWS (RFC 9110, sections 15.5.8, 15.6.3 to
/// 15.6.5).
fn is_of_something_between(status: u16) -> bool {
    matches!(status, 407 | 502..=504)
}

/// Host and port of an address, without a user, who may come with a password.
fn host(url: &str) -> &str {
    let authority = url.split_once("//").map_or(url, |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_shown_of_an_address() {
        let shown = [
            "https://sts.us-east-1.amazonaws.com",
            "http://user:s3cr@t@127.0.0.1:4566/x?token=s3cret",
            "http://[::1]:4566?token=s3cret",
        ];
        assert_eq!(
            shown.map(host),
            ["sts.us-east-1.amazonaws.com", "127.0.0.1:4566", "[::1]:4566"]
        );
    }
}
