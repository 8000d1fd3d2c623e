//! `${VAR}` and `${VAR:-default}` in the strings of the file.
//!
//! Deliberately absent: what a variable holds never gets into a fault, since it may be a secret.

use std::ops::Range;

use super::Environment;
use super::problem::Fault;

const FORMS: &str = "`${NAME}` and `${NAME:-default}` take a value from the environment, `$${` is \
                     a plain `${`";

/// A reference that has no value, and where it is in the string.
pub(super) struct Unresolved {
    pub(super) at: Range<usize>,
    pub(super) fault: Fault,
}

/// `text` with each reference replaced by its value, or every reference that has none.
pub(super) fn interpolate(
    text: &str,
    environment: Environment<'_>,
) -> Result<String, Vec<Unresolved>> {
    let mut resolved = String::with_capacity(text.len());
    let mut unresolved = Vec::new();
    let mut rest = text;
    while let Some(dollar) = rest.find("${") {
        let start = text.len() - rest.len() + dollar;
        let before = &rest[..dollar];
        if let Some(before) = before.strip_suffix('$') {
            resolved.push_str(before);
            resolved.push_str("${");
            rest = &rest[dollar + 2..];
            continue;
        }
        resolved.push_str(before);
        let Some(length) = rest[dollar..].find('}') else {
            let fault = Fault::new("has a `${` without a `}`").help(FORMS);
            unresolved.push(Unresolved { at: start..text.len(), fault });
            rest = "";
            break;
        };
        let reference = &rest[dollar + 2..dollar + length];
        match value(reference, environment) {
            Ok(value) => resolved.push_str(&value),
            Err(fault) => unresolved.push(Unresolved { at: start..start + length + 1, fault }),
        }
        rest = &rest[dollar + length + 1..];
    }
    resolved.push_str(rest);
    if unresolved.is_empty() { Ok(resolved) } else { Err(unresolved) }
}

/// The value of what stands between `${` and `}`.
fn value(reference: &str, environment: Environment<'_>) -> Result<String, Fault> {
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    if name.is_empty() {
        return Err(Fault::new("has a `${}` without a name").help(FORMS));
    }
    if !is_variable_name(name) {
        let fault = format!("refers to `{name}`, which is not a valid variable name");
        return Err(Fault::new(fault).help(FORMS));
    }
    let Some(default) = default else {
        return environment(name).ok_or_else(|| {
            Fault::new(format!("needs the environment variable `{name}`, which is not set"))
                .help(format!("set it, or give it a default: `${{{name}:-default}}`"))
        });
    };
    if default.contains("${") {
        return Err(
            Fault::new("nests a reference inside a default").help("a default must be plain text")
        );
    }
    // As in a shell, `:-` also stands in for a variable that is set to nothing.
    Ok(environment(name).filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned()))
}

/// A name as POSIX has it: letters, digits and underscores, not a digit first.
fn is_variable_name(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(word) && name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit())
}
