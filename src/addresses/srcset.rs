//! The `srcset` of an original: the variants among which a browser may choose, by their width (HTML
//! Standard, "Srcset attributes").

use contract::settings::{Fit, Gravity, SIDE_MAX, Variant};

use super::Address;

/// The value of the attribute, and which variants are not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Srcset {
    /// Empty if no variant is there.
    pub(crate) value: String,
    /// The folder of each, and why it is left out.
    pub(crate) left_out: Vec<(String, &'static str)>,
}

/// What is to be seen of an original. A browser takes any image of a `srcset` for any other, so that
/// all must show the same.
#[derive(Clone, Copy, PartialEq, Eq)]
enum View {
    /// All of it, in its own shape.
    Whole,
    /// What fills, or is padded to, a frame of this shape.
    Framed(Fit, Gravity, (u32, u32)),
}

/// A variant that could be chosen.
struct Candidate<'a> {
    address: &'a Address,
    view: View,
    width: u32,
}

impl Srcset {
    /// That of these variants, each with its address: of as many as show the same.
    pub(crate) fn of<'a>(variants: impl Iterator<Item = (&'a Variant, &'a Address)>) -> Self {
        let mut left_out = Vec::new();
        let mut candidates: Vec<Candidate<'a>> = Vec::new();
        for (variant, address) in variants {
            let why = match width(variant, address) {
                _ if !address.is_there() => "it is not there",
                None => "its width is not known",
                Some(width) => {
                    candidates.push(Candidate { address, view: View::of(variant), width });
                    continue;
                }
            };
            left_out.push((address.folder.clone(), why));
        }
        let mut chosen: Vec<&Candidate<'_>> = Vec::new();
        let view = most_common(&candidates);
        for candidate in &candidates {
            let why = if Some(candidate.view) != view {
                "it shows another part of the original"
            } else if chosen.iter().any(|other| other.width == candidate.width) {
                "another one has the same width"
            } else {
                chosen.push(candidate);
                continue;
            };
            left_out.push((candidate.address.folder.clone(), why));
        }
        chosen.sort_by_key(|candidate| candidate.width);
        let value: Vec<String> = chosen.into_iter().map(Candidate::text).collect();
        Self { value: value.join(", "), left_out }
    }
}

/// The view that most show; of equals, the first of the file.
fn most_common(candidates: &[Candidate<'_>]) -> Option<View> {
    let count = |view| candidates.iter().filter(|other| other.view == view).count();
    let views = candidates.iter().map(|candidate| candidate.view);
    // Of equal ones `max_by_key` takes the last.
    views.rev().max_by_key(|view| count(*view))
}

impl Candidate<'_> {
    fn text(&self) -> String {
        // A comma at the end would be taken for the one between two candidates.
        let url = &self.address.url;
        let url = url.strip_suffix(',').map_or(url.clone(), |start| format!("{start}%2C"));
        format!("{url} {}w", self.width)
    }
}

impl View {
    fn of(variant: &Variant) -> Self {
        let (width, height) = (variant.width, variant.height);
        let divisor = greatest_common_divisor(width, height);
        let shape = (width / divisor, height / divisor);
        match variant.fit {
            Fit::Contain => Self::Whole,
            Fit::Cover => Self::Framed(Fit::Cover, variant.gravity, shape),
            Fit::Pad => Self::Framed(Fit::Pad, variant.gravity, shape),
        }
    }
}

/// The width that a variant says, or else the one that the file asks for, unless that is open.
fn width(variant: &Variant, address: &Address) -> Option<u32> {
    let nominal =
        (variant.fit != Fit::Contain || variant.width < SIDE_MAX).then_some(variant.width);
    address.facts.width.or(nominal)
}

/// At least 1, as the sides of a variant are.
fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

#[cfg(test)]
mod tests {
    use super::super::Facts;
    use super::*;

    fn variant(width: u32, height: u32, fit: Fit) -> Variant {
        Variant { fit, ..Variant::of_size(width, height) }
    }

