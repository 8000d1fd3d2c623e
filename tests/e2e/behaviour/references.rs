//! Caller references: CloudFront makes one distribution for each, ever, and names the one it made.

use aws_sdk_cloudfront::types::TagKeys;
use imgprep_testkit::real_aws::NO_DISTRIBUTIONS;
use imgprep_testkit::{Pipeline, lives};

use super::cdn::{config, versioned_config};
use super::{ALWAYS, answer_once, count, refuse, refuse_once, response};

const CREATE: &str = "cloudfront:CreateDistribution";
const LIST: &str = "cloudfront:ListDistributions";

/// No life is the last one, and none pays for those before it.
pub(crate) async fn row_58_every_life_of_a_stack_has_its_cdn() {
    const LIVES: usize = 10;
    let pipeline = lives::pipeline("row-58").await;
    for life in 1..=LIVES {
        pipeline.proxy.take_calls();
        pipeline.up();
        assert_eq!(count(&pipeline, [CREATE]), [1], "life {life}");
        assert_eq!(distributions(&pipeline).await.len(), 1, "life {life}");
        pipeline.down();
        assert_eq!(pipeline.aws.inventory().await, Vec::<String>::new(), "life {life}");
    }
    pipeline.is_over();
}

/// Deleted by hand, a distribution leaves its access control, and with it the reference, behind.
pub(crate) async fn row_58_a_reference_whose_distribution_is_gone_leads_to_the_next() {
    let pipeline = lives::pipeline("row-58b").await;
    pipeline.up();
    let first = config(&pipeline).await.caller_reference;
    for refused in 1..=2 {
        let gone = delete_distribution(&pipeline).await;
        pipeline.proxy.take_calls();
        pipeline.up();
        let calls = [CREATE, "cloudfront:GetDistribution"];
        assert_eq!(count(&pipeline, calls), [refused + 1, refused]);
        let reference = format!("{}-{gone}", pipeline.cdn());
        assert_eq!(config(&pipeline).await.caller_reference, reference);
        pipeline.assert_whole();
    }
    // The next life has an access control and a reference of its own.
    pipeline.down();
    pipeline.proxy.take_calls();
    pipeline.up();
    assert_eq!(count(&pipeline, [CREATE]), [1]);
    assert_ne!(config(&pipeline).await.caller_reference, first);
}

/// What CloudFront made it need not list at once.
pub(crate) async fn row_58_a_distribution_that_is_not_listed_yet_is_found_and_changed() {
    let pipeline = lives::pipeline("row-58c").await;
    pipeline.up();
    let before = pipeline.aws.inventory().await;
    lists_nothing(&pipeline);
    pipeline.edit("[tags]", "[cdn]\nprice_class = \"200\"\n\n[tags]");
    pipeline.proxy.take_calls();
    pipeline.up();
    let calls = [CREATE, "cloudfront:GetDistribution", "cloudfront:UpdateDistribution"];
    assert_eq!(count(&pipeline, calls), [1, 1, 1]);
    // Where nothing differs, nothing is changed.
    pipeline.up();
    assert_eq!(count(&pipeline, calls), [1, 1, 0]);
    pipeline.proxy.clear_rules();
    assert_eq!(pipeline.aws.inventory().await, before, "no second one was made");
    pipeline.assert_whole();
}

/// A distribution under our reference that lost our tag is not ours to change.
pub(crate) async fn row_58_a_reference_that_somebody_else_has_leads_to_the_next() {
    let pipeline = lives::pipeline("row-58d").await;
    pipeline.up();
    let (theirs, config, _) = versioned_config(&pipeline).await;
    let list = distributions(&pipeline).await;
    let tags = TagKeys::builder().items("imgprep:stack").build();
    let untag = pipeline.aws.cloudfront.untag_resource().resource(&list[0].1);
    untag.tag_keys(tags).send().await.unwrap();
    lists_nothing(&pipeline);
    pipeline.up();
    let now = pipeline.aws.cloudfront.get_distribution_config().id(&theirs).send().await.unwrap();
    assert_eq!(now.distribution_config, Some(config), "theirs is left as it was");
    delete(&pipeline, &theirs).await;
    pipeline.proxy.clear_rules();
    assert_eq!(distributions(&pipeline).await.len(), 1);
    pipeline.assert_whole();
}

