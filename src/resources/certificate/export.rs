//! The certificate, and the records that prove it, in other tools' templates.

use serde_json::{Value, json};

use super::Certificate;
use crate::aws::clients::CERTIFICATES_REGION;
use crate::engine::resource::Resource;
use crate::template::Export;
use crate::template::cloudformation::{self, CloudFormation};
use crate::template::terraform::{Terraform, value_of};

impl Export for Certificate {
    fn cloudformation(&self, template: &mut CloudFormation<'_>) {
        let zone = template.zone();
        let options: Value = self
            .domains
            .iter()
            .map(|domain| json!({ "DomainName": domain, "HostedZoneId": zone }))
            .collect();
        let certificate = json!({
            "DomainName": self.first(),
            "SubjectAlternativeNames": self.domains,
            "ValidationMethod": "DNS",
            "DomainValidationOptions": options,
            "Tags": cloudformation::tags(&self.fields().tags),
        });
        template.add("Certificate", "AWS::CertificateManager::Certificate", certificate);
        let note = format!(
            "CloudFront takes certificates from {CERTIFICATES_REGION} only: make this stack there, or \
             make the certificate in a stack of its own there and put its ARN into the distribution"
        );
        template.resource("Certificate")["Metadata"] = json!({ "Note": note });
    }

    fn terraform(&self, module: &mut Terraform<'_>) {
        let provider = module.provider_in(CERTIFICATES_REGION);
        let zone = module.zone();
        let certificate = json!({
            "provider": provider,
            "domain_name": self.first(),
            "subject_alternative_names": self.domains,
            "validation_method": "DNS",
            "tags": self.fields().tags,
            // A distribution cannot be without one.
            "lifecycle": { "create_before_destroy": true },
        });
        module.add("aws_acm_certificate", "certificate", certificate);
        let options = "{ for option in aws_acm_certificate.certificate.domain_validation_options : \
                       option.domain_name => { name = option.resource_record_name, record = \
                       option.resource_record_value } }";
        let records = json!({
            "for_each": value_of(options),
            // A wildcard shares the record of the domain below it.
            "allow_overwrite": true,
            "zone_id": zone,
            "name": value_of("each.value.name"),
            "type": "CNAME",
            "ttl": super::proofs::TTL_SECS,
            "records": [value_of("each.value.record")],
        });
        module.add("aws_route53_record", "validation", records);
        let records = "[for record in aws_route53_record.validation : record.fqdn]";
        let validation = json!({
            "provider": provider,
            "certificate_arn": value_of("aws_acm_certificate.certificate.arn"),
            "validation_record_fqdns": value_of(records),
        });
        module.add("aws_acm_certificate_validation", "certificate", validation);
    }

    #[cfg(test)]
    fn members(&self) -> &'static str {
        r#"
tags
  Certificate/Tags
  aws_acm_certificate/certificate/tags
usable
  -
  -
validation
  Certificate/ValidationMethod = "DNS"
  aws_acm_certificate/certificate/validation_method = "DNS"
"#
    }
}
