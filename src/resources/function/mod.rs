//! The Lambda function that makes the variants.

mod code;
mod export;
mod identity;
pub(crate) mod permissions;
mod price;
mod reading;
mod settings;
mod state;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    DestinationConfig, Environment, FunctionCode, OnFailure, PackageType, Runtime,
};
use futures_util::try_join;

pub(crate) use self::code::{Code, Zip, needs_code};
use self::settings::Settings;
use self::state::{Current, is_destination_settling, is_role_settling};
use super::{Blueprint, Member, Trace, ready, role};
use crate::aws::iam::role_id;
use crate::aws::lambda::is_busy;
use crate::aws::wait::{Probe, retry_while, wait_until};
use crate::aws::{Aws, AwsError, Calling, Upload};
use crate::engine::edits::Edits;
use crate::engine::fields::{Path, Tags, Unwanted};
use crate::engine::resource::{
    Context, Details, Erased, Id, Kind, Observed, Removal, Resource, ours_or,
};
use crate::names::Names;
use crate::permissions::Row;
use crate::pricing::{Service, Usage};

pub(crate) const ID: Id = Id(&Kind::new("function", "AWS::Lambda::Function"));

/// Tags that say which code was uploaded: the hash of its source, and Lambda's hash of the zip.
const SOURCE_TAG: &str = "imgprep:source";
const ZIP_TAG: &str = "imgprep:code-sha256";

/// The OS-only runtime for compiled programs, and the name of their file in it (AWS Lambda
/// Developer Guide, "Building Lambda functions with Rust").
const RUNTIME: Runtime = Runtime::Providedal2023;
const HANDLER: &str = "bootstrap";
/// Retries of an asynchronous invocation before it goes to the dead letters; Lambda's maximum.
const RETRIES: i32 = 2;

/// The call that looks at a function.
const LOOK: &str = "lambda:GetFunctionConfiguration";
/// Between two looks at a function: Lambda's control plane is throttled early, and its own waiters
/// pause as long (AWS Lambda API Reference, `GetFunctionConfiguration`; botocore's waiters).
const POLL_PAUSE: Duration = Duration::from_secs(1);
/// The permission without which Lambda leaves the tags out of what `GetFunction` tells (AWS Lambda API
/// Reference, `TagsError`).
const LIST_TAGS: &str = "lambda:ListTags";
/// How long a new role may not be assumable yet.
const ROLE_SECS_MAX: u64 = 60;
/// How long a new function may not be known everywhere.
const VISIBLE_SECS_MAX: u64 = 30;
/// How long Lambda may take over one change of a function.
const UPDATE_SECS_MAX: u64 = 300;

fields! {
    pub(crate) struct Fields {
        tags: Tags,
        package_type: Option<String>,
        runtime: Option<String>,
        handler: Option<String>,
        architecture: Option<String>,
        memory: Option<i32>,
        timeout: Option<i32>,
        role: Option<String>,
        /// Which role it runs as, beside the role's name.
        role_id: Option<String>,
        /// The hash of the source that the code was made from.
        code: Option<String>,
        environment: BTreeMap<String, Unwanted<String>>,
        /// Of an asynchronous invocation.
        retries: Option<i32>,
        on_failure: Option<String>,
        concurrency: Option<i32>,
    }
}

/// The members that code is uploaded for.
const CODE: [Path<Fields>; 2] = [Fields::code, Fields::architecture];
const EVENTS: [Path<Fields>; 2] = [Fields::retries, Fields::on_failure];
const CONFIGURATION: [Path<Fields>; 6] = [
    Fields::runtime,
    Fields::handler,
    Fields::memory,
    Fields::timeout,
    Fields::role,
    Fields::environment,
];

pub(crate) struct Function {
    names: Arc<Names>,
    settings: Settings,
    code: Arc<Code>,
    /// What it is set to for a moment where its own role was made again.
    temporary_role: Erased,
    is_retired: bool,
}

impl Function {
    fn new(names: Arc<Names>, blueprint: &Blueprint<'_>) -> Self {
        Self {
            names,
            settings: Settings::new(blueprint),
            code: Arc::clone(blueprint.code),
            temporary_role: blueprint.temporary_role(),
            is_retired: false,
        }
    }

    fn description(&self) -> String {
        format!("Makes the image variants of the stack {}", self.names.stack)
    }

    fn zip(&self, call: &'static str) -> Result<&Zip, AwsError> {
        self.code.zip.get().ok_or_else(|| AwsError::request(call, "the function was not built"))
    }

