//! A stack that an earlier version made, taken on by this one.

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use imgprep_testkit::http::{self, PAST_THE_GATE};
use imgprep_testkit::{Pipeline, REGION};
use serde_json::{Value, json};

/// The changing requests of `imgprep up` of version 0.1.0 (commit 0ccb608) in their order, a line of JSON
/// each. Words in capitals stand for names, and for what AWS numbers itself: `learns` says in which
/// element of the answer that is.
const VERSION_0_1_0: &str = include_str!("upgrade/0.1.0.jsonl");

/// The zip that the function was made of.
fn zip() -> Vec<u8> {
    let create = VERSION_0_1_0.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let zips = create.filter_map(|it| {
        let body: Value = serde_json::from_str(it["body"].as_str()?).ok()?;
        body["Code"]["ZipFile"].as_str().map(ToOwned::to_owned)
    });
    let zips: Vec<String> = zips.collect();
    aws_smithy_types::base64::decode(&zips[0]).unwrap()
}

fn pascal_case(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    });
    words.collect()
}

/// Makes the stack as that version did.
async fn replay(pipeline: &Pipeline) {
    let mut words = vec![
        ("STACK".to_owned(), pipeline.stack.clone()),
        ("BUCKET".to_owned(), pipeline.bucket.clone()),
        ("BUCKET_IN_PASCAL_CASE".to_owned(), pascal_case(&pipeline.bucket)),
        ("TOPIC".to_owned(), pipeline.topic.clone()),
        ("FUNCTION".to_owned(), pipeline.function.clone()),
        ("ACCOUNT".to_owned(), pipeline.account.clone()),
    ];
    for line in VERSION_0_1_0.lines() {
        let said = words
            .iter()
            .fold(line.to_owned(), |line, (word, now)| line.replace(&format!("@{word}@"), now));
        let recorded: Value = serde_json::from_str(&said).unwrap();
        let text = |member: &str| recorded[member].as_str().unwrap();
        let key =
            format!("{}/20260101/{REGION}/{}/aws4_request", pipeline.account, text("service"));
        let mut request = Request::builder()
            .method(text("method"))
            .uri(text("uri"))
            .header("host", "127.0.0.1")
            .header("authorization", format!("AWS4-HMAC-SHA256 Credential={key}"))
            .header(PAST_THE_GATE, "true");
        for (name, value) in recorded["headers"].as_object().unwrap() {
            request = request.header(name, value.as_str().unwrap());
        }
        let body = Full::new(Bytes::from(text("body").to_owned()));
        let response =
            http::send(pipeline.emulator.port(), request.body(body).unwrap()).await.unwrap();
        let answer = http::text(&response);
        assert!(response.status().is_success(), "{said}\n{answer}");
        if let Some(learns) = recorded["learns"].as_object() {
            for (word, element) in learns {
                let start = format!("<{}>", element.as_str().unwrap());
                let value = answer.split(&start).nth(1).and_then(|rest| rest.split('<').next());
                words.push((word.clone(), value.unwrap().to_owned()));
            }
        }
    }
}

pub(crate) async fn a_stack_of_version_0_1_0_is_taken_on_where_it_is() {
    let pipeline = Pipeline::new("upgrade").await;
    pipeline.put_function(&zip());
    let variant = "[[variants]]\nsize = \"800x600\"";
    pipeline.edit(variant, &format!("code = \"function.zip\"\n\n{variant}"));
    replay(&pipeline).await;
    let plan = pipeline.imgprep(&["plan", "--json"]).exits(0).json();
    let changes = plan["resources"].as_array().unwrap().iter().filter(|it| it["action"] != "none");
    let changes: Vec<Value> =
        changes.map(|it| json!([it["id"], it["action"], it["differences"][0]["path"]])).collect();
    // That version did not note which role the function runs as.
    assert_eq!(changes, [json!(["function", "update", "role_id"])], "{plan:#}");
    pipeline.proxy.take_calls();
    pipeline.up();
    assert_eq!(pipeline.proxy.take_mutating(), ["lambda:TagResource"]);
    pipeline.assert_whole();
    pipeline.down();
    assert_eq!(pipeline.aws.inventory().await, Vec::<String>::new());
    pipeline.is_over();
}
