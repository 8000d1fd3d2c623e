//! `imgprep local`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Subcommand;
use serde_json::json;

use super::session::{ask_on_interrupt, blocking, start_local};
use crate::args::Global;
use crate::aws::endpoint_variables;
use crate::aws::wait::Stop;
use crate::error::Error;
use crate::local::{self, Environment, Health, Status};
use crate::report::printable::printable;
use crate::report::{Answer, Followed, Outcome, Report, pretty};

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Local {
    /// Install it if needed, and start it
    ///
    /// Example: imgprep local start
    Start,
    /// Stop it and keep its contents
    ///
    /// Example: imgprep local stop
    Stop,
    /// Show whether and where it is running
    ///
    /// Example: imgprep local status --json
    Status,
    /// Show its log
    ///
    /// Example: imgprep local logs --follow
    Logs {
        /// Keep printing new lines until interrupted
        #[arg(short, long)]
        follow: bool,
    },
    /// Print the environment variables that let other programs use it
    ///
    /// It accepts only requests signed with its own secret, which this prints. Treat the secret like a
    /// password for this machine.
    ///
    /// Example: imgprep local env
    Env,
    /// Delete everything it holds, and its secret
    ///
    /// Example: imgprep local reset
    Reset,
    /// Run the local AWS itself; `start` calls this
    ///
    /// Example: imgprep local serve /usr/bin/python3 packages
    #[command(hide = true)]
    Serve {
        /// The interpreter for MiniStack
        python: PathBuf,
        /// Where MiniStack and what it needs are installed
        packages: PathBuf,
    },
}

const LOG_LINES: usize = 50;
const FOLLOW_PAUSE: Duration = Duration::from_millis(500);

pub(crate) async fn run(
    command: &Local,
    global: &Global,
    report: &Report,
) -> Result<Answer, Error> {
    let environment = Environment::from_process().map_err(Error::Local)?;
    match command {
        Local::Start => {
            start_local(report).await?;
        }
        Local::Stop => {
            let (environment, progress) = (environment.clone(), report.task("local AWS"));
            let stop = blocking(move || local::stop(&environment, &|line| progress.say(line)));
            stop.await?.map_err(Error::Local)?;
        }
        Local::Reset => {
            let (environment, progress) = (environment.clone(), report.task("local AWS"));
            let reset = blocking(move || local::reset(&environment, &|line| progress.say(line)));
            reset.await?.map_err(Error::Local)?;
        }
        Local::Status => {}
        Local::Env => {
            let variables = local::variables(&environment, global.region.as_deref());
            let variables = variables.map_err(Error::Local)?;
            let looked_at = environment.clone();
            let status = blocking(move || local::status(&looked_at)).await?;
            if status.health != Health::Running {
                report.warn("the local AWS is not running: `imgprep local start`");
            }
            return Ok(Box::new(Variables(variables.to_vec())));
        }
        Local::Serve { python, packages } => {
            let served = local::serve(&environment, python, packages).await;
            served.map_err(|why| Error::File { what: "the local AWS ended".to_owned(), why })?;
            return Ok(Box::new(Followed));
        }
        Local::Logs { follow } => {
            let log = local::logs(&environment, LOG_LINES);
            if *follow {
                for line in &log.tail {
                    report.line(line);
                }
                return follow_file(&log.path, report).await;
            }
            return Ok(Box::new(log));
        }
    }
    let status = blocking(move || local::status(&environment)).await?;
    Ok(Box::new(status))
}

/// Prints what is added to a file, until the user asks to stop.
async fn follow_file(path: &Path, report: &Report) -> Result<Answer, Error> {
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
    Ok(Box::new(Followed))
}

/// What an environment is to hold.
struct Variables(Vec<(&'static str, String)>);

impl Outcome for Variables {
    fn text(&self, _report: &Report) -> String {
        variables(&self.0)
    }

    fn json(&self) -> String {
        pretty(&self.0.iter().cloned().collect::<BTreeMap<_, _>>())
    }
}

impl Outcome for local::Log {
    fn text(&self, _report: &Report) -> String {
        self.tail.iter().fold(String::new(), |mut text, line| {
            let _ = writeln!(text, "{}", printable(line));
            text
        })
    }

    fn json(&self) -> String {
        pretty(&json!({ "log_file": self.path, "lines": self.tail }))
    }
}

impl Outcome for Status {
    fn text(&self, _report: &Report) -> String {
        text(self)
    }

    fn json(&self) -> String {
        pretty(&json!({
            "state": health(self.health),
            "endpoint": self.endpoint,
            "pid": self.pid,
            "version": self.version,
            "state_folder": self.state_folder,
            "log_file": self.log_file,
        }))
    }
}

fn text(status: &Status) -> String {
    let pid = status.pid.map_or(String::new(), |pid| format!(" (process {pid})"));
    format!(
        "local AWS: {}{pid}\n  endpoint  {}\n  version   MiniStack {}\n  state     {}\n  log       {}\n",
        health(status.health),
        status.endpoint,
        status.version,
        status.state_folder.display(),
        status.log_file.display()
    )
}

/// Lines for a shell. A token of other credentials would go with ours, a profile would name others, the
/// endpoint of a single service would come before that of all, and no proxy is between programs of this
/// machine.
fn variables(variables: &[(&'static str, String)]) -> String {
    const OTHERS: [&str; 3] =
        ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_PROFILE", "AWS_SESSION_TOKEN"];
    const NO_PROXY: &str = "export NO_PROXY=127.0.0.1,localhost${NO_PROXY:+,$NO_PROXY}\n";
    let set = variables.iter().map(|(name, value)| format!("export {name}={value}\n"));
    let is_set = |other: &&str| variables.iter().any(|(name, _)| name == other);
    let others = OTHERS.into_iter().chain(endpoint_variables()).filter(|it| !is_set(it));
    let unset = format!("unset {}\n", others.collect::<Vec<_>>().join(" "));
    set.chain([NO_PROXY.to_owned(), unset]).collect()
}

fn health(health: Health) -> &'static str {
    match health {
        Health::Running => "running",
        Health::Stopped => "stopped",
        Health::Unresponsive => "unresponsive",
    }
}
