//! `imgprep init`, and what the command line prints of itself.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use imgprep_testkit::{Output, Pipeline, free_port, run};

const SCRIPT: [&str; 7] =
    ["init", "--name", "photos", "--bucket", "photos-of-acme", "--size", "640x480,320x240"];

pub(crate) async fn a_written_file_is_planned_and_never_overwritten() {
    let pipeline = without_file(Pipeline::new("init").await);
    let output = pipeline.imgprep(&SCRIPT).exits(0);
    assert_eq!(
        output.stdout,
        "wrote pipeline.toml\n\n  stack     photos\n  bucket    photos-of-acme\n\
         \x20           (the name is free)\n  variants  640x480, 320x240\n\n\
         next: imgprep plan to see what imgprep up will create\n"
    );
    let text = read(&pipeline, "pipeline.toml");
    let plan = pipeline.imgprep(&["plan", "--json"]).exits(0).json();
    assert_eq!((&plan["stack"], &plan["state"]), (&"photos".into(), &"absent".into()));
    assert_eq!(plan["outputs"]["bucket"], "photos-of-acme");

    let error = pipeline.imgprep(&["init", "--bucket", "other", "--json"]).exits(2).error();
    assert_eq!(error.code, "Exists");
    assert_eq!(
        error.message,
        "`pipeline.toml` already exists, and `imgprep init` never overwrites a file"
    );
    assert_eq!(error.hint, "edit it, or name another file with `--config FILE`");
    assert_eq!(read(&pipeline, "pipeline.toml"), text);
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
}

pub(crate) async fn a_name_is_free_or_yours_or_taken() {
    let pipeline = without_file(Pipeline::new("name").await);
    let other = pipeline.in_another_account("others-name").await;
    for (aws, bucket) in [(&pipeline.aws, &pipeline.bucket), (&other.aws, &other.bucket)] {
        aws.s3.create_bucket().bucket(bucket).send().await.unwrap();
    }
    let cases = [("no-such-bucket", "free"), (&pipeline.bucket, "yours"), (&other.bucket, "taken")];
    for (bucket, availability) in cases {
        let file = format!("{bucket}.toml");
        let arguments = ["init", "-c", &file, "--bucket", bucket, "--yes", "--json"];
        let document = pipeline.imgprep(&arguments).exits(0).json();
        let known = serde_json::json!({ "name": bucket, "availability": availability });
        assert_eq!(document, serde_json::json!({ "file": file, "bucket": known }));
    }
    for (aws, bucket) in [(&pipeline.aws, &pipeline.bucket), (&other.aws, &other.bucket)] {
        aws.s3.delete_bucket().bucket(bucket).send().await.unwrap();
    }
}

pub(crate) async fn a_file_is_written_without_credentials_and_without_network() {
    let pipeline = without_file(Pipeline::offline("alone").await);
    let mut command = pipeline.command();
    command.args(["init", "--bucket", "photos-of-acme"]);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    let output = run(&mut command).exits(0);
    let note = "(could not check whether the name is free: there are no AWS credentials)";
    assert!(output.stdout.contains(note), "{output}");
    let next = "\nnext: imgprep up --local to try it on this machine, without AWS\n";
    assert!(output.stdout.ends_with(next), "{output}");

    let mut command = pipeline.command();
    command.args(["init", "-c", "second.toml", "--bucket", "photos-of-acme"]);
    let closed = format!("http://127.0.0.1:{}", free_port());
    let output = run(command.env("AWS_ENDPOINT_URL", closed)).exits(0);
    assert!(output.stdout.contains("AWS cannot be reached"), "{output}");
    assert!(output.took.as_secs() < 8, "{output}");
    assert!(output.stdout.contains("next: imgprep plan -c second.toml"), "{output}");
    for file in ["pipeline.toml", "second.toml"] {
        assert!(read(&pipeline, file).contains("\nname = \"photos-of-acme\" "), "{file}");
    }
}

pub(crate) async fn what_cannot_be_in_the_file_is_refused_before_it_is_written() {
    let pipeline = without_file(Pipeline::offline("refused").await);
    let cases: [(&[&str], &str, &str); 6] = [
        (&[], "Unasked", "needs `--bucket NAME`"),
        (&["--yes"], "Unasked", "needs `--bucket NAME`"),
        (&["--bucket", "My_Photos"], "InvalidConfiguration", "did you mean `my-photos`?"),
        (&["--bucket", "abc", "--size", "800"], "InvalidConfiguration", "did you mean `800x`?"),
        (&["--bucket", "abc", "--size", "1x1", "--size", "1x1"], "InvalidConfiguration", "twice"),
        (&["--bucket", "abc", "--name", "A"], "InvalidConfiguration", "did you mean `a`?"),
    ];
    for (options, code, word) in cases {
        let arguments = [&["init", "--json"], options].concat();
        let error = pipeline.imgprep(&arguments).exits(2).error();
        assert_eq!(error.code, code, "{options:?}");
        assert!(error.message.contains(word), "{options:?}: {error:?}");
        assert!(error.hint.contains("imgprep init"), "{options:?}: {error:?}");
    }
    assert!(pipeline.proxy.take_calls().is_empty(), "AWS is not asked");
    let error = pipeline.imgprep(&["init", "-c", "no/such.toml", "--bucket", "abc", "--json"]);
    assert_eq!(error.exits(1).error().code, "File");
    assert_eq!(fs::read_dir(pipeline.folder()).unwrap().count(), 0);
}

