//! How long an upload may take, and that it is sent once, against servers of this machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::FunctionCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::aws::clients::tests::lambda;

const MEGABYTE: usize = 1_000_000;

/// The pace of a test: what takes AWS minutes takes half a second.
const QUICK: Pace = Pace { bytes_per_second: 1_000_000, answer: Duration::from_millis(500) };

#[test]
fn the_time_for_an_upload_follows_from_its_size_as_sent() {
    let cases = [
        (Upload::plain(&[]), 60),
        (Upload::plain(&vec![0; 5 * MEGABYTE]), 160),
        (Upload::base64(&vec![0; 3 * MEGABYTE]), 140),
    ];
    for (upload, seconds) in cases {
        assert_eq!(upload.patience(), Duration::from_secs(seconds), "{upload:?}");
    }
    // Four characters for each three bytes, also where the last are fewer.
    assert_eq!(Upload::base64(&[0; 4]).bytes, 8);
}

/// A server that takes this much a second, and answers once it has all of a request.
struct Slow {
    port: u16,
    requests: Arc<AtomicUsize>,
}

impl Slow {
    const CHUNK: usize = 50_000;

    async fn start(bytes_per_second: usize) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests: Arc<AtomicUsize> = Arc::default();
        let seen = Arc::clone(&requests);
        let pause = Duration::from_secs(1) * u32::try_from(Self::CHUNK).unwrap()
            / u32::try_from(bytes_per_second).unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                seen.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let mut ticks = tokio::time::interval(pause);
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(stream.read_u8().await?);
                    }
                    let head = String::from_utf8(head).unwrap().to_lowercase();
                    let length = head.split("content-length: ").nth(1).unwrap();
                    let mut left: usize = length.split("\r\n").next().unwrap().parse().unwrap();
                    let mut chunk = vec![0; Self::CHUNK];
                    while left > 0 {
                        ticks.tick().await;
                        let wanted = left.min(Self::CHUNK);
                        left -= stream.read_exact(&mut chunk[..wanted]).await?;
                    }
                    stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}").await
                });
            }
        });
        Self { port, requests }
    }

    /// Sends a function of so many bytes, and answers with how often it came.
    async fn upload(&self, bytes: usize) -> (Result<(), AwsError>, usize) {
        let zip = vec![0; bytes];
        let upload = Upload { pace: QUICK, ..Upload::base64(&zip) };
        let lambda = lambda(self.port, QUICK.answer).await;
        let code = FunctionCode::builder().zip_file(Blob::new(zip)).build();
        let create = lambda.create_function().function_name("f").role("r").code(code);
        let sent = create.customize().config_override(upload.to_lambda()).send().await;
        let outcome = upload.calling("lambda:CreateFunction", sent).map(|_| ());
        (outcome, self.requests.load(Ordering::SeqCst))
    }
}

#[tokio::test]
async fn a_slow_upload_is_given_time_and_sent_once() {
    // 1.3 MB in 0.9 s: longer than any other call may take, and within what it is given.
    let (outcome, requests) = Slow::start(1_500_000).await.upload(MEGABYTE).await;
    outcome.unwrap();
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn an_upload_that_is_out_of_time_is_not_sent_again() {
    // 0.8 MB in 8 s, of which it is given 1.3 s.
    let (outcome, requests) = Slow::start(100_000).await.upload(600_000).await;
    assert_eq!(
        outcome.unwrap_err().to_string(),
        "lambda:CreateFunction: the upload of 0.8 MB did not finish within 1 s, which needs only \
         8.0 Mbit/s"
    );
    assert_eq!(requests, 1);
}
