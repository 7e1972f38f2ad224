import { describe, expect, it } from "vitest";
import { xmlLimitsAuthenticated, xmlLimitsUnauthenticated } from "../../src/domain/limits.ts";
import { createTransport } from "../../src/net/transport.ts";
import type { Element } from "../../src/xml/element.ts";
import type { Link, LinkHandler, StreamFault, StreamHeader } from "../../src/xml/link.ts";
import { connectRaw, type RawClient } from "../support/raw-client.ts";
import { acceptingOne, pause, until } from "./support.ts";

const streamTag = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>";
const header = `<?xml version='1.0'?>${streamTag}`;

/** Keeps what a link tells, in words; a test may answer by `on`. */
class Heard implements LinkHandler {
  readonly words: string[] = [];
  heardCount = 0;
  on: (word: string) => void = () => {};

  heard(): void {
    this.heardCount += 1;
  }
  opened({ to }: StreamHeader): void {
    this.#hear(`opened ${to}`);
  }
  element(element: Element, bytes: number): void {
    this.#hear(`${element.name} ${element.attrs["id"] ?? bytes}`);
  }
  failed({ condition }: StreamFault): void {
    this.#hear(`failed ${condition}`);
  }
  ended(): void {
    this.#hear("ended");
  }
  lost(reason: string): void {
    this.#hear(`lost: ${reason}`);
  }
  drained(): void {
    this.#hear("drained");
  }

  #hear(word: string): void {
    this.words.push(word);
    this.on(word);
  }
}

interface Pair {
  readonly client: RawClient;
  readonly link: Link;
  readonly heard: Heard;
  readonly reported: unknown[];
}

async function linked(attach = true): Promise<Pair> {
  const { port, accepted } = await acceptingOne();
  const client = await connectRaw({ port });
  const reported: unknown[] = [];
  const link = createTransport(await accepted, "tcp", xmlLimitsUnauthenticated, (error) => reported.push(error));
  const heard = new Heard();
  if (attach) link.attach(heard);
  return { client, link, heard, reported };
}

describe("a link over TCP", () => {
  it("tells a stream in order, from its header to its end", async () => {
    const { client, link, heard } = await linked();
    expect(link).toMatchObject({ transport: "tcp", remoteAddress: "127.0.0.1", loopback: true, secure: null, bufferedBytes: 0 });
    client.send(`${header}<a id='1'/>\n<b id='2'>text</b></stream:stream>`);
    await until(() => heard.words.length === 4);
    link.end();
    client.end();
    await until(() => heard.words.length === 5);
    expect(heard.words).toEqual(["opened localhost", "a 1", "b 2", "ended", "lost: the connection was closed"]);
  });

  it("tells the size of an element, however its bytes are cut", async () => {
    const { client, heard } = await linked();
    for (const byte of `${header}<a>ü€😀</a>`) {
      client.send(byte);
      if (byte === ">") await pause(1);
    }
    await until(() => heard.words.length === 2);
    expect(heard.words[1]).toBe(`a ${Buffer.byteLength("<a>ü€😀</a>")}`);
  });

  it("tells that the peer was heard, whatever it sent", async () => {
    const { client, heard } = await linked();
    client.send(`${header}<a id='1'/>`);
    await until(() => heard.words.length === 2);
    const before = heard.heardCount;
    expect(before).toBeGreaterThan(0);
    client.send(" ");
    await until(() => heard.heardCount === before + 1);
    expect(heard.words).toHaveLength(2);
  });

  it("reads nothing before it is attached", async () => {
    const { client, link, heard } = await linked(false);
    client.send(`${header}<a id='1'/>`);
    await pause(20);
    link.attach(heard);
    await until(() => heard.words.length === 2);
  });

  it("moves to another handler, which hears the rest", async () => {
    const { client, link, heard } = await linked();
    const next = new Heard();
    heard.on = (word) => word === "a 1" && link.attach(next);
    client.send(`${header}<a id='1'/><a id='2'/>`);
    await until(() => next.words.length === 1);
    client.destroy();
    await until(() => next.words.length === 2);
    expect(heard.words).toEqual(["opened localhost", "a 1"]);
    expect(next.words[0]).toBe("a 2");
  });
});

describe("RFC 6120 section 4.7 stream header", () => {
  it("escapes its attributes and leaves out those without a value", async () => {
    const { link } = await linked();
    const text = link.headerText({ id: "i'\"<&>", from: "a.example", to: undefined, version: "1.0", lang: "en" });
    expect(text).toBe(
      "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'" +
        " id='i&apos;&quot;&lt;&amp;&gt;' from='a.example' version='1.0' xml:lang='en'>",
    );
    expect(link.footerText).toBe("</stream:stream>");
  });

  it("is one that the parser of another link opens", async () => {
    const { client, link, heard } = await linked();
    client.send(link.headerText({ id: "<1>", from: "x", to: "o'hara.example", version: "1.0", lang: undefined }));
    await until(() => heard.words.length === 1);
    expect(heard.words).toEqual(["opened o'hara.example"]);
  });
});

