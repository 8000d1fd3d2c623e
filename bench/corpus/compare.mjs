// Holds what imgprep draws of a folder of test images against sharp (libvips).
//   node compare.mjs BINARY FOLDER...
// Prints three counts and their lists: files on which imgprep crashed, files of which it draws something
// else without a warning (less than 28 dB), and files that it refuses though sharp takes them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

// Where sharp is: bench/node_modules, which bench/run fills, or another folder's.
const root = process.env.CORPUS_MODULES ?? join(import.meta.dirname, '..');
const sharp = createRequire(join(root, 'package.json'))('sharp');

const SIDE = 1024;
const LEAST_DECIBELS = 28;
const KINDS = /\.(png|apng|gif|webp|tiff?|bmp|jpe?g|heic)$/i;

function files(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && KINDS.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

// On white, so that the colours of what is clear don't count; and its size.
async function pixels(image) {
  const { data, info } = await image
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, channels: info.channels, size: `${info.width}x${info.height}` };
}

function decibels(one, other) {
  const count = one.data.length / one.channels;
  let sum = 0;
  for (let pixel = 0; pixel < count; pixel += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      const at = (side) => side.data[pixel * side.channels + Math.min(channel, side.channels - 1)];
      sum += (at(one) - at(other)) ** 2;
    }
  }
  return sum === 0 ? Infinity : 10 * Math.log10(255 ** 2 / (sum / (3 * count)));
}

async function ofSharp(name) {
  const image = sharp(name, { failOn: 'warning' }).autoOrient();
  return pixels(image.resize(SIDE, SIDE, { fit: 'inside', withoutEnlargement: true }));
}

const [binary, ...folders] = process.argv.slice(2);
if (folders.length === 0) {
  console.error('usage: node compare.mjs BINARY FOLDER...');
  process.exit(2);
}
const names = folders.flatMap(files);
const drawn = mkdtempSync(join(tmpdir(), 'corpus-'));
mkdirSync(drawn, { recursive: true });
const options = { input: names.join('\n'), encoding: 'utf8', maxBuffer: 1 << 26 };
const { stdout, status } = spawnSync(binary, [drawn, String(SIDE)], options);
if (status !== 0) throw new Error(`${binary} ended with ${status}`);
const found = { crashed: [], 'silently unlike': [], 'refused though sharp takes it': [] };
let both = 0;
for (const line of stdout.trimEnd().split('\n')) {
  const [number, outcome, about] = line.split('\t');
  const name = names[Number(number)];
  if (outcome === 'crashed') {
    found.crashed.push(`${name}: ${about}`);
    continue;
  }
  let theirs;
  try {
    theirs = await ofSharp(name);
  } catch {
    continue;
  }
  if (outcome === 'refused') {
    found['refused though sharp takes it'].push(`${name}: ${about}`);
    continue;
  }
  both += 1;
  const ours = await pixels(sharp(join(drawn, `${number}.png`)));
  const alike = ours.size === theirs.size ? decibels(ours, theirs) : -Infinity;
  if (outcome === 'drawn' && alike < LEAST_DECIBELS) {
    const why = ours.size === theirs.size ? `${alike.toFixed(1)} dB` : `${ours.size}, not ${theirs.size}`;
    found['silently unlike'].push(`${name}: ${why}`);
  }
}
rmSync(drawn, { recursive: true });
console.log(`${names.length} files, ${both} of them drawn by both`);
for (const [what, list] of Object.entries(found)) {
  console.log(`${what}: ${list.length}`);
  list.forEach((entry) => console.log(`  ${entry}`));
}
