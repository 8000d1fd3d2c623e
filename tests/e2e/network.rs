//! Behind a company's proxy: what every AWS tool reads from the environment about the way to AWS.

use std::fs;
use std::process::Command;

use imgprep_testkit::{Output, Pipeline, REGION, free_port, run};

use crate::gateway::{Gateway, PASSWORD};

/// `imgprep status` on the hosts of the real AWS.
fn status(pipeline: &Pipeline, variables: &[(&str, &str)]) -> Output {
    let mut command = pipeline.command();
    command.args(["status", "--json"]).env_remove("AWS_ENDPOINT_URL");
    run_with(&mut command, variables)
}

/// Runs a command and proves that no password was shown.
fn run_with(command: &mut Command, variables: &[(&str, &str)]) -> Output {
    let output = run(command.envs(variables.iter().copied()));
    assert!(!output.stdout.contains(PASSWORD) && !output.stderr.contains(PASSWORD), "{output}");
    output
}

pub(crate) async fn row_62_all_of_aws_is_reached_through_a_proxy_that_inspects_it() {
    let pipeline = Pipeline::new("row-62").await;
    let gateway = Gateway::start(pipeline.proxy.port).await;
    let authority = pipeline.folder().join("authority.pem");
    fs::write(&authority, &gateway.authority).unwrap();
    let authority = authority.to_str().unwrap();
    let address = gateway.address(PASSWORD);

    let services = ["lambda", "logs", "sns", "sqs", "sts", "tagging"];
    let mut hosts: Vec<String> =
        services.iter().map(|service| format!("{service}.{REGION}.amazonaws.com:443")).collect();
    hosts.extend(["cloudfront", "iam"].map(|service| format!("{service}.amazonaws.com:443")));
    hosts.push(format!("{}.s3.{REGION}.amazonaws.com:443", pipeline.bucket));
    hosts.sort();
    for proxy in ["HTTPS_PROXY", "https_proxy"] {
        let output = status(&pipeline, &[(proxy, &address), ("AWS_CA_BUNDLE", authority)]);
        assert_eq!(output.exits(4).json()["state"], "absent");
        assert_eq!(Vec::from_iter(gateway.take_hosts()), hosts, "{proxy}");
    }

    let profiles = pipeline.folder().join("config");
    let key = format!(
        "aws_access_key_id = {}\naws_secret_access_key = {}\n",
        pipeline.account,
        pipeline.emulator.secret()
    );
    fs::write(&profiles, format!("[profile company]\nca_bundle = {authority}\n{key}")).unwrap();
    let variables = [
        ("HTTPS_PROXY", address.as_str()),
        ("AWS_CONFIG_FILE", profiles.to_str().unwrap()),
        ("AWS_PROFILE", "company"),
    ];
    status(&pipeline, &variables).exits(4);
    let mut command = pipeline.command();
    command.args(["status", "--json", "--profile", "company"]).env_remove("AWS_ENDPOINT_URL");
    run_with(&mut command, &variables[..2]).exits(4);
    assert_eq!(Vec::from_iter(gateway.take_hosts()), hosts);
}

pub(crate) async fn row_62_a_proxy_that_lets_nothing_pass_is_told_with_what_to_set() {
    let pipeline = Pipeline::offline("row-62b").await;
    let gateway = Gateway::start(pipeline.proxy.port).await;
    let (address, wrong) = (gateway.address(PASSWORD), gateway.address("open-sesam"));
    let error = status(&pipeline, &[("HTTPS_PROXY", &address)]).exits(1).error();
    assert_eq!(
        error.message,
        "cannot reach AWS: sts:GetCallerIdentity: invalid peer certificate: UnknownIssuer"
    );
    assert_eq!(error.hint, "if a proxy intercepts TLS, point `AWS_CA_BUNDLE` to its certificate");

    let output = status(&pipeline, &[("HTTPS_PROXY", &wrong)]);
    assert!(!output.stdout.contains("open-sesam"), "{output}");
    let error = output.exits(1).error();
    assert_eq!(error.code, "Unreachable");
    assert!(error.message.ends_with("proxy authorization required"), "{error:?}");
    assert!(error.hint.contains("`HTTPS_PROXY`"), "{error:?}");

    let socks = address.replace("http://", "socks5://");
    let error = status(&pipeline, &[("HTTPS_PROXY", &socks)]).exits(1).error();
    assert_eq!(error.code, "InvalidSetting");
    assert_eq!(error.message, "cannot use `HTTPS_PROXY`: it is not the address of an HTTP proxy");
    assert!(error.hint.contains("http://HOST:PORT"), "{error:?}");

    let error = status(&pipeline, &[("AWS_CA_BUNDLE", "no-such.pem")]).exits(1).error();
    assert_eq!(error.code, "InvalidSetting");
    assert!(error.message.starts_with("cannot use `AWS_CA_BUNDLE`: `no-such.pem`: "), "{error:?}");
    assert!(pipeline.proxy.take_calls().is_empty(), "AWS was never reached");
}

pub(crate) async fn row_62_an_aws_on_this_machine_is_reached_past_every_proxy() {
    let pipeline = Pipeline::new("row-62c").await;
    let closed = format!("http://proxy:{PASSWORD}@127.0.0.1:{}", free_port());
    let variables =
        [("HTTP_PROXY", closed.as_str()), ("HTTPS_PROXY", &closed), ("http_proxy", &closed)];
    let mut command = pipeline.command();
    run_with(command.args(["status", "--json"]), &variables).exits(4);
    assert!(!pipeline.proxy.take_calls().is_empty());

    // Not even what would be an error elsewhere stands before the local AWS.
    let unusable = [("HTTPS_PROXY", "socks5://proxy"), ("AWS_CA_BUNDLE", "no-such.pem")];
    let mut command = pipeline.command();
    run_with(command.args(["status", "--json", "--local"]), &unusable).exits(4);
}
