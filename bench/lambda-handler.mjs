// A function as one would write it with sharp, around the smallest client of the runtime API that
// there can be: Lambda's own for Node.js does more before it asks for its first event.

import http from 'node:http';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import sharp from 'sharp';

sharp.concurrency(1);
sharp.cache(false);
const s3 = new S3Client({});

export async function handler({ bucket, key }) {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  const photo = Buffer.from(await Body.transformToByteArray());
  for (const [width, height] of [[800, 600], [400, 300]]) {
    const pipeline = sharp(photo, { sequentialRead: true }).autoOrient();
    const variant = await pipeline.resize({ width, height, fit: 'cover' })
      .jpeg({ quality: 80, progressive: true }).toBuffer();
    const Key = key.replace(/^originals\//, `${width}x${height}/`);
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: variant }));
  }
}

const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;
http.get(`${api}/next`, (answer) => {
  let text = '';
  answer.on('data', (chunk) => { text += chunk; });
  answer.on('end', () => handler(JSON.parse(text)));
});
