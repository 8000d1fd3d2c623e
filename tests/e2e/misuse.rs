//! Wrong use and wrong files: told with exit code 2 or 1 before AWS is asked anything.

use std::fs;

use imgprep_testkit::proxy::Refusal;
use imgprep_testkit::{Pipeline, run};

pub(crate) async fn nothing_is_asked_and_nothing_changed_without_a_terminal() {
    let pipeline = Pipeline::new("unasked").await;
    let error = pipeline.imgprep(&["up", "--json"]).exits(2).error();
    assert_eq!(error.code, "Unconfirmed");
    assert!(error.hint.contains("imgprep up --yes"), "{error:?}");
    let text = pipeline.imgprep(&["up"]).exits(2);
    assert!(text.stderr.contains("hint: ") && text.stdout.is_empty(), "{text}");
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
    pipeline.up();
    pipeline.proxy.take_calls();
    let unconfirmed = |arguments: &[&str], hint: &str| {
        let error = pipeline.imgprep(&[arguments, &["--json"]].concat()).exits(2).error();
        assert_eq!((error.code.as_str(), error.hint.as_str()), ("Unconfirmed", hint));
    };
    unconfirmed(&["down"], "check what would be done, then run `imgprep down --yes`");
    unconfirmed(
        &["down", "--delete-images"],
        "check what would be done, then run `imgprep down --delete-images --yes`",
    );
    pipeline.edit("team = \"tests\"", "team = \"others\"");
    unconfirmed(
        &["up", "--prune"],
        "check `imgprep plan --prune`, then run `imgprep up --prune --yes`",
    );
    pipeline.edit("team = \"others\"", "team = \"tests\"");
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
    pipeline.assert_whole();
}

pub(crate) async fn a_missing_file_is_named() {
    let pipeline = Pipeline::offline("missing").await;
    fs::remove_file(pipeline.folder().join("pipeline.toml")).unwrap();
    for command in ["plan", "up", "status", "down", "try"] {
        let error = pipeline.imgprep(&[command, "--json"]).exits(2).error();
        assert_eq!(error.code, "InvalidConfiguration", "{command}");
        assert!(error.message.contains("pipeline.toml"), "{command}: {error:?}");
    }
    let text = pipeline.imgprep(&["plan", "-c", "no-such.toml"]).exits(2);
    assert!(text.stderr.contains("no-such.toml") && text.stdout.is_empty(), "{text}");
    assert!(pipeline.proxy.take_calls().is_empty(), "AWS is not asked");
}

pub(crate) async fn a_wrong_file_is_refused_with_line_and_column() {
    let pipeline = Pipeline::offline("wrong").await;
    pipeline.write("[bucket]\nname = \"photos\"\n\n[function]\nmemroy = 256\n\n[[variants]]\nsize = \"800x600\"\n");
    let text = pipeline.imgprep(&["plan"]).exits(2);
    for word in ["pipeline.toml:5:1", "memroy = 256", "^^^^^^", "did you mean `memory`?"] {
        assert!(text.stderr.contains(word), "{word}: {text}");
    }
    assert_eq!(text.stdout, "");
    let error = pipeline.imgprep(&["plan", "--json"]).exits(2).error();
    assert_eq!(error.code, "InvalidConfiguration");
    assert!(error.message.contains("memroy"), "{error:?}");
    pipeline.write("[bucket]\nname = \"photos\"\n\n[[variants]]\nsize = \"800x600\"\nfolder = \"originals/a\"\n");
    let text = pipeline.imgprep(&["up", "--yes"]).exits(2);
    assert!(text.stderr.contains("pipeline.toml:6:10"), "{text}");
    assert!(pipeline.proxy.take_calls().is_empty(), "AWS is not asked");
}

pub(crate) async fn a_missing_region_is_told_with_where_to_set_it() {
    let pipeline = Pipeline::new("nowhere").await;
    let mut command = pipeline.command();
    let error = run(command.args(["plan", "--json"]).env_remove("AWS_REGION")).exits(1).error();
    assert_eq!((error.code.as_str(), error.message.as_str()), ("NoRegion", "no AWS region is set"));
    for word in ["`region` in the file", "`AWS_REGION`", "`--region`"] {
        assert!(error.hint.contains(word), "{error:?}");
    }
    assert!(pipeline.proxy.take_calls().is_empty(), "AWS is not asked");
    let mut command = pipeline.command();
    command.args(["plan", "--json", "--region", "eu-west-1"]).env_remove("AWS_REGION");
    assert_eq!(run(&mut command).exits(0).json()["region"], "eu-west-1");
}

pub(crate) async fn an_unknown_option_is_wrong_use() {
    let pipeline = Pipeline::offline("option").await;
    for arguments in [&["up", "--yess"][..], &["fly"], &[], &["try", "--timeout", "soon"]] {
        let output = pipeline.imgprep(arguments).exits(2);
        assert!(output.stdout.is_empty() && output.stderr.contains("--help"), "{output}");
    }
    let bare = pipeline.imgprep(&[]).exits(2);
    assert_eq!(
        bare.stderr,
        "Image variants on AWS from one file: S3, SNS, Lambda and CloudFront\n\n  \
         imgprep init  write a pipeline.toml, asking for what it needs\n  \
         imgprep up    create the pipeline; add `--local` to do so without AWS\n  \
         imgprep try   upload an image and wait for its variants\n\n\
         `imgprep --help` shows all commands and options\n"
    );
    let help = pipeline.imgprep(&["--help"]).exits(0);
    for command in ["plan", "up", "status", "down", "try", "local"] {
        assert!(help.stdout.contains(&format!("\n  {command} ")), "{command}: {help}");
    }
    assert!(pipeline.proxy.take_calls().is_empty(), "AWS is not asked");
}

/// Under `plan --exit-code` 2 means changes, so that nothing else may end with it: wrong files, wrong
/// use, and AWS that cannot be reached or refuses.
pub(crate) async fn only_changes_end_with_2_under_exit_code() {
    let pipeline = Pipeline::new("exit-code").await;
    let plan =
        |arguments: &[&str]| pipeline.imgprep(&[&["plan", "--exit-code"], arguments].concat());
    plan(&[]).exits(2);
    let wrong_use: [&[&str]; 4] =
        [&["--no-such"], &["--color", "mauve"], &["stray"], &["--delete-images"]];
    for arguments in wrong_use {
        let output = plan(arguments).exits(1);
        assert!(output.stdout.is_empty() && output.stderr.contains("--help"), "{output}");
    }
    pipeline.imgprep(&["up", "--exit-code"]).exits(1);
    let help = plan(&["--help"]).exits(0);
    assert!(help.stdout.contains("2 if there are changes, and 1"), "{help}");

    let denied = Refusal { status: 403, code: "AccessDenied", message: "Access Denied" };
    pipeline.proxy.refuse("sns:GetTopicAttributes", denied, 1);
    plan(&[]).exits(1);
    let mut nowhere = pipeline.command();
    run(nowhere.args(["plan", "--exit-code"]).env_remove("AWS_REGION")).exits(1);
    let error = plan(&["-c", "no-such.toml", "--json"]).exits(1).error();
    assert_eq!(error.code, "InvalidConfiguration");
    pipeline.edit("800x600", "800by600");
    let text = plan(&[]).exits(1);
    assert!(text.stderr.contains("800by600"), "{text}");
    pipeline.imgprep(&["plan"]).exits(2);
}
