//! Whom the gate of the local AWS lets in, and whom it does not.

use std::process::Command;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::{BoxError, ProvideErrorMetadata};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Request};
use imgprep_testkit::clients::Clients;
use imgprep_testkit::emulator::Emulator;
use imgprep_testkit::http::WholeRequest;
use imgprep_testkit::{Pipeline, REGION, http, run};

/// What anybody on this machine, or a page in its browser, can send.
fn request(port: u16, method: Method, path: &str) -> hyper::http::request::Builder {
    let host = format!("127.0.0.1:{port}");
    Request::builder().method(method).uri(path).header("host", host)
}

/// The code with which the gate, or MiniStack, refuses.
async fn refusal(port: u16, request: WholeRequest) -> (u16, String) {
    let answer = http::send(port, request).await.unwrap();
    let text = http::text(&answer);
    let header = answer.headers().get("x-amzn-errortype").and_then(|it| it.to_str().ok());
    let in_text = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    let code = header.or(in_text.map(|(code, _)| code)).unwrap_or_default();
    assert!(!answer.headers().contains_key("access-control-allow-origin"), "{answer:?}");
    (answer.status().as_u16(), code.to_owned())
}

fn empty(builder: hyper::http::request::Builder) -> WholeRequest {
    builder.body(Full::default()).unwrap()
}

/// A signature of the right form that nobody made.
fn made_up(key: &str, service: &str) -> String {
    let day = &now()[..8];
    format!(
        "AWS4-HMAC-SHA256 Credential={key}/{day}/{REGION}/{service}/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature={}",
        "0".repeat(64)
    )
}

/// Now, as `x-amz-date` has it.
fn now() -> String {
    let date = DateTime::from(SystemTime::now()).fmt(Format::DateTime).unwrap();
    date[..19].replace(['-', ':'], "") + "Z"
}

pub(crate) async fn whoever_does_not_know_the_secret_can_do_nothing() {
    let port = Emulator::next().port();
    let function = r#"{"FunctionName":"evil","Runtime":"python3.12","Role":"arn:aws:iam::000000000000:role/a","Handler":"a.b","Code":{"ZipFile":""}}"#;
    let path = "/2015-03-31/functions";
    let creation = |authorization: Option<String>| {
        let mut builder =
            request(port, Method::POST, path).header("origin", "https://evil.example");
        builder = builder.header("sec-fetch-site", "cross-site").header("x-amz-date", now());
        if let Some(authorization) = authorization {
            builder = builder.header("authorization", authorization);
        }
        builder.body(Full::new(Bytes::from(function))).unwrap()
    };
    let unsigned = (403, "MissingAuthenticationToken".to_owned());
    assert_eq!(refusal(port, creation(None)).await, unsigned);
    let wrong = (403, "SignatureDoesNotMatch".to_owned());
    for account in ["test", "000000000000", "123456789012"] {
        assert_eq!(
            refusal(port, creation(Some(made_up(account, "lambda")))).await,
            wrong,
            "{account}"
        );
    }
    let unknown = (403, "InvalidClientTokenId".to_owned());
    for key in ["AKIAIOSFODNN7EXAMPLE", "ASIA0000000000000000", "%74est", "TEST"] {
        assert_eq!(refusal(port, creation(Some(made_up(key, "lambda")))).await, unknown, "{key}");
    }
    for other in ["AWS test:c2lnbmF0dXJl", "Bearer test", "AWS4-ECDSA-P256-SHA256 Credential=test"]
    {
        let (status, code) = refusal(port, creation(Some(other.to_owned()))).await;
        assert_eq!((status, code.as_str()), (400, "UnsupportedSignature"), "{other}");
    }
    // MiniStack's own doors, and what it shows without a key.
    let own = [
        "/_ministack/reset",
        "/_ministack/health",
        "/_ministack/lambda-code/a/b/c",
        "/_localstack/health",
        "/health",
        "/_imgprep/other",
        "/_aws/sqs/messages",
        "/",
        "/?Action=ListRoles&Version=2010-05-08",
        "/?Action=ListTopics&Version=2010-03-31&AWSAccessKeyId=test",
        "/bucket/key?X-Amz-Credential=test/20260101/us-east-1/s3/aws4_request",
        "/bucket/key?x-amz-security-token=a",
        "///",
        "//bucket",
        "/%2Fbucket/key",
        "/%5Fministack/health",
    ];
    for path in own {
        for method in [Method::GET, Method::POST, Method::OPTIONS] {
            let answer = refusal(port, empty(request(port, method.clone(), path))).await;
            assert!((400..=403).contains(&answer.0), "{method} {path}: {answer:?}");
        }
    }
    // Two signatures, of which each side could take another.
    let both = request(port, Method::GET, "/a/b?X-Amz-Signature=0&X-Amz-Credential=test");
    let both = both.header("authorization", made_up("test", "s3")).header("x-amz-date", now());
    assert_eq!(refusal(port, empty(both)).await.1, "IncompleteSignature");
    let twice = request(port, Method::GET, "/a/b").header("x-amz-date", now());
    let twice = twice.header("authorization", made_up("test", "s3"));
    let twice = twice.header("authorization", made_up("AKIAIOSFODNN7EXAMPLE", "s3"));
    assert_eq!(refusal(port, empty(twice)).await.1, "IncompleteSignature");
}

