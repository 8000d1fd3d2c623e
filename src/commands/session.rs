//! What the commands begin with, as much of it as each needs: the configuration, the account that it is
//! for, and the stack that follows from both; and what they share of asking and stopping.

use std::sync::Arc;

use super::up::Changes;
use crate::args::Global;
use crate::aws::wait::Stop;
use crate::aws::{Aws, Connection};
use crate::config::{self, Arch, Config};
use crate::engine::apply::Run;
use crate::engine::changelog::{Changelog, State};
use crate::engine::plan::{Condition, Goal, Plan, Purpose};
use crate::engine::resource::Images;
use crate::error::{Error, INTERRUPTED};
use crate::inventory::Inventory;
use crate::local::{self, Running};
use crate::names::Names;
use crate::outputs::Outputs;
use crate::package::{self, Making};
use crate::report::Report;
use crate::report::document::Document;
use crate::resources::function::{Code, Zip, needs_code};
use crate::resources::{bucket, function};
use crate::stack::{self, Stack, bounds};
use crate::trial;

/// The purpose of a command that only looks.
pub(crate) const LOOK: Purpose =
    Purpose { goal: Goal::Present { adopt: false, prune: false }, images: Images::Keep };

/// Whether a command has the local AWS started. Those that only look, or remove, find nothing in one
/// that they would have to start first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    IfNeeded,
    Never,
}

impl Changes {
    pub(crate) fn purpose(&self) -> Purpose {
        let goal = Goal::Present { adopt: self.adopt, prune: self.prune };
        let images = if self.delete_images { Images::Delete } else { Images::Keep };
        Purpose { goal, images }
    }
}

/// A configuration, and the account that it is for.
pub(crate) struct Account {
    pub(crate) config: Config,
    pub(crate) aws: Aws,
    pub(crate) names: Arc<Names>,
}

impl Account {
    /// Reads the file and connects.
    pub(crate) async fn open(
        global: &Global,
        report: &Report,
        start: Start,
    ) -> Result<Self, Error> {
        Self::connect(load(global)?, global, report, start).await
    }

    async fn connect(
        config: Config,
        global: &Global,
        report: &Report,
        start: Start,
    ) -> Result<Self, Error> {
        let local = match (global.local, start) {
            (false, _) => None,
            (true, Start::IfNeeded) => Some(start_local(report).await?),
            (true, Start::Never) => Some(running_local().await?),
        };
        let connection = connection(global, Some(&config), local);
        let aws =
            Aws::connect(&connection).await.map_err(|error| Error::connect(&connection, error))?;
        let (config, without_cdn) = config.in_region(&aws.region).map_err(Error::Config)?;
        if let Some(why) = without_cdn {
            report.warn(&format!("no CDN in {}: {why}", aws.region));
        }
        let names = Arc::new(stack::names(&config, (&aws).into()));
        Ok(Self { config, aws, names })
    }
}

/// An account, and the stack in it.
pub(crate) struct Session {
    pub(crate) account: Account,
    pub(crate) stack: Stack,
    making: Making,
    pub(crate) stop: Arc<Stop>,
}

impl Session {
    /// Reads the file and connects.
    pub(crate) async fn open(
        global: &Global,
        report: &Report,
        purpose: Purpose,
        start: Start,
    ) -> Result<Self, Error> {
        let config = load(global)?;
        let function = &config.function;
        let making = making(&function.code, function.arch, global, false);
        let code = code(&config, making, purpose)?;
        let account = Account::connect(config, global, report, start).await?;
        Ok(Self::of(account, code, making, purpose))
    }

    /// As `open`, for a command that makes what the file says: what IAM would never take is refused
    /// before the first call.
    pub(crate) async fn open_to_make(
        changes: &Changes,
        global: &Global,
        report: &Report,
        start: Start,
    ) -> Result<Self, Error> {
        let (config, purpose) = (load(global)?, changes.purpose());
        let region = global.region.as_ref().or(config.region.as_ref());
        bounds::before_any_call(&config, region.map(String::as_str)).map_err(Error::Config)?;
        let function = &config.function;
        let making = making(&function.code, function.arch, global, changes.release_function);
        let code = code(&config, making, purpose)?;
        let account = Account::connect(config, global, report, start).await?;
        bounds::policy_fits(&account.config, (&account.aws).into()).map_err(Error::Config)?;
        Ok(Self::of(account, code, making, purpose))
    }

    fn of(account: Account, code: Code, making: Making, purpose: Purpose) -> Self {
        let Account { config, aws, names } = &account;
        let stack = Stack::new(config, aws, Arc::clone(names), code, purpose);
        Self { account, stack, making, stop: Arc::default() }
    }

    /// Looks at AWS, and plans what is to be done for the session's purpose.
    pub(crate) async fn plan(&mut self) -> Result<Plan, Error> {
        let observation =
            Box::pin(self.stack.observe(&self.account.config, &self.account.aws)).await;
        Ok(self.stack.plan(observation.map_err(Error::Read)?))
    }

    /// As `plan`, for a command that makes what the file says.
    pub(crate) async fn plan_to_make(&mut self) -> Result<Plan, Error> {
        let plan = self.plan().await?;
        let Account { config, aws, .. } = &self.account;
        bounds::bucket_is_usable(config, &aws.endpoints, &plan).map_err(Error::Config)?;
        Ok(plan)
    }

    /// What became of the stack, as it is reported.
    pub(crate) fn document(&self, changelog: Changelog) -> Document {
        let Account { config, aws, names } = &self.account;
        let outputs = Outputs::new(config, aws, names, &changelog);
        Document::new(names, changelog, outputs)
    }

