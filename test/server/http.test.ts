/** The HTTP listener and the inspector as parts of a server: when they are there, and that they end with it. */
import { pino, type Logger } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { checkConfig } from "../../src/config/check.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import { startServer as startPlain, type RunningServer } from "../../src/server.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { login } from "../support/login.ts";
import { FailingStore } from "./failing-store.ts";

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

interface Line {
  readonly event?: string;
  readonly msg: string;
}

function keeping(): { readonly lines: Line[]; readonly logger: Logger } {
  const lines: Line[] = [];
  return { lines, logger: pino({ level: "info" }, { write: (text: string) => void lines.push(JSON.parse(text) as Line) }) };
}

/** A page, as far as the server can tell. */
class Page {
  readonly told: { readonly type: string; readonly sessions?: number }[] = [];
  closed: string | undefined;
  readonly #socket: WebSocket;

  static async open(url: string): Promise<Page> {
    const { origin, host, hash } = new URL(url);
    const body = JSON.stringify({ token: hash.slice("#token=".length) });
    const entered = await fetch(`${origin}/inspect/enter`, { method: "POST", body, headers: { origin } });
    expect(entered.status).toBe(204);
    const cookie = entered.headers.get("set-cookie")!.split(";")[0]!;
    const page = new Page(new WebSocket(`ws://${host}/inspect/feed`, { headers: { cookie, origin } }));
    await page.hears("hello");
    return page;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    closers.push(() => socket.terminate());
    socket.on("error", () => {}).on("close", (code: number, reason: Buffer) => (this.closed = `${code} ${String(reason)}`));
    socket.on("message", (data: Buffer) => this.told.push(JSON.parse(String(data)) as { type: string }));
  }

  say(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  async hears(type: string): Promise<Page["told"][number]> {
    await until(() => this.told.some((message) => message.type === type));
    return this.told.find((message) => message.type === type)!;
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 5_000; !holds(); ) {
    if (Date.now() > deadline) throw new Error(`still not so after 5 s: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("A server in a test", () => {
  it("has no HTTP listener unless it is asked for", async () => {
    const server = await startServer();
    closers.push(() => server.stop());
    expect([server.httpPort, server.server.inspector, server.server.listeners.map(({ name }) => name)]).toEqual([0, undefined, ["c2s", "c2sTls"]]);
    await expect(server.server.admin.inspectorUrl()).rejects.toMatchObject({
      code: "inspector-off", message: "inspector: it is off, because listen.http.enabled is false; set it to true, and start the server again",
    });
  });

  it("shows its sessions to a page, and at its end the page is told so, and the port is free", async () => {
    const { logger, lines } = keeping();
    const server = await startServer({ http: true, logger });
    closers.push(() => server.stop());
    await server.addUser("romeo", "secret");
    const { raw } = await login(server, { user: "romeo" });
    closers.push(() => raw.destroy());
    const page = await Page.open(server.server.inspector!.url());
    expect(await page.hears("hello")).toMatchObject({ software: "refrain", hosts: ["localhost"], bodies: false, live: true });
    page.say({ type: "list", on: true });
    expect(await page.hears("totals")).toMatchObject({ sessions: 1 });
    expect(lines.map(({ event }) => event)).toEqual(expect.arrayContaining(["inspector.entered", "inspector.attached"]));
    const token = new URL(server.server.inspector!.url()).hash.slice("#token=".length);
    expect(JSON.stringify(lines)).not.toContain(token);

    const { httpPort } = server;
    await server.restart({ kill: true });
    await until(() => page.closed !== undefined);
    expect(server.server.listeners.find(({ name }) => name === "http")?.port).toBe(httpPort);
    // Another process, as far as a page can tell: it lets in nobody who was in before.
    const again = await Page.open(server.server.inspector!.url());
    await server.stop();
    await until(() => again.closed !== undefined);
    expect(again.closed).toMatch(/^1001 /);
    await expect(fetch(`http://127.0.0.1:${httpPort}/inspect`)).rejects.toThrow();
  });

  it("tells pages when its store has failed and was opened again", async () => {
    const store = new FailingStore();
    const server = await startServer({ http: true, parts: { openStore: store.openStore } });
    closers.push(() => server.stop());
    const page = await Page.open(server.server.inspector!.url());
    page.say({ type: "list", on: true });
    await page.hears("list");
    store.reportFatal();
    await page.hears("epoch");
    const heard = page.told.length;
    await server.addUser("romeo", "secret");
    const { raw } = await login(server, { user: "romeo" });
    closers.push(() => raw.destroy());
    await until(() => page.told.slice(heard).some(({ type, sessions }) => type === "totals" && sessions === 1));
  });
});

describe("The inspector beyond this machine", () => {
  async function started(http: object, inspector: object): Promise<{ readonly server: RunningServer; readonly lines: readonly Line[] }> {
    const { logger, lines } = keeping();
    const listen = { address: "127.0.0.1", c2s: { port: 0 }, c2sTls: { port: 0 }, allowPlaintext: false };
    const values = { hosts: [{ domain: "bücher.example" }], durability: "none", listen: { ...listen, http: { port: 0, ...http } }, inspector };
    const checked = checkConfig(values, () => undefined);
    if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
    const server = await startPlain({ config: checked.config, logger, parts: { store: createMemoryStore(projections) } });
    closers.push(() => server.stop());
    return { server, lines };
  }

  it("is off where nobody asked for it, which is said once, and what asks for it is told why", async () => {
    const { server, lines } = await started({ address: "0.0.0.0" }, {});
    expect(server.inspector).toBeUndefined();
    expect(lines.filter(({ event }) => event === "inspector.off").map(({ msg }) => msg)).toEqual([
      "the inspector is off, because listen.http.address is 0.0.0.0; to have it there set inspector.remote and listen.http.tls to true",
    ]);
    await expect(server.admin.inspectorUrl()).rejects.toThrow("listen.http.address is 0.0.0.0; take 127.0.0.1, or set");
    const port = server.listeners.find(({ name }) => name === "http")!.port;
    expect((await fetch(`http://127.0.0.1:${port}/inspect`)).status).toBe(404);
  });

  it("is there under TLS where it was asked for, by the name of a host in its ASCII form, and by its own address for commands of this machine", async () => {
    const { server } = await started({ address: "0.0.0.0", tls: true }, { remote: true });
    const named = /^https:\/\/xn--bcher-kva\.example:\d+\/inspect#token=[\w-]{22}$/;
    expect(server.inspector!.url()).toMatch(named);
    expect(await server.admin.inspectorUrl()).toMatch(named);
    expect(await server.admin.inspectorUrl({ here: true })).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/inspect#token=[\w-]{22}$/);
  });

  it("is off without a word where it was turned off", async () => {
    const { server, lines } = await started({}, { enabled: false });
    expect([server.inspector, lines.filter(({ event }) => event === "inspector.off")]).toEqual([undefined, []]);
    await expect(server.admin.inspectorUrl()).rejects.toThrow("inspector.enabled is false; set it to true");
  });
});
