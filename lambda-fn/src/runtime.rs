//! The function at work: environment in, clients made once, then one event after another.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::{env, fs, process::ExitCode, sync::Arc, time::SystemTime};

use contract::log::{self, Level};
use contract::settings::{
    CDN_VARIABLE, DISTRIBUTION_VARIABLE, SETTINGS_VARIABLE, Settings, WATERMARKS_FOLDER,
};
use imaging::limits::Limits;
use imaging::watermark::Watermarks;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

use crate::capacity::Capacity;
use crate::handler::{Handler, Invocation};
use crate::log::{Log, StandardOutput};
use crate::s3_store::S3Store;
use crate::{panics, patience};

/// The name by which Lambda starts a program, and the variable that tells it where events come from
/// (AWS Lambda Developer Guide, "Building a custom runtime for AWS Lambda").
const NAME: &str = "bootstrap";
const EVENTS_VARIABLE: &str = "AWS_LAMBDA_RUNTIME_API";

/// The variable that says where the function's code is ("Using Lambda environment variables" there).
const CODE_VARIABLE: &str = "LAMBDA_TASK_ROOT";

/// Whether this process was started as a function: by its name alone.
pub fn is_asked_for(arguments: &[OsString]) -> bool {
    let [program] = arguments else { return false };
    let name = Path::new(program).file_name();
    name == Some(OsStr::new(NAME)) && env::var_os(EVENTS_VARIABLE).is_some()
}

/// Handles events until the process is stopped.
pub fn serve() -> ExitCode {
    panics::log_to(StandardOutput);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = runtime.map_err(Error::from).and_then(|runtime| runtime.block_on(run()));
    let Err(error) = served else { return ExitCode::SUCCESS };
    let mut line = log::line(Level::Error, "cannot start", "");
    line.insert("reason".to_owned(), json!(error.to_string()));
    StandardOutput.line(&Value::Object(line));
    ExitCode::FAILURE
}

async fn run() -> Result<(), Error> {
    let settings = variable(SETTINGS_VARIABLE)?;
    let mut settings: Settings = serde_json::from_str(&settings)
        .map_err(|error| format!("{SETTINGS_VARIABLE} is not valid: {error}"))?;
    if let Some(distribution) = env::var(DISTRIBUTION_VARIABLE).ok().filter(|id| !id.is_empty()) {
        settings.invalidate = Some(distribution);
    }
    if let Some(notify) = &mut settings.notify {
        notify.cdn = env::var(CDN_VARIABLE).ok().filter(|address| !address.is_empty());
    }
    let memory = variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")?;
    let memory = memory
        .parse()
        .map_err(|_| format!("AWS_LAMBDA_FUNCTION_MEMORY_SIZE is `{memory}`, not megabytes"))?;
    let limits = Limits::for_memory(memory);
    let watermarks = watermarks(&settings, &limits)?;
    let handler = Arc::new(Handler {
        store: S3Store::from_environment(&settings)?,
        log: StandardOutput,
        settings,
        limits,
        watermarks: Arc::new(watermarks),
        capacity: Capacity::of_this_machine(&limits),
        function: variable("AWS_LAMBDA_FUNCTION_NAME")?,
    });
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let handler = Arc::clone(&handler);
        async move {
            let LambdaEvent { payload, context, .. } = event;
            let deadline = patience::deadline(context.deadline, SystemTime::now());
            let invocation = Invocation { request_id: &context.request_id, deadline };
            handler.answer(&payload, invocation).await.map_err(Error::from)
        }
    }))
    .await
}

/// The logos that the function was deployed with, where a variant has one.
fn watermarks(settings: &Settings, limits: &Limits) -> Result<Watermarks, Error> {
    let mut watermarks = Watermarks::default();
    let folder = match env::var_os(CODE_VARIABLE) {
        Some(folder) => PathBuf::from(folder),
        None => env::current_exe()?.parent().map(Path::to_owned).unwrap_or_default(),
    };
    // Variants may share one, which is decoded once.
    let images = settings.variants.iter().filter_map(|variant| variant.watermark.as_ref());
    let images: BTreeSet<&str> = images.map(|watermark| watermark.image.as_str()).collect();
    for image in images {
        let path = folder.join(WATERMARKS_FOLDER).join(image);
        // One that is not there is told with the first original that needs it.
        let Ok(file) = fs::read(path) else { continue };
        watermarks.add(image, &file, limits)?;
    }
    Ok(watermarks)
}

fn variable(name: &str) -> Result<String, Error> {
    env::var(name).map_err(|_| format!("{name} is not set").into())
}
