//! The policies of `imgprep iam-policy`: enough for what imgprep does, and nothing too much.
//!
//! The emulator checks every call of an IAM user against the user's policies, so the policies are
//! tried and not only read.

mod images;
pub(crate) mod operator;
mod situations;

use std::collections::BTreeSet;

use aws_sdk_iam::error::ProvideErrorMetadata;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, Runtime};
use imgprep_testkit::{Output, Pipeline};
use serde_json::Value;

pub(crate) use self::images::{
    init_knows_a_bucket_only_with_its_policy, nothing_can_be_taken_from_a_retry_or_a_prune,
    nothing_can_be_taken_from_a_trial_or_a_backfill,
};
use self::operator::{
    Operator, UNCHECKED, actions, documents, for_the_emulator, for_the_emulator_without, needed,
    printed, without,
};
use self::situations::{
    Checks, DELETE_IMAGES, DOWN, FIRST_UP, PRUNE, PRUNE_IMAGES, RELEASE, REPAIR, STATUS, Situation,
    UP_AND_WAIT, clean_up, distribution_without_our_tag, file, write_file, write_other_file,
};

use crate::domains::{own_zone, with_domains};

/// The longest policy, white space aside (IAM User Guide, "IAM and AWS STS quotas").
const CHARACTERS_MAX: usize = 6144;

/// Every policy that can be printed.
const POLICIES: [&[&str]; 22] = [
    &[],
    &["plan"],
    &["status"],
    &["up"],
    &["up", "--adopt"],
    &["up", "--prune"],
    &["up", "--adopt", "--prune", "--delete-images"],
    &["down"],
    &["down", "--delete-images"],
    &["status", "--images"],
    &["try"],
    &["logs"],
    &["backfill"],
    &["backfill", "--dry-run"],
    &["backfill", "--outdated"],
    &["backfill", "--on-aws"],
    &["failures"],
    &["retry"],
    &["prune"],
    &["prune", "--yes"],
    &["urls"],
    &["presign"],
];

/// What is granted for stacks that are in none of the situations here: a folder that left the file is
/// looked at by `plan`, somebody changed the origin access control.
const FOR_OTHER_SITUATIONS: [&str; 14] = [
    // A certificate that left the file, and its records.
    "acm:DeleteCertificate",
    "acm:DescribeCertificate",
    "acm:ListCertificates",
    "acm:ListTagsForCertificate",
    "route53:ChangeResourceRecordSets",
    "route53:ListHostedZonesByName",
    "route53:ListResourceRecordSets",
    // Asked where there are more distributions than one page of the list has; and the emulator switches
    // one off at once, so that nobody has to look again.
    "cloudfront:GetDistribution",
    "cloudfront:GetOriginAccessControl",
    "cloudfront:UpdateOriginAccessControl",
    // The role that S3 runs jobs as is there once one was started.
    "iam:GetRolePolicy",
    "iam:PutRolePolicy",
    // Without it Lambda's answer to GetFunction has no tags, which the emulator gives all the same.
    "lambda:ListTags",
    "s3:ListBucketVersions",
];

pub(crate) async fn every_policy_is_short_enough_for_iam() {
    let pipeline = Pipeline::new("longest").await;
    let text = format!(
        "name = \"{}\"\n[bucket]\nname = \"{}\"\n[topic]\nname = \"{}\"\n\
         [function]\nname = \"{}\"\nconcurrency = 1\n[cdn]\ninvalidate = true\n\
         [[variants]]\nsize = \"400x300\"\n",
        "s".repeat(40),
        "b".repeat(63),
        "t".repeat(256),
        "f".repeat(64)
    );
    pipeline.write(&text);
    for arguments in POLICIES {
        let mut command = vec!["--region", "ap-southeast-1", "iam-policy"];
        command.extend(arguments);
        let output = pipeline.imgprep(&command).exits(0);
        let documents = documents(&output);
        let count = match arguments {
            [] => 3,
            options if options.contains(&"--prune") => 2,
            _ => 1,
        };
        assert_eq!(documents.len(), count, "{arguments:?}");
        for document in documents {
            let text = serde_json::to_string_pretty(&document).unwrap();
            let characters = text.chars().filter(|it| !it.is_whitespace()).count();
            assert!(characters <= CHARACTERS_MAX, "{arguments:?}: {characters} characters");
            let create = pipeline.aws.iam.create_policy().policy_name("printed");
            let made = create.policy_document(text).send().await.unwrap().policy.unwrap();
            let delete = pipeline.aws.iam.delete_policy().set_policy_arn(made.arn);
            delete.send().await.unwrap();
        }
    }
    let calls = pipeline.proxy.take_calls();
    assert!(calls.iter().all(|call| call.to_string() == "sts:GetCallerIdentity"), "{calls:?}");
}

