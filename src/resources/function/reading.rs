//! What Lambda tells of the function.

use std::collections::HashMap;

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::types::{
    Architecture, Concurrency, FunctionConfiguration, PackageType, Runtime,
};

use super::{
    ARCHITECTURE_PATH, CODE_PATH, CONCURRENCY_PATH, Function, LIST_TAGS, PACKAGE_PATH, SOURCE_TAG,
    ZIP_TAG,
};
use crate::aws::{Aws, AwsError, Calling};
use crate::names::tag_fields;
use crate::resource::{Fields, Owner};

impl Function {
    pub(super) async fn get(&self, aws: &Aws) -> Result<Option<GetFunctionOutput>, AwsError> {
        if self.is_retired {
            let tags = self.tags(aws).await?;
            let tags = tags.iter().flatten().map(|(key, value)| (key.as_str(), value.as_str()));
            if self.names.owner(&tag_fields(tags)) != Owner::Ours {
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
        let tags: HashMap<String, String> = answer.tags.clone().unwrap_or_default();
        let mut fields = tag_fields(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        let Some(now) = &answer.configuration else { return fields };
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        // Before there were images, functions had no package type to tell.
        let package = now.package_type().unwrap_or(&PackageType::Zip);
        fields.set(PACKAGE_PATH, package.as_str());
        fields.set("runtime", text(now.runtime().map(Runtime::as_str)));
        fields.set("handler", text(now.handler()));
        fields.set(ARCHITECTURE_PATH, text(now.architectures().first().map(Architecture::as_str)));
        fields.set("memory", now.memory_size());
        fields.set("timeout", now.timeout());
        fields.set("role", text(now.role()));
        fields.set(CODE_PATH, observed_code(now, &tags));
        let variables = now.environment().and_then(|all| all.variables());
        for (name, value) in variables.into_iter().flatten() {
            fields.set(format!("environment.{name}"), value.as_str());
        }
        if self.settings.concurrency.is_some()
            && let Some(reserved) =
                answer.concurrency().and_then(Concurrency::reserved_concurrent_executions)
        {
            fields.set(CONCURRENCY_PATH, reserved);
        }
        fields
    }
}

/// The hash of the source that the function's code was made from, if it is still that code.
fn observed_code(now: &FunctionConfiguration, tags: &HashMap<String, String>) -> String {
    let uploaded = tags.get(ZIP_TAG).map(String::as_str);
    match (now.code_sha256(), tags.get(SOURCE_TAG)) {
        (Some(sha256), Some(source)) if Some(sha256) == uploaded => source.clone(),
        (Some(sha256), _) => format!("other code, with the SHA-256 {sha256}"),
        (None, _) => "unknown code".to_owned(),
    }
}
