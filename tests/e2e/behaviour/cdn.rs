//! CloudFront: accounts that it does not trust yet, references that are used up, and other people's
//! changes.

use aws_sdk_cloudfront::types::{Aliases, DistributionConfig, PriceClass};
use imgprep_testkit::proxy::Proxy;
use imgprep_testkit::real_aws::NO_DISTRIBUTIONS;
use imgprep_testkit::{Pipeline, lives, resource, run};

use super::{ALWAYS, Fault, answer_once, count, refuse, refuse_once};
use crate::drift::{custom, distribution, identified, legacy};

const NO_ACCESS_CONTROLS: &str = "<OriginAccessControlList><Marker></Marker>\
                                  <MaxItems>100</MaxItems><IsTruncated>false</IsTruncated>\
                                  <Quantity>0</Quantity></OriginAccessControlList>";
const REFERENCE_USED: Fault = (
    "cloudfront:CreateDistribution",
    409,
    "DistributionAlreadyExists",
    "The caller reference that you are using to create a distribution is associated with another \
     distribution.",
);

/// The pipeline works without its CDN, and nothing is wrong with the permissions.
pub(crate) async fn row_46_an_account_that_must_be_verified_gets_everything_else() {
    let message = "Your account must be verified before you can add new CloudFront resources. To \
                   verify your account, please contact AWS Support";
    let pipeline = Pipeline::new("row-46").await;
    refuse(&pipeline, ("cloudfront:CreateDistribution", 403, "AccessDenied", message), ALWAYS);
    let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    assert_eq!((error.resource.as_str(), error.code.as_str()), ("cdn", "AccessDenied"));
    assert!(error.hint.contains("open a case with AWS Support"), "{error:?}");
    assert!(error.hint.contains("`enabled = false` under `[cdn]`"), "{error:?}");
    assert!(!error.hint.contains("grant `"), "{error:?}");
    let status = pipeline.status(4);
    for id in ["topic", "bucket", "folders", "notification", "role", "function", "trigger"] {
        assert_eq!(resource(&status, id)["state"], "ok", "{id}");
    }
    pipeline.proxy.clear_rules();
    pipeline.up();
    pipeline.assert_whole();
}

/// Another run made the distribution between our look and our call.
pub(crate) async fn row_47_a_distribution_that_another_run_made_first_is_gone_on_with() {
    let pipeline = Pipeline::new("row-47").await;
    pipeline.up();
    let before = pipeline.aws.inventory().await;
    answer_once(&pipeline, "cloudfront:ListDistributions", "text/xml", NO_DISTRIBUTIONS);
    refuse_once(&pipeline, &[REFERENCE_USED]);
    pipeline.up();
    assert_eq!(pipeline.aws.inventory().await, before, "no second one was made");
    pipeline.assert_whole();
}

/// A distribution that is gone has used its reference up.
pub(crate) async fn row_47_a_reference_that_is_used_up_is_passed_over() {
    let pipeline = Pipeline::new("row-47b").await;
    refuse(&pipeline, REFERENCE_USED, 2);
    pipeline.up();
    assert_eq!(count(&pipeline, ["cloudfront:CreateDistribution"]), [3]);
    let config = config(&pipeline).await;
    let origin = &config.origins().unwrap().items()[0];
    let control = origin.origin_access_control_id().unwrap();
    assert_eq!(config.caller_reference(), format!("{}-{control}-3", pipeline.cdn()));
    pipeline.assert_whole();
}

/// An update replaces everything, so it starts from what is there, and again if that has changed.
pub(crate) async fn row_49_an_update_keeps_what_people_added_and_reads_again_when_it_lost() {
    const ACL: &str = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/theirs/1";
    let pipeline = Pipeline::new("row-49").await;
    pipeline.up();
    let (id, mut theirs, etag) = versioned_config(&pipeline).await;
    let alias = Aliases::builder().quantity(1).items("theirs.example.com").build().unwrap();
    theirs.aliases = Some(alias);
    theirs.web_acl_id = Some(ACL.to_owned());
    theirs.price_class = Some(PriceClass::PriceClassAll);
    let put = pipeline.aws.cloudfront.update_distribution().id(id).if_match(etag);
    put.distribution_config(theirs).send().await.unwrap();

    for (status, code) in [(412, "PreconditionFailed"), (400, "InvalidIfMatchVersion")] {
        refuse_once(&pipeline, &[("cloudfront:UpdateDistribution", status, code, "Stale")]);
    }
    pipeline.proxy.take_calls();
    pipeline.up();
    let calls = ["cloudfront:UpdateDistribution", "cloudfront:GetDistributionConfig"];
    assert_eq!(count(&pipeline, calls), [3, 4], "read for the plan, and before each try");
    let now = config(&pipeline).await;
    assert_eq!(now.aliases().unwrap().items(), ["theirs.example.com"]);
    assert_eq!(now.web_acl_id(), Some(ACL));
    assert_eq!(now.price_class(), Some(&PriceClass::PriceClass100));
    pipeline.assert_whole();
}

pub(crate) async fn row_51_an_access_control_that_another_run_made_first_is_gone_on_with() {
    let pipeline = Pipeline::new("row-51").await;
    pipeline.up();
    let before = pipeline.aws.inventory().await;
    let list = "cloudfront:ListOriginAccessControls";
    answer_once(&pipeline, list, "text/xml", NO_ACCESS_CONTROLS);
    pipeline.up();
    assert_eq!(count(&pipeline, ["cloudfront:CreateOriginAccessControl"]), [2], "one of each run");
    assert_eq!(pipeline.aws.inventory().await, before);
    pipeline.assert_whole();
}

