//! What this machine must have: a clock that is right, a way to the function, and a Python for the local
//! AWS.

use super::{Check, Subject, Verdict};
use crate::aws::reach::Reached;
use crate::config::{Arch, Code};
use crate::error::Error;
use crate::local::{self, Environment, Health, LocalError};
use crate::package::{self, Making, Tools};

/// How far the clock is from AWS's.
pub(crate) fn clock(reached: &Reached) -> Check {
    let Some(skew) = &reached.skew else {
        return Subject::Clock.is(Verdict::Skipped, "AWS did not say what time it is");
    };
    if !skew.is_noticeable() {
        return Subject::Clock.is(Verdict::Fine, "agrees with AWS's");
    }
    let verdict = if skew.is_refused() { Verdict::Failed } else { Verdict::Warning };
    Subject::Clock
        .is(verdict, format!("{skew}; AWS refuses requests that are more than 5 minutes off"))
        .with_hint("set the clock, for example with `sudo timedatectl set-ntp true`")
}

/// Where the function comes from.
pub(crate) fn function(code: &Code, arch: Arch, making: Making) -> Check {
    match package::tools(code, arch, making) {
        Ok(Tools::ThisProgram) => {
            Subject::Function.is(Verdict::Fine, "this program serves as the function")
        }
        Ok(Tools::Carried) => {
            Subject::Function.is(Verdict::Fine, "carried by this program; nothing to build")
        }
        Ok(Tools::Zip(path)) => {
            Subject::Function.is(Verdict::Fine, format!("`{}`", path.display()))
        }
        Ok(Tools::Cargo(version)) => {
            Subject::Function.is(Verdict::Fine, format!("built with {version}"))
        }
        Err(error) => Subject::Function.failed(&Error::Package(error)),
    }
}

/// Whether the local AWS runs, or can.
pub(crate) fn local_aws() -> Check {
    let found = Environment::from_process().and_then(|environment| {
        let status = local::status(&environment);
        match status.health {
            Health::Running => Ok(format!("running at {}", status.endpoint)),
            Health::Unresponsive => {
                Err(LocalError::Unresponsive { pid: status.pid.unwrap_or_default() })
            }
            Health::Stopped => {
                let python = local::can_start(&environment)?;
                Ok(format!("stopped; can start with Python {python}"))
            }
        }
    });
    match found {
        Ok(detail) => Subject::LocalAws.is(Verdict::Fine, detail),
        Err(error) => Subject::LocalAws.failed(&Error::Local(error)),
    }
}
