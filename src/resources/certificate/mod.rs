//! The certificate that ACM makes for the domains of the file, and the records that prove to ACM whose
//! they are.
//!
//! It is in us-east-1, where CloudFront looks for certificates, whatever the stack's region. It is told
//! apart by the set of its domains, in a tag: ACM cannot change that set, so that another set is another
//! certificate, and the former one is retired. The records stay as long as it does, for ACM renews it by
//! them.

mod export;
mod permissions;
mod proofs;

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_acm::types::{Tag, ValidationMethod};
use futures_util::try_join;
use sha2::{Digest, Sha256};

use self::proofs::Zones;
use super::own_domain::{self, Certificate as Found, Standing};
use super::{Blueprint, Member, Trace};
use crate::aws::call::Cause;
use crate::aws::wait::{Probe, Wait, retry_while, wait_until};
use crate::aws::{Aws, AwsError, Calling, zones};
use crate::engine::edits::Edits;
use crate::engine::fields::{Keyed, Tags};
use crate::engine::resource::{
    Context, Details, Erased, Id, Kind, NOTE, Observed, Owner, Removal, Resource,
};
use crate::names::{DOMAINS_TAG, Names};
use crate::permissions::Row;

pub(crate) const ID: Id = Id(&Kind::new("certificate", "AWS::CertificateManager::Certificate"));

/// The detail with the records that are to be made elsewhere: a line each, name and value.
pub(crate) const RECORDS_DETAIL: &str = "records";

const ARN_DETAIL: &str = "arn";

/// How long ACM may take to name the records that it looks for.
const NAMED_SECS_MAX: u64 = 60;
/// How long a run waits for a certificate before it goes on without it.
const ISSUED_SECS_MAX: u64 = 60;
/// How long ACM may not know a certificate that it has just made.
const KNOWN_SECS_MAX: u64 = 20;
/// A distribution that uses it may take that long to go.
const RELEASED_SECS_MAX: u64 = 60 * 60;
/// How many requests are made where ACM answers with certificates that are gone.
const REQUESTS_MAX: usize = 3;

fields! {
    pub(crate) struct Fields {
        tags: Tags,
        /// Whether ACM has issued it, or still can.
        usable: bool,
        /// Whether the record that proves it is there, by the domain.
        validation: Keyed<bool>,
    }
}

pub(crate) struct Certificate {
    names: Arc<Names>,
    /// Its domains as the tag has them.
    label: String,
    /// The domains that it is to be for; of one that left the file only ACM knows them.
    domains: Vec<String>,
    hosted_zone: Option<String>,
}

impl Certificate {
    fn tags(&self) -> Tags {
        let domains = (DOMAINS_TAG.to_owned(), self.label.clone());
        self.names.iam_tags().into_iter().chain([domains]).collect()
    }

    /// The domain that the certificate is called by.
    fn first(&self) -> Option<&String> {
        /// What a certificate's name can hold (RFC 5280, "Upper Bounds").
        const CHARACTERS_MAX: usize = 64;
        let is_short = |domain: &&String| domain.len() <= CHARACTERS_MAX;
        self.domains.iter().find(is_short).or(self.domains.first())
    }

    fn has_left(&self) -> bool {
        self.domains.is_empty()
    }

    async fn find(&self, aws: &Aws) -> Result<Option<Found>, AwsError> {
        own_domain::find(aws, &self.names, &self.label).await
    }

    async fn zones(&self, aws: &Aws, domains: &[String]) -> Result<Zones, AwsError> {
        zones::of_domains(aws, domains, self.hosted_zone.as_deref()).await
    }

