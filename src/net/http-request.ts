/** A request as Node has read it, for those who answer it. */
import type { IncomingMessage } from "node:http";
import { httpTargetCharsMax } from "../domain/limits.ts";
import { textResponse, type HttpRequest, type HttpResponse } from "./http-route.ts";

/** The client went away in the middle of its request: nobody is left to be answered. */
export class ClientGoneError extends Error {
  override readonly name = "ClientGoneError";
}

/** An answer where what is asked for cannot be understood. */
export function readRequest(message: IncomingMessage, secure: boolean): HttpRequest | HttpResponse {
  const target = message.url ?? "";
  if (target.length > httpTargetCharsMax) return textResponse(414, `The address has ${target.length} characters, at most ${httpTargetCharsMax} are taken.`);
  // RFC 9112 section 3.2: this is an origin server, and no proxy.
  if (!target.startsWith("/")) return textResponse(400, "What is asked for has to begin with a slash.");
  const cut = target.indexOf("?");
  const { remoteAddress = "", localAddress = "" } = message.socket;
  return {
    method: message.method ?? "GET",
    path: cut < 0 ? target : target.slice(0, cut),
    query: new URLSearchParams(cut < 0 ? "" : target.slice(cut + 1)),
    remoteAddress,
    localAddress,
    secure,
    header(name) {
      const value = message.headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
    body: (bytesMax) => readBody(message, bytesMax),
  };
}

function readBody(message: IncomingMessage, bytesMax: number): Promise<Uint8Array | undefined> {
  if (Number(message.headers["content-length"] ?? 0) > bytesMax) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const take = (chunk: Buffer): void => {
      bytes += chunk.byteLength;
      if (bytes <= bytesMax) {
        chunks.push(chunk);
        return;
      }
      message.off("data", take).pause();
      resolve(undefined);
    };
    const gone = (): void => reject(new ClientGoneError("the client left before its request was complete"));
    message.on("data", take).once("end", () => resolve(Buffer.concat(chunks))).once("error", gone).once("close", gone);
  });
}
