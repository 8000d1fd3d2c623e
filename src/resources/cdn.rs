//! The CloudFront distribution that serves the variants, and only them, from the private bucket.
//!
//! Its origin access control, its statement in the bucket's policy, and its identifier in the
//! function's environment belong to it and live here too.

mod access_control;
mod distribution;

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_cloudfront::types::{
    DistributionConfigWithTags, DistributionSummary, OriginAccessControlSummary, Tag, Tags,
};
use futures_util::try_join;
use serde_json::{Value, json};

pub(crate) use self::distribution::Settings;
use crate::aws::bucket::Bucket;
use crate::aws::wait::{Probe, retry_while, wait_until};
use crate::aws::{Aws, AwsError, Calling, policy};
use crate::names::{Names, edited_tags, tag_fields};
use crate::resource::{
    Context, Details, Edit, Fields, IN_PROGRESS, Id, Observed, Owner, Removal, Resource, STATUS,
    touches,
};

const SID: &str = "ImgprepAllowCloudFront";
const STATEMENT_PATH: &str = "bucket_policy.Statement[ImgprepAllowCloudFront]";
/// Stands for the distribution's own ARN or identifier, which AWS chooses.
const THIS: &str = "this distribution";

/// A distribution takes minutes to reach every edge; AWS's own tools wait 35, others 90.
const DEPLOY_SECS_MAX: u64 = 60 * 60;
/// How long other writers of the same distribution may be in the way.
const CONTENTION_SECS_MAX: u64 = 60;
/// Generations of the caller reference that are tried before giving up.
const GENERATIONS_MAX: usize = 8;

pub(crate) struct Cdn {
    names: Arc<Names>,
    settings: Settings,
}

/// What belongs to the CDN, as AWS holds it.
#[derive(Default)]
struct Present {
    distribution: Option<DistributionSummary>,
    access_control: Option<OriginAccessControlSummary>,
}

impl Cdn {
    pub(crate) fn new(names: Arc<Names>, settings: Settings) -> Self {
        Self { names, settings }
    }

    fn statement(&self, distribution_arn: &str) -> Value {
        let variants = self.settings.folders.iter();
        let variants = variants.map(|folder| format!("{}/{folder}/*", self.names.bucket_arn));
        json!({
            "Sid": SID,
            "Effect": "Allow",
            "Principal": { "Service": "cloudfront.amazonaws.com" },
            "Action": "s3:GetObject",
            "Resource": variants.collect::<Vec<_>>(),
            "Condition": { "StringEquals": { "aws:SourceArn": distribution_arn } },
        })
    }

    fn bucket<'a>(&'a self, aws: &'a Aws) -> Bucket<'a> {
        Bucket { aws, name: &self.names.bucket, account: &self.names.account }
    }

    /// Ours among all distributions of the account: CloudFront cannot be asked by comment.
    async fn find_distribution(&self, aws: &Aws) -> Result<Option<DistributionSummary>, AwsError> {
        let mut marker = None;
        loop {
            let page = aws.cloudfront.list_distributions().set_marker(marker).send().await;
            let Some(list) = page.calling("cloudfront:ListDistributions")?.distribution_list else {
                return Ok(None);
            };
            let found = list.items().iter().find(|summary| summary.comment() == self.names.cdn);
            if found.is_some() || !list.is_truncated() {
                return Ok(found.cloned());
            }
            marker = list.next_marker;
        }
    }

    async fn find(&self, aws: &Aws) -> Result<Present, AwsError> {
        let (distribution, access_control) =
            try_join!(self.find_distribution(aws), self.find_access_control(aws))?;
        Ok(Present { distribution, access_control })
    }

    async fn read_tags(&self, aws: &Aws, arn: &str) -> Result<Fields, AwsError> {
        let list = aws.cloudfront.list_tags_for_resource().resource(arn).send().await;
        let tags = list.calling("cloudfront:ListTagsForResource")?.tags;
        let tags = tags.and_then(|tags| tags.items).unwrap_or_default();
        Ok(tag_fields(tags.iter().map(|tag| (tag.key(), tag.value().unwrap_or_default()))))
    }

