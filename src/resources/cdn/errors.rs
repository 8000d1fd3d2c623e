//! What the CDN answers in place of a variant that is not there: how long that is remembered, and which
//! picture is shown.

use aws_sdk_cloudfront::types::{CustomErrorResponse, CustomErrorResponses, DistributionConfig};

use super::Fields;
use super::distribution::{invalid, keyed, quantity};
use crate::aws::AwsError;
use crate::engine::fields::Unwanted;

/// A variant may be on its way, so its absence is forgotten quickly.
const CACHED_SECS: i64 = 5;
/// The errors that a missing or unreadable variant can show as.
const CODES: [i32; 6] = [403, 404, 500, 502, 503, 504];
/// Those for which the fallback is shown: S3 answers 403 for what is missing to whoever may not list
/// the bucket, as CloudFront may not.
const PAGE_CODES: [i32; 2] = [403, 404];

/// The fields of error responses, as they should be.
pub(super) fn wanted(fallback: Option<&str>) -> Fields {
    let page = fallback.map(path);
    // The status stays what it is, but CloudFront wants to hear it beside a page.
    let status = |code: i32| page.as_ref().map(|_| code.to_string());
    Fields {
        errors_cached_seconds: keyed(CODES.map(|code| (code, CACHED_SECS))),
        error_pages: keyed(PAGE_CODES.map(|code| (code, Unwanted(page.clone())))),
        error_statuses: keyed(PAGE_CODES.map(|code| (code, Unwanted(status(code))))),
        ..Fields::default()
    }
}

/// The same fields, as a configuration holds them. Pages are somebody else's and left out unless
/// `is_ours` knows them.
pub(super) fn observed(config: &DistributionConfig, is_ours: &dyn Fn(&str) -> bool) -> Fields {
    let seconds = all(config).iter().filter_map(|it| {
        let seconds = it.error_caching_min_ttl()?;
        Some((it.error_code(), seconds))
    });
    let is_our_page = |error: &&CustomErrorResponse| page_of(error).is_some_and(is_ours);
    let pages: Vec<&CustomErrorResponse> = all(config).iter().filter(is_our_page).collect();
    let text = |text: Option<&str>| Unwanted(text.map(ToOwned::to_owned));
    let paths = pages.iter().map(|it| (it.error_code(), text(it.response_page_path())));
    let statuses = pages.iter().map(|it| (it.error_code(), text(it.response_code())));
    Fields {
        errors_cached_seconds: keyed(seconds),
        error_pages: keyed(paths),
        error_statuses: keyed(statuses),
        ..Fields::default()
    }
}

/// The error responses of a configuration with ours in them. Pages that are `left` of an earlier file
/// go.
pub(super) fn merged(
    config: &DistributionConfig,
    fallback: Option<&str>,
    left: &[String],
) -> Result<CustomErrorResponses, AwsError> {
    let mut items = all(config).to_vec();
    for code in CODES {
        if let Some(ours) = items.iter_mut().find(|error| error.error_code() == code) {
            ours.error_caching_min_ttl = Some(CACHED_SECS);
        } else {
            let error = CustomErrorResponse::builder().error_code(code);
            items.push(error.error_caching_min_ttl(CACHED_SECS).build().map_err(invalid)?);
        }
    }
    for error in items.iter_mut().filter(|error| PAGE_CODES.contains(&error.error_code)) {
        if let Some(key) = fallback {
            error.response_page_path = Some(path(key));
            error.response_code = Some(error.error_code.to_string());
        } else if page_of(error).is_some_and(|page| left.iter().any(|left| left == page)) {
            error.response_page_path = None;
            error.response_code = None;
        }
    }
    let errors = CustomErrorResponses::builder().quantity(quantity(&items));
    errors.set_items(Some(items)).build().map_err(invalid)
}

/// Where the distribution serves an object.
pub(super) fn path(key: &str) -> String {
    format!("/{key}")
}

fn all(config: &DistributionConfig) -> &[CustomErrorResponse] {
    config.custom_error_responses().map(CustomErrorResponses::items).unwrap_or_default()
}

/// CloudFront answers with an empty path where there is no page.
fn page_of(error: &CustomErrorResponse) -> Option<&str> {
    error.response_page_path().filter(|path| !path.is_empty())
}
