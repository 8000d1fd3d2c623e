//! The estimate, against numbers that are worked out by hand.

#![expect(clippy::float_cmp, reason = "amounts are rounded to a hundredth of a cent")]

use std::path::Path;

use super::*;
use crate::pricing::number;

const LOAD: Load =
    Load { images: 10_000, megapixels: 12.0, views: 100_000, original_bytes: None, months: 12 };

/// A pipeline with two variants and what else a file says.
fn config(more: &str) -> Config {
    let text = format!(
        "[bucket]\nname = \"photos\"\n[[variants]]\nsize = \"800x600\"\n\
         [[variants]]\nsize = \"400x300\"\n{more}"
    );
    Config::parse(&text, "pipeline.toml", Path::new(""), &|_| None).unwrap()
}

/// The cost of each service and what of it is free.
#[track_caller]
fn check(more: &str, load: Load, expected: &[(&str, f64, f64)]) -> Estimate {
    let estimate = estimate(&config(more), &load);
    let services: Vec<(&str, f64, f64)> =
        estimate.services.iter().map(|it| (it.name, it.monthly_usd, it.free_tier_usd)).collect();
    assert_eq!(services, expected);
    estimate
}

#[test]
fn the_default_load() {
    let estimate = check(
        "",
        LOAD,
        &[
            // An original: 12e6 pixels x 0.3 = 3.6 MB. Its variants: 600,000 pixels x 0.12 =
            // 72,000 bytes. 10,000 x 12 x 3.672 MB = 440.64 GB; x 0.023 = 10.13472.
            ("S3 storage", 10.1347, 0.0),
            // 30,000 writes x 0.005/1000 = 0.15; 30,000 + a tenth of 100,000 reads x 0.0004/1000
            // = 0.016.
            ("S3 requests", 0.166, 0.0),
            // 10,000 x 0.50/1,000,000.
            ("SNS", 0.005, 0.005),
            // 12 x 2.7 + 0.6 megapixels of variants x 12 = 39.6 ms / (256/1769) = 273.64, + 100 = 373.64:
            // 374 ms are billed. 10,000 x 0.374 s x 0.25 GB = 935 GB-seconds x 0.0000166667 =
            // 0.015583; + 10,000 x 0.20/1,000,000 = 0.002.
            ("Lambda", 0.0176, 0.0176),
            // 0.013 GB x 0.50 = 0.0065; kept for 14 of 30 days: 0.006067 x 0.03 = 0.000182; three
            // metrics x 0.30 = 0.90. Storage of logs is not free.
            ("CloudWatch", 0.9067, 0.9065),
            // 10 dead letters x 3 requests x 0.40/1,000,000 = 0.000012.
            ("SQS", 0.0, 0.0),
            // 100,000 x 0.01/10,000 = 0.10; 100,000 x 36,000 bytes = 3.6 GB x 0.085 = 0.306.
            ("CloudFront", 0.406, 0.406),
        ],
    );
    // 10.1347 + 0.166 + 0.005 + 0.0176 + 0.9067 + 0.406, and less 1.3351.
    assert_eq!((estimate.total_usd, estimate.total_after_free_tier_usd), (11.636, 10.3009));
    // A t3.small: 730 x 0.0208 = 15.184; the address: 730 x 0.005 = 3.65; 20 GB of disk: 1.60.
    let server = &estimate.server;
    assert_eq!((server.instance, server.count, server.instances_usd), ("t3.small", 1, 20.434));
    // 10.13472 for what is stored, 0.15 for writes, 100,000 reads: 0.04.
    assert_eq!(server.images_in_s3_usd, 10.3247);
    // 3.6 GB x 0.09.
    assert_eq!((server.transfer_usd, server.free_tier_usd), (0.324, 0.324));
    assert_eq!(server.monthly_usd, 31.0827);
    // 10,000 x 0.0396 s = 396 s of 0.4 x 730 x 3600 = 1,051,200.
    assert_eq!(server.busy_share, 0.0004);
}

