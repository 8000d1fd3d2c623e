//! The function of stacks whose tests are not about images: it answers every event with `null`, without
//! a look at it. `function.rs` compiles this file alone, so that it uses nothing but the standard library.

use std::io::{self, Read, Write};
use std::net::TcpStream;

/// Where Lambda's runtime API hands out events ("Using the Lambda runtime API" in the AWS Lambda Developer
/// Guide).
const INVOCATION: &str = "/2018-06-01/runtime/invocation";

fn main() -> io::Result<()> {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").map_err(io::Error::other)?;
    loop {
        let next = send(&api, "GET", &format!("{INVOCATION}/next"), "")?;
        let id = request_id(&next).ok_or(io::ErrorKind::InvalidData)?;
        send(&api, "POST", &format!("{INVOCATION}/{id}/response"), "null")?;
    }
}

/// The whole answer to a request, with its headers.
fn send(api: &str, method: &str, path: &str, body: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(api)?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {api}\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn request_id(answer: &str) -> Option<&str> {
    answer.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("lambda-runtime-aws-request-id").then_some(value.trim())
    })
}