    fn address(variant: &Variant, width: Option<u32>) -> Address {
        let folder = variant.folder.clone();
        let facts = Facts { width, height: width, bytes: Some(1), content_type: None };
        let (key, url) = (format!("{folder}/a.jpg"), format!("https://x/{folder}/a.jpg"));
        Address { folder, key, url, outdated: false, facts }
    }

    /// The folders and widths that are chosen, and the folders that are not.
    fn chosen(variants: &[(Variant, Option<u32>)]) -> (String, Vec<String>) {
        let all: Vec<_> =
            variants.iter().map(|(variant, width)| (variant, address(variant, *width))).collect();
        let srcset = Srcset::of(all.iter().map(|(variant, address)| (*variant, address)));
        let value = srcset.value.replace("https://x/", "").replace("/a.jpg", "");
        let left_out = srcset.left_out.into_iter();
        (value, left_out.map(|(folder, why)| format!("{folder}: {why}")).collect())
    }

    #[test]
    fn what_is_scaled_is_listed_by_its_real_width() {
        let open = variant(SIDE_MAX, 300, Fit::Contain);
        let variants = [
            (variant(800, 600, Fit::Contain), Some(450)),
            (variant(400, 300, Fit::Contain), Some(225)),
            (Variant { folder: "x300".to_owned(), ..open }, Some(226)),
        ];
        let expected = "400x300 225w, x300 226w, 800x600 450w".to_owned();
        assert_eq!(chosen(&variants), (expected, vec![]));
    }

    #[test]
    fn covers_of_one_shape_go_together_and_without_others() {
        let cover = |width, height| (variant(width, height, Fit::Cover), Some(width));
        let north = Variant { gravity: Gravity::North, ..variant(1200, 900, Fit::Cover) };
        let variants = [
            (variant(1000, 1000, Fit::Contain), Some(1000)),
            cover(800, 600),
            cover(200, 200),
            cover(400, 300),
            (north, Some(1200)),
            (variant(1600, 1200, Fit::Pad), Some(1600)),
        ];
        let other = |folder: &str| format!("{folder}: it shows another part of the original");
        let left_out = ["1000x1000", "200x200", "1200x900", "1600x1200"].map(other).to_vec();
        assert_eq!(chosen(&variants), ("400x300 400w, 800x600 800w".to_owned(), left_out));
    }

    #[test]
    fn of_equally_many_the_first_of_the_file_count() {
        let variants = [
            (variant(800, 600, Fit::Cover), Some(800)),
            (variant(100, 100, Fit::Cover), Some(100)),
        ];
        assert_eq!(chosen(&variants).0, "800x600 800w");
    }

    #[test]
    fn each_width_is_there_once() {
        let same = Variant { folder: "webp".to_owned(), ..variant(800, 600, Fit::Cover) };
        let variants = [(variant(800, 600, Fit::Cover), Some(800)), (same, Some(800))];
        let left_out = vec!["webp: another one has the same width".to_owned()];
        assert_eq!(chosen(&variants), ("800x600 800w".to_owned(), left_out));
    }

    #[test]
    fn without_a_size_of_its_own_a_variant_counts_as_what_the_file_asks_for() {
        let open = |folder: &str, width, height| Variant {
            folder: folder.to_owned(),
            ..variant(width, height, Fit::Contain)
        };
        let variants = [(open("x300", SIDE_MAX, 300), None), (open("400x", 400, SIDE_MAX), None)];
        let left_out = vec!["x300: its width is not known".to_owned()];
        assert_eq!(chosen(&variants), ("400x 400w".to_owned(), left_out));
    }

    #[test]
    fn what_is_not_there_is_left_out_and_a_comma_at_the_end_is_none_between() {
        let large = variant(800, 600, Fit::Cover);
        let small = variant(400, 300, Fit::Cover);
        let missing = Address { facts: Facts::default(), ..address(&large, None) };
        let comma = address(&small, Some(400));
        let comma = Address { url: format!("{},", comma.url), ..comma };
        let srcset = Srcset::of([(&large, &missing), (&small, &comma)].into_iter());
        assert_eq!(srcset.value, "https://x/400x300/a.jpg%2C 400w");
        assert_eq!(srcset.left_out, [("800x600".to_owned(), "it is not there")]);
    }
}
