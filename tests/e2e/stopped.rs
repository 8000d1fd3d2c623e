//! Ctrl-C, in commands that wait for AWS: they end soon, say how far they came, and go on next time.

use std::process::Stdio;

use imgprep_testkit::proxy::Refusal;
use imgprep_testkit::{Output, Pipeline, ended, wait_for};
use rustix::process::{Pid, Signal, kill_process};

/// As if a role were never known to Lambda.
const UNKNOWN_ROLE: Refusal = Refusal {
    status: 400,
    code: "InvalidParameterValueException",
    message: "The role defined for the function cannot be assumed by Lambda.",
};

/// Starts `up` on an AWS that never knows the new role, and stops it while it waits for that.
async fn stopped(pipeline: &Pipeline, arguments: &[&str]) -> Output {
    pipeline.proxy.refuse("lambda:CreateFunction", UNKNOWN_ROLE, usize::MAX);
    let child = pipeline.start(arguments, Stdio::piped);
    wait_for("the function is waited for", async || {
        let calls = pipeline.proxy.take_calls();
        calls.iter().any(|call| call.to_string() == "lambda:CreateFunction").then_some(())
    })
    .await;
    let process = Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
    kill_process(process, Signal::INT).unwrap();
    let output = ended(child, arguments).await;
    pipeline.proxy.clear_rules();
    output
}

pub(crate) async fn an_up_that_is_stopped_says_how_far_it_came_and_nothing_twice() {
    let pipeline = Pipeline::new("stopped").await;
    let output = stopped(&pipeline, &["up", "--yes"]).await.exits(130);
    assert!(output.stdout.is_empty(), "{output}");
    assert!(output.stderr.contains("\nfunction: interrupted ("), "{output}");
    let told = output.stderr.split_once("error: ").unwrap().1;
    let (first, rest) = told.split_once('\n').unwrap();
    assert_eq!(first, "`imgprep up` was interrupted");
    assert!(rest.contains(" of 11 steps are done and will be kept\n"), "{output}");
    assert!(rest.ends_with("hint: run `imgprep up` again to continue\n"), "{output}");
    for wrong in ["slow", "lambda:CreateFunction: interrupted"] {
        assert!(!output.stderr.contains(wrong), "{wrong}: {output}");
    }
    let mut lines: Vec<&str> = output.stderr.lines().filter(|line| !line.is_empty()).collect();
    let all = lines.len();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), all, "no line is there twice: {output}");

    let error = stopped(&pipeline, &["up", "--yes", "--json"]).await.exits(130).error();
    assert_eq!(error.code, "Interrupted");
    pipeline.up();
    pipeline.assert_whole();
}
