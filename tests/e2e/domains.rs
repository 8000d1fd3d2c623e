//! Domains of the user's own: the certificate that ACM makes for them, and the records that lead to the
//! CDN.

use std::sync::Arc;

use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, HostedZoneConfig, ResourceRecord, ResourceRecordSet, RrType,
};
use imgprep_testkit::acm::Acm;
use imgprep_testkit::{Pipeline, resource};
use serde_json::{Value, json};

use crate::behaviour::config;

/// A pipeline with these domains in its file, each below a zone of its own, and an ACM that knows its
/// certificates by their tags.
pub(crate) async fn with_domains(label: &str, domains: &[&str]) -> (Pipeline, Arc<Acm>) {
    let pipeline = Pipeline::new(label).await;
    let acm = Arc::new(Acm::issuing());
    pipeline.proxy.behave(acm.clone());
    pipeline.edit("[tags]", &format!("[cdn]\n{}\n\n[tags]", listed(&pipeline, domains)));
    (pipeline, acm)
}

/// The key with these domains, each below the zone of the pipeline.
fn listed(pipeline: &Pipeline, domains: &[&str]) -> String {
    let domains: Vec<String> =
        domains.iter().map(|domain| format!("\"{domain}.{}\"", zone_name(pipeline))).collect();
    format!("domains = [{}]", domains.join(", "))
}

pub(crate) fn zone_name(pipeline: &Pipeline) -> String {
    format!("{}.example.com", pipeline.stack)
}

/// A public or private zone of the account; answers with its identifier.
async fn zone(pipeline: &Pipeline, name: &str, private: bool) -> String {
    let config = HostedZoneConfig::builder().private_zone(private).build();
    let create = pipeline.aws.route53.create_hosted_zone().name(name).hosted_zone_config(config);
    let reference = format!("{name}-{private}-{}", zones(pipeline).await.len());
    let made = create.caller_reference(reference).send().await.unwrap();
    made.hosted_zone.unwrap().id.trim_start_matches("/hostedzone/").to_owned()
}

async fn zones(pipeline: &Pipeline) -> Vec<String> {
    let list = pipeline.aws.route53.list_hosted_zones_by_name().send().await.unwrap();
    list.hosted_zones.into_iter().map(|zone| zone.id).collect()
}

/// The pipeline's own zone.
pub(crate) async fn own_zone(pipeline: &Pipeline) -> String {
    zone(pipeline, &zone_name(pipeline), false).await
}

