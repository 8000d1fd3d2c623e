//! Profiles, regions and endpoints from the command line, the environment and the AWS config files: the
//! error names the wrong value, and AWS is not called.

use std::fs;
use std::path::PathBuf;

use imgprep_testkit::{Pipeline, free_port, run};

/// A file of profiles: one of the pipeline's account.
fn profiles(pipeline: &Pipeline) -> PathBuf {
    let path = pipeline.folder().join("profiles");
    let secret = pipeline.emulator.secret();
    let keys =
        format!("aws_access_key_id = {}\naws_secret_access_key = {secret}\n", pipeline.account);
    fs::write(&path, format!("[profile production]\n{keys}[profile staging]\n{keys}")).unwrap();
    path
}

pub(crate) async fn a_region_that_is_none_is_wrong_use() {
    let pipeline = Pipeline::offline("regions").await;
    let cases = [
        ("useast1", "it is not a region code; did you mean `us-east-1`?"),
        ("nonsense", "it is not a region code; region codes look like `us-east-1`"),
        ("a b", "it is not a region code; region codes look like `us-east-1`"),
    ];
    for (region, why) in cases {
        let error = pipeline.imgprep(&["plan", "--json", "--region", region]).exits(2).error();
        assert_eq!(error.code, "Usage");
        assert_eq!(error.message, format!("invalid value '{region}' for '--region <NAME>': {why}"));
    }
    for variable in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        let mut command = pipeline.command();
        command.args(["plan", "--json"]).env_remove("AWS_REGION").env(variable, "eucentral-1");
        let error = run(&mut command).exits(1).error();
        assert_eq!(
            error.message,
            format!("cannot use `{variable}`: `eucentral-1` is not a region code")
        );
        assert_eq!((error.code.as_str(), error.hint.as_str()), ("InvalidSetting", MEANT));
    }
    assert!(pipeline.proxy.take_calls().is_empty(), "AWS is not asked");
}

const MEANT: &str = "did you mean `eu-central-1`?";

pub(crate) async fn a_region_that_nobody_knows_is_named_where_nothing_answers() {
    let pipeline = Pipeline::offline("unknown-region").await;
    let mut command = pipeline.command();
    command.args(["plan", "--json", "--region", "us-nowhere-7"]);
    command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", free_port()));
    let error = run(&mut command).exits(1).error();
    let start = "cannot use `region`: nothing answers in `us-nowhere-7`, a region that imgprep \
                 does not know: ";
    assert!(error.message.starts_with(start), "{error:?}");
}

pub(crate) async fn an_endpoint_that_is_no_address_is_named() {
    let pipeline = Pipeline::offline("endpoint").await;
    for (variable, value) in [
        ("AWS_ENDPOINT_URL", "notaurl"),
        ("AWS_ENDPOINT_URL", "127.0.0.1:4566"),
        ("AWS_ENDPOINT_URL_LAMBDA", "ftp://host"),
    ] {
        let mut command = pipeline.command();
        let error = run(command.args(["plan", "--json"]).env(variable, value)).exits(1).error();
        assert_eq!(error.message, format!("cannot use `{variable}`: it is not a server address"));
        assert_eq!(error.code, "InvalidSetting");
        assert!(error.hint.contains("`http://HOST:PORT`"), "{error:?}");
    }
    assert!(pipeline.proxy.take_calls().is_empty(), "AWS is not asked");
}

pub(crate) async fn a_profile_that_is_not_there_is_named_with_the_nearest() {
    let pipeline = Pipeline::offline("profile").await;
    let file = profiles(&pipeline);
    let cases = [
        ("prodution", "did you mean `production`?"),
        ("other", "existing profiles: `production` and `staging`"),
    ];
    for (name, hint) in cases {
        let mut command = pipeline.command();
        command.args(["plan", "--json", "--profile", name]);
        command.env("AWS_CONFIG_FILE", &file).env("AWS_SHARED_CREDENTIALS_FILE", "no-such-file");
        let error = run(&mut command).exits(1).error();
        let why =
            format!("there is no profile `{name}` in `{}` and `no-such-file`", file.display());
        assert_eq!(error.message, format!("cannot use `--profile`: {why}"));
        assert_eq!(error.hint, hint);
    }
    let mut command = pipeline.command();
    command.args(["plan", "--json"]).env_remove("AWS_ACCESS_KEY_ID");
    command.env("AWS_CONFIG_FILE", &file).env("AWS_PROFILE", "stagging");
    let error = run(&mut command).exits(1).error();
    assert!(error.message.starts_with("cannot use `AWS_PROFILE`: "), "{error:?}");
    assert_eq!(error.hint, "did you mean `staging`?");
    assert!(pipeline.proxy.take_calls().is_empty(), "AWS is not asked");
}

/// As for the AWS CLI: whoever names a profile means its account, whatever the environment holds.
pub(crate) async fn a_profile_that_is_named_comes_before_keys_of_the_environment() {
    let pipeline = Pipeline::new("named-profile").await;
    let file = profiles(&pipeline);
    let account = |arguments: &[&str]| {
        let mut command = pipeline.command();
        command.args(arguments).args(["plan", "--json"]).env("AWS_CONFIG_FILE", &file);
        command.env("AWS_ACCESS_KEY_ID", "999999999999");
        run(&mut command).exits(0).json()["account"].clone()
    };
    assert_eq!(account(&[]), "999999999999");
    assert_eq!(account(&["--profile", "staging"]), pipeline.account);

    // Not even where it has none.
    fs::write(&file, "[profile empty]\nregion = us-east-1\n").unwrap();
    let mut command = pipeline.command();
    command.args(["plan", "--json", "--profile", "empty"]).env("AWS_CONFIG_FILE", &file);
    let error = run(command.env("AWS_EC2_METADATA_DISABLED", "true")).exits(1).error();
    let start = "cannot use `--profile`: `empty` provides no credentials: ";
    assert!(error.message.starts_with(start), "{error:?}");

    fs::write(&file, "[profile broken\nregion = us-east-1\n").unwrap();
    let mut command = pipeline.command();
    command.args(["plan", "--json", "--profile", "broken"]).env("AWS_CONFIG_FILE", &file);
    let error = run(&mut command).exits(1).error();
    let start = format!("cannot use `--profile`: `{}` and ", file.display());
    assert!(error.message.starts_with(&start), "{error:?}");
    assert!(error.message.contains(" cannot be read: "), "{error:?}");
}
