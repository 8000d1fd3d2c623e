#!/usr/bin/env python3
"""How long the commands that look at every image take, and how much memory: on a stack of a local AWS
whose S3 answers listings as AWS does, a page of a thousand keys in 20 ms, of images that are made up as
they are asked for.

usage: bench/scale.py IMGPREP [--originals N] [--delay MS] [--progress]
"""

import argparse
import datetime
import hashlib
import http.client
import http.server
import json
import os
import re
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

BUCKET = "bench-scale"
FOLDERS = ("1600x1200", "800x600", "400x300")
PAGE = 1000
COMMANDS = (["status", "--images"], ["backfill", "--dry-run"], ["prune"])

# One of so many originals: has no variant in the last folder, is followed by a variant without one in
# the first, cannot be processed.
MISSING, LEFT_OVER, FAILED = (1000, 7), (10_000, 3), (5_000, 11)

FILE = f"""name = "scale"
[bucket]
name = "{BUCKET}"
[cdn]
enabled = false
""" + "".join(f'[[variants]]\nsize = "{folder}"\n' for folder in FOLDERS)

# As S3 lists what is uploaded today; none of it depends on the key.
REST = (
    "<LastModified>2026-01-02T03:04:05.000Z</LastModified>"
    "<ETag>&quot;0123456789abcdef0123456789abcdef&quot;</ETag>"
    "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"
    "<Size>123456</Size><StorageClass>STANDARD</StorageClass></Contents>"
)


def is_one_of(number, which):
    every, rest = which
    return number % every == rest


def path(number):
    return f"{number // 1000:06d}/photo-{number:09d}"


class Images:
    """The images of a stack, which exist only as rules."""

    def __init__(self, originals):
        self.originals = originals

    def count(self):
        by_rule = lambda which: len(range(which[1], self.originals, which[0]))
        failed = by_rule(FAILED)
        made = len(FOLDERS) * (self.originals - failed) - by_rule(MISSING) + by_rule(LEFT_OVER)
        return self.originals + made + failed

    def names(self, folder, after):
        """The names below a folder that come after this one."""
        number = int(re.search(r"photo-(\d+)", after)[1]) if after else 0
        step = FAILED[0] if folder == "failed" else 1
        if step > 1:
            number = (number - FAILED[1]) // step * step + FAILED[1]
            number += 0 if number >= 0 else step
        for number in range(number, self.originals, step):
            for name in self.names_of(folder, number):
                if name > after:
                    yield name

    def names_of(self, folder, number):
        start = path(number)
        if folder == "originals":
            yield f"{start}.jpg"
        elif is_one_of(number, FAILED):
            if folder == "failed":
                yield f"{start}.jpg.json"
        elif folder != "failed":
            if folder != FOLDERS[-1] or not is_one_of(number, MISSING):
                yield f"{start}.jpg"
            if folder == FOLDERS[0] and is_one_of(number, LEFT_OVER):
                yield f"{start}_gone.jpg"

    def page(self, folder, after):
        names, is_cut = [], False
        for name in self.names(folder, after):
            if len(names) == PAGE:
                is_cut = True
                break
            names.append(name)
        contents = "".join(f"<Contents><Key>{folder}/{name}</Key>{REST}" for name in names)
        token = f"<NextContinuationToken>{len(names)}</NextContinuationToken>" if is_cut else ""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{BUCKET}</Name><Prefix>{folder}/</Prefix><KeyCount>{len(names)}</KeyCount>"
            f"<MaxKeys>{PAGE}</MaxKeys><EncodingType>url</EncodingType>"
            f"<IsTruncated>{str(is_cut).lower()}</IsTruncated>{contents}{token}</ListBucketResult>"
        ).encode()

    def has(self, folder, name):
        number = int(re.search(r"photo-(\d+)", name)[1])
        return number < self.originals and name in self.names_of(folder, number)


