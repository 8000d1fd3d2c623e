//! `imgprep render`

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use contract::framing::{Crop, Focus, Framing};
use imaging::limits::Limits;
use imaging::watermark::Watermarks;

use super::session::{ask_on_interrupt, blocking};
use crate::args::{Global, crop, focus};
use crate::aws::wait::Stop;
use crate::config::{Code, Config, Logos};
use crate::error::{Error, FAILED};
use crate::render::{
    Image, ImageOutcome, Made, PAGE, Refusal, Sheet, Totals, Work, find, write_whole,
};
use crate::report::layout::{spaces, width};
use crate::report::style::{BAD, CHANGED, DIM, GOOD, painted};
use crate::report::{Answer, Outcome, Report, pretty};
use crate::{amounts, contact_sheet};

/// Make the variants on this machine with the function's own code, and a page that shows them
///
/// Uses no AWS. Of the file, only the variants and the function's memory matter, so an image that
/// Lambda would refuse is refused here. Each variant goes to its own folder and keeps the path that
/// its original has below the folder or glob that found it; `index.html` shows variants next to
/// their originals.
///
/// Exits with 1 if an image could not be rendered.
///
/// Example: imgprep render photos 'more/**/*.jpg' -o rendered
#[derive(Debug, Args)]
pub(crate) struct Render {
    /// Files, folders (searched recursively) and quoted globs
    #[arg(required = true, value_name = "IMAGE")]
    pub(crate) images: Vec<PathBuf>,
    /// Folder for the variants and the page; created if needed, and never searched for originals
    #[arg(short, long, value_name = "DIR", default_value = "rendered")]
    pub(crate) output: PathBuf,
    /// Center the crop of every image on this point: fractions of width and height from the top left
    #[arg(long, value_name = "X,Y", value_parser = focus)]
    pub(crate) focus: Option<Focus>,
    /// Cut this part out of every image first: left, top, width and height as fractions
    #[arg(long, value_name = "X,Y,W,H", value_parser = crop)]
    pub(crate) crop: Option<Crop>,
}

pub(crate) async fn run(args: &Render, global: &Global, report: &Report) -> Result<Answer, Error> {
    let config =
        Config::load(&global.config, &|name| std::env::var(name).ok()).map_err(Error::Config)?;
    if !matches!(config.function.code, Code::Bundled { .. }) {
        report.warn("the file uses its own function, whose variants may differ from these");
    }
    let limits = Limits::for_memory(config.function.memory.into());
    let work = Work {
        watermarks: Arc::new(watermarks(&config.function.logos, &limits)?),
        limits,
        variants: config.variants.into(),
        framing: Framing { focus: args.focus, crop: args.crop },
        output: args.output.clone(),
    };
    work.check_formats().map_err(Error::Render)?;
    let (images, searched) = (args.images.clone(), work.clone());
    let search = move || {
        let folders = searched.variants.iter().map(|variant| variant.folder.as_str());
        find(&images, &searched.output, &folders.collect::<Vec<_>>())
    };
    let found = blocking(search).await?.map_err(Error::Render)?;
    let stop = Arc::new(Stop::default());
    ask_on_interrupt(Arc::clone(&stop));
    let total = found.originals.len();
    let bar = report.bar("render", total as u64);
    let tell = |file: &str| bar.advance(file);
    let sheet = work.run(found, &|| stop.is_asked(), &tell).await.map_err(Error::Render)?;
    drop(bar);
    Ok(Box::new(finish(sheet, &work, total).map_err(Error::Render)?))
}

/// The pictures of watermarks, each of which was decoded once when the file was read.
fn watermarks(logos: &Logos, limits: &Limits) -> Result<Watermarks, Error> {
    let mut watermarks = Watermarks::default();
    for (name, picture) in logos {
        watermarks.add(name.as_str(), picture, limits).map_err(|error| Error::Image {
            path: name.clone(),
            why: error.to_string(),
            hint: "use a smaller watermark, or give the function more `memory`".to_owned(),
        })?;
    }
    Ok(watermarks)
}

/// Writes the page, and says so if the run was cut short.
fn finish(sheet: Sheet, work: &Work, total: usize) -> Result<Sheet, Refusal> {
    let page = work.page();
    write_whole(&work.output, Path::new(PAGE), contact_sheet::html(&sheet).as_bytes())?;
    let done = sheet.images.len();
    if done < total { Err(Refusal::Interrupted { done, of: total, page }) } else { Ok(sheet) }
}

impl Outcome for Sheet {
    fn text(&self, _report: &Report) -> String {
        text(self)
    }

    fn json(&self) -> String {
        pretty(self)
    }

    fn exit_code(&self) -> u8 {
        if self.totals.failed > 0 { FAILED } else { 0 }
    }
}

/// The longest file name beside which the figures of others are still lined up.
const NAME_COLUMNS_MAX: usize = 34;