    async fn read_config(&self, aws: &Aws, id: &str) -> Result<Option<Versioned>, AwsError> {
        let get = aws.cloudfront.get_distribution_config().id(id).send().await;
        let answer = get.found("cloudfront:GetDistributionConfig")?;
        Ok(answer.and_then(|answer| {
            Some(Versioned { etag: answer.e_tag?, config: answer.distribution_config? })
        }))
    }

    /// Our statement in the bucket's policy, with this distribution's ARN told apart from others.
    async fn read_statement(&self, aws: &Aws, arn: &str) -> Result<Option<Value>, AwsError> {
        let document = match self.bucket(aws).policy().await {
            Err(error) if error.is_denied() || error.is_not_found() => None,
            other => other?,
        };
        let statements = policy::statements(document.as_deref());
        Ok(policy::statement(&statements, SID).map(|statement| {
            let text = policy::canonical(statement).to_string().replace(arn, THIS);
            serde_json::from_str(&text).unwrap_or_default()
        }))
    }

    async fn read_function_variable(&self, aws: &Aws) -> Result<Option<String>, AwsError> {
        let Some(variable) = &self.settings.function_variable else { return Ok(None) };
        let get = aws.lambda.get_function_configuration().function_name(&self.names.function);
        let answer = get.send().await.found("lambda:GetFunctionConfiguration")?;
        let variables = answer.and_then(|answer| answer.environment?.variables);
        Ok(variables.and_then(|mut all| all.remove(variable)))
    }