pub(crate) async fn the_sids_of_the_policy_for_all_say_which_command_needs_what() {
    let pipeline = Pipeline::new("sids").await;
    let every = printed(&pipeline, &[]);
    let sids: BTreeSet<&str> = every.iter().map(|one| one["Sid"].as_str().unwrap()).collect();
    assert_eq!(sids.len(), every.len(), "no Sid is there twice");
    for (command, sets) in [
        ("plan", &["Read"][..]),
        ("status", &["Read"]),
        ("up", &["Read", "Up"]),
        ("down", &["Read", "Down"]),
        ("try", &["Read", "Try"]),
        ("logs", &["Logs"]),
        ("backfill", &["Read", "Backfill"]),
        ("failures", &["Read", "Failures"]),
        ("retry", &["Read", "Retry"]),
        ("prune", &["Read", "Prune"]),
        ("urls", &["Read", "Urls"]),
        ("presign", &["Presign"]),
    ] {
        let sid = |statement: &Value| statement["Sid"].as_str().unwrap().to_owned();
        let is_in = |statement: &&Value| sets.iter().any(|set| sid(statement).starts_with(set));
        let parts: Vec<Value> = every.iter().filter(is_in).cloned().collect();
        assert_eq!(actions(&parts), actions(&printed(&pipeline, &[command])), "{command}");
    }
    let text = pipeline.imgprep(&["iam-policy", "up"]).exits(0);
    let json = pipeline.imgprep(&["iam-policy", "up", "--json"]).exits(0);
    assert_eq!(text.stdout, json.stdout, "it is one document either way");
    assert!(!actions(&every).contains("lambda:PutFunctionConcurrency"));
    pipeline.write(&file(&pipeline, "", "concurrency = 1", "enabled = false"));
    let up = actions(&printed(&pipeline, &["up"]));
    assert!(up.contains("lambda:PutFunctionConcurrency"));
    let cloudfront: Vec<&String> = up.iter().filter(|one| one.starts_with("cloudfront:")).collect();
    let reads = [
        "cloudfront:GetDistribution",
        "cloudfront:GetDistributionConfig",
        "cloudfront:ListDistributions",
        "cloudfront:ListOriginAccessControls",
        "cloudfront:ListTagsForResource",
    ];
    assert_eq!(cloudfront, reads, "without a CDN an earlier one is still looked for");
    pipeline.imgprep(&["iam-policy", "up", "--delete-images"]).exits(2);
}

pub(crate) async fn a_role_is_handed_to_lambda_only_and_only_ours() {
    let pipeline = Pipeline::new("handed").await;
    let statements = printed(&pipeline, &["up"]);
    let passing: Vec<&Value> = statements
        .iter()
        .filter(|one| one["Action"].as_array().unwrap().contains(&"iam:PassRole".into()))
        .collect();
    assert_eq!(passing.len(), 1);
    // Its own, and the one that it is set to for a moment.
    let role = pipeline.role_arn();
    let both = serde_json::json!([role, format!("{role}-temporary")]);
    assert_eq!(passing[0]["Resource"], both);
    let condition = &passing[0]["Condition"]["StringEquals"]["iam:PassedToService"];
    assert_eq!(condition, "lambda.amazonaws.com");
}