/// What a zone holds beside what every zone does: type, name and where it leads.
pub(crate) async fn records(pipeline: &Pipeline, zone: &str) -> Vec<String> {
    let sets = sets(pipeline, zone).await;
    let lines = sets.iter().map(|set| {
        let host = format!(".{}.", zone_name(pipeline));
        let name = set.name().replace(&host, "");
        format!("{} {name} {}", set.r#type().as_str(), target(set))
    });
    lines.collect()
}

async fn sets(pipeline: &Pipeline, zone: &str) -> Vec<ResourceRecordSet> {
    let list = pipeline.aws.route53.list_resource_record_sets().hosted_zone_id(zone);
    let all = list.send().await.unwrap().resource_record_sets.into_iter();
    all.filter(|set| !matches!(set.r#type(), RrType::Ns | RrType::Soa)).collect()
}

fn target(set: &ResourceRecordSet) -> String {
    match set.alias_target() {
        Some(target) => format!("alias {}", target.dns_name()),
        None => set.resource_records().iter().map(ResourceRecord::value).collect(),
    }
}

/// Makes one change in a zone by hand.
pub(crate) async fn change(
    pipeline: &Pipeline,
    zone: &str,
    action: ChangeAction,
    set: ResourceRecordSet,
) {
    let change = Change::builder().action(action).resource_record_set(set).build().unwrap();
    let batch = ChangeBatch::builder().changes(change).build().unwrap();
    let put = pipeline.aws.route53.change_resource_record_sets().hosted_zone_id(zone);
    put.change_batch(batch).send().await.unwrap();
}

/// Deletes the first record of this type by hand.
pub(crate) async fn delete(pipeline: &Pipeline, zone: &str, kind: &RrType) {
    let sets = sets(pipeline, zone).await;
    let set = sets.into_iter().find(|set| set.r#type() == kind).unwrap();
    change(pipeline, zone, ChangeAction::Delete, set).await;
}

async fn put_cname(pipeline: &Pipeline, zone: &str, name: &str, value: &str) {
    put(pipeline, zone, name, (RrType::Cname, value)).await;
}

async fn put(pipeline: &Pipeline, zone: &str, name: &str, (kind, value): (RrType, &str)) {
    let record = ResourceRecord::builder().value(value).build().unwrap();
    let set = ResourceRecordSet::builder().name(name).r#type(kind).ttl(60);
    let set = set.resource_records(record).build().unwrap();
    change(pipeline, zone, ChangeAction::Create, set).await;
}

async fn certificates(pipeline: &Pipeline) -> Vec<String> {
    let list = pipeline.aws.acm.list_certificates().send().await.unwrap();
    let all = list.certificate_summary_list().iter();
    all.map(|it| it.certificate_arn().unwrap().to_owned()).collect()
}

/// The aliases of the distribution, and its certificate.
async fn served(pipeline: &Pipeline) -> (Vec<String>, Option<String>) {
    let config = config(pipeline).await;
    let aliases = config.aliases().map(|aliases| aliases.items().to_vec()).unwrap_or_default();
    let certificate = config.viewer_certificate().and_then(|it| it.acm_certificate_arn());
    (aliases, certificate.map(ToOwned::to_owned))
}

fn domain(document: &Value) -> String {
    document["outputs"]["cdn_domain"].as_str().unwrap().to_owned()
}

pub(crate) async fn a_domain_in_a_zone_is_served_after_one_up() {
    let (pipeline, acm) = with_domains("domain", &["img"]).await;
    // Neither a private zone nor one further up is the one.
    zone(&pipeline, "example.com", false).await;
    zone(&pipeline, &zone_name(&pipeline), true).await;
    let ours = own_zone(&pipeline).await;
    acm.wait(2);
    pipeline.up();
    let host = format!("img.{}", zone_name(&pipeline));
    assert_eq!(served(&pipeline).await, (vec![host.clone()], acm.arns().pop()));
    let status = pipeline.status(0);
    assert_eq!(status["state"], "ready");
    for id in ["cdn", "certificate", "dns"] {
        assert_eq!(resource(&status, id)["state"], "ok", "{id}");
        assert_eq!(resource(&status, id)["note"], Value::Null, "{id}");
    }
    assert_eq!(status["outputs"]["urls"]["800x600"], format!("https://{host}/800x600/"));
    assert_eq!(status["outputs"]["dns_records"], Value::Null);
    let cdn = domain(&status);
    let mut found = records(&pipeline, &ours).await;
    let proof = found.pop().unwrap();
    assert!(proof.starts_with("CNAME _acme-challenge.img fake-validation-"), "{proof}");
    let led = ["A", "AAAA"].map(|kind| format!("{kind} img alias {cdn}."));
    assert_eq!(found, led);

    pipeline.proxy.take_calls();
    pipeline.up();
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());

    pipeline.down();
    let mutating: Vec<String> =
        pipeline.proxy.take_calls().iter().map(ToString::to_string).collect();
    let at = |call: &str| mutating.iter().position(|it| it == call).unwrap();
    assert!(at("route53:ChangeResourceRecordSets") < at("cloudfront:UpdateDistribution"));
    assert!(at("cloudfront:UpdateDistribution") < at("acm:DeleteCertificate"));
    assert_eq!(records(&pipeline, &ours).await, Vec::<String>::new());
    assert_eq!(certificates(&pipeline).await, Vec::<String>::new());
}

/// ACM refuses to delete what a distribution has, and the distribution takes minutes to go.
pub(crate) async fn a_certificate_that_is_in_use_goes_after_the_distribution() {
    let (pipeline, _acm) = with_domains("domain-used", &["img"]).await;
    own_zone(&pipeline).await;
    pipeline.up();
    let refusal = imgprep_testkit::proxy::Refusal {
        status: 400,
        code: "ResourceInUseException",
        message: "Certificate is in use.",
    };
    pipeline.proxy.refuse("acm:DeleteCertificate", refusal, 1);
    pipeline.imgprep(&["down", "--yes", "--no-wait"]).exits(0);
    assert_eq!(certificates(&pipeline).await.len(), 1);
    pipeline.proxy.refuse("acm:DeleteCertificate", refusal, 2);
    pipeline.down();
    assert_eq!(certificates(&pipeline).await, Vec::<String>::new());
}

/// Without a zone the records are shown, and an `up` once they are made goes on.
pub(crate) async fn without_a_zone_the_records_are_shown_and_a_later_up_goes_on() {
    let (pipeline, acm) = with_domains("domain-elsewhere", &["img"]).await;
    acm.set("PENDING_VALIDATION", None);
    let up = pipeline.up();
    let host = format!("img.{}", zone_name(&pipeline));
    let cdn = domain(&pipeline.status(0));
    let told = format!(
        "{host} is not served yet: ACM waits for DNS records that are not in Route 53: make those \
         that `imgprep status` shows; then `imgprep up` goes on\n"
    );
    assert!(up.stdout.contains(&told), "{up}");
    let status = pipeline.status(0);
    let records: Vec<&str> = status["outputs"]["dns_records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record.as_str().unwrap())
        .collect();
    let [proof, led] = records.as_slice() else { panic!("{records:?}") };
    assert!(proof.starts_with(&format!("_acme-challenge.{host}. 300 IN CNAME fake-validation-")));
    assert_eq!(*led, format!("{host}. 300 IN CNAME {cdn}."));
    let shown = format!("\nrecords for your DNS provider, to be made and kept:\n{proof}\n{led}\n");
    assert!(up.stdout.contains(&shown), "{up}");
    assert!(pipeline.imgprep(&["status"]).exits(0).stdout.contains(&shown));
    assert_eq!(served(&pipeline).await, (vec![], None));
    assert!(status["outputs"]["cdn_url"].as_str().unwrap().contains("cloudfront.localhost"));

    pipeline.assert_whole();
    pipeline.proxy.take_calls();
    let again = pipeline.up();
    assert_eq!(pipeline.proxy.take_mutating(), Vec::<String>::new());
    assert!(again.stdout.contains(&told) && again.stdout.contains(&shown), "{again}");

    acm.set("ISSUED", None);
    let plan = pipeline.imgprep(&["plan", "--json"]).exits(0).json();
    assert_eq!(resource(&plan, "cdn")["action"], "update");
    let attached = pipeline.up();
    assert!(!attached.stdout.contains("is not served yet"), "{attached}");
    assert_eq!(served(&pipeline).await, (vec![host.clone()], acm.arns().pop()));
    assert_eq!(pipeline.status(0)["outputs"]["cdn_url"], format!("https://{host}"));
    pipeline.assert_whole();
    pipeline.down();
    assert_eq!(certificates(&pipeline).await, Vec::<String>::new());
}

/// A minute is all that a run waits; the rest of the stack is there by then.
pub(crate) async fn what_acm_does_not_issue_in_a_minute_is_attached_later() {
    let (pipeline, acm) = with_domains("domain-slow", &["img", "*.img"]).await;
    let ours = own_zone(&pipeline).await;
    acm.set("PENDING_VALIDATION", None);
    let up = pipeline.up();
    let zone = zone_name(&pipeline);
    let told = format!("img.{zone} is not served yet: ACM is looking for its validation records");
    assert!(up.stdout.contains(&told), "{up}");
    assert_eq!(records(&pipeline, &ours).await.len(), 1, "a wildcard shares its record");
    assert_eq!(served(&pipeline).await, (vec![], None));
    let status = pipeline.status(0);
    assert_eq!(resource(&status, "dns")["note"], "waits until the CDN serves the domains");
    pipeline.assert_whole();
    acm.set("ISSUED", None);
    pipeline.up();
    let both = ["*.img", "img"].map(|name| format!("{name}.{zone}"));
    let (mut aliases, certificate) = served(&pipeline).await;
    aliases.sort();
    assert_eq!((aliases, certificate), (both.to_vec(), acm.arns().pop()));
    assert_eq!(records(&pipeline, &ours).await.len(), 5);
    pipeline.assert_whole();
    pipeline.down();
    assert_eq!(records(&pipeline, &ours).await, Vec::<String>::new());
}

/// A record that leads elsewhere is somebody else's until it is adopted.
pub(crate) async fn a_record_that_leads_elsewhere_is_named_and_taken_over_only_if_asked() {
    let (pipeline, acm) = with_domains("domain-foreign", &["img"]).await;
    let ours = own_zone(&pipeline).await;
    let host = format!("img.{}", zone_name(&pipeline));
    put(&pipeline, &ours, &host, (RrType::A, "192.0.2.1")).await;
    put(&pipeline, &ours, &host, (RrType::Aaaa, "2001:db8::1")).await;
    let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    let [four, six] = ["A that leads to 192.0.2.1", "AAAA that leads to 2001:db8::1"];
    let why = format!("{host} has a record {four}; {host} has a record {six}");
    assert!(error.message.contains(&why), "every record that would go is named: {error:?}");
    pipeline.imgprep(&["up", "--yes", "--adopt"]).exits(0);
    pipeline.down();

    put_cname(&pipeline, &ours, &host, "old.example.net").await;
    let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    assert_eq!(error.resource, "dns");
    let why = format!("{host} has a record CNAME that leads to old.example.net");
    assert!(error.message.contains(&why), "{error:?}");
    assert!(error.hint.contains("--adopt"), "{error:?}");
    assert_eq!(acm.arns(), Vec::<String>::new(), "it stopped before the first change");
    pipeline.imgprep(&["up", "--yes", "--adopt"]).exits(0);
    let cdn = domain(&pipeline.status(0));
    let found = records(&pipeline, &ours).await;
    let led = ["A", "AAAA"].map(|kind| format!("{kind} img alias {cdn}."));
    assert_eq!(found[..2], led);
    assert_eq!(found.len(), 3, "{found:?}");
    pipeline.assert_whole();
    pipeline.down();
    assert_eq!(records(&pipeline, &ours).await, Vec::<String>::new());
}

/// Another set of domains is another certificate: the distribution moves, then the former one goes.
pub(crate) async fn other_domains_have_another_certificate_and_the_former_one_is_retired() {
    let (pipeline, acm) = with_domains("domain-other", &["img", "old"]).await;
    let ours = own_zone(&pipeline).await;
    pipeline.up();
    let former = acm.arns().pop().unwrap();
    pipeline.edit(&listed(&pipeline, &["img", "old"]), &listed(&pipeline, &["img", "new"]));
    pipeline.up();
    let zone = zone_name(&pipeline);
    let now = acm.arns().pop().unwrap();
    assert_ne!(now, former);
    let (mut aliases, certificate) = served(&pipeline).await;
    aliases.sort();
    assert_eq!(
        (aliases, certificate),
        (vec![format!("img.{zone}"), format!("new.{zone}")], Some(now.clone()))
    );
    let status = pipeline.status(0);
    let retired =
        status["resources"].as_array().unwrap().iter().filter(|it| it["state"] == "retired");
    let retired: Vec<(&Value, &Value)> = retired.map(|it| (&it["id"], &it["name"])).collect();
    let name = json!(format!("img.{zone}, old.{zone}"));
    assert_eq!(retired, [(&json!("certificate"), &name), (&json!("dns"), &name)]);
    pipeline.assert_whole();
    pipeline.imgprep(&["up", "--yes", "--prune"]).exits(0);
    assert_eq!(acm.arns(), [now]);
    let names: Vec<String> = records(&pipeline, &ours).await;
    let names = names.iter().map(|record| record.split(' ').take(2).collect::<Vec<_>>().join(" "));
    let expected = [
        "A img",
        "AAAA img",
        "CNAME _acme-challenge.img",
        "A new",
        "AAAA new",
        "CNAME _acme-challenge.new",
    ];
    assert_eq!(names.collect::<Vec<_>>(), expected);
    pipeline.assert_whole();
    pipeline.down();
    assert_eq!(records(&pipeline, &ours).await, Vec::<String>::new());
}

/// Domains that leave the file leave the distribution; `--prune` removes the rest. A validation record
/// that another certificate shares stays.
pub(crate) async fn domains_that_leave_the_file_are_retired_but_shared_records_stay() {
    let (pipeline, acm) = with_domains("domain-left", &["img"]).await;
    let ours = own_zone(&pipeline).await;
    let host = format!("img.{}", zone_name(&pipeline));
    let theirs = pipeline.aws.acm.request_certificate().domain_name(&host);
    theirs.send().await.unwrap();
    pipeline.up();
    pipeline.edit(&listed(&pipeline, &["img"]), "");
    let plan = pipeline.imgprep(&["plan", "--json"]).exits(0).json();
    assert_eq!(resource(&plan, "cdn")["differences"][0]["path"], "former_certificate");
    pipeline.up();
    assert_eq!(served(&pipeline).await, (vec![], None));
    pipeline.assert_whole();
    assert_eq!(acm.arns().len(), 1);
    pipeline.imgprep(&["up", "--yes", "--prune"]).exits(0);
    assert_eq!(acm.arns(), Vec::<String>::new());
    let found = records(&pipeline, &ours).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("CNAME _acme-challenge.img "), "{found:?}");
    pipeline.assert_whole();
    pipeline.down();
}

/// What ACM refuses stops nothing else, says why, and is asked for again.
pub(crate) async fn a_refused_certificate_says_why_and_is_requested_again() {
    let (pipeline, acm) = with_domains("domain-caa", &["img"]).await;
    own_zone(&pipeline).await;
    acm.set("FAILED", Some("CAA_ERROR"));
    let up = pipeline.up();
    let why = "ACM refused it (CAA_ERROR): a CAA record of the domain, or of one above it, does not \
               let Amazon issue certificates: add a CAA record `0 issue \"amazon.com\"` beside it";
    assert!(up.stdout.contains(why), "{up}");
    assert_eq!(served(&pipeline).await, (vec![], None));
    let status = pipeline.status(4);
    assert_eq!(resource(&status, "certificate")["state"], "drifted");
    assert!(resource(&status, "certificate")["note"].as_str().unwrap().starts_with(why));
    let refused = acm.arns();
    acm.keep();
    acm.set("ISSUED", None);
    pipeline.up();
    let now = acm.arns();
    assert!(now.len() == 1 && now != refused, "{refused:?}, {now:?}");
    assert_eq!(served(&pipeline).await.1, now.first().cloned());
    assert_eq!(certificates(&pipeline).await, now);
    pipeline.assert_whole();
    pipeline.down();
}

pub(crate) async fn of_two_equal_zones_one_must_be_chosen() {
    let (pipeline, _acm) = with_domains("domain-zones", &["img"]).await;
    let (first, second) = (own_zone(&pipeline).await, own_zone(&pipeline).await);
    let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    let zone = zone_name(&pipeline);
    assert!(error.message.contains(&format!("2 public zones are called {zone}")), "{error:?}");
    assert!(error.message.contains(&first) && error.message.contains(&second), "{error:?}");
    assert!(error.hint.contains("set `hosted_zone` under `[cdn]`"), "{error:?}");
    pipeline.edit("[cdn]\n", "[cdn]\nhosted_zone = \"Z0NOWHERE\"\n");
    let error = pipeline.imgprep(&["up", "--yes", "--json"]).exits(1).error();
    assert!(error.message.contains("this account has no public zone `Z0NOWHERE`"), "{error:?}");
    pipeline.edit("Z0NOWHERE", &second);
    pipeline.up();
    pipeline.assert_whole();
    assert_eq!(records(&pipeline, &first).await, Vec::<String>::new());
    assert_eq!(records(&pipeline, &second).await.len(), 3);
    pipeline.down();
}
