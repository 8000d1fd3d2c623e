//! `imgprep init`

use clap::Args;
use serde_json::{Value, json};

use crate::args::Global;
use crate::aws::Connection;
use crate::error::Error;
use crate::init::{
    self, Answers, Availability, BucketName, DEFAULT_SIZES, InitError, Question, Written,
};
use crate::report::advice::Advice;
use crate::report::style::{BOLD, CHANGED, DIM, GOOD, painted};
use crate::report::{Answer, Outcome, Report, pretty};

/// Write a commented pipeline.toml, asking for what it needs
///
/// On a terminal, asks for what you do not give, and checks each answer. With credentials, says
/// whether the bucket name is free. Never overwrites a file.
///
/// Example: imgprep init --name photos --bucket acme-photos --size 800x600,400x300
#[derive(Debug, Default, Args)]
pub(crate) struct Init {
    /// Name of the stack; default: the folder's name
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Bucket name (globally unique)
    #[arg(long, value_name = "NAME")]
    pub(crate) bucket: Option<String>,
    /// Size to make of each image; repeat it or use commas for more
    #[arg(long = "size", value_name = "WIDTHxHEIGHT", value_delimiter = ',')]
    pub(crate) sizes: Vec<String>,
    /// Ask nothing; needs `--bucket`, as does a run without a terminal
    #[arg(short, long)]
    pub(crate) yes: bool,
}

pub(crate) async fn run(args: &Init, global: &Global, report: &Report) -> Result<Answer, Error> {
    let file = global.config.clone();
    init::check_path(&file).map_err(Error::Init)?;
    let sizes = (!args.sizes.is_empty()).then(|| args.sizes.join(","));
    check_options(args, sizes.as_deref()).map_err(Error::Init)?;
    let asks = !args.yes && report.can_ask();
    let answer = |question: Question, given: Option<&str>, usual: String| match given {
        Some(given) => Ok(given.to_owned()),
        None if asks => ask(question, &usual, report),
        None => Ok(usual),
    };
    if !asks && args.bucket.is_none() {
        return Err(Error::Init(InitError::NoBucket));
    }
    let name = answer(Question::Name, args.name.as_deref(), init::default_name(&file))?;
    let (bucket, bucket_name) = match &args.bucket {
        Some(bucket) => (bucket.clone(), look(bucket, global, report).await),
        None => ask_bucket(&init::default_bucket(&name), global, report).await?,
    };
    let sizes = answer(Question::Sizes, sizes.as_deref(), DEFAULT_SIZES.to_owned())?;
    let (sizes, region) = (init::sizes(&sizes), global.region.clone());
    let answers = Answers { name, bucket, sizes, region };
    init::write(&file, &answers).map_err(Error::Init)?;
    Ok(Box::new(Written { file, answers, bucket_name }))
}

fn check_options(args: &Init, sizes: Option<&str>) -> Result<(), InitError> {
    let given = [
        (Question::Name, args.name.as_deref()),
        (Question::Bucket, args.bucket.as_deref()),
        (Question::Sizes, sizes),
    ];
    for (question, answer) in given {
        answer.map_or(Ok(()), |answer| question.check_option(answer))?;
    }
    Ok(())
}

fn ask(question: Question, usual: &str, report: &Report) -> Result<String, Error> {
    report.question(question.text(), usual, &|answer| question.check(answer))
}

/// Asks until the name is not taken, or is given once more: the account may be another one later.
async fn ask_bucket(
    usual: &str,
    global: &Global,
    report: &Report,
) -> Result<(String, BucketName), Error> {
    let mut taken = None;
    loop {
        let bucket = ask(Question::Bucket, usual, report)?;
        let known = look(&bucket, global, report).await;
        if known.availability != Availability::Taken || taken.as_ref() == Some(&bucket) {
            return Ok((bucket, known));
        }
        report.warn(&format!("`{bucket}` is {}; enter it again to use it anyway", known.note));
        taken = Some(bucket);
    }
}

/// A file is of use without an AWS account too, so nothing that goes wrong here is an error.
async fn look(bucket: &str, global: &Global, report: &Report) -> BucketName {
    if global.local {
        return BucketName::unknown("the local AWS was not asked");
    }
    let connection =
        Connection { profile: global.profile.clone(), region: global.region.clone(), local: None };
    let progress = report.task("bucket");
    progress.say("asking AWS whether the name is free");
    BucketName::look(&connection, bucket).await
}

impl Outcome for Written {
    fn text(&self, report: &Report) -> String {
        text(self, report.advice())
    }

    fn json(&self) -> String {
        pretty(&json(self))
    }
}

fn text(written: &Written, advice: &Advice) -> String {
    let Written { file, answers, bucket_name } = written;
    let style = match bucket_name.availability {
        Availability::Free => GOOD,
        Availability::Yours | Availability::Taken => CHANGED,
        Availability::Unknown | Availability::NoAccount => DIM,
    };
    let note = painted(style, &format!("({})", advice.text(&bucket_name.note)));
    let next = if bucket_name.availability == Availability::NoAccount {
        format!("{} to try it on this machine, without AWS", advice.command("up --local"))
    } else {
        format!("{} to see what {} will create", advice.command("plan"), advice.command("up"))
    };
    format!(
        "wrote {}\n\n  stack     {}\n  bucket    {}\n            {note}\n  variants  {}\n\n\
         next: {next}\n",
        painted(BOLD, &file.display().to_string()),
        answers.name,
        answers.bucket,
        answers.sizes.join(", "),
    )
}

fn json(written: &Written) -> Value {
    let Written { file, answers, bucket_name } = written;
    json!({
        "file": file,
        "bucket": { "name": answers.bucket, "availability": bucket_name.availability },
    })
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::init::{Answers, BucketName};

    fn written(file: &str, availability: Availability, note: &str) -> Written {
        Written {
            file: file.into(),
            answers: Answers {
                name: "photos".into(),
                bucket: "photos-of-acme".into(),
                sizes: vec!["800x600".into(), "400x300".into()],
                region: None,
            },
            bucket_name: BucketName { availability, note: note.into() },
        }
    }

    fn plain(written: &Written) -> String {
        anstream::adapter::strip_str(&text(written, &Advice::default())).to_string()
    }

    #[test]
    fn the_text_ends_with_the_next_commands() {
        let free = written("pipeline.toml", Availability::Free, "the name is free");
        assert_snapshot!(plain(&free), @"
        wrote pipeline.toml

          stack     photos
          bucket    photos-of-acme
                    (the name is free)
          variants  800x600, 400x300

        next: imgprep plan to see what imgprep up will create
        ");
        let nowhere = written("pipeline.toml", Availability::NoAccount, "no AWS region is set");
        assert_eq!(
            plain(&nowhere).lines().last(),
            Some("next: imgprep up --local to try it on this machine, without AWS")
        );
    }

    #[test]
    fn the_document_has_the_file_and_what_is_known_of_the_bucket() {
        let unknown = written("pipeline.toml", Availability::Unknown, "why");
        assert_eq!(
            json(&unknown),
            json!({
                "file": "pipeline.toml",
                "bucket": { "name": "photos-of-acme", "availability": "unknown" },
            })
        );
    }
}
