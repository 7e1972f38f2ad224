/** A request as Node has read it, for those who answer it. */
import type { IncomingMessage } from "node:http";
import { bodyPiecesMax, httpTargetCharsMax } from "../domain/limits.ts";
import type { Asker } from "./forwarded.ts";
import { textResponse, type HttpRequest, type HttpResponse } from "./http-route.ts";

/** The client went away in the middle of its request: nobody is left to be answered. */
export class ClientGoneError extends Error {
  override readonly name = "ClientGoneError";
}

/** An answer where what is asked for cannot be understood. */
export function readRequest(message: IncomingMessage, asker: Asker | undefined): HttpRequest | HttpResponse {
  if (asker === undefined) return textResponse(400, "The proxy does not say for whom it asks: its header has to have an IP address for each hop.");
  const target = message.url ?? "";
  if (target.length > httpTargetCharsMax) return textResponse(414, `The address has ${target.length} characters, at most ${httpTargetCharsMax} are taken.`);
  const place = placeIn(target);
  if (place === undefined) return textResponse(400, "What is asked for has to begin with a slash, or to be a whole address of this server.");
  const { path, query, scheme, authority } = place;
  const { remoteAddress, loopback, seemsLoopback, secure, tls } = asker;
  // RFC 9110 section 7.4: what is asked for under TLS is not answered without it.
  if (scheme !== undefined && scheme !== (secure ? "https" : "http")) return textResponse(421, `This server is not reached by ${scheme} here.`);
  const { localAddress = "" } = message.socket;
  return {
    method: message.method ?? "GET",
    path,
    query: new URLSearchParams(query),
    remoteAddress,
    localAddress,
    loopback,
    seemsLoopback,
    secure,
    tls,
    header(name) {
      if (name === "host" && authority !== undefined) return authority;
      const value = message.headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
    body: (bytesMax) => readBody(message, bytesMax),
    pieces: () => piecesOf(message),
  };
}

/** RFC 9112 section 3.2.2: an address comes whole to proxies, and an origin server takes it too. undefined: it is no address. */
function placeIn(target: string) {
  const whole = /^(https?):\/\/([^/?#@]+)([/?].*)?$/i.exec(target);
  const rest = whole === null ? target : (whole[3] ?? "/");
  if (whole === null && !target.startsWith("/")) return undefined;
  const cut = rest.indexOf("?");
  return {
    path: (cut < 0 ? rest : rest.slice(0, cut)) || "/",
    query: cut < 0 ? "" : rest.slice(cut + 1),
    scheme: whole?.[1]?.toLowerCase(),
    /** Under which name this server is asked, whatever a Host header says. */
    authority: whole?.[2],
  };
}

async function* piecesOf(message: IncomingMessage): AsyncIterable<Uint8Array> {
  try {
    for await (const piece of message) yield piece as Uint8Array;
  } catch (error) {
    throw new ClientGoneError("the client left before its request was complete", { cause: error });
  }
  if (!message.complete) throw new ClientGoneError("the client left before its request was complete");
}

function readBody(message: IncomingMessage, bytesMax: number): Promise<Uint8Array | undefined> {
  if (Number(message.headers["content-length"] ?? 0) > bytesMax) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let bytes = 0;
    const take = (chunk: Buffer): void => {
      bytes += chunk.byteLength;
      if (bytes <= bytesMax) {
        chunks.push(chunk);
        // A piece of one byte takes a hundred times as much.
        if (chunks.length > bodyPiecesMax) chunks = [Buffer.concat(chunks)];
        return;
      }
      message.off("data", take).pause();
      resolve(undefined);
    };
    const gone = (): void => reject(new ClientGoneError("the client left before its request was complete"));
    message.on("data", take).once("end", () => resolve(Buffer.concat(chunks))).once("error", gone).once("close", gone);
  });
}
