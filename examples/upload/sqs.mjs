// The three calls of SQS that the server needs, signed by hand (AWS Signature Version 4).

import { execFile } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { promisify } from "node:util";

const { env } = process;
const REGION = env.AWS_REGION ?? "eu-central-1"; // as in pipeline.toml
const ENDPOINT = new URL(
  env.AWS_ENDPOINT_URL_SQS ?? env.AWS_ENDPOINT_URL ?? `https://sqs.${REGION}.amazonaws.com`,
);
const REFRESH_MS = 5 * 60_000;
const ANSWER_MS = 30_000; // longer than a poll may wait

/** Calls an action of SQS, such as `ReceiveMessage`. */
export async function sqs(action, input) {
  const { key, secret, token } = await credentials();
  const body = JSON.stringify(input);
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const headers = {
    "content-type": "application/x-amz-json-1.0",
    host: ENDPOINT.host,
    "x-amz-date": time,
    ...(token && { "x-amz-security-token": token }),
    "x-amz-target": `AmazonSQS.${action}`,
  };
  const names = Object.keys(headers).join(";"); // in order, as the signature wants them
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}`);
  const canonical = ["POST", "/", "", ...lines, "", names, sha256(body)].join("\n");
  const scope = [time.slice(0, 8), REGION, "sqs", "aws4_request"];
  const signingKey = scope.reduce(hmac, `AWS4${secret}`);
  const text = ["AWS4-HMAC-SHA256", time, scope.join("/"), sha256(canonical)].join("\n");
  const signature = hmac(signingKey, text).toString("hex");
  headers.authorization =
    `AWS4-HMAC-SHA256 Credential=${[key, ...scope].join("/")}, ` +
    `SignedHeaders=${names}, Signature=${signature}`;

  const signal = AbortSignal.timeout(ANSWER_MS);
  const answer = await fetch(ENDPOINT, { method: "POST", headers, body, signal });
  const said = await answer.text();
  if (!answer.ok) throw new Error(`sqs:${action} on ${ENDPOINT.host}: ${answer.status} ${said}`);
  return said ? JSON.parse(said) : {};
}

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const hmac = (key, text) => createHmac("sha256", key).update(text).digest();

let kept;

/** Those of the environment, or else whatever the AWS CLI finds: a profile, single sign-on, a role. */
async function credentials() {
  if (env.AWS_ACCESS_KEY_ID) {
    return {
      key: env.AWS_ACCESS_KEY_ID,
      secret: env.AWS_SECRET_ACCESS_KEY,
      token: env.AWS_SESSION_TOKEN,
    };
  }
  if (kept && kept.expires - Date.now() > REFRESH_MS) return kept;
  const found = await promisify(execFile)("aws", ["configure", "export-credentials"]).catch((error) => {
    throw new Error(
      `no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or make ` +
        `\`aws configure export-credentials\` work: ${error.message.trim()}`,
    );
  });
  const said = JSON.parse(found.stdout);
  kept = {
    key: said.AccessKeyId,
    secret: said.SecretAccessKey,
    token: said.SessionToken,
    expires: said.Expiration ? Date.parse(said.Expiration) : Infinity,
  };
  return kept;
}
