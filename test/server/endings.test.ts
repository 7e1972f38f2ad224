import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { pino, type Logger } from "pino";
import { describe, expect, it } from "vitest";
import { stateName } from "../../machines/state-name.ts";
import type { RecordedSnapshot } from "../../machines/fold.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import type { Json, Store } from "../../src/ports.ts";
import { authenticate, connectSecure, login, saslPlain, streamHeader } from "../support/login.ts";
import { wrapStore } from "../support/wrapped-store.ts";
import { root } from "../tidy/sources.ts";
import { expectLogin, expectStreamError, startWithUsers } from "../streams/support.ts";

interface Line {
  readonly level: number;
  readonly msg: string;
}

/** A logger that keeps its lines. */
function keeping(): { readonly lines: Line[]; readonly logger: Logger } {
  const lines: Line[] = [];
  return { lines, logger: pino({ level: "debug" }, { write: (text: string) => void lines.push(JSON.parse(text) as Line) }) };
}

/** The facts of all sessions, in order. */
async function sessionFacts(store: Store): Promise<readonly { readonly type: string; readonly data: Json }[]> {
  return (await store.readAll(0, 100_000)).filter(({ stream }) => stream.startsWith("session/"));
}

describe("Stopping", () => {
  it("records the end of a client that never closes its stream, and reports no failure", async () => {
    const { lines, logger } = keeping();
    const inner = createMemoryStore(projections);
    let closed = false;
    // The port itself, closed late enough to be read once more.
    const store = wrapStore(inner, { close: async () => void (closed = true) });
    const server = await startWithUsers({ logger, parts: { store }, session: { closeTimeoutMs: 60_000 } });
    const { raw } = await login(server, { user: "romeo", resource: "stubborn" });
    raw.pauseReading();
    await server.stop();
    expect(closed).toBe(true);
    expect(lines.filter(({ level }) => level >= 50)).toEqual([]);
    const last = (await sessionFacts(inner)).filter(({ type }) => type !== "SessionSnapshotTaken").slice(-2);
    expect(last).toMatchObject([{ type: "SessionTold", data: { state: "closed" } }, { type: "SessionEnded" }]);
    raw.destroy();
  }, 15_000);

  it("resolves in a process that nothing else keeps alive", async () => {
    const script = `
      const { startServer } = await import("refrain/testing");
      const server = await startServer();
      await server.stop();
      console.log("stopped");
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { cwd: join(root) });
    expect(stdout).toBe("stopped\n");
  });

  it("lets nobody in any more", async () => {
    const server = await startWithUsers();
    const client = await connectSecure(server);
    const stopping = server.stop();
    client.send(streamHeader("localhost"));
    await client.closed();
    await stopping;
    expect(await server.sessions()).toEqual([]);
    client.destroy();
  });
});

describe("RFC 6120 section 4.4: nothing follows the end tag", () => {
  it("holds for the answer to a stanza whose account was still being loaded", async () => {
    let release = (): void => {};
    let waits = false;
    const inner = createMemoryStore(projections);
    const store = wrapStore(inner, {
      query: async (...args) => {
        if (waits) await new Promise<void>((resolve) => (release = resolve));
        return inner.query(...args);
      },
    });
    const server = await startWithUsers({ parts: { store } });
    const { raw, jid } = await login(server, { user: "romeo", resource: "r" });
    waits = true;
    raw.send("<message to='nobody@localhost' id='m1'><body>hark</body></message>");
    await expect.poll(() => release.name).not.toBe("release");
    server.session(jid)!.close();
    await raw.expect("</stream:stream>");
    waits = false;
    release();
    raw.send("</stream:stream>");
    await raw.closed();
    expect(raw.received.slice(raw.received.indexOf("</stream:stream>"))).toBe("</stream:stream>");
    raw.destroy();
    await server.stop();
  });
});

describe("A store that fails while the server stops", () => {
  it("is told to who stops it, with everything closed", async () => {
    let fails = false;
    let closed = false;
    const inner = createMemoryStore(projections);
    const store = wrapStore(inner, {
      appendMany: (batch) => (fails ? Promise.reject(new Error("no room")) : inner.appendMany(batch)),
      close: async () => void (closed = true),
    });
    const server = await startWithUsers({ parts: { store } });
    const { raw } = await login(server, { user: "romeo", resource: "r" });
    fails = true;
    await expect(server.stop()).rejects.toThrow("no room");
    expect(closed).toBe(true);
    raw.destroy();
  });
});

describe("A disk that hangs", () => {
  it("does not outlive the deadline of a login that waits for it (every state before connected has one)", async () => {
    let hangs = false;
    const inner = createMemoryStore(projections);
    const store = wrapStore(inner, { secret: (...args) => (hangs ? new Promise(() => {}) : inner.secret(...args)) });
    const server = await startWithUsers({ parts: { store }, session: { negotiationTimeoutMs: 300 } });
    hangs = true;
    const client = await connectSecure(server);
    client.send(streamHeader("localhost") + saslPlain("romeo"));
    await expectStreamError(client, "connection-timeout");
    await expect.poll(() => server.sessions()).toEqual([]);
    hangs = false;
    await expectLogin(server);
    await server.stop();
  });
});

describe("RFC 6120 section 6.5.7 invalid-mechanism", () => {
  it("is no failed login, but is not answered without end", async () => {
    const { lines, logger } = keeping();
    const server = await startWithUsers({ logger });
    const client = await connectSecure(server);
    client.send(streamHeader("localhost"));
    await client.expect("</stream:features>");
    const auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='NONSENSE'/>";
    for (let tries = 0; tries < 8; tries++) {
      client.send(auth);
      await client.expect(/invalid-mechanism.*?<\/failure>/);
    }
    for (let tries = 0; tries < 3; tries++) client.send(auth);
    await expectStreamError(client, "policy-violation");
    expect(lines.filter(({ level, msg }) => level >= 30 && msg === "login failed")).toEqual([]);
    await expectLogin(server);
    await server.stop();
  });
});

describe("RFC 6121 section 4.6.3 directed presence", () => {
  it("is remembered within a bound, and cannot make the log grow faster than the client sends", async () => {
    const server = await startWithUsers();
    const romeo = await login(server, { user: "romeo", resource: "r" });
    const presence = (n: number) => `<presence to='juliet@localhost/${"x".repeat(900)}${n}'/>`;
    let sent = 0;
    for (let n = 0; n < 400; n++) {
      romeo.send(presence(n));
      sent += presence(n).length;
    }
    for (let n = 0; n < 640; n++) romeo.send("<presence to='juliet@localhost/nobody' type='unavailable'/>");
    await romeo.caughtUp();
    const context = server.server.session("romeo@localhost/r");
    expect(context?.full_jid).toBe("romeo@localhost/r");
    const recorded = (await sessionFacts(server.store)).reduce((bytes, { data }) => bytes + JSON.stringify(data).length, 0);
    expect(recorded).toBeLessThan(4 * sent);
    await romeo.close();
    await server.stop();
  });

  it("is not remembered for addresses that nobody here can be reached at", async () => {
    const server = await startWithUsers();
    const romeo = await login(server, { user: "romeo", resource: "r" });
    romeo.send("<presence to='juliet@elsewhere.example'/><presence to='localhost'/><presence to='juliet@localhost'/>");
    await romeo.caughtUp();
    const told = (await sessionFacts(server.store)).map(({ data }) => data as { readonly event?: { readonly type: string; readonly to?: string } });
    expect(told.flatMap(({ event }) => (event?.type === "presence.directed" ? [event.to] : []))).toEqual(["juliet@localhost"]);
    await romeo.close();
    await server.stop();
  });
});

describe("What an operator reads", () => {
  it("tells when a session began, what it bound and why it ended", async () => {
    const { lines, logger } = keeping();
    const server = await startWithUsers({ logger });
    const client = await login(server, { user: "romeo", resource: "r" });
    await client.close();
    await expect.poll(() => lines.map(({ msg }) => msg)).toContain("session closed");
    const of = (msg: string) => lines.find((line) => line.msg === msg);
    expect(of("logged in")).toMatchObject({ level: 30, jid: "romeo@localhost", secure: "TLSv1.3" });
    expect(of("resource bound")).toMatchObject({ level: 30, jid: "romeo@localhost/r" });
    expect(of("session closed")).toMatchObject({ level: 30, reason: "the client closed its stream" });
    await server.stop();
  });

  it("is not written by strangers: a stream that ends before a login is for debugging only", async () => {
    const { lines, logger } = keeping();
    const server = await startWithUsers({ logger });
    const client = await connectSecure(server);
    client.send("<!DOCTYPE x>");
    await client.closed();
    await expect.poll(() => lines.map(({ msg }) => msg)).toContain("session closed");
    expect(lines.find(({ msg }) => msg === "session closed")).toMatchObject({ level: 20 });
    client.destroy();
    await server.stop();
  });
});

/** The first snapshot of a session's stream names its state. */
describe("The session's stream in the log", () => {
  it("opens with a snapshot that can be folded on", async () => {
    const server = await startWithUsers();
    const client = await authenticate(server, { user: "romeo" });
    const first = (await sessionFacts(server.store))[0]!;
    expect(first.type).toBe("SessionSnapshotTaken");
    expect(stateName((first.data as unknown as RecordedSnapshot).value)).toBe("authenticated.awaitingRestart");
    client.destroy();
    await server.stop();
  });
});
