/** Where files are put and fetched: `/upload/ID/NAME`, with `?slot=TOKEN` to put one (XEP-0363). */
import { httpBodyMsMax } from "../domain/limits.ts";
import type { CountRefusal } from "../domain/refusals.ts";
import { textResponse, type HttpRequest, type HttpResponse, type HttpRoute } from "../net/http-route.ts";
import { UploadError, type UploadedFile } from "./files.ts";
import { disposition, isShown, mediaType, toldType, withoutParameters } from "./media-type.ts";
import { pathOf } from "./place.ts";
import type { Uploads } from "./uploads.ts";

/** Pages of other sites may put and fetch: what is needed for it is in the address alone. */
const cors = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "content-length, content-range, content-disposition, etag",
  "cross-origin-resource-policy": "cross-origin",
  "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
};

/** Time for the largest file over a link of 64 KB/s, and never less than a minute. */
const bytesPerMs = 64;

export function uploadRoutes(uploads: Uploads, refused: CountRefusal): readonly HttpRoute[] {
  const requestMs = Math.min(httpBodyMsMax, Math.max(60_000, Math.ceil(uploads.limits.maxFileBytes / bytesPerMs)));
  return [
    {
      path: "/upload/",
      headers: cors,
      requestMs,
      methods: { OPTIONS: preflight, PUT: (request) => put(uploads, refused, request), GET: (request) => get(uploads, request) },
    },
  ];
}

function preflight(): HttpResponse {
  const headers = {
    "access-control-allow-methods": "OPTIONS, HEAD, GET, PUT",
    "access-control-allow-headers": "Content-Type, Range",
    "access-control-max-age": "7200",
  };
  return { status: 204, headers };
}

async function put(uploads: Uploads, refused: CountRefusal, request: HttpRequest): Promise<HttpResponse> {
  const place = pathOf(request.path);
  const slot = place && uploads.read(request.query.get("slot") ?? "", place);
  if (slot === undefined) return textResponse(403, "This slot is not for this place, or its time is over: ask for another one.");
  const length = request.header("content-length");
  // XEP-0363 section 7: what is not of the size that was named is rejected, before it is read where it says so itself.
  if (length === undefined) return textResponse(411, "Say how long the file is, in Content-Length.");
  if (Number(length) !== slot.size) return textResponse(413, `The slot is for ${slot.size} bytes, not for ${length}.`);
  const given = request.header("content-type");
  if (slot.type !== undefined && given !== undefined && withoutParameters(mediaType(given)) !== withoutParameters(slot.type)) {
    return textResponse(415, `The slot is for ${slot.type}.`);
  }
  try {
    await uploads.put(slot, slot.type ?? mediaType(given), request.pieces());
  } catch (error) {
    if (!(error instanceof UploadError)) throw error;
    if (error.code === "disk-full") refused("upload.freeBytesMin");
    if (error.code === "busy") refused("uploadsUnderWayMax");
    return textResponse({ "too-long": 413, "too-short": 400, exists: 409, busy: 429, forgotten: 403, "disk-full": 507 }[error.code], error.message);
  }
  return { status: 201, body: "" };
}

function get(uploads: Uploads, request: HttpRequest): HttpResponse {
  const place = pathOf(request.path);
  const file = place && uploads.find(place.id, place.name);
  if (file === undefined) return textResponse(404, "There is no such file, or not any more.");
  const headers = {
    "content-type": toldType(file.type),
    "content-disposition": disposition(isShown(file.type) ? "inline" : "attachment", file.name),
    "accept-ranges": "bytes",
    // A file never changes: its id is of its bytes alone.
    etag: `"${file.id}"`,
    "cache-control": "private, max-age=86400, immutable",
  };
  if (isKnown(request.header("if-none-match"), headers.etag)) return { status: 304, headers };
  const range = rangeOf(request, file, headers.etag);
  if (range === "unsatisfiable") return textResponse(416, "The file ends before that.", { "content-range": `bytes */${file.size}` });
  if (range === undefined) return { status: 200, headers, body: bodyOf(uploads, file, 0, file.size - 1) };
  const [start, end] = range;
  return { status: 206, headers: { ...headers, "content-range": `bytes ${start}-${end}/${file.size}` }, body: bodyOf(uploads, file, start, end) };
}

function bodyOf(uploads: Uploads, file: UploadedFile, start: number, end: number): NonNullable<HttpResponse["body"]> {
  return end < start ? "" : { bytes: end - start + 1, open: () => uploads.open(file, start, end) };
}

/** RFC 9110 section 13.1.2: whether the client has the file, as a proxy may have it, too. */
function isKnown(condition: string | undefined, etag: string): boolean {
  return condition?.split(",").map((tag) => tag.trim()).some((tag) => tag === "*" || tag === etag || tag === `W/${etag}`) === true;
}

/** RFC 9110 section 14.2: one range of bytes, by GET; more than one, or what is not understood, is as if nothing had been asked. */
function rangeOf(request: HttpRequest, { size }: UploadedFile, etag: string): readonly [number, number] | "unsatisfiable" | undefined {
  const parts = request.method === "GET" ? /^bytes=(\d{0,15})-(\d{0,15})$/.exec(request.header("range") ?? "") : null;
  const condition = request.header("if-range");
  if (parts === null || (parts[1] === "" && parts[2] === "") || (condition !== undefined && condition !== etag)) return undefined;
  const [first, last] = [parts[1] ?? "", parts[2] ?? ""];
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  return start >= size || (first === "" && Number(last) === 0) ? "unsatisfiable" : [start, end];
}
