//! How Lambda says that a change has to wait.

use super::AwsError;

/// Whether Lambda is still at another change of the function, or somebody else changed it since it
/// was read (AWS Lambda API Reference, `UpdateFunctionConfiguration`, "Errors"). A statement or a
/// function that exists already has the same code, and is no reason to wait.
pub(crate) fn is_busy(error: &AwsError) -> bool {
    let code = error.code();
    let is_changing =
        || error.says("cannot be performed at this time") || error.says("in progress");
    code.starts_with("ResourceConflict") && is_changing() || code.starts_with("PreconditionFailed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::call::Cause;

    fn is_busy_with(code: &str, message: &str) -> bool {
        let (code, message) = (code.to_owned(), message.to_owned());
        is_busy(&AwsError {
            call: "lambda:UpdateFunctionCode",
            cause: Cause::Answer { code, message, status: 409 },
        })
    }

    #[test]
    fn another_change_is_waited_for_and_what_exists_is_not() {
        const CONFLICT: &str = "ResourceConflictException";
        assert!(is_busy_with(
            CONFLICT,
            "The operation cannot be performed at this time. An update is in progress for \
             resource: arn:aws:lambda:us-east-1:123456789012:function:f"
        ));
        assert!(is_busy_with(CONFLICT, "The function is currently in progress of creation."));
        assert!(is_busy_with("PreconditionFailedException", "The Revision Id provided is stale"));
        assert!(!is_busy_with(CONFLICT, "Function already exist: f"));
        assert!(!is_busy_with(CONFLICT, "The statement id (s) provided already exists."));
        assert!(!is_busy_with("ServiceException", "in progress"));
    }
}
