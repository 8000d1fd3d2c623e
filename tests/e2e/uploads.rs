//! Uploads by people without credentials: the bucket's CORS rule, and the forms that `presign` signs.

use std::collections::BTreeMap;
use std::process::Command;

use aws_sdk_s3::types::{CorsConfiguration, CorsRule};
use aws_smithy_types::base64;
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use imgprep_testkit::{Pipeline, http, resource, run};
use serde_json::{Value, json};

use crate::permissions::operator::Operator;
use crate::variants::{arrived, dimensions, jpeg};

const ORIGIN: &str = "https://app.example.com";
const SECTION: &str = "[uploads]\norigins = [\"https://app.example.com\"]\nmax_size = \"20kB\"\n";

pub(crate) fn add_section(pipeline: &Pipeline) {
    pipeline.edit("[tags]", &format!("{SECTION}\n[tags]"));
}

fn theirs() -> CorsRule {
    let rule = CorsRule::builder().id("theirs").allowed_methods("GET");
    rule.allowed_origins("https://other.example.com").build().unwrap()
}

pub(crate) async fn put_rules(pipeline: &Pipeline, rules: Vec<CorsRule>) {
    let rules = CorsConfiguration::builder().set_cors_rules(Some(rules)).build().unwrap();
    let put = pipeline.aws.s3.put_bucket_cors().bucket(&pipeline.bucket);
    put.cors_configuration(rules).send().await.unwrap();
}

/// The bucket's rules by their IDs; none where there is no configuration.
async fn rules(pipeline: &Pipeline) -> BTreeMap<String, CorsRule> {
    let get = pipeline.aws.s3.get_bucket_cors().bucket(&pipeline.bucket).send().await;
    let rules = get.map(|answer| answer.cors_rules.unwrap_or_default()).unwrap_or_default();
    rules.into_iter().map(|rule| (rule.id().unwrap_or_default().to_owned(), rule)).collect()
}

pub(crate) async fn a_cors_rule_stands_beside_others_and_leaves_with_its_section() {
    let pipeline = Pipeline::new("cors").await;
    let ours = format!("imgprep-{}", pipeline.stack);
    pipeline.up();
    assert_eq!(rules(&pipeline).await, BTreeMap::new(), "nobody asked for one");
    put_rules(&pipeline, vec![theirs()]).await;
    pipeline.assert_whole();

    add_section(&pipeline);
    pipeline.proxy.take_calls();
    pipeline.up();
    assert_eq!(pipeline.proxy.take_mutating(), ["s3:PutBucketCors"]);
    let both = rules(&pipeline).await;
    assert_eq!(both.keys().collect::<Vec<_>>(), [&ours, "theirs"]);
    assert_eq!(both["theirs"], theirs());
    let rule = &both[&ours];
    assert_eq!(rule.allowed_origins(), [ORIGIN]);
    assert_eq!(rule.allowed_methods(), ["POST", "PUT"]);
    assert_eq!(rule.expose_headers(), ["ETag"]);
    pipeline.assert_whole();

    // A section that is gone shows what is left of it.
    pipeline.edit(SECTION, "");
    let status = pipeline.status(4);
    let edit = &resource(&status, "bucket")["differences"][0];
    assert_eq!((&edit["path"], &edit["want"]), (&json!("cors"), &Value::Null));
    assert_eq!(edit["have"]["allowed_origins"], json!([ORIGIN]));
    pipeline.up();
    assert_eq!(rules(&pipeline).await.into_keys().collect::<Vec<_>>(), ["theirs"]);
    pipeline.assert_whole();
}

