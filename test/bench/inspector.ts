/**
 * What the inspector costs the server: CPU of a chat message (a) without an inspector, (b) with one that nobody looks at, (c) while a page
 * has the list open, (d) while a page watches both sides of one chat of a hundred. One server in a process of its own, everything in memory;
 * the four take turns within a run. Then what one list costs, and one watched message. Not part of the suite:
 *   npx tsc -p tsconfig.json --outDir dist/bench && node --max-semi-space-size=64 dist/bench/test/bench/inspector.js [SESSIONS] [TURNS]
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Feed } from "../../src/inspector/feed.ts";
import { SessionList } from "../../src/inspector/list.ts";
import type { TextSocketHandler } from "../../src/net/text-socket.ts";
import { createHistoryAdmin } from "../../src/admin/history-admin.ts";
import { liveClock } from "../../src/live.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { bindRequest, saslPlain, streamHeader } from "../support/login.ts";

const modes = ["no inspector", "nobody looks", "list open", "one chat watched"] as const;
type Mode = (typeof modes)[number];

const chats = 100;
const messagesPerTurn = 60_000;
const atOnce = 20;
const loginsAtOnce = 32;
const password = "secret";

type Request = { readonly mode: Mode; readonly watched: readonly string[] } | { readonly measure: "cpu" | "list" } | { readonly users: number };

/** The server's process: does what it is told, and says when it is done. */
async function serve(): Promise<void> {
  const server = await startServer({ allowPlaintext: true, limits: { connectionsPerAddress: 100_000 } });
  const history = createHistoryAdmin({ store: server.store, hosts: [server.domain] });
  const log = { debug() {}, info() {}, warn: console.error, error: console.error };
  let feed: Feed | undefined;
  let sent = { frames: 0, chars: 0 };
  const open = (): TextSocketHandler => {
    let handler: TextSocketHandler | undefined;
    feed?.serve({
      remoteAddress: "127.0.0.1",
      bufferedBytes: 0,
      start: (given) => (handler = given),
      send: (text) => (sent = { frames: sent.frames + 1, chars: sent.chars + text.length }),
      close: (code, reason) => code === 1001 || console.error(`the page was closed: ${code} ${reason}`),
    });
    return handler!;
  };
  const enter = (mode: Mode, watched: readonly string[]): object => {
    const before = sent;
    feed?.close();
    sent = { frames: 0, chars: 0 };
    feed = mode === "no inspector" ? undefined : new Feed({
      observation: () => server.server.observation, history, hosts: [server.domain], software: "refrain", version: "0", bodies: false, live: true, clock: liveClock, log,
    });
    if (mode === "list open") open().text('{"type":"list","on":true}');
    if (mode !== "one chat watched") return before;
    const page = open();
    for (const { id, jid } of server.server.observation!.summaries()) {
      if (jid !== null && watched.includes(jid)) page.text(JSON.stringify({ type: "watch", session: id }));
    }
    return before;
  };
  process.on("message", async (request: Request) => {
    if ("users" in request) {
      for (let n = 0; n < request.users; n += 1) await server.addUser(`u${n}`, password);
      process.send!({});
    } else if ("mode" in request) process.send!(enter(request.mode, request.watched));
    else if (request.measure === "cpu") process.send!(process.cpuUsage());
    else process.send!(costOfList());
  });
  process.on("disconnect", () => process.exit());
  process.send!({ port: server.port });

  function costOfList(): object {
    const list = new SessionList();
    const observation = server.server.observation!;
    const times = Array.from({ length: 60 }, () => {
      const begun = performance.now();
      list.update(observation.summaries());
      return performance.now() - begun;
    });
    return { milliseconds: median(times.slice(10)) };
  }
}

