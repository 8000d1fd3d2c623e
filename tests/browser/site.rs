//! The example as its README has it started: its stack on a local AWS, its server, and files to pick.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use imgprep_testkit::{Pipeline, free_port};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

const START_MAX: Duration = Duration::from_secs(30);

/// The example, ready for browsers.
pub(crate) struct Site {
    pub(crate) url: String,
    pub(crate) pipeline: Pipeline,
    _server: Child,
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/upload")
}

/// The example's file, in the names of the test and for its address.
fn file(pipeline: &Pipeline, url: &str) -> String {
    let mut text = std::fs::read_to_string(example().join("pipeline.toml")).unwrap();
    let Pipeline { stack, bucket, topic, function, .. } = pipeline;
    for (from, to) in [
        ("\"photo-uploads\"", format!("\"{stack}\"")),
        ("\"${BUCKET:-photo-uploads-example}\"", format!("\"{bucket}\"")),
        ("\"http://localhost:3000\"", format!("\"{url}\"")),
    ] {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, &to);
    }
    text + &format!("\n[topic]\nname = \"{topic}\"\n\n[function]\nname = \"{function}\"\n")
}

impl Site {
    pub(crate) async fn start() -> Self {
        let pipeline = Pipeline::with_cdn("page").await;
        let port = free_port();
        let url = format!("http://localhost:{port}");
        pipeline.write(&file(&pipeline, &url));
        // On a local AWS imgprep itself is the function, so that none is built.
        pipeline.imgprep(&["up", "--local", "--yes"]).exits(0);
        let server = serve(&pipeline, &url).await;
        Self { url, pipeline, _server: server }
    }
}

/// Starts the example's server as in a shell that has what `imgprep local env` prints.
async fn serve(pipeline: &Pipeline, url: &str) -> Child {
    let imgprep = pipeline.emulator.command();
    let variables = pipeline.imgprep(&["local", "env", "--json"]).exits(0).json();
    let variables = variables.as_object().unwrap().iter();
    let mut server = Command::new("node")
        .arg(example().join("server.mjs"))
        .current_dir(pipeline.folder())
        .env_clear()
        .envs(imgprep.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .envs(variables.map(|(name, value)| (name, value.as_str().unwrap())))
        .env("IMGPREP", imgprep.get_program())
        .env("PORT", url.rsplit(':').next().unwrap())
        .env("QUEUE", format!("{}-ready", pipeline.stack))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("Node is installed");
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let line = timeout(START_MAX, lines.next_line()).await.unwrap().unwrap();
    assert_eq!(line.as_deref(), Some(url));
    server
}
