// From the file that somebody picks to the photo on the page. `main` says in `data-state` how far it is:
// pick, review, uploading, working, shown or failed.

import { draw } from "./thumbhash.mjs";

const SIZES = "(min-width: 38rem) 35.5rem, calc(100vw - 2.5rem)"; // how wide page.css shows the photo
const SQUARE = "square"; // folders of pipeline.toml
const WEBP = "webp/";
const FORMATS = { "image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WebP" };
const SLOW_MS = 30_000;
const HINT = "Click or tap what matters most: the square is cropped around it.";

const of = (id) => document.getElementById(id);
const main = document.querySelector("main");
const [file, frame, preview, point] = ["file", "frame", "preview", "point"].map(of);
const [across, down, description] = ["across", "down", "description"].map(of);

let photo; // the picked file
let focus; // where the square is centred, if somebody said so

function enter(state, status = "") {
  main.dataset.state = state;
  performance.mark(state); // see how long each took in the browser's performance panel
  of("status").textContent = status;
  of("error").textContent = "";
}

function complain(text) {
  of("status").textContent = "";
  of("error").textContent = text;
}

// Pick

file.addEventListener("change", () => file.files.length && pick(file.files[0]));
for (const [name, isOver] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    document.body.classList.toggle("dragging", isOver);
    const [dropped] = event.dataTransfer.files;
    if (name === "drop" && dropped && main.dataset.state === "pick") pick(dropped);
  });
}

/** The type of a file. Some systems know none for HEIC. */
const typeOf = ({ type, name }) => type || (/\.hei[cf]$/i.test(name) ? "image/heic" : "");

async function pick(picked) {
  const limit = Number(file.dataset.maxMegabytes);
  file.value = ""; // so that the same file can be picked again
  if (!file.accept.split(",").includes(typeOf(picked))) {
    return complain(`“${picked.name}” is not a supported photo. Choose a JPEG, PNG, WebP or HEIC file.`);
  }
  if (picked.size > limit * 1e6) {
    return complain(`“${picked.name}” is ${(picked.size / 1e6).toFixed(1)} MB. The limit is ${limit} MB.`);
  }
  photo = picked;
  focus = undefined;
  point.hidden = true;
  across.value = down.value = 50;
  description.value = "";
  preview.src = URL.createObjectURL(photo);
  const isSeen = await preview.decode().then(() => true, () => false);
  frame.classList.toggle("unseen", !isSeen);
  shape(isSeen ? preview.naturalWidth : 3, isSeen ? preview.naturalHeight : 2);
  enter("review", isSeen ? HINT : "");
  frame.focus(); // what was picked from is gone
}

const shape = (width, height) => frame.style.setProperty("--ratio", width / height);

// Review

preview.addEventListener("click", (event) => {
  if (main.dataset.state !== "review") return;
  const box = preview.getBoundingClientRect();
  aim((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  across.value = focus[0] * 100;
  down.value = focus[1] * 100;
});
for (const slider of [across, down]) {
  slider.addEventListener("input", () => aim(across.value / 100, down.value / 100));
}

function aim(x, y) {
  focus = [x, y].map((part) => Number(part.toFixed(3)));
  point.hidden = false;
  point.style.left = `${x * 100}%`;
  point.style.top = `${y * 100}%`;
}

document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  enter("uploading", "Uploading…");
  of("status").focus(); // the button that had the focus is gone
  try {
    const upload = await sign();
    await send(upload);
    performance.mark("uploaded");
    listen(upload.key);
    enter("working", "Uploaded. Making the sizes…");
  } catch (error) {
    enter("review");
    complain(error.message);
  }
});

// Upload

async function sign() {
  const body = JSON.stringify({ type: typeOf(photo), focus });
  const headers = { "content-type": "application/json" };
  const answer = await fetch("/uploads", { method: "POST", headers, body }).catch(() => {
    throw new Error("The server cannot be reached. Try again.");
  });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error ?? "The server did not answer. Try again.");
  return said;
}

