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
/// No run asks for the list so often, unless it reads on.
const LISTS_MAX: usize = 20;
const START: &str = "<DistributionSummary>";
const END: &str = "</DistributionSummary>";

/// Lists the first page of distributions whatever is asked for, and ours on no page but the last.
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
    fn page(&self, body: &str) -> String {
        let Some((head, rest)) = body.split_once(START) else { return body.to_owned() };
        let (items, tail) = rest.rsplit_once(END).unwrap();
        let mut all: Vec<&str> = items.split(&format!("{END}{START}")).collect();
        let ends = self.listed.fetch_add(1, Ordering::SeqCst) >= LISTS_MAX;
        if all.len() <= PAGE || ends {
            return body.to_owned();
        }
        all.retain(|summary| !summary.contains(&self.ours));
        let items = all[..PAGE].join(&format!("{END}{START}"));
        let whole = "<IsTruncated>false</IsTruncated>";
        assert!(head.contains(whole), "{head}");
        let more = "<NextMarker>1</NextMarker><IsTruncated>true</IsTruncated>";
        format!("{}{START}{items}{END}{tail}", head.replace(whole, more))
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
        *counts.entry(call.to_string()).or_default() += 1;
    }
    counts
}

/// What each command asks of AWS in the life of a stack.
struct Counted {
    unchanged: [BTreeMap<String, usize>; 2],
    /// How often the list was asked for by commands that find, make or remove a stack.
    lists: Vec<(&'static str, usize)>,
}

impl Counted {
    fn in_a_life(pipeline: &Pipeline, paged: &Paged) -> Self {
        const OFF: &str = "[cdn]\nenabled = false\n";
        let calls = |command: &[&str]| calls(pipeline, paged, command);
        let lists = |command: &[&str]| calls(command).get(LIST).copied().unwrap_or_default();
        let unchanged = [calls(&["up", "--yes"]), calls(&["status"])];
        let down = lists(&["down", "--yes"]);
        let gone = lists(&["down", "--yes"]);
        pipeline.edit(
            "[[variants]]\nsize = \"800x600\"",
            &format!("{OFF}[[variants]]\nsize = \"800x600\""),
        );
        let without = lists(&["up", "--yes"]);
        pipeline.edit(OFF, "");
        let with = lists(&["up", "--yes"]);
        let lists =
            vec![("down", down), ("gone", gone), ("without a CDN", without), ("with one", with)];
        Self { unchanged, lists }
    }
}

pub(crate) async fn no_number_of_other_stacks_makes_a_run_ask_more_of_aws() {
    let pipeline = Pipeline::new("neighbours").await;
    pipeline.up();
    let ours = format!("<Comment>imgprep-{}-", pipeline.stack);
    let paged = Arc::new(Paged { ours, listed: AtomicUsize::new(0) });
    pipeline.proxy.behave(Arc::<Paged>::clone(&paged));
    let mut others = Others::beside(&pipeline).await;
    let mut counted = Vec::new();
    for count in [1, 50, 500] {
        others.grow(count).await;
        counted.push(Counted::in_a_life(&pipeline, &paged));
    }
    for other in &counted[1..] {
        assert_eq!(counted[0].lists, other.lists);
    }
    assert_eq!(counted[0].unchanged, counted[1].unchanged, "at 1 and at 50");
    let mut expected = counted[0].unchanged.clone();
    for calls in &mut expected {
        // The bucket's policy leads to ours, so that the list is not read to its end.
        *calls.entry("cloudfront:GetDistribution".to_owned()).or_default() += 1;
        *calls.entry("s3:GetBucketPolicy".to_owned()).or_default() += 1;
        assert_eq!(calls[LIST], 1);
    }
    assert_eq!(counted[2].unchanged, expected, "at 500");
}
