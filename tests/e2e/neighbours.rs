//! One account with many stacks: what a run asks of AWS does not grow with what is not ours.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_cloudfront::types::{DistributionConfig, DistributionConfigWithTags, Tag, Tags};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, Runtime};
use futures_util::stream::{self, StreamExt};
use hyper::body::Bytes;
use imgprep_testkit::calls::Call;
use imgprep_testkit::http::{WholeResponse, edited};
use imgprep_testkit::proxy::Behaviour;
use imgprep_testkit::{Pipeline, function};

const STACK_TAG: &str = "imgprep:stack";
const LIST: &str = "cloudfront:ListDistributions";
const PARALLEL: usize = 16;

/// CloudFront lists a hundred distributions a page (Amazon CloudFront API Reference,
/// `ListDistributions`). The emulator lists all at once.
const PAGE: usize = 100;
const START: &str = "<DistributionSummary>";
const END: &str = "</DistributionSummary>";

/// Lists distributions page by page, and ours at the very end.
struct Paged {
    ours: String,
    listed: AtomicUsize,
}

impl Behaviour for Paged {
    fn answer(&self, _call: &Call, _body: &Bytes) -> Option<WholeResponse> {
        None
    }

    fn change(&self, call: &Call, response: WholeResponse) -> WholeResponse {
        if call.to_string() == LIST { edited(response, |body| self.page(body)) } else { response }
    }
}

impl Paged {
    /// The page after the one that this run has seen.
    fn page(&self, body: &str) -> String {
        let Some((head, rest)) = body.split_once(START) else { return body.to_owned() };
        let (items, tail) = rest.rsplit_once(END).unwrap();
        let mut all: Vec<&str> = items.split(&format!("{END}{START}")).collect();
        all.sort_by_key(|summary| summary.contains(&self.ours));
        let pages = all.len().div_ceil(PAGE);
        let place = self.listed.fetch_add(1, Ordering::SeqCst) % pages;
        let items = all.chunks(PAGE).nth(place).unwrap().join(&format!("{END}{START}"));
        let more = format!("<NextMarker>{place}</NextMarker><IsTruncated>true</IsTruncated>");
        let whole = "<IsTruncated>false</IsTruncated>";
        assert!(head.contains(whole), "{head}");
        let head = if place + 1 < pages { head.replace(whole, &more) } else { head.to_owned() };
        format!("{head}{START}{items}{END}{tail}")
    }
}

/// What other stacks in the account are made of.
struct Others<'a> {
    pipeline: &'a Pipeline,
    distribution: DistributionConfig,
    made: usize,
}

impl<'a> Others<'a> {
    async fn beside(pipeline: &'a Pipeline) -> Self {
        let cloudfront = &pipeline.aws.cloudfront;
        let list = cloudfront.list_distributions().send().await.unwrap().distribution_list.unwrap();
        let get = cloudfront.get_distribution_config().id(list.items()[0].id()).send().await;
        let distribution = get.unwrap().distribution_config.unwrap();
        Self { pipeline, distribution, made: 0 }
    }

    /// Makes more of them, until there are so many distributions, topics and functions.
    async fn grow(&mut self, count: usize) {
        let others = &*self;
        let making = (self.made..count).map(|number| others.make(number));
        stream::iter(making).buffer_unordered(PARALLEL).collect::<Vec<()>>().await;
        self.made = count;
    }

    async fn make(&self, number: usize) {
        let (aws, stack) = (&self.pipeline.aws, format!("other-{number}"));
        let mut config = self.distribution.clone();
        config.caller_reference.clone_from(&stack);
        config.comment = format!("imgprep-{stack}-us-east-1");
        let tag = Tag::builder().key(STACK_TAG).value(&stack).build().unwrap();
        let tags = Tags::builder().items(tag).build();
        let config = DistributionConfigWithTags::builder().distribution_config(config).tags(tags);
        let create = aws.cloudfront.create_distribution_with_tags();
        create.distribution_config_with_tags(config.build()).send().await.unwrap();

        let tag = aws_sdk_sns::types::Tag::builder().key(STACK_TAG).value(&stack).build().unwrap();
        aws.sns.create_topic().name(&stack).tags(tag).send().await.unwrap();

        let code = FunctionCode::builder().zip_file(Blob::new(function::zip(1))).build();
        let create = aws.lambda.create_function().function_name(&stack).handler("bootstrap");
        let create = create.runtime(Runtime::Providedal2023).role(self.pipeline.role_arn());
        create.code(code).tags(STACK_TAG, &stack).send().await.unwrap();
    }
}

/// How often a command makes each call.
fn calls(pipeline: &Pipeline, paged: &Paged, command: &[&str]) -> BTreeMap<String, usize> {
    pipeline.proxy.take_calls();
    paged.listed.store(0, Ordering::SeqCst);
    pipeline.imgprep(command).exits(0);
    let mut counts = BTreeMap::new();
    for call in pipeline.proxy.take_calls() {
        assert!(!call.is_mutating(), "{call}");
        *counts.entry(call.to_string()).or_default() += 1;
    }
    counts
}

pub(crate) async fn no_number_of_other_stacks_makes_a_run_ask_more_of_aws() {
    let pipeline = Pipeline::new("neighbours").await;
    pipeline.up();
    let paged = Arc::new(Paged { ours: pipeline.cdn(), listed: AtomicUsize::new(0) });
    pipeline.proxy.behave(Arc::<Paged>::clone(&paged));
    let calls = |command: &[&str]| calls(&pipeline, &paged, command);
    let mut others = Others::beside(&pipeline).await;
    let mut counted = Vec::new();
    for count in [1, 50, 500] {
        others.grow(count).await;
        counted.push([calls(&["up", "--yes"]), calls(&["status"])]);
    }
    assert_eq!(counted[0], counted[1], "at 1 and at 50");
    let mut expected = counted[0].clone();
    for calls in &mut expected {
        // The bucket's policy leads to ours, so that the list is not read to its end.
        *calls.entry("cloudfront:GetDistribution".to_owned()).or_default() += 1;
        *calls.entry("s3:GetBucketPolicy".to_owned()).or_default() += 1;
        assert_eq!(calls[LIST], 1);
    }
    assert_eq!(counted[2], expected, "at 500");
}
