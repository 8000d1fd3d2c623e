//! A job of S3 Batch Operations: each of its tasks is an original, and S3 gets a result for each.

use contract::batch::{Call, Code, End, Task};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{
    GONE, Handler, Invocation, Unprocessed,
    verdict::{Setback, Verdict},
};
use crate::{
    log::Log,
    store::{Outlook, Store, StoreError},
};

impl<S: Store, L: Log> Handler<S, L> {
    /// Does what an event asks for, and answers as whoever sent it wants to be answered.
    pub async fn answer(
        &self,
        event: &Value,
        invocation: Invocation<'_>,
    ) -> Result<Value, Unprocessed> {
        match Call::read(event, &self.settings) {
            Some(call) => Ok(self.answer_job(&call, invocation).await),
            None => Ok(json!(self.handle(event, invocation).await?)),
        }
    }

    async fn answer_job(&self, call: &Call, invocation: Invocation<'_>) -> Value {
        let run = &self.run(invocation);
        let tasks = call.tasks.iter().map(|Task { work, .. }| async move {
            match work {
                Ok(work) => end(run.attend(work, &self.function).await),
                Err(end) => end.clone(),
            }
        });
        call.answer(&join_all(tasks).await)
    }
}

/// The result for S3, which retries what may work later. What fails until somebody changes something
/// has failed for good, as far as this job goes.
fn end(ended: Result<Verdict, Setback>) -> End {
    let (code, text) = match ended {
        Ok(Verdict::Made(..)) => (Code::Succeeded, "variants made".to_owned()),
        Ok(Verdict::Unchanged(..)) => (Code::Succeeded, "all variants already exist".to_owned()),
        Ok(Verdict::Removed(_) | Verdict::Gone) => (Code::Succeeded, GONE.to_owned()),
        Ok(Verdict::Refused(_, refusal)) => (Code::PermanentFailure, refusal.to_string()),
        Err(setback) => (code_of(&setback), setback.to_string()),
    };
    End { code, text }
}

fn code_of(setback: &Setback) -> Code {
    match setback {
        Setback::Store(StoreError { outlook: Outlook::Lasting, .. }) | Setback::Panicked(_) => {
            Code::PermanentFailure
        }
        Setback::Store(_) | Setback::Changing | Setback::OutOfTime => Code::TemporaryFailure,
    }
}
