//! What people look at in a picture, and the part of it that keeps most of that.
//!
//! Four things draw the eye: skin, colours that are unlike most of the picture, colours that are more
//! vivid than the rest, and sharp detail. (The first, third and last are what smartcrop.js and the
//! `attention` strategy of libvips go by.) All of it is measured in a few pixels and in integers: the
//! same on every processor, in a fraction of the time that one variant takes.

use crate::{
    geometry::{Aim, Part, Placement},
    picture::Picture,
    pixels::Pixels,
    thumbnail,
};

/// How much each column and each row of a picture draws the eye.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attention {
    columns: Vec<u64>,
    rows: Vec<u64>,
}

impl Attention {
    /// Looks at a part of a picture.
    pub(crate) fn of(picture: &Picture, part: Part) -> Self {
        /// On the longer side. Grass and hair are even at this size, and faces are not.
        const SIDE_MAX: u32 = 128;
        let size = thumbnail::size_within((part.width, part.height), SIDE_MAX);
        Self::of_pixels(&picture.thumbnail(part.area(), size))
    }

    fn of_pixels(small: &Pixels) -> Self {
        let width = small.width as usize;
        let interest = interest(small);
        let mut columns = vec![0; width];
        let mut rows = Vec::with_capacity(small.height as usize);
        for row in interest.chunks_exact(width) {
            rows.push(row.iter().copied().map(u64::from).sum());
            for (sum, &value) in columns.iter_mut().zip(row) {
                *sum += u64::from(value);
            }
        }
        Self { columns, rows }
    }

    /// Where to aim a variant that was placed on the middle of this part.
    pub(crate) fn aims(&self, placed: &Placement, part: Part) -> (Aim, Aim) {
        (
            best(&self.columns, placed.area.width / f64::from(part.width)),
            best(&self.rows, placed.area.height / f64::from(part.height)),
        )
    }
}

/// Where this share of a side keeps most of what there is to see, and not at its very edge.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a side of less than 2^16"
)]
fn best(side: &[u64], share: f64) -> Aim {
    let window = ((side.len() as f64 * share).round() as usize).clamp(1, side.len().max(1));
    let free = side.len().saturating_sub(window);
    if free == 0 {
        return Aim::Middle;
    }
    let weights = weights(window);
    let score = |start: usize| {
        let seen = side[start..start + window].iter().zip(&weights);
        let seen: u64 = seen.map(|(interest, weight)| interest * weight).sum();
        // How far from the middle, in 256ths of what is possible.
        let off = 256 * (2 * start).abs_diff(free) as u64 / free as u64;
        let fare = if (2 * start).abs_diff(free) <= 1 { 0 } else { FARE };
        seen * (WHOLE - fare - off * off * PULL / 65_536)
    };
    // From the middle outwards, so that the nearest of equals is taken.
    let mut starts: Vec<usize> = (0..=free).collect();
    starts.sort_by_key(|start| (2 * start).abs_diff(free));
    let mut chosen = (free / 2, 0);
    for start in starts {
        let score = score(start);
        if score > chosen.1 {
            chosen = (start, score);
        }
    }
    match chosen.0 {
        start if (2 * start).abs_diff(free) <= 1 => Aim::Middle,
        0 => Aim::Start,
        start if start == free => Aim::End,
        start => Aim::At((start as f64 + window as f64 / 2.0) / side.len() as f64),
    }
}

/// Of so many parts of what a frame shows, one that is not in the middle loses [`FARE`], so that grain
/// moves none, and [`PULL`] more if it is at the very end.
const WHOLE: u64 = 1024;
const FARE: u64 = 24;
const PULL: u64 = 20;

/// What counts in a frame most is in the middle of it; at its edges, half as much.
fn weights(window: usize) -> Vec<u64> {
    let length = window as u64;
    let weight = |index: u64| {
        let off = (2 * index + 1).abs_diff(length);
        256 - 128 * off * off / (length * length)
    };
    (0..length).map(weight).collect()
}

/// Brightness and colour of a pixel: full-range `YCbCr`.
type Colour = [i32; 3];

/// How much each pixel draws the eye.
fn interest(small: &Pixels) -> Vec<u32> {
    let channels = small.channels();
    let colours: Vec<Colour> = small.bytes.chunks_exact(channels).map(colour).collect();
    let alpha = small
        .bytes
        .chunks_exact(channels)
        .map(|pixel| if channels == 4 { u32::from(pixel[3]) } else { 255 });
    let contrast = Contrast::of(&colours);
    let vividness = mean(colours.iter().map(|colour| vividness(*colour)));
    let skin_share = mean(colours.iter().map(|colour| skin(*colour)));
    // Where most is like skin it is sand, wood or a wall.
    let skin_weight = 256_u32.saturating_sub(skin_share * 3 / 2);
    let width = small.width as usize;
    let pixels = colours.iter().zip(alpha).enumerate();
    let interest = pixels.map(|(index, (&colour, alpha))| {
        let vivid = self::vividness(colour).saturating_sub(vividness);
        let sum = skin(colour) * skin_weight / 256
            + contrast.of_colour(colour)
            + vivid / 2
            + 2 * detail(&colours, width, index);
        // What draws the eye draws it more than in proportion.
        sum * sum / 64 * alpha / 255
    });
    interest.collect()
}