/// Of a bucket that was there before and stays, `down` takes our rule alone.
pub(crate) async fn an_adopted_bucket_keeps_the_rules_of_others() {
    let pipeline = Pipeline::new("cors-back").await;
    add_section(&pipeline);
    for others in [vec![theirs()], Vec::new()] {
        let create = pipeline.aws.s3.create_bucket().bucket(&pipeline.bucket);
        let _ = create.send().await;
        let delete = pipeline.aws.s3.delete_bucket_cors().bucket(&pipeline.bucket);
        delete.send().await.unwrap();
        if !others.is_empty() {
            put_rules(&pipeline, others.clone()).await;
        }
        pipeline.imgprep(&["up", "--yes", "--adopt"]).exits(0);
        assert_eq!(rules(&pipeline).await.len(), others.len() + 1);
        pipeline.down();
        assert_eq!(rules(&pipeline).await.into_values().collect::<Vec<_>>(), others);
    }
    pipeline.aws.s3.delete_bucket().bucket(&pipeline.bucket).send().await.unwrap();
}

/// Who may not read the rules, and has no section, learns so and is not stopped: an earlier release
/// printed no policy with that permission.
pub(crate) async fn without_a_section_the_rules_need_not_be_readable() {
    let pipeline = Pipeline::new("cors-denied").await;
    pipeline.up();
    let operator = Operator::new(&pipeline).await;
    let statement =
        |effect: &str, action: &str| json!({ "Effect": effect, "Action": action, "Resource": "*" });
    operator.allow(&[statement("Allow", "*"), statement("Deny", "s3:GetBucketCORS")]).await;
    let status = operator.imgprep(&["status", "--json"]).exits(0).json();
    let note = resource(&status, "bucket")["note"].as_str().unwrap().to_owned();
    assert!(note.starts_with("cannot tell whether a CORS rule of imgprep is left: "), "{note}");
    operator.imgprep(&["plan", "--exit-code"]).exits(0);
    add_section(&pipeline);
    let denied = operator.imgprep(&["status", "--json"]).exits(1).error();
    assert!(denied.hint.contains("s3:GetBucketCORS"), "{denied:?}");
    operator.dismiss().await;
}

/// A form, as it is printed with `--json`.
struct Form {
    url: String,
    fields: BTreeMap<String, String>,
}

/// What S3 answered to a form.
struct Answer {
    status: u16,
    code: String,
    allows: Option<String>,
}

impl Form {
    fn signed(pipeline: &Pipeline, arguments: &[&str]) -> Self {
        let arguments = [&["presign", "--json"], arguments].concat();
        Self::of(&pipeline.imgprep(&arguments).exits(0).json())
    }

    fn of(json: &Value) -> Self {
        let fields = json["fields"].as_object().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            url: text(&json["url"]),
            fields: fields.map(|(name, value)| (name.clone(), text(value))).collect(),
        }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With another policy under the same signature.
    fn tampered(self, from: &str, to: &str) -> Self {
        let policy = String::from_utf8(base64::decode(&self.fields["policy"]).unwrap()).unwrap();
        assert!(policy.contains(from), "{policy}");
        let other = base64::encode(policy.replace(from, to));
        self.with("policy", &other)
    }

    /// Sends it as a browser does, straight to the emulator.
    async fn send(&self, pipeline: &Pipeline, file: &[u8]) -> Answer {
        let port = pipeline.emulator.port();
        let path = self.url.splitn(4, '/').nth(3).unwrap();
        let mut body = Vec::new();
        for (name, value) in &self.fields {
            let head = format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
            body.extend([head.as_bytes(), value.as_bytes(), b"\r\n"].concat());
        }
        let head = "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.jpg\"\r\n\
                    Content-Type: image/jpeg\r\n\r\n";
        body.extend([head.as_bytes(), file, b"\r\n--edge--\r\n"].concat());
        let request = Request::post(format!("/{path}"))
            .header("host", format!("127.0.0.1:{port}"))
            .header("origin", ORIGIN)
            .header("content-type", "multipart/form-data; boundary=edge")
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        let answer = http::send(port, request).await.unwrap();
        let text = http::text(&answer);
        let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
        let allows = answer.headers().get("access-control-allow-origin");
        Answer {
            status: answer.status().as_u16(),
            code: code.map(|(code, _)| code.to_owned()).unwrap_or_default(),
            allows: allows.map(|origin| origin.to_str().unwrap().to_owned()),
        }
    }

