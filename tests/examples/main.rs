//! The files of `examples/`, as far as they can be proven without AWS and GitHub; their `pipeline.toml`s
//! are read in the tests of the configuration.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod frameworks;
mod programs;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use self::programs::run;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

fn text(file: &str) -> String {
    fs::read_to_string(folder().join(file)).unwrap()
}

/// Every file, by its path from `examples`.
fn files() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(self::folder()).unwrap();
                found.push(name.to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// Whether a file's name has this ending.
fn is_kind(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == ending)
}

#[test]
fn every_json_file_is_json() {
    let names: Vec<String> = files().into_iter().filter(|name| is_kind(name, "json")).collect();
    assert!(names.len() > 3, "{names:?}");
    for name in names {
        let read: Result<Value, _> = serde_json::from_str(&text(&name));
        assert!(read.is_ok(), "{name}: {read:?}");
    }
}

#[test]
fn only_commands_and_options_are_shown_that_exist() {
    let mut shown = BTreeSet::new();
    for name in files().into_iter().filter(|name| is_kind(name, "yml")) {
        for line in text(&name).lines().filter(|line| !line.contains("echo")) {
            let line = line.split('#').next().unwrap();
            let call = line.split_once("imgprep ").map(|(_, call)| call.split(['>', ')']));
            shown.extend(call.and_then(|mut call| call.next()).map(|it| it.trim().to_owned()));
        }
    }
    assert!(shown.contains("up --yes --color never"), "{shown:?}");
    let imgprep = env!("CARGO_BIN_EXE_imgprep");
    for call in shown {
        let words: Vec<&str> = call.split_whitespace().collect();
        let options = words.iter().skip_while(|word| !word.starts_with("--"));
        let help = run(imgprep, &[words[0], "--help"], &[]);
        for option in options.filter(|word| word.starts_with("--")) {
            assert!(help.contains(*option), "`imgprep {call}`: {option}");
        }
    }
}

/// The blocks below every `run: |`, without their indentation.
fn scripts(workflow: &str) -> Vec<String> {
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let lines: Vec<&str> = workflow.lines().collect();
    let starts = lines.iter().enumerate().filter(|(_, line)| line.trim_end().ends_with("run: |"));
    let blocks = starts.map(|(start, line)| {
        let inside = lines[start + 1..]
            .iter()
            .take_while(|it| it.is_empty() || indentation(it) > indentation(line));
        inside.map(|it| it.trim_start()).collect::<Vec<_>>().join("\n")
    });
    blocks.collect()
}

#[test]
fn the_workflow_holds_together() {
    let workflow = text("github-actions/imgprep.yml");
    for (index, line) in workflow.lines().enumerate() {
        let indentation = line.len() - line.trim_start().len();
        assert!(indentation % 2 == 0 && !line.contains('\t'), "line {}: {line}", index + 1);
    }
    assert_eq!(workflow.matches("${{").count(), workflow.matches("}}").count());
    let jobs: Vec<&str> = workflow.split("\njobs:\n").nth(1).unwrap().split("\n\n").collect();
    let [plan, apply] = jobs.as_slice() else { panic!("{jobs:?}") };
    // Only a push applies, and only the plan may write to a pull request.
    assert!(plan.starts_with("  plan:\n") && plan.contains("pull-requests: write"));
    assert!(plan.contains("imgprep plan") && !plan.contains("imgprep up"));
    assert!(apply.starts_with("  apply:\n") && !apply.contains("pull-requests"));
    assert!(
        apply.contains("if: github.event_name == 'push'") && apply.contains("imgprep up --yes")
    );
    for job in jobs {
        assert!(job.contains("id-token: write") && job.contains("contents: read"), "{job}");
    }
    let actions: Vec<&str> =
        workflow.split("uses: ").skip(1).filter_map(|rest| rest.lines().next()).collect();
    let is_commit = |text: &str| text.len() == 40 && text.bytes().all(|it| it.is_ascii_hexdigit());
    let is_pinned = |action: &&str| {
        let pinned = action.split_once('@').and_then(|(_, rest)| rest.split_once(" # v"));
        pinned.is_some_and(|(commit, _)| is_commit(commit))
    };
    assert!(actions.len() > 3 && actions.iter().all(is_pinned), "{actions:?}");
    assert_eq!(workflow.matches("cargo install").count(), 2);
    assert_eq!(workflow.matches("--rev \"$REVISION\"").count(), 2, "no branch is built");
    assert!(!workflow.to_lowercase().contains("secret"), "no key is stored");
    let scripts = scripts(&workflow);
    assert_eq!(scripts.len(), 2);
    for script in scripts {
        // What GitHub fills in is text by then.
        let script = script.replace("${{ ", "X").replace(" }}", "X");
        run("sh", &["-n", "-c", &script], &[]);
    }
}

