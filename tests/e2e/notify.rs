//! An application that is told when its images are ready: the topic, who listens to it, the message,
//! and the manifest.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use aws_sdk_sqs::types::QueueAttributeName;
use contract::keys::ImagePath;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use imgprep_testkit::http::get;
use imgprep_testkit::{Pipeline, resource, wait_for};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::variants::jpeg;

/// Adds the section to the pipeline's file.
fn notify(pipeline: &Pipeline, lines: &str) {
    pipeline.edit("[tags]", &format!("[notify]\n{lines}\n[tags]"));
}

/// The next message of a queue, which is deleted.
async fn next(pipeline: &Pipeline, queue: &str) -> Value {
    let sqs = &pipeline.aws.sqs;
    let url = sqs.get_queue_url().queue_name(queue).send().await.unwrap().queue_url.unwrap();
    let message = wait_for("a message", async || {
        let receive = sqs.receive_message().queue_url(&url).message_attribute_names("All");
        receive.send().await.unwrap().messages.unwrap_or_default().pop()
    })
    .await;
    let handle = message.receipt_handle().unwrap();
    sqs.delete_message().queue_url(&url).receipt_handle(handle).send().await.unwrap();
    serde_json::from_str(message.body().unwrap()).unwrap()
}

async fn is_empty(pipeline: &Pipeline, queue: &str) -> bool {
    let sqs = &pipeline.aws.sqs;
    let url = sqs.get_queue_url().queue_name(queue).send().await.unwrap().queue_url.unwrap();
    let count = QueueAttributeName::ApproximateNumberOfMessages;
    let get = sqs.get_queue_attributes().queue_url(url).attribute_names(count.clone());
    get.send().await.unwrap().attributes.unwrap()[&count] == "0"
}

async fn manifest(pipeline: &Pipeline, name: &str) -> Option<Value> {
    let key = format!("manifests/{name}.json");
    let get = pipeline.aws.s3.get_object().bucket(&pipeline.bucket).key(key).send().await;
    let body = get.ok()?.body.collect().await.unwrap().to_vec();
    Some(serde_json::from_slice(&body).unwrap())
}

pub(crate) async fn an_application_hears_of_images_that_are_ready_and_of_those_that_failed() {
    let pipeline = Pipeline::with_cdn("ready").await.that_makes_images();
    notify(&pipeline, "queue = true");
    let up = pipeline.imgprep(&["up", "--yes", "--json"]).exits(0).json();
    let queue = format!("{}-ready", pipeline.stack);
    let domain = up["outputs"]["cdn_domain"].as_str().unwrap().to_owned();
    pipeline.upload("originals/a b/ü.jpg", &jpeg(1600, 1200)).await;
    let message = next(&pipeline, &queue).await;
    let head = |folder: &str| {
        let key = format!("{folder}/a b/ü.jpg");
        let head = pipeline.aws.s3.head_object().bucket(&pipeline.bucket).key(key);
        async { head.send().await.unwrap() }
    };
    let (large, small) = (head("800x600").await, head("400x300").await);
    let label = domain.split('.').next().unwrap();
    let made = |folder: &str,
                (width, height),
                head: &aws_sdk_s3::operation::head_object::HeadObjectOutput| {
        let url = message["variants"].as_array().unwrap().iter().find(|it| it["folder"] == folder);
        let url = url.unwrap()["url"].as_str().unwrap();
        assert!(
            url.contains(label) && url.ends_with(&format!("{folder}/a%20b/%C3%BC.jpg")),
            "{url}"
        );
        json!({
            "folder": folder, "key": format!("{folder}/a b/ü.jpg"), "url": url,
            "width": width, "height": height, "bytes": head.content_length().unwrap(),
            "content_type": "image/jpeg", "etag": head.e_tag().unwrap().trim_matches('"'),
        })
    };
    let expected = json!({
        "version": 1, "event": "ready", "stack": pipeline.stack, "bucket": pipeline.bucket,
        "key": "originals/a b/ü.jpg", "name": "a b/ü.jpg", "etag": message["etag"],
        "width": 1600, "height": 1200, "format": "JPEG",
        "thumbhash": message["thumbhash"], "colour": message["colour"],
        "variants": [made("800x600", (800, 600), &large), made("400x300", (400, 300), &small)],
        "reason": null, "warnings": [],
    });
    assert_eq!(message, expected);
    assert!(message["thumbhash"].as_str().is_some_and(|it| it.len() >= 24));
    assert!(message["colour"].as_str().is_some_and(|it| it.len() == 7 && it.starts_with('#')));
    assert_eq!(large.metadata().unwrap()["imgprep-size"], "800x600");
    let mut told = message.clone();
    told.as_object_mut().unwrap().remove("reason");
    assert_eq!(manifest(&pipeline, "a b/ü.jpg").await, Some(told));
    assert!(is_empty(&pipeline, &queue).await, "an upload that nothing disturbs is told once");

    pipeline.upload("originals/a b/ü.jpg", b"no image").await;
    let failed = next(&pipeline, &queue).await;
    assert_eq!((&failed["event"], &failed["variants"]), (&json!("failed"), &json!([])));
    let record = pipeline.aws.s3.get_object().bucket(&pipeline.bucket).key("failed/a b/ü.jpg.json");
    let record = record.send().await.unwrap().body.collect().await.unwrap().to_vec();
    let record: Value = serde_json::from_slice(&record).unwrap();
    assert_eq!(failed["reason"], record["reason"]);
    assert_eq!(manifest(&pipeline, "a b/ü.jpg").await, None, "it would not be true any more");
}