def cbor(value):
    """A value in CBOR (RFC 8949), as far as an answer of CloudWatch needs it."""
    head = lambda kind, count: bytes([kind << 5 | count])
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, str):
        return head(3, len(value)) + value.encode()
    if isinstance(value, datetime.datetime):
        return b"\xc1" + cbor(value.timestamp())
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(key) + cbor(item) for key, item in value.items())


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers for the images, and hands on what else is asked."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        start = time.perf_counter()
        address = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(address.query, keep_blank_values=True))
        folder, _, name = urllib.parse.unquote(address.path).removeprefix(f"/{BUCKET}/").partition("/")
        prefix = query.get("prefix", "")
        if query.get("list-type") == "2" and "delimiter" not in query and prefix[:-1] in self.server.folders:
            after = query.get("start-after", "").removeprefix(prefix)
            answer = self.server.images.page(prefix[:-1], after)
            with self.server.lock:
                self.server.pages += 1
            return self.answer(200, answer, start)
        if folder in self.server.folders and "photo-" in name and not query.keys() - {"x-id"}:
            if not self.server.images.has(folder, name):
                return self.answer(404, b"", start)
            record = json.dumps({
                "key": f"originals/{name.removesuffix('.json')}", "reason": "it is not an image",
                "time": "2026-01-02T03:04:05Z", "request_id": "bench",
            })
            return self.answer(200, record.encode(), start)
        return self.hand_on()

    do_HEAD = do_GET

    def do_POST(self):
        if not self.path.endswith("/GetMetricStatistics"):
            return self.hand_on()
        self.rfile.read(int(self.headers.get("content-length", 0)))
        point = {"Timestamp": datetime.datetime.now(), "Average": float(self.server.images.count())}
        answer = cbor({"Label": "NumberOfObjects", "Datapoints": [point]})
        return self.answer(200, answer, time.perf_counter(), "application/cbor")

    def answer(self, status, body, start, content_type="application/xml"):
        time.sleep(max(0, self.server.delay - (time.perf_counter() - start)))
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.send_header("last-modified", "Fri, 02 Jan 2026 03:04:05 GMT")
        self.send_header("x-amz-meta-imgprep-source", "bench")
        if content_type == "application/cbor":
            self.send_header("smithy-protocol", "rpc-v2-cbor")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def hand_on(self):
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream)
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            upstream.putheader(name, value)
        upstream.endheaders(body)
        answer = upstream.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        length = answer.getheader("content-length", "0") if self.command == "HEAD" else str(len(body))
        self.send_header("content-length", length)
        self.end_headers()
        self.wfile.write(body)
        upstream.close()


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def __init__(self, images, delay, upstream):
        super().__init__(("127.0.0.1", 0), Handler)
        self.images, self.delay, self.upstream = images, delay, upstream
        self.folders = {"originals", "failed", *FOLDERS}
        self.pages, self.lock = 0, threading.Lock()


def run(imgprep, command, folder, environment, server, shows_progress):
    """Runs a command to its end. Answers with its time, its memory, its processor time and its pages."""
    pages, start = server.pages, time.perf_counter()
    with tempfile.TemporaryFile() as output:
        errors = None if shows_progress else subprocess.DEVNULL
        child = subprocess.Popen(
            [imgprep, *command, "--json"], cwd=folder, env=environment, stdout=output, stderr=errors
        )
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        took = time.perf_counter() - start
        output.seek(0)
        printed = output.read().decode()
    # 4 is a stack that is not whole, which S3's other address makes of it.
    if child.returncode not in (0, 4):
        sys.exit(f"imgprep {' '.join(command)} ended with {child.returncode}: {printed}")
    processor = used.ru_utime + used.ru_stime
    return took, used.ru_maxrss / 1024, processor, server.pages - pages, json.loads(printed)


def found(command, printed):
    """What a command counted, in a few words."""
    if command[0] == "status":
        images = printed["images"]
        missing = sum(images["missing"].values())
        return f"{images['originals']} originals, {missing} missing, {images['failures']} failed, {images['orphans']} left over"
    if command[0] == "backfill":
        return f"{printed['originals']} originals, {printed['to_process']} to process"
    return f"{sum(printed['orphans'].values())} left over, {printed['records']} records"


def measure(options, folder, state):
    imgprep = os.path.abspath(options.imgprep)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**kept, "IMGPREP_LOCAL_DIR": state, "IMGPREP_LOCAL_PORT": str(port)}
    local = lambda *arguments: subprocess.run(
        [imgprep, *arguments], env=environment, cwd=folder, check=True, stdout=subprocess.PIPE
    ).stdout
    local("local", "start")
    try:
        with open(os.path.join(folder, "pipeline.toml"), "w") as file:
            file.write(FILE)
        local("up", "--local", "--yes", "--quiet")
        server = Server(Images(options.originals), options.delay / 1000, port)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        environment |= json.loads(local("local", "env", "--json"))
        environment |= {"AWS_ENDPOINT_URL_S3": address, "AWS_ENDPOINT_URL_CLOUDWATCH": address}
        print(f"{options.originals} originals, {server.images.count()} objects, {options.delay} ms a page\n")
        print("| command | time | peak | processor | pages | pages a second | found |\n|---|--:|--:|--:|--:|--:|---|")
        for command in COMMANDS:
            took, peak, processor, pages, printed = run(
                imgprep, command, folder, environment, server, options.progress
            )
            print(
                f"| `{' '.join(command)}` | {took:.1f} s | {peak:.0f} MiB | {processor:.1f} s | {pages} "
                f"| {pages / took:.0f} | {found(command, printed)} |",
                flush=True,
            )
    finally:
        local("local", "stop")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("imgprep")
    parser.add_argument("--originals", type=int, default=1_000_000)
    parser.add_argument("--delay", type=float, default=20)
    parser.add_argument("--progress", action="store_true", help="shows what the commands say on their way")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as state:
        measure(options, folder, state)


main()
