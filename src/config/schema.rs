//! The keys of `pipeline.toml`, their defaults, and the rules that concern more than one of them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use contract::settings::{Format, OnDelete, Settings, Variant};

use super::alarms::alarms;
use super::fallback::fallback;
use super::folder_rules::{self, beside_reserved};
use super::notify::notify;
use super::problem::{Fault, reason};
use super::storage::storage;
use super::table::{Table, Text, Words};
use super::uploads::uploads;
use super::variants::{Look, variants};
use super::{
    Access, Arch, Bucket, Cdn, Code, Codecs, Config, Function, Logos, PriceClass, Topic,
    limit_rules, name_rules, region_rules, web_rules,
};

const DEFAULT_NAME: &str = "imgprep";
const DEFAULT_ORIGINALS: &str = "originals";
const DEFAULT_MEMORY: u32 = 256;
const DEFAULT_TIMEOUT: u32 = 10;
const DEFAULT_LOG_RETENTION_DAYS: u32 = 14;

/// As long as the longest id of a distribution: the function is told it once there is one.
const SOME_DISTRIBUTION: &str = "E0123456789ABC";

/// As long as the longest beginning of a topic's ARN, and as the address of a CDN.
const SOME_TOPIC: &str = "arn:aws-us-gov:sns:ap-southeast-1:123456789012:";
const SOME_ADDRESS: &str = "https://d111111abcdef8.cloudfront.net";

/// How every zip begins that holds a file.
const ZIP_START: &[u8] = b"PK\x03\x04";

const ACCESS: &Words<Access> = &[("cdn", Access::Cdn), ("public-acl", Access::PublicAcl)];
const ON_DELETE: &Words<OnDelete> = &[("keep", OnDelete::Keep), ("remove", OnDelete::Remove)];
const ARCH: &Words<Arch> = &[("x86_64", Arch::X86_64), ("arm64", Arch::Arm64)];
const PRICE_CLASS: &Words<PriceClass> =
    &[("100", PriceClass::Class100), ("200", PriceClass::Class200), ("all", PriceClass::All)];

/// The whole file, in which paths are relative to `folder`.
pub(super) fn pipeline(root: &Table<'_>, folder: &Path) -> Config {
    let name = root.text_or("name", DEFAULT_NAME, name_rules::stack).value;
    let region = root.text("region", name_rules::region);
    let (bucket, originals) = bucket(&root.table("bucket"));
    let topic = topic(&root.table("topic"), &name);
    let function_table = root.table("function");
    let mut function = function(&function_table, &name, folder);
    let look = Look::read(&root.table("image"), &Look::default());
    let tables = root.tables("variants");
    if tables.as_ref().is_some_and(Vec::is_empty) {
        let help = "add `[[variants]]` with `size = \"800x600\"` below it";
        root.report_key("variants", Fault::new("is missing").help(help));
    }
    let tables = tables.unwrap_or_default();
    let variants = variants(&tables, &look, &originals, (folder, &mut function.logos));
    if let (Code::Zip(_), false) = (&function.code, function.logos.is_empty()) {
        let help = "let imgprep build the function, or remove `watermark` from the variants";
        let fault = Fault::new("is a finished zip, which watermarks cannot travel in").help(help);
        function_table.report_key("code", fault);
    }
    if let Code::Bundled(codecs) = &mut function.code {
        codecs.avif = variants.iter().any(|variant| variant.format == Format::Avif);
    }
    let cdn_table = root.table("cdn");
    let cdn = cdn(&cdn_table, &originals.value, &variants);
    if let Some(region) = region.as_ref().filter(|_| cdn.enabled && cdn.chosen) {
        check_cdn_region(&cdn_table, region);
    }
    let region = region.map(|region| region.value);
    let notify = notify(root, &name, &topic);
    let uploads = uploads(&root.table("uploads"));
    let alarms = alarms(root, &name, [Some(&topic.name), notify.as_ref().map(|it| &it.topic)]);
    let tags = tags(root);
    let config = Config {
        name,
        region,
        bucket,
        topic,
        function,
        variants,
        cdn,
        notify,
        uploads,
        alarms,
        tags,
    };
    check_environment(&config, &tables);
    config
}

/// The bucket, and where its folder of originals is in the file.
fn bucket(table: &Table<'_>) -> (Bucket, Text) {
    let help = "add `name = \"…\"` below `[bucket]`; bucket names are globally unique";
    let name = table.text_required("name", name_rules::bucket, help).value;
    let originals = table.text_or("originals", DEFAULT_ORIGINALS, folder_rules::folder);
    if let Err(fault) = beside_reserved(&originals.value) {
        table.report("originals", &originals, fault);
    }
    let access = table.word("access", ACCESS).unwrap_or_default();
    let on_delete = table.word("on_delete", ON_DELETE).unwrap_or_default();
    let storage = storage(table);
    (Bucket { name, originals: originals.value.clone(), access, on_delete, storage }, originals)
}

fn topic(table: &Table<'_>, default: &str) -> Topic {
    Topic { name: table.text_or("name", default, name_rules::topic).value }
}