async function measure(count: number, turns: number): Promise<void> {
  const child = fork(process.argv[1]!, [], { execArgv: ["--max-semi-space-size=64"] });
  const ask = async <Answer>(request: Request): Promise<Answer> => {
    const answered = once(child, "message");
    child.send(request);
    return (await answered)[0] as Answer;
  };
  const [{ port }] = (await once(child, "message")) as [{ readonly port: number }];
  await ask({ users: count });
  const clients = Array.from({ length: count }, (_, index) => new Client(index));
  let next = 0;
  await Promise.all(Array.from({ length: loginsAtOnce }, async () => {
    for (let index = next++; index < count; index = next++) await clients[index]!.login(port);
  }));
  console.log(`${count} sessions, ${chats} chats, ${messagesPerTurn} messages a turn, ${turns} turns of each`);
  const microseconds = new Map<Mode, number[]>(modes.map((mode) => [mode, []]));
  const watched = [clients[0]!.jid, clients[1]!.jid];
  for (let turn = -1; turn < turns; turn += 1) {
    for (const mode of turn % 2 === 0 ? modes : modes.toReversed()) {
      await ask({ mode, watched });
      const before = await ask<NodeJS.CpuUsage>({ measure: "cpu" });
      await chat(clients);
      const after = await ask<NodeJS.CpuUsage>({ measure: "cpu" });
      // The first turn warms everything up.
      if (turn >= 0) microseconds.get(mode)!.push((after.user + after.system - before.user - before.system) / messagesPerTurn);
    }
  }
  const basis = median(microseconds.get("no inspector")!);
  for (const [mode, times] of microseconds) {
    const ratios = times.map((time, turn) => time / microseconds.get("no inspector")![turn]!);
    console.log(`  ${mode.padEnd(16)} ${median(times).toFixed(2)} µs a message, ${(median(times) / basis).toFixed(3)} (turn by turn ${median(ratios).toFixed(3)}, ${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)})`);
  }
  const extra = (median(microseconds.get("one chat watched")!) - basis) * chats;
  console.log(`  a watched message (both ends): about ${extra.toFixed(0)} µs more`);
  const { milliseconds } = await ask<{ readonly milliseconds: number }>({ measure: "list" });
  console.log(`  a list that has not changed: ${milliseconds.toFixed(2)} ms each second`);
  for (const client of clients) client.drop();
  child.kill();
  await once(child, "exit");
}

/** Pairs of clients talk, each side in turn. */
async function chat(clients: readonly Client[]): Promise<void> {
  const each = messagesPerTurn / chats / 2;
  await Promise.all(Array.from({ length: chats }, async (_, pair) => {
    const [one, two] = [clients[2 * pair]!, clients[2 * pair + 1]!];
    for (let sent = 0; sent < each; sent += atOnce) {
      const some = Math.min(atOnce, each - sent);
      await Promise.all([one.talk(two, some), two.talk(one, some)]);
    }
  }));
}

class Client {
  readonly #number: number;
  #socket!: Socket;
  #text = "";
  #messages = 0;
  #awaited: { readonly count: number; readonly done: () => void } | undefined;
  #heard = (): void => undefined;

  constructor(number: number) {
    this.#number = number;
  }

  get jid(): string {
    return `u${this.#number}@localhost/bench`;
  }

  async login(port: number): Promise<void> {
    const socket = (this.#socket = connect({ port, host: "127.0.0.1", noDelay: true }));
    socket.on("data", (bytes) => this.#take(bytes.toString("latin1"))).on("error", (error) => console.error(error));
    await once(socket, "connect");
    socket.write(streamHeader("localhost") + saslPlain(`u${this.#number}`, password) + streamHeader("localhost") + bindRequest("bench"));
    while (!this.#text.includes("<jid>")) await new Promise<void>((resolve) => (this.#heard = resolve));
    this.#text = "";
  }

  /** Resolves when the other one has them. */
  async talk(other: Client, count: number): Promise<void> {
    const done = new Promise<void>((resolve) => (other.#awaited = { count: other.#messages + count, done: resolve }));
    this.#socket.write(`<message to='${other.jid}' type='chat' id='m'><body>Wherefore art thou, Romeo? Deny thy father and refuse thy name.</body></message>`.repeat(count));
    await done;
  }

  drop(): void {
    this.#socket.destroy();
  }

  #take(text: string): void {
    // The end of a tag may come with the next bytes.
    const all = this.#text + text;
    const parts = all.split("</message>");
    this.#messages += parts.length - 1;
    this.#text = parts.at(-1)!;
    this.#heard();
    if (this.#awaited !== undefined && this.#messages >= this.#awaited.count) {
      const { done } = this.#awaited;
      this.#awaited = undefined;
      done();
    }
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

if (process.send !== undefined) await serve();
else await measure(Number(process.argv[2] ?? 5_000), Number(process.argv[3] ?? 7));
