//! Stacks in other regions and partitions: every ARN, the bucket's place, the CDN's origin.
//!
//! The emulator writes `arn:aws:` whatever the region. For the other partitions a gate stands before
//! it that plays one: what imgprep sent is recorded as it was, and both sides read their own ARNs.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::process::Command;
use std::sync::{Arc, Mutex};

use aws_config::Region;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use imgprep_testkit::calls::Call;
use imgprep_testkit::http::{PAST_THE_GATE, WholeResponse};
use imgprep_testkit::{Output, Pipeline, each, http, run};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// Where a stack is made, and what must follow from it.
#[derive(Clone, Copy)]
struct Place {
    region: &'static str,
    partition: &'static str,
    dns_suffix: &'static str,
    has_cdn: bool,
    /// Whether the file names the region, and not the environment.
    in_file: bool,
}

pub(crate) async fn a_stack_in_us_east_1() {
    let place = Place {
        region: "us-east-1",
        partition: "aws",
        dns_suffix: "amazonaws.com",
        has_cdn: true,
        in_file: false,
    };
    a_whole_life_stays_in(place).await;
}

pub(crate) async fn a_stack_in_eu_central_1() {
    let place = Place {
        region: "eu-central-1",
        partition: "aws",
        dns_suffix: "amazonaws.com",
        has_cdn: true,
        in_file: true,
    };
    a_whole_life_stays_in(place).await;
}

pub(crate) async fn a_stack_in_cn_north_1() {
    let place = Place {
        region: "cn-north-1",
        partition: "aws-cn",
        dns_suffix: "amazonaws.com.cn",
        has_cdn: false,
        in_file: false,
    };
    a_whole_life_stays_in(place).await;
}

pub(crate) async fn a_stack_in_us_gov_west_1() {
    let place = Place {
        region: "us-gov-west-1",
        partition: "aws-us-gov",
        dns_suffix: "amazonaws.com",
        has_cdn: false,
        in_file: true,
    };
    a_whole_life_stays_in(place).await;
}

/// Also the tutorial's way of serving: without a CDN the bucket itself, in its partition.
async fn a_whole_life_stays_in(place: Place) {
    let stay = Stay::new(place).await;
    let up = stay.imgprep(&["up", "--yes", "--json"]).exits(0).json();
    stay.assert_document(&up);
    let sent = stay.gate.take_sent();
    stay.assert_sent(&sent);
    stay.assert_bucket_made_in_place(&sent).await;
    stay.assert_topic_read_back().await;
    stay.assert_origin(&sent);
    let status = stay.imgprep(&["status", "--json"]).exits(0).json();
    assert_eq!(status["state"], "ready", "{status:#}");
    assert_eq!(status["outputs"], up["outputs"]);
    stay.imgprep(&["plan", "--exit-code"]).exits(0);
    stay.imgprep(&["try", "--timeout", "60"]).exits(0);
    let down = stay.imgprep(&["down", "--yes", "--delete-images", "--json"]).exits(0).json();
    assert_eq!(down["state"], "absent", "{down:#}");
    let asked = stay.gate.take_sent().iter().any(|sent| sent.call.service == "cloudfront");
    assert_eq!(asked, place.partition != "aws-us-gov", "there is no CloudFront to ask");
    stay.assert_nothing_left().await;
}

/// A pipeline whose imgprep is in a place.
struct Stay {
    place: Place,
    pipeline: Pipeline,
    gate: Gate,
}

impl Stay {
    async fn new(place: Place) -> Self {
        let pipeline = if place.has_cdn {
            Pipeline::with_cdn(place.region).await
        } else {
            Pipeline::new(place.region).await
        };
        let pipeline = pipeline.that_makes_images();
        if !place.has_cdn {
            pipeline.edit("\n[topic]", "access = \"public-acl\"\n\n[topic]");
            pipeline.edit("[tags]", "[cdn]\nenabled = false\n\n[tags]");
        }
        if place.in_file {
            let name = format!("name = \"{}\"\n", pipeline.stack);
            pipeline.edit(&name, &format!("{name}region = \"{}\"\n", place.region));
        }
        let gate = Gate::start(place.partition, pipeline.emulator.port()).await;
        Self { place, pipeline, gate }
    }