fn function(table: &Table<'_>, default: &str, folder: &Path) -> Function {
    Function {
        name: table.text_or("name", default, name_rules::function).value,
        memory: table.number("memory", limit_rules::memory).unwrap_or(DEFAULT_MEMORY),
        timeout: table.number("timeout", limit_rules::timeout).unwrap_or(DEFAULT_TIMEOUT),
        arch: table.word("arch", ARCH).unwrap_or_default(),
        concurrency: table.number("concurrency", limit_rules::concurrency),
        log_retention_days: table
            .number("log_retention_days", limit_rules::log_retention_days)
            .unwrap_or(DEFAULT_LOG_RETENTION_DAYS),
        permissions_boundary: table
            .text("permissions_boundary", name_rules::managed_policy_arn)
            .map(|arn| arn.value),
        code: code(table, folder),
        logos: Logos::default(),
    }
}

fn code(table: &Table<'_>, folder: &Path) -> Code {
    let heic = table.flag("heic").unwrap_or(true);
    let cargo = table.text("crate", name_rules::path);
    let zip = table.text("code", name_rules::path);
    // Whether some variant is in AVIF is not known yet.
    let bundled = Code::Bundled(Codecs { avif: false, heic });
    match (cargo, zip) {
        (Some(cargo), Some(zip)) => {
            let fault = Fault::new("cannot be combined with `function.crate`")
                .label("remove one of the two")
                .related(cargo.span.as_ref(), "the other one");
            table.report("code", &zip, fault);
            bundled
        }
        (Some(cargo), None) => {
            let path = folder.join(&cargo.value);
            if !cargo.value.is_empty() && !path.join("Cargo.toml").is_file() {
                let help = format!("imgprep looked in `{}`", path.display());
                let fault = Fault::new("is not a folder with a `Cargo.toml`");
                table.report("crate", &cargo, fault.help(help));
            }
            Code::Crate(path)
        }
        (None, Some(zip)) => {
            let path = folder.join(&zip.value);
            match check_zip(&path) {
                Err(fault) if !zip.value.is_empty() => table.report("code", &zip, fault),
                _ => {}
            }
            Code::Zip(path)
        }
        (None, None) => bundled,
    }
}

fn check_zip(path: &Path) -> Result<(), Fault> {
    let shown = path.display();
    if path.is_dir() {
        return Err(Fault::new("is a folder").help("`code` names a zip, `crate` a crate's folder"));
    }
    let unreadable = |error: std::io::Error| {
        Fault::new(format!("can't be read: {}", reason(&error)))
            .help(format!("imgprep looked at `{shown}`"))
    };
    let mut start = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(ZIP_START.len() as u64).read_to_end(&mut start).map_err(unreadable)?;
    if start == ZIP_START {
        return Ok(());
    }
    Err(Fault::new("is not a zip").help(format!("read from `{shown}`")))
}

fn cdn(table: &Table<'_>, originals: &str, variants: &[Variant]) -> Cdn {
    let switch = table.flag("enabled");
    let enabled = switch.unwrap_or(true);
    let price_class = table.word("price_class", PRICE_CLASS).unwrap_or_default();
    let invalidate = table.flag("invalidate").unwrap_or_default();
    let (domains, certificate_arn) = domains(table);
    let hosted_zone = hosted_zone(table, &domains, certificate_arn.is_some());
    let fallback = fallback(table, originals, variants);
    let versions = table.flag("versions").unwrap_or_default();
    let uses = [
        ("invalidate", invalidate),
        ("domains", !domains.is_empty()),
        ("fallback", fallback.is_some()),
        ("versions", versions),
    ];
    for (key, used) in uses {
        if used && !enabled {
            let fault = Fault::new("needs the distribution")
                .label(format!("remove `{key}`, or set `enabled = true`"))
                .related(table.key_span("enabled").as_ref(), "switched off here");
            table.report_key(key, fault);
        }
    }
    let chosen = switch == Some(true) || uses.iter().any(|(_, used)| *used);
    Cdn {
        enabled,
        chosen,
        price_class,
        invalidate,
        domains,
        certificate_arn,
        hosted_zone,
        fallback,
        versions,
    }
}

/// Refuses a CDN that is asked for where the file's region has none: at the switch, or at the region
/// where other settings ask for it.
fn check_cdn_region(table: &Table<'_>, region: &Text) {
    if name_rules::region(&region.value).is_err() {
        return;
    }
    let Err(fault) = region_rules::cdn(&region.value) else { return };
    match table.key_span("enabled") {
        Some(_) => {
            let fault = fault.label("write `enabled = false`");
            table.report_key("enabled", fault.related(region.span.as_ref(), "the region"));
        }
        None => {
            table.report("enabled", region, fault.label("add `enabled = false` below `[cdn]`"));
        }
    }
}

