// The smallest server of an application whose users upload photos: it serves the page, has imgprep sign
// each upload, and passes on what the pipeline says of it. The photos never come through here.

import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { promisify } from "node:util";

import { sqs } from "./sqs.mjs";

const { IMGPREP = "imgprep", PORT = "3000", QUEUE = "photo-uploads-ready" } = process.env;

const FILES = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/page.css": ["page.css", "text/css"],
  "/page.mjs": ["page.mjs", "text/javascript"],
  "/thumbhash.mjs": ["thumbhash.mjs", "text/javascript"],
};
const EXTENSIONS = {
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/webp": "webp",
  "image/heic": "heic",
};
const BODY_MAX = 1000;
const OUTCOMES_MAX = 1000;
const HEARTBEAT_MS = 15_000;
const PAUSE_MS = 5000;

/** Signs a form for a new original. Whether the user may upload at all is for you to check here. */
async function sign(request, response) {
  const { type, focus } = await json(request);
  if (!Object.hasOwn(EXTENSIONS, type)) {
    return answer(response, 415, { error: "Only JPEG, PNG, WebP and HEIC photos are accepted." });
  }
  // Nobody can guess the key, so that nobody can overwrite it or ask about it.
  const key = `${randomUUID()}.${EXTENSIONS[type]}`;
  const options = ["--json", `--type=${type}`];
  if (Array.isArray(focus)) options.push(`--focus=${focus.map(Number).join()}`);
  const signed = await promisify(execFile)(IMGPREP, ["presign", key, ...options]);
  answer(response, 201, { key, ...JSON.parse(signed.stdout) });
}

/** What became of an original, by its key. A real application writes this to its database. */
const outcomes = new Map();
const listeners = new Map();

/** Server-sent events about one original. */
function listen(key, response) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const send = (outcome) => response.write(`data: ${JSON.stringify(outcome)}\n\n`);
  response.write("retry: 1000\n\n");
  const heartbeat = setInterval(() => response.write(":\n\n"), HEARTBEAT_MS);
  const all = listeners.get(key) ?? new Set();
  listeners.set(key, all.add(send));
  response.on("close", () => {
    clearInterval(heartbeat);
    all.delete(send);
    if (all.size === 0) listeners.delete(key);
  });
  // The photo may have been ready before the page asked, or while its connection was lost.
  if (outcomes.has(key)) send(outcomes.get(key));
}

/** Keeps a message of the pipeline, and tells the pages that wait for it. */
function told(body) {
  const message = JSON.parse(body);
  const { event, name, reason, width, height, thumbhash, colour, variants } = message;
  const outcome = { event, reason, width, height, thumbhash, colour, variants };
  outcomes.delete(name);
  outcomes.set(name, outcome);
  if (outcomes.size > OUTCOMES_MAX) outcomes.delete(outcomes.keys().next().value);
  for (const send of listeners.get(name) ?? []) send(outcome);
}

/** Takes messages from the queue, for ever. */
async function follow() {
  let url;
  for (;;) {
    try {
      url ??= (await sqs("GetQueueUrl", { QueueName: QUEUE })).QueueUrl;
      const poll = { QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: 20 };
      const { Messages = [] } = await sqs("ReceiveMessage", poll);
      for (const { Body, ReceiptHandle } of Messages) {
        told(Body);
        await sqs("DeleteMessage", { QueueUrl: url, ReceiptHandle });
      }
    } catch (error) {
      console.error(`cannot read the queue ${QUEUE}, trying again: ${error.message}`);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

/** The body of a request of our own page: other sites cannot send this type without being allowed to. */
async function json(request) {
  const refuse = (status, message) => Object.assign(new Error(message), { status });
  if (request.headers["content-type"] !== "application/json") throw refuse(415, "Send JSON.");
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > BODY_MAX) throw refuse(413, "The request is too long.");
  }
  try {
    return Object(JSON.parse(text));
  } catch {
    throw refuse(400, "The request is not JSON.");
  }
}

function answer(response, status, body) {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
}

async function handle(request, response) {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  const route = `${request.method} ${pathname}`;
  if (route === "POST /uploads") return sign(request, response);
  if (route === "GET /events" && searchParams.has("key")) {
    return listen(searchParams.get("key"), response);
  }
  if (request.method !== "GET" || !Object.hasOwn(FILES, pathname)) {
    return answer(response, 404, { error: "There is nothing here." });
  }
  const [file, type] = FILES[pathname];
  const headers = { "content-type": type, "cache-control": "no-cache" };
  response.writeHead(200, headers).end(await readFile(new URL(file, import.meta.url)));
}

const server = createServer((request, response) => {
  handle(request, response).catch((error) => {
    // `imgprep presign --json` says on standard output what went wrong.
    if (!error.status) console.error(`${request.method} ${request.url}: ${error.stdout || error.stack}`);
    if (response.headersSent) return response.destroy();
    const text = error.status ? error.message : "The server could not do this. Try again later.";
    answer(response, error.status ?? 500, { error: text });
  });
});
server.listen(Number(PORT), "127.0.0.1", () => {
  console.log(`http://localhost:${server.address().port}`);
  follow();
});
