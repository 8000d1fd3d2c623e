//! What the checker says to wrong requests of each protocol, and that right ones pass.

use imgprep_testkit::models::{hold, lossy};
use insta::assert_snapshot;
use serde_json::{Value, json};

/// A request that imgprep could make, by what a model sees of it.
struct Request {
    service: &'static str,
    method: &'static str,
    uri: String,
    headers: Value,
    body: String,
}

impl Request {
    fn line(&self) -> String {
        let Self { service, method, uri, headers, body } = self;
        json!({
            "service": service, "method": method, "uri": uri, "headers": headers, "body": body,
        })
        .to_string()
    }
}

/// Of the protocol query.
fn form(service: &'static str, body: &str) -> Request {
    let headers = json!({ "content-type": "application/x-www-form-urlencoded" });
    Request { service, method: "POST", uri: "/".into(), headers, body: body.into() }
}

/// Of the protocols JSON 1.0 and 1.1.
fn target(service: &'static str, target: &str, body: &Value) -> Request {
    let headers = json!({ "content-type": "application/x-amz-json-1.1", "x-amz-target": target });
    Request { service, method: "POST", uri: "/".into(), headers, body: body.to_string() }
}

/// Of the protocol RPC v2, its body in CBOR and that in hexadecimal digits.
fn rpc(operation: &str, body: &str) -> Request {
    let uri = format!("/service/GraniteServiceVersion20100801/operation/{operation}");
    let headers = json!({ "content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor" });
    Request { service: "cloudwatch", method: "POST", uri, headers, body: body.into() }
}

/// Of the protocols REST with JSON and with XML.
fn rest(service: &'static str, method: &'static str, uri: &str, body: &str) -> Request {
    Request { service, method, uri: uri.into(), headers: json!({}), body: body.into() }
}

fn with_headers(request: Request, headers: Value) -> Request {
    Request { headers, ..request }
}

/// What the checker prints, and whether it found nothing.
async fn said(requests: &[Request]) -> (String, bool) {
    let (output, _) = hold(requests.iter().map(Request::line)).await;
    (lossy(&output.stdout) + &lossy(&output.stderr), output.status.success())
}

pub(crate) async fn right_requests_pass() {
    let (said, is_right) = said(&right()).await;
    assert_eq!((said.as_str(), is_right), ("9 requests read\n", true));
}

