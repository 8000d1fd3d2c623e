//! What the invocations of a month cost, and how long one may take.

use contract::settings::Variant;

use crate::config::Config;
use crate::pricing::{
    MB_PER_PROCESSOR, Service, Usage, billed_ms, cpu_ms, lambda_time, number, prices,
};

/// Of an original that is expected: what most phones take.
const MEGAPIXELS: f64 = 12.0;

pub(super) fn costs(usage: &Usage) -> Vec<Service> {
    let gigabyte_seconds = usage.gigabyte_seconds_of(usage.images);
    let detail = format!(
        "{} calls of {} ms at {} MB: {} GB-seconds",
        number(usage.images),
        number(usage.billed_ms),
        usage.memory_mb,
        number(gigabyte_seconds)
    );
    let time = (lambda_time(usage.arch), gigabyte_seconds);
    vec![Service::new("Lambda", &[(prices::INVOCATIONS, usage.images), time], detail)]
}

/// Why the function cannot finish a usual original in time, and what to do; nothing if it can.
pub(super) fn shortage_of_time(config: &Config) -> Option<String> {
    let (function, variants) = (&config.function, &config.variants);
    let seconds = |megapixels: f64, variants: &[Variant], memory: u32| {
        billed_ms(cpu_ms(megapixels, variants), memory) / 1000.0
    };
    let all = seconds(MEGAPIXELS, variants, function.memory);
    if all <= f64::from(function.timeout) {
        return None;
    }
    let alone = |variant: &Variant| seconds(0.0, std::slice::from_ref(variant), function.memory);
    let slowest = variants.iter().max_by(|a, b| alone(a).total_cmp(&alone(b)))?;
    let fastest = seconds(MEGAPIXELS, variants, MB_PER_PROCESSOR);
    let remedy = if fastest <= f64::from(function.timeout) {
        format!("with `memory = {MB_PER_PROCESSOR}` it takes {} s", fastest.ceil())
    } else {
        format!("set `timeout` to {} or more", all.ceil())
    };
    Some(format!(
        "a photo of {MEGAPIXELS} megapixels takes about {} s, {} s of that for `{}`; the function is \
         stopped after {} s: {remedy}",
        all.ceil(),
        alone(slowest).ceil(),
        slowest.folder,
        function.timeout
    ))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn shortage(function: &str, variant: &str) -> Option<String> {
        let text = format!(
            "[bucket]\nname = \"photos\"\n[function]\n{function}\n\
             [[variants]]\nsize = \"400x300\"\n[[variants]]\nsize = \"1600x1200\"\n{variant}"
        );
        let config = Config::parse(&text, "pipeline.toml", Path::new(""), &|_| None).unwrap();
        shortage_of_time(&config)
    }

    #[test]
    fn a_stack_that_would_time_out_is_told_what_it_needs() {
        const AVIF: &str = "format = \"avif\"";
        assert_eq!(shortage("", ""), None);
        assert_eq!(shortage("memory = 1769", AVIF), None);
        let shortages = [shortage("", AVIF), shortage("timeout = 1", AVIF)].map(Option::unwrap);
        insta::assert_snapshot!(shortages.join("\n"), @"
        a photo of 12 megapixels takes about 12 s, 12 s of that for `1600x1200`; the function is stopped after 10 s: with `memory = 1769` it takes 2 s
        a photo of 12 megapixels takes about 12 s, 12 s of that for `1600x1200`; the function is stopped after 1 s: set `timeout` to 12 or more
        ");
    }
}
