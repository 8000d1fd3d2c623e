//! Rows of the certificate that ACM makes, and of the records that lead to the CDN.

use aws_sdk_acm::types::Tag;
use aws_sdk_cloudfront::types::{Aliases, DistributionConfig, ViewerCertificate};
use aws_sdk_route53::types::{ChangeAction, ResourceRecordSet, RrType};
use imgprep_testkit::Pipeline;
use serde_json::json;

use super::cdn::distribution;
use super::{Change, check, row, tag_rows};
use crate::domains::{change, delete, own_zone, with_domains, zone_name};

const THIS: &str = "this distribution";

pub(crate) async fn every_change_by_hand_to_an_own_domain_is_shown_and_repaired() {
    const PUT: &[&str] = &["route53:ChangeResourceRecordSets"];
    let (pipeline, _acm) = with_domains("drift-domain", &["img"]).await;
    own_zone(&pipeline).await;
    let host = format!("img.{}", zone_name(&pipeline));
    let at = |family: &str| format!("aliases[{host}].{family}");
    let tags: [Change; 2] = [|p| Box::pin(tag(p, None)), |p| Box::pin(tag(p, Some("others")))];
    let mut rows: Vec<_> = tag_rows("certificate", tags, "acm:AddTagsToCertificate").collect();
    rows.push(
        row("certificate: record removed", |p| Box::pin(removed(p, RrType::Cname)), PUT).shows(
            "certificate",
            format!("validation[{host}]"),
            (json!(null), true),
        ),
    );
    rows.push(row("dns: no address for IPv6", |p| Box::pin(removed(p, RrType::Aaaa)), PUT).shows(
        "dns",
        at("ipv6"),
        (json!(null), THIS),
    ));
    rows.push(row("dns: health is looked at", |p| Box::pin(healthy(p)), PUT).shows(
        "dns",
        at("ipv4"),
        ("this distribution, in another way", THIS),
    ));
    rows.push(
        row(
            "cdn: own certificate removed",
            |p| Box::pin(distribution(p, without_domains)),
            &["cloudfront:UpdateDistribution"],
        )
        .shows("cdn", format!("aliases[{host}]"), (json!(null), true))
        .shows("cdn", "certificate", (json!(null), "this stack's certificate")),
    );
    check(&pipeline, rows).await;
}

/// The one zone of the pipeline.
async fn zone(pipeline: &Pipeline) -> String {
    let list = pipeline.aws.route53.list_hosted_zones_by_name().send().await.unwrap();
    list.hosted_zones()[0].id().trim_start_matches("/hostedzone/").to_owned()
}

async fn removed(pipeline: &Pipeline, kind: RrType) {
    delete(pipeline, &zone(pipeline).await, &kind).await;
}

async fn healthy(pipeline: &Pipeline) {
    let zone = zone(pipeline).await;
    let list = pipeline.aws.route53.list_resource_record_sets().hosted_zone_id(&zone);
    let sets = list.send().await.unwrap().resource_record_sets;
    let is_alias = |set: &ResourceRecordSet| *set.r#type() == RrType::A;
    let mut set = sets.into_iter().find(is_alias).unwrap();
    set.alias_target.as_mut().unwrap().evaluate_target_health = true;
    change(pipeline, &zone, ChangeAction::Upsert, set).await;
}

async fn tag(pipeline: &Pipeline, value: Option<&str>) {
    let acm = &pipeline.aws.acm;
    let list = acm.list_certificates().send().await.unwrap();
    let arn = list.certificate_summary_list()[0].certificate_arn().unwrap();
    let tag = Tag::builder().key("team").set_value(value.map(ToOwned::to_owned)).build().unwrap();
    match value {
        Some(_) => {
            drop(
                acm.add_tags_to_certificate().certificate_arn(arn).tags(tag).send().await.unwrap(),
            );
        }
        None => drop(
            acm.remove_tags_from_certificate().certificate_arn(arn).tags(tag).send().await.unwrap(),
        ),
    }
}

fn without_domains(config: &mut DistributionConfig) {
    config.aliases = Some(Aliases::builder().quantity(0).build().unwrap());
    let default = ViewerCertificate::builder().cloud_front_default_certificate(true).build();
    config.viewer_certificate = Some(default);
}
