//! The records of the domains in other tools' templates.

use serde_json::json;

use super::{CLOUDFRONT_ZONE, Dns};
use crate::template::Export;
use crate::template::cloudformation::{CloudFormation, attribute};
use crate::template::terraform::{Terraform, value_of};

/// The types of record that lead to the distribution, and how each is called here.
const TYPES: [(&str, &str, &str); 2] = [("A", "", "ipv4"), ("AAAA", "Ipv6", "ipv6")];

impl Export for Dns {
    fn cloudformation(&self, template: &mut CloudFormation<'_>) {
        let zone = template.zone();
        for (number, domain) in (1..).zip(&self.domains) {
            for (kind, suffix, _) in TYPES {
                let record = json!({
                    "HostedZoneId": zone,
                    "Name": domain,
                    "Type": kind,
                    "AliasTarget": {
                        "DNSName": attribute("Cdn", "DomainName"),
                        "HostedZoneId": CLOUDFRONT_ZONE,
                        "EvaluateTargetHealth": false,
                    },
                });
                let name = format!("Domain{number}{suffix}");
                template.add(&name, "AWS::Route53::RecordSet", record);
            }
        }
    }

    fn terraform(&self, module: &mut Terraform<'_>) {
        let zone = module.zone();
        for (number, domain) in (1..).zip(&self.domains) {
            for (kind, _, suffix) in TYPES {
                let record = json!({
                    "zone_id": zone,
                    "name": domain,
                    "type": kind,
                    "alias": {
                        "name": value_of("aws_cloudfront_distribution.cdn.domain_name"),
                        "zone_id": value_of("aws_cloudfront_distribution.cdn.hosted_zone_id"),
                        "evaluate_target_health": false,
                    },
                });
                module.add("aws_route53_record", &format!("domain_{number}_{suffix}"), record);
            }
        }
    }

    #[cfg(test)]
    fn members(&self) -> &'static str {
        r#"
aliases[img.example.com].ipv4
  Domain1/Type = "A"
  aws_route53_record/domain_1_ipv4/type = "A"
aliases[img.example.com].ipv6
  Domain1Ipv6/Type = "AAAA"
  aws_route53_record/domain_1_ipv6/type = "AAAA"
others
  -
  -
"#
    }
}