/// With a boundary in the file whoever may run `up` gets no further than it: no role without it, no
/// policy but the stack's, and nothing of a role that is not the stack's.
pub(crate) async fn a_boundary_keeps_whoever_runs_up_from_any_rights() {
    let pipeline = Pipeline::new("escalation").await;
    write_other_file(&pipeline);
    pipeline.up();
    let iam = &pipeline.aws.iam;
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#;
    let foreign = format!("LambdaS3Foreign{}", pipeline.account);
    let make = iam.create_role().role_name(&foreign).assume_role_policy_document(trust);
    make.send().await.unwrap();
    let operator = Operator::new(&pipeline).await;
    // As it is printed: where the emulator knows less than AWS, nothing may be granted instead.
    operator.allow(&printed(&pipeline, &["up"])).await;
    let theirs = operator.aws().iam;
    let denied = |what: &str, code: Option<&str>| assert_eq!(code, Some("AccessDenied"), "{what}");

    let path = format!("/imgprep/{}/", pipeline.stack);
    let make = theirs.create_role().role_name("mine").path(&path);
    let refused = make.assume_role_policy_document(trust).send().await.unwrap_err();
    denied("a role without the boundary", refused.code());
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    for role in [pipeline.role(), foreign.clone()] {
        let attach = theirs.attach_role_policy().role_name(&role).policy_arn(admin);
        denied("any policy", attach.send().await.unwrap_err().code());
        let put = theirs.put_role_permissions_boundary().role_name(&role);
        let put = put.permissions_boundary(admin).send().await.unwrap_err();
        denied("another boundary", put.code());
        let delete = theirs.delete_role_permissions_boundary().role_name(&role);
        denied("no boundary", delete.send().await.unwrap_err().code());
    }
    let put = theirs.update_assume_role_policy().role_name(&foreign).policy_document(trust);
    denied("trust of a foreign role", put.send().await.unwrap_err().code());
    let get = theirs.get_policy().policy_arn(pipeline.policy_arn()).send().await;
    get.expect("the user is known, and may do what the policy says");

    operator.dismiss().await;
    iam.delete_role().role_name(&foreign).send().await.unwrap();
}

/// No policy lets anyone read a function of another stack: its environment may hold secrets.
pub(crate) async fn a_policy_opens_no_function_but_the_stacks() {
    let pipeline = Pipeline::new("secrets").await;
    write_file(&pipeline);
    pipeline.up();
    let foreign = format!("{}-foreign", pipeline.function);
    let make = pipeline.aws.lambda.create_function().function_name(&foreign).handler("bootstrap");
    let make = make.runtime(Runtime::Providedal2023).role(pipeline.role_arn());
    let code = std::fs::read(pipeline.folder().join("function.zip")).unwrap();
    let code = FunctionCode::builder().zip_file(Blob::new(code)).build();
    let another = format!("{}-another", pipeline.stack);
    make.code(code).tags("imgprep:stack", another).send().await.unwrap();
    let operator = Operator::new(&pipeline).await;
    for arguments in POLICIES {
        operator.allow(&printed(&pipeline, arguments)).await;
        let lambda = operator.aws().lambda;
        let denied = |what: &str, code: Option<&str>| {
            assert_eq!(code, Some("AccessDeniedException"), "{arguments:?}: {what}");
        };
        let get = lambda.get_function().function_name(&foreign).send().await.unwrap_err();
        denied("code and environment", get.code());
        let get = lambda.get_function_configuration().function_name(&foreign);
        denied("environment", get.send().await.unwrap_err().code());
        let put = lambda.update_function_configuration().function_name(&foreign).memory_size(512);
        denied("a change", put.send().await.unwrap_err().code());
        let delete = lambda.delete_function().function_name(&foreign).send().await.unwrap_err();
        denied("deletion", delete.code());
        if !matches!(arguments.first(), Some(&("logs" | "presign"))) {
            let ours = lambda.get_function().function_name(&pipeline.function).send().await;
            ours.expect("the stack's own is read");
        }
    }
    operator.dismiss().await;
    pipeline.aws.lambda.delete_function().function_name(&foreign).send().await.unwrap();
}

