//! What `imgprep init` wrote.

use anstyle::Style;
use serde_json::{Value, json};

use super::text::{CHANGED, DIM, GOOD, HINT, painted};
use crate::init::{Availability, Written};

pub(super) fn text(written: &Written, local: bool) -> String {
    let Written { file, answers, bucket_name } = written;
    let style = match bucket_name.availability {
        Availability::Free => GOOD,
        Availability::Yours | Availability::Taken => CHANGED,
        Availability::Unknown => DIM,
    };
    let note = painted(style, &format!("({})", bucket_name.note));
    let file = file.display().to_string();
    let options = options(&file, local);
    let command = |name: &str| painted(HINT, &format!("imgprep {name}{options}"));
    format!(
        "{} is written\n\n  stack     {}\n  bucket    {}\n            {note}\n  variants  {}\n\n\
         next: {} shows what {} will make\n",
        painted(Style::new().bold(), &file),
        answers.name,
        answers.bucket,
        answers.sizes.join(", "),
        command("plan"),
        command("up"),
    )
}

/// With what the next command finds the same file and the same AWS.
fn options(file: &str, local: bool) -> String {
    let config = if file == "pipeline.toml" { String::new() } else { format!(" -c {file}") };
    let local = if local { " --local" } else { "" };
    format!("{config}{local}")
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

    fn plain(written: &Written, local: bool) -> String {
        anstream::adapter::strip_str(&text(written, local)).to_string()
    }

    #[test]
    fn the_text_ends_with_the_next_commands() {
        let free = written("pipeline.toml", Availability::Free, "the name is free");
        assert_snapshot!(plain(&free, false), @"
        pipeline.toml is written

          stack     photos
          bucket    photos-of-acme
                    (the name is free)
          variants  800x600, 400x300

        next: imgprep plan shows what imgprep up will make
        ");
        let elsewhere = written("a/b.toml", Availability::Taken, "taken");
        let text = plain(&elsewhere, true);
        assert_eq!(
            text.lines().last(),
            Some(
                "next: imgprep plan -c a/b.toml --local shows what imgprep up -c a/b.toml --local will make"
            )
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
