//! The CDN with its domains, and tags.

use insta::assert_snapshot;

use super::{LEAST, accepted, refused_lines, verdicts};

const CERTIFICATE: &str =
    "certificate_arn = 'arn:aws:acm:us-east-1:123456789012:certificate/0f-1'\n";

#[test]
fn what_needs_the_distribution_is_refused_without() {
    assert_snapshot!(refused_lines(&format!(
        "[cdn]\nenabled = false\ninvalidate = true\ndomains = ['img.example.com']\n{CERTIFICATE}"
    )), @"
    error: `cdn.invalidate` needs the distribution
     --> pipeline.toml:5:1
      |
    4 | enabled = false
      | ------- switched off here
    5 | invalidate = true
      | ^^^^^^^^^^ remove `invalidate`, or set `enabled = true`

    error: `cdn.domains` needs the distribution
     --> pipeline.toml:6:1
      |
    4 | enabled = false
      | ------- switched off here
    5 | invalidate = true
    6 | domains = ['img.example.com']
      | ^^^^^^^ remove `domains`, or set `enabled = true`
    ");
}

#[test]
fn a_fallback_is_a_key_beside_what_else_is_in_the_bucket() {
    let keys = [
        "fallback.png",
        "shown/none@2x.png",
        "800x600.png",
        "/fallback.png",
        "a//b.png",
        "shown/",
        "../a.png",
        "a b.png",
        "none?.png",
        "*.png",
        "a+b.png",
        "a'b.png",
        "a\\b.png",
        "originals/none.png",
        "originals",
        "800x600/none.png",
        "manifests/none.png",
        "failed",
        "",
    ];
    let file = |key: &str| format!("{LEAST}[cdn]\nfallback = '''{key}'''\n");
    assert_snapshot!(verdicts(keys, file), @r"
    fallback.png => accepted
    shown/none@2x.png => accepted
    800x600.png => accepted
    /fallback.png => `cdn.fallback` starts or ends with a slash: did you mean `fallback.png`?
    a//b.png => `cdn.fallback` has two slashes in a row: did you mean `a/b.png`?
    shown/ => `cdn.fallback` starts or ends with a slash: did you mean `shown`?
    ../a.png => `cdn.fallback` has the part `..`: S3 would treat that as a folder of this name
    a b.png => `cdn.fallback` has ` `: did you mean `a-b.png`?
    none?.png => `cdn.fallback` has `?`: did you mean `none-.png`?
    *.png => `cdn.fallback` has `*`: a fallback is the key of an image in the bucket, such as `fallback.png`: 1 to 200 letters, digits and any of `-_.@`, with `/` between folders
    a+b.png => `cdn.fallback` has `+`: did you mean `a-b.png`?
    a'b.png => `cdn.fallback` has `'`: did you mean `a-b.png`?
    a\b.png => `cdn.fallback` has `\`: did you mean `a-b.png`?
    originals/none.png => `cdn.fallback` lies inside `originals`: name another key, such as `fallback.png`
    originals => `cdn.fallback` is `originals`: name another key, such as `fallback.png`
    800x600/none.png => `cdn.fallback` lies inside `800x600`: name another key, such as `fallback.png`
    manifests/none.png => `cdn.fallback` lies inside `manifests`: name another key, such as `fallback.png`
    failed => `cdn.fallback` is `failed`: name another key, such as `fallback.png`
     => `cdn.fallback` is empty: a fallback is the key of an image in the bucket, such as `fallback.png`: 1 to 200 letters, digits and any of `-_.@`, with `/` between folders
    ");
    assert_snapshot!(refused_lines("[cdn]\nfallback = 'originals/none.png'\n"), @"
    error: `cdn.fallback` lies inside `originals`
     --> pipeline.toml:4:12
      |
    4 | fallback = 'originals/none.png'
      |            ^^^^^^^^^^^^^^^^^^^^ name another key, such as `fallback.png`
      |
      = help: the function would make variants of it, and originals are never public
    ");
    let off = "[cdn]\nenabled = false\nversions = true\nfallback = 'none.png'\n";
    let refusal = refused_lines(off);
    for key in ["fallback", "versions"] {
        let problem = format!("error: `cdn.{key}` needs the distribution\n");
        assert!(refusal.contains(&problem), "{refusal}");
    }
}

#[test]
fn acm_is_asked_for_a_certificate_unless_the_file_has_one() {
    let own = |lines: &str| accepted(&format!("{LEAST}[cdn]\n{lines}")).cdn.own_domains().to_vec();
    let domains = "domains = ['img.example.com', '*.example.org']\n";
    assert_eq!(own(domains), ["img.example.com", "*.example.org"]);
    assert_eq!(own(&format!("{domains}{CERTIFICATE}")), [""; 0]);
    assert_eq!(own(""), [""; 0]);
    let long = format!("{}.{}.example.com", "a".repeat(30), "b".repeat(30));
    assert_eq!(own(&format!("domains = ['{long}', 'img.example.com']")).len(), 2);
    assert_snapshot!(refused_lines(&format!("[cdn]\ndomains = ['{long}']\n")), @"
    error: `cdn.domains` has only long names
     --> pipeline.toml:4:1
      |
    4 | domains = ['aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.example.com']
      | ^^^^^^^ a certificate needs one of at most 64 characters
    ");
}

#[test]
fn a_name_that_is_wrong_itself_is_told_once() {
    let (long, longer) = ("a".repeat(64), "b".repeat(250));
    let names = [
        format!("{long}.example.com"),
        format!("{longer}.example.com"),
        format!("{}_.{}.example.com", "a".repeat(40), "b".repeat(40)),
    ];
    let file = |name: &str| format!("{LEAST}[cdn]\ndomains = ['{name}']\n");
    let told = verdicts(names.iter().map(String::as_str), file);
    for line in told.lines() {
        let (_, told) = line.split_once(" => ").unwrap();
        let rule = "a domain is a host name such as `img.example.com`, or `*.example.com`";
        assert_eq!(told, format!("`cdn.domains` is not a host name: {rule}"));
    }
}

#[test]
fn a_zone_holds_every_domain() {
    let file = |zone: &str| {
        format!(
            "{LEAST}[cdn]\ndomains = ['img.example.com', '*.example.com']\nhosted_zone = '{zone}'\n"
        )
    };
    let zones = [
        "example.com",
        "Z0123456789ABC",
        "img.example.com",
        "example.org",
        "ample.com",
        "*.example.com",
        "z0123",
        "example",
        "/hostedzone/Z0123456789ABC",
    ];
    assert_snapshot!(verdicts(zones, file), @"
    example.com => accepted
    Z0123456789ABC => accepted
    img.example.com => `cdn.hosted_zone` does not hold `*.example.com`: name a zone that all of `domains` are in, or remove `hosted_zone`
    example.org => `cdn.hosted_zone` does not hold `img.example.com`: name a zone that all of `domains` are in, or remove `hosted_zone`
    ample.com => `cdn.hosted_zone` does not hold `img.example.com`: name a zone that all of `domains` are in, or remove `hosted_zone`
    *.example.com => `cdn.hosted_zone` is neither a domain nor the identifier of a zone: a hosted zone is a domain such as `example.com`, or an identifier such as `Z0123456789ABC`; `cdn.hosted_zone` does not hold `img.example.com`: name a zone that all of `domains` are in, or remove `hosted_zone`
    z0123 => `cdn.hosted_zone` is neither a domain nor the identifier of a zone: a hosted zone is a domain such as `example.com`, or an identifier such as `Z0123456789ABC`
    example => `cdn.hosted_zone` is neither a domain nor the identifier of a zone: a hosted zone is a domain such as `example.com`, or an identifier such as `Z0123456789ABC`
    /hostedzone/Z0123456789ABC => `cdn.hosted_zone` is neither a domain nor the identifier of a zone: a hosted zone is a domain such as `example.com`, or an identifier such as `Z0123456789ABC`
    ");
    assert_snapshot!(refused_lines("[cdn]\nhosted_zone = 'example.com'\n"), @"
    error: `cdn.hosted_zone` has no domains to serve
     --> pipeline.toml:4:15
      |
    4 | hosted_zone = 'example.com'
      |               ^^^^^^^^^^^^^
      |
      = help: add `domains`, the host names that are in the zone
    ");
    let domains = "domains = ['img.example.com']\nhosted_zone = 'example.com'\n";
    assert_snapshot!(refused_lines(&format!("[cdn]\n{domains}{CERTIFICATE}")), @"
    error: `cdn.hosted_zone` cannot be combined with `cdn.certificate_arn`
     --> pipeline.toml:5:15
      |
    5 | hosted_zone = 'example.com'
      |               ^^^^^^^^^^^^^
      |
      = help: with a certificate of your own, the DNS records are yours to make
    ");
}

#[test]
fn a_certificate_needs_domains() {
    assert_snapshot!(refused_lines(&format!("[cdn]\n{CERTIFICATE}")), @"
    error: `cdn.certificate_arn` has no domains to serve
     --> pipeline.toml:4:1
      |
    4 | certificate_arn = 'arn:aws:acm:us-east-1:123456789012:certificate/0f-1'
      | ^^^^^^^^^^^^^^^
      |
      = help: add `domains`, the host names that the certificate is for
    ");
    assert_snapshot!(refused_lines(&format!("[cdn]\ndomains = []\n{CERTIFICATE}")), @"
    error: `cdn.certificate_arn` has no domains to serve
     --> pipeline.toml:5:1
      |
    5 | certificate_arn = 'arn:aws:acm:us-east-1:123456789012:certificate/0f-1'
      | ^^^^^^^^^^^^^^^
      |
      = help: add `domains`, the host names that the certificate is for
    ");
}

#[test]
fn a_domain_stands_there_twice() {
    assert_snapshot!(refused_lines(&format!(
        "[cdn]\ndomains = ['a.example.com', 'b.example.com', 'a.example.com']\n{CERTIFICATE}"
    )), @"
    error: `cdn.domains` has a name twice
     --> pipeline.toml:4:46
      |
    4 | domains = ['a.example.com', 'b.example.com', 'a.example.com']
      |            --------------- the other one     ^^^^^^^^^^^^^^^ remove one of the two
    ");
}

#[test]
fn domains_are_counted() {
    let lines = |count: u32| {
        let names: Vec<_> = (0..count).map(|index| format!("'{index}.example.com'")).collect();
        format!("{LEAST}[cdn]\n{CERTIFICATE}domains = [{}]\n", names.join(", "))
    };
    let verdicts = verdicts(["100", "101"], |count| lines(count.parse().unwrap()));
    assert_snapshot!(verdicts, @"
    100 => accepted
    101 => `cdn.domains` has 101 names: CloudFront allows 100 per distribution
    ");
}

#[test]
fn domains() {
    let long = ["a".repeat(63), "a".repeat(64)].map(|part| format!("{part}.com"));
    let names = [
        "img.example.com",
        "*.example.com",
        &long[0],
        &long[1],
        "https://img.example.com/a",
        "Img.Example.com",
        "img.example.com.",
        "localhost",
        "a..com",
        "-a.com",
        "a_b.com",
        "*.*.com",
        "a.*.com",
        "1.2.3.4",
        "",
    ];
    let file = |name: &str| format!("{LEAST}[cdn]\n{CERTIFICATE}domains = ['{name}']\n");
    assert_snapshot!(verdicts(names, file), @"
    img.example.com => accepted
    *.example.com => accepted
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com => accepted
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com => `cdn.domains` is not a host name: a domain is a host name such as `img.example.com`, or `*.example.com`
    https://img.example.com/a => `cdn.domains` is not a host name: did you mean `img.example.com`?
    Img.Example.com => `cdn.domains` is not a host name: did you mean `img.example.com`?
    img.example.com. => `cdn.domains` is not a host name: did you mean `img.example.com`?
    localhost => `cdn.domains` is not a host name: a domain is a host name such as `img.example.com`, or `*.example.com`
    a..com => `cdn.domains` is not a host name: a domain is a host name such as `img.example.com`, or `*.example.com`
    -a.com => `cdn.domains` is not a host name: a domain is a host name such as `img.example.com`, or `*.example.com`
    a_b.com => `cdn.domains` is not a host name: a domain is a host name such as `img.example.com`, or `*.example.com`
    *.*.com => `cdn.domains` is not a host name: a domain is a host name such as `img.example.com`, or `*.example.com`
    a.*.com => `cdn.domains` is not a host name: a domain is a host name such as `img.example.com`, or `*.example.com`
    1.2.3.4 => `cdn.domains` is not a host name: a domain is a host name such as `img.example.com`, or `*.example.com`
     => `cdn.domains` is not a host name: a domain is a host name such as `img.example.com`, or `*.example.com`
    ");
}

#[test]
fn certificates() {
    let arns = [
        "arn:aws:acm:us-east-1:123456789012:certificate/0f-1",
        "arn:aws-cn:acm:cn-north-1:123456789012:certificate/0f-1",
        "arn:aws:acm:eu-central-1:123456789012:certificate/0f-1",
        "arn:aws:iam::123456789012:server-certificate/a",
        "arn:aws:acm:us-east-1:12345:certificate/0f-1",
        "arn:aws:acm:us-east-1:123456789012:certificate/",
        "0f-1",
        "",
    ];
    let file = |arn: &str| {
        format!("{LEAST}[cdn]\ndomains = ['a.example.com']\ncertificate_arn = '{arn}'\n")
    };
    assert_snapshot!(verdicts(arns, file), @"
    arn:aws:acm:us-east-1:123456789012:certificate/0f-1 => accepted
    arn:aws-cn:acm:cn-north-1:123456789012:certificate/0f-1 => `cdn.certificate_arn` names a certificate in the partition `aws-cn`: the CDN is made in the partition `aws` only
    arn:aws:acm:eu-central-1:123456789012:certificate/0f-1 => `cdn.certificate_arn` names a certificate in `eu-central-1`: CloudFront accepts only certificates from `us-east-1`, whatever the stack's region
    arn:aws:iam::123456789012:server-certificate/a => `cdn.certificate_arn` is not the ARN of an ACM certificate: the ARN of an ACM certificate looks like `arn:aws:acm:us-east-1:123456789012:certificate/…`
    arn:aws:acm:us-east-1:12345:certificate/0f-1 => `cdn.certificate_arn` is not the ARN of an ACM certificate: the ARN of an ACM certificate looks like `arn:aws:acm:us-east-1:123456789012:certificate/…`
    arn:aws:acm:us-east-1:123456789012:certificate/ => `cdn.certificate_arn` is not the ARN of an ACM certificate: the ARN of an ACM certificate looks like `arn:aws:acm:us-east-1:123456789012:certificate/…`
    0f-1 => `cdn.certificate_arn` is not an ARN: the ARN of an ACM certificate looks like `arn:aws:acm:us-east-1:123456789012:certificate/…`
     => `cdn.certificate_arn` is not an ARN: the ARN of an ACM certificate looks like `arn:aws:acm:us-east-1:123456789012:certificate/…`
    ");
}

#[test]
fn tags() {
    let long = ["a".repeat(128), "a".repeat(129)].map(|key| format!("{key} = ''"));
    let values = ["a".repeat(256), "a".repeat(257)].map(|value| format!("a = '{value}'"));
    let lines = [
        "team = 'marketplace'",
        "'cost centre' = '+-=._:/@'",
        "'' = 'x'",
        &long[0],
        &long[1],
        &values[0],
        &values[1],
        "'aws:x' = 'x'",
        "'AWS:x' = 'x'",
        "'imgprep:stack' = 'x'",
        "'a;b' = 'x'",
        "a = 'x;y'",
        "a = 'Größe ß漢٣Ⅷ'",
        "a = 'मी'",
    ];
    assert_snapshot!(verdicts(lines, |line| format!("{LEAST}[tags]\n{line}\n")), @"
    team = 'marketplace' => accepted
    'cost centre' = '+-=._:/@' => accepted
    '' = 'x' => `tags.` is empty: a tag's key is 1 to 128 letters, digits, spaces and any of `+-=._:/@`
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa = '' => accepted
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa = '' => `tags.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` is 129 characters long: a tag's key is 1 to 128 letters, digits, spaces and any of `+-=._:/@`
    a = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' => accepted
    a = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' => `tags.a` is 257 characters long: a tag's value is up to 256 letters, digits, spaces and any of `+-=._:/@`
    'aws:x' = 'x' => `tags.aws:x` begins with `aws:`: those tags are reserved
    'AWS:x' = 'x' => `tags.AWS:x` begins with `aws:`: those tags are reserved
    'imgprep:stack' = 'x' => `tags.imgprep:stack` begins with `imgprep:`: those tags are reserved
    'a;b' = 'x' => `tags.a;b` has `;`: did you mean `a-b`?
    a = 'x;y' => `tags.a` has characters that a tag can't hold: a tag's value is up to 256 letters, digits, spaces and any of `+-=._:/@`
    a = 'Größe ß漢٣Ⅷ' => accepted
    a = 'मी' => `tags.a` has characters that a tag can't hold: a tag's value is up to 256 letters, digits, spaces and any of `+-=._:/@`
    ");
}

#[test]
fn tags_that_iam_takes_for_one() {
    assert_snapshot!(refused_lines("[tags]\nTeam = 'a'\nteam = 'b'\n"), @"
    error: `tags.team` differs from `Team` in case only
     --> pipeline.toml:5:1
      |
    4 | Team = 'a'
      | ---- the other one
    5 | team = 'b'
      | ^^^^
      |
      = help: IAM treats them as the same key
    ");
}

#[test]
fn tags_are_counted() {
    let lines = |count: u32| {
        let tags: Vec<_> = (0..count).map(|index| format!("t{index} = 'x'\n")).collect();
        format!("{LEAST}[tags]\n{}", tags.concat())
    };
    let verdicts = verdicts(["45", "46"], |count| lines(count.parse().unwrap()));
    assert_snapshot!(verdicts, @"
    45 => accepted
    46 => `tags` has 46 tags: AWS allows 50 per resource, and imgprep needs 5 of them
    ");
}
