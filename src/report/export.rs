//! A stack as another tool's template: the template itself, or where it was written and what that
//! tool does with it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::advice::{Advice, quoted};
use super::pretty;
use super::text::{HINT, painted};
use crate::export::Format;
use crate::template::Location;

/// Stands in commands for what only the user knows.
const CODE_BUCKET: &str = "BUCKET";
const CODE_KEY: &str = "function.zip";

/// A template, and where it and the function's zip were written, if anywhere.
#[derive(Debug)]
pub(crate) struct Exported {
    pub(crate) stack: String,
    pub(crate) format: Format,
    pub(crate) template: Value,
    pub(crate) file: Option<PathBuf>,
    pub(crate) zip: Option<PathBuf>,
    pub(crate) code: Option<Location>,
}

impl Exported {
    /// The template as it stands in a file.
    pub(crate) fn document(&self) -> String {
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

pub(super) fn text(exported: &Exported, advice: &Advice) -> String {
    let Some(file) = &exported.file else { return exported.document() };
    let written = [Some(file), exported.zip.as_ref()].into_iter().flatten();
    let written = written.map(|path| format!("wrote {}", path.display()));
    let commands = exported.commands(file, advice).into_iter();
    let commands = commands.map(|command| format!("next: {}", painted(HINT, &command)));
    let lines = written.chain([String::new()]).chain(commands).collect::<Vec<_>>();
    format!("{}\n", lines.join("\n"))
}

pub(super) fn json(exported: &Exported) -> String {
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
}
