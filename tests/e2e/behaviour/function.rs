//! Lambda: what is there already, what is too large, and what an account has too little of.

use imgprep_testkit::{Pipeline, lives, resource};

use super::{ALWAYS, Fault, count, refuse, refuse_once};

const UNKNOWN: Fault =
    ("lambda:GetFunction", 404, "ResourceNotFoundException", "Function not found");

/// Lambda has one code for a name that is taken and for a change under way.
pub(crate) async fn row_38_a_function_that_another_run_made_first_is_gone_on_with_if_it_is_ours() {
    let pipeline = Pipeline::new("row-38").await;
    pipeline.up();
    refuse_once(&pipeline, &[UNKNOWN]);
    pipeline.up();
    assert_eq!(count(&pipeline, ["lambda:CreateFunction"]), [2], "one of each run");
    pipeline.assert_whole();

    let untag = pipeline.aws.lambda.untag_resource().resource(pipeline.function_arn());
    untag.tag_keys("imgprep:stack").send().await.unwrap();
    refuse_once(&pipeline, &[UNKNOWN]);
    let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    assert_eq!(error.resource, "function");
    assert_eq!(error.code, "ResourceConflictException");
    assert!(error.message.to_lowercase().contains("already exist"), "{error:?}");
    pipeline.imgprep(&["up", "--yes", "--adopt"]).exits(0);
}

/// A permission that is as it should be is not taken away, not even for a moment.
pub(crate) async fn row_39_a_permission_that_another_run_made_first_is_left() {
    let pipeline = Pipeline::new("row-39").await;
    pipeline.up();
    refuse_once(
        &pipeline,
        &[("lambda:GetPolicy", 404, "ResourceNotFoundException", "No policy is associated")],
    );
    pipeline.proxy.take_calls();
    pipeline.up();
    let calls = ["lambda:AddPermission", "lambda:RemovePermission"];
    assert_eq!(count(&pipeline, calls), [1, 0]);
    pipeline.assert_whole();
}

pub(crate) async fn row_40_code_that_is_too_large_is_told_with_what_to_do() {
    const TOO_LARGE: [(&str, &str, &str); 3] = [
        (
            "RequestEntityTooLargeException",
            "Request must be smaller than 69905067 bytes for the CreateFunction operation",
            "50 MB zipped",
        ),
        (
            "InvalidParameterValueException",
            "Unzipped size must be smaller than 262144000 bytes",
            "250 MB unzipped",
        ),
        ("CodeStorageExceededException", "Code storage limit exceeded.", "delete old versions"),
    ];
    let pipeline = Pipeline::new("row-40").await;
    for (code, message, hint) in TOO_LARGE {
        refuse(&pipeline, ("lambda:CreateFunction", 400, code, message), 1);
        let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
        assert_eq!((error.resource.as_str(), error.code.as_str()), ("function", code));
        assert!(error.message.contains(message), "{error:?}");
        assert!(error.hint.contains(hint), "{error:?}");
    }
    assert_eq!(count(&pipeline, ["lambda:CreateFunction"]), [3], "it is not tried again");
}

/// A new account has ten executions and may reserve none of them.
pub(crate) async fn row_41_concurrency_that_cannot_be_reserved_is_a_warning() {
    const REFUSED: Fault = (
        "lambda:PutFunctionConcurrency",
        400,
        "InvalidParameterValueException",
        "Specified ReservedConcurrentExecutions for function decreases account's \
         UnreservedConcurrentExecution below its minimum value of [10].",
    );
    let pipeline = Pipeline::new("row-41").await;
    let function = format!("[function]\nname = \"{}\"\n", pipeline.function);
    pipeline.edit(&function, &format!("{function}concurrency = 5\n"));
    refuse(&pipeline, REFUSED, ALWAYS);
    let up = pipeline.up();
    assert!(up.stderr.contains("cannot reserve concurrency"), "{up}");
    assert!(up.stderr.contains("below its minimum value of [10]"), "{up}");
    let status = pipeline.status(4);
    let differences = &resource(&status, "function")["differences"];
    assert_eq!(differences.as_array().unwrap().len(), 1, "{differences:#}");
    assert_eq!(differences[0]["path"], "concurrency");
    pipeline.proxy.clear_rules();
    pipeline.up();
    pipeline.assert_whole();
}

/// Queue and role are as new as the function.
pub(crate) async fn row_65_a_destination_that_lambda_does_not_see_yet_is_tried_again() {
    const CALL: &str = "lambda:PutFunctionEventInvokeConfig";
    const CODE: &str = "InvalidParameterValueException";
    let pipeline = lives::pipeline("row-65").await;
    let queue = "The destination ARN arn:aws:sqs:us-east-1:123456789012:q is invalid.";
    let role = "The function's execution role does not have permissions to call SendMessage on \
                arn:aws:sqs:us-east-1:123456789012:q";
    refuse_once(&pipeline, &[(CALL, 400, CODE, queue), (CALL, 400, CODE, role)]);
    pipeline.up();
    assert_eq!(count(&pipeline, [CALL]), [3]);
    pipeline.assert_whole();
}
