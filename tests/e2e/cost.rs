//! `imgprep cost`: an estimate from the file alone.

use imgprep_testkit::Pipeline;
use serde_json::Value;

pub(crate) async fn an_estimate_needs_no_aws_and_adds_up() {
    let pipeline = Pipeline::offline("cost").await;
    let mut command = pipeline.command();
    command.args(["cost", "--json"]);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"] {
        command.env_remove(name);
    }
    let document = imgprep_testkit::run(&mut command).exits(0).json();
    let keys: Vec<&String> = document.as_object().unwrap().keys().collect();
    let expected = [
        "assumptions",
        "flat_rate",
        "leaves_out",
        "originals_storage",
        "server",
        "services",
        "size_effort",
        "total_after_free_tier_usd",
        "total_usd",
    ];
    assert_eq!(keys, expected);
    let services = document["services"].as_array().unwrap();
    let sum: f64 = services.iter().map(|service| service["monthly_usd"].as_f64().unwrap()).sum();
    assert!((sum - document["total_usd"].as_f64().unwrap()).abs() < 1e-6, "{document:#}");
    assert_eq!(document["assumptions"]["images"], 10_000);
    assert_eq!(document["assumptions"]["memory_mb"], 256);
    assert_eq!(document["originals_storage"]["chosen"], "standard");
    assert_eq!(document["originals_storage"]["cheapest"], "glacier-instant");
    assert_eq!(document["server"]["instance"], "t3.small");
    assert!(pipeline.proxy.take_calls().is_empty(), "AWS is not asked");
}

pub(crate) async fn the_table_fits_a_terminal_and_follows_the_options() {
    let pipeline = Pipeline::offline("prices").await;
    let text = pipeline.imgprep(&["cost", "--images", "5000", "--megapixels", "8"]).exits(0);
    assert!(text.stdout.starts_with("5,000 originals of 8 megapixels and 100,000 views"), "{text}");
    assert_eq!(text.stdout.lines().count(), 11, "{text}");
    let full = ["cost", "--images", "5000", "--megapixels", "8", "-v"];
    let full = pipeline.imgprep(&full).exits(0);
    for word in [
        "S3 storage",
        "Lambda",
        "CloudFront",
        "t3.small",
        "us-east-1",
        "not counted",
        "glacier-instant",
    ] {
        assert!(full.stdout.contains(word), "`{word}` is shown: {full}");
    }
    let mut lines = text.stdout.lines().chain(full.stdout.lines());
    assert_eq!(lines.find(|line| line.chars().count() > 80), None, "{text}{full}");
    let total = |arguments: &[&str]| -> Value {
        pipeline.imgprep(arguments).exits(0).json()["total_usd"].clone()
    };
    let small = total(&["cost", "--json", "--original-bytes", "1000000"]);
    let large = total(&["cost", "--json", "--original-bytes", "9000000"]);
    assert!(small.as_f64() < large.as_f64(), "{small} < {large}");
    let many = pipeline.imgprep(&["cost", "--views", "125000000"]).exits(0);
    let plan = "  flat rate       200.00  CloudFront's plan Business; by use 412.50\n";
    assert!(many.stdout.contains(plan), "{many}");
    let wrong = pipeline.imgprep(&["cost", "--megapixels", "0"]).exits(2);
    assert!(wrong.stderr.contains("above 0"), "{wrong}");
    pipeline.imgprep(&["cost", "--images", "0"]).exits(2);
    pipeline.imgprep(&["cost", "-c", "no-such.toml", "--json"]).exits(2).error();
}