/// Where it is not known whether there is a distribution, none is made.
pub(crate) async fn row_58_an_error_on_the_way_makes_no_second_distribution() {
    let pipeline = lives::pipeline("row-58e").await;
    pipeline.up();
    let before = pipeline.aws.inventory().await;
    let fault = |operation| (operation, 400, "InvalidArgument", "CloudFront is in no mood");
    for operation in [LIST, "cloudfront:GetDistribution", "cloudfront:ListTagsForResource"] {
        answer_once(&pipeline, LIST, "text/xml", NO_DISTRIBUTIONS);
        if operation == LIST {
            // An older wording does not say which distribution has the reference.
            let message = "The caller reference is associated with another distribution.";
            refuse_once(&pipeline, &[(CREATE, 409, "DistributionAlreadyExists", message)]);
        }
        refuse(&pipeline, fault(operation), ALWAYS);
        pipeline.proxy.take_calls();
        let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
        assert_eq!((error.resource.as_str(), error.code.as_str()), ("cdn", "InvalidArgument"));
        assert_eq!(count(&pipeline, [CREATE]), [1], "{operation}");
        pipeline.proxy.clear_rules();
        assert_eq!(pipeline.aws.inventory().await, before, "{operation}");
    }
    // An answer without a list does not say that there is nothing.
    answer_once(&pipeline, LIST, "text/xml", "");
    pipeline.imgprep(&["up", "--yes"]).exits(1);
    assert_eq!(count(&pipeline, [CREATE]), [0]);
    pipeline.assert_whole();
}

/// A run that waits for the edges waits for the list first.
pub(crate) async fn row_58_a_distribution_that_is_not_listed_yet_is_waited_for() {
    let pipeline = lives::pipeline("row-58f").await;
    pipeline.up();
    // For the plan, and for the first look after it.
    for _ in 0..2 {
        answer_once(&pipeline, LIST, "text/xml", NO_DISTRIBUTIONS);
    }
    pipeline.proxy.take_calls();
    let up = pipeline.imgprep(&["up", "--yes", "--wait"]).exits(0);
    assert!(up.stderr.contains("cdn: waiting for CloudFront to list the distribution"), "{up}");
    assert_eq!(count(&pipeline, [LIST, CREATE]), [3, 1]);
}

/// CloudFront lists no distribution until the rules are cleared.
fn lists_nothing(pipeline: &Pipeline) {
    pipeline.proxy.add_rule(Box::new(|call| {
        let is_list = call.to_string() == LIST;
        is_list.then(|| response("text/xml", NO_DISTRIBUTIONS))
    }));
}

/// The ids and the ARNs of the account's distributions.
async fn distributions(pipeline: &Pipeline) -> Vec<(String, String)> {
    let list = pipeline.aws.cloudfront.list_distributions().send().await.unwrap();
    let list = list.distribution_list.unwrap();
    list.items().iter().map(|found| (found.id.clone(), found.arn.clone())).collect()
}

/// Deletes the stack's distribution by hand; answers with its id.
async fn delete_distribution(pipeline: &Pipeline) -> String {
    let (id, ..) = versioned_config(pipeline).await;
    delete(pipeline, &id).await;
    id
}

async fn delete(pipeline: &Pipeline, id: &str) {
    let cloudfront = &pipeline.aws.cloudfront;
    let now = cloudfront.get_distribution_config().id(id).send().await.unwrap();
    let mut config = now.distribution_config.unwrap();
    config.enabled = false;
    let off = cloudfront.update_distribution().id(id).set_if_match(now.e_tag);
    let off = off.distribution_config(config).send().await.unwrap();
    cloudfront.delete_distribution().id(id).set_if_match(off.e_tag).send().await.unwrap();
}
