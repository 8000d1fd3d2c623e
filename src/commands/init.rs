//! `imgprep init`

use crate::args::{Global, Init as Args};
use crate::aws::Connection;
use crate::error::Error;
use crate::init::{
    self, Answers, Availability, BucketName, DEFAULT_SIZES, InitError, Question, Written,
};
use crate::report::{Outcome, Report};

pub(crate) async fn run(args: &Args, global: &Global, report: &Report) -> Result<Outcome, Error> {
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
    Ok(Outcome::Init(Written { file, answers, bucket_name }))
}

fn check_options(args: &Args, sizes: Option<&str>) -> Result<(), InitError> {
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
        report.warn(&format!("`{bucket}` is {}; give it again to keep it", known.note));
        taken = Some(bucket);
    }
}

/// A file is of use without an AWS account too, so nothing that goes wrong here is an error.
async fn look(bucket: &str, global: &Global, report: &Report) -> BucketName {
    if global.local {
        return BucketName::unknown("the local AWS is not asked");
    }
    let connection =
        Connection { profile: global.profile.clone(), region: global.region.clone(), local: None };
    let progress = report.task("bucket");
    progress.say("asking AWS whether the name is free");
    BucketName::look(&connection, bucket).await
}