#[test]
fn a_large_load_outgrows_the_free_tier_and_one_server() {
    let load = Load {
        images: 30_000_000,
        megapixels: 24.0,
        views: 1_000_000_000,
        original_bytes: Some(5_000_000),
        months: 1,
    };
    let estimate = check(
        "[function]\nmemory = 3538\narch = \"arm64\"\n",
        load,
        &[
            // 30e6 x 5.072 MB = 152,160 GB x 0.023.
            ("S3 storage", 3499.68, 0.0),
            // 90e6 x 0.005/1000 = 450; 90e6 + 100e6 reads x 0.0004/1000 = 76.
            ("S3 requests", 526.0, 0.0),
            // 30 x 0.50, of which a million messages are free.
            ("SNS", 15.0, 0.5),
            // Two processors' memory, but an image is worked on by one: 72 + 100, so 172 ms. 30e6 x
            // 0.172 s x 3538/1024 = 17,828,203.125 GB-seconds x 0.0000133334 = 237.7106; + 6. Free: 400,000 x 0.0000133334 = 5.33336; + 0.20.
            ("Lambda", 243.7106, 5.5334),
            // 39 GB x 0.50 = 19.50; 18.2 GB x 0.03 = 0.546; 0.90. Free: 5 GB = 2.50; and 0.90.
            ("CloudWatch", 20.946, 3.4),
            // 30,000 x 3 x 0.40/1,000,000.
            ("SQS", 0.036, 0.036),
            // 1e9 x 0.01/10,000 = 1000; 36,000 GB x 0.085 = 3060. Free: 10e6 requests = 10; 1000
            // GB = 85.
            ("CloudFront", 4060.0, 95.0),
        ],
    );
    // 30e6 x 0.072 s = 2,160,000 s; of 1,051,200 each: 2.05, so three servers.
    let server = &estimate.server;
    assert_eq!((server.instance, server.count), ("t4g.small", 3));
    // 3 x (730 x 0.0168 + 3.65 + 1.60) = 3 x 17.514.
    assert_eq!(server.instances_usd, 52.542);
    // 2,160,000 of 3,153,600.
    assert_eq!(server.busy_share, 0.6849);
}

#[test]
fn without_a_cdn_the_bucket_serves() {
    let estimate = estimate(&config("[cdn]\nenabled = false\n"), &LOAD);
    let service = |name: &str| {
        let found = estimate.services.iter().find(|service| service.name == name);
        found.map(|service| (service.monthly_usd, service.free_tier_usd))
    };
    assert_eq!(service("CloudFront"), None);
    // 3.6 GB x 0.09, of which 100 GB are free.
    assert_eq!(service("S3 transfer"), Some((0.324, 0.324)));
    // Every view is a read: 0.15 + 130,000 x 0.0004/1000.
    assert_eq!(service("S3 requests"), Some((0.202, 0.0)));
}

#[test]
fn a_flat_rate_is_named_where_it_is_cheaper_and_holds_the_load() {
    let plan = |more: &str, views| {
        let plan = estimate(&config(more), &Load { views, ..LOAD }).flat_rate;
        plan.map(|it| (it.plan, it.monthly_usd, it.by_use_usd))
    };
    // 10e6 requests are free; 36 kB each: 360 GB, and of 1000 GB nothing is paid.
    assert_eq!(plan("", 10_000_000), None);
    // 2e6 x 0.01/10,000 = 2, and 432 GB are free.
    assert_eq!(plan("", 12_000_000), None);
    // 115e6 x 0.01/10,000 = 115; (4500 - 1000) GB x 0.085 = 297.50.
    assert_eq!(plan("", 125_000_000), Some(("Business", 200.0, 412.5)));
    assert_eq!(plan("[cdn]\nversions = true\n", 125_000_000), Some(("Business", 200.0, 412.5)));
    // 300e6 x 0.01/10,000 = 300 - 10; 10,800 GB less 1000 x 0.085 = 833.
    assert_eq!(plan("", 300_000_000), Some(("Premium", 1000.0, 1123.0)));
    assert_eq!(plan("[cdn]\nenabled = false\n", 300_000_000), None);
    // Large variants: 10e6 x 1.8 MB = 18,000 GB less 1000 x 0.085 = 1445.
    let large = "[[variants]]\nsize = \"6000x8000\"\n[[variants]]\nsize = \"3000x3990\"\n";
    let (plan, usd, by_use) = plan(large, 10_000_000).unwrap();
    assert_eq!((plan, usd), ("Pro", 15.0));
    assert!((1400.0..1500.0).contains(&by_use), "{by_use}");
    let versions = format!("{large}[cdn]\nversions = true\n");
    let load = Load { views: 10_000_000, ..LOAD };
    let plan = estimate(&config(&versions), &load).flat_rate.unwrap();
    assert_eq!(plan.plan, "Business", "Pro takes no cache policy of one's own");
}

