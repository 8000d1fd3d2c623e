//! The CloudFront distribution that serves the variants, and only them, from the private bucket.
//!
//! Its origin access control, its statement in the bucket's policy, and its identifier in the
//! function's environment belong to it and live here too.

mod access_control;
mod calls;
mod creation;
mod distribution;

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_cloudfront::types::DistributionSummary;
use futures_util::try_join;
use serde_json::{Value, json};

use self::access_control::{access_control_fields, wanted_access_control};
use self::calls::{Made, cloudfront_tags};
pub(crate) use self::distribution::{ORIGIN, SSL_SUPPORT, Settings, TLS_MIN};
use crate::aws::bucket::Bucket;
use crate::aws::lambda::is_busy;
use crate::aws::wait::{Probe, retry_while, wait_until};
use crate::aws::{Aws, AwsError, Calling, policy};
use crate::names::{Names, edited_tags};
use crate::resource::{Context, Details, Edits, Fields, Id, Observed, Owner, Removal, Resource};

const SID: &str = "ImgprepAllowCloudFront";
const STATEMENT_PATH: &str = "bucket_policy.Statement[ImgprepAllowCloudFront]";
/// Stands for the distribution's own ARN or identifier, which AWS chooses.
pub(crate) const THIS: &str = "this distribution";

/// Details of what AWS numbers itself.
const ID_DETAIL: &str = "id";
const ACCESS_CONTROL_DETAIL: &str = "access_control";
/// The version of a distribution that is off everywhere.
const VERSION_DETAIL: &str = "version";

/// A distribution takes minutes to reach every edge; AWS's own tools wait 35, others 90.
const DEPLOY_SECS_MAX: u64 = 60 * 60;
/// How long CloudFront may take to list what it made.
const LISTED_SECS_MAX: u64 = 60;
/// How long other writers of the same distribution may be in the way.
const CONTENTION_SECS_MAX: u64 = 60;

pub(crate) struct Cdn {
    names: Arc<Names>,
    settings: Settings,
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

    /// Puts the edited fields of a distribution right.
    async fn change(
        &self,
        context: &Context<'_>,
        made: &mut Made,
        access_control: &str,
        edits: &Edits,
    ) -> Result<(), AwsError> {
        if edits.touch_any(&distribution::PATHS) {
            let change = |config: &mut _| self.settings.apply(&self.names, access_control, config);
            if let Some(changed) = self.change_config(context, &made.id, change).await? {
                made.status = changed.status;
            }
        }
        if edits.touch("tags") {
            const CALL: &str = "cloudfront:TagResource";
            let tags = cloudfront_tags(edited_tags(edits).iter(), CALL)?;
            let tag = context.aws.cloudfront.tag_resource().resource(&made.arn);
            tag.tags(tags).send().await.calling(CALL)?;
        }
        Ok(())
    }

    /// The distribution that is known to be there, once CloudFront lists it.
    async fn listed(&self, context: &Context<'_>) -> Result<DistributionSummary, AwsError> {
        const CALL: &str = "cloudfront:ListDistributions";
        let wait = context.wait(CALL, "CloudFront to list the distribution", LISTED_SECS_MAX);
        wait_until(&wait, || async {
            let found = self.find(context.aws).await?.distribution;
            Ok(found.map_or_else(|| Probe::Pending("it is not there".to_owned()), Probe::Done))
        })
        .await
    }

    /// Names the domains where AWS refuses one of them, for AWS does not say which.
    fn with_domains(&self, error: AwsError) -> AwsError {
        if error.code() != "CNAMEAlreadyExists" {
            return error;
        }
        error.explained(&format!("it is to serve {}", self.settings.domains.join(", ")))
    }

    /// Tells the bucket, and the function if it is to know, of the distribution.
    async fn introduce(
        &self,
        context: &Context<'_>,
        made: &Made,
        edits: Option<&Edits>,
    ) -> Result<(), AwsError> {
        let touched = |path: &str| edits.is_none_or(|edits| edits.touch(path));
        if touched(STATEMENT_PATH) {
            self.put_statement(context, &made.arn).await?;
        }
        if touched(distribution::VARIABLE_PATH) {
            self.put_function_variable(context, &made.id).await?;
        }
        Ok(())
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
        fields.extend(wanted_access_control());
        fields.set(STATEMENT_PATH, policy::canonical(&self.statement(THIS)));
        if self.settings.function_variable.is_some() {
            fields.set(distribution::VARIABLE_PATH, THIS);
        }
        fields
    }

    fn statements(&self) -> Vec<Value> {
        vec![self.statement(THIS)]
    }

