//! `imgprep cost`

use std::fmt::Write as _;

use clap::Args;

use crate::args::Global;
use crate::config::{Config, StorageClass};
use crate::cost::{
    self, Assumptions, Estimate, FlatRate, InClass, OriginalsStorage, Server, SizeEffort,
};
use crate::error::Error;
use crate::pricing::{Load, number};
use crate::report::advice::Advice;
use crate::report::layout::{spaces, width, wrapped};
use crate::report::style::{BOLD, DIM, painted};
use crate::report::{Answer, Outcome, Report, pretty};

/// Estimate the monthly cost, compared with an application server that does the same
///
/// Makes no call to AWS. Prices are for us-east-1, as of the date shown.
///
/// Example: imgprep cost --images 50000 --megapixels 24 --views 2000000
#[derive(Debug, Args)]
pub(crate) struct Cost {
    /// Originals per month
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) images: u32,
    /// Size of an original in megapixels
    #[arg(long, value_name = "NUMBER", default_value_t = 12.0, value_parser = megapixels)]
    pub(crate) megapixels: f64,
    /// Variant views per month
    #[arg(long, value_name = "NUMBER", default_value_t = 100_000)]
    pub(crate) views: u32,
    /// File size of an original; default: that of a typical camera JPEG
    #[arg(long, value_name = "BYTES")]
    pub(crate) original_bytes: Option<u32>,
    /// How many months of images are stored
    #[arg(long, value_name = "NUMBER", default_value_t = 12)]
    pub(crate) months: u32,
}

pub(crate) fn run(args: &Cost, global: &Global) -> Result<Answer, Error> {
    let config = Config::load(&global.config, &|name| std::env::var(name).ok());
    let mut config = config.map_err(Error::Config)?;
    if let Some(region) = global.region.clone().or_else(|| config.region.clone()) {
        (config, _) = config.in_region(&region).map_err(Error::Config)?;
    }
    let load = Load {
        images: args.images,
        megapixels: args.megapixels,
        views: args.views,
        original_bytes: args.original_bytes,
        months: args.months,
    };
    Ok(Box::new(cost::estimate(&config, &load)))
}

impl Outcome for Estimate {
    fn text(&self, report: &Report) -> String {
        if report.is_verbose() { full(self) } else { brief(self, report.advice()) }
    }

    fn json(&self) -> String {
        pretty(self)
    }
}

fn megapixels(text: &str) -> Result<f64, String> {
    // What the function takes, see its limits.
    const MEGAPIXELS_MAX: f64 = 400.0;
    let number =
        text.parse::<f64>().ok().filter(|number| *number > 0.0 && *number <= MEGAPIXELS_MAX);
    number.ok_or_else(|| format!("must be above 0 and at most {MEGAPIXELS_MAX}"))
}

/// The least room for names.
const NAMES_MIN: usize = 13;
/// What a price and what is free of it take beside a name, with the spaces around them.
const PRICES: usize = 25;
/// Where the details begin in the table of storage classes, whose names are longer.
const CLASS_DETAILS: usize = 32;
const INDENT: usize = 2;

/// A table under way: each name has as much room as the longest.
struct Table {
    text: String,
    names: usize,
}

impl Table {
    fn of(estimate: &Estimate, text: String) -> Self {
        let names = estimate.services.iter().map(|service| width(service.name));
        Self { text, names: names.fold(NAMES_MIN, usize::max) }
    }

    fn brief_row(&mut self, name: &str, amount: f64, remark: &str) {
        let (names, amount) = (self.names, usd(amount));
        self.line(&format!("  {name:<names$}{amount:>9}  {remark}"));
    }

