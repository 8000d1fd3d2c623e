//! `backfill --on-aws`: the job that S3 is asked for, what it does, and what is told of it.

use aws_sdk_s3::primitives::DateTime;
use imgprep_testkit::calls::Call;
use imgprep_testkit::jobs::{Job, Jobs};
use imgprep_testkit::proxy::Refusal;
use imgprep_testkit::{Pipeline, resource};
use serde_json::{Value, json};

use crate::variants::{arrived, dimensions, jpeg};

const START: [&str; 4] = ["backfill", "--on-aws", "--yes", "--json"];
const STATUS: [&str; 3] = ["backfill", "--status", "--json"];

/// The role that S3 runs jobs as.
fn role(pipeline: &Pipeline) -> String {
    pipeline.role().replace("LambdaS3", "BatchS3")
}

/// The counts of a job, as `--status` has them.
fn counts(status: &Value) -> Vec<u64> {
    let job = &status["job"];
    ["total", "succeeded", "failed"].map(|count| job[count].as_u64().unwrap()).to_vec()
}

pub(crate) async fn a_job_makes_what_is_missing_and_says_what_it_cannot_make() {
    let pipeline = Pipeline::new("on-aws").await.that_makes_images();
    let jobs = Jobs::start().await;
    pipeline.up();
    for path in ["a.jpg", "b/ü +1%.jpg"] {
        pipeline.upload(&format!("originals/{path}"), &jpeg(640, 480)).await;
        arrived(&pipeline, &format!("800x600/{path}")).await;
        arrived(&pipeline, &format!("400x300/{path}")).await;
    }
    pipeline.upload("originals/b/bad.jpg", b"no image").await;
    arrived(&pipeline, "failed/b/bad.jpg.json").await;
    let delete = pipeline.aws.s3.delete_object().bucket(&pipeline.bucket);
    delete.key("400x300/b/ü +1%.jpg").send().await.unwrap();
    let list = pipeline.aws.s3.list_objects_v2().bucket(&pipeline.bucket).send().await.unwrap();
    let before = list.contents;

    let started = jobs.imgprep(&pipeline, &START).exits(0).json();
    assert_eq!((&started["is_new"], &started["job"]["state"]), (&json!(true), &json!("running")));
    jobs.work(&pipeline).await;
    let status = jobs.imgprep(&pipeline, &STATUS).exits(0).json();
    assert_eq!((&status["job"]["state"], counts(&status)), (&json!("complete"), vec![3, 2, 1]));
    let record = pipeline.object("failed/b/bad.jpg.json").await.unwrap();
    let record: Value = serde_json::from_slice(&record.bytes).unwrap();
    let report = format!(
        "s3://{}/imgprep-reports/job-{}/manifest.json",
        pipeline.bucket,
        status["job"]["id"].as_str().unwrap()
    );
    let failures = json!({
        "originals": [{ "key": "originals/b/bad.jpg", "reason": record["reason"] }],
        "is_whole": true,
        "report": report,
    });
    assert_eq!(status["failures"], failures);
    let made = pipeline.object("400x300/b/ü +1%.jpg").await.unwrap();
    assert_eq!(dimensions(&made.bytes), (400, 300));
    // What was there stays as it was, and a report is no image.
    for object in before.unwrap().iter().filter(|object| !object.key().unwrap().contains("bad")) {
        let head = pipeline.aws.s3.head_object().bucket(&pipeline.bucket);
        let now = head.key(object.key().unwrap()).send().await.unwrap();
        assert_eq!(now.e_tag(), object.e_tag(), "{object:?}");
        assert_eq!(
            now.last_modified().map(DateTime::secs),
            object.last_modified().map(DateTime::secs)
        );
    }
    let images = pipeline.imgprep(&["status", "--images", "--json"]).exits(0).json();
    let images = &images["images"];
    assert_eq!((&images["originals"], &images["orphans"]), (&json!(3), &json!(0)));
    pipeline.assert_whole();

    // One folder alone, and all of it once more.
    let all = ["backfill", "--on-aws", "--all", "--prefix", "originals/b/", "--yes"];
    let text = jobs.imgprep(&pipeline, &all).exits(0);
    assert!(text.stdout.starts_with("started job "), "{text}");
    jobs.work(&pipeline).await;
    let status = jobs.imgprep(&pipeline, &STATUS).exits(0).json();
    assert_eq!(status["job"]["originals"], "originals/b/");
    assert_eq!(counts(&status), [2, 1, 1]);
    assert_eq!(jobs.all().len(), 2);
}