/// The zone that is chosen for the domains.
fn hosted_zone(table: &Table<'_>, domains: &[String], has_certificate: bool) -> Option<String> {
    let zone = table.text("hosted_zone", web_rules::hosted_zone)?;
    let is_inside =
        |domain: &&String| **domain == zone.value || domain.ends_with(&format!(".{}", zone.value));
    let stray = domains.iter().find(|domain| zone.value.contains('.') && !is_inside(domain));
    let fault = match stray {
        _ if has_certificate => Fault::new("cannot be combined with `cdn.certificate_arn`")
            .help("with a certificate of your own, the DNS records are yours to make"),
        _ if domains.is_empty() => Fault::new("has no domains to serve")
            .help("add `domains`, the host names that are in the zone"),
        Some(domain) => Fault::new(format!("does not hold `{domain}`"))
            .help("name a zone that all of `domains` are in, or remove `hosted_zone`"),
        None => return Some(zone.value),
    };
    table.report("hosted_zone", &zone, fault);
    None
}

/// The user's own host names, and the certificate for them.
fn domains(table: &Table<'_>) -> (Vec<String>, Option<String>) {
    let domains = table.texts("domains", web_rules::domain);
    let certificate = table.text("certificate_arn", web_rules::certificate_arn);
    let has_certificate = table.key_span("certificate_arn").is_some();
    let Some(domains) = domains else { return (Vec::new(), None) };
    if domains.len() > web_rules::DOMAINS_MAX {
        let fault = Fault::new(format!("has {} names", domains.len()));
        let label = format!("CloudFront allows {} per distribution", web_rules::DOMAINS_MAX);
        table.report_key("domains", fault.label(label));
    }
    // One that is wrong itself says nothing of what a certificate needs.
    let is_long = |domain: &Text| {
        domain.value.len() > web_rules::FIRST_DOMAIN_CHARACTERS_MAX
            && web_rules::domain(&domain.value).is_ok()
    };
    if !domains.is_empty() && !has_certificate && domains.iter().all(is_long) {
        let limit = web_rules::FIRST_DOMAIN_CHARACTERS_MAX;
        let label = format!("a certificate needs one of at most {limit} characters");
        table.report_key("domains", Fault::new("has only long names").label(label));
    }
    if domains.is_empty() && has_certificate {
        let help = "add `domains`, the host names that the certificate is for";
        table.report_key("certificate_arn", Fault::new("has no domains to serve").help(help));
    }
    table.report_twice("domains", "a name", &domains);
    let domains = domains.into_iter().map(|domain| domain.value).collect();
    (domains, certificate.map(|certificate| certificate.value))
}

fn tags(root: &Table<'_>) -> BTreeMap<String, String> {
    let pairs = root.pairs("tags", web_rules::tag_key, web_rules::tag_value);
    if pairs.len() > web_rules::TAGS_MAX {
        let fault = Fault::new(format!("has {} tags", pairs.len()));
        let fault = fault.label("AWS allows 50 per resource, and imgprep needs 5 of them");
        root.report_key("tags", fault);
    }
    for (index, (key, _)) in pairs.iter().enumerate() {
        let same =
            |(other, _): &&(Text, Text)| other.value.to_lowercase() == key.value.to_lowercase();
        if let Some((other, _)) = pairs[..index].iter().find(same) {
            let fault = Fault::new(format!("differs from `{}` in case only", other.value))
                .related(other.span.as_ref(), "the other one")
                .help("IAM treats them as the same key");
            root.report(&format!("tags.{}", key.value), key, fault);
        }
    }
    pairs.into_iter().map(|(key, value)| (key.value, value.value)).collect()
}

/// The function is told its variants in its environment, which Lambda limits.
fn check_environment(config: &Config, tables: &[Table<'_>]) {
    let mut settings = Settings {
        bucket: config.bucket.name.clone(),
        originals: config.bucket.originals.clone(),
        public_acl: config.bucket.access == Access::PublicAcl,
        invalidate: config.cdn.invalidate.then(|| SOME_DISTRIBUTION.to_owned()),
        on_delete: config.bucket.on_delete,
        variants: Vec::new(),
        notify: config.notify.as_ref().map(|notify| contract::settings::Notify {
            stack: config.name.clone(),
            topic: format!("{SOME_TOPIC}{}", notify.topic),
            manifest: notify.manifest,
            thumbhash: notify.thumbhash,
            cdn: config.cdn.enabled.then(|| SOME_ADDRESS.to_owned()),
            versions: config.cdn.versions,
        }),
    };
    for (variant, table) in config.variants.iter().zip(tables) {
        settings.variants.push(variant.clone());
        let bytes = limit_rules::environment_bytes(&settings);
        if bytes > limit_rules::ENVIRONMENT_BYTES_MAX {
            let (count, all) = (settings.variants.len(), config.variants.len());
            let limit = limit_rules::ENVIRONMENT_BYTES_MAX;
            let fault = Fault::new(format!("take {bytes} bytes of the function's environment"))
                .label(format!("variant {count} of {all}"))
                .help(format!("Lambda allows {limit} bytes; use fewer variants or shorter values"));
            table.report_table(fault);
            return;
        }
    }
}