    fn row(&mut self, name: &str, [paid, free]: [&str; 2], detail: &str) {
        let names = self.names;
        let detail = wrapped(&words(detail), names + PRICES);
        self.line(&format!("  {name:<names$}{paid:>11}{free:>10}  {detail}"));
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

/// The amounts alone.
fn brief(estimate: &Estimate, advice: &Advice) -> String {
    let head = format!("{}, in USD\n", load(&estimate.assumptions));
    let mut table = Table::of(estimate, head);
    for service in &estimate.services {
        table.brief_row(service.name, service.monthly_usd, "");
    }
    let left = usd(estimate.total_after_free_tier_usd);
    let left = format!("{left} if nothing else uses the free tier");
    table.brief_row("total", estimate.total_usd, &left);
    if let Some(plan) = &estimate.flat_rate {
        let (name, by_use) = (plan.plan, usd(plan.by_use_usd));
        let remark = format!("CloudFront's plan {name}; by use {by_use}");
        table.brief_row("flat rate", plan.monthly_usd, &remark);
    }
    let full = format!("always on, same work; details: {}", advice.command("cost -v"));
    table.brief_row("server", estimate.server.monthly_usd, &full);
    let mut text = table.text;
    if let Some((best, saving)) = estimate.originals_storage.better() {
        let _ = writeln!(text, "{}", better_storage(best, saving));
    }
    text
}

fn load(facts: &Assumptions) -> String {
    format!(
        "{} originals of {} megapixels and {} views per month",
        number(facts.images.into()),
        number(facts.megapixels),
        number(facts.views.into())
    )
}

/// The amounts with what they rest on.
fn full(estimate: &Estimate) -> String {
    let facts = &estimate.assumptions;
    let mut table = Table::of(estimate, format!("{}\n\n", load(facts)));
    table.row("", ["USD/month", "free tier"], "");
    let mut free = 0.0;
    for service in &estimate.services {
        free += service.free_tier_usd;
        let (paid, saved) = (usd(service.monthly_usd), usd(service.free_tier_usd));
        table.row(service.name, [&paid, &saved], &service.detail);
    }
    let total = [usd(estimate.total_usd), usd(free)];
    table.row("total", [&painted_total(&total[0]), &total[1]], "");
    let left = usd(estimate.total_after_free_tier_usd);
    table.row("to pay", [&left, ""], "if nothing else uses the free tier");
    originals_storage(&mut table.text, &estimate.originals_storage);
    server(&mut table, &estimate.server);
    let mut text = table.text;
    if let Some(effort) = &estimate.size_effort {
        let line = size_effort(effort);
        let _ = writeln!(text, "\n{}", wrapped(&words(&line), 0));
    }
    if facts.views > 0 && estimate.services.iter().any(|it| it.name == "CloudFront") {
        let line = estimate.flat_rate.as_ref().map_or_else(no_flat_rate, flat_rate);
        let _ = writeln!(text, "\n{}", wrapped(&words(&line), 0));
    }
    text.push_str("\nassumed:\n");
    for line in assumed(facts) {
        paragraph(&mut text, &line);
    }
    text.push_str("\nnot counted:\n");
    for line in estimate.leaves_out {
        paragraph(&mut text, line);
    }
    text
}

fn painted_total(total: &str) -> String {
    painted(BOLD, &format!("{total:>11}"))
}

fn originals_storage(text: &mut String, storage: &OriginalsStorage) {
    text.push_str("\nthe originals in each storage class:\n\n");
    for class in &storage.classes {
        let mark = if class.class == storage.chosen { "; in the file" } else { "" };
        let detail = format!("{}{mark}", in_class(class));
        let detail = wrapped(&words(&detail), CLASS_DETAILS);
        let _ = writeln!(text, "  {:<20}{:>8}  {detail}", class.class, usd(class.monthly_usd));
    }
    let choice = match storage.better() {
        None => format!("for these numbers, {} is the cheapest", storage.cheapest),
        Some((best, saving)) => better_storage(best, saving),
    };
    let choice =
        format!("{choice}, if all originals are read once a year, by a backfill for instance");
    let _ = writeln!(text, "\n{}", wrapped(&words(&choice), 0));
}

fn better_storage(best: &InClass, saving: f64) -> String {
    let how = match best.moved_to {
        None => "S3 Standard, without `originals_storage`,".to_owned(),
        Some(class) => format!("`originals_storage = \"{}\"`", class.word()),
    };
    format!("{how} would save {} a month", usd(saving))
}

/// The saving, and its price.
fn in_class(class: &InClass) -> String {
    let InClass { after_days, for_each_object_usd, saves_usd, reading_all_usd, .. } = class;
    let terms = match class.moved_to {
        None => return "S3 Standard".to_owned(),
        Some(StorageClass::IntelligentTiering) => "objects below 128 KB stay in Standard",
        Some(StorageClass::GlacierInstant) => {
            "objects below 128 KB stay in Standard; what is deleted within 90 days of moving is \
             paid for as long"
        }
    };
    let saved = match *saves_usd {
        saves if saves < 0.0 => format!("costs {} more", usd(-saves)),
        saves => format!("saves {}", usd_or_zero(saves)),
    };
    format!(
        "moved after {}; {saved}; {} of it is for moving and monitoring each object; reading \
         all originals once: {}; {terms}",
        plural(&after_days.to_string(), "day"),
        usd_or_zero(*for_each_object_usd),
        usd_or_zero(*reading_all_usd)
    )
}

fn server(table: &mut Table, server: &Server) {
    table.text.push_str("\nthe same work on an always-on application server:\n\n");
    let (paid, free) = (usd(server.monthly_usd), usd(server.free_tier_usd));
    table.row("server", [&painted_total(&paid), &free], &server.detail);
    let parts = [
        ("  instances", server.instances_usd),
        ("  images", server.images_in_s3_usd),
        ("  transfer", server.transfer_usd),
    ];
    for (name, part) in parts {
        table.row(name, [&usd(part), ""], "");
    }
    let busy = format!(
        "The server is busy {} % of the time you pay for.",
        number(server.busy_share * 100.0)
    );
    let _ = writeln!(table.text, "\n{}", painted(DIM, &busy));
}

fn size_effort(effort: &SizeEffort) -> String {
    let from = match effort.pays_from_views {
        views if views <= 1.0 => "from the first view of each original".to_owned(),
        views => format!("after {} views per original", number(views)),
    };
    format!(
        "`effort = \"size\"` would cost {} more for Lambda and {} less for storage and transfer: at \
         list prices it pays off {from}.",
        usd_or_zero(effort.more_usd),
        usd_or_zero(effort.less_usd)
    )
}

fn no_flat_rate() -> String {
    "None of CloudFront's flat-rate plans would be cheaper.".to_owned()
}

fn flat_rate(plan: &FlatRate) -> String {
    let rest = if plan.has_own_policies { "" } else { " and excludes `versions = true`" };
    format!(
        "CloudFront's flat-rate plan {} would cost {} a month in place of {} by use, for up to {} \
         requests and {} GB. Above that AWS may slow the CDN down. It is for one distribution and the \
         names below one domain, needs a web ACL of AWS WAF, which it includes{rest}. Subscribe in \
         CloudFront's console, and cancel there before `imgprep down`.",
        plan.plan,
        usd_or_zero(plan.monthly_usd),
        usd(plan.by_use_usd),
        number(plan.requests),
        number(plan.gigabytes)
    )
}

fn assumed(facts: &Assumptions) -> Vec<String> {
    vec![
        format!(
            "prices for {} as of {}, flat-rate plans as of {}; other regions differ, and prices change",
            facts.prices_of_region, facts.prices_as_of, facts.flat_rates_as_of
        ),
        format!(
            "JPEG originals of {} MB; {} totalling {} kB, as at quality 80",
            number(facts.original_bytes / 1e6),
            plural(&facts.variants.to_string(), "variant"),
            number(facts.variant_bytes / 1e3)
        ),
        format!(
            "{} ms of one {} processor per image, as measured for JPEG photos and the variants' \
             formats; at {} MB and with {} ms of waiting for S3, {} ms are billed",
            number(facts.cpu_ms),
            facts.arch,
            facts.memory_mb,
            number(facts.s3_wait_ms),
            number(facts.billed_ms)
        ),
        format!("images are kept for {}", plural(&number(facts.months_kept.into()), "month")),
        format!(
            "all variants are viewed equally often, and the CDN's caches answer {} % of the views",
            number(facts.cdn_hit_share * 100.0)
        ),
        format!(
            "{} % of the originals become dead letters",
            number(facts.dead_letter_share * 100.0)
        ),
    ]
}

fn paragraph(text: &mut String, line: &str) {
    let _ = writeln!(text, "{}{}", spaces(INDENT), wrapped(&words(line), INDENT));
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(ToOwned::to_owned).collect()
}

fn plural(count: &str, what: &str) -> String {
    let ending = if count == "1" { "" } else { "s" };
    format!("{count} {what}{ending}")
}

fn usd_or_zero(amount: f64) -> String {
    if amount == 0.0 { "0.00".to_owned() } else { usd(amount) }
}

/// An amount in cents; what is less than one is not nothing.
fn usd(amount: f64) -> String {
    match amount {
        0.0 => "-".to_owned(),
        amount if amount < 0.005 => "< 0.01".to_owned(),
        amount => format!("{amount:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn figures_are_under_each_other_whatever_the_names() {
        let text = "[bucket]\nname = 'photos'\n[[variants]]\nsize = '400x300'\n[alarms]\n\
                    email = ['a@example.com']\n[notify]\n";
        let config = Config::parse(text, "pipeline.toml", Path::new(""), &|_| None).unwrap();
        let load = Load {
            images: 10_000,
            megapixels: 12.0,
            views: 2_000_000_000,
            original_bytes: None,
            months: 12,
        };
        let estimate = cost::estimate(&config, &load);
        let shown = |text: &str| anstream::adapter::strip_str(text).to_string();
        let (brief, full) = (shown(&brief(&estimate, &Advice::default())), shown(&full(&estimate)));
        assert_snapshot!(brief, @r#"
        10,000 originals of 12 megapixels and 2,000,000,000 views per month, in USD
          S3 storage              9.98
          S3 requests            80.16
          SNS                     0.01
          SNS (notify)            0.01
          SNS (alarms)          < 0.01
          Lambda                  0.02
          CloudWatch              0.91
          CloudWatch (alarms)     0.60
          SQS                        -
          CloudFront           4448.00
          total                4539.67  4443.14 if nothing else uses the free tier
          flat rate            3500.00  CloudFront's plan Premium; by use 4353.00
          server               3422.56  always on, same work; details: imgprep cost -v
        `originals_storage = "glacier-instant"` would save 6.25 a month
        "#);
        let paid_and_free = |name: &str| {
            let line = full.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
            let (row, detail) = line.split_at(42.min(line.len()));
            assert!(detail.is_empty() || detail.starts_with("  "), "{full}");
            [row[21..32].trim().to_owned(), row[32..].trim().to_owned()]
        };
        assert_eq!(paid_and_free("USD/month"), ["USD/month", "free tier"]);
        assert_eq!(paid_and_free("SQS"), ["-", "-"]);
        assert_eq!(paid_and_free("CloudWatch (alarms)"), ["0.60", "0.60"]);
        assert_eq!(paid_and_free("instances")[1], "");
        for text in [&brief, &full] {
            assert_eq!(text.lines().find(|line| width(line) > 80), None, "{text}");
        }
    }

    #[test]
    fn megapixels_are_what_the_function_takes() {
        assert_eq!((megapixels("0.5"), megapixels("400")), (Ok(0.5), Ok(400.0)));
        for text in ["0", "-1", "400.1", "NaN", "inf", "many", ""] {
            megapixels(text).unwrap_err();
        }
    }
}
