// Runs the Next.js example without Next.js: what its loader, its manifest and its route answer.
//
// Takes keys as JSON, and runs in a copy of the example with stand-ins for the SDK and for ThumbHash.

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const load = (file) => import(pathToFileURL(file));
const cdn = "https://d111111abcdef8.cloudfront.net";
const keys = JSON.parse(process.argv[2]);

const { default: config } = await load("next.config.js");
const { manifestUrl, url, variantFor, variants } = await load("lib/imgprep.js");
assert.deepEqual(config, {
  images: {
    loader: "custom",
    loaderFile: "./lib/loader.js",
    deviceSizes: [400, 800, 1600],
    imageSizes: [],
  },
});

// The loader.
const { default: loader } = await load("lib/loader.js");
const asked = [1, 399, 400, 401, 800, 1600, 3840];
const widths = [400, 400, 400, 800, 800, 1600, 1600];
assert.deepEqual(asked.map((width) => variantFor(width).width), widths);
const src = "2026/a b+c.jpg";
const srcset = config.images.deviceSizes.map((width) => `${loader({ src, width })} ${width}w`);
assert.deepEqual(srcset, [
  `${cdn}/400x300/2026/a%20b%2Bc.jpg 400w`,
  `${cdn}/800x600/2026/a%20b%2Bc.jpg 800w`,
  `${cdn}/1600x1200/2026/a%20b%2Bc.jpg 1600w`,
]);
assert.equal(manifestUrl(src), `${cdn}/manifests/2026/a%20b%2Bc.jpg.json`);

// The manifest.
const { manifestOf, placeholderOf } = await load("lib/manifest.js");
globalThis.fetch = async (address, options) => {
  assert.deepEqual(options, { cache: "no-store" });
  const status = Number(address.match(/(\d+)\.json$/)[1]);
  return new Response(JSON.stringify({ address }), { status });
};
assert.deepEqual(await manifestOf("200"), { address: `${cdn}/manifests/200.json` });
assert.equal(await manifestOf("403"), null);
assert.equal(await manifestOf("404"), null);
await assert.rejects(manifestOf("a/503"), {
  message: "the CDN answered 503 for the manifest of a/503",
});
assert.equal(placeholderOf({ thumbhash: "1QcS", colour: "#8a6f52" }), "hash:d50712");
const plain = placeholderOf({ thumbhash: null, colour: "#8a6f52" });
const [type, data] = plain.split(",");
assert.equal(type, "data:image/svg+xml;base64");
assert.equal(
  atob(data),
  '<svg xmlns="http://www.w3.org/2000/svg"><rect width="100%" height="100%" fill="#8a6f52"/></svg>',
);
assert.equal(placeholderOf({ thumbhash: null, colour: null }), undefined);

// The route.
const { POST } = await load("app/api/uploads/route.js");
async function posted(body) {
  const answer = await POST(new Request("https://www.example.com/", { method: "POST", body }));
  return [answer.status, await answer.json()];
}
const [status, { name, url: address, fields }] = await posted('{"content_type":"image/png"}');
assert.equal(status, 201);
assert.match(name, /^[0-9a-f-]{36}\.png$/);
assert.equal(address, "https://acme-photos/");
assert.deepEqual(fields, {
  Bucket: "acme-photos",
  Key: `originals/${name}`,
  Fields: { "Content-Type": "image/png" },
  Conditions: [["content-length-range", 1, 25_000_000]],
  Expires: 900,
});
for (const body of ["", "null", "[]", "{}", '{"content_type":"text/html"}', '{"content_type":"toString"}']) {
  assert.deepEqual(await posted(body), [415, { error: "this type of file is not accepted" }], body);
}

console.log(JSON.stringify({ variants, paths: keys.map((key) => url("", key).slice(cdn.length + 2)) }));