/// A function with an address answers to OPTIONS itself, and MiniStack believes whoever names an account.
pub(crate) async fn a_preflight_reaches_buckets_only_and_as_nobody() {
    let port = Emulator::next().port();
    let hosts = ["a.lambda-url.us-east-1.localhost", "a.execute-api.localhost", "127.0.0.1"];
    for host in hosts {
        for path in ["/p?X-Amz-Signature=1", "/%5Faws/lambda-url/a/p?X-Amz-Signature=1"] {
            let options = Request::options(path).header("host", format!("{host}:{port}"));
            let options = options.header("origin", "x").header("x-amz-date", now());
            let options = options.header("authorization", made_up("test", "lambda"));
            let options = options.header("access-control-request-method", "GET");
            assert_eq!(refusal(port, empty(options)).await.0, 403, "{host} {path}");
        }
    }
}

/// What an unsigned request brings along does not come between others on the way to MiniStack.
pub(crate) async fn an_unsigned_body_goes_nowhere() {
    let pipeline = Pipeline::new("framing").await;
    let port = pipeline.emulator.port();
    let read = || {
        let path = "/_imgprep/cdn/none/a";
        request(port, Method::GET, path).body(Full::new(Bytes::from("hello"))).unwrap()
    };
    for _ in 0..50 {
        let (answer, listed) =
            tokio::join!(http::send(port, read()), pipeline.aws.s3.list_buckets().send());
        assert_eq!(answer.unwrap().status(), 404);
        listed.unwrap();
    }
}

/// Sends another body than the one that was signed, of the same length, for that is signed, too.
#[derive(Debug)]
struct OtherBody(&'static str);

impl Intercept for OtherBody {
    fn name(&self) -> &'static str {
        "another body"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        *context.request_mut().body_mut() = SdkBody::from(self.0);
        Ok(())
    }
}

pub(crate) async fn a_body_that_is_not_the_signed_one_is_refused_as_aws_does() {
    let pipeline = Pipeline::new("bodies").await;
    let (s3, bucket) = (&pipeline.aws.s3, &pipeline.bucket);
    s3.create_bucket().bucket(bucket).send().await.unwrap();
    let put = s3.put_object().bucket(bucket).key("a").body(ByteStream::from_static(b"signed"));
    let forged = put.customize().interceptor(OtherBody("forged")).send().await.unwrap_err();
    assert_eq!(forged.code(), Some("XAmzContentSHA256Mismatch"));
    s3.head_object().bucket(bucket).key("a").send().await.expect_err("nothing was stored");
    s3.delete_bucket().bucket(bucket).send().await.unwrap();
}

pub(crate) async fn a_foreign_name_of_this_machine_is_refused() {
    let port = Emulator::next().port();
    for host in
        ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", ".localhost", ""]
    {
        let request = Request::get("/_imgprep/health").header("host", format!("{host}:{port}"));
        assert_eq!(refusal(port, empty(request)).await, (421, "InvalidHost".to_owned()), "{host}");
    }
    for host in ["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "bucket.s3.localhost"] {
        let request = Request::get("/_imgprep/health").header("host", format!("{host}:{port}"));
        let answer = http::send(port, empty(request)).await.unwrap();
        assert_eq!(answer.status(), 200, "{host}");
    }
}