    fn command(&self) -> Command {
        let mut command = self.pipeline.command();
        command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.gate.port));
        if !self.place.in_file {
            command.env("AWS_REGION", self.place.region);
        }
        command
    }

    fn imgprep(&self, arguments: &[&str]) -> Output {
        run(self.command().args(arguments))
    }

    fn assert_document(&self, up: &Value) {
        let Place { region, partition, .. } = self.place;
        let account = &self.pipeline.account;
        assert_eq!(up["region"], region);
        for arn in each_arn(&up.to_string()) {
            assert!(arn.is_in(&self.place, account), "{arn:?}");
        }
        let Pipeline { topic, function, bucket, .. } = &self.pipeline;
        let outputs = &up["outputs"];
        assert_eq!(outputs["topic_arn"], format!("arn:{partition}:sns:{region}:{account}:{topic}"));
        let function = format!("arn:{partition}:lambda:{region}:{account}:function:{function}");
        assert_eq!(outputs["function_arn"], function);
        let expected = if self.place.has_cdn {
            let domain = outputs["cdn_domain"].as_str().unwrap();
            let label = domain.strip_suffix(".cloudfront.net").unwrap();
            format!("http://{label}.cloudfront.localhost:{}/800x600/", self.gate.port)
        } else {
            assert_eq!(outputs["cdn_domain"], Value::Null);
            format!("http://127.0.0.1:{}/{bucket}/800x600/", self.gate.port)
        };
        assert_eq!(outputs["urls"]["800x600"], expected);
    }

    /// Every ARN that was sent is of the partition, the region and the account, and so is every
    /// signature of a regional service.
    fn assert_sent(&self, sent: &[Sent]) {
        let mut services = BTreeSet::new();
        for Sent { call, signed_region, text } in sent {
            for arn in each_arn(text) {
                assert!(arn.is_in(&self.place, &self.pipeline.account), "{call} sent {arn:?}");
                services.insert(arn.service.clone());
            }
            if !["iam", "cloudfront"].contains(&call.service.as_str()) {
                // CloudFront's certificates are in one region for all.
                let is_about_certificates = text.contains("\"acm:certificate\"");
                let region = if is_about_certificates { "us-east-1" } else { self.place.region };
                assert_eq!(signed_region, region, "{call}");
            }
        }
        for service in ["iam", "lambda", "logs", "s3", "sns", "sqs"] {
            assert!(services.contains(service), "no ARN of {service} was sent: {services:?}");
        }
    }

    async fn assert_bucket_made_in_place(&self, sent: &[Sent]) {
        let made = sent.iter().filter(|sent| sent.call.to_string() == "s3:CreateBucket");
        let made: Vec<_> = made.map(|sent| element(&sent.text, "LocationConstraint")).collect();
        let expected = (self.place.region != "us-east-1").then(|| self.place.region.to_owned());
        assert_eq!(made, std::slice::from_ref(&expected));
        let get = self.pipeline.aws.s3.get_bucket_location().bucket(&self.pipeline.bucket);
        let location = get.send().await.unwrap().location_constraint;
        let location = location.map(|it| it.as_str().to_owned()).filter(|it| !it.is_empty());
        assert_eq!(location, expected);
    }

    /// Straight from the emulator, which knows its own partition only.
    async fn assert_topic_read_back(&self) {
        let arn = self.topic_arn();
        let attributes = self.sns().get_topic_attributes().topic_arn(&arn).send().await.unwrap();
        let policy = &attributes.attributes.unwrap()["Policy"];
        let found: Vec<String> = each_arn(policy).into_iter().map(|arn| arn.text).collect();
        assert!(found.contains(&arn), "{found:?}");
        assert!(found.contains(&format!("arn:aws:s3:::{}", self.pipeline.bucket)), "{found:?}");
    }

    fn assert_origin(&self, sent: &[Sent]) {
        let made = sent.iter().filter(|sent| sent.call.operation == "CreateDistribution");
        let made: Vec<_> = made.map(|sent| element(&sent.text, "DomainName")).collect();
        let Place { region, dns_suffix, .. } = self.place;
        let origin = format!("{}.s3.{region}.{dns_suffix}", self.pipeline.bucket);
        let expected = if self.place.has_cdn { vec![Some(origin)] } else { Vec::new() };
        assert_eq!(made, expected);
    }

    async fn assert_nothing_left(&self) {
        let status = self.imgprep(&["status", "--json"]).exits(4).json();
        assert_eq!(status["state"], "absent");
        assert!(each(&status, "state").iter().all(|state| *state == "missing"), "{status:#}");
        assert!(self.pipeline.keys().await.is_none(), "the bucket is gone");
        let get = self.sns().get_topic_attributes().topic_arn(self.topic_arn()).send().await;
        assert!(get.is_err(), "the topic is gone");
    }

    fn topic_arn(&self) -> String {
        let Pipeline { account, topic, .. } = &self.pipeline;
        format!("arn:aws:sns:{}:{account}:{topic}", self.place.region)
    }

    fn sns(&self) -> aws_sdk_sns::Client {
        let config = self.pipeline.aws.sns.config().to_builder();
        let config = config.region(Region::new(self.place.region));
        aws_sdk_sns::Client::from_conf(config.build())
    }
}

