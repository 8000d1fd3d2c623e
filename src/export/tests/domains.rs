//! Domains for which ACM is asked for a certificate, in both templates.

use serde_json::json;

use super::members::{FORMATS, check, member};
use super::*;

fn own() -> String {
    format!("{SMALL}\n[cdn]\ndomains = [\"img.example.com\"]\nhosted_zone = \"Z0123ABC\"\n")
}

#[test]
fn certificate_and_records_are_in_both_templates() {
    let config = config(&own());
    for format in FORMATS {
        let template = exported(&own(), format);
        for resource in wanted(&config) {
            if ["certificate", "dns"].contains(&resource.id().as_str()) {
                check(resource.as_ref(), &template, format);
            }
        }
    }
}

#[test]
fn the_distribution_has_the_certificate_once_it_is_issued() {
    let template = exported(&own(), Format::CloudFormation);
    let at = "Cdn/DistributionConfig/ViewerCertificate/AcmCertificateArn";
    assert_eq!(member(&template, Format::CloudFormation, at), json!({ "Ref": "Certificate" }));
    let zone = member(&template, Format::CloudFormation, "Domain1/HostedZoneId");
    assert_eq!(zone, json!({ "Ref": "HostedZone" }));
    assert_eq!(template["Parameters"]["HostedZone"]["Default"], "Z0123ABC");
    let note = template["Resources"]["Certificate"]["Metadata"]["Note"].as_str().unwrap();
    assert!(note.starts_with("CloudFront takes certificates from us-east-1 only"), "{note}");
    let template = exported(&own(), Format::Terraform);
    let at = "aws_cloudfront_distribution/cdn/viewer_certificate/acm_certificate_arn";
    let validated = "${aws_acm_certificate_validation.certificate.certificate_arn}";
    assert_eq!(member(&template, Format::Terraform, at), validated);
    let providers = json!([
        { "region": "${var.region}" },
        { "alias": "us_east_1", "region": "us-east-1" },
    ]);
    assert_eq!(template["provider"]["aws"], providers);
    assert_eq!(template["variable"]["hosted_zone"]["default"], "Z0123ABC");
    for kind in ["aws_acm_certificate", "aws_acm_certificate_validation"] {
        let provider =
            member(&template, Format::Terraform, &format!("{kind}/certificate/provider"));
        assert_eq!(provider, "aws.us_east_1", "{kind}");
    }
}
