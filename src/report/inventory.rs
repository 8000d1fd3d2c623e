//! The images of a stack as text: what is missing, what failed, what was made of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use contract::failure::Remedy;

use super::advice::Advice;
use super::layout::name_columns;
use super::printable::printable;
use super::text::{BAD, BOLD, CHANGED, DIM, GOOD, painted};
use crate::amounts::{bytes, counted};
use crate::inventory::{
    BackfillPlan, BackfillResult, FoundFailure, ImageCounts, Pruned, Retried, RetryOutcome,
};

/// What `status --images` adds.
pub(super) fn counts(images: &ImageCounts) -> String {
    let columns = name_columns(images.variants.keys().map(String::as_str));
    let originals = counted(images.originals, "original");
    let mut text = format!("\n  {:<columns$} {originals}\n", "images");
    let letters = images.dead_letters.unwrap_or_default();
    let troubles = [
        (images.failures, "failed", BAD, "original"),
        (letters, "dead letters", BAD, "message"),
        (images.orphans, "left over", CHANGED, "variant"),
    ];
    for (count, name, style, what) in troubles.into_iter().filter(|(count, ..)| *count > 0) {
        let _ = writeln!(text, "  {name:<columns$} {}", painted(style, &counted(count, what)));
    }
    for (folder, count) in &images.variants {
        let _ = write!(text, "  {folder:<columns$} {}", counted(*count, "variant"));
        match images.missing.get(folder) {
            None | Some(0) => {}
            Some(missing) => {
                let _ = write!(text, ", {}", painted(CHANGED, &format!("{missing} missing")));
            }
        }
        text.push('\n');
    }
    text
}

/// The commands that help with what was counted.
pub(super) fn next(images: &ImageCounts) -> impl Iterator<Item = &'static str> {
    let next = [
        (images.missing.values().any(|missing| *missing > 0), "backfill"),
        (images.failures > 0, "failures"),
        (images.orphans > 0, "prune"),
    ];
    next.into_iter().filter(|(is_due, _)| *is_due).map(|(_, command)| command)
}

/// What a backfill would do.
pub(super) fn backfill_plan(plan: &BackfillPlan, advice: &Advice) -> String {
    let mut text = format!("{}\n", counted(plan.originals, "original"));
    if plan.failures > 0 {
        let _ = writeln!(
            text,
            "  {} left out; see {}",
            counted(plan.failures, "failure"),
            advice.command("failures")
        );
    }
    let columns = name_columns(plan.missing.keys().map(String::as_str));
    for (folder, missing) in &plan.missing {
        let style = if *missing > 0 { CHANGED } else { GOOD };
        let _ = writeln!(
            text,
            "  {folder:<columns$} {}",
            painted(style, &format!("{missing} to make"))
        );
    }
    if plan.to_process > 0 {
        let estimate = &plan.estimate;
        let _ = writeln!(
            text,
            "\n{} to send: about {}, {} at prices of us-east-1",
            counted(plan.to_process, "original"),
            span(estimate.seconds),
            dollars(estimate.usd)
        );
    }
    text
}

/// What a backfill came to.
pub(super) fn backfill(result: &BackfillResult, advice: &Advice) -> String {
    if result.dry_run {
        return backfill_plan(&result.plan, advice);
    }
    let BackfillResult { plan, made, failed, pending, .. } = result;
    if plan.to_process == 0 {
        let outdated = advice.command("backfill --outdated");
        return format!(
            "{}nothing to do; {outdated} also makes what is of other settings\n",
            backfill_plan(plan, advice)
        );
    }
    let mut text =
        format!("{}\n", painted(GOOD, &format!("{} made whole", counted(*made, "original"))));
    if *failed > 0 {
        let failed = format!("{} cannot be processed", counted(*failed, "original"));
        let see = advice.command("failures");
        let _ = writeln!(text, "{}: see {see}", painted(BAD, &failed));
    }
    if *pending > 0 {
        let pending = format!("{} did not come", counted(*pending, "original"));
        let _ = writeln!(
            text,
            "{}: see {}, and run {} again",
            painted(BAD, &pending),
            advice.command("status --images"),
            advice.command("backfill")
        );
    }
    text
}

/// Every failure with its reason below.
pub(super) fn failures(failures: &[FoundFailure], advice: &Advice) -> String {
    let mut text = String::new();
    for failure in failures {
        let _ = writeln!(text, "{}", painted(BOLD, &printable(&failure.key)));
        let _ = writeln!(text, "  {}", painted(BAD, &printable(&failure.reason)));
        let facts = [
            failure.time.clone(),
            failure.size.map(bytes),
            failure.etag.as_ref().map(|etag| format!("etag {}", etag.trim_matches('"'))),
        ];
        let facts: Vec<String> = facts.into_iter().flatten().collect();
        if !facts.is_empty() {
            let _ = writeln!(text, "  {}", painted(DIM, &printable(&facts.join("  "))));
        }
    }
    if failures.is_empty() {
        return "no failures\n".to_owned();
    }
    let _ = writeln!(text, "\n{}; next:", counted(failures.len() as u64, "failure"));
    let mut counts: BTreeMap<Remedy, u64> = BTreeMap::new();
    for failure in failures {
        *counts.entry(failure.remedy).or_default() += 1;
    }
    for (remedy, count) in counts {
        let retry = advice.command("retry --all");
        let next = match remedy {
            Remedy::Replace => {
                "upload other files in their place: the same bytes fail again".to_owned()
            }
            Remedy::Memory => {
                let up = advice.command("up");
                format!("more `memory` under `[function]`, {up}, then {retry}")
            }
            Remedy::Rename => {
                "upload it under a shorter key, or give its size a shorter `folder`".to_owned()
            }
            Remedy::Access => format!("what the reason says, then {retry}"),
        };
        let _ = writeln!(text, "  {count:>5}  {next}");
    }
    text
}

