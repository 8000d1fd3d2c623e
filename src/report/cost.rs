//! The estimate of what a pipeline costs, as a table of at most 80 columns.

use std::fmt::Write as _;

use super::advice::Advice;
use super::layout::{spaces, wrapped};
use super::text::{BOLD, DIM, painted};
use crate::cost::{Assumptions, Estimate, Server, SizeEffort};
use crate::pricing::number;

/// Where the details begin: after the names, the prices and what is free of them.
const DETAILS: usize = 38;
const INDENT: usize = 2;

/// The amounts alone.
pub(super) fn brief(estimate: &Estimate, advice: &Advice) -> String {
    let mut text = format!("{}, in USD\n", load(&estimate.assumptions));
    for service in &estimate.services {
        brief_row(&mut text, service.name, service.monthly_usd, "");
    }
    let left = usd(estimate.total_after_free_tier_usd);
    let left = format!("{left} if nothing else uses the free tier");
    brief_row(&mut text, "total", estimate.total_usd, &left);
    let full = format!("always on, for the same; more: {}", advice.command("cost -v"));
    brief_row(&mut text, "server", estimate.server.monthly_usd, &full);
    text
}

fn brief_row(text: &mut String, name: &str, amount: f64, remark: &str) {
    let line = format!("  {name:<13}{:>9}  {remark}", usd(amount));
    text.push_str(line.trim_end());
    text.push('\n');
}

fn load(facts: &Assumptions) -> String {
    format!(
        "{} originals of {} megapixels and {} views a month",
        number(facts.images.into()),
        number(facts.megapixels),
        number(facts.views.into())
    )
}

/// The amounts with what they rest on.
pub(super) fn full(estimate: &Estimate) -> String {
    let facts = &estimate.assumptions;
    let mut text = format!("{}\n\n", load(facts));
    let heads = ["USD a month", "free tier"];
    let _ = writeln!(text, "  {:<13}{:>11}{:>10}", "", heads[0], heads[1]);
    let mut free = 0.0;
    for service in &estimate.services {
        free += service.free_tier_usd;
        let (paid, saved) = (usd(service.monthly_usd), usd(service.free_tier_usd));
        row(&mut text, service.name, [&paid, &saved], &service.detail);
    }
    let total = [usd(estimate.total_usd), usd(free)];
    row(&mut text, "total", [&painted_total(&total[0]), &total[1]], "");
    let left = usd(estimate.total_after_free_tier_usd);
    row(&mut text, "to pay", [&left, ""], "if nothing else uses the free tier");
    server(&mut text, &estimate.server);
    if let Some(effort) = &estimate.size_effort {
        let line = size_effort(effort);
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

fn row(text: &mut String, name: &str, [paid, free]: [&str; 2], detail: &str) {
    let detail = wrapped(&words(detail), DETAILS);
    let line = format!("  {name:<13}{paid:>11}{free:>10}  {detail}");
    text.push_str(line.trim_end());
    text.push('\n');
}

fn server(text: &mut String, server: &Server) {
    text.push_str("\nthe same on an application server that is always on:\n\n");
    let (paid, free) = (usd(server.monthly_usd), usd(server.free_tier_usd));
    row(text, "server", [&painted_total(&paid), &free], &server.detail);
    let parts = [
        ("  instances", server.instances_usd),
        ("  images", server.images_in_s3_usd),
        ("  transfer", server.transfer_usd),
    ];
    for (name, part) in parts {
        row(text, name, [&usd(part), ""], "");
    }
    let busy = format!(
        "It has something to do {} % of the time that is paid for.",
        number(server.busy_share * 100.0)
    );
    let _ = writeln!(text, "\n{}", painted(DIM, &busy));
}

fn size_effort(effort: &SizeEffort) -> String {
    let from = match effort.pays_from_views {
        views if views <= 1.0 => "from the first view of an original on".to_owned(),
        views => format!("from {} views of an original on", number(views)),
    };
    format!(
        "`effort = \"size\"` would cost {} more for Lambda and {} less for storage and transfer: at \
         list prices it pays {from}.",
        usd_or_zero(effort.more_usd),
        usd_or_zero(effort.less_usd)
    )
}

fn assumed(facts: &Assumptions) -> Vec<String> {
    vec![
        format!(
            "prices of {} as of {}; other regions differ, and prices change",
            facts.prices_of_region, facts.prices_as_of
        ),
        format!(
            "an original of {} MB as JPEG, and {} of {} kB together, as at quality 80",
            number(facts.original_bytes / 1e6),
            plural(&facts.variants.to_string(), "variant"),
            number(facts.variant_bytes / 1e3)
        ),
        format!(
            "{} ms of a whole {} processor for an image, as measured for photos as JPEG and the formats \
             of the variants; at {} MB, with {} ms of waiting for S3, {} ms are billed",
            number(facts.cpu_ms),
            facts.arch,
            facts.memory_mb,
            number(facts.s3_wait_ms),
            number(facts.billed_ms)
        ),
        format!("all images of {} are kept", plural(&number(facts.months_kept.into()), "month")),
        format!(
            "each variant is looked at equally often, and {} % of the views are answered by the \
             CDN's caches",
            number(facts.cdn_hit_share * 100.0)
        ),
        format!("{} % of the originals are dead letters", number(facts.dead_letter_share * 100.0)),
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