/// The request as S3 wants it; and nothing of it for a stack that only looks.
pub(crate) async fn a_job_is_asked_for_once_with_a_role_of_its_own() {
    let pipeline = Pipeline::new("on-aws-once").await;
    let jobs = Jobs::start().await;
    pipeline.up();
    pipeline.proxy.take_calls();
    let look = jobs.imgprep(&pipeline, &["backfill", "--on-aws", "--dry-run", "--json"]);
    let look = look.exits(0).json();
    assert_eq!(look["job"], json!(null));
    assert!(look["per_million"]["usd"].as_f64().unwrap() > 1.0, "{look:#}");
    let refused = jobs.imgprep(&pipeline, &["backfill", "--on-aws", "--json"]).exits(2);
    let price = "(S3's part: $0.25 for the job, $1.02 for a million originals)\n";
    assert!(refused.stderr.contains(price), "{refused}");
    let hint = "check `imgprep backfill --on-aws --dry-run`, then run `imgprep backfill --on-aws \
                --yes`";
    assert_eq!(refused.error().hint, hint);
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
    assert!(jobs.all().is_empty());
    pipeline.assert_whole();

    let first = jobs.imgprep(&pipeline, &START).exits(0).json();
    let made = pipeline.proxy.take_mutating();
    assert_eq!(made, ["iam:CreateRole", "iam:PutRolePolicy"]);
    let again = jobs.imgprep(&pipeline, &START).exits(0).json();
    assert_eq!((&again["is_new"], &again["job"]["id"]), (&json!(false), &first["job"]["id"]));
    let [job] = jobs.all().try_into().unwrap();
    asked_for(&pipeline, &job);

    // The role stays with the stack, and asks for no more.
    let status = pipeline.status(0);
    let entry = resource(&status, "batch-role");
    assert_eq!((&entry["state"], &entry["name"]), (&json!("ok"), &json!(role(&pipeline))));
    pipeline.imgprep(&["up", "--yes", "--prune"]).exits(0);
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
    pipeline.down();
    assert_eq!(pipeline.aws.inventory().await, Vec::<String>::new());
}

fn asked_for(pipeline: &Pipeline, job: &Job) {
    let bucket = format!("arn:aws:s3:::{}", pipeline.bucket);
    let function = pipeline.function_arn();
    let account = &pipeline.account;
    let role_arn =
        format!("arn:aws:iam::{account}:role/imgprep/{}/{}", pipeline.stack, role(pipeline));
    let description = format!("imgprep backfill of s3://{}/originals/", pipeline.bucket);
    for (element, content) in [
        ("ConfirmationRequired", "false"),
        ("Priority", "10"),
        ("RoleArn", role_arn.as_str()),
        ("Description", description.as_str()),
        ("FunctionArn", function.as_str()),
        ("InvocationSchemaVersion", "2.0"),
        ("SourceBucket", bucket.as_str()),
        ("EnableManifestOutput", "false"),
        ("MatchAnyPrefix", "<member>originals/</member>"),
        ("ObjectSizeGreaterThanBytes", "0"),
        ("Bucket", bucket.as_str()),
        ("Format", "Report_CSV_20180820"),
        ("ReportScope", "FailedTasksOnly"),
        ("Prefix", "imgprep-reports"),
    ] {
        assert_eq!(job.asked(element), content, "{element}: {}", job.body);
    }
    assert_eq!(job.asked("ClientRequestToken").len(), 64);
    assert!(job.body.contains("<Key>imgprep:stack</Key>"), "{}", job.body);
    assert!(!job.body.contains("UserArguments"), "{}", job.body);
}

pub(crate) async fn a_job_can_be_cancelled_and_the_next_is_another() {
    let pipeline = Pipeline::new("on-aws-cancel").await;
    let jobs = Jobs::start().await;
    pipeline.up();
    let none = jobs.imgprep(&pipeline, &["backfill", "--status"]).exits(0);
    assert!(none.stdout.starts_with("no backfill on AWS in the last 90 days"), "{none}");
    let started = jobs.imgprep(&pipeline, &START).exits(0).json();
    let id = started["job"]["id"].as_str().unwrap();
    let running = jobs.imgprep(&pipeline, &["backfill", "--status", id]).exits(0);
    assert!(running.stdout.contains(&format!("imgprep backfill --cancel {id}")), "{running}");
    let cancelled = jobs.imgprep(&pipeline, &["backfill", "--cancel", id, "--json"]);
    assert_eq!(cancelled.exits(0).json()["job"]["state"], "cancelled");
    let error = jobs.imgprep(&pipeline, &["backfill", "--cancel", id, "--json"]).exits(1).error();
    assert_eq!(error.message, format!("cannot cancel the job `{id}`: it is cancelled"));
    let error = jobs.imgprep(&pipeline, &["backfill", "--status", "other", "--json"]);
    let error = error.exits(1).error();
    assert_eq!(error.message, "no backfill of this stack has the job ID `other`");
    let next = jobs.imgprep(&pipeline, &START).exits(0).json();
    assert_eq!(next["is_new"], true);
    assert_ne!(next["job"]["id"], started["job"]["id"]);
}