/// The key of such a manifest is cut, so that only the document says whose it is.
pub(crate) async fn the_manifest_of_a_very_long_name_goes_with_its_original() {
    let pipeline = Pipeline::new("long-manifest").await.that_makes_images();
    notify(&pipeline, "queue = true");
    pipeline.up();
    let name = format!("{}.jpg", "x".repeat(1010));
    let manifest_key = ImagePath(&name).manifest_key();
    assert!(ImagePath::may_be_cut(&manifest_key));
    let original = format!("originals/{name}");
    pipeline.upload(&original, &jpeg(64, 48)).await;
    let message = next(&pipeline, &format!("{}-ready", pipeline.stack)).await;
    assert_eq!((&message["event"], &message["key"]), (&json!("ready"), &json!(original)));
    let kept = pipeline.imgprep(&["prune", "--yes"]).exits(0);
    assert!(kept.stdout.ends_with("nothing to prune\n"), "{kept}");
    let delete = pipeline.aws.s3.delete_object().bucket(&pipeline.bucket).key(&original);
    delete.send().await.unwrap();
    let pruned = pipeline.imgprep(&["prune", "--yes", "--json"]).exits(0).json();
    let gone = json!({ "800x600": 1, "400x300": 1, "manifests": 1 });
    assert_eq!((&pruned["orphans"], &pruned["deleted"]), (&gone, &json!(true)));
    assert!(!pipeline.keys().await.unwrap().contains(&manifest_key));
}

