//! What the function is told of the distribution, in its environment.

use contract::settings::{CDN_VARIABLE, DISTRIBUTION_VARIABLE};

use super::calls::Made;
use super::{CONTENTION_SECS_MAX, Cdn, FunctionFields, THIS};
use crate::aws::lambda::is_busy;
use crate::aws::wait::retry_while;
use crate::aws::{Aws, AwsError, Calling};
use crate::engine::resource::Context;

impl Cdn {
    /// The variables of the function that this file sets, as they are now.
    pub(super) async fn read_function_variables(
        &self,
        aws: &Aws,
        made: &Made,
    ) -> Result<FunctionFields, AwsError> {
        if self.function_variables(aws, made).is_empty() {
            return Ok(FunctionFields::default());
        }
        let get = aws.lambda.get_function_configuration().function_name(&self.names.function);
        let answer = get.send().await.found("lambda:GetFunctionConfiguration")?;
        let variables = answer.and_then(|answer| answer.environment?.variables);
        let variables = variables.unwrap_or_default();
        let told = |(variable, right): (&str, &str)| {
            let value = variables.get(variable)?;
            Some(if value == right { THIS.to_owned() } else { value.clone() })
        };
        let address = Self::address(aws, made);
        Ok(FunctionFields {
            environment: told((DISTRIBUTION_VARIABLE, &made.id)).filter(|_| self.settings.tells_id),
            address: told((CDN_VARIABLE, &address)).filter(|_| self.settings.tells_address),
        })
    }

    /// Where the distribution serves, without a final slash.
    fn address(aws: &Aws, made: &Made) -> String {
        aws.endpoints.served_at(made.own_domain.as_deref(), &made.domain)
    }

    /// The variables of the function that are for the distribution to set.
    fn function_variables(&self, aws: &Aws, made: &Made) -> Vec<(&'static str, String)> {
        let id = (DISTRIBUTION_VARIABLE, made.id.clone());
        let address = (CDN_VARIABLE, Self::address(aws, made));
        let told = [(self.settings.tells_id, id), (self.settings.tells_address, address)];
        told.into_iter().filter(|(is_told, _)| *is_told).map(|(_, variable)| variable).collect()
    }

    /// Tells the function which distribution to invalidate, and where its variants are served.
    pub(super) async fn put_function_variables(
        &self,
        context: &Context<'_>,
        made: &Made,
    ) -> Result<(), AwsError> {
        const CALL: &str = "lambda:UpdateFunctionConfiguration";
        let told = self.function_variables(context.aws, made);
        if told.is_empty() {
            return Ok(());
        }
        let lambda = &context.aws.lambda;
        let wait = context.wait(CALL, "Lambda to finish an earlier change", CONTENTION_SECS_MAX);
        retry_while(&wait, is_busy, || async {
            let get = lambda.get_function_configuration().function_name(&self.names.function);
            let now = get.send().await.calling("lambda:GetFunctionConfiguration")?;
            let mut variables =
                now.environment.and_then(|environment| environment.variables).unwrap_or_default();
            let told = told.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            variables.extend(told);
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
}