pub(crate) async fn a_terminal_is_asked_three_questions_and_again_after_a_wrong_answer() {
    let pipeline = without_file(Pipeline::new("asked").await);
    let other = pipeline.in_another_account("askers").await;
    other.aws.s3.create_bucket().bucket(&other.bucket).send().await.unwrap();
    let typed = format!("shop\nMy_Photos\n{}\nphotos-of-acme\n\n", other.bucket);
    let output = on_terminal(&pipeline, &["init"], &typed).exits(0);
    other.aws.s3.delete_bucket().bucket(&other.bucket).send().await.unwrap();
    let taken = format!("warning: `{}` is taken: another account owns it", other.bucket);
    for text in [
        "Name of the stack [",
        "Bucket name (globally unique) [shop-images-",
        "`My_Photos` has `M`, `P` and `_`: did you mean `my-photos`?",
        &taken,
        "Sizes to make of each image [800x600, 400x300]: ",
        "wrote pipeline.toml",
    ] {
        assert!(output.stdout.contains(text), "{text}: {output}");
    }
    let plan = pipeline.imgprep(&["plan", "--json"]).exits(0).json();
    assert_eq!(
        (&plan["stack"], &plan["outputs"]["bucket"]),
        (&"shop".into(), &"photos-of-acme".into())
    );

    let arguments = ["init", "-c", "second.toml"];
    on_terminal(&pipeline, &arguments, "shop\n\x04").exits(1);
    assert!(!pipeline.folder().join("second.toml").exists(), "no answer, no file");
}

pub(crate) async fn up_offers_to_write_the_file_that_is_missing() {
    let pipeline = without_file(Pipeline::new("offered").await);
    let question = "`pipeline.toml` does not exist. Create it with `imgprep init`? [y/N]";
    let output = on_terminal(&pipeline, &["up"], "n\n").exits(1);
    assert!(output.stdout.contains(question), "{output}");
    assert_eq!(fs::read_dir(pipeline.folder()).unwrap().count(), 0);

    // Yes to the file, its three answers, and no to what the plan would do.
    let typed = format!("y\n{}\n{}\n640x480\nn\n", pipeline.stack, pipeline.bucket);
    let output = on_terminal(&pipeline, &["up"], &typed).exits(1);
    for text in [question, "wrote pipeline.toml", "Apply this plan? [y/N]"] {
        assert!(output.stdout.contains(text), "{text}: {output}");
    }
    assert!(read(&pipeline, "pipeline.toml").contains("\nsize = \"640x480\""), "{output}");
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
}

pub(crate) async fn the_command_line_describes_itself() {
    let pipeline = without_file(Pipeline::offline("manual").await);
    let version = pipeline.imgprep(&["--version"]).exits(0).stdout;
    let number = concat!("imgprep ", env!("CARGO_PKG_VERSION"));
    let commit = version.trim_end().strip_prefix(number).unwrap();
    let digits = commit.strip_prefix(" (").and_then(|commit| commit.strip_suffix(')'));
    assert!(
        digits
            .map_or(commit, |digits| digits.trim_matches(|it: char| it.is_ascii_hexdigit()))
            .is_empty()
    );

    let first = |arguments: &[&str]| {
        let text = pipeline.imgprep(arguments).exits(0).stdout;
        text.lines().next().unwrap().to_owned()
    };
    assert_eq!(first(&["completions", "bash"]), "_imgprep() {");
    assert_eq!(first(&["completions", "zsh"]), "#compdef imgprep");
    let fish = "# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.";
    assert_eq!(first(&["completions", "fish"]), fish);
    let page = pipeline.imgprep(&["man"]).exits(0).stdout;
    let lines: Vec<&str> = page.lines().take(4).collect();
    let title = format!(".TH imgprep 1  \"{}\" ", version.trim_end());
    assert_eq!(lines, [".ie \\n(.g .ds Aq \\(aq", ".el .ds Aq '", &title, ".SH NAME"]);

    let script = pipeline.imgprep(&["completions", "bash"]).exits(0).stdout;
    let document = pipeline.imgprep(&["completions", "bash", "--json"]).exits(0).json();
    assert_eq!(document, serde_json::json!({ "completions": script }));
    let document = pipeline.imgprep(&["man", "--json"]).exits(0).json();
    assert_eq!(document, serde_json::json!({ "man": page }));
    assert!(pipeline.proxy.take_calls().is_empty(), "AWS is not asked");
}

fn without_file(pipeline: Pipeline) -> Pipeline {
    fs::remove_file(pipeline.folder().join("pipeline.toml")).unwrap();
    pipeline
}

fn read(pipeline: &Pipeline, file: &str) -> String {
    fs::read_to_string(pipeline.folder().join(file)).unwrap()
}

/// Runs imgprep on a terminal of its own, on which `typed` is typed.
fn on_terminal(pipeline: &Pipeline, arguments: &[&str], typed: &str) -> Output {
    const SPAWN: &str =
        "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    let imgprep = pipeline.command();
    let mut python = Command::new("python3");
    python.env_clear().current_dir(pipeline.folder());
    python.envs(imgprep.get_envs().filter_map(|(name, value)| Some((name, value?))));
    python.args(["-c", SPAWN]).arg(imgprep.get_program()).args(arguments).env("NO_COLOR", "1");
    python.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let start = std::time::Instant::now();
    let mut child = python.spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Output::of(format!("{} on a terminal", arguments.join(" ")), output, start.elapsed())
}
