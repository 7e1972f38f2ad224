/** The stream of a component: who gets in, and what ends it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { componentAttemptsMax } from "../../src/domain/limits.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { FailingStore } from "../server/failing-store.ts";
import { connectRaw } from "../support/raw-client.ts";
import { Component, greeted, handshake, header, said, secret, words } from "./setting.ts";

let server: TestServer;
const domains = ["echo.localhost", "other.localhost", "guessed.localhost", "spared.localhost", "slow.localhost"];
beforeAll(async () => {
  server = await startServer({ components: domains.map((domain) => ({ domain, secret })), session: { negotiationTimeoutMs: 700, closeTimeoutMs: 500 } });
});
afterAll(() => server.stop());

const error = (condition: string) => new RegExp(`<stream:error><${condition} xmlns="urn:ietf:params:xml:ns:xmpp-streams"/>.*</stream:error></stream:stream>$`, "s");

describe("XEP-0114 section 3 the header", () => {
  it("is answered from the domain of the component, with an id and without a version", async () => {
    const { raw, id } = await greeted(server, "echo.localhost");
    expect(raw.received).toBe(`<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='${id}' from='echo.localhost'>`);
    expect(id).toMatch(/^[\w-]{22}$/);
    raw.destroy();
  });

  it.each([["nobody.localhost", "host-unknown"], ["localhost", "host-unknown"], [undefined, "host-unknown"], ["a@echo.localhost", "host-unknown"]])("to %s is answered with a header and %s", async (to, condition) => {
    const raw = await said(server, header(to));
    await raw.closed();
    expect(raw.received).toMatch(/^<\?xml version='1\.0'\?><stream:stream [^>]+>/);
    expect(raw.received).toMatch(error(condition));
  });

  it("of a client's or a server's namespace is an invalid-namespace", async () => {
    for (const xmlns of ["jabber:client", "jabber:server", "jabber:component:connect"]) {
      const raw = await said(server, header("echo.localhost", xmlns));
      await raw.closed();
      expect(raw.received).toMatch(error("invalid-namespace"));
    }
  });
});

describe("XEP-0114 section 3 the handshake", () => {
  it("lets in who knows the secret", async () => {
    const echo = await Component.connect(server, "echo.localhost");
    expect((await echo.caughtUp()).map(words)).toEqual([]);
    echo.cut();
  });

  it("with another secret, in uppercase, or of another stream is a not-authorized, and the end", async () => {
    const { id: elsewhere } = await greeted(server, "echo.localhost");
    const tries = [
      (id: string) => handshake(id, "wrong"), (id: string) => handshake(id).replace(/[0-9a-f]{40}/, (hash) => hash.toUpperCase()), () => handshake(elsewhere),
      () => "<handshake/>", () => `<handshake>${"x".repeat(5_000)}</handshake>`,
    ];
    for (const attempt of tries) {
      const { raw, id } = await greeted(server, "other.localhost");
      raw.send(attempt(id));
      await raw.closed();
      expect(raw.received).toMatch(error("not-authorized"));
      expect(raw.received).not.toContain("<handshake");
    }
  });

  it("comes before anything else", async () => {
    const { raw } = await greeted(server, "echo.localhost");
    raw.send("<message from='echo.localhost' to='romeo@localhost'/>");
    await raw.closed();
    expect(raw.received).toMatch(error("not-authorized"));
  });

  it("has to come in time, and the header too", async () => {
    const raws = [await connectRaw({ port: server.componentPort }), (await greeted(server, "echo.localhost")).raw];
    for (const raw of raws) {
      await raw.closed();
      expect(raw.received).toMatch(error("connection-timeout"));
    }
  });

  it("is not listened to for a while after so many wrong secrets from one address; other components are", async () => {
    for (let count = 0; count < componentAttemptsMax; count += 1) {
      const { raw, id } = await greeted(server, "guessed.localhost");
      raw.send(handshake(id, `guess ${count}`));
      await raw.closed();
    }
    const raw = await said(server, header("guessed.localhost"));
    await raw.closed();
    expect(raw.received).toMatch(error("policy-violation"));
    (await Component.connect(server, "spared.localhost")).cut();
  });
});

describe("A component that connects again", () => {
  it("takes the place of the former stream, which is told conflict", async () => {
    const former = await Component.connect(server, "echo.localhost");
    const latter = await Component.connect(server, "echo.localhost");
    await former.raw.closed();
    expect(former.raw.received).toMatch(error("conflict"));
    expect((await latter.ask("<iq type='get' id='p' from='a@echo.localhost/b' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>")).map(words)).toEqual([
      "iq result localhost → a@echo.localhost/b",
    ]);
    latter.cut();
  });

  it("loses its place to nobody who does not know the secret", async () => {
    const echo = await Component.connect(server, "echo.localhost");
    const { raw, id } = await greeted(server, "echo.localhost");
    raw.send(handshake(id, "wrong"));
    await raw.closed();
    expect(await echo.caughtUp()).toEqual([]);
    echo.cut();
  });
});

describe("What ends the stream of a component", () => {
  it.each([
    ["<message to='romeo@localhost'/>", "improper-addressing"],
    ["<message from='echo.localhost'/>", "improper-addressing"],
    ["<message from='' to='romeo@localhost'/>", "improper-addressing"],
    ["<message from='a@@echo.localhost' to='romeo@localhost'/>", "improper-addressing"],
    ["<message from='juliet@localhost' to='romeo@localhost'/>", "invalid-from"],
    ["<message from='a@other.localhost' to='romeo@localhost'/>", "invalid-from"],
    ["<message from='a@sub.echo.localhost' to='romeo@localhost'/>", "invalid-from"],
    ["<log xmlns='jabber:component:accept'/>", "unsupported-stanza-type"],
    ["<message xmlns='urn:x' from='echo.localhost' to='romeo@localhost'/>", "unsupported-stanza-type"],
    ["<!-- -->", "restricted-xml"],
    ["<message></presence>", "not-well-formed"],
    [`<message from='echo.localhost' to='romeo@localhost'><body>${"x".repeat(262_144)}</body></message>`, "policy-violation"],
  ])("%.90s: %s", async (text, condition) => {
    const echo = await Component.connect(server, "echo.localhost");
    echo.send(text);
    await echo.raw.closed();
    expect(echo.raw.received).toMatch(error(condition));
  });

  it("is its own end tag, after what was asked before has been answered", async () => {
    const echo = await Component.connect(server, "echo.localhost");
    echo.send("<iq type='get' id='1' from='echo.localhost' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq></stream:stream>");
    await echo.raw.closed();
    expect(echo.raw.received).toMatch(/<iq type="result" id="1"[^>]*\/><\/stream:stream>$/);
  });

  it("is not white space, a malformed addressee, or a stanza that breaks the rules of stanzas", async () => {
    const echo = await Component.connect(server, "echo.localhost");
    echo.send(" \n ");
    const asked = [
      "<message from='echo.localhost' to='a@@localhost' id='1'/>", "<iq type='get' from='echo.localhost' to='localhost' id='2'/>",
      "<presence type='loud' from='echo.localhost' to='romeo@localhost'/>", "<message type='error' from='echo.localhost' to='@'/>",
    ];
    expect((await echo.ask(asked.join("\n"))).map(words)).toEqual([
      "message error  → echo.localhost: jid-malformed", "iq error localhost → echo.localhost: bad-request", "presence error romeo@localhost → echo.localhost: bad-request",
    ]);
    echo.cut();
  });

  it("is that it does not read what it is sent", { timeout: 30_000 }, async () => {
    const [slow, echo] = [await Component.connect(server, "slow.localhost"), await Component.connect(server, "echo.localhost")];
    slow.raw.pauseReading();
    const message = `<message from='echo.localhost' to='slow.localhost'><body>${"x".repeat(200_000)}</body></message>`;
    let bounced: readonly string[] = [];
    // Its own buffers and those of the system take some of it.
    for (let count = 0; count < 60 && bounced.length === 0; count += 1) bounced = (await echo.ask(message.repeat(5))).map(words);
    expect(bounced[0]).toBe("message error slow.localhost → echo.localhost: remote-server-timeout");
    slow.raw.resumeReading();
    await slow.raw.closed();
    echo.cut();
  });

  it("is the end of the server, with system-shutdown", async () => {
    const short = await startServer({ components: [{ domain: "echo.localhost", secret }] });
    const echo = await Component.connect(short, "echo.localhost");
    await short.stop();
    await echo.raw.closed();
    expect(echo.raw.received).toMatch(error("system-shutdown"));
  });
});

describe("A store that fails", () => {
  it("ends the stream with internal-server-error; whoever comes meanwhile is told to come back, and is let in afterwards", async () => {
    const store = new FailingStore();
    const failing = await startServer({ components: [{ domain: "echo.localhost", secret }], parts: { openStore: store.openStore! } });
    const echo = await Component.connect(failing, "echo.localhost");
    store.locked = new Error("locked");
    store.reportFatal();
    await echo.raw.closed();
    expect(echo.raw.received).toMatch(error("internal-server-error"));
    const raw = await said(failing, header("echo.localhost"));
    await raw.closed();
    expect(raw.received).toMatch(error("resource-constraint"));
    store.locked = undefined;
    await expect.poll(() => Component.connect(failing, "echo.localhost").then((again) => again.caughtUp(), () => "not yet"), { timeout: 5_000 }).toEqual([]);
    await failing.stop();
  });
});

describe("A restart of the server", () => {
  it.each([[true], [false]])("kill: %s: the component connects again at once", async (kill) => {
    const mortal = await startServer({ components: [{ domain: "echo.localhost", secret }] });
    await Component.connect(mortal, "echo.localhost");
    await mortal.restart({ kill });
    const echo = await Component.connect(mortal, "echo.localhost");
    expect(await echo.caughtUp()).toEqual([]);
    await mortal.stop();
  });
});