/// What came of each original that was sent again.
pub(super) fn retried(retried: &[Retried], advice: &Advice) -> String {
    if retried.is_empty() {
        return "nothing to send\n".to_owned();
    }
    let mut text = String::new();
    for Retried { key, outcome, reason } in retried {
        let key = printable(key);
        let (style, word) = match outcome {
            RetryOutcome::Made => (GOOD, "made"),
            RetryOutcome::Failed => (BAD, "failed"),
            RetryOutcome::Gone => (BAD, "gone"),
            RetryOutcome::Pending => (CHANGED, "pending"),
        };
        let _ = writeln!(text, "  {} {key}", painted(style, &format!("{word:<8}")));
        if let Some(reason) = reason {
            let _ = writeln!(text, "           {}", printable(reason));
        }
    }
    if retried.iter().any(|retried| retried.outcome == RetryOutcome::Pending) {
        let count = advice.command("status --images");
        let _ = writeln!(text, "\npending: nothing was heard of them; {count} counts dead letters");
    }
    text
}

pub(super) fn is_all_made(retried: &[Retried]) -> bool {
    retried.iter().all(|retried| retried.outcome == RetryOutcome::Made)
}

/// What belongs to nothing any more.
pub(super) fn pruned(pruned: &Pruned, advice: &Advice) -> String {
    let mut text = String::new();
    for key in &pruned.keys {
        let _ = writeln!(text, "  {} {}", painted(BAD, "-"), printable(key));
    }
    let more = pruned.orphans_count() + pruned.records - pruned.keys.len() as u64;
    if more > 0 {
        let _ = writeln!(text, "    and {more} more");
    }
    let names = pruned.folders.iter().map(|folder| format!("{}/", printable(&folder.folder)));
    let names: Vec<String> = names.collect();
    let columns = name_columns(names.iter().map(String::as_str));
    for (name, folder) in names.iter().zip(&pruned.folders) {
        let held = format!("{}, {}", counted(folder.objects, "object"), bytes(folder.bytes));
        let _ = writeln!(text, "  {} {name:<columns$} {held}", painted(BAD, "-"));
    }
    if pruned.foreign > 0 {
        let foreign = counted(pruned.foreign, "object");
        let _ = writeln!(text, "  {foreign} that imgprep did not make: left alone");
    }
    if pruned.is_empty() {
        text.push_str("nothing to prune\n");
        return text;
    }
    let what = format!(
        "{} ({}) and {} without an original, {}",
        counted(pruned.orphans_count(), "variant"),
        bytes(pruned.orphan_bytes),
        counted(pruned.records, "record"),
        counted(pruned.folders.len() as u64, "retired folder")
    );
    if pruned.deleted {
        let _ = writeln!(text, "\ndeleted: {what}");
    } else {
        let _ = writeln!(text, "\n{what}; next: {}", advice.command("prune --yes"));
    }
    text
}

fn dollars(usd: f64) -> String {
    if usd < 0.01 { "less than $0.01".to_owned() } else { format!("about ${usd:.2}") }
}

/// A time as people say it.
fn span(secs: u64) -> String {
    match secs {
        0..120 => format!("{secs} s"),
        120..7200 => format!("{} min", secs.div_ceil(60)),
        _ => format!("{} h", secs.div_ceil(3600)),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    fn by_folder(large: u64, small: u64) -> BTreeMap<String, u64> {
        [("800x600".to_owned(), large), ("400x300".to_owned(), small)].into()
    }

    #[test]
    fn what_is_counted_says_what_to_do() {
        let images = ImageCounts {
            originals: 12,
            variants: by_folder(12, 1),
            missing: by_folder(0, 11),
            failures: 1,
            orphans: 2,
            dead_letters: Some(3),
        };
        assert_snapshot!(plain(&counts(&images)), @"
          images         12 originals
          failed         1 original
          dead letters   3 messages
          left over      2 variants
          400x300        1 variant, 11 missing
          800x600        12 variants
        ");
        let next: Vec<&str> = next(&images).collect();
        assert_eq!(next, ["backfill", "failures", "prune"]);
    }

    #[test]
    fn a_failure_is_told_with_its_reason() {
        let failure = FoundFailure {
            key: "originals/a.heic".to_owned(),
            reason: "HEIC is not supported".to_owned(),
            time: Some("2026-01-31T23:59:59Z".to_owned()),
            etag: Some("\"abc\"".to_owned()),
            size: Some(1234),
            request_id: None,
            remedy: Remedy::Replace,
            record: "failed/a.heic.json".to_owned(),
        };
        let large = FoundFailure {
            key: "originals/b.png".to_owned(),
            reason: "9x9 needs about 9 MB of memory, 1 MB are available".to_owned(),
            remedy: Remedy::Memory,
            ..failure.clone()
        };
        assert_snapshot!(plain(&failures(&[failure, large], &Advice::default())), @"
        originals/a.heic
          HEIC is not supported
          2026-01-31T23:59:59Z  1.2 kB  etag abc
        originals/b.png
          9x9 needs about 9 MB of memory, 1 MB are available
          2026-01-31T23:59:59Z  1.2 kB  etag abc

        2 failures; next:
              1  upload other files in their place: the same bytes fail again
              1  more `memory` under `[function]`, imgprep up, then imgprep retry --all
        ");
    }

    #[test]
    fn times_are_told_in_the_unit_that_fits() {
        assert_eq!([119, 121, 7201].map(span), ["119 s", "3 min", "3 h"]);
    }
}