pub(crate) async fn the_printed_policies_are_enough_for_a_whole_life() {
    let pipeline = Pipeline::new("enough").await;
    live(&pipeline, || write_file(&pipeline), || write_other_file(&pipeline)).await;
}

pub(crate) async fn the_printed_policies_are_enough_without_a_cdn() {
    let pipeline = Pipeline::new("no-cdn").await;
    let write = |function: &str| {
        write_file(&pipeline);
        let function = format!("code = \"function.zip\"\n{function}");
        pipeline.write(&file(&pipeline, "", &function, "enabled = false"));
    };
    live(&pipeline, || write(""), || write("memory = 512")).await;
}

pub(crate) async fn the_printed_policies_are_enough_with_a_domain() {
    let (pipeline, _acm) = with_domains("policy-domain", &["img"]).await;
    own_zone(&pipeline).await;
    let other = || pipeline.edit("[\"img.", "[\"new.");
    live(&pipeline, || {}, other).await;
}

/// From nothing to a stack, to another one, to nothing, each command with no more than its policy.
async fn live(pipeline: &Pipeline, write_first: impl Fn(), write_second: impl Fn()) {
    write_first();
    // As root, so that the harness knows that there may be a stack.
    pipeline.up();
    pipeline.down();
    let before = pipeline.aws.inventory().await;
    let operator = Operator::new(pipeline).await;
    let run = async |policy: &str, command: &[&str], code: i32| {
        operator.allow(&for_the_emulator(&printed(pipeline, &[policy]))).await;
        operator.imgprep(command).exits(code);
    };
    run("plan", &["plan"], 0).await;
    run("status", &["status"], 4).await;
    run("up", &["up", "--yes"], 0).await;
    run("status", &["status"], 0).await;
    write_second();
    run("up", &["up", "--yes"], 0).await;
    run("plan", &["plan", "--exit-code"], 0).await;
    run("down", &["down", "--yes"], 0).await;
    assert_eq!(pipeline.aws.inventory().await, before);
    operator.dismiss().await;
}

pub(crate) async fn what_is_called_is_in_the_policy_and_nothing_else() {
    let pipeline = Pipeline::new("called").await;
    let all =
        [STATUS, FIRST_UP, REPAIR, UP_AND_WAIT, PRUNE, PRUNE_IMAGES, DOWN, DELETE_IMAGES, RELEASE];
    let (mut granted, mut called) = (BTreeSet::new(), BTreeSet::new());
    for situation in all {
        let (policy, calls) = observed(&pipeline, &situation).await;
        let allowed = actions(&policy);
        let missing: Vec<_> = calls.difference(&allowed).collect();
        assert!(missing.is_empty(), "{:?} lacks {missing:?}", situation.policy);
        let command = situation.policy[0];
        granted.extend(allowed.into_iter().map(|action| (command, action)));
        called.extend(calls.into_iter().map(|action| (command, action)));
    }
    clean_up(&pipeline).await;
    let unnamed = |action: &str| {
        UNCHECKED.iter().any(|(unchecked, _)| *unchecked == action)
            || FOR_OTHER_SITUATIONS.contains(&action)
    };
    let superfluous: Vec<_> =
        granted.difference(&called).filter(|(_, action)| !unnamed(action)).collect();
    assert!(superfluous.is_empty(), "granted and never called: {superfluous:?}");
}

/// The policy for a situation, and what its command really asks of IAM when it may do everything.
async fn observed(pipeline: &Pipeline, situation: &Situation) -> (Vec<Value>, BTreeSet<String>) {
    (situation.prepare)(pipeline).await;
    let policy = printed(pipeline, situation.policy);
    pipeline.proxy.take_calls();
    pipeline.imgprep(situation.command).exits(0);
    (policy, needed(&pipeline.proxy.take_calls()))
}

pub(crate) async fn nothing_can_be_taken_from_status() {
    check(&STATUS).await;
}