    fn code_tags(&self, zip: &Zip) -> [(String, String); 2] {
        [
            (SOURCE_TAG.to_owned(), self.code.source_hash.clone()),
            (ZIP_TAG.to_owned(), zip.sha256.clone()),
        ]
    }

    /// Our variables, and those that somebody else set, kept.
    fn environment(&self, present: &HashMap<String, String>) -> Environment {
        let mut variables = present.clone();
        for (name, value) in self.settings.emulator_variables.iter().chain(&self.settings.variables)
        {
            variables.insert(name.clone(), value.clone());
        }
        for unwanted in &self.settings.unwanted_variables {
            variables.remove(*unwanted);
        }
        Environment::builder().set_variables(Some(variables)).build()
    }

    /// Waits until the function takes changes and events.
    async fn ready(&self, context: &Context<'_>) -> Result<Current, AwsError> {
        let wait = context.wait(LOOK, "Lambda to finish its update", UPDATE_SECS_MAX);
        wait_until(&wait.paced(POLL_PAUSE), || async {
            let get = context.aws.lambda.get_function_configuration();
            let now = get.function_name(&self.names.function).send().await.calling(LOOK)?;
            state::probe(LOOK, now)
        })
        .await
    }

    async fn create_function(
        &self,
        context: &Context<'_>,
        role: (String, String),
    ) -> Result<(), AwsError> {
        const CALL: &str = "lambda:CreateFunction";
        let zip = self.zip(CALL)?;
        let upload = Upload::base64(&zip.bytes);
        let code = FunctionCode::builder().zip_file(Blob::new(zip.bytes.clone())).build();
        let mut tags: HashMap<String, String> = self.names.tags.clone().into_iter().collect();
        tags.extend(self.code_tags(zip));
        tags.extend([role]);
        let wait = context.wait(CALL, "the new role to be assumable by Lambda", ROLE_SECS_MAX);
        retry_while(&wait, is_role_settling, || async {
            let create = context.aws.lambda.create_function();
            let create = create
                .function_name(&self.names.function)
                .description(self.description())
                .runtime(RUNTIME)
                .handler(HANDLER)
                .architectures(self.settings.architecture.clone())
                .memory_size(self.settings.memory)
                .timeout(self.settings.timeout)
                .role(&self.names.role_arn)
                .environment(self.environment(&HashMap::new()))
                .code(code.clone())
                .set_tags(Some(tags.clone()));
            let create = create.customize().config_override(upload.to_lambda());
            upload.calling(CALL, create.send().await)
        })
        .await?;
        Ok(())
    }

    async fn put_configuration(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "lambda:UpdateFunctionConfiguration";
        let wait = context.wait(CALL, "Lambda to finish an earlier change", UPDATE_SECS_MAX);
        let transient = |error: &AwsError| is_busy(error) || is_role_settling(error);
        retry_while(&wait, transient, || async {
            let Current { variables, revision } = self.ready(context).await?;
            let put = context.aws.lambda.update_function_configuration();
            let put = put
                .function_name(&self.names.function)
                .set_revision_id(revision)
                .runtime(RUNTIME)
                .handler(HANDLER)
                .memory_size(self.settings.memory)
                .timeout(self.settings.timeout)
                .role(&self.names.role_arn)
                .environment(self.environment(&variables));
            put.send().await.calling(CALL)
        })
        .await?;
        Ok(())
    }

    async fn put_code(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "lambda:UpdateFunctionCode";
        let zip = self.zip(CALL)?;
        let upload = Upload::base64(&zip.bytes);
        self.ready(context).await?;
        let wait = context.wait(CALL, "Lambda to finish an earlier change", UPDATE_SECS_MAX);
        retry_while(&wait, is_busy, || async {
            let put = context.aws.lambda.update_function_code();
            let put = put
                .function_name(&self.names.function)
                .architectures(self.settings.architecture.clone())
                .zip_file(Blob::new(zip.bytes.clone()));
            let put = put.customize().config_override(upload.to_lambda());
            upload.calling(CALL, put.send().await)
        })
        .await?;
        // Only now do the tags tell the truth; without them the next run uploads once more.
        self.put_tags(context, self.code_tags(zip)).await
    }

