//! What was measured, as Markdown for a README.

use std::fmt::{self, Display, Write};

use crate::{
    compare::{Figures, Measured, faster_sharp, index},
    side::Side,
    statistics::{geometric_mean, mean, median, range},
    worker::{QUALITY, SIZES},
};

/// The tables of a comparison.
pub(crate) struct Report<'measured> {
    measured: &'measured [Measured],
    /// The way of sharp that all else is compared with.
    sharp: Side,
    /// How and where it was measured, a line each.
    circumstances: Vec<String>,
}

impl<'measured> Report<'measured> {
    pub(crate) fn new(measured: &'measured [Measured], circumstances: Vec<String>) -> Self {
        Self { measured, sharp: faster_sharp(measured), circumstances }
    }

    /// One number of each photo.
    fn each(&self, side: Side, number: impl Fn(&Figures) -> f64) -> Vec<f64> {
        self.measured.iter().map(|photo| number(&photo.sides[index(side)])).collect()
    }

    /// The geometric mean over the photos of one number, and how many times sharp's that is.
    fn against_sharp(&self, side: Side, number: impl Fn(&Figures) -> f64) -> (f64, f64) {
        let mean = geometric_mean(&self.each(side, &number));
        (mean, mean / geometric_mean(&self.each(self.sharp, &number)))
    }

    /// The mean score of a variant over the photos that a side turned upright.
    fn score(&self, side: Side, variant: usize) -> f64 {
        let photos = self.measured.iter();
        let scores = photos.filter_map(|photo| photo.sides[index(side)].scores[variant]);
        mean(&scores.collect::<Vec<_>>())
    }

    /// Our bytes at the score of a side, as a multiple of the side's bytes.
    fn bytes_at_score_of(&self, side: Side) -> f64 {
        let mut ratios = Vec::new();
        for photo in self.measured {
            let theirs = &photo.sides[index(side)].file_bytes;
            let ours = &photo.our_bytes_at_their_score[index(side)];
            ratios.extend(
                ours.iter().zip(theirs).filter_map(|(ours, theirs)| Some((*ours)? / theirs)),
            );
        }
        geometric_mean(&ratios)
    }