    async fn refused(&self, pipeline: &Pipeline, file: &[u8]) -> (u16, String) {
        let Answer { status, code, .. } = self.send(pipeline, file).await;
        (status, code)
    }
}

pub(crate) async fn a_form_uploads_one_original_and_its_variants_are_made() {
    let pipeline = Pipeline::new("form").await.that_makes_images();
    add_section(&pipeline);
    pipeline.up();
    let key = "2026/Grüße (1)+b.jpg";
    let form = Form::signed(&pipeline, &[key, "--focus", "0.31,0.62"]);
    assert_eq!(form.fields["key"], format!("originals/{key}"));
    assert_eq!(form.fields["Content-Type"], "image/jpeg");
    let answer = form.send(&pipeline, &jpeg(64, 48)).await;
    assert_eq!((answer.status, answer.code.as_str()), (204, ""));
    assert_eq!(answer.allows.as_deref(), Some(ORIGIN));
    let head = pipeline.aws.s3.head_object().bucket(&pipeline.bucket);
    let head = head.key(format!("originals/{key}")).send().await.unwrap();
    assert_eq!(head.content_type(), Some("image/jpeg"));
    assert_eq!(head.metadata().unwrap()["imgprep-focus"], "0.31,0.62");
    let variant = arrived(&pipeline, &format!("400x300/{key}")).await;
    assert_eq!(dimensions(&variant.bytes), (400, 300));

    // The text is a command, run here as it is printed.
    std::fs::write(pipeline.folder().join("b.jpg"), jpeg(64, 48)).unwrap();
    let text = pipeline.imgprep(&["presign", "originals/it's/b.jpg"]).exits(0);
    assert!(text.stderr.contains("for up to 20.0 kB"), "{text}");
    let command = text.stdout.replace(
        &format!("127.0.0.1:{}", pipeline.proxy.port),
        &format!("127.0.0.1:{}", pipeline.emulator.port()),
    );
    let sent = run(Command::new("sh").args(["-c", &command]).current_dir(pipeline.folder()));
    assert_eq!((sent.code, sent.stdout.as_str()), (0, ""), "{sent}");
    arrived(&pipeline, "400x300/it's/b.jpg").await;
}

pub(crate) async fn a_form_is_good_for_nothing_else() {
    let pipeline = Pipeline::new("bounds").await;
    add_section(&pipeline);
    pipeline.up();
    let form = |arguments: &[&str]| Form::signed(&pipeline, &[&["a.jpg"], arguments].concat());
    let file = jpeg(8, 8);
    let refused = async |form: Form, file: &[u8]| form.refused(&pipeline, file).await;
    let denied = (403, "AccessDenied".to_owned());
    let forged = (403, "SignatureDoesNotMatch".to_owned());
    assert_eq!(refused(form(&[]).with("key", "originals/b.jpg"), &file).await, denied);
    assert_eq!(refused(form(&[]).with("Content-Type", "text/html"), &file).await, denied);
    assert_eq!(refused(form(&[]).with("acl", "public-read"), &file).await, denied);
    assert_eq!(refused(form(&[]).with("x-amz-meta-more", "a"), &file).await, denied);
    assert_eq!(refused(form(&[]), &vec![0; 20_001]).await, (400, "EntityTooLarge".to_owned()));
    assert_eq!(refused(form(&[]), &[]).await, (400, "EntityTooSmall".to_owned()));
    assert_eq!(refused(form(&[]).tampered("20000", "90000"), &file).await, forged);
    assert_eq!(refused(form(&[]).tampered("a.jpg", "b.jpg"), &file).await, forged);
    let soon = form(&["--expires", "1s"]);
    tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
    assert_eq!(refused(soon, &file).await, denied);
    let mut unsigned = form(&[]);
    unsigned.fields.remove("x-amz-signature");
    assert_eq!(refused(unsigned, &file).await, (400, "IncompleteSignature".to_owned()));
    let nobody =
        Form { fields: [("key".to_owned(), "originals/c.jpg".to_owned())].into(), ..form(&[]) };
    assert_eq!(refused(nobody, &file).await, (400, "IncompleteSignature".to_owned()));
    assert_eq!(pipeline.keys().await.unwrap(), ["400x300/", "800x600/", "originals/"]);
    assert_eq!(
        form(&[]).send(&pipeline, &vec![7; 20_000]).await.status,
        204,
        "as large as allowed"
    );
}