    async fn put_tags(
        &self,
        context: &Context<'_>,
        tags: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), AwsError> {
        const CALL: &str = "lambda:TagResource";
        let tags: HashMap<String, String> = tags.into_iter().collect();
        let wait = context.wait(CALL, "Lambda to finish an earlier change", UPDATE_SECS_MAX);
        retry_while(&wait, is_busy, || async {
            let tag = context.aws.lambda.tag_resource().resource(&self.names.function_arn);
            tag.set_tags(Some(tags.clone())).send().await.calling(CALL)
        })
        .await?;
        Ok(())
    }

    async fn put_event_handling(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "lambda:PutFunctionEventInvokeConfig";
        let on_failure = OnFailure::builder().destination(&self.names.dead_letters.arn).build();
        let destination = DestinationConfig::builder().on_failure(on_failure).build();
        let wait = context.wait(CALL, "Lambda to see the role's new permissions", ROLE_SECS_MAX);
        let transient = |error: &AwsError| {
            is_busy(error) || is_role_settling(error) || is_destination_settling(error)
        };
        retry_while(&wait, transient, || async {
            let put = context.aws.lambda.put_function_event_invoke_config();
            let put = put
                .function_name(&self.names.function)
                .maximum_retry_attempts(RETRIES)
                .destination_config(destination.clone());
            put.send().await.calling(CALL)
        })
        .await?;
        Ok(())
    }

    async fn put_concurrency(&self, context: &Context<'_>) -> Result<(), AwsError> {
        const CALL: &str = "lambda:PutFunctionConcurrency";
        let Some(reserved) = self.settings.concurrency else { return Ok(()) };
        let wait = context.wait(CALL, "Lambda to finish an earlier change", UPDATE_SECS_MAX);
        let put = retry_while(&wait, is_busy, || async {
            let put = context.aws.lambda.put_function_concurrency();
            let put = put.function_name(&self.names.function);
            put.reserved_concurrent_executions(reserved).send().await.calling(CALL)
        });
        match put.await {
            // A new account has too little to reserve from; the pipeline works without.
            Err(error) if error.says("UnreservedConcurrentExecution") => {
                (context.warn)(&format!(
                    "cannot reserve concurrency: {}; ask AWS for a higher quota, or remove \
                     `concurrency` from the file",
                    error.message()
                ));
                Ok(())
            }
            other => other.map(|_| ()),
        }
    }
}

#[async_trait]
impl Resource for Function {
    type Fields = Fields;

    const ID: Id = ID;

    /// Lambda makes no function of a zip from one of a container image.
    const IMMUTABLE: &'static [Path<Fields>] = &[Fields::package_type];

    const HELD_BY: &'static [(Id, Path<Fields>)] = &[(role::ID, Fields::role_id)];

    fn name(&self) -> String {
        self.names.function.clone()
    }

    fn arn(&self) -> Option<String> {
        Some(self.names.function_arn.clone())
    }

