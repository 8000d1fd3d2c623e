//! That the order of a stack has no circles, and that every field of every resource can be put right.

use std::path::Path;

use serde_json::Value;

use super::*;
use crate::aws::wait::Stop;
use crate::engine::fields::Edit;
use crate::engine::order::circle;
use crate::engine::resource::ADOPTED_TAG;
use crate::engine::resource::Context;

/// Everything that a file can ask for, and that changes which resources or fields there are.
const EVERYTHING: &str = r#"
    name = "photos"
    [bucket]
    name = "photos-example"
    on_delete = "remove"
    originals_storage = "glacier-instant"
    expire_originals_days = 365
    versioning = true
    [function]
    concurrency = 7
    permissions_boundary = "arn:aws:iam::123456789012:policy/Boundary"
    [[variants]]
    size = "800x600"
    [[variants]]
    size = "400x300"
    [cdn]
    invalidate = true
    domains = ["img.example.com"]
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/abc"
    fallback = "fallback.png"
    versions = true
    [uploads]
    origins = ["https://app.example.com"]
    [alarms]
    email = ["ops@example.com"]
    [tags]
    team = "marketplace"
"#;

/// Domains for which ACM is asked for a certificate.
const OWN_DOMAINS: &str = r#"
    name = "photos"
    [bucket]
    name = "photos-example"
    [[variants]]
    size = "800x600"
    [cdn]
    domains = ["img.example.com", "*.example.org"]
"#;

const LEAST: &str = r#"
    name = "photos"
    [bucket]
    name = "photos-example"
    access = "public-acl"
    [[variants]]
    size = "800x600"
    [cdn]
    enabled = false
"#;

fn stack(text: &str, goal: Goal) -> Stack {
    let config = Config::parse(text, "pipeline.toml", Path::new(""), &|_| None).unwrap();
    let purpose = Purpose { goal, images: Images::Keep };
    let aws = Aws::stand_in();
    let names = Arc::new(names(&config, (&aws).into()));
    Stack::new(
        &config,
        &aws,
        names,
        Code { source_hash: "hash".to_owned(), ..Code::default() },
        purpose,
    )
}

const UP: Goal = Goal::Present { adopt: false, prune: false };

#[test]
fn nothing_waits_for_itself_going_up_or_down() {
    for text in [EVERYTHING, OWN_DOMAINS, LEAST] {
        for goal in [UP, Goal::Absent] {
            let stack = stack(text, goal);
            let waits = |of: &dyn Fn(&Order) -> Vec<Id>| -> Vec<(Id, Vec<Id>)> {
                stack.nodes.iter().map(|node| (node.resource.id(), of(&node.order))).collect()
            };
            let up = circle(&waits(&|order| [&*order.needs, &*order.follows].concat()));
            let down = circle(&waits(&|order| order.outlives.clone()));
            assert_eq!((up, down), (Vec::new(), Vec::new()), "{text}");
        }
    }
}

/// What a resource is to be, with another value in one field.
fn edit(path: &str, want: &Value) -> Edit {
    Edit { path: path.to_owned(), have: Value::Null, want: want.clone() }
}

/// Whether the resource does something about the edit. That it does the right thing is what the tests
/// against the emulator prove, where each field is changed by hand.
async fn is_seen_to(resource: &dyn AnyResource, aws: &Aws, edit: Edit) -> bool {
    let stop = Stop::default();
    stop.ask();
    let context = Context { aws, stop: &stop, tell: &|_| {}, warn: &|_| {} };
    let mut observed = Observed::new(resource.fields(), Owner::Ours);
    // What AWS numbers itself, so that the CDN is changed and not made.
    for detail in ["id", "arn", "domain", "status", "access_control"] {
        observed.details.insert(detail, "known".to_owned());
    }
    // This AWS refuses every call; what counts is that the resource came to make one.
    resource.forgets(&context, &observed, vec![edit]).await.is_empty()
}

#[tokio::test]
async fn every_field_of_every_resource_can_be_put_right() {
    let aws = Aws::stand_in();
    let mut forgotten = Vec::new();
    let mut fields = 0;
    for text in [EVERYTHING, OWN_DOMAINS, LEAST] {
        let stack = stack(text, UP);
        for node in stack.nodes.iter().filter(|node| !node.retired) {
            let resource = node.resource.as_ref();
            let adopted = edit(&format!("tags.{ADOPTED_TAG}"), &"photos".into());
            let is_tagged = resource.fields().iter().any(|(path, _)| path.starts_with("tags."));
            let edits = resource.fields();
            let edits = edits.iter().map(|(path, want)| edit(path, want));
            for edit in edits.chain(is_tagged.then_some(adopted)) {
                if resource.immutable().contains(&edit.path.as_str()) {
                    continue;
                }
                fields += 1;
                let place = format!("{} {}", resource.id(), edit.path);
                if !is_seen_to(resource, &aws, edit).await {
                    forgotten.push(place);
                }
            }
        }
    }
    assert_eq!(forgotten, Vec::<String>::new());
    assert!(fields > 100, "only {fields} fields");
}
