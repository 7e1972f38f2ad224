/** A web site that is nothing but files, at an origin of its own: what people put a web client on. */
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import type { AddressInfo } from "node:net";

export interface Site {
  readonly origin: string;
  close(): Promise<void>;
}

/** Of each path what is there: the text, or a file. */
export type Files = (path: string) => string | URL | undefined | Promise<string | URL | undefined>;

export async function openSite(files: Files): Promise<Site> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    Promise.resolve(files(pathname))
      .then(async (found) => (found instanceof URL ? readFile(found) : found))
      .catch(() => undefined)
      .then((body) => {
        response.writeHead(body === undefined ? 404 : 200, { "content-type": types[extname(pathname)] ?? "application/octet-stream" });
        response.end(body);
      });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const types: Readonly<Record<string, string>> = {
  "": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
};
