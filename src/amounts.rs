//! Counts, bytes, shares and times as people read them.
//!
//! Deliberately absent: what they are amounts of, and the exact figures, which JSON has.

use std::time::Duration;

/// A number of things: `1 original`, `2 originals`.
pub(crate) fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// A size in bytes, to two or three digits: `23.4 kB`. A kilobyte has 1000, as file managers count.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000, "kB"), (1_000_000, "MB"), (1_000_000_000, "GB"), (1_000_000_000_000, "TB")];
    if count < 1_000 {
        return format!("{count} B");
    }
    let is_large_enough = |(unit, _): &&(u64, &str)| rounded(count, *unit) < 1_000;
    let (unit, name) = UNITS.iter().find(is_large_enough).unwrap_or(&UNITS[3]);
    let tenths = rounded(count, unit / 10);
    if tenths < 1_000 {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    } else {
        format!("{} {name}", rounded(count, *unit))
    }
}

fn rounded(count: u64, unit: u64) -> u64 {
    count.saturating_add(unit / 2) / unit
}

/// By how much `to` is more or less than `from`: `-93 %`, and in tenths where nearly nothing is left,
/// `-99.7 %`. Nothing of nothing is no share.
pub(crate) fn change(from: u64, to: u64) -> Option<String> {
    let (from, to) = (i128::from(from), i128::from(to));
    if from == 0 {
        return None;
    }
    let per_mille = rounded_share((to - from) * 1000, from);
    if to > 0 && per_mille < -990 {
        let left = (1000 + per_mille).max(1);
        return Some(format!("-99.{} %", 10 - left));
    }
    let percent = rounded_share((to - from) * 100, from);
    let sign = if percent > 0 { "+" } else { "" };
    Some(format!("{sign}{percent} %"))
}

/// A quotient to the nearest whole number.
fn rounded_share(part: i128, whole: i128) -> i128 {
    let half = if part < 0 { -whole / 2 } else { whole / 2 };
    (part + half) / whole
}

/// A time, as exactly as anybody wants it.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match time.as_millis() {
        millis @ 0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{:.1} s", time.as_secs_f64()),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

/// A time that is only known roughly.
pub(crate) fn span(secs: u64) -> String {
    match secs {
        0..120 => format!("{secs} s"),
        120..7200 => format!("{} min", secs.div_ceil(60)),
        _ => format!("{} h", secs.div_ceil(3600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rough_time_is_told_in_the_unit_that_fits() {
        assert_eq!([119, 121, 7201].map(span), ["119 s", "3 min", "3 h"]);
    }

    #[test]
    fn sizes_have_two_or_three_digits_in_the_unit_that_fits() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (23_446, "23.4 kB"),
            (99_949, "99.9 kB"),
            (185_631, "186 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (3_042_201, "3.0 MB"),
            (u64::MAX, "18446744 TB"),
        ];
        for (count, text) in cases {
            assert_eq!(bytes(count), text, "{count}");
        }
    }

    #[test]
    fn a_change_is_rounded_and_signed() {
        let of = |from, to| change(from, to).unwrap();
        assert_eq!(of(1000, 70), "-93 %");
        assert_eq!(of(1000, 75), "-93 %");
        assert_eq!(of(1000, 1004), "0 %");
        assert_eq!(of(1000, 996), "0 %");
        assert_eq!(of(50, 60), "+20 %");
        assert_eq!(of(1, u64::MAX), "+1844674407370955161400 %");
        assert_eq!([of(1000, 10), of(1000, 9), of(1000, 3)], ["-99 %", "-99.1 %", "-99.7 %"]);
        assert_eq!([of(1_000_000, 1), of(1_000_000, 0)], ["-99.9 %", "-100 %"]);
        assert_eq!(change(0, 5), None);
    }

    #[test]
    fn a_time_is_told_in_the_unit_that_fits() {
        let of = |millis| duration(Duration::from_millis(millis));
        assert_eq!([of(7), of(999), of(1_250)], ["7 ms", "999 ms", "1.2 s"]);
        assert_eq!(
            [of(59_940), of(60_000), of(3_725_000)],
            ["59.9 s", "1 min 00 s", "62 min 05 s"]
        );
    }
}