    /// Requests one in the place of `former`, and remembers it for the rest of the run: the index of
    /// tags takes its time.
    async fn request(&self, context: &Context<'_>, former: &str) -> Result<String, AwsError> {
        const CALL: &str = "acm:DescribeCertificate";
        let mut former = former.to_owned();
        for _ in 0..REQUESTS_MAX {
            let arn = self.request_after(context.aws, &former).await?;
            let wait = context.wait(CALL, "ACM to know the certificate", KNOWN_SECS_MAX);
            let known = wait_until(&wait, || async {
                let found = own_domain::read(context.aws, &arn).await?;
                Ok(found.map_or_else(|| Probe::Pending("it is gone".to_owned()), Probe::Done))
            });
            match known.await {
                Ok(_) => {
                    let mut made = context.aws.made_certificates.lock().await;
                    made.insert(self.label.clone(), arn.clone());
                    return Ok(arn);
                }
                // For an hour a token stands for the certificate that it first stood for.
                Err(AwsError { cause: Cause::Wait(_), .. }) => former = arn,
                Err(error) => return Err(error),
            }
        }
        Err(AwsError::wait(CALL, "ACM answers only with certificates that are gone"))
    }

    async fn request_after(&self, aws: &Aws, former: &str) -> Result<String, AwsError> {
        const CALL: &str = "acm:RequestCertificate";
        let tags = self.tags();
        let tags: Result<Vec<Tag>, _> =
            tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        let request = aws.acm.request_certificate().set_domain_name(self.first().cloned());
        let request = request
            .set_subject_alternative_names(Some(self.domains.clone()))
            .validation_method(ValidationMethod::Dns)
            .idempotency_token(token(&self.names, &self.label, former))
            .set_tags(Some(tags.map_err(|error| AwsError::request(CALL, error.to_string()))?));
        let arn = request.send().await.calling(CALL)?.certificate_arn;
        arn.ok_or_else(|| AwsError::request(CALL, "ACM did not return what it created"))
    }

    /// Shows ACM that the domains are the account's, where their zones are here, and waits for a moment
    /// for the certificate. Answers with what is left to do elsewhere.
    async fn prove(&self, context: &Context<'_>, arn: &str) -> Result<Details, AwsError> {
        let (found, zones) =
            try_join!(self.with_proofs(context, arn), self.zones(context.aws, &self.domains))?;
        proofs::put(context, &found.proofs, &zones).await?;
        let elsewhere = proofs::elsewhere(&found, &zones);
        let standing = if elsewhere.is_empty() {
            self.issued(context, arn).await?
        } else {
            found.standing.clone()
        };
        let mut details = details(arn, &elsewhere);
        if let Some(why) = Self::not_yet(&standing, &elsewhere) {
            (context.warn)(&format!("the CDN does not serve {} yet: {why}", self.spelled()));
            details.insert(NOTE, why);
        }
        Ok(details)
    }

    /// The certificate, once ACM has named every record that it looks for.
    async fn with_proofs(&self, context: &Context<'_>, arn: &str) -> Result<Found, AwsError> {
        const CALL: &str = "acm:DescribeCertificate";
        let what = "ACM to name its validation records";
        let wait = context.wait(CALL, what, NAMED_SECS_MAX);
        wait_until(&wait, || async {
            let found = own_domain::read(context.aws, arn).await?;
            let found = found.ok_or_else(|| AwsError::vanished(CALL, "it is gone"))?;
            let is_named =
                |domain: &String| found.proofs.iter().any(|proof| proof.domain == *domain);
            let is_over = matches!(found.standing, Standing::Unusable(_));
            Ok(if is_over || self.domains.iter().all(is_named) {
                Probe::Done(found)
            } else {
                Probe::Pending("some have no name yet".to_owned())
            })
        })
        .await
    }

    /// How far ACM is once it has issued it or refused to, or after a minute.
    async fn issued(&self, context: &Context<'_>, arn: &str) -> Result<Standing, AwsError> {
        const CALL: &str = "acm:DescribeCertificate";
        let what = format!("ACM to issue the certificate of {}", self.spelled());
        let wait = context.wait(CALL, &what, ISSUED_SECS_MAX);
        let issued = wait_until(&wait, || async {
            let found = own_domain::read(context.aws, arn).await?;
            let found = found.ok_or_else(|| AwsError::vanished(CALL, "it is gone"))?;
            Ok(match found.standing {
                Standing::Waiting => Probe::Pending("it is not issued yet".to_owned()),
                standing => Probe::Done(standing),
            })
        });
        match issued.await {
            Err(AwsError { cause: Cause::Wait(_), .. }) => Ok(Standing::Waiting),
            other => other,
        }
    }

