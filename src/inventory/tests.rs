//! Listings that exist only as rules: how they line up, and how much of them is held.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use contract::settings::Variant;
use tokio::sync::Semaphore;

use super::Range;
use super::backfill::Need;
use super::listing::{Listed, Page, Pages};
use super::merge::{Cursor, Merge};
use super::survey::{Seen, Survey};
use super::tally::Tally;
use crate::aws::AwsError;

const PAGE: usize = 1000;

fn listed(path: &str, modified: i64) -> Listed {
    Listed { path: path.to_owned(), modified, bytes: 10, etag: String::new(), is_archived: false }
}

/// A listing by its paths and times.
struct Fixed(BTreeMap<String, i64>);

impl Fixed {
    fn new(objects: &[(&str, i64)]) -> Self {
        Self(objects.iter().map(|(path, modified)| ((*path).to_owned(), *modified)).collect())
    }
}

impl Pages for Fixed {
    /// Pages of two, so that every test turns some.
    async fn after(&self, path: &str) -> Result<Page, AwsError> {
        let mut rest = self.0.iter().filter(|(key, _)| key.as_str() > path);
        let page: Vec<Listed> =
            rest.by_ref().take(2).map(|(path, modified)| listed(path, *modified)).collect();
        let next = rest.next().and_then(|_| page.last()).map(|last| last.path.clone());
        Ok(Page { listed: page, next })
    }
}

fn survey(originals: Fixed, folders: Vec<Fixed>, records: Fixed, range: Range) -> Survey<Fixed> {
    let cursor = |pages: Fixed| Cursor::new(pages, super::before(&range.first));
    let merge = Merge::new(cursor(originals), folders.into_iter().map(cursor).collect());
    Survey::new(merge, (cursor(records), None), range)
}

async fn all<P: Pages>(mut survey: Survey<P>) -> Vec<Seen> {
    let mut all = Vec::new();
    while let Some(seen) = survey.next().await.unwrap() {
        all.push(seen);
    }
    all
}

#[tokio::test]
async fn every_original_meets_its_variants_and_every_orphan_comes_without_one() {
    let originals = Fixed::new(&[("a", 1), ("c", 1), ("d/e", 1), ("é", 1)]);
    let large = Fixed::new(&[("a", 2), ("b", 2), ("d/e", 0), ("é", 1)]);
    let small = Fixed::new(&[("c", 2), ("z", 2)]);
    let records = Fixed::new(&[("c.json", 2), ("gone.json", 2)]);
    let rows = all(survey(originals, vec![large, small], records, Range::default())).await;
    let mut told: Vec<String> = rows
        .iter()
        .map(|seen| {
            let lacking: Vec<usize> = seen.lacking(Need::Missing).collect();
            let kind = if seen.original.is_some() { "original" } else { "orphan" };
            let failed = seen.is_failed(Need::Missing);
            format!("{} {kind} lacks {lacking:?} failed {failed}", seen.path)
        })
        .collect();
    told.sort();
    let expected = [
        "a original lacks [1] failed false",
        "b orphan lacks [] failed false",
        "c original lacks [0] failed true",
        "d/e original lacks [0, 1] failed false",
        "z orphan lacks [] failed false",
        "é original lacks [1] failed false",
    ];
    assert_eq!(told, expected);
    let mut tally = Tally::new(2);
    for seen in &rows {
        tally.add(seen, Need::Missing);
    }
    let expected = Tally {
        originals: 4,
        variants: vec![3, 1],
        missing: vec![1, 3],
        lacking: 3,
        failures: 1,
        archived: 0,
        orphans: 2,
        newest: 2,
    };
    assert_eq!(tally, expected);
}