describe("holding a link", () => {
  it("holds at once, in the middle of a segment, and loses nothing", async () => {
    const { client, link, heard } = await linked();
    heard.on = (word) => word.startsWith("a ") && link.pause();
    client.send(`${header}${"<a id='x'/>".repeat(5)}</stream:stream>`);
    for (let count = 1; count <= 5; count += 1) {
      await until(() => heard.words.length === count + 1);
      await pause(5);
      expect(heard.words).toHaveLength(count + 1);
      link.resume();
    }
    expect(heard.words.at(-1)).toBe("ended");
  });

  it("keeps no more than it has in hand: the peer feels it", async () => {
    const { client, link, heard } = await linked();
    heard.on = (word) => word === "opened localhost" && link.pause();
    const stanza = `<a id='x'>${"y".repeat(9000)}</a>`;
    client.send(header + stanza.repeat(2500));
    await pause(80);
    expect(client.socket.writableLength).toBeGreaterThan(8_000_000);
    expect(heard.words).toHaveLength(1);
    const chunks = heard.heardCount;
    expect(chunks).toBeLessThanOrEqual(2);

    heard.on = () => link.pause();
    link.resume();
    await pause(40);
    expect(heard.words).toHaveLength(2);
    expect(heard.heardCount).toBe(chunks);

    heard.on = () => {};
    link.resume();
    await until(() => heard.words.length === 2501, 8000);
  });

  it("tells the end of the peer only after what came before it", async () => {
    const { client, link, heard } = await linked();
    heard.on = (word) => word === "a 1" && link.pause();
    client.send(`${header}<a id='1'/><a id='2'/>`);
    client.end();
    await until(() => heard.words.length === 2);
    await pause(20);
    link.resume();
    await until(() => heard.words.length === 4);
    expect(heard.words.slice(1)).toEqual(["a 1", "a 2", "lost: the peer closed the connection without closing its stream"]);
  });

  it("tells when all that was written is taken", async () => {
    const { client, link, heard } = await linked();
    client.pauseReading();
    while (link.bufferedBytes === 0) link.write(["x".repeat(1_000_000)]);
    expect(heard.words).toEqual([]);
    client.resumeReading();
    await until(() => heard.words.includes("drained"));
    expect(link.bufferedBytes).toBe(0);
  });
});

describe("what ends a link", () => {
  it("is lost when the peer leaves without an end tag, and closed for good", async () => {
    const { client, heard } = await linked();
    client.send(`${header}<a id='1'>`);
    client.end();
    await client.closed();
    await pause(10);
    expect(heard.words).toEqual(["opened localhost", "lost: the peer closed the connection without closing its stream"]);
  });

  it("is lost by a reset, once", async () => {
    const { client, heard } = await linked();
    client.send(header);
    await until(() => heard.words.length === 1);
    client.socket.resetAndDestroy();
    await until(() => heard.words.length === 2);
    await pause(10);
    expect(heard.words).toEqual(["opened localhost", "lost: read ECONNRESET"]);
  });

  it("is lost when this side destroys it, and tells nothing after", async () => {
    const { client, link, heard } = await linked();
    heard.on = (word) => word === "a 1" && link.destroy();
    client.send(`${header}<a id='1'/>`);
    await client.closed();
    await pause(10);
    expect(heard.words).toEqual(["opened localhost", "a 1", "lost: the connection was closed"]);
  });

  it("tells a fault once, reads the rest away, and gets its answer to the peer", async () => {
    const { client, link, heard } = await linked();
    heard.on = (word) => {
      if (!word.startsWith("failed")) return;
      link.write(["<stream:error/>"]);
      link.end();
    };
    client.send(`${header}<!-- no --><a id='1'/>`);
    client.send("<a id='2'/>".repeat(200_000));
    await client.expect("<stream:error/>");
    await client.closed();
    client.end();
    await until(() => heard.words.length === 3);
    expect(heard.words).toEqual(["opened localhost", "failed restricted-xml", "lost: the connection was closed"]);
  });

  it.each([
    ["ended its stream", "</stream:stream>", "ended"],
    ["broke its stream", "<!-- no -->", "failed restricted-xml"],
  ])("gets a late answer to a peer that %s and closed its direction", async (_, last, word) => {
    const { client, link, heard } = await linked();
    client.send(header + last);
    client.end();
    await until(() => heard.words.includes(word));
    await pause(20);
    link.write(["last words"]);
    link.end();
    await client.expect("last words");
    await until(() => heard.words.length === 3);
    expect(heard.words[2]).toBe("lost: the connection was closed");
  });

  it("keeps to its limits, and takes others", async () => {
    const { client, link, heard } = await linked();
    heard.on = (word) => word === "a 1" && link.setLimits(xmlLimitsAuthenticated);
    client.send(`${header}<a id='1'/>`);
    await until(() => heard.words.length === 2);
    client.send(`<a id='2'>${"x".repeat(20_000)}</a>`);
    await until(() => heard.words.length === 3);
    client.send(`<a id='3'>${"x".repeat(xmlLimitsAuthenticated.stanzaBytesMax)}</a>`);
    await until(() => heard.words.length === 4);
    expect(heard.words.slice(2)).toEqual(["a 2", "failed policy-violation"]);
  });

  it.each(["opened", "a 1", "drained", "lost"])("survives a handler that throws when told %s, and closes that link alone", async (word) => {
    const { client, link, heard, reported } = await linked();
    const other = await linked();
    heard.on = (told) => {
      if (told.startsWith(word)) throw new Error("a bug");
    };
    if (word === "drained") {
      client.pauseReading();
      while (link.bufferedBytes === 0) link.write(["x".repeat(1_000_000)]);
      client.resumeReading();
    } else {
      client.send(`${header}<a id='1'/><a id='2'/>`);
      if (word === "lost") client.end();
    }
    await client.closed();
    await until(() => reported.length === 1);
    expect((reported[0] as Error).message).toBe("a bug");
    expect(heard.words.filter((told) => told.startsWith("lost"))).toHaveLength(1);
    if (word !== "lost") expect(heard.words.at(-1)).toBe("lost: internal error: a bug");

    other.client.send(header);
    await until(() => other.heard.words.length === 1);
  });
});