#[test]
fn smaller_files_pay_from_a_number_of_views_on() {
    let gain = estimate(&config(""), &LOAD).size_effort.unwrap();
    // 0.6 megapixels of variants x 26.7 = 16.02 ms: 55.62 / (256/1769) + 100 = 484.3, so 485 ms are
    // billed and not 374. 10,000 x 0.111 s x 0.25 GB x 0.0000166667 = 0.004625.
    assert_eq!(gain.more_usd, 0.0046);
    // 17 % of 72,000 bytes: 12,240. Of 120,000 originals x 0.023 = 0.033782; of 100,000 views, half
    // of it each, x 0.085 = 0.05202.
    assert_eq!(gain.less_usd, 0.0858);
    // 0.0000004625 for an original, 0.0000005202 for a view.
    assert_eq!(gain.pays_from_views, 1.0);
    let more_memory = estimate(&config("[function]\nmemory = 3538\n"), &LOAD).size_effort.unwrap();
    // 16 ms more of two processors' memory: 0.016 s x 3.455 GB x 0.0000166667 = 0.000000921.
    assert_eq!(more_memory.pays_from_views, 2.0);
    assert_eq!(estimate(&config("[image]\neffort = \"size\"\n"), &LOAD).size_effort, None);
    assert_eq!(estimate(&config("[image]\nformat = \"png\"\n"), &LOAD).size_effort, None);
}

#[test]
fn each_format_has_its_time_and_its_bytes() {
    let made = |format: &str, effort: &str| {
        let text = format!(
            "[bucket]\nname = \"photos\"\n[image]\neffort = \"{effort}\"\n\
             [[variants]]\nsize = \"1000x1000\"\nformat = \"{format}\"\n"
        );
        let config = Config::parse(&text, "pipeline.toml", Path::new(""), &|_| None).unwrap();
        let facts = estimate(&config, &LOAD).assumptions;
        // To decode 12 megapixels takes 32.4 ms.
        (rounded(facts.cpu_ms - 32.4), facts.variant_bytes)
    };
    assert_eq!(made("keep", "speed"), (12.0, 120_000.0));
    assert_eq!(made("jpeg", "speed"), (12.0, 120_000.0));
    assert_eq!(made("jpeg", "size"), (38.7, 99_600.0));
    assert_eq!(made("png", "size"), (360.0, 1_390_000.0));
    assert_eq!(made("webp", "speed"), (85.0, 120_000.0));
    assert_eq!(made("webp", "size"), (270.0, 108_000.0));
    assert_eq!(made("avif", "speed"), (850.0, 94_000.0));
    assert_eq!(made("avif", "size"), (1850.0, 83_000.0));
    // Two variants take the time of both, and none only that of reading.
    let of = |more: &str| estimate(&config(more), &LOAD).assumptions.cpu_ms;
    assert_eq!(of("[[variants]]\nsize = \"1000x1000\"\nformat = \"webp\"\n"), 39.6 + 85.0);
}

#[test]
fn no_load_costs_nothing_but_a_server() {
    let load = Load { images: 0, views: 0, ..LOAD };
    let estimate = estimate(&config(""), &load);
    assert_eq!((estimate.total_usd, estimate.total_after_free_tier_usd), (0.0, 0.0));
    assert_eq!((estimate.server.count, estimate.server.monthly_usd), (1, 20.434));
}

#[test]
fn a_few_images_are_billed_metrics_for_a_few_hours() {
    let load = Load { images: 73, ..LOAD };
    let estimate = estimate(&config(""), &load);
    let cloudwatch = estimate.services.iter().find(|it| it.name == "CloudWatch").unwrap();
    // A tenth of the hours: 0.09; and 0.00005 for 95 kB of log.
    assert_eq!(cloudwatch.monthly_usd, 0.09);
}

#[test]
fn alarms_cost_a_fixed_price_each() {
    let of = |more: &str, name: &str| {
        let services = estimate(&config(more), &LOAD).services;
        let found = services.into_iter().find(|it| it.name == name);
        found.map(|it| (it.monthly_usd, it.free_tier_usd, it.detail))
    };
    let (alarms, mails) = ("CloudWatch (alarms)", "SNS (alarms)");
    assert_eq!((of("", alarms), of("", mails)), (None, None));
    // Dead letters, errors, throttles, failed images, the oldest event: 5 x 0.10.
    let text = "[alarms]\nemail = [\"a@example.com\", \"b@example.com\"]\n";
    assert_eq!(of(text, alarms), Some((0.5, 0.5, "5 alarms".to_owned())));
    // 10 dead letters x 2 x 2.00/100,000 = 0.0004.
    let detail = "20 mails to 2 subscribers".to_owned();
    assert_eq!(of(text, mails), Some((0.0004, 0.0004, detail)));
    let text = "[notify]\n[alarms]\nfailed_images = 0\n";
    assert_eq!(of(text, alarms), Some((0.5, 0.5, "5 alarms".to_owned())));
}

