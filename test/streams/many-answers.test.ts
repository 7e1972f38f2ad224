import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Extension } from "../../src/router/extension.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { el } from "../../src/xml/stanza.ts";
import { login, type BoundClient } from "../support/login.ts";

const xmlns = "urn:example:encyclopaedia";
const text = "x".repeat(300_000);
/** Requests so far, and whoever waits for the first. */
let answered = 0;
let begun: () => void = () => {};
const encyclopaedia: Extension = {
  name: "encyclopaedia",
  specification: { id: "test", title: "Large answers" },
  iq: [
    {
      xmlns,
      name: "volume",
      types: ["get"],
      at: ["server"],
      handle: () => {
        answered += 1;
        begun();
        return { result: el("volume", { xmlns }, text) };
      },
    },
  ],
};

let server: TestServer;
let greedy: BoundClient;
let modest: BoundClient;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [encyclopaedia] });
  for (const name of ["greedy", "modest"]) await server.addUser(name, "secret");
  greedy = await login(server, { user: "greedy", over: "plaintext" });
  modest = await login(server, { user: "modest", over: "plaintext" });
});
afterAll(() => server.stop());

const get = (id: string): string => `<iq type='get' id='${id}' to='localhost'><volume xmlns='${xmlns}'/></iq>`;

describe("RFC 6120 section 13.12 few bytes with large answers", () => {
  it("are answered a few at a time, in order, and others are answered in between", async () => {
    const ids = Array.from({ length: 40 }, (_, n) => `v${n}.`);
    const first = new Promise<void>((resolve) => (begun = resolve));
    greedy.send(ids.map(get).join(""));
    await first;
    expect(await modest.caughtUp()).toEqual([]);
    expect(answered).toBeLessThan(ids.length / 2);
    await greedy.raw.expect(`id="${ids.at(-1)}"`, 15_000);
    expect(answered).toBe(ids.length);
    expect([...greedy.raw.received.matchAll(/id="(v\d+\.)"/g)].map(([, id]) => id)).toEqual(ids);
  });
});
