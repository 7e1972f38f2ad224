import { describe, expect, it } from "vitest";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { authenticate, bindRequest, login } from "../support/login.ts";
import { wrapStore } from "../support/wrapped-store.ts";
import { enable, resume } from "./support.ts";

const elements = [
  ["a second request for stream management", enable("resume='true'")],
  ["STARTTLS", "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"],
  ["a login", "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth>"],
] as const;

describe("RFC 6120 section 4.4: nothing follows the end tag of a stream whose session waits for the next start", () => {
  it.each(elements)("whatever the client goes on to say: %s", async (_, element) => {
    let begun: (() => void) | undefined;
    const memory = createMemoryStore(projections);
    const store = wrapStore(memory, {
      // While one commit is slow, the end tag waits for the next one, and so would what comes after it.
      appendMany: async (batch) => {
        begun?.();
        if (begun !== undefined) await new Promise((resolve) => setTimeout(resolve, 40));
        return memory.appendMany(batch);
      },
    });
    const server = await startServer({ allowPlaintext: true, parts: { store } });
    await server.addUser("romeo", "secret");
    const { raw } = await login(server, { user: "romeo", over: "plaintext" });
    raw.send(enable("resume='true'"));
    await raw.expect(/<enabled [^>]*>/);
    await new Promise<void>((resolve) => {
      begun = resolve;
      raw.send("<presence/>");
    });
    const stopped = server.stop();
    raw.send(element);
    await raw.closed();
    expect(raw.received.slice(raw.received.indexOf("</stream:stream>"))).toBe("</stream:stream>");
    raw.destroy();
    await stopped;
  });
});

describe("XEP-0198 section 5: what a session says at its end to have handled, it has handled", () => {
  it("whatever comes after an error of the stream, a request to bind as well", async () => {
    const server = await startServer({ allowPlaintext: true });
    for (const user of ["romeo", "juliet"]) await server.addUser(user, "secret");
    const { raw } = await login(server, { user: "romeo", over: "plaintext" });
    raw.send(enable("resume='true'"));
    const [, id] = /id="([^"]+)"/.exec(await raw.expect(/<enabled [^>]*>/))!;
    raw.send(`<presence/>${enable("resume='true'")}<message to='juliet@localhost'><body>lost</body></message>${bindRequest("another")}`);
    await raw.closed();
    raw.destroy();
    const again = await authenticate(server, { user: "romeo", over: "plaintext" });
    again.send(resume(id!, 0));
    expect(await again.expect(/<failed [^>]*>/)).toContain(` h="1"`);
    again.destroy();
    await server.stop();
  });
});