/** Sends the photo straight to S3. `fetch` would not tell how far it is. */
function send({ url, fields }) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", photo); // S3 ignores what comes after it
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.onprogress = ({ loaded, total }) => {
      of("progress").value = loaded / total;
      // In steps, each of which a screen reader says.
      of("status").textContent = `Uploading… ${10 * Math.floor((10 * loaded) / total)}%`;
    };
    request.onerror = () => reject(new Error("The connection was lost. Try again."));
    request.onload = () => (request.status < 300 ? resolve() : reject(new Error(refusal(request))));
    request.open("POST", url);
    request.send(form);
  });
}

function refusal({ status, responseText }) {
  const [, code = status] = /<Code>(\w+)<\/Code>/.exec(responseText) ?? [];
  if (code === "EntityTooLarge") return `“${photo.name}” is larger than allowed.`;
  if (code === "EntityTooSmall") return `“${photo.name}” is empty.`;
  return `The photo was not accepted (${code}). Try again.`;
}

// Outcome

function listen(key) {
  const events = new EventSource(`/events?key=${encodeURIComponent(key)}`);
  const slow = setTimeout(() => {
    of("status").textContent = "This is taking longer than usual. You can close the page; the work goes on.";
  }, SLOW_MS);
  events.onmessage = ({ data }) => {
    events.close();
    clearTimeout(slow);
    const outcome = JSON.parse(data);
    performance.mark("told");
    if (outcome.event === "ready") show(outcome);
    else fail(outcome);
  };
}

function fail({ reason }) {
  enter("failed");
  complain(`“${photo.name}” could not be processed: ${reason}.`);
}

/** Shows the photo as any other visitor gets it: from the CDN, with the placeholder until it is there. */
function show({ width, height, thumbhash, colour, variants }) {
  shape(width, height);
  point.hidden = true;
  frame.classList.remove("unseen");
  frame.style.background = colour;
  URL.revokeObjectURL(preview.src);
  preview.removeAttribute("src");
  preview.hidden = true;
  const placeholder = document.createElement("canvas");
  if (thumbhash) draw(placeholder, thumbhash);
  frame.append(placeholder, picture(variants));
  const square = variants.find(({ folder }) => folder === SQUARE);
  of("square").style.background = colour;
  of("square").src = square.url;
  of("sizes").replaceChildren(...variants.map(line));
  enter("shown", "Your photo is ready.");
}

/** WebP for browsers that read it, the original's format for the others. */
function picture(variants) {
  const whole = variants.filter(({ folder }) => folder !== SQUARE);
  const [webp, plain] = [true, false].map((is) => whole.filter(({ folder }) => folder.startsWith(WEBP) === is));
  const srcset = (all) => all.map(({ url, width }) => `${url} ${width}w`).join(", ");
  const source = document.createElement("source");
  Object.assign(source, { type: "image/webp", srcset: srcset(webp), sizes: SIZES });
  const [smallest] = plain;
  const image = new Image(smallest.width, smallest.height);
  image.alt = description.value || "Your photo";
  image.onload = () => {
    image.classList.add("loaded");
    performance.mark("loaded");
  };
  image.onerror = () => complain("The photo is ready but could not be loaded. Try one of the sizes below.");
  Object.assign(image, { sizes: SIZES, srcset: srcset(plain) });
  const element = document.createElement("picture");
  element.append(source, image);
  return element;
}

function line({ url, width, height, bytes, content_type: type }) {
  const [item, link, size] = ["li", "a", "span"].map((name) => document.createElement(name));
  link.href = url;
  link.textContent = `${width} × ${height}`;
  size.textContent = `${FORMATS[type]}, ${Math.ceil(bytes / 1000)} kB`;
  item.append(link, size);
  return item;
}

for (const button of document.querySelectorAll(".again")) {
  button.addEventListener("click", () => {
    URL.revokeObjectURL(preview.src);
    frame.querySelectorAll("canvas, picture").forEach((element) => element.remove());
    frame.style.background = "";
    preview.hidden = false;
    of("progress").value = 0;
    enter("pick");
    file.focus();
  });
}