pub(crate) async fn what_cannot_be_signed_is_told_with_what_to_do() {
    let pipeline = Pipeline::new("unsigned").await;
    pipeline.edit("[tags]", "[uploads]\ntypes = [\"image/jpeg\", \"image/png\"]\n\n[tags]");
    let error = |arguments: &[&str]| {
        let arguments = [&["presign", "--json"], arguments].concat();
        let error = pipeline.imgprep(&arguments).exits(2).error();
        format!("{}: {}; {}", error.code, error.message, error.hint)
    };
    assert_eq!(
        error(&["a"]),
        "InvalidContentType: the extension of `a` says nothing of its content type; add `--type`, \
         such as `--type image/jpeg`"
    );
    assert_eq!(
        error(&["a.webp"]),
        "InvalidContentType: the content type `image/webp` is not allowed; choose `image/jpeg` or \
         `image/png`, or add it to `types` under `[uploads]`"
    );
    assert!(error(&["originals/"]).starts_with("InvalidKey: `originals/` is not the key"));
    assert!(error(&["a/${filename}"]).starts_with("InvalidKey: "));
    for wrong in [&["--focus", "2,0"], &["--expires", "8d"], &["--type", "image/*"]] {
        pipeline.imgprep(&[&["presign", "a.jpg"], &wrong[..]].concat()).exits(2);
    }
    assert!(error(&["a/../b.jpg"]).starts_with("InvalidKey: "));
    // Nothing of AWS is asked but whose credentials these are.
    pipeline.proxy.take_calls();
    pipeline.imgprep(&["presign", "a.jpg"]).exits(0);
    let calls: Vec<String> = pipeline.proxy.take_calls().iter().map(ToString::to_string).collect();
    assert_eq!(calls, ["sts:GetCallerIdentity"]);
}

/// The key that signed is named, and its secret is nowhere.
pub(crate) async fn a_form_holds_no_secret() {
    let pipeline = Pipeline::new("session").await;
    let mut command = pipeline.command();
    let printed = run(command.args(["presign", "a.jpg", "--json", "-v"]));
    let secret = pipeline.emulator.secret();
    assert!(!printed.stdout.contains(secret) && !printed.stderr.contains(secret));
    let fields = &printed.json()["fields"];
    assert!(fields["x-amz-credential"].as_str().unwrap().starts_with(&pipeline.account));
    assert_eq!(fields.get("x-amz-security-token"), None, "these keys have no session");
}

