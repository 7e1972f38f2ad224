/** What operators are told of web pages that are not let in. */
import { describe, expect, it } from "vitest";
import type { LimitName } from "../../src/domain/refusals.ts";
import type { HttpRequest } from "../../src/net/http-route.ts";
import { originPolicy } from "../../src/net/origins.ts";
import { MemoryLog } from "./support.ts";

function setting() {
  let now = 1_000_000;
  const log = new MemoryLog();
  const refusals: LimitName[] = [];
  const clock = { now: () => now } as never;
  const isLetIn = originPolicy({ hosts: ["example.org"], origins: ["https://chat.example"], clock, log, refused: (limit) => refusals.push(limit) });
  return {
    log,
    refusals,
    ask: (origin: string) => isLetIn({ path: "/http-bind", secure: true, remoteAddress: "192.0.2.1", header: (name: string) => (name === "origin" ? origin : undefined) } as HttpRequest),
    pass: (ms: number) => void (now += ms),
  };
}

const line = (origin: string, more = "") =>
  `info http.origin: HTTP: a page from ${origin} wanted /http-bind and is not let in${more}; if it is to be, name that origin in listen.http.origins`;

describe("RFC 6454 section 7 a request from an origin that is not let in", () => {
  it("is told in the log and counted, one that is let in is not", () => {
    const { ask, log, refusals } = setting();
    expect([ask("https://chat.example"), ask("https://example.org"), ask("https://other.example")]).toEqual([true, true, false]);
    expect([log.lines, refusals]).toEqual([[line("https://other.example")], ["listen.http.origins"]]);
  });

  it("is told once a minute, with how many there were", () => {
    const { ask, pass, log, refusals } = setting();
    for (let count = 0; count < 1_000; count += 1) ask("https://other.example");
    pass(60_000);
    ask("https://another.example");
    expect(log.lines).toEqual([line("https://other.example"), line("https://another.example", ", nor were 999 requests since this was told last")]);
    expect(refusals).toHaveLength(1_000 + 1);
  });

  it("is told in characters that move nothing in a terminal, and not at any length", () => {
    const { ask, log } = setting();
    ask(`https://\u009b2J.example/${"x".repeat(1_000)}`);
    expect(log.lines).toEqual([line(`https://?2J.example/${"x".repeat(180)}`)]);
  });
});