#[test]
fn numbers_are_written_as_people_do() {
    let cases = [
        (0.0, "0"),
        (0.013, "0.013"),
        (3.6, "3.6"),
        (12.0, "12"),
        (440.64, "440.6"),
        (955.0, "955"),
        (1000.0, "1,000"),
        (18_864_726.56, "18,864,727"),
    ];
    for (value, expected) in cases {
        assert_eq!(number(value), expected);
    }
}

/// 10,000 originals of 3.6 MB a month are 36 GB; of a year, 432 GB. A month has 730 hours: 30 days are
/// 0.98630 of it, 90 days 2.95890.
#[test]
fn originals_cost_less_in_a_colder_class() {
    let storage = |more: &str| {
        let text =
            format!("bucket.name = \"photos\"\n{more}variants = [{{ size = \"800x600\" }}]\n");
        let config = Config::parse(&text, "pipeline.toml", Path::new(""), &|_| None).unwrap();
        estimate(&config, &LOAD).originals_storage
    };
    let found = storage("");
    assert_eq!((found.chosen, found.cheapest), ("standard", "glacier-instant"));
    let [standard, tiered, glacier] = &found.classes;
    assert_eq!((standard.monthly_usd, standard.saves_usd), (9.936, 0.0));
    // 36 GB x (0.98630 x 0.023 + 1.97260 x 0.0125 + 9.04110 x 0.004) = 3.00628; 10,000 moves: 0.10;
    // 120,000 watched: 0.30.
    assert_eq!((tiered.monthly_usd, tiered.saves_usd), (3.4062, 6.5298));
    assert_eq!(tiered.for_each_object_usd, 0.4);
    // 36 x (1.97260 x 0.0105 x 0.98630 + 9.04110 x (0.019 x 0.98630 + 0.0085 x 1.97260)).
    assert_eq!(tiered.reading_all_usd, 12.2922);
    // 36 x (0.98630 x 0.023 + 11.01370 x 0.004) = 2.40263; 10,000 moves: 0.20.
    assert_eq!((glacier.monthly_usd, glacier.saves_usd), (2.6026, 7.3334));
    assert_eq!((glacier.after_days, glacier.for_each_object_usd), (30, 0.2));
    // 396.49 GB x 0.03 = 11.8948; 110,137 reads x 0.0096/1000 = 1.0573.
    assert_eq!(glacier.reading_all_usd, 12.9521);
    let (better, saving) = found.better().unwrap();
    // A year of it is 12 x 2.6026 + 12.9521 = 44.1833, and of Standard 119.232.
    assert_eq!((better.class, saving), ("glacier-instant", 6.2541));

    let found = storage("bucket.originals_storage = \"glacier-instant\"\n");
    assert_eq!((found.chosen, found.better()), ("glacier-instant", None));
    // What is deleted 30 days after it was moved is paid for as long as 90: 36 GB x (0.98630 x 0.023 +
    // 2.95890 x 0.004) = 1.24274; 0.20. In Standard: 36 GB x 1.97260 x 0.023 = 1.63332.
    let found = storage("bucket.expire_originals_days = 60\n");
    assert_eq!(found.classes[0].monthly_usd, 1.6333);
    assert_eq!(found.classes[2].monthly_usd.to_string(), "1.4427");
}

/// Below 128 KB nothing is moved, and nothing saved.
#[test]
fn small_originals_stay_where_they_are() {
    let small = Load { original_bytes: Some(131_071), ..LOAD };
    let found = estimate(&config(""), &small).originals_storage;
    assert!(found.classes.iter().all(|class| class.saves_usd == 0.0), "{found:?}");
    assert_eq!((found.cheapest, found.better()), ("standard", None));
}

/// What the file asks for is in the line of the storage.
#[test]
fn storage_is_counted_in_the_class_of_the_file() {
    let line = |keys: &str| {
        let text =
            format!("bucket.name = \"photos\"\n{keys}\nvariants = [{{ size = \"800x600\" }}]\n");
        let config = Config::parse(&text, "pipeline.toml", Path::new(""), &|_| None).unwrap();
        let line = estimate(&config, &LOAD).services.swap_remove(0);
        (line.monthly_usd, line.detail)
    };
    // Variants: 120,000 x 57,600 bytes x 0.023 = 0.158976.
    let whole = "438.9 GB: the originals and variants of 12 months";
    assert_eq!(line(""), (10.095, whole.to_owned()));
    let moved = format!("{whole}; glacier-instant");
    assert_eq!(line("bucket.originals_storage = \"glacier-instant\""), (2.7616, moved));
    // Of 36 GB a month, 60 days are 71.01 GB.
    let expired = "77.93 GB: the originals of 1.97 months and the variants of 12";
    assert_eq!(line("bucket.expire_originals_days = 60"), (1.7923, expired.to_owned()));
}
