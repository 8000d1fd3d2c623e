//! `imgprep urls`

use std::fmt::Write as _;

use clap::Args;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;

use super::session::{LOOK, Session, Start};
use super::status::NOT_WHOLE;
use crate::addresses::srcset::Srcset;
use crate::addresses::{Address, Addresses};
use crate::amounts::bytes;
use crate::args::Global;
use crate::aws::bucket::Bucket;
use crate::config::Config;
use crate::engine::plan::Step;
use crate::error::Error;
use crate::inventory::Hindrance;
use crate::original;
use crate::outputs::base_url;
use crate::report::advice::{Advice, quoted};
use crate::report::layout::{name_columns, spaces};
use crate::report::printable::printable;
use crate::report::style::{BAD, BOLD, DIM, linked, painted};
use crate::report::{Answer, Outcome, Report, pretty};
use crate::resources::{bucket, cdn};

/// How many originals are looked at at once, each with all its variants.
const PARALLEL_LOOKS: usize = 8;

/// Show the addresses of an original's variants, with dimensions and bytes
///
/// Exits with 4 if a variant is missing or shows another version of the original.
///
/// Example: imgprep urls 2026/cat.jpg --srcset
#[derive(Debug, Args)]
pub(crate) struct Urls {
    /// Keys of originals, with or without the folder of the originals
    #[arg(required = true, value_name = "KEY")]
    pub(crate) keys: Vec<String>,
    /// Print an HTML `srcset` of the variants that show the same part of the original
    #[arg(long)]
    pub(crate) srcset: bool,
}

pub(crate) async fn run(args: &Urls, global: &Global, report: &Report) -> Result<Answer, Error> {
    let mut session = Session::open(global, report, LOOK, Start::IfNeeded).await?;
    let config = session.account.config.clone();
    let paths = args.keys.iter().map(|key| original::path(&config, key).map_err(Error::Key));
    let paths: Vec<_> = paths.collect::<Result<_, _>>()?;
    let plan = session.plan().await?;
    let (aws, names) = (&session.account.aws, &session.account.names);
    // Where there is no stack, that is the reason.
    let inventory = session.images(&plan)?;
    let base = base_url(&config, aws, plan.step(cdn::ID).and_then(Step::details))
        .ok_or_else(|| no_address(&config))?;
    let bucket = Bucket { aws, name: &names.bucket, account: &names.account };
    let looks = paths.iter().map(|path| Addresses::of_objects(&bucket, &config, &base, *path));
    let originals: Result<Vec<Addresses>, _> =
        stream::iter(looks).buffered(PARALLEL_LOOKS).try_collect().await;
    let originals = originals.map_err(|error| Hindrance {
        doing: "look at the variants",
        resource: bucket::ID,
        error,
        is_resumable: false,
    })?;
    let mut found = Vec::new();
    for (addresses, path) in originals.into_iter().zip(&paths) {
        let failure = if addresses.etag.is_none() || addresses.are_whole() {
            None
        } else {
            let record = inventory.failure_of(path.0).await?;
            let is_of_it = |etag: &String| Some(etag) == addresses.etag.as_ref();
            record.filter(|record| record.etag.as_ref().is_none_or(is_of_it))
        };
        let failure = failure.map(|record| record.reason);
        let srcset = args.srcset.then(|| {
            let srcset = Srcset::of(config.variants_of(*path).zip(&addresses.variants));
            for (folder, why) in &srcset.left_out {
                report.warn(&format!("{}: `{folder}` is left out: {why}", addresses.key));
            }
            srcset.value
        });
        found.push(Original { addresses, failure, srcset });
    }
    Ok(Box::new(Found { originals: found }))
}

/// Why nobody but the stack's own account can read the variants, and what to do about it.
fn no_address(config: &Config) -> Error {
    let (why, hint) = if config.cdn.enabled {
        ("the CDN is not there yet", "run `imgprep up`")
    } else {
        (
            "the bucket is private, and there is no CDN",
            "set `enabled = true` under `[cdn]`, or `access = \"public-acl\"` under `[bucket]`",
        )
    };
    Error::NoAddress { why, hint }
}

/// What was found.
#[derive(Serialize)]
struct Found {
    originals: Vec<Original>,
}

#[derive(Serialize)]
struct Original {
    #[serde(flatten)]
    addresses: Addresses,
    /// Why this version of the original cannot be processed, if that is so.
    failure: Option<String>,
    /// The value of the attribute as HTML has it before it is escaped.
    #[serde(skip_serializing_if = "Option::is_none")]
    srcset: Option<String>,
}

impl Outcome for Found {
    fn text(&self, report: &Report) -> String {
        let advice = report.advice();
        let texts = self.originals.iter().map(|original| original.text(advice));
        texts.collect::<Vec<_>>().join("\n")
    }

    fn json(&self) -> String {
        pretty(self)
    }

    /// A page that is made from this would show a broken image, so that a script should notice.
    fn exit_code(&self) -> u8 {
        let is_whole = |original: &Original| original.addresses.are_whole();
        if self.originals.iter().all(is_whole) { 0 } else { NOT_WHOLE }
    }
}

impl Original {
    fn text(&self, advice: &Advice) -> String {
        match &self.srcset {
            Some(value) if value.is_empty() => String::new(),
            Some(value) => format!("srcset=\"{}\"\n", value.replace('&', "&amp;")),
            None => self.list(advice),
        }
    }

