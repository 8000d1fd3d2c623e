//! `imgprep try`

use std::path::Path;
use std::time::Duration;

use super::session::{LOOK, Session, Start, blocking};
use crate::args::{Global, Try as Args};
use crate::error::Error;
use crate::report::{Outcome, Report};
use crate::trial::{Image, Trial};

/// The sample's size: that of a small camera photo.
const SAMPLE_SIZE: (u32, u32) = (1600, 1200);

pub(crate) async fn run(args: &Args, global: &Global, report: &Report) -> Result<Outcome, Error> {
    let image = match &args.image {
        Some(path) => read(path).await?,
        None => sample().await?,
    };
    let mut session = Session::open(global, report, LOOK, Start::IfNeeded).await?;
    let plan = session.plan().await?;
    session.working(&plan)?;
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
    Ok(Outcome::Trial(result))
}

async fn read(path: &Path) -> Result<Image, Error> {
    let unusable = |why: String| Error::Image { path: path.display().to_string(), why };
    let bytes = tokio::fs::read(path).await.map_err(|error| unusable(error.to_string()))?;
    if bytes.is_empty() {
        return Err(unusable("it is empty".to_owned()));
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(Image { name: name.unwrap_or_default(), bytes })
}

async fn sample() -> Result<Image, Error> {
    let bytes = blocking(|| sample::jpeg(SAMPLE_SIZE.0, SAMPLE_SIZE.1)).await?;
    Ok(Image { name: "sample.jpg".to_owned(), bytes })
}