pub(crate) async fn a_job_that_fails_for_half_of_its_originals_says_why_and_what_next() {
    let pipeline = Pipeline::new("on-aws-half").await;
    let jobs = Jobs::start().await;
    pipeline.up();
    for path in ["1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg", "6.jpg"] {
        pipeline.upload(&format!("originals/{path}"), b"anything").await;
    }
    jobs.imgprep(&pipeline, &START).exits(0);
    jobs.work_as(&pipeline, |key| match key {
        "originals/1.jpg" => ("Succeeded", "variants made".to_owned()),
        "originals/2.jpg" => ("PermanentFailure", "it is \"no\" image, at all".to_owned()),
        _ => ("TemporaryFailure", "the invocation ran out of time".to_owned()),
    })
    .await;
    let text = jobs.imgprep(&pipeline, &["backfill", "--status"]).exits(1);
    for line in [
        ": failed\n",
        "  ExceededFailureThreshold: Job has exceeded its failure threshold\n",
        "  4 of 6 originals (66 %)\n",
        "  3 originals failed\n",
        "    2: the invocation ran out of time, such as originals/3.jpg\n",
        "    1: it is \"no\" image, at all, such as originals/2.jpg\n",
        "the variants that it made stay; to make the others: imgprep backfill --on-aws\n",
    ] {
        assert!(text.stdout.contains(line), "{line}: {text}");
    }
    let keys: Vec<String> = pipeline.keys().await.unwrap();
    let reports = keys.iter().filter(|key| key.starts_with("imgprep-reports/")).count();
    assert_eq!(reports, 2, "{keys:?}");
}

/// S3 may not see a new role at once; what it refuses for good is told with what to do.
pub(crate) async fn a_new_role_is_waited_for_and_a_refusal_is_explained() {
    let pipeline = Pipeline::new("on-aws-refused").await;
    let jobs = Jobs::start().await;
    pipeline.up();
    let message = "User: u is not authorized to perform: s3:CreateJob on resource: *";
    jobs.refuse(Refusal { status: 403, code: "AccessDenied", message });
    let error = jobs.imgprep(&pipeline, &START).exits(1).error();
    assert!(error.message.starts_with("cannot start the job: s3:CreateJob: "), "{error:?}");
    assert_eq!(error.hint, "grant `s3:CreateJob` to whoever runs imgprep");
    let message = "Job role cannot be assumed by S3 Batch Operations";
    jobs.refuse(Refusal { status: 400, code: "InvalidRequest", message });
    let started = jobs.imgprep(&pipeline, &START).exits(0).json();
    assert_eq!(started["is_new"], true);
    // A role of somebody else's under this name is not touched.
    let jobs = Jobs::start().await;
    let (iam, role) = (&pipeline.aws.iam, role(&pipeline));
    iam.untag_role().role_name(&role).tag_keys("imgprep:stack").send().await.unwrap();
    pipeline.proxy.take_calls();
    let error = jobs.imgprep(&pipeline, &START).exits(1).error();
    let why = "it does not carry the tag `imgprep:stack`";
    assert_eq!(error.message, format!("not ours: batch-role `{role}`: {why}"));
    assert_eq!(error.code, "Foreign");
    pipeline.assert_whole();
    let calls: Vec<Call> = pipeline.proxy.take_calls();
    assert!(!calls.iter().any(Call::is_mutating), "{calls:?}");
    let tag = aws_sdk_iam::types::Tag::builder().key("imgprep:stack").value(&pipeline.stack);
    iam.tag_role().role_name(&role).tags(tag.build().unwrap()).send().await.unwrap();
}

pub(crate) async fn what_cannot_go_together_is_refused_with_the_reason() {
    let pipeline = Pipeline::offline("on-aws-misuse").await;
    for (options, message, hint) in [
        (
            &["--on-aws", "--missing"][..],
            "`--on-aws` cannot be limited by `--missing`: on AWS, the function also remakes the \
             variants that have other settings or are of another version of their original",
            "drop `--missing`, or drop `--on-aws`",
        ),
        (
            &["--on-aws", "--timeout", "9"][..],
            "`--on-aws` has no `--timeout`: it returns as soon as S3 has the job",
            "drop `--timeout`; `imgprep backfill --status` shows how far it is",
        ),
        (
            &["--on-aws", "--local"][..],
            "the local AWS cannot run a backfill on AWS: it has no S3 Batch Operations",
            "run `imgprep backfill --local`",
        ),
    ] {
        let command = [&["backfill", "--json"][..], options].concat();
        let error = pipeline.imgprep(&command).exits(2).error();
        assert_eq!((error.message.as_str(), error.hint.as_str()), (message, hint));
    }
    for options in [["--status", "--on-aws"], ["--status", "--all"], ["--cancel=x", "--status"]] {
        let command = [&["backfill"][..], &options].concat();
        let refused = pipeline.imgprep(&command).exits(2);
        assert!(refused.stderr.contains("cannot be used with"), "{refused}");
    }
}
