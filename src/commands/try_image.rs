//! `imgprep try`

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use contract::message::Manifest;

use super::session::{LOOK, Session, Start, blocking};
use crate::amounts;
use crate::args::Global;
use crate::error::Error;
use crate::original::kinds;
use crate::report::printable::printable;
use crate::report::style::{BOLD, linked, painted};
use crate::report::{Answer, Outcome, Report, pretty};
use crate::trial::{CdnCheck, Image, Trial, TrialResult};

/// Upload an image and wait for its variants
///
/// Removes the image and its variants afterwards.
///
/// Example: imgprep try photo.jpg
#[derive(Debug, Args)]
pub(crate) struct Try {
    /// The image to upload; default: a generated sample
    pub(crate) image: Option<PathBuf>,
    /// How long to wait; S3 can take up to 5 minutes to start sending notifications
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) timeout: u64,
    /// Keep the image and its variants in the bucket (always with `--local`)
    #[arg(long)]
    pub(crate) keep: bool,
}

/// The sample's size: that of a small camera photo.
const SAMPLE_SIZE: (u32, u32) = (1600, 1200);

pub(crate) async fn run(args: &Try, global: &Global, report: &Report) -> Result<Answer, Error> {
    let image = match &args.image {
        Some(path) => read(path).await?,
        None => sample().await?,
    };
    let mut session = Session::open(global, report, LOOK, Start::IfNeeded).await?;
    let plan = session.plan().await?;
    Session::working(&plan)?;
    session.stop_on_interrupt();
    let trial = Trial {
        config: &session.account.config,
        aws: &session.account.aws,
        names: &session.account.names,
        plan: &plan,
        stop: &session.stop,
        limit: Duration::from_secs(args.timeout),
        // On this machine they cost nothing, and are there to be looked at.
        is_kept: args.keep || global.local,
    };
    let progress = report.task("try");
    let warn = |text: &str| report.warn(text);
    let result = trial.run(&image, &|line| progress.say(line), &warn).await?;
    Ok(Box::new(result))
}

async fn read(path: &Path) -> Result<Image, Error> {
    let unusable =
        |why: String, hint: String| Error::Image { path: path.display().to_string(), why, hint };
    let bytes = tokio::fs::read(path).await;
    let bytes = bytes.map_err(|error| unusable(error.to_string(), hint(&error)))?;
    if bytes.is_empty() {
        let kinds = kinds::read(cfg!(feature = "heic"));
        let hint = format!("use a {kinds}, or no file for a sample");
        return Err(unusable("it is empty".to_owned(), hint));
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(Image { name: name.unwrap_or_default(), bytes })
}

/// What to do about a file that cannot be read.
fn hint(error: &io::Error) -> String {
    let hint = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => "check the path",
        io::ErrorKind::IsADirectory => "name one file in it",
        _ => "check that you may read it",
    };
    format!("{hint}, or name no file for a sample")
}

async fn sample() -> Result<Image, Error> {
    let bytes = blocking(|| sample::jpeg(SAMPLE_SIZE.0, SAMPLE_SIZE.1)).await?;
    Ok(Image { name: "sample.jpg".to_owned(), bytes })
}

impl Outcome for TrialResult {
    fn text(&self, _report: &Report) -> String {
        text(self)
    }

    fn json(&self) -> String {
        pretty(self)
    }
}

fn text(result: &TrialResult) -> String {
    let size = amounts::bytes(result.original_bytes);
    let mut text = format!("{}\n  {size}\n\n", printable(&result.original));
    for variant in &result.variants {
        let cdn = match variant.cdn {
            CdnCheck::Ok => "served",
            CdnCheck::Deploying => "not checked: the CDN is still deploying",
            CdnCheck::None => "no public address",
        };
        let _ = writeln!(
            text,
            "  {}  {}x{}  {}  after {:.1} s  {cdn}",
            painted(BOLD, &variant.folder),
            variant.width,
            variant.height,
            amounts::bytes(variant.bytes),
            f64::from(u32::try_from(variant.milliseconds).unwrap_or(u32::MAX)) / 1000.0,
        );
        if let Some(url) = variant.url.as_ref().filter(|_| result.kept) {
            let _ = writeln!(text, "    {}", linked(&printable(url)));
        }
    }
    if let Some(Manifest { variants, thumbhash, .. }) = &result.manifest {
        let told = amounts::counted(variants.len() as u64, "variant");
        let thumbhash = thumbhash.iter().map(|hash| format!(", ThumbHash {hash}"));
        let _ = writeln!(text, "\n  told     ready, {told}{}", thumbhash.collect::<String>());
    }
    if !result.kept {
        text.push_str("\nremoved; `--keep` leaves them in the bucket\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn a_file_that_cannot_be_sent_is_told_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("empty.jpg"), "").unwrap();
        let kinds = if cfg!(feature = "heic") { "BMP, TIFF or HEIC" } else { "BMP or TIFF" };
        for (name, expected) in [
            ("nosuch.jpg", "check the path, or name no file for a sample".to_owned()),
            ("empty.jpg/a.jpg", "check the path, or name no file for a sample".to_owned()),
            ("", "name one file in it, or name no file for a sample".to_owned()),
            ("empty.jpg", format!("use a JPEG, PNG, WebP, GIF, {kinds}, or no file for a sample")),
        ] {
            let error = read(&folder.path().join(name)).await.map(|image| image.name).unwrap_err();
            assert_eq!(error.hint(), Some(expected), "{name}");
        }
    }
}
