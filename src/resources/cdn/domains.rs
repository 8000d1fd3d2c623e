//! The domains of the file on the distribution, where ACM is asked for their certificate: the
//! distribution serves them as soon as that is issued, and does without them until then.

use aws_sdk_cloudfront::types::{Aliases, DistributionConfig, ViewerCertificate};

use super::calls::Made;
use super::distribution::{Settings, invalid, quantity};
use super::{Cdn, Fields};
use crate::aws::{Aws, AwsError};
use crate::engine::resource::{Details, NOTE, Owner};
use crate::names::DOMAINS_TAG;
use crate::resources::own_domain::{self, Certificate, Standing};

/// Stands for the ARN of the certificate of the file's domains, which ACM chooses.
pub(super) const THIS_CERTIFICATE: &str = "this stack's certificate";

const WAITING: &str = "it does not serve `domains` until their certificate is issued";

impl Cdn {
    /// The certificate that ACM makes for the domains of the file.
    pub(super) async fn certificate(&self, aws: &Aws) -> Result<Option<Certificate>, AwsError> {
        match &self.names.own_domains {
            Some(label) => own_domain::find(aws, &self.names, label).await,
            None => Ok(None),
        }
    }

    /// The settings as far as CloudFront takes them by now.
    pub(super) async fn settings_now(&self, aws: &Aws) -> Result<Settings, AwsError> {
        let certificate = self.certificate(aws).await?;
        Ok(self.settings.with(certificate.filter(is_issued)))
    }

    /// The domain that it is to serve first, once it serves any.
    pub(super) fn own_domain(&self, certificate: Option<&Certificate>) -> Option<String> {
        let is_due = !self.settings.asks_acm || certificate.is_some_and(is_issued);
        self.settings.domains.first().filter(|_| is_due).cloned()
    }

    /// Whether it serves the domains of the file, all of them or none yet. What it cannot serve yet is
    /// taken for served, with a note.
    pub(super) fn tell_domains(
        &self,
        certificate: Option<&Certificate>,
        fields: &mut Fields,
    ) -> Option<&'static str> {
        match certificate {
            Some(found) if fields.certificate.as_ref() == Some(&found.arn) => {
                fields.certificate = Some(THIS_CERTIFICATE.to_owned());
                None
            }
            Some(Certificate { standing: Standing::Waiting, .. }) => {
                let Fields { aliases, certificate, .. } = self.settings.fields(&self.names);
                (fields.aliases, fields.certificate) = (aliases, certificate);
                Some(WAITING)
            }
            _ => None,
        }
    }

    /// The certificate of domains that left the file, if the distribution still has it.
    pub(super) async fn former_certificate(
        &self,
        aws: &Aws,
        fields: &Fields,
    ) -> Result<Option<String>, AwsError> {
        let arn = fields.certificate.as_ref().filter(|_| self.settings.domains.is_empty());
        let Some(arn) = arn else { return Ok(None) };
        let tags = match own_domain::read_tags(aws, arn).await {
            Err(error) if error.is_denied() => None,
            other => other?,
        };
        let is_ours = tags.is_some_and(|tags| {
            let owner = self.names.iam_owner(&tags);
            tags.contains_key(DOMAINS_TAG) && matches!(owner, Owner::Ours | Owner::Adopted)
        });
        Ok(is_ours.then(|| arn.clone()))
    }

    /// What was made or changed, and what is still to come.
    pub(super) fn told(&self, made: &Made) -> Details {
        let is_waiting = self.settings.asks_acm && made.own_domain.is_none();
        let mut details = made.details();
        details.extend(is_waiting.then(|| (NOTE, WAITING.to_owned())));
        details
    }
}

fn is_issued(certificate: &Certificate) -> bool {
    certificate.standing == Standing::Issued
}

impl Settings {
    /// The same with the certificate that ACM has issued; without one it has no domains yet.
    fn with(&self, issued: Option<Certificate>) -> Self {
        let settings = self.clone();
        match issued {
            _ if !self.asks_acm => settings,
            Some(issued) => {
                Self { certificate_arn: Some(issued.arn.clone()), issued: Some(issued), ..settings }
            }
            None => Self { domains: Vec::new(), ..settings },
        }
    }

    /// Takes off what cannot stand beside the certificate: CloudFront refuses an alias that its
    /// certificate is not for.
    pub(super) fn without_strays(&self, config: &mut DistributionConfig) -> Result<(), AwsError> {
        let Some(issued) = &self.issued else { return Ok(()) };
        let all = config.aliases().map(Aliases::items).unwrap_or_default();
        let covered = all.iter().filter(|alias| issued.covers(alias)).cloned().collect();
        config.aliases = Some(aliases(covered)?);
        Ok(())
    }
}

/// Takes off the certificate of domains that left the file, and with it every alias: without a
/// certificate there can be none.
pub(super) fn without_domains(config: &mut DistributionConfig) -> Result<(), AwsError> {
    config.aliases = Some(aliases(Vec::new())?);
    let default = ViewerCertificate::builder().cloud_front_default_certificate(true).build();
    config.viewer_certificate = Some(default);
    Ok(())
}

fn aliases(items: Vec<String>) -> Result<Aliases, AwsError> {
    Aliases::builder().quantity(quantity(&items)).set_items(Some(items)).build().map_err(invalid)
}
