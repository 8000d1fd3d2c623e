//! Names that AWS would refuse, and numbers outside its limits.

use insta::assert_snapshot;

use super::{LEAST, refused, refused_lines, verdicts};

fn line(key: &str, value: &str) -> String {
    format!("{LEAST}{key} = '{value}'\n")
}

#[test]
fn a_name_is_shown_with_its_rule() {
    assert_snapshot!(refused("bucket.name = 'My_Photos'\nvariants = [{ size = '800x600' }]"), @"
    error: `bucket.name` has `M`, `P` and `_`
     --> pipeline.toml:1:15
      |
    1 | bucket.name = 'My_Photos'
      |               ^^^^^^^^^^^ did you mean `my-photos`?
      |
      = help: a bucket name is 3 to 63 lower-case letters, digits, hyphens and dots
    ");
}

#[test]
fn buckets() {
    let long = ["a".repeat(63), "a".repeat(64)];
    let names = [
        "abc",
        "ab",
        "",
        &long[0],
        &long[1],
        "my-photos.example.com",
        "Photos",
        "my photos",
        "été",
        "-photos",
        "photos-",
        ".photos",
        "photos.",
        "a..b",
        "a.-b",
        "a-.b",
        "192.168.5.4",
        "192.168.5.4.5",
        "xn--photos",
        "sthree-photos",
        "amzn-s3-demo-photos",
        "sthree-ab",
        "photos-an",
        "photos-123456789012-us-east-1-an",
        "photos-urban",
        "photos-s3alias",
        "photos--ol-s3",
        "photos.mrap",
        "photos--x-s3",
        "photos--table-s3",
        "___",
    ];
    let file = |name: &str| format!("bucket.name = '{name}'\nvariants = [{{ size = '1x1' }}]");
    assert_snapshot!(verdicts(names, file), @"
    abc => accepted
    ab => `bucket.name` is 2 characters long: a bucket name is 3 to 63 lower-case letters, digits, hyphens and dots
     => `bucket.name` is empty: a bucket name is 3 to 63 lower-case letters, digits, hyphens and dots
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa => accepted
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa => `bucket.name` is 64 characters long: a bucket name is 3 to 63 lower-case letters, digits, hyphens and dots
    my-photos.example.com => accepted
    Photos => `bucket.name` has `P`: did you mean `photos`?
    my photos => `bucket.name` has ` `: did you mean `my-photos`?
    été => `bucket.name` has `é`: a bucket name is 3 to 63 lower-case letters, digits, hyphens and dots
    -photos => `bucket.name` starts or ends with a hyphen or dot: it must start and end with a letter or digit, and so must each part between dots
    photos- => `bucket.name` starts or ends with a hyphen or dot: it must start and end with a letter or digit, and so must each part between dots
    .photos => `bucket.name` starts or ends with a hyphen or dot: it must start and end with a letter or digit, and so must each part between dots
    photos. => `bucket.name` starts or ends with a hyphen or dot: it must start and end with a letter or digit, and so must each part between dots
    a..b => `bucket.name` has two dots in a row: a bucket name is 3 to 63 lower-case letters, digits, hyphens and dots
    a.-b => `bucket.name` starts or ends with a hyphen or dot: it must start and end with a letter or digit, and so must each part between dots
    a-.b => `bucket.name` starts or ends with a hyphen or dot: it must start and end with a letter or digit, and so must each part between dots
    192.168.5.4 => `bucket.name` is an IP address: S3 does not allow that
    192.168.5.4.5 => accepted
    xn--photos => `bucket.name` begins with `xn--`: did you mean `photos`?
    sthree-photos => `bucket.name` begins with `sthree-`: did you mean `photos`?
    amzn-s3-demo-photos => `bucket.name` begins with `amzn-s3-demo-`: did you mean `photos`?
    sthree-ab => `bucket.name` begins with `sthree-`: S3 reserves that for itself
    photos-an => `bucket.name` ends with `-an`: did you mean `photos`?
    photos-123456789012-us-east-1-an => `bucket.name` ends with `-an`: did you mean `photos-123456789012-us-east-1`?
    photos-urban => accepted
    photos-s3alias => `bucket.name` ends with `-s3alias`: did you mean `photos`?
    photos--ol-s3 => `bucket.name` ends with `--ol-s3`: did you mean `photos`?
    photos.mrap => `bucket.name` ends with `.mrap`: did you mean `photos`?
    photos--x-s3 => `bucket.name` ends with `--x-s3`: did you mean `photos`?
    photos--table-s3 => `bucket.name` ends with `--table-s3`: did you mean `photos`?
    ___ => `bucket.name` has `_`: a bucket name is 3 to 63 lower-case letters, digits, hyphens and dots
    ");
}

#[test]
fn stacks() {
    let long = ["a".repeat(40), "a".repeat(41)];
    let names = ["a", "", &long[0], &long[1], "Shop", "my_shop", "shop.1"];
    assert_snapshot!(verdicts(names, |name| format!("name = '{name}'\n{LEAST}")), @"
    a => accepted
     => `name` is empty: a stack name is 1 to 40 lower-case letters, digits and hyphens
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa => accepted
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa => `name` is 41 characters long: a stack name is 1 to 40 lower-case letters, digits and hyphens
    Shop => `name` has `S`: did you mean `shop`?
    my_shop => `name` has `_`: did you mean `my-shop`?
    shop.1 => `name` has `.`: did you mean `shop-1`?
    ");
}

#[test]
fn regions() {
    let names = [
        "us-east-1",
        "us-gov-west-1",
        "eusc-de-east-1",
        "xx-somewhere-12",
        "us-east1",
        "us_east_1",
        "US-EAST-1",
        "us-east-1a",
        "useast1",
        "Frankfurt",
        "",
    ];
    let file = |name: &str| format!("region = '{name}'\n{LEAST}cdn.enabled = false\n");
    assert_snapshot!(verdicts(names, file), @"
    us-east-1 => accepted
    us-gov-west-1 => accepted
    eusc-de-east-1 => accepted
    xx-somewhere-12 => accepted
    us-east1 => `region` is not a region code: did you mean `us-east-1`?
    us_east_1 => `region` is not a region code: did you mean `us-east-1`?
    US-EAST-1 => `region` is not a region code: did you mean `us-east-1`?
    us-east-1a => `region` is not a region code: did you mean `us-east-1`?
    useast1 => `region` is not a region code: did you mean `us-east-1`?
    Frankfurt => `region` is not a region code: region codes look like `us-east-1`
     => `region` is not a region code: region codes look like `us-east-1`
    ");
}

#[test]
fn topics() {
    let long = ["a".repeat(256), "a".repeat(257)];
    let names = ["Up_loads-1", "", &long[0], &long[1], "uploads.fifo", "up.loads"];
    assert_snapshot!(verdicts(names, |name| line("topic.name", name)), @"
    Up_loads-1 => accepted
     => `topic.name` is empty: a topic name is 1 to 256 letters, digits, hyphens and underscores
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa => accepted
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa => `topic.name` is 257 characters long: a topic name is 1 to 256 letters, digits, hyphens and underscores
    uploads.fifo => `topic.name` names a FIFO topic: use `uploads` for a standard topic
    up.loads => `topic.name` has `.`: did you mean `up-loads`?
    ");
}

#[test]
fn a_fifo_topic_is_refused_with_its_reason() {
    assert_snapshot!(refused_lines("topic.name = 'uploads.fifo'\n"), @"
    error: `topic.name` names a FIFO topic
     --> pipeline.toml:3:14
      |
    3 | topic.name = 'uploads.fifo'
      |              ^^^^^^^^^^^^^^ use `uploads` for a standard topic
      |
      = help: S3 publishes to standard topics only
    ");
}

#[test]
fn functions() {
    let long = ["a".repeat(64), "a".repeat(65)];
    let names = ["Resize_1-a", "", &long[0], &long[1], "resize:live", "my resize"];
    assert_snapshot!(verdicts(names, |name| line("function.name", name)), @"
    Resize_1-a => accepted
     => `function.name` is empty: a function name is 1 to 64 letters, digits, hyphens and underscores
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa => accepted
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa => `function.name` is 65 characters long: a function name is 1 to 64 letters, digits, hyphens and underscores
    resize:live => `function.name` has `:`: did you mean `resize-live`?
    my resize => `function.name` has ` `: did you mean `my-resize`?
    ");
}

#[test]
fn permissions_boundaries() {
    let name =
        ["a".repeat(128), "a".repeat(129)].map(|name| format!("arn:aws:iam::aws:policy/{name}"));
    let arns = [
        "arn:aws:iam::123456789012:policy/Boundary",
        "arn:aws:iam::123456789012:policy/teams/web/Boundary_1+=,.@-",
        "arn:aws:iam::aws:policy/PowerUserAccess",
        "arn:aws-us-gov:iam::123456789012:policy/Boundary",
        &name[0],
        &name[1],
        "arn:aws:iam::123456789012:role/Boundary",
        "arn:aws:iam::12345:policy/Boundary",
        "arn:aws:iam:us-east-1:123456789012:policy/Boundary",
        "arn:aws:iam::123456789012:policy/",
        "arn:aws:iam::123456789012:policy/a b/Boundary",
        "arn:aws:iam::123456789012:policy/Bound*",
        "arn:aws:iam::123456789012:policy/imgprep/photos/Boundary",
        "arn:aws:iam::123456789012:policy/imgprep-boundary",
        "Boundary",
        "",
    ];
    assert_snapshot!(verdicts(arns, |arn| line("function.permissions_boundary", arn)), @"
    arn:aws:iam::123456789012:policy/Boundary => accepted
    arn:aws:iam::123456789012:policy/teams/web/Boundary_1+=,.@- => accepted
    arn:aws:iam::aws:policy/PowerUserAccess => accepted
    arn:aws-us-gov:iam::123456789012:policy/Boundary => accepted
    arn:aws:iam::aws:policy/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa => accepted
    arn:aws:iam::aws:policy/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa => `function.permissions_boundary` is not the ARN of a managed policy: the ARN of a managed policy looks like `arn:aws:iam::123456789012:policy/Boundary`
    arn:aws:iam::123456789012:role/Boundary => `function.permissions_boundary` is not the ARN of a managed policy: the ARN of a managed policy looks like `arn:aws:iam::123456789012:policy/Boundary`
    arn:aws:iam::12345:policy/Boundary => `function.permissions_boundary` is not the ARN of a managed policy: the ARN of a managed policy looks like `arn:aws:iam::123456789012:policy/Boundary`
    arn:aws:iam:us-east-1:123456789012:policy/Boundary => `function.permissions_boundary` is not the ARN of a managed policy: the ARN of a managed policy looks like `arn:aws:iam::123456789012:policy/Boundary`
    arn:aws:iam::123456789012:policy/ => `function.permissions_boundary` is not the ARN of a managed policy: the ARN of a managed policy looks like `arn:aws:iam::123456789012:policy/Boundary`
    arn:aws:iam::123456789012:policy/a b/Boundary => `function.permissions_boundary` is not the ARN of a managed policy: the ARN of a managed policy looks like `arn:aws:iam::123456789012:policy/Boundary`
    arn:aws:iam::123456789012:policy/Bound* => `function.permissions_boundary` is not the ARN of a managed policy: the ARN of a managed policy looks like `arn:aws:iam::123456789012:policy/Boundary`
    arn:aws:iam::123456789012:policy/imgprep/photos/Boundary => `function.permissions_boundary` is a policy under `/imgprep/`: whoever runs `up` can change policies there, and could remove the boundary
    arn:aws:iam::123456789012:policy/imgprep-boundary => accepted
    Boundary => `function.permissions_boundary` is not an ARN: the ARN of a managed policy looks like `arn:aws:iam::123456789012:policy/Boundary`
     => `function.permissions_boundary` is not an ARN: the ARN of a managed policy looks like `arn:aws:iam::123456789012:policy/Boundary`
    ");
}

#[test]
fn a_boundary_that_is_no_managed_policy_is_shown_with_its_form() {
    let role = "[function]\npermissions_boundary = 'arn:aws:iam::123456789012:role/Boundary'\n";
    assert_snapshot!(refused_lines(role), @"
    error: `function.permissions_boundary` is not the ARN of a managed policy
     --> pipeline.toml:4:24
      |
    4 | permissions_boundary = 'arn:aws:iam::123456789012:role/Boundary'
      |                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: the ARN of a managed policy looks like `arn:aws:iam::123456789012:policy/Boundary`
    ");
}

#[test]
fn a_number_is_shown_with_its_limits() {
    assert_snapshot!(refused_lines("[function]\nmemory = 64\nlog_retention_days = 10\n"), @"
    error: `function.memory` is 64
     --> pipeline.toml:4:10
      |
    4 | memory = 64
      |          ^^ must be 128–10240 MB

    error: `function.log_retention_days` is 10
     --> pipeline.toml:5:22
      |
    5 | log_retention_days = 10
      |                      ^^ the nearest allowed value is 7
      |
      = help: CloudWatch Logs allows 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 days
    ");
}

#[test]
fn numbers() {
    let lines = [
        "function.memory = 128",
        "function.memory = 127",
        "function.memory = 10240",
        "function.memory = 10241",
        "function.memory = -1",
        "function.memory = 0x1_00",
        "function.memory = 99999999999",
        "function.memory = 99999999999999999999",
        "function.timeout = 1",
        "function.timeout = 0",
        "function.timeout = 900",
        "function.timeout = 901",
        "function.concurrency = 1",
        "function.concurrency = 0",
        "function.concurrency = 2147483647",
        "function.concurrency = 2147483648",
        "function.log_retention_days = 1",
        "function.log_retention_days = 0",
        "function.log_retention_days = 4000",
        "image.quality = 1",
        "image.quality = 0",
        "image.quality = 100",
        "image.quality = 101",
    ];
    assert_snapshot!(verdicts(lines, |line| format!("{LEAST}{line}\n")), @"
    function.memory = 128 => accepted
    function.memory = 127 => `function.memory` is 127: must be 128–10240 MB
    function.memory = 10240 => accepted
    function.memory = 10241 => `function.memory` is 10241: must be 128–10240 MB
    function.memory = -1 => `function.memory` is -1: must be 128–10240 MB
    function.memory = 0x1_00 => accepted
    function.memory = 99999999999 => `function.memory` is 99999999999: must be 128–10240 MB
    function.memory = 99999999999999999999 => `function.memory` is 99999999999999999999, which is too large
    function.timeout = 1 => accepted
    function.timeout = 0 => `function.timeout` is 0: must be 1–900 seconds
    function.timeout = 900 => accepted
    function.timeout = 901 => `function.timeout` is 901: must be 1–900 seconds
    function.concurrency = 1 => accepted
    function.concurrency = 0 => `function.concurrency` is 0: must be 1 or more; 0 would stop the function
    function.concurrency = 2147483647 => accepted
    function.concurrency = 2147483648 => `function.concurrency` is 2147483648: must be at most 2147483647
    function.log_retention_days = 1 => accepted
    function.log_retention_days = 0 => `function.log_retention_days` is 0: the nearest allowed value is 1
    function.log_retention_days = 4000 => `function.log_retention_days` is 4000: the nearest allowed value is 3653
    image.quality = 1 => accepted
    image.quality = 0 => `image.quality` is 0: must be 1–100
    image.quality = 100 => accepted
    image.quality = 101 => `image.quality` is 101: must be 1–100
    ");
}

#[test]
fn words() {
    let lines = [
        "bucket.access = 'public'",
        "bucket.access = 'x'",
        "function.arch = 'amd64'",
        "function.arch = 'arm'",
        "function.arch = 'x86-64'",
        "function.arch = 'riscv'",
        "image.format = 'jpg'",
        "image.format = 'JPEG'",
        "image.format = 'same'",
        "image.format = 'gif'",
        "image.fit = 'crop'",
        "image.fit = 'cvoer'",
        "image.gravity = 'top'",
        "image.gravity = 'centre'",
        "image.gravity = 'north-east'",
        "cdn.price_class = '300'",
        "cdn.price_class = 'PriceClass_All'",
    ];
    let file = |line: &str| {
        let least = "bucket = { name = 'photos', access = 'cdn' }\nvariants = [{ size = '1x1' }]";
        match line.strip_prefix("bucket.") {
            Some(access) => least.replace("access = 'cdn'", access),
            None => format!("{least}\n{line}\n"),
        }
    };
    assert_snapshot!(verdicts(lines, file), @"
    bucket.access = 'public' => `bucket.access` is `public`: did you mean `public-acl`?
    bucket.access = 'x' => `bucket.access` is `x`: `access` is `cdn` or `public-acl`
    function.arch = 'amd64' => `function.arch` is `amd64`: did you mean `x86_64`?
    function.arch = 'arm' => `function.arch` is `arm`: did you mean `arm64`?
    function.arch = 'x86-64' => `function.arch` is `x86-64`: did you mean `x86_64`?
    function.arch = 'riscv' => `function.arch` is `riscv`: `arch` is `x86_64` or `arm64`
    image.format = 'jpg' => `image.format` is `jpg`: did you mean `jpeg`?
    image.format = 'JPEG' => `image.format` is `JPEG`: did you mean `jpeg`?
    image.format = 'same' => `image.format` is `same`: did you mean `keep`?
    image.format = 'gif' => `image.format` is `gif`: `format` is `keep`, `jpeg`, `png`, `webp` or `avif`
    image.fit = 'crop' => `image.fit` is `crop`: did you mean `cover`?
    image.fit = 'cvoer' => `image.fit` is `cvoer`: did you mean `cover`?
    image.gravity = 'top' => `image.gravity` is `top`: did you mean `north`?
    image.gravity = 'centre' => `image.gravity` is `centre`: did you mean `center`?
    image.gravity = 'north-east' => `image.gravity` is `north-east`: did you mean `northeast`?
    cdn.price_class = '300' => `cdn.price_class` is `300`: `price_class` is `100`, `200` or `all`
    cdn.price_class = 'PriceClass_All' => `cdn.price_class` is `PriceClass_All`: did you mean `all`?
    ");
}
