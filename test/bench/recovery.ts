/**
 * What a start costs that finds sessions to be resumed: after a kill, and after a stop in order. Each session is available and has three
 * messages that its client has not acknowledged; a hundred of them see each other. Time from the start of the process to its ready line,
 * and to the first `<resumed/>`; memory after a full collection; the size of the database. Not part of the suite. After `npm run build`:
 *   npx tsc -p tsconfig.json --outDir dist/bench && node dist/bench/test/bench/recovery.js [SESSIONS ...] [--profile FOLDER]
 */
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accountStream } from "../../src/domain/facts.ts";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import type { Fact } from "../../src/ports.ts";
import { refrain, ServerProcess } from "../faults/server-process.ts";
import { bindRequest, saslPlain, streamHeader } from "../support/login.ts";

const friends = 100;
const unacknowledged = 3;
const loginsAtOnce = 64;
const management = "urn:xmpp:sm:3";

const profileAt = process.argv.indexOf("--profile");
const profile = profileAt === -1 ? undefined : process.argv[profileAt + 1];
const sizes = process.argv.slice(2, profileAt === -1 ? undefined : profileAt).map(Number);


/** A client that reads no more than it must. */
class Client {
  id = "";
  /** Its `h`. */
  handled = 0;
  #text = "";
  #heard = (): void => undefined;
  #socket!: ReturnType<typeof connect>;
  readonly #number: number;

  constructor(number: number) {
    this.#number = number;
  }

  get jid(): string {
    return `u${this.#number}@localhost/bench`;
  }