pub(crate) async fn a_wrong_call_in_cbor_is_named() {
    // `{"AlarmNames": ["a"]}`, with lengths and with ends.
    let right = ["a16a416c61726d4e616d6573816161", "bf6a416c61726d4e616d65739f6161ffff"];
    let said_of_right = said(&right.map(|body| rpc("DeleteAlarms", body))).await;
    assert_eq!(said_of_right, ("2 requests read\n".to_owned(), true));
    let wrong = [
        rpc("DeleteAlarms", "a0"),
        // `{"AlarmNames": "a"}`, and only its beginning.
        rpc("DeleteAlarms", "a16a416c61726d4e616d65736161"),
        rpc("DeleteAlarms", "a16a416c61726d4e616d6573"),
        rpc("PutAlarm", "a0"),
        // `{"MaxRecords": 200}`
        rpc("DescribeAlarms", "a16a4d61785265636f72647318c8"),
    ];
    let (said, is_right) = said(&wrong).await;
    assert!(!is_right);
    assert_snapshot!(said, @r#"
    cloudwatch:DeleteAlarms AlarmNames is required and not there
      1 request, such as POST /service/GraniteServiceVersion20100801/operation/DeleteAlarms a0
    cloudwatch:DeleteAlarms AlarmNames is no list: 'a'
      1 request, such as POST /service/GraniteServiceVersion20100801/operation/DeleteAlarms a16a416c61726d4e616d65736161
    cloudwatch:DeleteAlarms cannot be read, as the value is cut off
      1 request, such as POST /service/GraniteServiceVersion20100801/operation/DeleteAlarms a16a416c61726d4e616d6573
    cloudwatch: cannot be read, as there is no operation at '/service/GraniteServiceVersion20100801/operation/PutAlarm'
      1 request, such as POST /service/GraniteServiceVersion20100801/operation/PutAlarm a0
    cloudwatch:DescribeAlarms MaxRecords is 200, at most 100
      1 request, such as POST /service/GraniteServiceVersion20100801/operation/DescribeAlarms a16a4d61785265636f72647318c8
    5 requests read
    "#);
}

pub(crate) async fn a_wrong_form_is_named() {
    let (said, is_right) = said(&wrong_forms()).await;
    assert!(!is_right);
    assert_snapshot!(said, @r#"
    sns:CreateTopic Name is required and not there
      1 request, such as POST / Action=CreateTopic&Version=2010-03-31&TopicName=a
    sns:CreateTopic TopicName is not a member: 'a'
      1 request, such as POST / Action=CreateTopic&Version=2010-03-31&TopicName=a
    sns: cannot be read, as there is no operation 'CreateTopics'
      1 request, such as POST / Action=CreateTopics&Version=2010-03-31&Name=a
    sns:CreateTopic cannot be read, as the version '2010-03-30' is not '2010-03-31'
      1 request, such as POST / Action=CreateTopic&Version=2010-03-30&Name=a
    sns:CreateTopic cannot be read, as the items of a list are numbered ['2']
      1 request, such as POST / Action=CreateTopic&Version=2010-03-31&Name=a&Tags.member.2.Key=b
    iam:CreateRole RoleName has 65 characters, at most 64
      1 request, such as POST / Action=CreateRole&Version=2010-05-08&AssumeRolePolicyDocument=a&RoleName=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    iam:CreateRole RoleName does not match [\w+=,.@-]+: 'a b'
      1 request, such as POST / Action=CreateRole&Version=2010-05-08&AssumeRolePolicyDocument=a&RoleName=a%20b
    iam:CreateRole MaxSessionDuration is 60, at least 3600
      1 request, such as POST / Action=CreateRole&Version=2010-05-08&AssumeRolePolicyDocument=a&RoleName=a&MaxSessionDuration=60
    iam:CreateRole Tags[0].Key does not match [\p{L}\p{Z}\p{N}_.:/=+\-@]+: '!'
      1 request, such as POST / Action=CreateRole&Version=2010-05-08&AssumeRolePolicyDocument=a&RoleName=a&Tags.member.1.Key=%21&Tags.member.1.Value=
    sts:GetCallerIdentity x-amz-b is not a member: ''
      1 request, such as POST / Action=GetCallerIdentity&Version=2011-06-15
    9 requests read
    "#);
}

pub(crate) async fn a_wrong_call_in_json_is_named() {
    let (said, is_right) = said(&wrong_json()).await;
    assert!(!is_right);
    assert_snapshot!(said, @r#"
    logs:PutRetentionPolicy retentionInDays is required and not there
      1 request, such as POST / {"logGroupName":"a"}
    logs:PutRetentionPolicy logGroupName does not match [\.\-_/#A-Za-z0-9]+: 'a b'
      2 requests, such as POST / {"logGroupName":"a b","retentionInDays":"7"}
    logs:PutRetentionPolicy retentionInDays is no integer: '7'
      1 request, such as POST / {"logGroupName":"a b","retentionInDays":"7"}
    logs:PutRetentionPolicy days is not a member: 7
      1 request, such as POST / {"days":7,"logGroupName":"","retentionInDays":7}
    logs:PutRetentionPolicy logGroupName has 0 characters, at least 1
      1 request, such as POST / {"days":7,"logGroupName":"","retentionInDays":7}
    logs: cannot be read, as the target 'Logs' is not 'Logs_20140328'
      1 request, such as POST / {"logGroupName":"a"}
    sqs:CreateQueue Attributes.Retention (key) is none of All, Policy, VisibilityTimeout, MaximumMessageSize, MessageRetentionPeriod, ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible, CreatedTimestamp, …: 'Retention'
      1 request, such as POST / {"Attributes":{"Retention":"60"},"QueueName":"a"}
    tagging:GetResources TagFilters[0].Values has 21 items, at most 20
      1 request, such as POST / {"TagFilters":[{"Key":"a","Values":["a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a"]}]}
    sqs:SendMessage MessageBody is required and not there
      1 request, such as POST / {"MessageBody":null,"QueueUrl":true}
    sqs:SendMessage QueueUrl is no string: True
      1 request, such as POST / {"MessageBody":null,"QueueUrl":true}
    7 requests read
    "#);
}

pub(crate) async fn a_wrong_call_by_path_is_named() {
    let (said, is_right) = said(&wrong_rest()).await;
    assert!(!is_right);
    assert_snapshot!(said, @r#"
    lambda:CreateFunction Role does not match arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+: 'b'
      1 request, such as POST /2015-03-31/functions {"FunctionName":"a","Role":"b","Code":{"ZipFile":"?"},"MemorySize":64}
    lambda:CreateFunction Code.ZipFile is not base64: '?'
      1 request, such as POST /2015-03-31/functions {"FunctionName":"a","Role":"b","Code":{"ZipFile":"?"},"MemorySize":64}
    lambda:CreateFunction MemorySize is 64, at least 128
      1 request, such as POST /2015-03-31/functions {"FunctionName":"a","Role":"b","Code":{"ZipFile":"?"},"MemorySize":64}
    lambda: cannot be read, as there is no such operation
      1 request, such as POST /2015-03-31/function {}
    lambda:ListFunctions MaxItems is 0, at least 1
      1 request, such as GET /2015-03-31/functions?MaxItems=0&Max=1
    lambda:ListFunctions ?Max is not a member: '1'
      1 request, such as GET /2015-03-31/functions?MaxItems=0&Max=1
    lambda:PutFunctionConcurrency ReservedConcurrentExecutions is -1, at least 0
      1 request, such as PUT /2017-10-31/functions/a/concurrency {"ReservedConcurrentExecutions":-1}
    s3:CreateBucket CreateBucketConfiguration.LocationConstraint is none of af-south-1, ap-east-1, ap-east-2, ap-northeast-1, ap-northeast-2, ap-northeast-3, ap-south-1, ap-south-2, …: 'us-east-1'
      1 request, such as PUT /a/ <CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>us-east-1</LocationConstraint><Zone>a</Zone></CreateBucketConfiguration>
    s3:CreateBucket CreateBucketConfiguration.Zone is not a member: 'a'
      1 request, such as PUT /a/ <CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>us-east-1</LocationConstraint><Zone>a</Zone></CreateBucketConfiguration>
    s3:PutBucketOwnershipControls OwnershipControls.Rules is required and not there
      1 request, such as PUT /a/?ownershipControls <OwnershipControls xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></OwnershipControls>
    s3:PutBucketVersioning cannot be read, as the document is 'Versioning', not '{http://s3.amazonaws.com/doc/2006-03-01/}VersioningConfiguration'
      1 request, such as PUT /a/?versioning <Versioning/>
    s3:DeleteObjects cannot be read, as syntax error: line 1, column 0
      1 request, such as POST /a/?delete not XML
    s3:ListObjectsV2 EncodingType is none of url: 'uri'
      1 request, such as GET /a/?list-type=2&encoding-type=uri&max-keys=many
    s3:ListObjectsV2 MaxKeys is no integer: 'many'
      1 request, such as GET /a/?list-type=2&encoding-type=uri&max-keys=many
    s3:PutObject ACL is none of private, public-read, public-read-write, authenticated-read, aws-exec-read, bucket-owner-read, bucket-owner-full-control: 'public'
      1 request, such as PUT /a/b?x-id=PutObject
    s3:HeadBucket x-amz-meta-a is not a member: 'b'
      1 request, such as HEAD /a/
    cloudfront:CreateOriginAccessControl OriginAccessControlConfig.SigningBehavior is required and not there
      1 request, such as POST /2020-05-31/origin-access-control <OriginAccessControlConfig xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Name>a</Name><SigningProtocol>sigv2</SigningProtocol></OriginAccessControlConfig>
    cloudfront:CreateOriginAccessControl OriginAccessControlConfig.OriginAccessControlOriginType is required and not there
      1 request, such as POST /2020-05-31/origin-access-control <OriginAccessControlConfig xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Name>a</Name><SigningProtocol>sigv2</SigningProtocol></OriginAccessControlConfig>
    cloudfront:CreateOriginAccessControl OriginAccessControlConfig.SigningProtocol is none of sigv4, sigv4a: 'sigv2'
      1 request, such as POST /2020-05-31/origin-access-control <OriginAccessControlConfig xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Name>a</Name><SigningProtocol>sigv2</SigningProtocol></OriginAccessControlConfig>
    12 requests read
    "#);
}

fn right() -> [Request; 9] {
    let tag = "Tags.member.1.Key=team&Tags.member.1.Value=b%C3%BCro";
    let versioning = r#"<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>"#;
    [
        form("sns", &format!("Action=CreateTopic&Version=2010-03-31&Name=a&{tag}")),
        form("iam", &format!("Action=TagRole&Version=2010-05-08&RoleName=a&{tag}")),
        target(
            "sqs",
            "AmazonSQS.CreateQueue",
            &json!({ "QueueName": "a", "Attributes": { "KmsMasterKeyId": "b" } }),
        ),
        target("logs", "Logs_20140328.CreateLogGroup", &json!({ "logGroupName": "/aws/lambda/a" })),
        target("tagging", "ResourceGroupsTaggingAPI_20170126.GetResources", &json!({})),
        rest("lambda", "PUT", "/2015-03-31/functions/a/code", r#"{"ZipFile":"UEsDBA=="}"#),
        rest("lambda", "DELETE", "/2015-03-31/functions/a/policy/b?RevisionId=c", ""),
        rest("s3", "PUT", "/a/?versioning", versioning),
        with_headers(
            rest("s3", "PUT", "/a/b/c.jpg?x-id=PutObject", ""),
            json!({ "cache-control": "no-cache", "x-amz-checksum-crc32": "AAAAAA==", "x-amz-meta-a": "b" }),
        ),
    ]
}

fn wrong_forms() -> [Request; 9] {
    let create_role = "Action=CreateRole&Version=2010-05-08&AssumeRolePolicyDocument=a";
    let long = "a".repeat(65);
    [
        form("sns", "Action=CreateTopic&Version=2010-03-31&TopicName=a"),
        form("sns", "Action=CreateTopics&Version=2010-03-31&Name=a"),
        form("sns", "Action=CreateTopic&Version=2010-03-30&Name=a"),
        form("sns", "Action=CreateTopic&Version=2010-03-31&Name=a&Tags.member.2.Key=b"),
        form("iam", &format!("{create_role}&RoleName={long}")),
        form("iam", &format!("{create_role}&RoleName=a%20b")),
        form("iam", &format!("{create_role}&RoleName=a&MaxSessionDuration=60")),
        form(
            "iam",
            &format!("{create_role}&RoleName=a&Tags.member.1.Key=%21&Tags.member.1.Value="),
        ),
        with_headers(
            form("sts", "Action=GetCallerIdentity&Version=2011-06-15"),
            json!({ "x-amz-b": "" }),
        ),
    ]
}

fn wrong_json() -> [Request; 7] {
    let group = "Logs_20140328.PutRetentionPolicy";
    let attributes = json!({ "QueueName": "a", "Attributes": { "Retention": "60" } });
    let values = vec!["a"; 21];
    [
        target("logs", group, &json!({ "logGroupName": "a" })),
        target("logs", group, &json!({ "logGroupName": "a b", "retentionInDays": "7" })),
        target("logs", group, &json!({ "logGroupName": "", "retentionInDays": 7, "days": 7 })),
        target("logs", "Logs.CreateLogGroup", &json!({ "logGroupName": "a" })),
        target("sqs", "AmazonSQS.CreateQueue", &attributes),
        target(
            "tagging",
            "ResourceGroupsTaggingAPI_20170126.GetResources",
            &json!({ "TagFilters": [{ "Key": "a", "Values": values }] }),
        ),
        target("sqs", "AmazonSQS.SendMessage", &json!({ "QueueUrl": true, "MessageBody": null })),
    ]
}

fn wrong_rest() -> [Request; 12] {
    const S3: &str = r#"xmlns="http://s3.amazonaws.com/doc/2006-03-01/""#;
    let public = format!(
        "<CreateBucketConfiguration {S3}><LocationConstraint>us-east-1</LocationConstraint><Zone>a</Zone></CreateBucketConfiguration>"
    );
    let rules = format!("<OwnershipControls {S3}></OwnershipControls>");
    let control = "<OriginAccessControlConfig xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Name>a</Name><SigningProtocol>sigv2</SigningProtocol></OriginAccessControlConfig>";
    let function = r#"{"FunctionName":"a","Role":"b","Code":{"ZipFile":"?"},"MemorySize":64}"#;
    [
        rest("lambda", "POST", "/2015-03-31/functions", function),
        rest("lambda", "POST", "/2015-03-31/function", "{}"),
        rest("lambda", "GET", "/2015-03-31/functions?MaxItems=0&Max=1", ""),
        rest(
            "lambda",
            "PUT",
            "/2017-10-31/functions/a/concurrency",
            r#"{"ReservedConcurrentExecutions":-1}"#,
        ),
        rest("s3", "PUT", "/a/", &public),
        rest("s3", "PUT", "/a/?ownershipControls", &rules),
        rest("s3", "PUT", "/a/?versioning", "<Versioning/>"),
        rest("s3", "POST", "/a/?delete", "not XML"),
        rest("s3", "GET", "/a/?list-type=2&encoding-type=uri&max-keys=many", ""),
        with_headers(
            rest("s3", "PUT", "/a/b?x-id=PutObject", ""),
            json!({ "x-amz-acl": "public" }),
        ),
        with_headers(rest("s3", "HEAD", "/a/", ""), json!({ "x-amz-meta-a": "b" })),
        rest("cloudfront", "POST", "/2020-05-31/origin-access-control", control),
    ]
}