pub(crate) async fn row_51_an_access_control_that_is_still_in_use_is_tried_again() {
    let pipeline = Pipeline::new("row-51b").await;
    pipeline.up();
    pipeline.proxy.take_calls();
    let operation = "cloudfront:DeleteOriginAccessControl";
    let message = "The CloudFront origin access control is still being used.";
    refuse_once(&pipeline, &[(operation, 409, "OriginAccessControlInUse", message)]);
    refuse_once(&pipeline, &[(operation, 412, "PreconditionFailed", "Stale")]);
    pipeline.down();
    assert_eq!(count(&pipeline, [operation]), [3]);
    assert_eq!(pipeline.aws.inventory().await, Vec::<String>::new());
}

/// CloudFront refuses what people chose beside what we want, so ours takes its place.
pub(crate) async fn row_59_what_cannot_stand_beside_ours_is_replaced() {
    type ByHand = fn(&mut DistributionConfig);
    let pipeline = lives::pipeline("row-59").await;
    pipeline.up();
    let before = config(&pipeline).await;
    let changes: [(&str, ByHand); 3] =
        [("legacy cache", legacy), ("access identity", identified), ("custom origin", custom)];
    for (what, change) in changes {
        distribution(&pipeline, change).await;
        assert_ne!(config(&pipeline).await, before, "{what}");
        pipeline.proxy.take_calls();
        pipeline.up();
        assert_eq!(count(&pipeline, ["cloudfront:UpdateDistribution"]), [1], "{what}");
        assert_eq!(config(&pipeline).await, before, "{what}");
    }
    pipeline.assert_whole();
}

/// S3 may have an endpoint to itself, and so may CloudFront.
pub(crate) async fn row_71_addresses_follow_the_endpoint_of_their_service() {
    let pipeline = lives::pipeline("row-71").await;
    let s3 = Proxy::start(pipeline.emulator).await;
    let url = |port: u16| format!("http://127.0.0.1:{port}");
    let mut up = pipeline.command();
    up.args(["up", "--yes", "--json"]).env("AWS_ENDPOINT_URL_S3", url(s3.port));
    let outputs = run(&mut up).exits(0).json()["outputs"].take();
    let is_s3 = |call: &imgprep_testkit::calls::Call| call.service == "s3";
    assert!(pipeline.proxy.take_calls().iter().all(|call| !is_s3(call)));
    assert!(s3.take_calls().iter().all(is_s3));
    let label = outputs["cdn_domain"].as_str().unwrap().split('.').next().unwrap();
    let port = pipeline.proxy.port;
    let address = format!("http://{label}.cloudfront.localhost:{port}/800x600/");
    assert_eq!(outputs["urls"]["800x600"], address);
    let get = pipeline.aws.lambda.get_function_configuration().function_name(&pipeline.function);
    let variables = get.send().await.unwrap().environment.unwrap().variables.unwrap();
    assert_eq!(variables["AWS_ENDPOINT_URL_S3"], url(s3.port));
    assert_eq!(variables["AWS_ENDPOINT_URL_CLOUDFRONT"], url(port));
    assert!(!variables.contains_key("AWS_ENDPOINT_URL"), "{variables:?}");
    pipeline.down();
}

/// A domain belongs to one distribution of all accounts.
pub(crate) async fn row_74_a_domain_that_another_distribution_has_is_told_with_how_to_move_it() {
    const CODE: &str = "CNAMEAlreadyExists";
    const MESSAGE: &str = "One or more of the CNAMEs you provided are already associated with a \
                           different resource.";
    let pipeline = lives::pipeline("row-74").await;
    let cdn = "[cdn]\ndomains = [\"img.example.com\", \"www.example.com\"]\n\
               certificate_arn = \"arn:aws:acm:us-east-1:123456789012:certificate/0f-1\"\n\n[tags]";
    pipeline.edit("[tags]", cdn);
    for operation in ["cloudfront:CreateDistribution", "cloudfront:UpdateDistribution"] {
        refuse(&pipeline, (operation, 409, CODE, MESSAGE), ALWAYS);
        let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
        assert_eq!((error.resource.as_str(), error.code.as_str()), ("cdn", CODE));
        for part in [
            "`aws cloudfront list-conflicting-aliases --distribution-id ID --alias DOMAIN`",
            "`aws cloudfront associate-alias --target-distribution-id ID --alias DOMAIN`",
            "a DNS TXT record `_DOMAIN`",
        ] {
            assert!(error.hint.contains(part), "{error:?}");
        }
        let up = pipeline.imgprep(&["up", "--yes"]).exits(1);
        let message = MESSAGE.trim_end_matches('.');
        let domains = "img.example.com, www.example.com";
        let why = format!("{operation}: {CODE}: {message}; it must serve {domains}\n");
        assert!(up.stderr.contains(&why), "{up}");
        pipeline.proxy.clear_rules();
        // Without its domains it can be made, and given them again.
        pipeline.edit(cdn, "[tags]");
        pipeline.up();
        pipeline.edit("[tags]", cdn);
    }
    pipeline.up();
    pipeline.assert_whole();
}

pub(crate) async fn config(pipeline: &Pipeline) -> DistributionConfig {
    versioned_config(pipeline).await.1
}

/// The stack's distribution: its id, its configuration, and the version of that.
pub(super) async fn versioned_config(pipeline: &Pipeline) -> (String, DistributionConfig, String) {
    let cloudfront = &pipeline.aws.cloudfront;
    let list = cloudfront.list_distributions().send().await.unwrap();
    let list = list.distribution_list.unwrap();
    let ours = list.items().iter().find(|found| found.comment() == pipeline.cdn()).unwrap();
    let get = cloudfront.get_distribution_config().id(ours.id()).send().await.unwrap();
    (ours.id.clone(), get.distribution_config.unwrap(), get.e_tag.unwrap())
}
