//! Answers of S3 and what they mean, from a server of our own.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use contract::framing::Focus;

use super::*;

/// What no log may ever hold.
const SECRETS: [&str; 3] = ["AKIDEXAMPLE", "secret-key", "session-token"];

/// A store whose every call is answered by one text, or by closing the connection.
fn answering(answer: Option<&'static str>) -> S3Store {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut request = [0; 16 * 1024];
            let _ = connection.read(&mut request);
            let _ = connection.write_all(answer.unwrap_or_default().as_bytes());
        }
    });
    let credentials =
        Credentials::new(SECRETS[0], SECRETS[1], Some(SECRETS[2].to_owned()), None, "test");
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let s3 = s3_client(Region::new("us-east-1"), credentials, http, Some(endpoint));
    S3Store { s3, invalidator: None, announcer: None, bucket: "photos".to_owned() }
}

fn object() -> Object {
    Object {
        key: "800x600/a.jpg".to_owned(),
        bytes: b"small".as_slice().into(),
        content_type: "image/jpeg",
        origin: None,
        size: Some((800, 600)),
        cache_control: None,
        public: false,
    }
}

#[tokio::test]
async fn a_denied_call_says_what_is_missing() {
    let store = answering(Some(
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 71\r\nConnection: close\r\n\r\n\
         <Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
    ));
    let error = store.put(&object()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "s3:PutObject: AccessDenied: Access Denied; the function's role lacks `s3:PutObject` on \
         `photos/800x600/a.jpg`, or a policy denies it: `imgprep up` repairs the role"
    );
    assert_eq!(error.outlook, Outlook::Lasting);
    // An answer to HEAD has no body to say so.
    let store =
        answering(Some("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
    let error = store.head("originals/a.jpg").await.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("s3:GetObject: HTTP 403: "), "{text}");
    assert!(text.contains("`s3:ListBucket` on `photos` if there is no such object"), "{text}");
    assert_eq!(error.outlook, Outlook::Lasting);
}

/// A refusal with a status of 403, as S3 sends it.
fn refused(error: &str) -> S3Store {
    let answer = format!(
        "HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{error}",
        error.len()
    );
    answering(Some(answer.leak()))
}

#[tokio::test]
async fn row_75_an_archived_object_is_withheld_with_its_class() {
    for (named, archived) in [
        ("<StorageClass>GLACIER</StorageClass>", vec!["GLACIER"]),
        ("<StorageClass>DEEP_ARCHIVE</StorageClass>", vec!["DEEP_ARCHIVE"]),
        (
            "<StorageClass>INTELLIGENT_TIERING</StorageClass>\
             <AccessTier>ARCHIVE_ACCESS</AccessTier>",
            vec!["INTELLIGENT_TIERING", "ARCHIVE_ACCESS"],
        ),
        ("", vec![]),
    ] {
        let store = refused(&format!(
            "<Error><Code>InvalidObjectState</Code><Message>The operation is not valid for the \
             object's storage class</Message>{named}</Error>"
        ));
        let archived = Withheld::Archived(archived.into_iter().map(str::to_owned).collect());
        assert_eq!(store.get("originals/a.jpg", 100).await, Ok(Fetched::Withheld(archived)));
    }
}

#[tokio::test]
async fn row_76_a_key_of_kms_that_is_denied_is_named_with_the_permission() {
    const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/b997e702";
    let denied = |action: &str| {
        format!(
            "User: arn:aws:sts::123456789012:assumed-role/R/F is not authorized to perform: \
             {action} on resource: {KEY} because no identity-based policy allows the {action} action"
        )
    };
    let store = |message: &str| {
        let message = format!("<Message>{message}</Message>");
        refused(&format!("<Error><Code>AccessDenied</Code>{message}</Error>"))
    };
    let message = denied("kms:Decrypt");
    let Ok(Fetched::Withheld(why)) = store(&message).get("originals/a.jpg", 100).await else {
        panic!("not withheld")
    };
    let advice = format!("allow the function's role `kms:Decrypt` on {KEY}");
    assert_eq!(why.to_string(), format!("{message}; {advice}, then run `imgprep retry`"));

    let message = denied("kms:GenerateDataKey");
    let error = store(&message).put(&object()).await.unwrap_err();
    let advice = format!("allow the function's role `kms:GenerateDataKey` on {KEY}");
    assert_eq!(error.to_string(), format!("s3:PutObject: AccessDenied: {message}; {advice}"));
    assert_eq!(error.outlook, Outlook::Lasting);

    // What the role lacks on the bucket concerns every original.
    let error = store("Access Denied").get("originals/a.jpg", 100).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.outlook), ("AccessDenied", Outlook::Lasting));
    assert!(error.message.contains("lacks `s3:GetObject`"), "{error}");
}

