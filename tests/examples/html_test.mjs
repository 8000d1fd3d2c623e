// Fills the figure of the HTML example from a manifest that comes late, and from one that never comes.
//
// Takes the address of `manifest.js`.

import assert from "node:assert/strict";

const cdn = "https://d111111abcdef8.cloudfront.net";
const manifest = {
  colour: "#8a6f52",
  variants: [
    ["wide/1600", 1600],
    ["wide/800", 800],
    ["square/400", 400],
  ].map(([folder, width]) => ({ folder, width, url: `${cdn}/${folder}/2026/new%20cat.jpg` })),
};
const figure = () => {
  const parts = { img: { style: {}, hidden: true }, figcaption: { textContent: "Wait." } };
  return { dataset: { photo: "2026/new cat.jpg" }, parts, querySelector: (name) => parts[name] };
};

// No time passes, and what is asked for is missing that many times.
const asked = [];
let missing = 0;
globalThis.setTimeout = (resume, milliseconds) => {
  assert.equal(milliseconds, 2000);
  queueMicrotask(resume);
};
globalThis.fetch = async (address) => {
  asked.push(address);
  missing -= 1;
  if (missing === 1) throw new TypeError("the network is away");
  return missing < 0 ? Response.json(manifest) : new Response("", { status: 404 });
};
let found;
globalThis.document = { querySelectorAll: (wanted) => ((found = wanted), []) };

const { fill } = await import(process.argv[2]);
assert.equal(found, "[data-photo]");

const late = figure();
missing = 3;
await fill(late);
assert.deepEqual(asked, Array(4).fill(`${cdn}/manifests/2026/new%20cat.jpg.json`));
assert.deepEqual(late.parts, {
  img: {
    style: { backgroundColor: "#8a6f52" },
    hidden: false,
    src: `${cdn}/wide/800/2026/new%20cat.jpg`,
    srcset: `${cdn}/wide/800/2026/new%20cat.jpg 800w, ${cdn}/wide/1600/2026/new%20cat.jpg 1600w`,
  },
  figcaption: { textContent: "" },
});

const never = figure();
asked.length = 0;
missing = 100;
await fill(never);
assert.equal(asked.length, 15);
assert.deepEqual(never.parts, {
  img: { style: {}, hidden: true },
  figcaption: { textContent: "Your photo cannot be shown." },
});