/// By the matrix of ITU-T T.871, section 7, in 16 bits after the point.
fn colour(pixel: &[u8]) -> Colour {
    let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(i32::from);
    let y = (19_595 * red + 38_470 * green + 7_471 * blue + 32_768) >> 16;
    let cb = ((-11_059 * red - 21_709 * green + 32_768 * blue + 32_768) >> 16) + 128;
    let cr = ((32_768 * red - 27_439 * green - 5_329 * blue + 32_768) >> 16) + 128;
    [y, cb, cr]
}

fn vividness([_, cb, cr]: Colour) -> u32 {
    cb.abs_diff(128) + cr.abs_diff(128)
}

/// From 0 to 256, how well a colour is that of skin, light or dark: in `YCbCr` all of it is in one place
/// (Chai and Ngan, "Face segmentation using skin-color map in videophone applications", 1999).
fn skin([y, cb, cr]: Colour) -> u32 {
    const DARK: i32 = 40;
    const BRIGHT: i32 = 245;
    let (blue, red) = (cb - 105, cr - 153);
    // An ellipse with radii of 22 and 20.
    let off = (blue * blue * 256 / 484 + red * red * 256 / 400).min(256);
    if (DARK..BRIGHT).contains(&y) { u32::try_from(256 - off).unwrap_or(0) } else { 0 }
}

/// How sharp the picture is at a pixel: its difference from its four neighbours.
fn detail(colours: &[Colour], width: usize, index: usize) -> u32 {
    /// A hard edge is no more interesting than a clear one.
    const MOST: u32 = 96;
    let brightness = |index: Option<usize>| index.and_then(|at| colours.get(at)).map(|it| it[0]);
    let column = index % width;
    let here = colours[index][0];
    let neighbours = [
        brightness(index.checked_sub(1).filter(|_| column > 0)),
        brightness(Some(index + 1).filter(|_| column + 1 < width)),
        brightness(index.checked_sub(width)),
        brightness(Some(index + width)),
    ];
    let differences = neighbours.map(|neighbour| here - neighbour.unwrap_or(here));
    differences.iter().sum::<i32>().unsigned_abs().min(MOST)
}

/// How much colours differ from all others in a picture, as many as there are of each: "histogram
/// based contrast" of Cheng and others, "Global contrast based salient region detection", 2011.
struct Contrast {
    /// For each group of similar colours.
    groups: Vec<u32>,
}

impl Contrast {
    const BRIGHTNESSES: usize = 4;
    const CHROMAS: usize = 16;

    fn of(colours: &[Colour]) -> Self {
        let mut counts = vec![0_u64; Self::BRIGHTNESSES * Self::CHROMAS * Self::CHROMAS];
        for colour in colours {
            counts[Self::group(*colour)] += 1;
        }
        let all = (colours.len() as u64).max(1);
        let present: Vec<_> = counts.iter().enumerate().filter(|(_, count)| **count > 0).collect();
        let mut groups = vec![0; counts.len()];
        for &(group, _) in &present {
            let sum = present.iter().map(|&(other, count)| count * Self::distance(group, other));
            groups[group] = u32::try_from(sum.sum::<u64>() / all).unwrap_or(u32::MAX);
        }
        Self { groups }
    }

    fn of_colour(&self, colour: Colour) -> u32 {
        self.groups[Self::group(colour)]
    }

    fn group([y, cb, cr]: Colour) -> usize {
        let step = |value: i32, steps: usize| {
            usize::try_from(value.clamp(0, 255)).unwrap_or(0) * steps / 256
        };
        let chroma = step(cb, Self::CHROMAS) * Self::CHROMAS + step(cr, Self::CHROMAS);
        step(y, Self::BRIGHTNESSES) * Self::CHROMAS * Self::CHROMAS + chroma
    }

    /// Between two groups. Brightness changes with the light, and counts for little.
    fn distance(one: usize, other: usize) -> u64 {
        let parts = |group: usize| {
            let chroma = group % (Self::CHROMAS * Self::CHROMAS);
            [
                group / (Self::CHROMAS * Self::CHROMAS),
                chroma / Self::CHROMAS,
                chroma % Self::CHROMAS,
            ]
        };
        let (one, other) = (parts(one), parts(other));
        let [y, cb, cr] = [0, 1, 2].map(|part| one[part].abs_diff(other[part]) as u64);
        16 * y + 16 * (cb + cr)
    }
}

fn mean(values: impl ExactSizeIterator<Item = u32>) -> u32 {
    let count = u64::try_from(values.len()).unwrap_or(1).max(1);
    u32::try_from(values.map(u64::from).sum::<u64>() / count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