#[tokio::test]
async fn a_broken_connection_may_pass_and_tells_no_secret() {
    let store = answering(None);
    for error in [
        store.put(&object()).await.unwrap_err(),
        store.head("originals/a.jpg").await.unwrap_err(),
        store.get("originals/a.jpg", 100).await.unwrap_err(),
    ] {
        assert_eq!((error.code.as_str(), error.outlook), ("no connection", Outlook::Passing));
        let text = error.to_string();
        let is_told = SECRETS.iter().chain(&["Signature", "://"]).any(|it| text.contains(it));
        assert!(!is_told, "{text}");
    }
}

#[tokio::test]
async fn a_body_that_ends_early_may_pass() {
    let store =
        answering(Some("HTTP/1.1 200 OK\r\nContent-Length: 50\r\nETag: \"e\"\r\n\r\nshort"));
    let error = store.get("originals/a.jpg", 100).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.outlook), ("incomplete body", Outlook::Passing));
}

#[tokio::test]
async fn what_is_too_large_is_left_where_it_is() {
    let store =
        answering(Some("HTTP/1.1 200 OK\r\nContent-Length: 50\r\nETag: \"e\"\r\n\r\nshort"));
    let fetched = store.get("originals/a.jpg", 49).await;
    assert_eq!(fetched, Ok(Fetched::TooLarge { size: 50, etag: Some("e".to_owned()) }));
}

#[tokio::test]
async fn a_variant_says_where_it_comes_from() {
    let store = answering(Some(
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nETag: \"e\"\r\nConnection: close\r\n\
         x-amz-meta-imgprep-source: 0a1b\r\nx-amz-meta-imgprep-settings: 12ab\r\n\
         x-amz-meta-imgprep-focus: 0.25,1\r\n\r\n",
    ));
    let origin = Origin { source: "0a1b".to_owned(), settings: "12ab".to_owned() };
    let framing = Framing { focus: Focus::parse("0.25,1"), crop: None };
    let head = Head { etag: "e".to_owned(), size: 9, origin: Some(origin), framing };
    assert_eq!(store.head("800x600/a.jpg").await, Ok(Some(head)));
    let missing =
        answering(Some("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
    assert_eq!(missing.head("800x600/a.jpg").await, Ok(None));
}

#[test]
fn answers_that_may_pass_are_told_from_those_that_last() {
    for (status, code, expected) in [
        (None, None, Outlook::Passing),
        (Some(500), Some("InternalError"), Outlook::Passing),
        (Some(503), Some("SlowDown"), Outlook::Passing),
        (Some(503), None, Outlook::Passing),
        (Some(429), Some("TooManyRequestsException"), Outlook::Passing),
        (Some(400), Some("RequestTimeout"), Outlook::Passing),
        (Some(400), Some("ThrottlingException"), Outlook::Passing),
        (Some(403), Some("RequestTimeTooSkewed"), Outlook::Passing),
        (Some(409), Some("OperationAborted"), Outlook::Passing),
        (Some(403), Some("AccessDenied"), Outlook::Lasting),
        (Some(403), Some("InvalidObjectState"), Outlook::Lasting),
        (Some(403), None, Outlook::Lasting),
        (Some(400), Some("KeyTooLongError"), Outlook::Lasting),
        (Some(404), Some("NoSuchBucket"), Outlook::Lasting),
        (Some(301), Some("PermanentRedirect"), Outlook::Lasting),
    ] {
        assert_eq!(outlook(status, code), expected, "{status:?} {code:?}");
    }
}
