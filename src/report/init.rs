//! What `imgprep init` wrote.

use serde_json::{Value, json};

use super::advice::Advice;
use super::text::{BOLD, CHANGED, DIM, GOOD, painted};
use crate::init::{Availability, Written};

pub(super) fn text(written: &Written, advice: &Advice) -> String {
    let Written { file, answers, bucket_name } = written;
    let style = match bucket_name.availability {
        Availability::Free => GOOD,
        Availability::Yours | Availability::Taken => CHANGED,
        Availability::Unknown | Availability::NoAccount => DIM,
    };
    let note = painted(style, &format!("({})", advice.text(&bucket_name.note)));
    let next = if bucket_name.availability == Availability::NoAccount {
        format!("{} tries it on this machine, without AWS", advice.command("up --local"))
    } else {
        format!("{} shows what {} will make", advice.command("plan"), advice.command("up"))
    };
    format!(
        "{} is written\n\n  stack     {}\n  bucket    {}\n            {note}\n  variants  {}\n\n\
         next: {next}\n",
        painted(BOLD, &file.display().to_string()),
        answers.name,
        answers.bucket,
        answers.sizes.join(", "),
    )
}

pub(super) fn json(written: &Written) -> Value {
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
        pipeline.toml is written

          stack     photos
          bucket    photos-of-acme
                    (the name is free)
          variants  800x600, 400x300

        next: imgprep plan shows what imgprep up will make
        ");
        let nowhere = written("pipeline.toml", Availability::NoAccount, "no AWS region is set");
        assert_eq!(
            plain(&nowhere).lines().last(),
            Some("next: imgprep up --local tries it on this machine, without AWS")
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
