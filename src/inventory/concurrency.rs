//! How many originals the function works on at once.

use super::Inventory;
use crate::aws::Calling;

/// As many as a usual account lets Lambda work on.
pub(super) const AT_ONCE_MAX: u32 = 1000;
/// What a new account may run at once, where AWS does not tell (AWS Lambda Developer Guide, "Lambda
/// quotas").
const CONCURRENCY_MIN: u32 = 10;

impl Inventory<'_> {
    /// How many invocations may run at once, as far as AWS tells: it is for an estimate only, and
    /// whoever runs this need not have the permission.
    pub(crate) async fn concurrency(&self) -> u32 {
        if let Some(reserved) = self.config.function.concurrency {
            return reserved.min(AT_ONCE_MAX);
        }
        let settings = self.aws.lambda.get_account_settings().send().await;
        let limit = settings.calling("lambda:GetAccountSettings").ok();
        let limit = limit.and_then(|settings| settings.account_limit);
        let limit = limit.and_then(|limit| limit.unreserved_concurrent_executions);
        let limit = limit.and_then(|limit| u32::try_from(limit).ok());
        limit.unwrap_or(CONCURRENCY_MIN).min(AT_ONCE_MAX)
    }
}
