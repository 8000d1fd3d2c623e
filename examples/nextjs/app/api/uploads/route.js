import { newUpload } from "../../../lib/uploads.js";

/** POST { "content_type": "image/jpeg" }. Let only those call it who may upload. */
export async function POST(request) {
  const asked = await request.json().catch(() => null);
  const upload = await newUpload(asked?.content_type);
  if (!upload) return Response.json({ error: "this type of file is not accepted" }, { status: 415 });
  return Response.json(upload, { status: 201 });
}
