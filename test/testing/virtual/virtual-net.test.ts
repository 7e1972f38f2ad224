/** What the virtual network has beyond the contract of every Net (`net-contract.test.ts`): faults, and chance that is the same each time. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Connection } from "../../../src/ports.ts";
import { SeededRandom } from "../../../src/testing/virtual/seeded-random.ts";
import { VirtualNetwork, type VirtualLink, type VirtualNetworkOptions } from "../../../src/testing/virtual/virtual-net.ts";
import { VirtualTime } from "../../../src/testing/virtual/virtual-time.ts";
import { Told } from "../../net/support.ts";

class Heard {
  text = "";
  parts = 0;
  readonly events: string[] = [];

  data(part: string): void {
    this.text += part;
    this.parts += 1;
  }
  secured(): void {
    this.events.push("secured");
  }
  closed(): void {
    this.events.push("closed");
  }
}

interface Linked {
  readonly link: VirtualLink;
  readonly heard: Heard;
  readonly connection: Connection;
  readonly told: Told;
}

async function setting({ seed = 1, ...options }: { seed?: number } & Partial<VirtualNetworkOptions> = {}) {
  const time = new VirtualTime(0);
  const network = new VirtualNetwork({ time, random: new SeededRandom(seed), delayMs: [10, 10], ...options });
  const side = network.side();
  const accepted: Connection[] = [];
  const { port } = await side.net.listen({ address: "127.0.0.1", port: 0, directTls: false }, (connection) => accepted.push(connection));
  const link = async (): Promise<Linked> => {
    const heard = new Heard();
    const made = network.connect(port, heard)!;
    await time.advance(network.delayMsMax);
    const connection = accepted.at(-1)!;
    const told = new Told();
    connection.start(told);
    return { link: made, heard, connection, told };
  };
  return { time, network, side, port, accepted, link };
}

describe("what is under way", () => {
  it("arrives after the delay, which can change, and never before what was sent before it", async () => {
    const { time, link: connect } = await setting();
    const { link, told, connection, heard } = await connect();
    link.write("a");
    await time.advance(9);
    expect(told.text).toBe("");
    await time.advance(1);
    expect(told.text).toBe("a");
    link.delay([100, 100]);
    link.write("b");
    connection.write("answer");
    link.delay([1, 1]);
    link.write("c");
    await time.advance(50);
    expect([told.text, heard.text]).toEqual(["a", ""]);
    await time.advance(50);
    expect([told.text, heard.text]).toEqual(["abc", "answer"]);
  });

  it("is parted anywhere now and then, within a character too, and is heard in whole characters", async () => {
    const { time, link: connect } = await setting({ delayMs: [0, 3] });
    const { link, connection, told, heard } = await connect();
    const pieces: Buffer[] = [];
    told.data = (bytes) => void pieces.push(Buffer.from(bytes));
    const text = "€😀é".repeat(5);
    for (let count = 0; count < 300; count += 1) {
      link.write(text);
      connection.write(text);
      await time.advance(10);
    }
    expect(Buffer.concat(pieces).toString()).toBe(text.repeat(300));
    expect(heard.text).toBe(text.repeat(300));
    const parted = pieces.filter((piece) => (piece[0]! & 0xc0) === 0x80);
    expect(parted.length).toBeGreaterThan(5);
    expect(parted.length).toBeLessThan(60);
    expect(heard.parts).toBeGreaterThan(305);
  });

  it("overtakes that of other links freely", async () => {
    const { time, link: connect } = await setting({ delayMs: [1, 50] });
    const links = [await connect(), await connect()];
    const order: number[] = [];
    links.forEach(({ told }, index) => (told.data = () => void order.push(index)));
    for (let count = 0; count < 40; count += 1) {
      for (const { link } of links) link.write("x");
      await time.advance(60);
    }
    const first = Array.from({ length: 40 }, (_, index) => order[2 * index]);
    expect(new Set(first)).toEqual(new Set([0, 1]));
  });

  it("is in order and whole, whatever faults there are that lose nothing", async () => {
    const deed = fc.record({ kind: fc.constantFrom("up", "down", "stall", "unstall", "pause", "resume", "slow", "fast", "delay"), number: fc.nat(60) });
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.array(deed, { maxLength: 40 }), fc.constantFrom(1, 7, 1_024), async (seed, deeds, windowBytes) => {
        const { time, link: connect } = await setting({ seed, delayMs: [0, 20], windowBytes: [windowBytes] });
        const { link, connection, told, heard } = await connect();
        let [up, down] = ["", ""];
        const bytes: Uint8Array[] = [];
        told.data = (part) => void bytes.push(part);
        for (const { kind, number } of deeds) {
          const text = `${number}é`.repeat(number);
          if (kind === "up") link.write(text);
          if (kind === "up") up += text;
          if (kind === "down") connection.write(text);
          if (kind === "down") down += text;
          if (kind === "stall") link.stall();
          if (kind === "unstall") link.unstall();
          if (kind === "pause") connection.pause();
          if (kind === "resume") connection.resume();
          if (kind === "slow") link.readSlowly(number);
          if (kind === "fast") link.readSlowly(undefined);
          if (kind === "delay") link.delay([0, number]);
          await time.advance(number);
          expect(up.startsWith(Buffer.concat(bytes).toString().replace(/\uFFFD+$/, ""))).toBe(true);
          expect(down.startsWith(heard.text)).toBe(true);
        }
        link.unstall();
        link.readSlowly(undefined);
        connection.resume();
        link.delay([0, 0]);
        await time.advance(10_000);
        expect([Buffer.concat(bytes).toString(), heard.text]).toEqual([up, down]);
        expect([connection.bufferedBytes, link.bufferedBytes]).toEqual([0, 0]);
      }),
      { numRuns: 60 },
    );
  });
});

describe("a link", () => {
  it("that is cut loses what is under way: the client sees it at once, the server after the delay", async () => {
    const { time, link: connect } = await setting();
    const { link, connection, told, heard } = await connect();
    link.write("lost");
    connection.write("lost");
    await time.advance(5);
    link.cut();
    await time.advance(0);
    expect([heard.events, link.isClosed, told.events]).toEqual([["closed"], true, []]);
    connection.write("into the void");
    await time.advance(9);
    expect(told.events).toEqual([]);
    await time.advance(1);
    expect([told.events, told.error]).toMatchObject([["closed"], { code: "ECONNRESET" }]);
    link.write("never");
    link.cut();
    link.destroy();
    await time.advance(1_000);
    expect([heard.text, heard.events, told.text, told.events]).toEqual(["", ["closed"], "", ["closed"]]);
  });

  it("that is half open carries nothing, and tells nobody: each side goes on until it gives up itself", async () => {
    const { time, link: connect } = await setting({ windowBytes: [100] });
    const { link, connection, told, heard } = await connect();
    link.write("lost");
    connection.write("lost");
    link.halfOpen();
    link.unstall();
    link.write("lost, too");
    connection.write("x".repeat(1_000));
    await time.advance(86_400_000);
    expect([told.events, heard.events, heard.text]).toEqual([[], [], ""]);
    expect(connection.bufferedBytes).toBe(1_004 - 100);
    link.destroy();
    await time.advance(1_000);
    expect([heard.events, told.events]).toEqual([["closed"], []]);
    connection.destroy();
    await time.advance(1_000);
    expect(told.events).toEqual(["closed"]);
  });

  it("that stalls keeps everything back, both ways, also its end", async () => {
    const { time, link: connect } = await setting();
    const { link, connection, told, heard } = await connect();
    link.stall();
    link.write("a");
    connection.write("b");
    connection.end();
    await time.advance(60_000);
    link.write("c");
    expect([told.events, heard.events, heard.text]).toEqual([[], [], ""]);
    link.unstall();
    await time.advance(30);
    expect([told.text, heard.text, heard.events]).toEqual(["ac", "b", ["closed"]]);
    expect(told.events).toEqual(["data", "ended", "closed"]);
  });

  it("that is read slowly fills up, and is drained when the client has read", async () => {
    const { time, link: connect } = await setting({ windowBytes: [65_536] });
    const { link, connection, told, heard } = await connect();
    link.readSlowly(100);
    connection.write("x".repeat(1_000));
    expect(connection.bufferedBytes).toBe(900);
    await time.advance(2_100);
    expect(heard.text.length).toBeGreaterThan(150);
    expect(heard.text.length).toBeLessThan(250);
    expect(told.events).toEqual([]);
    await time.advance(7_000);
    expect([told.events, connection.bufferedBytes]).toEqual([["drained"], 0]);
    connection.write("y".repeat(500));
    link.readSlowly(undefined);
    await time.advance(60);
    expect(heard.text).toBe("x".repeat(1_000) + "y".repeat(500));
    expect([told.events, connection.bufferedBytes]).toEqual([["drained", "drained"], 0]);
  });

  it("whose client closes on what it has not read is reset", async () => {
    const { time, link: connect } = await setting();
    const { link, connection, told } = await connect();
    link.readSlowly(0);
    connection.write("unread");
    await time.advance(10);
    link.destroy();
    await time.advance(10);
    expect([told.events, told.error]).toMatchObject([["closed"], { code: "ECONNRESET" }]);
  });

  it("is refused where nobody listens, and closed if nobody does any more when it arrives", async () => {
    const { time, network, side, port, accepted } = await setting();
    expect(network.connect(1, new Heard())).toBeUndefined();
    const heard = new Heard();
    const link = network.connect(port, heard)!;
    link.write("hello?");
    side.cut();
    expect(network.connect(port, new Heard())).toBeUndefined();
    await time.advance(100);
    expect([heard.events, accepted, link.isClosed]).toEqual([["closed"], [], true]);
  });

  it("that says where it comes from is believed", async () => {
    const { time, network, port, accepted } = await setting();
    network.connect(port, new Heard(), { remoteAddress: "192.0.2.7" });
    await time.advance(10);
    expect(accepted[0]?.remoteAddress).toBe("192.0.2.7");
  });

  it("brings a ClientHello as it is to who awaits none, and a client that awaits a handshake takes nothing in the clear", async () => {
    const { time, link: connect } = await setting();
    const { link, connection, told, heard } = await connect();
    const bytes: Uint8Array[] = [];
    told.data = (part) => void bytes.push(part);
    link.startTls();
    await time.advance(10);
    expect(Buffer.concat(bytes).subarray(0, 3)).toEqual(Buffer.of(0x16, 0x03, 0x01));
    connection.write("<stream:error/>");
    await time.advance(30);
    expect([heard.text, heard.events, told.events.at(-1)]).toEqual(["", ["closed"], "ended"]);
  });
});

describe("a side whose process dies", () => {
  it("is told nothing any more; its clients hear what has left, and the end; its ports are free", async () => {
    const { time, network, side, port, link: connect } = await setting({ windowBytes: [8] });
    const all = [await connect(), await connect()];
    for (const { link, connection } of all) {
      connection.write("left now, and not this");
      link.write("never heard");
    }
    side.cut();
    const next = network.side();
    const { net } = next;
    await net.listen({ address: "127.0.0.1", port, directTls: false }, () => undefined);
    await time.advance(100);
    for (const { heard, told, connection } of all) {
      expect([heard.text, heard.events, told.events]).toEqual(["left now", ["closed"], []]);
      connection.write("the dead are silent");
    }
    await time.advance(100);
    expect(all.map(({ heard }) => heard.text)).toEqual(["left now", "left now"]);
    expect(network.connect(port, new Heard())).toBeDefined();
  });
});

describe("one seed", () => {
  it("always gives the same, and another gives another", async () => {
    const play = async (seed: number): Promise<string> => {
      const { time, link: connect } = await setting({ seed, delayMs: [1, 30] });
      const lines: string[] = [];
      const links = [await connect(), await connect(), await connect()];
      links.forEach(({ told, heard }, index) => {
        told.data = (bytes) => void lines.push(`${time.now()} ${index} up ${Buffer.from(bytes).toString()}`);
        heard.data = (text) => void lines.push(`${time.now()} ${index} down ${text}`);
      });
      for (let turn = 0; turn < 30; turn += 1) {
        const { link, connection } = links[turn % 3]!;
        link.write(`up ${turn}`);
        connection.write(`down ${turn}`);
        await time.advance(5);
      }
      await time.advance(100);
      return lines.join("\n");
    };
    expect(await play(1)).toBe(await play(1));
    expect(await play(1)).not.toBe(await play(2));
  });
});
