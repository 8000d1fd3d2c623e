//! Block Public Access of the whole account, which overrules what the bucket's own leaves open
//! ("Blocking public access to your Amazon S3 storage", Amazon S3 User Guide).

use std::time::Duration;

use aws_sdk_s3control::types::PublicAccessBlockConfiguration;

use crate::aws::wait::within;
use crate::aws::{Aws, Calling};

const CALL: &str = "s3:GetAccountPublicAccessBlock";
/// The answer is for a note only.
const LIMIT: Duration = Duration::from_secs(10);

const REMEDY: &str = "turn it off for the account, or set `access = \"cdn\"`";

/// What of it keeps variants from being public through their ACLs, or why that is not known.
pub(super) async fn notice(aws: &Aws) -> Option<String> {
    let get = aws.s3control.get_public_access_block().account_id(&aws.account);
    let asked = async { get.send().await.found(CALL) };
    match within(LIMIT, CALL, asked).await {
        Ok(answer) => hindrance(&answer?.public_access_block_configuration?),
        Err(error) => Some(format!(
            "cannot tell whether the account's Block Public Access allows public variants: {error}"
        )),
    }
}

fn hindrance(block: &PublicAccessBlockConfiguration) -> Option<String> {
    let (flag, what) = if block.block_public_acls == Some(true) {
        ("BlockPublicAcls", "S3 refuses every variant")
    } else if block.ignore_public_acls == Some(true) {
        ("IgnorePublicAcls", "nobody can read the variants")
    } else {
        return None;
    };
    Some(format!("{what}: the account's Block Public Access has {flag} on; {REMEDY}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_about_acls_is_in_the_way() {
        let block = |block, ignore| {
            PublicAccessBlockConfiguration::builder()
                .block_public_acls(block)
                .ignore_public_acls(ignore)
                .block_public_policy(true)
                .restrict_public_buckets(true)
                .build()
        };
        assert_eq!(hindrance(&block(false, false)), None);
        let refused = hindrance(&block(true, true)).unwrap();
        assert!(refused.starts_with("S3 refuses every variant: "), "{refused}");
        assert!(refused.contains("has BlockPublicAcls on"), "{refused}");
        let hidden = hindrance(&block(false, true)).unwrap();
        assert!(hidden.starts_with("nobody can read the variants: "), "{hidden}");
    }
}