pub(crate) async fn nothing_can_be_taken_from_a_first_up() {
    check(&FIRST_UP).await;
}

pub(crate) async fn nothing_can_be_taken_from_an_up_that_repairs() {
    check(&REPAIR).await;
}

pub(crate) async fn nothing_can_be_taken_from_an_up_that_waits() {
    check(&UP_AND_WAIT).await;
}

pub(crate) async fn nothing_can_be_taken_from_an_up_that_prunes() {
    check(&PRUNE).await;
    check(&PRUNE_IMAGES).await;
}

pub(crate) async fn a_distribution_is_taken_over_only_with_the_policy_for_that() {
    const UPDATE: &str = "cloudfront:UpdateDistribution";
    let pipeline = Pipeline::new("take-over").await;
    distribution_without_our_tag(&pipeline).await;
    let operator = Operator::new(&pipeline).await;
    let run = async |policy: &[&str]| {
        operator.allow(&for_the_emulator_without(&printed(&pipeline, policy), &[UPDATE])).await;
        operator.imgprep(&["up", "--yes", "--adopt"])
    };
    let denied = run(&["up"]).await.exits(1);
    assert!(denied.stderr.contains(UPDATE), "{denied}");
    run(&["up", "--adopt"]).await.exits(0);
    pipeline.assert_whole();
    operator.dismiss().await;
}

pub(crate) async fn nothing_can_be_taken_from_down() {
    check(&DOWN).await;
}

pub(crate) async fn nothing_can_be_taken_from_down_with_images_or_an_adopted_bucket() {
    check(&DELETE_IMAGES).await;
    check(&RELEASE).await;
}

/// Takes actions away, and gives back what a run fails for and names, until one succeeds: what was
/// never named is not needed. What the emulator does not check is taken away all at once, and must
/// not be missed.
async fn check(situation: &Situation) {
    let pipeline = Pipeline::new("minimal").await;
    let (policy, calls) = observed(&pipeline, situation).await;
    let operator = Operator::new(&pipeline).await;
    let unchecked: Vec<&str> = UNCHECKED.iter().map(|(action, _)| *action).collect();
    (situation.prepare)(&pipeline).await;
    operator.allow(&for_the_emulator(&without(&policy, &unchecked))).await;
    operator.imgprep(situation.command).exits(0);
    let reads = actions(&printed(&pipeline, &["status"]));
    let is_checked = |action: &&str| match situation.checks {
        Checks::Reads => reads.contains(*action),
        Checks::Own => !reads.contains(*action),
        Checks::These(these) => these.contains(action),
    };
    let rows = calls.iter().map(String::as_str).filter(|action| !unchecked.contains(action));
    let rows: Vec<&str> = rows.filter(is_checked).collect();
    if let Checks::These(these) = situation.checks {
        assert_eq!(rows, these, "all of them are called");
    }
    assert!(!rows.is_empty());
    (situation.prepare)(&pipeline).await;
    let mut missing = rows;
    loop {
        operator.allow(&for_the_emulator_without(&policy, &missing)).await;
        let output = operator.imgprep(situation.command);
        if output.code == 0 {
            break;
        }
        let count = missing.len();
        missing.retain(|action| !names(&output, action));
        assert!(missing.len() < count, "of {missing:?} none is named: {output}");
    }
    assert!(missing.is_empty(), "it went well without {missing:?}");
    operator.dismiss().await;
    write_file(&pipeline);
    clean_up(&pipeline).await;
}

/// Whether a run says that it lacks an action, and not in a warning only. Another's name may begin as its
/// does, and a plan writes the actions of its statements small.
fn names(output: &Output, action: &str) -> bool {
    let is_whole = |rest: &str| !rest.starts_with(|next: char| next.is_ascii_alphanumeric());
    let lines = output.stdout.lines().chain(output.stderr.lines());
    let mut lines = lines.filter(|line| !line.starts_with("warning: "));
    lines.any(|line| line.split(action).skip(1).any(is_whole))
}
