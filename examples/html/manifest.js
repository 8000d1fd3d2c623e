// Fills each `<figure data-photo="KEY">` from its manifest. While the manifest is missing the caption stays.

const cdn = "https://d111111abcdef8.cloudfront.net";
const group = "wide/";
const attempts = 15;
const pauseMilliseconds = 2000;

export async function fill(figure) {
  const [image, caption] = [figure.querySelector("img"), figure.querySelector("figcaption")];
  const manifest = await manifestOf(figure.dataset.photo);
  if (!manifest) return (caption.textContent = "Your photo cannot be shown.");
  const variants = manifest.variants.filter(({ folder }) => folder.startsWith(group));
  variants.sort((one, other) => one.width - other.width);
  image.style.backgroundColor = manifest.colour ?? "";
  image.srcset = variants.map(({ url, width }) => `${url} ${width}w`).join(", ");
  image.src = variants[0].url;
  image.hidden = false;
  caption.textContent = "";
}

/** The manifest, which is there some seconds after the upload; null if it does not come. */
export async function manifestOf(key) {
  const address = `${cdn}/manifests/${key.split("/").map(encodeURIComponent).join("/")}.json`;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if (attempt) await new Promise((resume) => setTimeout(resume, pauseMilliseconds));
    const answer = await fetch(address).catch(() => null);
    if (answer?.ok) return answer.json();
  }
  return null;
}

document.querySelectorAll("[data-photo]").forEach(fill);