  async login(port: number): Promise<void> {
    await this.#authenticate(port, `${bindRequest("bench")}<enable xmlns='${management}' resume='true'/>`);
    await this.#until(() => this.#text.includes("<enabled "));
    this.id = /<enabled [^>]*\bid=["']([^"']+)/.exec(this.#text)![1]!;
    this.handled = 0;
    this.#text = "";
    this.send("<presence/>");
  }

  /** Returns the messages that come again. */
  async resume(port: number): Promise<number> {
    await this.#authenticate(port, `<resume xmlns='${management}' previd='${this.id}' h='${this.handled}'/>`);
    await this.#until(() => this.#text.includes("<resumed "));
    await this.#until(() => this.#text.includes("<r "));
    return this.#text.split("<message ").length - 1;
  }

  /** Everything that was sent to it until now is handled and acknowledged. */
  async acknowledge(): Promise<void> {
    await this.#sync();
    this.handled += this.#text.match(/<(message|presence|iq) /g)?.length ?? 0;
    this.#text = "";
    this.send(`<a xmlns='${management}' h='${this.handled}'/>`);
  }

  /** The server has taken what it sent. */
  async #sync(): Promise<void> {
    this.send(`<iq type='get' id='sync' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await this.#until(() => /<iq [^>]*id=["']sync["'][^>]*>/.test(this.#text));
  }

  async sayTo(other: Client): Promise<void> {
    for (let n = 0; n < unacknowledged; n += 1) {
      this.send(`<message to='${other.jid}' type='chat' id='m${n}'><body>Wherefore art thou, Romeo? ${"x".repeat(60)}</body></message>`);
    }
    await this.#sync();
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  drop(): void {
    this.#socket.destroy();
  }

  async #authenticate(port: number, then: string): Promise<void> {
    this.#text = "";
    // More than one address: a port has less than 30,000 connections to give to each.
    const socket = (this.#socket = connect({ port, host: "127.0.0.1", localAddress: `127.0.0.${1 + (this.#number % 8)}`, noDelay: true }));
    socket.on("error", () => undefined).on("close", () => this.#heard());
    socket.on("data", (bytes) => {
      this.#text += bytes.toString("latin1");
      this.#heard();
    });
    await once(socket, "connect");
    socket.write(streamHeader("localhost") + saslPlain(`u${this.#number}`) + streamHeader("localhost") + then);
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.#socket.destroyed) throw new Error(`${this.jid}: closed after ${this.#text.slice(-300)}`);
      await new Promise<void>((resolve) => (this.#heard = resolve));
    }
  }
}

for (const size of sizes.length === 0 ? [1_000, 10_000] : sizes) await measure(size);

async function measure(count: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "refrain-bench-"));
  const dataDir = join(folder, "data");
  const file = join(dataDir, "refrain.db");
  console.log(`${count} sessions`);
  const accounts = join(folder, "accounts.tsv");
  writeFileSync(accounts, Array.from({ length: count }, (_, index) => `u${index}@localhost\tsecret\n`).join(""));
  await refrain("user", "import", accounts, "--data", dataDir);
  await befriend(file, Math.min(friends, count));
  const probe = join(folder, "probe.cjs");
  writeFileSync(probe, "process.on('message', () => { gc(); gc(); process.send(process.memoryUsage()); }); process.channel.unref();\n");
  const start = (...nodeFlags: readonly string[]) =>
    ServerProcess.start({ dataDir, logFile: join(folder, "server.log"), nodeFlags: ["--expose-gc", "--require", probe, ...nodeFlags], ipc: true });

  const empty = performance.now();
  let server = await start();
  console.log(`  started with no session: ready in ${Math.round(performance.now() - empty)} ms, ${cpuSeconds(server.pid).toFixed(1)} s of CPU`);
  const clients = Array.from({ length: count }, (_, index) => new Client(index));
  await timed("logged in, with resumption enabled", server, count, () => inTurn(clients, (client) => client.login(server.port)));
  await inTurn(clients, (client) => client.acknowledge());
  await timed(`sent and stored messages`, server, count * unacknowledged, () => inTurn(clients, (client, index) => client.sayTo(clients[(index + 1) % count]!)));
  await report("all linked", server, file);

  await server.end("SIGKILL");
  for (const client of clients) client.drop();
  server = await again("killed");
  await timed("resumed", server, count - 1, () => inTurn(clients.slice(1), (client) => expectMessages(client, server.port)));
  await report("all resumed", server, file);

  const begun = performance.now();
  await server.end("SIGTERM");
  console.log(`  stopped in order in ${Math.round(performance.now() - begun)} ms`);
  for (const client of clients) client.drop();
  server = await again("stopped");
  await server.end("SIGKILL");
  for (const client of clients) client.drop();
  rmSync(folder, { recursive: true });

  async function again(how: string): Promise<ServerProcess> {
    const begun = performance.now();
    const next = await start(...(profile === undefined ? [] : ["--cpu-prof", "--cpu-prof-dir", profile, "--cpu-prof-name", `${how}-${count}.cpuprofile`]));
    const ready = performance.now();
    await expectMessages(clients[0]!, next.port);
    const resumed = performance.now();
    console.log(`  started after it was ${how}: ready in ${Math.round(ready - begun)} ms, first resumption in ${Math.round(resumed - begun)} ms, ${cpuSeconds(next.pid).toFixed(1)} s of CPU`);
    await report("recovered", next, file);
    if (profile === undefined) return next;
    // The profile is written by a process that ends.
    await next.end("SIGTERM");
    clients[0]!.drop();
    return start();
  }
}

async function expectMessages(client: Client, port: number): Promise<void> {
  const messages = await client.resume(port);
  if (messages !== unacknowledged) throw new Error(`${client.jid} was sent ${messages} messages again, not ${unacknowledged}`);
}

/** As if each had agreed with all others long ago. */
async function befriend(file: string, count: number): Promise<void> {
  const store = await openSqliteStore({
    file,
    durability: "process",
    onFatal: (error) => {
      throw error;
    },
  });
  for (let user = 0; user < count; user += 1) {
    const others = Array.from({ length: count }, (_, index) => index).filter((index) => index !== user);
    const facts = others.map((other, index): Fact => {
      const item = { jid: `u${other}@localhost`, name: "", groups: ["Friends"], subscription: "both", ask: false, approved: false };
      return { type: "RosterItemSet", v: 1, at: Date.now(), step: "bench", cause: null, data: { host: "localhost", username: `u${user}`, item, version: index + 1 } };
    });
    await store.append(accountStream("localhost", `u${user}`), "any", facts);
  }
  await store.close();
}

/** Some at once, in their order. */
async function inTurn(clients: readonly Client[], work: (client: Client, index: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: loginsAtOnce }, async () => {
      for (let index = next++; index < clients.length; index = next++) await work(clients[index]!, index);
    }),
  );
}

async function timed(what: string, server: ServerProcess, count: number, work: () => Promise<void>): Promise<void> {
  const [begun, cpu] = [performance.now(), cpuSeconds(server.pid)];
  await work();
  const seconds = (performance.now() - begun) / 1_000;
  const used = cpuSeconds(server.pid) - cpu;
  console.log(`  ${what}: ${count} in ${seconds.toFixed(1)} s, ${Math.round(count / used)} a second of CPU`);
}

async function report(when: string, server: ServerProcess, file: string): Promise<void> {
  server.child.send("measure");
  const [{ rss, heapUsed }] = (await once(server.child, "message")) as [NodeJS.MemoryUsage];
  const megabytes = (bytes: number) => `${(bytes / 1_048_576).toFixed(0)} MiB`;
  const sizes = [file, `${file}-wal`].map((path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0);
  console.log(`  ${when}: RSS ${megabytes(rss)}, heap ${megabytes(heapUsed)}, database ${megabytes(sizes[0]!)} and write-ahead log ${megabytes(sizes[1]!)}`);
}

/** User and system time of all threads, in clock ticks of 10 ms. Linux only. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