pub(crate) async fn the_addresses_of_variants_are_told_with_what_is_known_of_them() {
    // The emulator takes a function with `urls` in its name for another call.
    let pipeline = Pipeline::with_cdn("addresses").await.that_makes_images();
    pipeline.edit(
        "size = \"400x300\"\n",
        "size = \"400x300\"\n\n[[variants]]\nsize = \"50x50\"\nonly = [\"shops/\"]\n",
    );
    pipeline.up();
    pipeline.upload("originals/a b&c.jpg", &jpeg(64, 48)).await;
    arrived(&pipeline, "800x600/a b&c.jpg").await;
    let small = arrived(&pipeline, "400x300/a b&c.jpg").await;
    let base = pipeline.status(0)["outputs"]["cdn_url"].as_str().unwrap().to_owned();
    let found = pipeline.imgprep(&["urls", "a b&c.jpg", "--json"]).exits(0).json();
    let original = &found["originals"][0];
    assert_eq!(original["key"], "originals/a b&c.jpg");
    let variants = original["variants"].as_array().unwrap();
    assert_eq!(variants.len(), 2, "the third is for other folders: {variants:?}");
    assert_eq!(variants[1]["url"], format!("{base}/400x300/a%20b&c.jpg"));
    assert_eq!(variants[1]["bytes"], small.bytes.len());
    assert_eq!(variants[1]["content_type"], "image/jpeg");

    let srcset = pipeline.imgprep(&["urls", "--srcset", "originals/a b&c.jpg"]).exits(0);
    let expected = format!(
        "srcset=\"{base}/400x300/a%20b&amp;c.jpg 400w, {base}/800x600/a%20b&amp;c.jpg 800w\"\n"
    );
    assert_eq!((srcset.stdout.as_str(), srcset.stderr.as_str()), (expected.as_str(), ""));

    // What is not there is said, and a script notices.
    let missing = pipeline.imgprep(&["urls", "none.jpg", "--json"]).exits(4).json();
    let variant = &missing["originals"][0]["variants"][0];
    assert_eq!((&variant["bytes"], &variant["width"]), (&Value::Null, &Value::Null));
    assert_eq!(variant["url"], format!("{base}/800x600/none.jpg"));
    let text = pipeline.imgprep(&["urls", "none.jpg", "a b&c.jpg"]).exits(4);
    assert_eq!(text.stdout.matches("missing").count(), 2, "{text}");
    let empty = pipeline.imgprep(&["urls", "none.jpg", "--srcset"]).exits(4);
    assert!(empty.stderr.contains("`800x600` is left out: it is not there"), "{empty}");
    assert_eq!(empty.stdout, "");

    // A picture that is served although its original has been replaced is not passed over.
    assert!(text.stdout.contains("there is no such original"), "{text}");
    pipeline.upload("originals/a b&c.jpg", b"<svg xmlns='http://www.w3.org/2000/svg'/>").await;
    arrived(&pipeline, "failed/a b&c.jpg.json").await;
    let replaced = pipeline.imgprep(&["urls", "a b&c.jpg", "--json"]).exits(4).json();
    let original = &replaced["originals"][0];
    assert_eq!(original["variants"][0]["outdated"], true);
    assert!(original["failure"].as_str().unwrap().contains("SVG"), "{original}");
    let text = pipeline.imgprep(&["urls", "a b&c.jpg"]).exits(4);
    assert_eq!(text.stdout.matches("of another version of the original").count(), 2, "{text}");
}

pub(crate) async fn without_a_public_address_it_is_said_what_to_do() {
    let pipeline = Pipeline::new("private").await;
    let error =
        |pipeline: &Pipeline| pipeline.imgprep(&["urls", "a.jpg", "--json"]).exits(1).error();
    assert_eq!(error(&pipeline).code, "NoStack");
    pipeline.edit("[tags]", "[cdn]\nenabled = false\n\n[tags]");
    pipeline.up();
    let private = error(&pipeline);
    assert_eq!(private.code, "NoAddress");
    assert!(private.hint.contains("`enabled = true` under `[cdn]`"), "{private:?}");
    assert_eq!(pipeline.status(0)["outputs"]["cdn_url"], Value::Null);
    let bucket = format!("[bucket]\nname = \"{}\"\n", pipeline.bucket);
    pipeline.edit(&bucket, &format!("{bucket}access = \"public-acl\"\n"));
    pipeline.up();
    let found = pipeline.imgprep(&["urls", "a.jpg", "--json"]).exits(4).json();
    let url = found["originals"][0]["variants"][0]["url"].as_str().unwrap();
    assert!(url.ends_with(&format!("/{}/800x600/a.jpg", pipeline.bucket)), "{url}");
}