pub(crate) async fn keys_that_were_made_on_it_work_as_long_as_they_are_there() {
    let pipeline = Pipeline::new("keys").await;
    let port = pipeline.emulator.port();
    let iam = &pipeline.aws.iam;
    iam.create_user().user_name("user").send().await.unwrap();
    let key = iam.create_access_key().user_name("user").send().await.unwrap().access_key.unwrap();
    let (id, secret) = (key.access_key_id(), key.secret_access_key());
    let all = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:*","Resource":"*"}]}"#;
    let put = iam.put_user_policy().user_name("user").policy_name("all").policy_document(all);
    put.send().await.unwrap();
    Clients::at(port, (id, secret)).sns.list_topics().send().await.unwrap();
    let wrong = Clients::at(port, (id, "wrong")).sns.list_topics().send().await.unwrap_err();
    assert_eq!(wrong.code(), Some("SignatureDoesNotMatch"));
    iam.delete_access_key().user_name("user").access_key_id(id).send().await.unwrap();
    Clients::at(port, (id, secret)).sns.list_topics().send().await.unwrap_err();
    iam.delete_user_policy().user_name("user").policy_name("all").send().await.unwrap();
    iam.delete_user().user_name("user").send().await.unwrap();
}

pub(crate) async fn a_presigned_address_is_for_whoever_has_it_and_for_nothing_else() {
    let pipeline = Pipeline::new("presigned").await;
    let port = pipeline.emulator.port();
    let (s3, bucket) = (&pipeline.aws.s3, &pipeline.bucket);
    s3.create_bucket().bucket(bucket).send().await.unwrap();
    let hour = PresigningConfig::expires_in(Duration::from_hours(1)).unwrap();
    let put = s3.put_object().bucket(bucket).key("a b/ä+c.jpg");
    let url = put.presigned(hour.clone()).await.unwrap().uri().to_owned();
    let path = url.split_once(&format!("127.0.0.1:{port}")).unwrap().1.to_owned();
    let preflight = |path: &str| {
        let options =
            request(port, Method::OPTIONS, path).header("origin", "http://localhost:3000");
        empty(options.header("access-control-request-method", "PUT"))
    };
    let asked = http::send(port, preflight(&path)).await.unwrap();
    assert_eq!(asked.status(), 403, "the bucket has no CORS: {asked:?}");
    let rule = aws_sdk_s3::types::CorsRule::builder()
        .allowed_methods("PUT")
        .allowed_origins("http://localhost:3000")
        .build()
        .unwrap();
    let rules = aws_sdk_s3::types::CorsConfiguration::builder().cors_rules(rule).build().unwrap();
    s3.put_bucket_cors().bucket(bucket).cors_configuration(rules).send().await.unwrap();
    let asked = http::send(port, preflight(&path)).await.unwrap();
    assert_eq!(asked.status(), 200, "{asked:?}");
    let bare = path.split_once('?').unwrap().0;
    assert_eq!(
        refusal(port, preflight(bare)).await.0,
        403,
        "what is not presigned is not asked for"
    );

    let send = |method: Method, path: &str| {
        request(port, method, path).body(Full::new(Bytes::from("hello"))).unwrap()
    };
    let stored = http::send(port, send(Method::PUT, &path)).await.unwrap();
    assert_eq!(stored.status(), 200, "{stored:?}");
    let object = s3.get_object().bucket(bucket).key("a b/ä+c.jpg").send().await.unwrap();
    assert_eq!(object.body.collect().await.unwrap().to_vec(), b"hello");
    let wrong = (403, "SignatureDoesNotMatch".to_owned());
    assert_eq!(refusal(port, send(Method::DELETE, &path)).await, wrong);
    assert_eq!(refusal(port, send(Method::PUT, &path.replace("c.jpg", "d.jpg"))).await, wrong);
    assert_eq!(
        refusal(port, send(Method::PUT, &path.replace("Expires=3600", "Expires=7200"))).await,
        wrong
    );
    let header = request(port, Method::PUT, &path).header("x-amz-acl", "public-read");
    assert_eq!(
        refusal(port, empty(header)).await.1,
        "IncompleteSignature",
        "a header is not signed"
    );
    let past = PresigningConfig::builder()
        .start_time(SystemTime::now() - Duration::from_hours(2))
        .expires_in(Duration::from_hours(1))
        .build()
        .unwrap();
    let old = s3.put_object().bucket(bucket).key("a").presigned(past).await.unwrap();
    let old = old.uri().split_once(&format!("127.0.0.1:{port}")).unwrap().1;
    assert_eq!(refusal(port, send(Method::PUT, old)).await, (403, "AccessDenied".to_owned()));

    // Nothing of it is public, and what has a public ACL is.
    assert_eq!(
        refusal(port, empty(request(port, Method::GET, bare))).await,
        (403, "AccessDenied".to_owned())
    );
    s3.delete_object().bucket(bucket).key("a b/ä+c.jpg").send().await.unwrap();
    s3.delete_bucket().bucket(bucket).send().await.unwrap();
}