/// Every test takes its stack down, also one that fails.
impl Drop for Stay {
    fn drop(&mut self) {
        let output = self.imgprep(&["down", "--yes", "--delete-images"]);
        if !std::thread::panicking() {
            output.exits(0);
        }
    }
}

/// An ARN that stands somewhere in a text.
#[derive(Debug)]
struct Arn {
    text: String,
    partition: String,
    service: String,
    region: String,
    account: String,
}

impl Arn {
    fn is_in(&self, place: &Place, account: &str) -> bool {
        let is_global = ["cloudfront", "iam", "s3"].contains(&self.service.as_str());
        let region = if is_global { "" } else { place.region };
        let account = if self.service == "s3" { "" } else { account };
        self.partition == place.partition && self.region == region && self.account == account
    }
}

fn each_arn(text: &str) -> Vec<Arn> {
    let ends = |character: char| "\"<&,]}\\ ".contains(character);
    let arn = |rest: &str| {
        let text = format!("arn:{}", rest.split(ends).next().unwrap());
        let parts: Vec<String> = text.splitn(6, ':').map(ToOwned::to_owned).collect();
        let [_, partition, service, region, account, _] = parts.try_into().unwrap();
        Arn { text, partition, service, region, account }
    };
    text.split("arn:").skip(1).map(arn).collect()
}

/// The text of the first element of this name in XML.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once('<')?.0.to_owned())
}

/// One request as imgprep, or the function, sent it.
struct Sent {
    call: Call,
    /// The region in the scope of its signature.
    signed_region: String,
    /// Path, query and body, without percent signs.
    text: String,
}

/// Plays a partition: lets everything pass to the emulator, with the names of ARNs translated.
struct Gate {
    port: u16,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

struct Shared {
    partition: &'static str,
    upstream: u16,
    sent: Mutex<Vec<Sent>>,
}

impl Gate {
    async fn start(partition: &'static str, upstream: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared { partition, upstream, sent: Mutex::default() });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared))).abort_handle();
        Self { port, shared, accepting }
    }

