import { afterEach, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { enable } from "../management/support.ts";
import { login } from "../support/login.ts";
import { FailingStore } from "./failing-store.ts";

const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

describe("A link whose last words wait for a commit that fails is closed all the same", () => {
  it.each([
    ["its client has closed the stream", "</stream:stream>"],
    ["its stream has met an error, and its time to close is over", "<message><body></message>"],
  ])("where %s", async (_, text) => {
    const store = new FailingStore();
    const server = await startServer({ allowPlaintext: true, session: { closeTimeoutMs: 100 }, parts: { openStore: store.openStore } });
    servers.push(server);
    await server.addUser("romeo", "secret");
    const { raw, jid } = await login(server, { user: "romeo", over: "plaintext" });
    raw.send(enable("resume='true'"));
    await raw.expect(/<enabled [^>]*>/);
    store.hangs = true;
    raw.send(`<presence/>${text}`);
    while (server.session(jid) !== undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    store.hangs = false;
    store.reportFatal();
    await raw.closed(1_000);
    expect(raw.received).not.toContain("</stream:stream>");
    raw.destroy();
  });
});
