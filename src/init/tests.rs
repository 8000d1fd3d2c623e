//! The text of the file, the defaults, and what is refused.

use std::fs;

use insta::assert_snapshot;

use super::*;

fn answers(sizes: &[&str]) -> Answers {
    Answers {
        name: "photos".into(),
        bucket: "photos-of-acme".into(),
        sizes: sizes.iter().map(|size| (*size).to_owned()).collect(),
        region: None,
    }
}

fn parsed(text: &str) -> Config {
    let config = Config::parse(text, "pipeline.toml", Path::new(""), &|_| None);
    config.unwrap_or_else(|error| panic!("{}", error.render(false)))
}

/// The lines in which the file differs from the template.
fn changes(answers: &Answers) -> String {
    let text = answers.text();
    let changed = |from: &str, other: &str, sign: char| {
        let others: Vec<&str> = other.lines().collect();
        let lines = from.lines().filter(|line| !others.contains(line));
        lines.map(|line| format!("{sign} {line}")).collect::<Vec<_>>()
    };
    [changed(TEMPLATE, &text, '-'), changed(&text, TEMPLATE, '+')].concat().join("\n")
}

#[test]
fn each_place_of_an_answer_is_once_in_the_template() {
    let answers = Answers { region: Some("eu-west-1".into()), ..answers(&["800x600"]) };
    for (from, _) in answers.replacements() {
        assert_eq!(TEMPLATE.matches(from).count(), 1, "{from}");
    }
}

#[test]
fn the_file_is_the_template_with_the_answers_in_it() {
    let answers = Answers { region: Some("eu-west-1".into()), ..answers(&["1x1", "20x30", "4x4"]) };
    assert_snapshot!(changes(&answers), @r#"
    - # An example pipeline: `imgprep up` creates it, `imgprep try` sends an image through it.
    - name = "image-preprocessing"            # stack name; the default of all other names but the bucket's
    - # region = "us-east-1"                  # default: AWS_REGION, or the region of the AWS profile
    - name = "image-preprocessing-example"    # change this: bucket names are globally unique
    - name = "image-preprocessing"
    - name = "ImageResize"
    - size = "800x600"                        # width x height in pixels
    - # folder = "800x600"                    # default: the size
    - size = "400x300"
    + # An image pipeline: `imgprep up` creates it, `imgprep try` sends an image through it.
    + name = "photos"                         # stack name; the default of all other names but the bucket's
    + region = "eu-west-1"                    # without it: AWS_REGION, or the region of the AWS profile
    + name = "photos-of-acme"                 # bucket names are globally unique
    + # name = "photos"                       # default: the stack's name
    + # name = "photos"                       # default: the stack's name
    + size = "1x1"                            # width x height in pixels
    + # folder = "1x1"                        # default: the size
    + size = "20x30"
    + size = "4x4"
    "#);
    let config = parsed(&answers.text());
    assert_eq!(config.name, "photos");
    assert_eq!(config.region.as_deref(), Some("eu-west-1"));
    assert_eq!(config.bucket.name, "photos-of-acme");
    assert_eq!((config.topic.name.as_str(), config.function.name.as_str()), ("photos", "photos"));
    let folders: Vec<&str> =
        config.variants.iter().map(|variant| variant.folder.as_str()).collect();
    assert_eq!(folders, ["1x1", "20x30", "4x4"]);
}

#[test]
fn with_the_answers_of_the_tutorial_it_is_the_pipeline_of_the_tutorial() {
    let tutorial = parsed(TEMPLATE);
    let answers = Answers {
        name: tutorial.name.clone(),
        bucket: tutorial.bucket.name.clone(),
        sizes: sizes(DEFAULT_SIZES),
        region: None,
    };
    let mut written = parsed(&answers.text());
    written.topic = tutorial.topic.clone();
    written.function.name = tutorial.function.name.clone();
    assert_eq!(written, tutorial);
}

#[test]
fn one_size_is_one_variant_and_the_longest_names_fit() {
    let answers =
        Answers { name: "n".repeat(40), bucket: "b".repeat(63), ..answers(&["16384x16384"]) };
    let text = answers.text();
    assert_eq!(parsed(&text).variants.len(), 1);
    assert!(!text.contains("\n\n\n"), "{text}");
}

/// What is said of answers that are refused.
fn refusals(question: Question, answers: &[&str]) -> String {
    let lines = answers.iter().map(|answer| question.check(answer).unwrap_err());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn answers_are_refused_in_the_words_of_the_configuration() {
    assert_snapshot!(refusals(Question::Name, &["My_Photos", ""]), @"
    `My_Photos` has `M`, `P` and `_`: did you mean `my-photos`?
    `` is empty: a stack name is 1 to 40 lower-case letters, digits and hyphens
    ");
    assert_snapshot!(refusals(Question::Bucket, &["my_photos", "ab", "10.0.0.1", "a${STAGE}"]), @"
    `my_photos` has `_`: did you mean `my-photos`?
    `ab` is 2 characters long: a bucket name is 3 to 63 lower-case letters, digits, hyphens and dots
    `10.0.0.1` is an IP address: S3 does not allow that
    `a${STAGE}` has `$`, `A`, `E`, `G`, `S`, `T`, `{` and `}`: a bucket name is 3 to 63 lower-case letters, digits, hyphens and dots
    ");
    assert_snapshot!(refusals(Question::Sizes, &["800x600, 400", "", "1x1,1x1", "0x5"]), @"
    `400` is not a size: did you mean `400x`?
    `` is not a size: a size is `WIDTHxHEIGHT` in pixels, such as `800x600`, or one of them: `800x`, `x600`
    `1x1` is given twice
    `0x5` is 0x5: width and height must be 1–16384 pixels
    ");
}

#[test]
fn the_defaults_are_answers_that_are_taken() {
    let name = |path: &str| default_name(Path::new(path));
    assert_eq!(name("/home/me/photos/pipeline.toml"), "photos");
    assert_eq!(name("/home/me/My Photos_2/pipeline.toml"), "my-photos-2");
    assert_eq!(name("/pipeline.toml"), "images");
    assert_eq!(name("/été/pipeline.toml"), "t");
    let long = name(&format!("/{}/pipeline.toml", "x".repeat(80)));
    assert_eq!(long.len(), 40);
    for name in ["photos", "images", "a-b", &long] {
        assert_eq!(Question::Name.check(name), Ok(()));
        assert_eq!(Question::Bucket.check(&default_bucket(name)), Ok(()));
    }
    assert_ne!(default_bucket("photos"), default_bucket("photos"));
    assert_eq!(Question::Sizes.check(DEFAULT_SIZES), Ok(()));
}

#[test]
fn a_file_is_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipeline.toml");
    assert_eq!(check_path(&path), Ok(()));
    write(&path, &answers(&["800x600"])).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text, answers(&["800x600"]).text());
    let exists = InitError::Exists { file: path.display().to_string() };
    assert_eq!(check_path(&path), Err(exists.clone()));
    assert_eq!(write(&path, &answers(&["1x1"])), Err(exists));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    let nowhere = folder.path().join("no-such").join("pipeline.toml");
    assert!(matches!(write(&nowhere, &answers(&["1x1"])), Err(InitError::Unwritable { .. })));
}