describe("RFC 6120 section 6.3.3 stream restart", () => {
  it("expects a new header, and keeps the bytes that are there already", async () => {
    const { client, link, heard } = await linked();
    heard.on = (word) => word === "auth 1" && link.restart();
    client.send(`${header}<auth id='1'/>${header}<a id='2'/>`);
    await until(() => heard.words.length === 4);
    expect(heard.words).toEqual(["opened localhost", "auth 1", "opened localhost", "a 2"]);
  });
});

describe("RFC 6120 section 5.4.3.3 STARTTLS on a link", () => {
  it.each([
    ["a whole element", "<a id='injected'/>"],
    ["half an element, that the first protected bytes would complete", "<a id='injected'>"],
    ["a stream header", header],
  ])("never sees %s that came in the same segment", async (_, injected) => {
    const { client, link, heard } = await upgrading();
    client.send(`${header}<starttls id='1'/>${injected}`);
    await client.expect("<proceed/>");
    await client.startTls();
    client.send(`${header}<a id='2'/>`);
    await until(() => heard.words.length === 5);
    expect(heard.words).toEqual(["opened localhost", "starttls 1", "secure TLSv1.3", "opened localhost", "a 2"]);
    expect(link.secure?.tlsExporter).toEqual(client.secure!.tlsExporter);
  });

  it("expects a new stream header after the handshake", async () => {
    const { client, heard } = await upgrading();
    client.send(`${header}<starttls id='1'/>`);
    await client.expect("<proceed/>");
    await client.startTls();
    client.send("<a id='2'/>");
    await until(() => heard.words.length === 4);
    expect(heard.words[3]).toMatch(/^failed /);
  });

  it("stays held through the handshake if it was", async () => {
    const { client, link, heard } = await linked();
    heard.on = (word) => {
      if (!word.startsWith("starttls")) return;
      link.pause();
      link.write(["<proceed/>"]);
      void link.startTls().then(() => heard.words.push("secure"));
    };
    client.send(`${header}<starttls id='1'/>`);
    await client.expect("<proceed/>");
    await client.startTls();
    client.send(header);
    await pause(30);
    expect(heard.words).toEqual(["opened localhost", "starttls 1", "secure"]);
    link.resume();
    await until(() => heard.words.length === 4);
  });

  it("is lost if the handshake fails", async () => {
    const { client, link, heard } = await linked();
    let failure = "";
    heard.on = (word) => {
      if (word !== "starttls 1") return;
      link.write(["<proceed/>"]);
      link.startTls().catch((error: Error) => (failure = error.message));
    };
    client.send(`${header}<starttls id='1'/>`);
    await client.expect("<proceed/>");
    client.send("<a id='2'/> and more that is no handshake");
    await client.closed();
    await until(() => heard.words.length === 3);
    expect(failure).not.toBe("");
    expect(heard.words[2]).toMatch(/^lost: /);
  });
});

async function upgrading(): Promise<Pair> {
  const pair = await linked();
  const { link, heard } = pair;
  heard.on = (word) => {
    if (!word.startsWith("starttls")) return;
    link.write(["<proceed/>"]);
    void link.startTls().then((secure) => heard.words.push(`secure ${secure.protocol}`));
  };
  return pair;
}
