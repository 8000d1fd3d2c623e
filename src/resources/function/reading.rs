//! What Lambda tells of the function.

use std::collections::HashMap;

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::types::{Architecture, Concurrency, PackageType, Runtime};

use super::{Fields, Function, LIST_TAGS};
use crate::aws::{Aws, AwsError, Calling};
use crate::engine::fields::Unwanted;
use crate::engine::resource::Owner;
use crate::names::tags;

impl Function {
    pub(super) async fn get(&self, aws: &Aws) -> Result<Option<GetFunctionOutput>, AwsError> {
        if self.is_retired {
            let tags = tags(self.tags(aws).await?.unwrap_or_default());
            if self.names.owner(&tags) != Owner::Ours {
                return Ok(None);
            }
        }
        let get = aws.lambda.get_function().function_name(&self.names.function);
        get.send().await.found("lambda:GetFunction")
    }

    /// The tags of the function, if it is there. They are all that may be asked of a function by any
    /// name: whatever else Lambda tells of one has its environment in it, where secrets may be.
    pub(super) async fn tags(
        &self,
        aws: &Aws,
    ) -> Result<Option<HashMap<String, String>>, AwsError> {
        let list = aws.lambda.list_tags().resource(&self.names.function_arn).send().await;
        let answer = list.found(LIST_TAGS)?;
        Ok(answer.map(|answer| answer.tags.unwrap_or_default()))
    }

    pub(super) fn observed_fields(&self, answer: &GetFunctionOutput) -> Fields {
        let tags = tags(answer.tags.clone().unwrap_or_default());
        let Some(now) = &answer.configuration else {
            return Fields { tags, ..Fields::default() };
        };
        let text = |value: Option<&str>| Some(value.unwrap_or_default().to_owned());
        // Before there were images, functions had no package type to tell.
        let package = now.package_type().unwrap_or(&PackageType::Zip);
        let variables = now.environment().and_then(|all| all.variables()).into_iter().flatten();
        let variable =
            |(name, value): (&String, &String)| (name.clone(), Unwanted(Some(value.clone())));
        let reserved = answer.concurrency().and_then(Concurrency::reserved_concurrent_executions);
        Fields {
            package_type: text(Some(package.as_str())),
            runtime: text(now.runtime().map(Runtime::as_str)),
            handler: text(now.handler()),
            architecture: text(now.architectures().first().map(Architecture::as_str)),
            memory: now.memory_size(),
            timeout: now.timeout(),
            role: text(now.role()),
            code: Some(self.code.observed(now.code_sha256(), &tags)),
            environment: variables.map(variable).collect(),
            concurrency: reserved.filter(|_| self.settings.concurrency.is_some()),
            tags,
            ..Fields::default()
        }
    }
}