fn text(sheet: &Sheet) -> String {
    let names = sheet.images.iter().map(|image| width(&image.file));
    let columns = names.filter(|columns| *columns <= NAME_COLUMNS_MAX).max().unwrap_or(0);
    let mut text = String::new();
    for image in &sheet.images {
        line(&mut text, image, columns);
    }
    let totals = &sheet.totals;
    let _ = writeln!(text, "\n{}", summary(totals));
    if totals.passed_over > 0 {
        let files = amounts::counted(totals.passed_over, "file");
        let _ = writeln!(text, "{}", painted(DIM, &format!("skipped: {files} of other kinds")));
    }
    let _ = writeln!(text, "\n  contact sheet  {}", sheet.page);
    text
}

fn line(text: &mut String, image: &Image, columns: usize) {
    let gap = spaces(columns.saturating_sub(width(&image.file)));
    let _ = write!(text, "  {}{gap}  ", image.file);
    match &image.outcome {
        ImageOutcome::Failed { failed } => {
            let _ = writeln!(text, "{} {failed}", painted(BAD, "failed:"));
        }
        ImageOutcome::Made(made) => {
            let size = format!("{}x{}", made.width, made.height);
            let before = amounts::bytes(made.bytes);
            let after = variant_bytes(made);
            let change = amounts::change(made.bytes, after).unwrap_or_default();
            let change = if after < made.bytes { painted(GOOD, &change) } else { change };
            let _ = writeln!(
                text,
                "{size:<9}  {before:>7} -> {:>7}  {change}  {}",
                amounts::bytes(after),
                amounts::duration(made.ms.total())
            );
            for warning in &made.warnings {
                let _ = writeln!(text, "{}{}", spaces(columns + 4), painted(CHANGED, warning));
            }
        }
    }
}

fn variant_bytes(made: &Made) -> u64 {
    made.variants.iter().map(|variant| variant.bytes).sum()
}

fn summary(totals: &Totals) -> String {
    let mut parts = vec![amounts::counted(totals.images, "original")];
    if totals.failed > 0 {
        parts.push(painted(BAD, &format!("{} failed", totals.failed)));
    }
    parts.push(amounts::counted(totals.variants, "variant"));
    if let Some(change) = amounts::change(totals.bytes, totals.variant_bytes) {
        let (before, after) = (amounts::bytes(totals.bytes), amounts::bytes(totals.variant_bytes));
        parts.push(format!("{before} -> {after} ({change})"));
    }
    let took = amounts::duration(Duration::from_millis(totals.ms));
    format!("{} in {took}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use insta::assert_snapshot;

    use super::*;
    use crate::render::{Frame, MadeVariant, Stages};

    fn image(file: &str, outcome: ImageOutcome) -> Image {
        Image { file: file.to_owned(), outcome, name: PathBuf::new(), from_page: PathBuf::new() }
    }

    fn made(bytes: u64, after: u64) -> ImageOutcome {
        ImageOutcome::Made(Made {
            format: imaging::header::SourceFormat::Jpeg,
            width: 1600,
            height: 1200,
            bytes,
            warnings: Vec::new(),
            ms: Stages { decode: 21.4, resize: 3.0, encode: 10.0 },
            variants: vec![MadeVariant {
                folder: "800x600".to_owned(),
                file: String::new(),
                width: 800,
                height: 600,
                bytes: after,
                content_type: "image/jpeg",
                frame: Frame { left: 0.0, top: 0.0, width: 1.0, height: 1.0 },
            }],
        })
    }

    fn cut() -> ImageOutcome {
        let ImageOutcome::Made(made) = made(1000, 10) else { unreachable!("it is made") };
        let warning = "the file ends early: 812 of 1200 rows are intact".to_owned();
        ImageOutcome::Made(Made { warnings: vec![warning], ..made })
    }

    #[test]
    fn each_image_is_a_line_and_the_sums_come_last() {
        let sheet = Sheet {
            output: "rendered".to_owned(),
            page: "rendered/index.html".to_owned(),
            images: vec![
                image("photos/cat.jpg", made(3_042_201, 132_000)),
                image("photos/small cat.jpg", made(900, 7_300)),
                image("photos/a-name-that-is-so-long-that-it-stands-alone.jpg", made(1000, 10)),
                image("cut.jpg", cut()),
                image("notes.jpg", ImageOutcome::Failed { failed: "not an image".to_owned() }),
            ],
            totals: Totals {
                images: 4,
                failed: 1,
                passed_over: 1,
                variants: 3,
                bytes: 3_044_101,
                variant_bytes: 139_310,
                ms: 1250,
            },
            variants: [].into(),
            made_at: String::new(),
        };
        let text = anstream::adapter::strip_str(&text(&sheet)).to_string();
        assert_snapshot!(text, @"
          photos/cat.jpg        1600x1200   3.0 MB ->  132 kB  -96 %  34 ms
          photos/small cat.jpg  1600x1200    900 B ->  7.3 kB  +711 %  34 ms
          photos/a-name-that-is-so-long-that-it-stands-alone.jpg  1600x1200   1.0 kB ->    10 B  -99 %  34 ms
          cut.jpg               1600x1200   1.0 kB ->    10 B  -99 %  34 ms
                                the file ends early: 812 of 1200 rows are intact
          notes.jpg             failed: not an image

        4 originals, 1 failed, 3 variants, 3.0 MB -> 139 kB (-95 %) in 1.2 s
        skipped: 1 file of other kinds

          contact sheet  rendered/index.html
        ");
    }
}