    /// The original, what is wrong with it, and a line for each variant.
    fn list(&self, advice: &Advice) -> String {
        let key = &self.addresses.key;
        let mut text = format!("{}\n", painted(BOLD, &printable(key)));
        let wrong = match &self.failure {
            _ if self.addresses.etag.is_none() => Some("there is no such original".to_owned()),
            Some(reason) => Some(format!("cannot be processed: {}", printable(reason))),
            None => None,
        };
        if let Some(wrong) = wrong {
            let _ = writeln!(text, "  {}", painted(BAD, &wrong));
        } else if !self.addresses.are_whole() {
            let make = advice.command(&format!("backfill --outdated --prefix {}", quoted(key)));
            let _ = writeln!(text, "  to make what is missing: {make}");
        }
        text + &list(&self.addresses)
    }
}

/// A line for each variant.
fn list(addresses: &Addresses) -> String {
    let mut text = String::new();
    if addresses.variants.is_empty() {
        text.push_str("  no variant is made of originals in this folder\n");
    }
    let columns = name_columns(addresses.variants.iter().map(|address| address.folder.as_str()));
    for address in &addresses.variants {
        let _ =
            writeln!(text, "  {:<columns$} {}", address.folder, linked(&printable(&address.url)));
        let _ = writeln!(text, "  {} {}", spaces(columns), facts(address));
    }
    text
}

/// What is known of a variant.
fn facts(address: &Address) -> String {
    let known = &address.facts;
    let Some(count) = known.bytes else { return painted(BAD, "missing") };
    let outdated = address.outdated.then(|| painted(BAD, "  of another version of the original"));
    let size = known.width.zip(known.height).map(|(width, height)| format!("{width}x{height}"));
    let facts = [size, Some(bytes(count)), known.content_type.as_deref().map(printable)];
    let facts = painted(DIM, &facts.into_iter().flatten().collect::<Vec<_>>().join("  "));
    facts + &outdated.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;
    use insta::assert_snapshot;

    use super::*;
    use crate::addresses::Facts;

    fn address(folder: &str, facts: Facts) -> Address {
        let key = format!("{folder}/a&b.jpg");
        let (folder, url) = (folder.to_owned(), format!("https://x/{key}"));
        Address { folder, url, key, outdated: false, facts }
    }

    fn found(srcset: Option<&str>) -> Original {
        let of = |width: Option<u32>| Facts {
            width,
            height: width.map(|width| width / 4 * 3),
            bytes: Some(51_200),
            content_type: Some("image/jpeg".to_owned()),
        };
        let variants = vec![
            address("800x600", of(Some(800))),
            address("thumbnails", of(None)),
            address("400x300", Facts::default()),
        ];
        let (key, etag) = ("originals/a&b.jpg".to_owned(), Some("e".to_owned()));
        let addresses = Addresses { key, etag, variants };
        Original { addresses, failure: None, srcset: srcset.map(ToOwned::to_owned) }
    }

    #[test]
    fn a_variant_is_told_with_its_address_or_as_missing() {
        let text = |original: &Original| strip_str(&original.text(&Advice::default())).to_string();
        assert_snapshot!(text(&found(None)), @"
        originals/a&b.jpg
          to make what is missing: imgprep backfill --outdated --prefix 'originals/a&b.jpg'
          800x600        https://x/800x600/a&b.jpg
                         800x600  51.2 kB  image/jpeg
          thumbnails     https://x/thumbnails/a&b.jpg
                         51.2 kB  image/jpeg
          400x300        https://x/400x300/a&b.jpg
                         missing
        ");
        let nothing = Original {
            addresses: Addresses {
                key: "originals/a.jpg".to_owned(),
                etag: Some("e".to_owned()),
                variants: Vec::new(),
            },
            failure: None,
            srcset: None,
        };
        assert_snapshot!(text(&nothing), @"
        originals/a.jpg
          no variant is made of originals in this folder
        ");
    }

    #[test]
    fn an_original_that_is_gone_or_cannot_be_processed_is_told_first() {
        let text = |original: &Original| strip_str(&original.text(&Advice::default())).to_string();
        let mut original = found(None);
        original.addresses.variants.truncate(1);
        original.addresses.variants[0].outdated = true;
        original.failure = Some("SVG is not supported".to_owned());
        assert_snapshot!(text(&original), @"
        originals/a&b.jpg
          cannot be processed: SVG is not supported
          800x600        https://x/800x600/a&b.jpg
                         800x600  51.2 kB  image/jpeg  of another version of the original
        ");
        original.addresses.etag = None;
        assert!(text(&original).contains("\n  there is no such original\n"), "{}", text(&original));
        assert_eq!(Found { originals: vec![original] }.exit_code(), 4);
    }

    #[test]
    fn a_srcset_is_an_attribute_in_the_text_and_a_value_in_json() {
        let original = found(Some("https://x/a&b.jpg 800w"));
        let advice = Advice::default();
        assert_eq!(original.text(&advice), "srcset=\"https://x/a&amp;b.jpg 800w\"\n");
        assert_eq!(found(Some("")).text(&advice), "", "an attribute without a value helps nobody");
        let document = Found { originals: vec![original] };
        assert!(document.json().contains("\"srcset\": \"https://x/a&b.jpg 800w\""));
        assert_eq!(document.exit_code(), 4, "a variant is missing");
    }

    #[test]
    fn what_is_not_known_is_null() {
        let json: serde_json::Value =
            serde_json::from_str(&Found { originals: vec![found(None)] }.json()).unwrap();
        let missing = &json["originals"][0]["variants"][2];
        let expected = serde_json::json!({
            "folder": "400x300", "key": "400x300/a&b.jpg", "url": "https://x/400x300/a&b.jpg",
            "outdated": false, "width": null, "height": null, "bytes": null, "content_type": null,
        });
        assert_eq!(*missing, expected);
        assert!(json["originals"][0].get("srcset").is_none());
    }
}
