"""MiniStack behind the gate: on a Unix socket, for nobody else.

Arguments: the socket, and the file that is locked as long as this runs. The gate says in a header what a
request was let in for; without that header a request is served as MiniStack serves everybody.
MiniStack's version is pinned, so that its own names can be relied on here.
"""

import asyncio
import fcntl
import hashlib
import hmac
import json
import os
import resource
import signal
import sys
import threading
import time

# The folder that this is started in holds data, not modules.
sys.path.pop(0)
# A MiniStack whose gate was killed may still write its state.
lock = os.open(sys.argv[2], os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
fcntl.flock(lock, fcntl.LOCK_EX)

import hypercorn.asyncio
import hypercorn.config
from ministack import app as server
from ministack.core import iam_evaluator, lambda_runtime
from ministack.services import cloudfront, iam, lambda_svc, s3, sts

PURPOSE = "x-imgprep-purpose"
# Longer than the gate keeps a connection that is not used.
KEEP_ALIVE_SECS = 75
PARENT_CHECK_SECS = 1
END_SECS_MAX = 15


def refused():
    body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    return 403, {"Content-Type": "application/xml"}, body


def secret_of(key):
    """The secret of an IAM user or a session; None where there is none."""
    session = sts._sessions.get(key)
    if session is not None:
        return session.get("SecretAccessKey")
    try:
        account = iam_evaluator.find_iam_access_key_account(key)
    except iam_evaluator.AmbiguousAccessKeyError:
        return None
    record = iam._access_keys.get_scoped(account, None, key) if account else None
    return record and record.get("SecretAccessKey")


def with_secret_of_the_gate(credentials_of):
    """Gives functions secrets that do not follow from their names alone, as MiniStack's do."""

    def credentials(config):
        given = credentials_of(config)
        key = given["AWS_ACCESS_KEY_ID"]
        gate = os.environ["AWS_SECRET_ACCESS_KEY"].encode()
        secret = hmac.new(gate, key.encode(), hashlib.sha256).hexdigest()
        sts.register_session(key, {**sts._sessions[key], "SecretAccessKey": secret})
        return {**given, "AWS_SECRET_ACCESS_KEY": secret}

    return credentials


async def viewed(scope, headers):
    """What a distribution shows to everybody."""
    label = headers["x-imgprep-label"]
    named = [one for one in cloudfront._distributions.values() if one["Id"].lower() == label]
    distribution = cloudfront.find_distribution_for_label(label) or next(iter(named), None)
    if distribution is None:
        return 404, {"Content-Type": "text/plain"}, b"no such distribution\n"
    query = scope["query_string"].decode("latin-1")
    return await cloudfront.handle_viewer_request(
        distribution, scope["method"], scope["path"], scope["raw_path"].decode("latin-1"), query,
        headers, b"", server.parse_qs(query, keep_blank_values=True),
    )


async def shown(scope, headers):
    """An object, as far as everybody may read it."""
    bucket, _, key = scope["path"][1:].partition("/")
    if not bucket or not key:
        return refused()
    response = await s3.handle_request(scope["method"], scope["path"], headers, b"", {})
    if scope["method"] == "HEAD":
        return s3.format_head_response(scope["path"], headers, response)
    return response


def allowed(scope, headers):
    """Whether a page of another origin may send a request to a bucket."""
    target = server._s3_cors_target(headers.get("host", ""), scope["path"])
    return s3.cors_preflight(*target, headers) if target else refused()


async def app(scope, receive, send):
    headers = {
        name.decode("latin-1"): server.decode_header_value(value)
        for name, value in scope.get("headers", [])
    }
    purpose = headers.get(PURPOSE)
    if purpose == "secret":
        found = json.dumps(secret_of(headers["x-imgprep-key"])).encode()
        response = 200, {"Content-Type": "application/json"}, found
    elif purpose == "cdn":
        response = await viewed(scope, headers)
    elif purpose == "object":
        response = await shown(scope, headers)
    elif purpose == "preflight":
        response = allowed(scope, headers)
    else:
        await server.app(scope, receive, send)
        return
    await server._send_if_handled(send, response, receive, head=scope["method"] == "HEAD")


def end_with(parent):
    """Ends this process after its parent: a gate that was killed leaves nothing behind."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(END_SECS_MAX)
    os._exit(1)


async def main():
    config = hypercorn.config.Config()
    config.bind = [f"unix:{sys.argv[1]}"]
    config.umask = 0o177
    config.keep_alive_timeout = KEEP_ALIVE_SECS
    config.loglevel = "INFO"
    asked_to_end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked_to_end.set)
    await hypercorn.asyncio.serve(app, config, shutdown_trigger=asked_to_end.wait)


lambda_runtime.execution_credentials = with_secret_of_the_gate(lambda_runtime.execution_credentials)
lambda_svc.execution_credentials = lambda_runtime.execution_credentials
threading.Thread(target=end_with, args=[os.getppid()], daemon=True).start()
_, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
asyncio.run(main())