    fn description(&self) -> String {
        format!("Lets CloudFront read the variants of {}", self.names.bucket)
    }

    fn held_by(&self) -> &'static [(Id, &'static str)] {
        &[(Id::Function, "function.environment")]
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed>, AwsError> {
        let present = self.find(aws).await?;
        let access_control = present.access_control.as_ref();
        let Some(summary) = &present.distribution else {
            // A run that was cut off may have left the access control alone.
            return Ok(access_control.map(|found| {
                let mut observed = Observed::new(access_control_fields(found), Owner::Ours);
                observed.details.insert(ACCESS_CONTROL_DETAIL, found.id.clone());
                observed
            }));
        };
        let made = Made::from(summary);
        let (mut fields, config, statement, variable) = try_join!(
            self.read_tags(aws, &made.arn),
            self.read_config(aws, &made.id),
            self.read_statement(aws, &made.arn),
            self.read_function_variable(aws),
        )?;
        let owner = self.names.owner(&fields);
        fields.extend(access_control.map(access_control_fields).unwrap_or_default());
        if let Some(now) = &config {
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
        let id = access_control.map(|found| (ACCESS_CONTROL_DETAIL, found.id.clone()));
        observed.details.extend(id);
        Ok(Some(observed))
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        let access_control = self.create_access_control(context).await?;
        let made = self.create_distribution(context, &access_control).await?;
        Ok(made.details())
    }

    async fn complete(&self, context: &Context<'_>, created: Details) -> Result<Details, AwsError> {
        if let Some(made) = Made::from_details(&created) {
            self.introduce(context, &made, None).await?;
        }
        Ok(created)
    }

    async fn update(
        &self,
        context: &Context<'_>,
        observed: &Observed,
        edits: &Edits,
    ) -> Result<Details, AwsError> {
        let differs = edits.touch("access_control");
        let access_control = match observed.details.get(ACCESS_CONTROL_DETAIL) {
            Some(id) if differs => {
                self.update_access_control(context, id).await?;
                id.clone()
            }
            Some(id) => id.clone(),
            None => self.create_access_control(context).await?,
        };
        let made = if let Some(mut made) = Made::from_details(&observed.details) {
            self.change(context, &mut made, &access_control, edits).await?;
            made
        } else {
            edits.whole();
            self.create_distribution(context, &access_control).await?
        };
        self.introduce(context, &made, Some(edits)).await?;
        Ok(made.details())
    }

    /// Switches the distribution off; CloudFront deletes only what is off everywhere.
    async fn delete(
        &self,
        context: &Context<'_>,
        observed: &Observed,
    ) -> Result<Removal, AwsError> {
        let wait = context.bucket_wait("s3:PutBucketPolicy");
        let switch_off = async {
            let Some(id) = observed.details.get(ID_DETAIL) else { return Ok(None) };
            if *observed.fields.get("enabled") == Value::Bool(false) {
                return Ok(None);
            }
            self.switch_off(context, id).await
        };
        let close_bucket = async {
            match self.bucket(context.aws).remove_statement(&wait, SID).await {
                Err(error) if error.is_not_found() => Ok(()),
                other => other,
            }
        };
        let (changed, ()) = try_join!(switch_off, close_bucket)?;
        let mut details = observed.details.clone();
        let off = changed.filter(|changed| changed.status == DEPLOYED);
        details.extend(off.and_then(|changed| Some((VERSION_DETAIL, changed.version?))));
        Ok(Removal::Later("CloudFront is switching it off at its edges".to_owned(), details))
    }

    async fn finish_delete(
        &self,
        context: &Context<'_>,
        details: &Details,
    ) -> Result<(), AwsError> {
        const CALL: &str = "cloudfront:DeleteDistribution";
        let detail = |name: &str| details.get(name);
        let gone = async {
            let Some(id) = detail(ID_DETAIL) else { return Ok(()) };
            let wait =
                context.wait(CALL, "CloudFront to switch it off everywhere", DEPLOY_SECS_MAX);
            let mut version = detail(VERSION_DETAIL).cloned();
            wait_until(&wait, || self.probe_deletion(context, id, version.take())).await
        };
        let Some(id) = detail(ACCESS_CONTROL_DETAIL) else { return gone.await };
        let ((), version) = try_join!(gone, self.access_control_version(context, id))?;
        self.delete_access_control(context, id, version).await
    }

    async fn settle(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "cloudfront:GetDistribution";
        let found = self.listed(context).await?;
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

const DEPLOYED: &str = "Deployed";
