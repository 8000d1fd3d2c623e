//! The CDN in regions that have none for it.

use insta::assert_snapshot;

use super::{LEAST, accepted, refused, verdicts};

#[test]
fn a_cdn_that_is_on_is_refused_at_its_switch() {
    let file = format!("region = 'us-gov-west-1'\n{LEAST}[cdn]\nenabled = true\n");
    assert_snapshot!(refused(&file), @"
    error: `cdn.enabled` is not possible in `us-gov-west-1`
     --> pipeline.toml:5:1
      |
    1 | region = 'us-gov-west-1'
      |          --------------- the region
    ...
    5 | enabled = true
      | ^^^^^^^ write `enabled = false`
      |
      = help: AWS GovCloud (US) has no CloudFront of its own; the application can serve the variants from the bucket instead
    ");
}

#[test]
fn a_cdn_that_other_settings_need_is_refused_at_the_region() {
    assert_snapshot!(refused(&format!("region = 'cn-north-1'\n{LEAST}cdn.invalidate = true\n")), @"
    error: `cdn.enabled` is not possible in `cn-north-1`
     --> pipeline.toml:1:10
      |
    1 | region = 'cn-north-1'
      |          ^^^^^^^^^^^^ add `enabled = false` below `[cdn]`
      |
      = help: CloudFront in China serves only under domains with an ICP recordal, and accepts neither ACM certificates nor managed cache policies; the application can serve the variants from the bucket instead
    ");
}

#[test]
fn a_cdn_that_is_only_on_by_default_is_left_out() {
    let file = format!("region = 'cn-north-1'\n{LEAST}");
    let (config, why) = accepted(&file).in_region("cn-north-1").unwrap();
    assert!(!config.cdn.enabled);
    assert!(why.unwrap().starts_with("CloudFront in China"), "{why:?}");
    let (config, why) = accepted(&file).in_region("eu-central-1").unwrap();
    assert!(config.cdn.enabled && why.is_none());
}

#[test]
fn every_partition_is_told_apart() {
    let regions = [
        "us-east-1",
        "eu-central-1",
        "eu-isolated-1",
        "cn-northwest-1",
        "us-gov-east-1",
        "us-iso-east-1",
        "us-isob-east-1",
        "us-isof-south-1",
        "eu-isoe-west-1",
        "eusc-de-east-1",
    ];
    let with_cdn = |region: &str| format!("region = '{region}'\n{LEAST}cdn.enabled = true\n");
    assert_snapshot!(verdicts(regions, with_cdn), @"
    us-east-1 => accepted
    eu-central-1 => accepted
    eu-isolated-1 => accepted
    cn-northwest-1 => `cdn.enabled` is not possible in `cn-northwest-1`: write `enabled = false`
    us-gov-east-1 => `cdn.enabled` is not possible in `us-gov-east-1`: write `enabled = false`
    us-iso-east-1 => `cdn.enabled` is not possible in `us-iso-east-1`: write `enabled = false`
    us-isob-east-1 => `cdn.enabled` is not possible in `us-isob-east-1`: write `enabled = false`
    us-isof-south-1 => `cdn.enabled` is not possible in `us-isof-south-1`: write `enabled = false`
    eu-isoe-west-1 => `cdn.enabled` is not possible in `eu-isoe-west-1`: write `enabled = false`
    eusc-de-east-1 => `cdn.enabled` is not possible in `eusc-de-east-1`: write `enabled = false`
    ");
    for region in regions {
        accepted(&format!("region = '{region}'\n{LEAST}cdn.enabled = false\n"));
    }
}

#[test]
fn a_region_that_is_wrong_itself_is_reported_once() {
    assert_snapshot!(refused(&format!("region = 'cn-north'\n{LEAST}")), @"
    error: `region` is not a region code
     --> pipeline.toml:1:10
      |
    1 | region = 'cn-north'
      |          ^^^^^^^^^^ did you mean `cn-north-1`?
    ");
}