/// MiniStack makes a function's secret of names that anybody can guess; the gate's MiniStack does not.
pub(crate) async fn a_functions_secret_does_not_follow_from_its_name() {
    let pipeline = Pipeline::with_cdn("guess").await.that_makes_images();
    let port = pipeline.emulator.port();
    pipeline.up();
    pipeline.imgprep(&["try"]).exits(0);
    let role = pipeline.role_arn();
    let guess = r"
import hashlib, sys
digest = hashlib.sha256(f'{sys.argv[1]}:{sys.argv[2]}'.encode()).hexdigest()
print('ASIA' + digest[:16].upper(), hashlib.sha256(f'secret:{digest}'.encode()).hexdigest())
";
    let function = pipeline.arn("lambda", &format!("function:{}", pipeline.function));
    let guessed = Command::new("python3").args(["-c", guess, &function, &role]).output().unwrap();
    let guessed = String::from_utf8(guessed.stdout).unwrap();
    let (key, secret) = guessed.trim().split_once(' ').unwrap();
    let theirs = Clients::at(port, (key, secret));
    let refused = theirs.s3.list_objects_v2().bucket(&pipeline.bucket).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("SignatureDoesNotMatch"), "the key is one, and not the secret");
}

pub(crate) async fn a_distribution_is_reached_by_name_and_by_path() {
    let pipeline = Pipeline::with_cdn("by-path").await;
    let port = pipeline.emulator.port();
    pipeline.up();
    let put = pipeline.aws.s3.put_object().bucket(&pipeline.bucket).key("800x600/cat.jpg");
    put.body(ByteStream::from_static(b"a cat")).send().await.unwrap();
    let outputs = pipeline.imgprep(&["status", "--json"]).exits(0).json()["outputs"].clone();
    let label = outputs["cdn_domain"].as_str().unwrap().split_once('.').unwrap().0.to_owned();
    let id = outputs["cdn_id"].as_str().unwrap().to_lowercase();
    let host = format!("{label}.cloudfront.localhost:{port}");
    let by_name = http::get(port, &host, "/800x600/cat.jpg").await;
    assert_eq!((by_name.status, by_name.body.as_slice()), (200, &b"a cat"[..]));
    for name in [&label, &id] {
        let path = format!("/_imgprep/cdn/{name}/800x600/cat.jpg");
        let by_path = http::get(port, &format!("127.0.0.1:{port}"), &path).await;
        assert_eq!((by_path.status, by_path.body.as_slice()), (200, &b"a cat"[..]), "{name}");
    }
    // Of the two the outputs show the one that every program finds, where no proxy is between.
    let mut command = pipeline.command();
    command.args(["status", "--json"]).env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"));
    let urls = run(&mut command).exits(0).json()["outputs"]["urls"].clone();
    let url = format!("http://127.0.0.1:{port}/_imgprep/cdn/{label}/800x600/");
    assert_eq!(urls["800x600"], url);
    let missing = http::get(port, &format!("127.0.0.1:{port}"), "/_imgprep/cdn/none/a").await;
    assert_eq!(missing.status, 404);
    let write = Request::post("/800x600/cat.jpg").header("host", &host);
    assert_eq!(refusal(port, empty(write)).await.1, "MissingAuthenticationToken");
    let hidden = Request::get("/_ministack/health").header("host", &host);
    let hidden = http::send(port, empty(hidden)).await.unwrap();
    assert!(!http::text(&hidden).contains("\"services\""), "{hidden:?}");
}