    /// What stands between the domains and the CDN.
    fn not_yet(standing: &Standing, elsewhere: &[String]) -> Option<String> {
        match standing {
            Standing::Issued => None,
            Standing::Unusable(why) => Some(why.clone()),
            Standing::Waiting if elsewhere.is_empty() => Some(
                "ACM is looking for its validation records, which can take half an hour; then \
                 `imgprep up` goes on"
                    .to_owned(),
            ),
            Standing::Waiting => Some(
                "ACM waits for DNS records that are not in Route 53: make those that `imgprep \
                 status` shows; then `imgprep up` goes on"
                    .to_owned(),
            ),
        }
    }

    fn spelled(&self) -> String {
        self.label.replace('_', "*").replace(' ', ", ")
    }

    async fn delete_one(&self, context: &Context<'_>, arn: &str) -> Result<Option<()>, AwsError> {
        let delete = context.aws.acm.delete_certificate().certificate_arn(arn).send().await;
        match delete.found("acm:DeleteCertificate") {
            Err(error) if is_in_use(&error) => Ok(None),
            other => other.map(|_| Some(())),
        }
    }
}

/// What makes a request unique for an hour (AWS Certificate Manager API Reference,
/// `RequestCertificate`), the same in every run: two runs at once make one certificate.
fn token(names: &Names, label: &str, former: &str) -> String {
    /// A token has at most 32 characters, so that this half of the hash must do.
    const BYTES: usize = 16;
    let what = format!("{}\n{}\n{label}\n{former}", names.stack, names.region);
    let hash = Sha256::digest(what.as_bytes());
    hex::encode(&hash[..BYTES])
}

fn details(arn: &str, elsewhere: &[String]) -> Details {
    let mut details = Details::from([(ARN_DETAIL, arn.to_owned())]);
    if !elsewhere.is_empty() {
        details.insert(RECORDS_DETAIL, elsewhere.join("\n"));
    }
    details
}

fn is_in_use(error: &AwsError) -> bool {
    matches!(error.code(), "ResourceInUseException" | "ConflictException")
}

#[async_trait]
impl Resource for Certificate {
    type Fields = Fields;

    const ID: Id = ID;

    fn name(&self) -> String {
        self.spelled()
    }

    fn arn(&self) -> Option<String> {
        None
    }