#[tokio::test]
async fn a_manifest_counts_like_a_variant() {
    let cursor = |objects: &[(&str, i64)]| Cursor::new(Fixed::new(objects), String::new());
    let originals = cursor(&[("a", 1), ("a.b", 1), ("c", 1)]);
    let large = cursor(&[("a", 2), ("a.b", 2), ("b", 2), ("c", 2)]);
    let manifests = cursor(&[("a.b.json", 2), ("a.json", 0), ("b.json", 2), ("z.json", 2)]);
    let merge = Merge::new(originals, vec![large]);
    let rows = all(Survey::new(merge, (cursor(&[]), Some(manifests)), Range::default())).await;
    let mut lacking: Vec<(&str, Vec<usize>)> =
        rows.iter().map(|it| (it.path.as_str(), it.lacking(Need::Missing).collect())).collect();
    lacking.sort();
    // That of `a` is older than its original, and `b` has none.
    assert_eq!(lacking, [("a", vec![1]), ("a.b", vec![]), ("b", vec![]), ("c", vec![1])]);
}

#[tokio::test]
async fn an_original_lacks_only_what_is_for_its_folder() {
    let mut variants = [Variant::of_size(8, 6), Variant::of_size(4, 3)];
    variants[0].only = vec!["shops/".to_owned()];
    let originals = Fixed::new(&[("a", 1), ("shops/a", 1)]);
    let large = Fixed::new(&[("a", 2)]);
    let mut rows =
        all(survey(originals, vec![large, Fixed::new(&[])], Fixed::new(&[]), Range::default()))
            .await;
    let mut tally = Tally::new(2);
    for seen in &mut rows {
        seen.sort_out(&variants);
        tally.add(seen, Need::Missing);
    }
    let strays: Vec<&str> =
        rows.iter().filter(|it| !it.strays.is_empty()).map(|it| it.path.as_str()).collect();
    assert_eq!(strays, ["a"]);
    assert_eq!((tally.missing, tally.orphans, tally.lacking), (vec![1, 2], 1, 2));
}

#[tokio::test]
async fn a_range_begins_and_ends_with_its_paths() {
    let paths = ["a", "ab", "abc", "b", "ba", "c"].map(|path| (path, 1));
    let range = Range { first: "ab".to_owned(), last: Some("b".to_owned()), ..Range::default() };
    let rows = all(survey(Fixed::new(&paths), vec![], Fixed::new(&[]), range)).await;
    let paths: Vec<&str> = rows.iter().map(|seen| seen.path.as_str()).collect();
    // In the order of their records: `abc.json` is after `ab.json`.
    assert_eq!(paths, ["ab", "abc", "b"]);
}

#[tokio::test]
async fn every_record_is_found_whatever_the_order_of_names() {
    const LETTERS: [&str; 8] = ["-", ".", "/", "0", "j", ".json", "a", "~"];
    let mut paths = vec![String::new()];
    for length in 0..3 {
        let longest: Vec<String> =
            paths.iter().filter(|path| path.len() >= length).cloned().collect();
        for path in longest {
            paths.extend(LETTERS.iter().map(|letter| format!("{path}{letter}")));
        }
    }
    paths.retain(|path| !path.is_empty());
    paths.sort();
    paths.dedup();
    assert!(paths.len() > 500, "{}", paths.len());
    let originals = paths.iter().map(|path| (path.as_str(), 1));
    let recorded = |place: usize| !place.is_multiple_of(3);
    let records = paths.iter().enumerate().filter(|(place, _)| recorded(*place));
    let records: Vec<String> = records.map(|(_, path)| format!("{path}.json")).collect();
    let records: Vec<(&str, i64)> = records.iter().map(|name| (name.as_str(), 2)).collect();
    let originals = Fixed::new(&originals.collect::<Vec<_>>());
    let mut rows = all(survey(originals, vec![], Fixed::new(&records), Range::default())).await;
    rows.sort_by(|one, other| one.path.cmp(&other.path));
    let found: Vec<&str> = rows.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(found, paths);
    for (place, seen) in rows.iter().enumerate() {
        assert_eq!(seen.record.is_some(), recorded(place), "{}", seen.path);
    }
}

/// Every `step`th of so many numbered objects, made as they are asked for.
struct Numbered {
    count: usize,
    step: usize,
    ending: &'static str,
    /// How many were handed out, of all listings.
    handed_out: Arc<AtomicUsize>,
}

