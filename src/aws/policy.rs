//! Policy documents as values: what two of them mean, not how they are written.
//!
//! IAM, S3, SNS, SQS and Lambda all rewrite a policy on the way in: keys in another order, lists
//! of one as a single value, an account as its root's ARN. Comparing canonical values keeps that
//! from looking like a change.

use serde_json::{Map, Value, json};

/// The version of the policy language (IAM User Guide, "IAM JSON policy elements: Version").
const VERSION: &str = "2012-10-17";

/// A policy with these statements.
pub(crate) fn document(statements: &[Value]) -> Value {
    json!({ "Version": VERSION, "Statement": statements })
}

/// The statements of a policy document; none for text that is no policy.
pub(crate) fn statements(document: Option<&str>) -> Vec<Value> {
    let document: Value =
        document.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    match document.get("Statement") {
        Some(Value::Array(statements)) => statements.clone(),
        Some(single @ Value::Object(_)) => vec![single.clone()],
        _ => Vec::new(),
    }
}

/// The statement with this Sid.
pub(crate) fn statement<'a>(statements: &'a [Value], sid: &str) -> Option<&'a Value> {
    statements.iter().find(|statement| has_sid(statement, sid))
}

/// The statement with this Sid of a policy document, in its canonical form.
pub(crate) fn canonical_statement(document: Option<&str>, sid: &str) -> Option<Value> {
    statement(&statements(document), sid).map(canonical)
}

/// The policy with our statement put in the place of the one with its Sid, and every other
/// statement, and the rest of the document, kept as it was.
pub(crate) fn with_statement(document: Option<&str>, ours: &Value) -> Value {
    let sid = ours.get("Sid").and_then(Value::as_str).unwrap_or_default();
    let mut kept = without(document, sid);
    kept.push(ours.clone());
    rebuilt(document, kept)
}

/// The policy without the statement with this Sid; `None` when nothing else is left in it.
pub(crate) fn without_statement(document: Option<&str>, sid: &str) -> Option<Value> {
    let kept = without(document, sid);
    if kept.is_empty() { None } else { Some(rebuilt(document, kept)) }
}

fn without(document: Option<&str>, sid: &str) -> Vec<Value> {
    let mut kept = statements(document);
    kept.retain(|statement| !has_sid(statement, sid));
    kept
}

fn rebuilt(document: Option<&str>, statements: Vec<Value>) -> Value {
    let mut policy: Map<String, Value> =
        document.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    policy.entry("Version").or_insert_with(|| VERSION.into());
    policy.insert("Statement".to_owned(), statements.into());
    policy.into()
}

fn has_sid(statement: &Value, sid: &str) -> bool {
    statement.get("Sid").and_then(Value::as_str) == Some(sid)
}

/// One form for all statements that mean the same.
pub(crate) fn canonical(statement: &Value) -> Value {
    let Value::Object(members) = statement else { return statement.clone() };
    let canonical = members.iter().map(|(name, value)| {
        let value = match name.as_str() {
            "Action" | "NotAction" => list(value, str::to_lowercase),
            "Resource" | "NotResource" => list(value, str::to_owned),
            "Principal" | "NotPrincipal" => principal(value),
            "Condition" => conditions(value),
            _ => value.clone(),
        };
        (name.clone(), value)
    });
    Value::Object(canonical.collect())
}

/// A whole document, its statements canonical and in one order.
pub(crate) fn canonical_document(text: &str) -> Value {
    let mut all: Vec<Value> = statements(Some(text)).iter().map(canonical).collect();
    all.sort_by_key(ToString::to_string);
    Value::Array(all)
}

fn principal(value: &Value) -> Value {
    match value {
        // "*" and {"AWS": "*"} are the same (IAM User Guide, "AWS JSON policy elements: Principal").
        Value::String(everyone) => json!({ "AWS": [everyone] }),
        Value::Object(kinds) => Value::Object(
            kinds.iter().map(|(kind, names)| (kind.clone(), list(names, account_root))).collect(),
        ),
        other => other.clone(),
    }
}

