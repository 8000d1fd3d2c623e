//! `imgprep export`

use std::path::Path;

use super::session::blocking;
use crate::args::{Export as Args, Global, Template};
use crate::config::Config;
use crate::error::Error;
use crate::export::{self, Format};
use crate::local;
use crate::package;
use crate::report::{Exported, Outcome, Report};
use crate::stack::bounds;
use crate::template::{Location, Request};

/// How the names of files end that Terraform reads as JSON.
const TERRAFORM_SUFFIX: &str = ".tf.json";

pub(crate) async fn run(args: &Args, global: &Global, report: &Report) -> Result<Outcome, Error> {
    let config =
        Config::load(&global.config, &|name| std::env::var(name).ok()).map_err(Error::Config)?;
    let region = global.region.clone().or_else(|| config.region.clone());
    let config = in_region(config, region.as_deref(), report)?;
    bounds::before_any_call(&config, region.as_deref()).map_err(Error::Config)?;
    let format = match args.format {
        Template::CloudFormation => Format::CloudFormation,
        Template::Terraform => Format::Terraform,
    };
    let code = args.code.clone().map(|it| Location { bucket: it.bucket, key: it.key });
    let named = args.zip.as_deref().map(|zip| seen_from(args.output.as_deref(), zip));
    let request = Request {
        config: &config,
        region: region.as_deref(),
        code: code.as_ref(),
        zip: named.as_deref(),
    };
    let template = export::template(format, &request);
    if let Some(path) = &args.zip {
        write(path, &zip(&config, report).await?).await?;
    }
    let exported = Exported {
        stack: config.name,
        format,
        template,
        file: args.output.clone(),
        zip: args.zip.clone(),
        code,
    };
    if let Some(path) = &exported.file {
        if format == Format::Terraform && !path.to_string_lossy().ends_with(TERRAFORM_SUFFIX) {
            report.warn(&format!("Terraform reads JSON only from files in `*{TERRAFORM_SUFFIX}`"));
        }
        write(path, exported.document().as_bytes()).await?;
    }
    Ok(Outcome::Export(exported))
}

/// The zip as a program in the template's folder names it.
fn seen_from(template: Option<&Path>, zip: &Path) -> String {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (template, zip) = (absolute(template.unwrap_or(Path::new("template"))), absolute(zip));
    let inside = template.parent().and_then(|folder| zip.strip_prefix(folder).ok());
    inside.unwrap_or(&zip).to_string_lossy().into_owned()
}

/// The file in its region. Without one the template is for any, and keeps what the file asks for.
fn in_region(config: Config, region: Option<&str>, report: &Report) -> Result<Config, Error> {
    let Some(region) = region else { return Ok(config) };
    let (config, without_cdn) = config.in_region(region).map_err(Error::Config)?;
    if let Some(why) = without_cdn {
        report.warn(&format!("no CDN in {region}: {why}"));
    }
    Ok(config)
}

/// The function, built or taken as the file says.
async fn zip(config: &Config, report: &Report) -> Result<Vec<u8>, Error> {
    let function = config.function.clone();
    let cache = local::Environment::from_process().map_err(Error::Local)?.cache;
    let progress = report.task("function");
    let built = blocking(move || {
        package::build(&function.code, function.arch, &cache, &|line| progress.say(line))
    });
    Ok(built.await?.map_err(Error::Package)?.zip)
}

async fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    tokio::fs::write(path, bytes).await.map_err(|error| Error::File {
        what: format!("cannot write `{}`", path.display()),
        why: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zip_is_named_as_the_templates_folder_sees_it() {
        let seen =
            |template: Option<&str>, zip: &str| seen_from(template.map(Path::new), Path::new(zip));
        assert_eq!(seen(None, "function.zip"), "function.zip");
        assert_eq!(seen(Some("infra/main.tf.json"), "infra/code.zip"), "code.zip");
        assert_eq!(seen(Some("main.tf.json"), "build/code.zip"), "build/code.zip");
        assert_eq!(seen(Some("infra/main.tf.json"), "/tmp/code.zip"), "/tmp/code.zip");
        let elsewhere = std::path::absolute("code.zip").unwrap();
        assert_eq!(seen(Some("infra/main.tf.json"), "code.zip"), elsewhere.to_string_lossy());
    }
}