    /// Refuses to go on where nothing can come of an original.
    pub(crate) fn working(plan: &Plan) -> Result<(), Error> {
        if Changelog::before(plan).state() == State::Absent {
            return Err(Error::NoStack);
        }
        match trial::missing_link(plan) {
            Some(broken) => Err(Error::Trial(Box::new(broken))),
            None => Ok(()),
        }
    }

    /// The images of the stack; an error where there is no bucket.
    pub(crate) fn images(&self, plan: &Plan) -> Result<Inventory<'_>, Error> {
        match plan.step(bucket::ID).map(|step| step.condition) {
            None | Some(Condition::Missing) => Err(Error::NoStack),
            _ => {
                let Account { config, aws, names } = &self.account;
                Ok(Inventory { config, aws, names })
            }
        }
    }

    /// Builds the function if the plan needs its code, before anything is changed.
    pub(crate) async fn build(
        &self,
        plan: &Plan,
        command: &str,
        report: &Report,
    ) -> Result<(), Error> {
        if !plan.step(function::ID).is_some_and(needs_code) {
            return Ok(());
        }
        let function = self.account.config.function.clone();
        let cache = local::Environment::from_process().map_err(Error::Local)?.cache;
        let progress = report.task("function");
        let making = self.making;
        let built = blocking(move || {
            let say = |line: &str| progress.say(line);
            package::build(&function.code, function.arch, making, &cache, &say)?
                .with_logos(&function.logos)
        });
        let built = built.await?;
        // Cargo hears of Ctrl-C too, and its failure is not what the user wants to read about.
        self.interrupted(command)?;
        let package = built.map_err(Error::Package)?;
        let zip = Zip { bytes: package.zip, sha256: package.code_sha256 };
        // Only this call fills it, so it cannot be full.
        let _ = self.stack.code.zip.set(zip);
        Ok(())
    }

    /// Runs work on a plan, with its progress shown. `finish`: whether deletions that take AWS
    /// minutes are waited for.
    pub(crate) async fn run<T>(
        &self,
        plan: &Plan,
        report: &Report,
        finish: bool,
        work: impl AsyncFnOnce(&Run<'_>) -> T,
    ) -> T {
        let progress = report.progress(plan);
        let tell = |event| progress.event(event);
        let (nodes, aws, stop) = (&self.stack.nodes, &self.account.aws, self.stop.as_ref());
        work(&Run { nodes, aws, stop, tell: &tell, finish }).await
    }

    /// From here on Ctrl-C asks the run to stop cleanly; a second one ends the program as usual.
    pub(crate) fn stop_on_interrupt(&self) {
        ask_on_interrupt(Arc::clone(&self.stop));
    }

    /// Whether the user asked to stop, as an error that says how to go on.
    pub(crate) fn interrupted(&self, command: &str) -> Result<(), Error> {
        if self.stop.is_asked() { Err(Error::interrupted(command)) } else { Ok(()) }
    }

    /// What kept a plan from being done, if anything.
    pub(crate) fn ended(&self, command: &str, changelog: &Changelog) -> Result<(), Error> {
        Error::of_run(command, changelog, self.stop.is_asked()).map_or(Ok(()), Err)
    }
}

/// Whether the local AWS is meant, by option or by what `imgprep local env` prints.
fn is_local(global: &Global) -> bool {
    global.local || local::is_in_environment()
}

/// Which AWS is meant.
pub(super) fn connection(
    global: &Global,
    config: Option<&Config>,
    local: Option<Running>,
) -> Connection {
    let of_file = || config?.region.clone();
    let region = global.region.clone().or_else(of_file);
    Connection { profile: global.profile.clone(), region, local }
}

pub(super) fn load(global: &Global) -> Result<Config, Error> {
    Config::load(&global.config, &|name| std::env::var(name).ok()).map_err(Error::Config)
}

/// How the function is made: as AWS gets it, or the quickest way where the local AWS is meant and
/// nobody asks for the `release`d one.
pub(super) fn making(code: &config::Code, arch: Arch, global: &Global, release: bool) -> Making {
    if is_local(global) && !release { Making::quickest(code, arch) } else { Making::Released }
}

/// The function's code by the hashes of its source; none for a stack that is to go, whose code does not
/// matter.
fn code(config: &Config, making: Making, purpose: Purpose) -> Result<Code, Error> {
    if purpose.goal == Goal::Absent {
        return Ok(Code::default());
    }
    let function = &config.function;
    let hash = |making| {
        let hash = package::source_hash(&function.code, function.arch, making);
        hash.map(|hash| package::hash_with_logos(hash, &function.logos)).map_err(Error::Package)
    };
    // The released function does as well where this program would serve.
    let also = (making == Making::ThisProgram).then(|| hash(Making::Released)).transpose()?;
    Ok(Code { source_hash: hash(making)?, also, ..Code::default() })
}

/// Has Ctrl-C ask for a clean stop; a second one ends the program as usual.
#[expect(clippy::exit, reason = "nobody is left who could end it otherwise")]
pub(super) fn ask_on_interrupt(stop: Arc<Stop>) {
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.ask();
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(INTERRUPTED.into());
            }
        }
    });
}

/// Starts the local AWS if it does not run.
pub(super) async fn start_local(report: &Report) -> Result<Running, Error> {
    let environment = local::Environment::from_process().map_err(Error::Local)?;
    let progress = report.task("local AWS");
    let started = blocking(move || local::start(&environment, &|line| progress.say(line)));
    started.await?.map_err(Error::Local)
}

/// The local AWS, if it runs.
async fn running_local() -> Result<Running, Error> {
    let environment = local::Environment::from_process().map_err(Error::Local)?;
    blocking(move || local::running(&environment)).await?.map_err(Error::Local)
}

/// Runs blocking work beside the runtime.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::File {
        what: "an internal task broke off".to_owned(),
        why: error.to_string(),
    })
}