    fn fields(&self) -> Fields {
        let variables = self.settings.variables.iter();
        let wanted = variables.map(|(name, value)| (name.clone(), Unwanted(Some(value.clone()))));
        let unwanted = self.settings.unwanted_variables.iter();
        let unwanted = unwanted.map(|it| ((*it).to_owned(), Unwanted(None)));
        Fields {
            tags: self.names.tags.clone(),
            package_type: Some(PackageType::Zip.as_str().to_owned()),
            runtime: Some(RUNTIME.as_str().to_owned()),
            handler: Some(HANDLER.to_owned()),
            architecture: Some(self.settings.architecture.as_str().to_owned()),
            memory: Some(self.settings.memory),
            timeout: Some(self.settings.timeout),
            role: Some(self.names.role_arn.clone()),
            role_id: Some(identity::CURRENT.to_owned()),
            code: Some(self.code.source_hash.clone()),
            environment: wanted.chain(unwanted).collect(),
            retries: Some(RETRIES),
            on_failure: Some(self.names.dead_letters.arn.clone()),
            concurrency: self.settings.concurrency,
        }
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Observed<Fields>>, AwsError> {
        let events = async {
            let get = aws.lambda.get_function_event_invoke_config();
            let get = get.function_name(&self.names.function).send().await;
            get.found("lambda:GetFunctionEventInvokeConfig")
        };
        let role = role_id(aws, &self.names.role);
        let (answer, events, role) = try_join!(self.get(aws), events, role)?;
        let Some(answer) = answer else { return Ok(None) };
        if let Some(hidden) = answer.tags_error() {
            return Err(AwsError::answer(LIST_TAGS, hidden.error_code(), hidden.message()));
        }
        let mut fields = self.observed_fields(&answer);
        if let Some(events) = events {
            fields.retries = events.maximum_retry_attempts;
            let on_failure = events.destination_config.and_then(|all| all.on_failure);
            fields.on_failure = on_failure.and_then(|queue| queue.destination);
        }
        let owner = self.names.owner(&fields.tags);
        let mut observed = Observed::new(fields, owner);
        if let Some(now) = &answer.configuration {
            observed.deploying = state::deploying(now);
        }
        identity::observe(&mut observed, &answer, role);
        Ok(Some(observed))
    }

    async fn notice(&self, _aws: &Aws) -> Option<String> {
        self.settings.shortage.clone().filter(|_| !self.is_retired)
    }

    async fn create(&self, context: &Context<'_>) -> Result<Details, AwsError> {
        let role = identity::tag(self.role_id(context).await?);
        match self.create_function(context, role.clone()).await {
            Err(error) if error.says("already exist") => {
                ours_or(error, self, context.aws).await?;
                self.put_tags(context, [role]).await?;
            }
            other => other?,
        }
        Ok(Details::new())
    }

    async fn complete(&self, context: &Context<'_>, created: Details) -> Result<Details, AwsError> {
        let wait =
            context.wait(LOOK, "the new function to become visible in Lambda", VISIBLE_SECS_MAX);
        retry_while(&wait, AwsError::is_not_found, || {
            let whole = async {
                try_join!(
                    self.ready(context),
                    self.put_event_handling(context),
                    self.put_concurrency(context),
                )
            };
            Box::pin(whole)
        })
        .await?;
        Ok(created)
    }

    async fn update(
        &self,
        context: &Context<'_>,
        observed: &Observed,
        edits: &Edits<Fields>,
    ) -> Result<Details, AwsError> {
        if edits.touch_any(&CONFIGURATION) {
            self.put_configuration(context).await?;
        }
        if edits.touch_any(&CODE) {
            self.put_code(context).await?;
        }
        if edits.touch_any(&EVENTS) {
            self.put_event_handling(context).await?;
        }
        if edits.touch(Fields::concurrency) {
            self.put_concurrency(context).await?;
        }
        if edits.touch(Fields::tags) {
            self.put_tags(context, edits.tags(Fields::tags)).await?;
        }
        if edits.touch(Fields::role_id) {
            self.run_as_current_role(context, observed).await?;
        }
        self.ready(context).await?;
        Ok(Details::new())
    }

    async fn delete(
        &self,
        context: &Context<'_>,
        _observed: &Observed,
    ) -> Result<Removal, AwsError> {
        const CALL: &str = "lambda:DeleteFunction";
        let wait = context.wait(CALL, "Lambda to finish an earlier change", UPDATE_SECS_MAX);
        retry_while(&wait, is_busy, || async {
            let delete = context.aws.lambda.delete_function().function_name(&self.names.function);
            delete.send().await.found(CALL)
        })
        .await?;
        let wait = context.wait(CALL, "Lambda to delete the function", UPDATE_SECS_MAX);
        wait_until(&wait.paced(POLL_PAUSE), || async {
            Ok(match self.tags(context.aws).await? {
                None => Probe::Done(()),
                Some(_) => Probe::Pending("it is still there".to_owned()),
            })
        })
        .await?;
        Ok(Removal::Gone)
    }
}

impl Member for Function {
    const PERMISSIONS: &'static [Row] = permissions::ROWS;

    const TRACES: &'static [Trace] = &[Trace::Tag {
        resource_type: "lambda:function",
        resource: None,
        name: |resource| resource.strip_prefix("function:"),
    }];

    const COSTS: fn(&Usage) -> Vec<Service> = price::costs;

    fn wanted(blueprint: &Blueprint<'_>) -> Option<Self> {
        Some(Self::new(blueprint.names(), blueprint))
    }

    fn known_as(names: &Names) -> Option<&str> {
        Some(&names.function)
    }

    /// What it is told to publish on must be there.
    fn follows_too(blueprint: &Blueprint<'_>) -> &'static [Id] {
        if blueprint.config.notify.is_some() { &[ready::ID] } else { &[] }
    }

    fn left(blueprint: &Blueprint<'_>, name: &str) -> Erased {
        let function = Self::new(blueprint.names.with_function(name).into(), blueprint);
        Box::new(Self { is_retired: true, ..function })
    }
}
