// The side of sharp: answers one line of JSON for every photo that it is asked for. The protocol is
// the one of `src/worker.rs`.
//
// sharp is used as its documentation recommends for a function: one thread, no cache of operations,
// sequential reading, shrinking while loading, which is its default.

import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import sharp from 'sharp';

sharp.concurrency(1);
sharp.cache(false);

const JPEG = { quality: 80, progressive: true };
const READING = { sequentialRead: true };

/** A pipeline per variant, each from the original: what the documentation shows. */
const pipelines = (options) => async (photo, sizes) => {
  const files = [];
  for (const [width, height] of sizes) {
    const pipeline = sharp(photo, READING).autoOrient().resize({ width, height, fit: 'cover' });
    files.push(await pipeline.jpeg(options).toBuffer());
  }
  return files;
};

/**
 * One decode: the large variant as pixels, and the smaller ones from these. Possible only because all
 * have the same shape.
 */
const chained = async (photo, sizes) => {
  const [[width, height], ...smaller] = sizes;
  const pipeline = sharp(photo, READING).autoOrient().resize({ width, height, fit: 'cover' });
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  const { channels } = info;
  const large = () => sharp(data, { raw: { width, height, channels } });
  const files = [await large().jpeg(JPEG).toBuffer()];
  for (const [width, height] of smaller) {
    files.push(await large().resize({ width, height, fit: 'cover' }).jpeg(JPEG).toBuffer());
  }
  return files;
};

const WAYS = {
  pipelines: pipelines(JPEG),
  chained,
  mozjpeg: pipelines({ ...JPEG, mozjpeg: true }),
};

function peakKib() {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
}

const way = WAYS[process.argv[2]];
if (!way) throw new Error(`no such way: ${process.argv[2]}`);

for await (const line of createInterface({ input: process.stdin })) {
  const { photo, results, sizes } = JSON.parse(line);
  const bytes = readFileSync(photo);
  const before = process.cpuUsage();
  const files = await way(bytes, sizes);
  const { user, system } = process.cpuUsage(before);
  const peak = peakKib();
  files.forEach((file, index) => writeFileSync(`${results}/${index}.jpg`, file));
  const answer = {
    cpu_micros: user + system,
    file_bytes: files.map((file) => file.length),
    peak_kib: peak,
    stage_micros: null,
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