#[test]
fn each_role_is_trusted_for_its_job_only() {
    let subject = |file: &str| {
        let policy: Value = serde_json::from_str(&text(file)).unwrap();
        let condition = &policy["Statement"][0]["Condition"]["StringEquals"];
        assert_eq!(condition["token.actions.githubusercontent.com:aud"], "sts.amazonaws.com");
        condition["token.actions.githubusercontent.com:sub"].as_str().unwrap().to_owned()
    };
    assert_eq!(subject("github-actions/trust-plan.json"), "repo:OWNER/REPOSITORY:pull_request");
    let apply = subject("github-actions/trust-apply.json");
    let environment = apply.strip_prefix("repo:OWNER/REPOSITORY:environment:").unwrap();
    let workflow = text("github-actions/imgprep.yml");
    assert!(workflow.contains(&format!("\n    environment: {environment}\n")));
}

/// Stands for boto3: a client whose signed address is what was asked for.
const BOTO3: &str = r#"
import json, sys, types
boto3, botocore, config = (types.ModuleType(name) for name in ("boto3", "botocore", "botocore.config"))
class Client:
    def generate_presigned_url(self, operation, Params, ExpiresIn):
        return [operation, Params, ExpiresIn]
boto3.client = lambda service, **rest: Client()
config.Config = dict
sys.modules.update({"boto3": boto3, "botocore": botocore, "botocore.config": config})
sys.dont_write_bytecode = True
sys.path.insert(0, "presigned-uploads")
import uploads
uploads.uuid.uuid4 = lambda: "7c1f"
print(json.dumps([uploads.new_upload("image/png"), uploads.variant_urls("a b/c+d.jpg")]))
try:
    uploads.new_upload("text/html")
except KeyError:
    pass
else:
    raise SystemExit("a type that is not wanted was signed")
"#;

#[test]
fn python_signs_an_upload_and_knows_its_variants() {
    let variables = [("BUCKET", "acme-photos"), ("CDN", "https://cdn.example.com/")];
    let printed = run("python3", &["-c", BOTO3], &variables);
    let [upload, variants]: [Value; 2] = serde_json::from_str(&printed).unwrap();
    let parameters = json!({
        "Bucket": "acme-photos",
        "Key": "originals/7c1f.png",
        "ContentType": "image/png",
    });
    assert_eq!(upload["url"], json!(["put_object", parameters, 300]));
    assert_eq!(upload["variants"]["400x300"], "https://cdn.example.com/400x300/7c1f.png");
    assert_eq!(
        variants,
        json!({
            "800x600": "https://cdn.example.com/800x600/a%20b/c%2Bd.jpg",
            "400x300": "https://cdn.example.com/400x300/a%20b/c%2Bd.jpg",
        })
    );
}

#[test]
fn the_upload_page_says_what_its_pipeline_allows() {
    let page = text("upload/index.html");
    let pipeline = text("upload/pipeline.toml");
    let value = |key: &str| {
        let line = pipeline.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_once(" = ").unwrap().1.to_owned()
    };
    let types: Vec<String> = serde_json::from_str(&value("types")).unwrap();
    assert!(page.contains(&format!("accept=\"{}\"", types.join(","))));
    let server = text("upload/server.mjs");
    for content_type in types {
        assert!(server.contains(&format!("\"{content_type}\": ")), "{content_type}");
    }
    let megabytes = value("max_size");
    let megabytes = megabytes.trim_matches('"').strip_suffix("MB").unwrap();
    assert!(page.contains(&format!("data-max-megabytes=\"{megabytes}\"")));
    assert!(page.contains(&format!("up to {megabytes} MB")));
}

#[test]
fn ruby_and_node_sign_the_same_upload() {
    let (ruby, node) =
        (text("presigned-uploads/uploads_controller.rb"), text("presigned-uploads/uploads.mjs"));
    for (name, code) in [("ruby", &ruby), ("node", &node)] {
        for part in ["originals", "800x600", "400x300", "image/webp", "content_type", "variants"] {
            assert!(code.contains(part), "{name}: {part}");
        }
    }
    let put = "presigned_url(\n      :put, content_type: content_type";
    assert!(ruby.contains(put) && node.contains("new PutObjectCommand({"));
    // All of them answer with what the page reads.
    let page = text("presigned-uploads/upload.html");
    assert!(page.contains("{ url, content_type, variants } = await asked.json()"));
    assert!(
        ruby.contains("{ url: url, content_type: content_type, variants: variant_urls(name) }")
    );
    assert!(node.contains("{ url, content_type: contentType, variants: variantUrls(name) }"));
}