    fn fields(&self) -> Fields {
        Fields {
            tags: self.tags(),
            usable: true,
            validation: Keyed(self.domains.iter().map(|domain| (domain.clone(), true)).collect()),
        }
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed<Fields>>, AwsError> {
        if self.has_left() {
            return Ok(match self.find(aws).await {
                // The index of tags knows that it is there, and ours.
                Err(error) if error.is_denied() => {
                    let note = Some(format!("it cannot be read: {error}"));
                    Some(Observed { note, ..Observed::new(Fields::default(), Owner::Ours) })
                }
                other => other?.map(|found| {
                    let owner = self.names.iam_owner(&found.tags);
                    let fields = Fields { tags: found.tags, ..Fields::default() };
                    let mut observed = Observed::new(fields, owner);
                    observed.details.insert(ARN_DETAIL, found.arn);
                    observed
                }),
            });
        }
        let (found, zones) = try_join!(self.find(aws), self.zones(aws, &self.domains))?;
        let Some(found) = found else { return Ok(None) };
        let validation = proofs::in_place(aws, &found, &zones).await?;
        let elsewhere = proofs::elsewhere(&found, &zones);
        let fields = Fields {
            usable: !matches!(found.standing, Standing::Unusable(_)),
            validation: Keyed(validation),
            tags: found.tags.clone(),
        };
        let mut observed = Observed::new(fields, self.names.iam_owner(&found.tags));
        observed.note = Self::not_yet(&found.standing, &elsewhere);
        observed.details = details(&found.arn, &elsewhere);
        Ok(Some(observed))
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        let arn = self.request(context, "").await?;
        Ok(details(&arn, &[]))
    }

    async fn complete(&self, context: &Context<'_>, created: Details) -> Result<Details, AwsError> {
        match created.get(ARN_DETAIL) {
            Some(arn) => self.prove(context, arn).await,
            None => Ok(created),
        }
    }

    async fn update(
        &self,
        context: &Context<'_>,
        observed: &Observed,
        edits: &Edits<Fields>,
    ) -> Result<Details, AwsError> {
        let former = observed.details.get(ARN_DETAIL).cloned().unwrap_or_default();
        if edits.touch(Fields::usable) {
            edits.whole();
            let arn = self.request(context, &former).await?;
            let details = self.prove(context, &arn).await?;
            // One that a distribution still has goes with the stack.
            self.delete_one(context, &former).await?;
            return Ok(details);
        }
        if edits.touch(Fields::tags) {
            const CALL: &str = "acm:AddTagsToCertificate";
            let mut add = context.aws.acm.add_tags_to_certificate().certificate_arn(&former);
            for (key, value) in edits.tags(Fields::tags) {
                let tag = Tag::builder().key(key).value(value).build();
                add = add.tags(tag.map_err(|error| AwsError::request(CALL, error.to_string()))?);
            }
            add.send().await.calling(CALL)?;
        }
        if edits.touch(Fields::validation) {
            return self.prove(context, &former).await;
        }
        Ok(Details::new())
    }

    /// Takes the records away, and then the certificate, if no distribution has it any more.
    async fn delete(
        &self,
        context: &Context<'_>,
        observed: &Observed,
    ) -> Result<Removal, AwsError> {
        let mut all = own_domain::all(context.aws, &self.names, &self.label).await?;
        // The distribution that led to it may be gone by now.
        let known = observed.details.get(ARN_DETAIL);
        if let Some(arn) = known.filter(|arn| all.iter().all(|found| found.arn != **arn)) {
            all.extend(own_domain::read(context.aws, arn).await?);
        }
        let mut used = Vec::new();
        for found in &all {
            let zones = match self.zones(context.aws, &found.domains).await {
                Err(error) if matches!(error.cause, Cause::Unusable(_)) => {
                    (context.warn)(&format!("validation records stay: {error}"));
                    Zones::new()
                }
                other => other?,
            };
            proofs::remove(context, found, &all, &zones).await?;
            if self.delete_one(context, &found.arn).await?.is_none() {
                used.push(found.arn.clone());
            }
        }
        if used.is_empty() {
            return Ok(Removal::Gone);
        }
        let details = Details::from([(ARN_DETAIL, used.join("\n"))]);
        Ok(Removal::Later("the distribution still has it".to_owned(), details))
    }

    async fn finish_delete(
        &self,
        context: &Context<'_>,
        details: &Details,
    ) -> Result<(), AwsError> {
        const CALL: &str = "acm:DeleteCertificate";
        for arn in details.get(ARN_DETAIL).into_iter().flat_map(|arns| arns.lines()) {
            let what = "the distribution to let go of the certificate";
            let wait: Wait<'_> = context.wait(CALL, what, RELEASED_SECS_MAX);
            retry_while(&wait, is_in_use, || async {
                let delete = context.aws.acm.delete_certificate().certificate_arn(arn);
                delete.send().await.found(CALL).map(drop)
            })
            .await?;
        }
        Ok(())
    }
}

impl Member for Certificate {
    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    const TRACES: &'static [Trace] = &[Trace::OwnDomains];

    fn wanted(blueprint: &Blueprint<'_>) -> Option<Self> {
        let domains = blueprint.config.cdn.own_domains().to_vec();
        let label = blueprint.names.own_domains.clone()?;
        let hosted_zone = blueprint.config.cdn.hosted_zone.clone();
        Some(Self { names: blueprint.names(), label, domains, hosted_zone })
    }

    fn known_as(names: &Names) -> Option<&str> {
        names.own_domains.as_deref()
    }

    fn left(blueprint: &Blueprint<'_>, label: &str) -> Erased {
        Box::new(Self {
            names: blueprint.names(),
            label: label.to_owned(),
            domains: Vec::new(),
            hosted_zone: None,
        })
    }
}