    fn take_sent(&self) -> Vec<Sent> {
        let sent = std::mem::take(&mut *self.shared.sent.lock().unwrap());
        assert!(!sent.is_empty(), "nothing came to the gate at all");
        sent
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(request, &shared));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(request: Request<Incoming>, shared: &Shared) -> Result<WholeResponse, Infallible> {
    Ok(shared.pass(request).await.unwrap_or_else(|error| {
        let mut response = Response::new(Full::new(Bytes::from(error.to_string())));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    }))
}

impl Shared {
    async fn pass(&self, request: Request<Incoming>) -> Result<WholeResponse, http::Error> {
        let (mut parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        self.record(&parts, &body);
        parts.headers.remove("expect");
        parts.uri = translated(&parts.uri.to_string(), self.partition, "aws").parse()?;
        let inner = self.translated_body(&body, self.partition, "aws");
        if inner != body {
            // They are sums of what was there before.
            let sums = |name: &str| name == "content-md5" || name.starts_with("x-amz-checksum-");
            let sums: Vec<_> =
                parts.headers.keys().filter(|name| sums(name.as_str())).cloned().collect();
            for name in sums {
                parts.headers.remove(name);
            }
        }
        parts.headers.remove(CONTENT_LENGTH);
        parts.headers.insert(PAST_THE_GATE, HeaderValue::from_static("true"));
        let request = Request::from_parts(parts, Full::new(inner));
        let (mut parts, body) = http::send(self.upstream, request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        let outer = self.translated_body(&body, "aws", self.partition);
        if outer != body {
            parts.headers.remove(CONTENT_LENGTH);
        }
        Ok(Response::from_parts(parts, Full::new(outer)))
    }

    fn record(&self, parts: &Parts, body: &Bytes) {
        let scope = parts.headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok());
        let region = scope.and_then(|scope| scope.split('/').nth(2)).unwrap_or_default();
        let text = format!("{} {}", parts.uri, String::from_utf8_lossy(body));
        let text = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        let call = Call::of(parts, body);
        let sent = Sent { call, signed_region: region.to_owned(), text };
        self.sent.lock().unwrap().push(sent);
    }

    /// Images and other bytes stay what they are.
    fn translated_body(&self, body: &Bytes, from: &str, to: &str) -> Bytes {
        match std::str::from_utf8(body) {
            Ok(text) if self.partition != "aws" => Bytes::from(translated(text, from, to)),
            _ => body.clone(),
        }
    }
}

fn translated(text: &str, from: &str, to: &str) -> String {
    text.replace(&format!("arn:{from}:"), &format!("arn:{to}:"))
        .replace(&format!("arn%3A{from}%3A"), &format!("arn%3A{to}%3A"))
}

pub(crate) async fn a_cdn_where_there_is_none_is_refused_before_any_call() {
    let pipeline = Pipeline::offline("no-cdn").await;
    let name = format!("name = \"{}\"\n", pipeline.stack);
    pipeline.edit(&name, &format!("{name}region = \"us-gov-west-1\"\n"));
    pipeline.edit("[tags]", "[cdn]\nenabled = true\n\n[tags]");
    for command in [&["plan"][..], &["up", "--yes"], &["status"], &["down", "--yes"]] {
        let text = pipeline.imgprep(command).exits(2);
        for word in ["`cdn.enabled`", "us-gov-west-1", "enabled = false"] {
            assert!(text.stderr.contains(word), "{word}: {text}");
        }
        assert_eq!(text.stdout, "");
    }
    let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(2).error();
    assert_eq!(error.code, "InvalidConfiguration");
    assert!(pipeline.proxy.take_calls().is_empty(), "AWS is not asked");
}

pub(crate) async fn a_region_of_the_environment_is_refused_before_the_first_change() {
    let pipeline = Pipeline::new("env-cdn").await;
    pipeline.edit("[tags]", "[cdn]\nenabled = true\n\n[tags]");
    let imgprep = |arguments: &[&str]| {
        let mut command = pipeline.command();
        run(command.args(arguments).env("AWS_REGION", "cn-north-1"))
    };
    for command in [&["plan"][..], &["up", "--yes"], &["status"], &["down", "--yes"]] {
        let text = imgprep(command).exits(2);
        for word in ["error: `cdn.enabled` is not possible in `cn-north-1`", "enabled = false"] {
            assert!(text.stderr.contains(word), "{word}: {text}");
        }
        assert_eq!(text.stdout, "");
    }
    let error = imgprep(&["up", "--yes", "--json"]).exits(2).error();
    assert_eq!(error.code, "InvalidConfiguration");
    assert!(error.hint.contains("`enabled = false`"), "{error:?}");
    let calls = pipeline.proxy.take_calls();
    let asked = |call: &Call| call.to_string() == "sts:GetCallerIdentity";
    assert!(!calls.is_empty() && calls.iter().all(asked), "only whose account it is: {calls:?}");
    imgprep(&["plan", "--region", "eu-central-1"]).exits(0);
}