/// An account's root ARN as the account's number, the shorter of the two ways to write it.
fn account_root(principal: &str) -> String {
    let parts: Vec<&str> = principal.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "iam", "", account, "root"] => (*account).to_owned(),
        _ => principal.to_owned(),
    }
}

fn conditions(value: &Value) -> Value {
    let Value::Object(operators) = value else { return value.clone() };
    let canonical = operators.iter().map(|(operator, keys)| {
        let keys = match keys {
            Value::Object(keys) => Value::Object(
                // Condition keys are not case-sensitive (IAM User Guide, "Condition").
                keys.iter().map(|(key, v)| (key.to_lowercase(), list(v, str::to_owned))).collect(),
            ),
            other => other.clone(),
        };
        (operator.clone(), keys)
    });
    Value::Object(canonical.collect())
}

/// A single value or a list of values, as a sorted list without repetition.
fn list(value: &Value, form: impl Fn(&str) -> String) -> Value {
    let text = |value: &Value| match value {
        Value::String(text) => form(text),
        other => other.to_string(),
    };
    let mut values: Vec<String> = match value {
        Value::Array(values) => values.iter().map(text).collect(),
        single => vec![text(single)],
    };
    values.sort();
    values.dedup();
    values.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement_for(action: &Value, principal: &Value) -> Value {
        json!({ "Sid": "S", "Effect": "Allow", "Action": action, "Principal": principal })
    }

    #[test]
    fn a_list_of_one_means_the_same_as_its_single_value() {
        let single =
            statement_for(&json!("sns:Publish"), &json!({ "Service": "s3.amazonaws.com" }));
        let list =
            statement_for(&json!(["SNS:Publish"]), &json!({ "Service": ["s3.amazonaws.com"] }));
        assert_eq!(canonical(&single), canonical(&list));
    }

    #[test]
    fn order_does_not_matter_but_content_does() {
        let ab = statement_for(&json!(["a:A", "b:B"]), &json!("*"));
        let ba = statement_for(&json!(["b:B", "a:A"]), &json!({ "AWS": "*" }));
        let ac = statement_for(&json!(["a:A", "c:C"]), &json!("*"));
        assert_eq!(canonical(&ab), canonical(&ba));
        assert_ne!(canonical(&ab), canonical(&ac));
    }

    #[test]
    fn an_account_is_its_root() {
        let number = statement_for(&json!("a:A"), &json!({ "AWS": "123456789012" }));
        let root =
            statement_for(&json!("a:A"), &json!({ "AWS": "arn:aws:iam::123456789012:root" }));
        assert_eq!(canonical(&number), canonical(&root));
    }

    #[test]
    fn a_boolean_condition_equals_its_text() {
        let text = json!({ "Condition": { "Bool": { "aws:SecureTransport": "false" } } });
        let boolean = json!({ "Condition": { "Bool": { "aws:securetransport": [false] } } });
        assert_eq!(canonical(&text), canonical(&boolean));
    }

    #[test]
    fn foreign_statements_survive_both_ways() {
        let foreign = r#"{"Version":"2008-10-17","Id":"x","Statement":{"Sid":"theirs"}}"#;
        let merged = with_statement(Some(foreign), &json!({ "Sid": "ours" }));
        assert_eq!(
            merged,
            json!({ "Version": "2008-10-17", "Id": "x",
                    "Statement": [{ "Sid": "theirs" }, { "Sid": "ours" }] })
        );
        let rest = without_statement(Some(&merged.to_string()), "ours");
        assert_eq!(
            rest,
            Some(json!({ "Version": "2008-10-17", "Id": "x", "Statement": [{ "Sid": "theirs" }] }))
        );
        assert_eq!(without_statement(Some(r#"{"Statement":[{"Sid":"ours"}]}"#), "ours"), None);
    }
}
