//! A browser that is driven through `ChromeDriver`, as the W3C's `WebDriver` describes it.

use std::process::Stdio;
use std::time::Duration;

use aws_smithy_types::base64;
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use imgprep_testkit::{http, wait_for};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// What lets Chromium run without a screen, as any user, and ask nobody but the tests.
const ARGUMENTS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-proxy-server",
];

/// How an element is named in JSON ("Elements", `WebDriver`).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How long it may take to start and to end.
const CHANGE_MAX: Duration = Duration::from_secs(30);

/// `ChromeDriver`, which starts a browser for each session.
pub(crate) struct Driver {
    port: u16,
    process: Child,
}

impl Driver {
    pub(crate) async fn start() -> Self {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("ChromeDriver is installed (Debian: `apt-get install chromium-driver`)");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = async {
            loop {
                let line = lines.next_line().await.unwrap().expect("ChromeDriver says its port");
                if let Some((_, port)) = line.split_once("started successfully on port ") {
                    return port.trim_end_matches('.').parse().unwrap();
                }
            }
        };
        let port = timeout(CHANGE_MAX, port).await.unwrap();
        Self { port, process }
    }

    /// Ends it, and with it the browsers of tests that failed.
    pub(crate) async fn stop(mut self) {
        let host = format!("127.0.0.1:{}", self.port);
        let request = Request::get("/shutdown").header("host", host).body(Full::default()).unwrap();
        // It may end before it has answered.
        let _ = http::send(self.port, request).await;
        timeout(CHANGE_MAX, self.process.wait()).await.unwrap().unwrap();
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let body = body.map(ToString::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(format!("/session{path}"))
            .header("host", format!("127.0.0.1:{}", self.port))
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        let answer = http::send(self.port, request).await.unwrap();
        let text = http::text(&answer);
        assert!(answer.status().is_success(), "{method} {path}: {text}");
        serde_json::from_str::<Value>(&text).unwrap()["value"].take()
    }

    /// A new browser, with a profile of its own.
    pub(crate) async fn browser(&self) -> Browser<'_> {
        let profile = tempfile::tempdir().unwrap();
        let mut arguments = ARGUMENTS.map(ToOwned::to_owned).to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let options = json!({ "args": arguments });
        let wanted =
            json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": options } } });
        let session = self.call("POST", "", Some(&wanted)).await;
        let session = session["sessionId"].as_str().unwrap().to_owned();
        Browser { driver: self, session, _profile: profile }
    }
}

/// A browser with one page.
pub(crate) struct Browser<'a> {
    driver: &'a Driver,
    session: String,
    _profile: TempDir,
}

/// An element of the page.
pub(crate) struct Element<'a> {
    browser: &'a Browser<'a>,
    id: String,
}

impl Browser<'_> {
    async fn post(&self, path: &str, body: &Value) -> Value {
        self.driver.call("POST", &format!("/{}{path}", self.session), Some(body)).await
    }

    async fn get(&self, path: &str) -> Value {
        self.driver.call("GET", &format!("/{}{path}", self.session), None).await
    }

    pub(crate) async fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url })).await;
    }

    /// The value of a script's `return`, which may be a promise's.
    pub(crate) async fn script(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] })).await
    }

    /// Waits until an expression is true.
    pub(crate) async fn until(&self, condition: &str) {
        let script = format!("return Boolean({condition})");
        wait_for(condition, async || {
            let holds = self.script(&script).await == true;
            holds.then_some(())
        })
        .await;
    }

    /// Has the page look as on a screen of this width, in this colour scheme.
    pub(crate) async fn look(&self, width: u32, scheme: &str) {
        let is_phone = width < 600;
        let screen = json!({
            "width": width, "height": if is_phone { 844 } else { 900 },
            "deviceScaleFactor": if is_phone { 2 } else { 1 }, "mobile": is_phone,
        });
        self.command("Emulation.setDeviceMetricsOverride", &screen).await;
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.command("Emulation.setEmulatedMedia", &json!({ "features": features })).await;
    }

    /// A command of the Chrome `DevTools` Protocol.
    pub(crate) async fn command(&self, name: &str, parameters: &Value) {
        let body = json!({ "cmd": name, "params": parameters });
        self.post("/goog/cdp/execute", &body).await;
    }

    /// What is seen now, as PNG.
    pub(crate) async fn screenshot(&self) -> Vec<u8> {
        let png = self.get("/screenshot").await;
        base64::decode(png.as_str().unwrap()).unwrap()
    }

    /// The first element that a CSS selector matches.
    pub(crate) async fn find(&self, selector: &str) -> Element<'_> {
        let body = json!({ "using": "css selector", "value": selector });
        let found = self.post("/element", &body).await;
        Element { browser: self, id: found[ELEMENT].as_str().unwrap().to_owned() }
    }

    /// The text that is seen of an element.
    pub(crate) async fn text(&self, selector: &str) -> String {
        let element = self.find(selector).await;
        element.browser.get(&element.path("text")).await.as_str().unwrap().to_owned()
    }

    pub(crate) async fn click(&self, selector: &str) {
        let element = self.find(selector).await;
        self.post(&element.path("click"), &json!({})).await;
    }

    /// Types into an element; into one for files, their paths.
    pub(crate) async fn keys(&self, selector: &str, text: &str) {
        let element = self.find(selector).await;
        self.post(&element.path("value"), &json!({ "text": text })).await;
    }

    /// Clicks so many pixels right of and below the middle of an element.
    pub(crate) async fn click_beside(&self, selector: &str, (x, y): (i32, i32)) {
        let element = self.find(selector).await;
        let origin = json!({ ELEMENT: element.id });
        let actions = json!([
            { "type": "pointerMove", "duration": 0, "origin": origin, "x": x, "y": y },
            { "type": "pointerDown", "button": 0 },
            { "type": "pointerUp", "button": 0 },
        ]);
        let mouse = json!({ "type": "pointer", "id": "mouse", "actions": actions });
        self.post("/actions", &json!({ "actions": [mouse] })).await;
    }

    /// Presses keys one after the other, each a character as `WebDriver` writes it.
    pub(crate) async fn press(&self, keys: &str) {
        let strokes = keys.chars().flat_map(|key| {
            ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }))
        });
        let strokes: Vec<Value> = strokes.collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        self.post("/actions", &json!({ "actions": [keyboard] })).await;
    }

    /// What assistive technology says of an element: its role and its name.
    pub(crate) async fn accessible(&self, selector: &str) -> (String, String) {
        let element = self.find(selector).await;
        let said = async |what| self.get(&element.path(what)).await.as_str().unwrap().to_owned();
        (said("computedrole").await, said("computedlabel").await)
    }

    pub(crate) async fn close(self) {
        self.driver.call("DELETE", &format!("/{}", self.session), None).await;
    }
}

impl Element<'_> {
    fn path(&self, what: &str) -> String {
        format!("/element/{}/{what}", self.id)
    }
}
