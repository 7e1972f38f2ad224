/** A request's body as it comes from the network: in however many pieces, it takes little more memory than it has bytes. */
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { askerOf } from "../../src/net/forwarded.ts";
import { readRequest } from "../../src/net/http-request.ts";
import { collect } from "../support/collect.ts";

describe("A body of an HTTP request that comes byte by byte", () => {
  it("takes little more memory than it has bytes, before it is whole", async () => {
    const message = Object.assign(new IncomingMessage(new Socket()), { url: "/", method: "POST", headers: { host: "localhost" } });
    const request = readRequest(message, askerOf({ address: "192.0.2.1", tls: null }, () => undefined, { trusted: [], header: "x-forwarded-for" }));
    if (!("body" in request) || typeof request.body !== "function") throw new Error("the request was refused");
    const body = request.body(300_000);
    const before = bytesInUse();
    for (let pushed = 0; pushed < 300_000; pushed += 1_000) {
      for (let index = 0; index < 1_000; index += 1) message.push(Buffer.from("x"));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(message.readableLength).toBe(0);
    expect(bytesInUse() - before).toBeLessThan(8 * 1_048_576);
    message.push(null);
    expect((await body)?.byteLength).toBe(300_000);
  });
});

/** Of what stands for the pieces; the bytes themselves lie elsewhere, and are given back later than they are free. */
function bytesInUse(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
