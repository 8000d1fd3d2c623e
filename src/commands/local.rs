//! `imgprep local`

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::session::{ask_on_interrupt, blocking, start_local};
use crate::args::{Global, Local as Command};
use crate::aws::wait::Stop;
use crate::error::Error;
use crate::local::{self, Environment, Health};
use crate::report::{Outcome, Report};

const LOG_LINES: usize = 50;
const FOLLOW_PAUSE: Duration = Duration::from_millis(500);

pub(crate) async fn run(
    command: &Command,
    global: &Global,
    report: &Report,
) -> Result<Outcome, Error> {
    let environment = Environment::from_process().map_err(Error::Local)?;
    match command {
        Command::Start => {
            start_local(report).await?;
        }
        Command::Stop => {
            let (environment, progress) = (environment.clone(), report.task("local AWS"));
            let stop = blocking(move || local::stop(&environment, &|line| progress.say(line)));
            stop.await?.map_err(Error::Local)?;
        }
        Command::Reset => {
            let (environment, progress) = (environment.clone(), report.task("local AWS"));
            let reset = blocking(move || local::reset(&environment, &|line| progress.say(line)));
            reset.await?.map_err(Error::Local)?;
        }
        Command::Status => {}
        Command::Env => {
            let variables = local::variables(&environment, global.region.as_deref());
            let variables = variables.map_err(Error::Local)?;
            let looked_at = environment.clone();
            let status = blocking(move || local::status(&looked_at)).await?;
            if status.health != Health::Running {
                report.warn("the local AWS does not run now: `imgprep local start`");
            }
            return Ok(Outcome::Variables(variables.to_vec()));
        }
        Command::Serve { python, packages } => {
            let served = local::serve(&environment, python, packages).await;
            served.map_err(|why| Error::File { what: "the local AWS ended".to_owned(), why })?;
            return Ok(Outcome::Followed);
        }
        Command::Logs { follow } => {
            let log = local::logs(&environment, LOG_LINES);
            if *follow {
                for line in &log.tail {
                    report.line(line);
                }
                return follow_file(&log.path, report).await;
            }
            return Ok(Outcome::Log(log));
        }
    }
    let status = blocking(move || local::status(&environment)).await?;
    Ok(Outcome::Local(status))
}

/// Prints what is added to a file, until the user asks to stop.
async fn follow_file(path: &Path, report: &Report) -> Result<Outcome, Error> {
    let unreadable = |error: std::io::Error| Error::File {
        what: format!("cannot read the log `{}`", path.display()),
        why: error.to_string(),
    };
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    file.seek(SeekFrom::End(0)).map_err(unreadable)?;
    let mut open_line = String::new();
    let stop = Arc::new(Stop::default());
    ask_on_interrupt(Arc::clone(&stop));
    while !stop.is_asked() {
        let mut added = Vec::new();
        file.read_to_end(&mut added).map_err(unreadable)?;
        open_line.push_str(&String::from_utf8_lossy(&added));
        while let Some((line, rest)) = open_line.split_once('\n') {
            report.line(line);
            open_line = rest.to_owned();
        }
        stop.pause(FOLLOW_PAUSE).await;
    }
    Ok(Outcome::Followed)
}
