// Draws a ThumbHash (https://evanw.github.io/thumbhash/): a few cosine waves of brightness, of two
// differences of colours and of alpha, each wave's strength in four bits.

const SIDE = 32;

/** Fills a canvas, which CSS then stretches to the photo's shape. */
export function draw(canvas, base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const pixels = decode(bytes);
  canvas.width = canvas.height = SIDE;
  canvas.getContext("2d").putImageData(new ImageData(pixels, SIDE, SIDE), 0, 0);
}

function decode(bytes) {
  // The first five bytes are numbers of a few bits each, the lowest first.
  let position = 0;
  const take = (bits) => {
    let value = 0;
    for (let bit = 0; bit < bits; bit++, position++) {
      value |= ((bytes[position >> 3] >> (position & 7)) & 1) << bit;
    }
    return value;
  };
  const brightness = { mean: take(6) / 63 };
  const yellowBlue = { mean: take(6) / 31.5 - 1 };
  const redGreen = { mean: take(6) / 31.5 - 1 };
  brightness.strongest = take(5) / 31;
  const hasAlpha = take(1);
  const shorter = take(3);
  yellowBlue.strongest = take(6) / 63;
  redGreen.strongest = take(6) / 63;
  const longer = hasAlpha ? 5 : 7;
  const [across, down] = take(1) ? [longer, shorter] : [shorter, longer];
  const alpha = hasAlpha ? { mean: take(4) / 15, strongest: take(4) / 15 } : { mean: 1, strongest: 0 };

  // The waves follow: those that are high in both directions are left out.
  const planes = [
    plane(brightness, Math.max(across, 3), Math.max(down, 3), take),
    plane(yellowBlue, 3, 3, take),
    plane(redGreen, 3, 3, take),
    hasAlpha ? plane(alpha, 5, 5, take) : new Float64Array(SIDE * SIDE).fill(1),
  ];
  const pixels = new Uint8ClampedArray(4 * SIDE * SIDE);
  for (let index = 0; index < SIDE * SIDE; index++) {
    const [light, yellow, red, opacity] = planes.map((values) => values[index]);
    const blue = light - (2 / 3) * yellow;
    const sum = 3 * light - blue;
    pixels.set([(sum + red) / 2, (sum - red) / 2, blue, opacity].map((value) => 255 * value), 4 * index);
  }
  return pixels;
}

/** One channel: its mean, and waves that swing around it. */
function plane({ mean, strongest }, across, down, take) {
  const values = new Float64Array(SIDE * SIDE).fill(mean);
  for (let v = 0; v < down; v++) {
    for (let u = v ? 0 : 1; u * down < across * (down - v); u++) {
      // A wave that runs in both directions counts twice in each.
      const amplitude = (take(4) / 7.5 - 1) * strongest * (u ? 2 : 1) * (v ? 2 : 1);
      for (let y = 0; y < SIDE; y++) {
        for (let x = 0; x < SIDE; x++) values[y * SIDE + x] += amplitude * wave(u, x) * wave(v, y);
      }
    }
  }
  return values;
}

const wave = (count, pixel) => Math.cos((Math.PI / SIDE) * count * (pixel + 0.5));