pub(crate) async fn listeners_choose_by_folder() {
    let pipeline = Pipeline::new("filters").await.that_makes_images();
    notify(&pipeline, "manifest = false\nplaceholder = \"none\"");
    pipeline.up();
    let (sns, sqs) = (&pipeline.aws.sns, &pipeline.aws.sqs);
    let queue = format!("{}-shops", pipeline.stack);
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
        "Action": "sqs:SendMessage", "Resource": pipeline.arn("sqs", &queue),
    }] });
    let create = sqs.create_queue().queue_name(&queue);
    let create = create.attributes(QueueAttributeName::Policy, policy.to_string());
    let url = create.send().await.unwrap().queue_url.unwrap();
    let topic = pipeline.arn("sns", &format!("{}-ready", pipeline.stack));
    let subscribe = sns.subscribe().topic_arn(topic).protocol("sqs");
    let subscribe = subscribe.endpoint(pipeline.arn("sqs", &queue));
    let subscribe = subscribe.attributes("RawMessageDelivery", "true");
    let policy = json!({ "folder": [{ "prefix": "shops" }], "event": ["ready"] }).to_string();
    subscribe.attributes("FilterPolicy", policy).send().await.unwrap();
    for key in ["originals/a.jpg", "originals/users/a.jpg", "originals/shops/1/a.jpg"] {
        pipeline.upload(key, &jpeg(64, 48)).await;
    }
    let message = next(&pipeline, &queue).await;
    assert_eq!((&message["name"], &message["thumbhash"]), (&json!("shops/1/a.jpg"), &Value::Null));
    for name in ["a.jpg", "users/a.jpg"] {
        let key = format!("400x300/{name}");
        wait_for("the others", async || pipeline.object(&key).await).await;
    }
    assert!(is_empty(&pipeline, &queue).await);
    pipeline.assert_whole();
    sqs.delete_queue().queue_url(url).send().await.unwrap();
}

/// A subscriber of its own, and what it was sent.
struct Subscriber {
    address: String,
    posts: Arc<Mutex<Vec<Value>>>,
}

impl Subscriber {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/hooks/photos", listener.local_addr().unwrap());
        let posts = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&posts);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let heard = Arc::clone(&heard);
                let answer = move |request: Request<Incoming>| {
                    let heard = Arc::clone(&heard);
                    async move {
                        let body = request.into_body().collect().await.unwrap().to_bytes();
                        heard.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
                        Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
                    }
                };
                let stream = TokioIo::new(stream);
                let http = hyper::server::conn::http1::Builder::new();
                tokio::spawn(http.serve_connection(stream, service_fn(answer)));
            }
        });
        Self { address, posts }
    }

    /// The first post of this type.
    async fn heard(&self, kind: &str) -> Value {
        wait_for(kind, async || {
            self.posts.lock().unwrap().iter().find(|post| post["Type"] == kind).cloned()
        })
        .await
    }
}

pub(crate) async fn an_address_is_subscribed_and_status_says_whether_it_has_confirmed() {
    let subscriber = Subscriber::start().await;
    let pipeline = Pipeline::new("hooks").await.that_makes_images();
    notify(&pipeline, &format!("https = [\"{}\"]", subscriber.address));
    let up = pipeline.up();
    let unconfirmed = format!(
        "\n{}: not confirmed yet: open the `SubscribeURL` in the message that SNS sent there\n",
        subscriber.address
    );
    assert!(up.stdout.contains(&unconfirmed), "{up}");
    let confirmation = subscriber.heard("SubscriptionConfirmation").await;
    let status = pipeline.status(0);
    let subscriptions = resource(&status, "ready-subscriptions");
    assert_eq!(subscriptions["state"], "ok");
    let note = subscriptions["note"].as_str().unwrap();
    assert!(note.starts_with(&format!("{}: not confirmed yet", subscriber.address)), "{note}");
    pipeline.assert_whole();
    // Whoever has the link needs no signature.
    let link = confirmation["SubscribeURL"].as_str().unwrap();
    let (_, path) = link.split_once("://").unwrap().1.split_once('/').unwrap();
    let confirmed = get(pipeline.emulator.port(), "localhost", &format!("/{path}")).await;
    assert_eq!(confirmed.status, 200, "{link}");
    let status = pipeline.status(0);
    assert_eq!(resource(&status, "ready-subscriptions")["note"], Value::Null);
    let up = pipeline.up();
    assert!(!up.stdout.contains("not confirmed"), "{up}");
    pipeline.upload("originals/a.jpg", &jpeg(64, 48)).await;
    let post = subscriber.heard("Notification").await;
    let message: Value = serde_json::from_str(post["Message"].as_str().unwrap()).unwrap();
    assert_eq!((&message["event"], &message["name"]), (&json!("ready"), &json!("a.jpg")));

    // One that left the file may be somebody else's by now.
    pipeline.edit(&format!("\"{}\"", subscriber.address), "");
    let status = pipeline.status(0);
    let note = resource(&status, "ready-subscriptions")["note"].as_str().unwrap().to_owned();
    assert!(note.contains("subscribed but not in the file"), "{note}");
}

