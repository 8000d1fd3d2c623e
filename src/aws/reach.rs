//! Whether AWS can be reached, which needs no credentials.

use std::fmt;
use std::time::SystemTime;

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

/// Gets the page of the service that every command asks first.
pub(crate) async fn reach(connection: &Connection) -> Result<Reached, AwsError> {
    let (transport, config, region) = clients::way(connection).await?;
    let url = settings::endpoint(&config, "STS")
        .unwrap_or_else(|| format!("https://sts.{region}.{}", dns_suffix(partition(&region))));
    let answer = fetch::get(&transport.web(), &url).await;
    let answer = answer.map_err(|why| AwsError::connection(FIRST_CALL, why))?;
    let skew = answer.date.and_then(|date| Skew::measure(&date, SystemTime::now()));
    let host = url.split("//").nth(1).unwrap_or(&url).trim_end_matches('/').to_owned();
    let proxy = url.starts_with("https:").then(|| transport.https_proxy()).flatten();
    Ok(Reached { host, proxy, skew })
}