    /// Makes the distribution under a caller reference that every run computes alike, so that two
    /// runs cannot make two. A reference that a deleted distribution used up is passed over.
    async fn create_distribution(
        &self,
        context: &Context<'_>,
        access_control: &str,
    ) -> Result<Made, AwsError> {
        const CALL: &str = "cloudfront:CreateDistribution";
        for generation in 1..=GENERATIONS_MAX {
            let reference = format!("{}-{generation}", self.names.cdn);
            let config = self.settings.new_config(&self.names, access_control, &reference)?;
            let tags = cloudfront_tags(self.names.tags.iter(), CALL)?;
            let config =
                DistributionConfigWithTags::builder().distribution_config(config).tags(tags);
            let config = config.build();
            let create = context.aws.cloudfront.create_distribution_with_tags();
            let created = create.distribution_config_with_tags(config).send().await.calling(CALL);
            match created {
                Ok(answer) => {
                    let made = answer.distribution.ok_or_else(|| {
                        AwsError::request(CALL, "CloudFront did not say what it made")
                    })?;
                    return Ok(Made {
                        id: made.id,
                        arn: made.arn,
                        domain: made.domain_name,
                        status: made.status,
                    });
                }
                Err(error) if error.code() == "DistributionAlreadyExists" => {
                    if let Some(found) = self.find_distribution(context.aws).await? {
                        return Ok(Made::from(&found));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Err(AwsError::request(CALL, "every caller reference of this stack is used up"))
    }

    /// Changes our fields of the distribution and no other; again if somebody else was faster.
    /// Answers with the status that the change leads to.
    async fn change_config(
        &self,
        context: &Context<'_>,
        id: &str,
        change: impl Fn(&mut aws_sdk_cloudfront::types::DistributionConfig) -> Result<(), AwsError>,
    ) -> Result<Option<String>, AwsError> {
        const CALL: &str = "cloudfront:UpdateDistribution";
        let wait = context.wait(CALL, "another change of the distribution", CONTENTION_SECS_MAX);
        retry_while(&wait, is_stale, || async {
            let Some(mut now) = self.read_config(context.aws, id).await? else { return Ok(None) };
            change(&mut now.config)?;
            let put = context.aws.cloudfront.update_distribution().id(id).if_match(now.etag);
            let answer = put.distribution_config(now.config).send().await.calling(CALL)?;
            Ok(answer.distribution.map(|distribution| distribution.status))
        })
        .await
    }

    async fn put_statement(&self, context: &Context<'_>, arn: &str) -> Result<(), AwsError> {
        let wait = context.bucket_wait("s3:PutBucketPolicy");
        self.bucket(context.aws).put_statement(&wait, &self.statement(arn)).await
    }

    /// Tells the function which distribution to invalidate.
    async fn put_function_variable(&self, context: &Context<'_>, id: &str) -> Result<(), AwsError> {
        const CALL: &str = "lambda:UpdateFunctionConfiguration";
        let Some(variable) = &self.settings.function_variable else { return Ok(()) };
        let lambda = &context.aws.lambda;
        let wait = context.wait(CALL, "Lambda to finish an earlier change", CONTENTION_SECS_MAX);
        let is_busy = |error: &AwsError| error.code().starts_with("ResourceConflict");
        retry_while(&wait, is_busy, || async {
            let get = lambda.get_function_configuration().function_name(&self.names.function);
            let now = get.send().await.calling("lambda:GetFunctionConfiguration")?;
            let mut variables =
                now.environment.and_then(|environment| environment.variables).unwrap_or_default();
            variables.insert(variable.clone(), id.to_owned());
            let environment = aws_sdk_lambda::types::Environment::builder()
                .set_variables(Some(variables))
                .build();
            let put = lambda.update_function_configuration().function_name(&self.names.function);
            let put = put.set_revision_id(now.revision_id).environment(environment);
            put.send().await.calling(CALL)
        })
        .await?;
        Ok(())
    }

    /// Brings everything of the CDN to what it should be, whatever is there.
    async fn converge(
        &self,
        context: &Context<'_>,
        edits: Option<&[Edit]>,
    ) -> Result<Details, AwsError> {
        let touched = |path: &str| edits.is_none_or(|edits| touches(edits, path));
        let access_control = self.put_access_control(context).await?;
        let made = match self.find_distribution(context.aws).await? {
            None => self.create_distribution(context, &access_control).await?,
            Some(found) => {
                let mut made = Made::from(&found);
                if distribution::PATHS.iter().any(|path| touched(path)) {
                    let change =
                        |config: &mut _| self.settings.apply(&self.names, &access_control, config);
                    let status = self.change_config(context, found.id(), change).await?;
                    made.status = status.unwrap_or(made.status);
                }
                if touched("tags") {
                    const CALL: &str = "cloudfront:TagResource";
                    let wanted = edits.map_or_else(|| self.names.tags.clone(), edited_tags);
                    let tags = cloudfront_tags(wanted.iter(), CALL)?;
                    let tag = context.aws.cloudfront.tag_resource().resource(found.arn());
                    tag.tags(tags).send().await.calling(CALL)?;
                }
                made
            }
        };
        if touched(STATEMENT_PATH) {
            self.put_statement(context, &made.arn).await?;
        }
        if touched(distribution::VARIABLE_PATH) {
            self.put_function_variable(context, &made.id).await?;
        }
        Ok(made.details())
    }
}

#[async_trait]
impl Resource for Cdn {
    fn id(&self) -> Id {
        Id::Cdn
    }

    fn name(&self) -> String {
        self.names.cdn.clone()
    }

    fn arn(&self) -> Option<String> {
        None
    }

    fn fields(&self) -> Fields {
        let mut fields = self.names.tag_fields();
        fields.extend(self.settings.fields(&self.names));
        fields.set(STATEMENT_PATH, policy::canonical(&self.statement(THIS)));
        if self.settings.function_variable.is_some() {
            fields.set(distribution::VARIABLE_PATH, THIS);
        }
        fields
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed>, AwsError> {
        let present = self.find(aws).await?;
        let Some(summary) = &present.distribution else {
            // A run that was cut off may have left the access control alone.
            return Ok(present
                .access_control
                .map(|_| Observed::new(Fields::default(), Owner::Ours)));
        };
        let made = Made::from(summary);
        let (mut fields, config, statement, variable) = try_join!(
            self.read_tags(aws, &made.arn),
            self.read_config(aws, &made.id),
            self.read_statement(aws, &made.arn),
            self.read_function_variable(aws),
        )?;
        let owner = self.names.owner(&fields);
        if let Some(now) = &config {
            let access_control = present.access_control.as_ref();
            fields.extend(Settings::observed_fields(&self.names, &now.config, access_control));
        }
        if let Some(statement) = statement {
            fields.set(STATEMENT_PATH, statement);
        }
        if let Some(id) = variable {
            let value = if id == made.id { THIS.to_owned() } else { id };
            fields.set(distribution::VARIABLE_PATH, value);
        }
        let mut observed = Observed::new(fields, owner);
        if summary.status() != DEPLOYED {
            observed.deploying = Some("CloudFront is still deploying it to its edges".to_owned());
        }
        observed.details = made.details();
        Ok(Some(observed))
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        self.converge(context, None).await
    }

    async fn update(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
        edits: &[Edit],
    ) -> Result<Details, AwsError> {
        self.converge(context, Some(edits)).await
    }

    /// Switches the distribution off; CloudFront deletes only what is off everywhere.
    async fn delete(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
    ) -> Result<Removal, AwsError> {
        let wait = context.bucket_wait("s3:PutBucketPolicy");
        if let Some(found) = self.find_distribution(context.aws).await?
            && found.enabled()
        {
            let disable = |config: &mut aws_sdk_cloudfront::types::DistributionConfig| {
                config.enabled = false;
                Ok(())
            };
            self.change_config(context, found.id(), disable).await?;
        }
        match self.bucket(context.aws).remove_statement(&wait, SID).await {
            Err(error) if error.is_not_found() => {}
            other => other?,
        }
        Ok(Removal::Later("CloudFront is switching it off at its edges".to_owned()))
    }

    async fn finish_delete(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "cloudfront:DeleteDistribution";
        if let Some(found) = self.find_distribution(context.aws).await? {
            let id = found.id();
            let wait =
                context.wait(CALL, "CloudFront to switch it off everywhere", DEPLOY_SECS_MAX);
            wait_until(&wait, || async {
                if self.status(context.aws, id).await?.as_deref() == Some(IN_PROGRESS) {
                    return Ok(Probe::Pending("it is still InProgress".to_owned()));
                }
                let Some(now) = self.read_config(context.aws, id).await? else {
                    return Ok(Probe::Done(()));
                };
                let delete = context.aws.cloudfront.delete_distribution().id(id).if_match(now.etag);
                match delete.send().await.found(CALL) {
                    Err(error) if is_stale(&error) || is_still_on(&error) => {
                        Ok(Probe::Pending(error.to_string()))
                    }
                    other => other.map(|_| Probe::Done(())),
                }
            })
            .await?;
        }
        self.delete_access_control(context).await
    }

    async fn settle(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "cloudfront:GetDistribution";
        let Some(found) = self.find_distribution(context.aws).await? else { return Ok(()) };
        let wait = context.wait(CALL, "CloudFront to deploy it to its edges", DEPLOY_SECS_MAX);
        wait_until(&wait, || async {
            Ok(match self.status(context.aws, found.id()).await?.as_deref() {
                None | Some(DEPLOYED) => Probe::Done(()),
                Some(status) => Probe::Pending(format!("it is still {status}")),
            })
        })
        .await
    }
}

impl Cdn {
    async fn status(&self, aws: &Aws, id: &str) -> Result<Option<String>, AwsError> {
        let get = aws.cloudfront.get_distribution().id(id).send().await;
        let answer = get.found("cloudfront:GetDistribution")?;
        Ok(answer.and_then(|answer| answer.distribution).map(|distribution| distribution.status))
    }
}

const DEPLOYED: &str = "Deployed";

/// A distribution's configuration and the version of it that was read.
struct Versioned {
    etag: String,
    config: aws_sdk_cloudfront::types::DistributionConfig,
}

/// What CloudFront numbered and named itself.
struct Made {
    id: String,
    arn: String,
    domain: String,
    status: String,
}

impl From<&DistributionSummary> for Made {
    fn from(summary: &DistributionSummary) -> Self {
        Self {
            id: summary.id.clone(),
            arn: summary.arn.clone(),
            domain: summary.domain_name.clone(),
            status: summary.status.clone(),
        }
    }
}

impl Made {
    fn details(self) -> Details {
        Details::from([
            ("id", self.id),
            ("arn", self.arn),
            ("domain", self.domain),
            (STATUS, self.status),
        ])
    }
}

fn is_stale(error: &AwsError) -> bool {
    matches!(error.code(), "PreconditionFailed" | "InvalidIfMatchVersion")
}

fn is_still_on(error: &AwsError) -> bool {
    matches!(error.code(), "DistributionNotDisabled" | "ResourceInUse")
}

fn cloudfront_tags<'a>(
    tags: impl Iterator<Item = (&'a String, &'a String)>,
    call: &'static str,
) -> Result<Tags, AwsError> {
    let tags: Result<Vec<Tag>, _> =
        tags.map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    let tags = tags.map_err(|error| AwsError::request(call, error.to_string()))?;
    Ok(Tags::builder().set_items(Some(tags)).build())
}
