//! Statements as policies that IAM takes, none of them longer than a managed policy may be.

use serde_json::Value;

use crate::aws::iam::{POLICY_CHARACTERS_MAX, policy_characters};
use crate::aws::policy;

/// As few documents as hold the statements in their order.
pub(super) fn documents(statements: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut documents: Vec<Vec<Value>> = Vec::new();
    for statement in statements.into_iter().flat_map(numbered_parts) {
        match documents.last_mut() {
            Some(last) if fits(last.iter().chain([&statement])) => last.push(statement),
            _ => documents.push(vec![statement]),
        }
    }
    documents.iter().map(|statements| policy::document(statements)).collect()
}

fn fits<'a>(statements: impl IntoIterator<Item = &'a Value>) -> bool {
    let statements: Vec<Value> = statements.into_iter().cloned().collect();
    policy_characters(&policy::document(&statements)) <= POLICY_CHARACTERS_MAX
}

/// A statement that fits into a document, or parts of it that do, each with a Sid of its own.
fn numbered_parts(statement: Value) -> Vec<Value> {
    let mut parts = parts(statement);
    if parts.len() > 1 {
        for (part, number) in parts.iter_mut().zip(1..) {
            let sid = part["Sid"].as_str().unwrap_or_default();
            part["Sid"] = format!("{sid}{number}").into();
        }
    }
    parts
}

/// What is long is the list of resources: a file may name many folders.
fn parts(statement: Value) -> Vec<Value> {
    let resources = statement["Resource"].as_array().map(Vec::as_slice).unwrap_or_default();
    if resources.len() < 2 || fits([&statement]) {
        return vec![statement];
    }
    let (first, second) = resources.split_at(resources.len() / 2);
    let with = |resources: &[Value]| {
        let mut part = statement.clone();
        part["Resource"] = resources.into();
        parts(part)
    };
    [with(first), with(second)].concat()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A statement whose document is this long.
    fn statement(sid: &str, characters: usize) -> Value {
        let sized = |resource: String| {
            json!({ "Sid": sid, "Effect": "Allow", "Action": ["s3:GetObject"],
                "Resource": [resource] })
        };
        let least = policy::document(&[sized(String::new())]).to_string().len();
        sized("r".repeat(characters - least))
    }

    fn sids(documents: &[Value]) -> Vec<Vec<String>> {
        let statements = documents.iter().map(|document| document["Statement"].as_array().unwrap());
        let sid = |statement: &Value| statement["Sid"].as_str().unwrap().to_owned();
        statements.map(|all| all.iter().map(sid).collect()).collect()
    }

    #[test]
    fn what_fits_is_one_document() {
        let least = policy::document(&[]).to_string().len();
        // A comma stands between two statements.
        let rest = POLICY_CHARACTERS_MAX - 3000 + least - 1;
        let fitting = documents([statement("A", 3000), statement("B", rest)]);
        assert_eq!(sids(&fitting), [["A", "B"]]);
        assert_eq!(fitting[0].to_string().len(), POLICY_CHARACTERS_MAX);
        let longer = documents([statement("A", 3000), statement("B", rest + 1)]);
        assert_eq!(sids(&longer), [["A"], ["B"]]);
    }

    #[test]
    fn white_space_does_not_count() {
        let mut all = statement("A", POLICY_CHARACTERS_MAX);
        all["Condition"] = json!({});
        assert_eq!(documents([all.clone()]).len(), 1);
        assert!(!fits([&all]));
        let mut spaced = statement("A", POLICY_CHARACTERS_MAX);
        spaced["Resource"] = json!([format!("{}   ", spaced["Resource"][0].as_str().unwrap())]);
        assert!(fits([&spaced]));
    }

    #[test]
    fn a_statement_that_is_too_long_is_cut_where_its_resources_are() {
        let folders: Vec<String> =
            (0..60).map(|n| format!("arn:aws:s3:::b/{n:02}{}", "f".repeat(300))).collect();
        let all = json!({ "Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject"],
            "Resource": folders });
        let documents = documents([all]);
        assert_eq!(sids(&documents), [["Read1"], ["Read2"], ["Read3"], ["Read4"]]);
        let resources = documents.iter().flat_map(|document| {
            assert!(document.to_string().len() <= POLICY_CHARACTERS_MAX);
            document["Statement"][0]["Resource"].as_array().unwrap().clone()
        });
        assert_eq!(resources.collect::<Vec<_>>(), folders);
    }
}
