//! `imgprep export`

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::session::blocking;
use crate::args::Global;
use crate::config::Config;
use crate::error::Error;
use crate::export::{self, Format};
use crate::local;
use crate::package::{self, Making};
use crate::report::advice::{Advice, quoted};
use crate::report::style::{HINT, painted};
use crate::report::{Answer, Outcome, Report, pretty};
use crate::stack::bounds;
use crate::template::{Location, Request};

/// Print this stack as a template for another tool
///
/// Needs no AWS: the other tool fills in account and region. The template needs the function's zip,
/// which `--zip` writes.
///
/// Example: imgprep export --format terraform -o main.tf.json --zip function.zip
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The tool that will use the template
    #[arg(long, value_name = "TOOL")]
    pub(crate) format: Template,
    /// Write the template to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// S3 location of the function's zip, as the template's default
    #[arg(long, value_name = "S3_URI", value_parser = s3_object)]
    pub(crate) code: Option<S3Object>,
    /// Also build the function and write its zip to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) zip: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Template {
    #[value(name = "cloudformation")]
    CloudFormation,
    #[value(name = "terraform")]
    Terraform,
}

/// An object in S3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct S3Object {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

fn s3_object(text: &str) -> Result<S3Object, String> {
    let parts = text.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    match parts {
        Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
            Ok(S3Object { bucket: bucket.to_owned(), key: key.to_owned() })
        }
        _ => Err("must look like `s3://BUCKET/KEY`".to_owned()),
    }
}

/// How the names of files end that Terraform reads as JSON.
const TERRAFORM_SUFFIX: &str = ".tf.json";

pub(crate) async fn run(args: &Export, global: &Global, report: &Report) -> Result<Answer, Error> {
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
    Ok(Box::new(exported))
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
        package::build(&function.code, function.arch, Making::Released, &cache, &|line| {
            progress.say(line);
        })?
        .with_logos(&function.logos)
    });
    Ok(built.await?.map_err(Error::Package)?.zip)
}

async fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    tokio::fs::write(path, bytes).await.map_err(|error| Error::File {
        what: format!("cannot write `{}`", path.display()),
        why: error.to_string(),
    })
}

impl Outcome for Exported {
    fn text(&self, report: &Report) -> String {
        text(self, report.advice())
    }

    fn json(&self) -> String {
        json(self)
    }
}

/// Stands in commands for what only the user knows.
const CODE_BUCKET: &str = "BUCKET";
const CODE_KEY: &str = "function.zip";

/// A template, and where it and the function's zip were written, if anywhere.
#[derive(Debug)]
struct Exported {
    stack: String,
    format: Format,
    template: Value,
    file: Option<PathBuf>,
    zip: Option<PathBuf>,
    code: Option<Location>,
}

impl Exported {
    /// The template as it stands in a file.
    fn document(&self) -> String {
        format!("{}\n", pretty(&self.template))
    }

    /// The same command once more, with the function that the template asks for.
    fn with_zip(&self, file: &Path, advice: &Advice) -> String {
        let format = match self.format {
            Format::CloudFormation => "cloudformation",
            Format::Terraform => "terraform",
        };
        let zip = file.with_file_name(CODE_KEY);
        let (file, zip) = (path(file), path(&zip));
        advice.whole(&format!("imgprep export --format {format} -o {file} --zip {zip}"))
    }

    /// What makes the stack of the template, command by command.
    fn commands(&self, file: &Path, advice: &Advice) -> Vec<String> {
        if self.zip.is_none() && self.code.is_none() {
            return vec![self.with_zip(file, advice)];
        }
        let (bucket, key) = match &self.code {
            Some(code) => (code.bucket.as_str(), code.key.as_str()),
            None => (CODE_BUCKET, CODE_KEY),
        };
        let upload = |zip: &PathBuf| format!("aws s3 cp {} s3://{bucket}/{key}", path(zip));
        match self.format {
            Format::CloudFormation => {
                let file = path(file);
                let deploy = format!(
                    "aws cloudformation deploy --stack-name {} --template-file {file} \
                     --capabilities CAPABILITY_NAMED_IAM --parameter-overrides \
                     CodeBucket={bucket} CodeKey={key}",
                    self.stack
                );
                self.zip.iter().map(upload).chain([deploy]).collect()
            }
            Format::Terraform => {
                let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
                let in_folder =
                    folder.map_or(String::new(), |folder| format!(" -chdir={}", path(folder)));
                let upload = self.zip.iter().filter(|_| self.code.is_some()).map(upload);
                let terraform = ["init", "apply"];
                let terraform = terraform.map(|command| format!("terraform{in_folder} {command}"));
                upload.chain(terraform).collect()
            }
        }
    }
}

/// A path as a shell takes it.
fn path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

fn text(exported: &Exported, advice: &Advice) -> String {
    let Some(file) = &exported.file else { return exported.document() };
    let written = [Some(file), exported.zip.as_ref()].into_iter().flatten();
    let written = written.map(|path| format!("wrote {}", path.display()));
    let commands = exported.commands(file, advice).into_iter();
    let commands = commands.map(|command| format!("next: {}", painted(HINT, &command)));
    let lines = written.chain([String::new()]).chain(commands).collect::<Vec<_>>();
    format!("{}\n", lines.join("\n"))
}

fn json(exported: &Exported) -> String {
    match &exported.file {
        None => pretty(&exported.template),
        Some(file) => pretty(&json!({ "template": file, "zip": exported.zip })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(format: Format, file: &str, code: Option<Location>, expected: &[&str]) {
        let exported = Exported {
            stack: "photos".to_owned(),
            format,
            template: Value::Null,
            file: Some(file.into()),
            zip: Some("function.zip".into()),
            code,
        };
        assert_eq!(exported.commands(Path::new(file), &Advice::default()), expected);
    }

    #[test]
    fn the_next_commands_are_those_of_the_tool() {
        let code = || Some(Location { bucket: "code".to_owned(), key: "f.zip".to_owned() });
        check(
            Format::CloudFormation,
            "photos.json",
            code(),
            &[
                "aws s3 cp function.zip s3://code/f.zip",
                "aws cloudformation deploy --stack-name photos --template-file photos.json \
                 --capabilities CAPABILITY_NAMED_IAM --parameter-overrides CodeBucket=code \
                 CodeKey=f.zip",
            ],
        );
        check(Format::Terraform, "main.tf.json", None, &["terraform init", "terraform apply"]);
        check(
            Format::Terraform,
            "infra/main.tf.json",
            code(),
            &[
                "aws s3 cp function.zip s3://code/f.zip",
                "terraform -chdir=infra init",
                "terraform -chdir=infra apply",
            ],
        );
    }

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
