/** Both ends of a connection, over the sockets of this machine and over the virtual network: what holds of one is to hold of the other. */
import { liveClock } from "../../../src/live.ts";
import type { Connection, Listener, ListenSpec, Net } from "../../../src/ports.ts";
import { createNodeNet } from "../../../src/net/node-net.ts";
import { SeededRandom } from "../../../src/testing/virtual/seeded-random.ts";
import { VirtualNetwork } from "../../../src/testing/virtual/virtual-net.ts";
import { VirtualTime } from "../../../src/testing/virtual/virtual-time.ts";
import { connectRaw } from "../../support/raw-client.ts";
import { admissionFor, certificatesFor, MemoryLog, pause, until } from "../../net/support.ts";

export interface Peer {
  readonly text: string;
  readonly isClosed: boolean;
  /** Bytes that were sent and that the system has not yet taken. */
  readonly bufferedBytes: number;
  readonly tlsExporter: Uint8Array | undefined;
  send(text: string): void;
  /** Resolves when the handshake is done or has failed. */
  startTls(): Promise<void>;
  end(): void;
  destroy(): void;
  reset(): void;
  pauseReading(): void;
  resumeReading(): void;
}

export interface Setting {
  /** More than the systems of both sides hold. */
  readonly muchBytes: number;
  readonly log: MemoryLog;
  listen(accept: (connection: Connection) => void, spec?: Partial<ListenSpec>): Promise<Listener>;
  /** undefined: refused. `silent`: it begins no TLS, whatever the listener wants. */
  connect(port: number, how?: "clear" | "tls" | "silent"): Promise<Peer | undefined>;
  until(holds: () => boolean): Promise<void>;
  /** Long enough for what is under way. */
  rest(): Promise<void>;
  soon(task: () => void): void;
}

export interface Kind {
  readonly name: string;
  /** For one test. */
  readonly set: (options?: { readonly handshakeTimeoutMs?: number }) => Promise<Setting>;
}

const handshakeTimeoutMsDefault = 5_000;

export const kinds: readonly Kind[] = [
  { name: "the sockets of this machine", set: liveSetting },
  { name: "a virtual network", set: async (options) => virtualSetting(options, [0, 5]) },
  { name: "a virtual network without delay", set: async (options) => virtualSetting(options, [0, 0]) },
  { name: "a slow virtual network with small systems", set: async (options) => virtualSetting(options, [5, 30], [256]) },
];

async function liveSetting({ handshakeTimeoutMs = handshakeTimeoutMsDefault } = {}): Promise<Setting> {
  const log = new MemoryLog();
  const net = createNodeNet({ certificates: await certificatesFor(), admission: admissionFor(), handshakeTimeoutMs, clock: liveClock, log });
  return {
    log,
    muchBytes: 12_000_000,
    listen: (accept, spec) => listen(net, accept, spec),
    async connect(port, how = "clear") {
      const raw = await connectRaw({ port, tls: how === "tls" ? "direct" : "none" }).catch(() => undefined);
      if (raw === undefined) return undefined;
      let isClosed = false;
      void raw.closed(60_000).then(() => (isClosed = true), () => undefined);
      return {
        get text() {
          return raw.received;
        },
        get isClosed() {
          return isClosed;
        },
        get bufferedBytes() {
          return raw.socket.writableLength;
        },
        get tlsExporter() {
          return raw.secure?.tlsExporter;
        },
        send: (text) => raw.send(text),
        startTls: () => raw.startTls().catch(() => undefined),
        end: () => raw.end(),
        destroy: () => raw.destroy(),
        reset: () => void raw.plain.resetAndDestroy(),
        pauseReading: () => raw.pauseReading(),
        resumeReading: () => raw.resumeReading(),
      };
    },
    until: (holds) => until(holds, 8_000),
    rest: () => pause(25),
    soon: (task) => void setTimeout(task, 5),
  };
}

function virtualSetting({ handshakeTimeoutMs = handshakeTimeoutMsDefault } = {}, delayMs: readonly [number, number], windowBytes = [1_024, 65_536]): Setting {
  const time = new VirtualTime(0);
  const network = new VirtualNetwork({ time, random: new SeededRandom(3), delayMs, windowBytes });
  const log = new MemoryLog();
  const { net } = network.side({ handshakeTimeoutMs, log });
  const untilSo = async (holds: () => boolean): Promise<void> => {
    await time.advance(0);
    for (const deadline = time.now() + 600_000; !holds(); ) if (!(await time.step(deadline))) throw new Error(`never so: ${holds.toString()}`);
  };
  return {
    log,
    muchBytes: 240_000,
    listen: (accept, spec) => listen(net, accept, spec),
    async connect(port, how = "clear") {
      let text = "";
      let isSecured = false;
      const handler = { data: (part: string) => (text += part), secured: () => (isSecured = true), closed: () => undefined };
      const link = network.connect(port, handler, { directTls: how === "tls", serverName: "localhost" });
      if (link === undefined) return undefined;
      const secured = async () => untilSo(() => isSecured || link.isClosed);
      if (how === "tls") await secured();
      else await time.advance(delayMs[1]);
      return {
        get text() {
          return text;
        },
        get isClosed() {
          return link.isClosed;
        },
        get bufferedBytes() {
          return link.bufferedBytes;
        },
        get tlsExporter() {
          return link.tlsExporter;
        },
        send: (part) => link.write(part),
        startTls: async () => {
          link.startTls();
          await secured();
        },
        end: () => link.end(),
        destroy: () => link.destroy(),
        reset: () => link.cut(),
        pauseReading: () => link.readSlowly(0),
        resumeReading: () => link.readSlowly(undefined),
      };
    },
    until: untilSo,
    rest: () => time.advance(1_000),
    soon: (task) => void time.at(time.now() + 5, task),
  };
}

function listen(net: Net, accept: (connection: Connection) => void, spec: Partial<ListenSpec> = {}): Promise<Listener> {
  return net.listen({ address: "127.0.0.1", port: 0, directTls: false, ...spec }, accept);
}