impl Pages for Numbered {
    async fn after(&self, path: &str) -> Result<Page, AwsError> {
        let begin = path.get(..7).map_or(0, |number| number.parse::<usize>().unwrap() + 1);
        let mut numbers = (begin..self.count).filter(|number| number % self.step == 0);
        let name = |number| listed(&format!("{number:07}{}", self.ending), 1);
        let page: Vec<Listed> = numbers.by_ref().take(PAGE).map(name).collect();
        self.handed_out.fetch_add(page.len(), Ordering::SeqCst);
        let next = numbers.next().and_then(|_| page.last()).map(|last| last.path.clone());
        Ok(Page { listed: page, next })
    }
}

#[tokio::test]
async fn a_million_originals_are_read_with_two_pages_of_each_folder_in_memory() {
    const ORIGINALS: usize = 1_000_000;
    let handed_out = Arc::new(AtomicUsize::new(0));
    let cursor = |step, ending| {
        let handed_out = Arc::clone(&handed_out);
        Cursor::new(Numbered { count: ORIGINALS, step, ending, handed_out }, String::new())
    };
    let folders = vec![cursor(1, ".jpg"), cursor(2, ".jpg")];
    let merge = Merge::new(cursor(1, ".jpg"), folders);
    let mut survey = Survey::new(merge, (cursor(1000, ".jpg.json"), None), Range::default());
    let (mut tally, mut consumed, mut held_max) = (Tally::new(2), 0, 0);
    while let Some(seen) = survey.next().await.unwrap() {
        if tally.originals.is_multiple_of(PAGE as u64 / 2) {
            // Gives the tasks that read ahead the time to read as much as they may.
            tokio::task::yield_now().await;
        }
        held_max = held_max.max(handed_out.load(Ordering::SeqCst) - consumed);
        consumed += 1 + seen.variants.iter().flatten().count();
        consumed += usize::from(seen.record.is_some());
        tally.add(&seen, Need::Missing);
    }
    assert_eq!((tally.originals, tally.failures), (1_000_000, 1000));
    assert_eq!((tally.missing, tally.lacking), (vec![0, 500_000], 500_000));
    // Two pages of each of four listings, the row in hand, and the one that is held back.
    assert!(held_max <= 4 * 2 * PAGE + 6, "{held_max} objects were held");
    assert!(held_max > 4 * PAGE + 6, "{held_max} objects were held: nothing was read ahead");
}

/// A listing whose pages come once it is told so.
struct Slow {
    asked: Arc<AtomicUsize>,
    leave: Arc<Semaphore>,
}

impl Pages for Slow {
    async fn after(&self, path: &str) -> Result<Page, AwsError> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        self.leave.acquire().await.unwrap().forget();
        let paths = [format!("{number:03}-a"), format!("{number:03}-b")];
        assert!(path < paths[0].as_str());
        let next = (number < 4).then(|| paths[1].clone());
        Ok(Page { listed: paths.iter().map(|path| listed(path, 1)).collect(), next })
    }
}

/// Has every task of the test go on for as long as it can.
async fn settled() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_next_page_is_on_its_way_while_one_is_used_and_none_behind_the_end() {
    let (asked, leave) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(1)));
    let pages = Slow { asked: Arc::clone(&asked), leave: Arc::clone(&leave) };
    let mut cursor = Cursor::new(pages, String::new()).until(Some("002-a".to_owned()));
    let asked = || asked.load(Ordering::SeqCst);
    cursor.fill().await.unwrap();
    settled().await;
    assert_eq!((cursor.take().unwrap().path.as_str(), asked()), ("000-a", 2));
    leave.add_permits(10);
    settled().await;
    assert_eq!(asked(), 2, "the page after the next waits until that is in use");
    let mut paths = Vec::new();
    loop {
        cursor.fill().await.unwrap();
        let Some(listed) = cursor.take() else { break };
        paths.push(listed.path);
    }
    assert_eq!(paths, ["000-b", "001-a", "001-b", "002-a", "002-b"]);
    assert_eq!(asked(), 3);
}
