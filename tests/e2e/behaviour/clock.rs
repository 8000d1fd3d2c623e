//! A machine whose clock is wrong: AWS refuses its signatures, and says in each answer what time it is.

use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use hyper::header::{DATE, HeaderValue};
use imgprep_testkit::Pipeline;
use imgprep_testkit::proxy::Refusal;

const MINUTE: Duration = Duration::from_mins(1);

/// Refuses every call of one operation, in an answer of this time.
fn refuse_at(pipeline: &Pipeline, operation: &'static str, refusal: Refusal, time: SystemTime) {
    let date = DateTime::from(time).fmt(Format::HttpDate).unwrap();
    let date = HeaderValue::from_str(&date).unwrap();
    pipeline.proxy.add_rule(Box::new(move |call| {
        let mut answer = (call.to_string() == operation).then(|| refusal.answer(&call.service))?;
        answer.headers_mut().insert(DATE, date.clone());
        Some(answer)
    }));
}

const HINT: &str = "set this machine's clock (best with NTP): AWS rejects requests that are more \
                    than five minutes off";

pub(crate) async fn row_63_a_wrong_clock_is_told_by_how_much() {
    let pipeline = Pipeline::new("row-63").await;
    let now = SystemTime::now;
    let cases = [
        ("SignatureDoesNotMatch", now() + 12 * MINUTE, "12 minutes slow"),
        ("InvalidSignatureException", now() - 7 * MINUTE, "7 minutes fast"),
        ("RequestTimeTooSkewed", now() + 180 * MINUTE, "3 hours slow"),
        ("RequestExpired", now() - 20 * MINUTE, "20 minutes fast"),
    ];
    for (code, time, off) in cases {
        let message = "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z";
        let refusal = Refusal { status: 403, code, message };
        refuse_at(&pipeline, "sts:GetCallerIdentity", refusal, time);
        let error = pipeline.imgprep(&["status", "--json"]).exits(1).error();
        pipeline.proxy.clear_rules();
        assert_eq!(
            error.message,
            format!(
                "cannot sign requests to AWS: sts:GetCallerIdentity: {code}: this machine's clock \
                 is {off}"
            )
        );
        assert_eq!((error.code.as_str(), error.hint.as_str()), (code, HINT));
    }
}

/// HEAD is answered without a body, so that nothing but the status speaks of the signature.
pub(crate) async fn row_63_a_wrong_clock_is_no_missing_permission() {
    let pipeline = Pipeline::new("row-63b").await;
    // One answer's time sets the clock by which the SDK signs every later call to S3.
    pipeline.proxy.go_past_the_gate();
    let refusal = Refusal { status: 403, code: "", message: "" };
    refuse_at(&pipeline, "s3:HeadObject", refusal, SystemTime::now() - 40 * MINUTE);
    let error = pipeline.imgprep(&["status", "--json"]).exits(1).error();
    assert!(error.message.ends_with(": this machine's clock is 40 minutes fast"), "{error:?}");
    assert_eq!((error.resource.as_str(), error.hint.as_str()), ("folders", HINT));
}

/// A signature that does not match at the right time was made with a wrong secret.
pub(crate) async fn row_63_a_wrong_secret_is_still_told_as_such() {
    let pipeline = Pipeline::new("row-63c").await;
    let message = "The request signature we calculated does not match";
    for code in ["SignatureDoesNotMatch", "InvalidSignatureException"] {
        let refusal = Refusal { status: 403, code, message };
        refuse_at(&pipeline, "sts:GetCallerIdentity", refusal, SystemTime::now() + MINUTE);
        let error = pipeline.imgprep(&["status", "--json"]).exits(1).error();
        pipeline.proxy.clear_rules();
        assert_eq!(
            error.message,
            format!(
                "cannot use the AWS credentials: sts:GetCallerIdentity: {code}: The request \
                 signature we calculated does not match"
            )
        );
        assert!(error.hint.starts_with("renew the credentials"), "{error:?}");
    }
}