pub(crate) async fn what_is_changed_by_hand_is_shown_and_repaired() {
    let pipeline = Pipeline::new("heard").await;
    notify(&pipeline, "queue = true");
    pipeline.up();
    pipeline.assert_whole();
    let (sns, sqs) = (&pipeline.aws.sns, &pipeline.aws.sqs);
    let ready = format!("{}-ready", pipeline.stack);
    let (topic, queue) = (pipeline.arn("sns", &ready), pipeline.arn("sqs", &ready));
    let subscription = async || {
        let list = sns.list_subscriptions_by_topic().topic_arn(&topic).send().await.unwrap();
        let mut all = list.subscriptions.unwrap_or_default().into_iter();
        all.find(|it| it.endpoint() == Some(&queue)).unwrap().subscription_arn.unwrap()
    };
    let put = sns.set_subscription_attributes().subscription_arn(subscription().await);
    put.attribute_name("RawMessageDelivery").attribute_value("false").send().await.unwrap();
    let plan = pipeline.imgprep(&["plan", "--json"]).exits(0).json();
    let differences = &resource(&plan, "ready-subscriptions")["differences"];
    assert_eq!(*differences, json!([{ "path": "queue.raw", "have": false, "want": true }]));
    pipeline.up();
    pipeline.assert_whole();
    sns.unsubscribe().subscription_arn(subscription().await).send().await.unwrap();
    assert_eq!(resource(&pipeline.status(4), "ready-subscriptions")["state"], "missing");
    pipeline.up();
    pipeline.assert_whole();
    for (id, name) in
        [("ready-queue", ready.clone()), ("ready-dead-letters", format!("{ready}-dead-letters"))]
    {
        let url = sqs.get_queue_url().queue_name(name).send().await.unwrap();
        sqs.delete_queue().queue_url(url.queue_url.unwrap()).send().await.unwrap();
        assert_eq!(resource(&pipeline.status(4), id)["state"], "missing");
        pipeline.up();
        pipeline.assert_whole();
    }
    sns.delete_topic().topic_arn(&topic).send().await.unwrap();
    assert_eq!(resource(&pipeline.status(4), "ready")["state"], "missing");
    pipeline.up();
    pipeline.assert_whole();
}

pub(crate) async fn what_left_the_file_is_retired_and_goes_when_it_is_pruned() {
    let pipeline = Pipeline::new("unheard").await;
    pipeline.up();
    let before = pipeline.aws.inventory().await;
    notify(&pipeline, "queue = true");
    pipeline.up();
    pipeline.edit("queue = true", "queue = false");
    pipeline.up();
    let retired = |status: &Value| -> Vec<String> {
        let resources = status["resources"].as_array().unwrap().iter();
        let retired = resources.filter(|entry| entry["state"] == "retired");
        retired.map(|entry| entry["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(retired(&pipeline.status(0)), ["ready-queue"]);
    pipeline.edit("[notify]\nqueue = false\n", "");
    pipeline.up();
    pipeline.assert_whole();
    let expected = ["folders", "ready", "ready-queue", "ready-dead-letters"];
    assert_eq!(retired(&pipeline.status(0)), expected);
    pipeline.imgprep(&["up", "--yes", "--prune"]).exits(0);
    assert_eq!(retired(&pipeline.status(0)), [""; 0]);
    assert_eq!(pipeline.aws.inventory().await, before);
}

pub(crate) async fn down_takes_all_of_it() {
    let pipeline = Pipeline::new("silence").await;
    notify(&pipeline, "queue = true\nhttps = [\"http://127.0.0.1:9/nobody\"]");
    pipeline.up();
    pipeline.down();
    assert_eq!(pipeline.aws.inventory().await, [""; 0]);
    pipeline.is_over();
}