    fn totals(&self, out: &mut impl Write) -> fmt::Result {
        writeln!(
            out,
            "| | CPU ms | ÷ sharp | total CPU s | peak MiB | ÷ sharp | largest MiB | KB out | ÷ sharp | score {} | score {} | our bytes ÷ its, at its score |",
            size(0),
            size(1)
        )?;
        writeln!(out, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")?;
        for side in Side::ALL {
            let cpu = self.against_sharp(side, cpu);
            let total: f64 = self.each(side, self::cpu).iter().sum();
            let peak = self.against_sharp(side, |figures| figures.peak_mebibytes);
            let largest = range(&self.each(side, |figures| figures.peak_mebibytes)).1;
            let bytes = self.against_sharp(side, bytes);
            writeln!(
                out,
                "| {}{} | {:.1} | {:.2} | {:.2} | {:.0} | {:.2} | {largest:.0} | {:.1} | {:.3} | {:.2} | {:.2} | {:.3} |",
                side.title(),
                if side == self.sharp { " **(1.00)**" } else { "" },
                cpu.0,
                cpu.1,
                total / 1000.0,
                peak.0,
                peak.1,
                bytes.0 / 1000.0,
                bytes.1,
                self.score(side, 0),
                self.score(side, 1),
                self.bytes_at_score_of(side),
            )?;
        }
        Ok(())
    }

    fn goals(&self, out: &mut impl Write) -> fmt::Result {
        let cpu = self.against_sharp(Side::Ours, cpu).1;
        let peak = self.against_sharp(Side::Ours, |figures| figures.peak_mebibytes).1;
        let bytes = self.against_sharp(Side::Ours, bytes).1;
        let gains =
            [0, 1].map(|variant| self.score(Side::Ours, variant) - self.score(self.sharp, variant));
        let better = gains.iter().all(|gain| *gain >= 0.0);
        let equal = self.bytes_at_score_of(self.sharp);
        writeln!(out, "- CPU at most 0.5 × sharp's: {cpu:.2}, {}", verdict(cpu <= 0.5))?;
        writeln!(out, "- peak memory at most 0.5 × sharp's: {peak:.2}, {}", verdict(peak <= 0.5))?;
        writeln!(
            out,
            "- bytes at most sharp's at an equal or better score, both at quality {QUALITY}: {bytes:.3} with {:+.2} and {:+.2} points, {}",
            gains[0],
            gains[1],
            verdict(bytes <= 1.0 && better)
        )?;
        writeln!(
            out,
            "- the same at the quality that gives sharp's score: {equal:.3}, {}",
            verdict(equal <= 1.0)
        )
    }

    fn stages(&self, out: &mut impl Write) -> fmt::Result {
        writeln!(out, "| imgprep, ms on the clock | decode | resize | encode | sum |")?;
        writeln!(out, "|---|--:|--:|--:|--:|")?;
        let row = |name: &str, stages: [f64; 3], out: &mut dyn Write| {
            let sum: f64 = stages.iter().sum();
            writeln!(
                out,
                "| {name} | {:.1} | {:.1} | {:.1} | {sum:.1} |",
                stages[0], stages[1], stages[2]
            )
        };
        for photo in self.measured {
            let ours = &photo.sides[index(Side::Ours)];
            let stages = [0, 1, 2].map(|stage| median(&ours.stage_millis[stage]));
            row(&photo.photo.name, stages, out)?;
        }
        let all = [0, 1, 2]
            .map(|stage| mean(&self.each(Side::Ours, |ours| median(&ours.stage_millis[stage]))));
        row("**mean**", all, out)
    }

    fn photos(&self, title: &str, cell: Cell, out: &mut impl Write) -> fmt::Result {
        write!(out, "| {title} | megapixels | KB |")?;
        Side::ALL.iter().try_for_each(|side| write!(out, " {} |", side.title()))?;
        writeln!(out, "\n|---|--:|--:|{}", "--:|".repeat(Side::ALL.len()))?;
        for Measured { photo, sides, .. } in self.measured {
            #[expect(clippy::cast_precision_loss, reason = "a photo has no 2^52 bytes")]
            let kilobytes = photo.file_bytes as f64 / 1000.0;
            write!(out, "| {} | {:.1} | {kilobytes:.0} |", photo.name, photo.megapixels)?;
            sides.iter().try_for_each(|figures| write!(out, " {} |", cell(figures)))?;
            writeln!(out)?;
        }
        Ok(())
    }
}

impl Display for Report<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (large, small) = (size(0), size(1));
        writeln!(out, "### {large} and {small}, cover, progressive JPEG at quality {QUALITY}\n")?;
        self.circumstances.iter().try_for_each(|line| writeln!(out, "- {line}"))?;
        let title = self.sharp.title();
        writeln!(out, "- \"÷ sharp\" is against its faster way, \"{title}\", which is marked")?;
        writeln!(
            out,
            "- CPU, peak and KB are geometric means over the photos of each one's median"
        )?;
        writeln!(out)?;
        self.totals(out)?;
        writeln!(out, "\nThe goals:\n")?;
        self.goals(out)?;
        writeln!(out)?;
        self.stages(out)?;
        writeln!(out)?;
        self.photos("CPU ms: median (min–max)", times, out)?;
        writeln!(out)?;
        self.photos("peak MiB", |figures| format!("{:.0}", figures.peak_mebibytes), out)?;
        writeln!(out)?;
        self.photos(&format!("KB out: {large} + {small}"), sizes, out)?;
        writeln!(out)?;
        self.photos(&format!("score: {large}, {small}"), scores, out)
    }
}

/// What a table says of one side and one photo.
type Cell = fn(&Figures) -> String;

fn times(figures: &Figures) -> String {
    let (least, most) = range(&figures.cpu_millis);
    format!("{:.0} ({least:.0}–{most:.0})", cpu(figures))
}

fn sizes(figures: &Figures) -> String {
    let sizes: Vec<String> =
        figures.file_bytes.iter().map(|bytes| format!("{:.1}", bytes / 1000.0)).collect();
    sizes.join(" + ")
}

fn scores(figures: &Figures) -> String {
    let shown = |score: &Option<f64>| score.map_or("–".to_owned(), |score| format!("{score:.1}"));
    figures.scores.iter().map(shown).collect::<Vec<_>>().join(", ")
}

fn cpu(figures: &Figures) -> f64 {
    median(&figures.cpu_millis)
}

fn bytes(figures: &Figures) -> f64 {
    figures.file_bytes.iter().sum()
}

fn size(variant: usize) -> String {
    let (width, height) = SIZES[variant];
    format!("{width}x{height}")
}

fn verdict(met: bool) -> &'static str {
    if met { "**met**" } else { "**not met**" }
}
