#!/usr/bin/env python3
"""What the gate of the local AWS adds to a call: the same requests to it, signed, and past it, straight
to the Unix socket of MiniStack, one after the other in one run.

usage: bench/gate.py IMGPREP [CALLS]
"""

import datetime
import hashlib
import hmac
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time

REGION = "us-east-1"


class OverSocket(http.client.HTTPConnection):
    """A connection past the gate."""

    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def signed(method, path, body, host, secret, service):
    """The headers of a request with Signature Version 4 (AWS IAM User Guide)."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    headers = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": now}
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = "\n".join([method, path, "", lines, names, digest])
    scope = f"{now[:8]}/{REGION}/{service}/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in [now[:8], REGION, service, "aws4_request"]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential=test/{scope}, SignedHeaders={names}, Signature={signature}"
    return {**headers, "authorization": f"AWS4-HMAC-SHA256 {credential}"}


def ask(connection, method, path, body, headers):
    start = time.perf_counter()
    connection.request(method, path, body=body, headers=headers)
    answer = connection.getresponse()
    answer.read()
    took = (time.perf_counter() - start) * 1000
    if answer.status != 200:
        sys.exit(f"{method} {path}: status {answer.status}")
    return took


def compare(name, calls, method, path, body, gate, past, secret, host):
    both = ([], [])
    for _ in range(calls):
        # Signing is the client's work, and is not measured.
        headers = signed(method, path, body, host, secret, "s3")
        for connection, times in ((gate, both[0]), (past, both[1])):
            times.append(ask(connection, method, path, body, headers))
    at_gate, past_it = (statistics.median(times) for times in both)
    more = statistics.median(one - other for one, other in zip(*both))
    print(f"| {name} | {at_gate:.2f} | {past_it:.2f} | {more:.2f} |")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    imgprep, calls = os.path.abspath(sys.argv[1]), int((sys.argv[2:] or ["1000"])[0])
    with tempfile.TemporaryDirectory() as state, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        environment = {**os.environ, "IMGPREP_LOCAL_DIR": state, "IMGPREP_LOCAL_PORT": str(port)}
        run = lambda *arguments: subprocess.run(
            [imgprep, "local", *arguments], env=environment, check=True, capture_output=True
        ).stdout
        run("start")
        try:
            secret = json.loads(run("env", "--json"))["AWS_SECRET_ACCESS_KEY"]
            host = f"127.0.0.1:{port}"
            gate = http.client.HTTPConnection("127.0.0.1", port)
            past = OverSocket(os.path.join(state, "socket", "ministack"))
            ask(gate, "PUT", "/bench", b"", signed("PUT", "/bench", b"", host, secret, "s3"))
            print("| call, median of pairs | ms at the gate | past it | the gate's part |\n|--|--:|--:|--:|")
            both = (gate, past, secret, host)
            compare("GET /bench (a listing)", calls, "GET", "/bench", b"", *both)
            compare("PUT of 1 kB", calls, "PUT", "/bench/small", bytes(1024), *both)
            compare("PUT of 5 MB", max(calls // 20, 10), "PUT", "/bench/large", bytes(5_000_000), *both)
        finally:
            run("stop")


main()
