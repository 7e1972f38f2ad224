/** `refrain inspect --stately`, with the relay and the page's receiver of `@statelyai/inspect` at the other end, in a real browser, offline. */
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createInspectorServer } from "@statelyai/inspect/server";
import type { Browser } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import type { StateValue } from "xstate";
import { stateName } from "../../machines/state-name.ts";
import { exitStatus, newFolder, refrain, spawnRefrain } from "../cli/refrain.ts";
import { serving, type Serving } from "../cli/serving.ts";
import { eventually } from "../session/watching.ts";
import { chromiumMissing, launchChromium } from "../support/chromium.ts";
import { login } from "../support/login.ts";

interface Frame {
  readonly type: string;
  readonly sessionId: string;
  readonly name?: string;
  readonly definition?: string;
  readonly event?: { readonly type: string };
  readonly snapshot?: { readonly value: StateValue };
}

const lived = ["stream.opened", "sasl.started", "sasl.succeeded", "stream.opened", "bind.requested", "resource.bound", "presence.changed", "stream.ended"];
const states = [
  "negotiating.offering", "negotiating.authenticating", "authenticated.awaitingRestart", "authenticated.binding.idle", "authenticated.binding.pending",
  "connected.unavailable+uninterested+attached", "connected.available+uninterested+attached", "closed",
];

let cwd: string;
let server: Serving;
let relayPort: number;
let relay: ReturnType<typeof createInspectorServer>;
let inspector: { readonly url: string; readonly site: Server; readonly folder: string };
beforeAll(async () => {
  cwd = newFolder();
  inspector = await inspectorPage();
  server = await serving(cwd);
  await refrain(["user", "add", "romeo@localhost", "--password-stdin"], { cwd, input: "secret\n" });
  // At once before it is taken: other files that run now take free ports too.
  relayPort = await freePort();
  relay = createInspectorServer({ port: relayPort, autoOpen: false, url: inspector.url });
});
afterAll(async () => {
  relay.stop();
  await server.stop();
  inspector.site.close();
  inspector.site.closeAllConnections();
  for (const folder of [cwd, inspector.folder]) rmSync(folder, { recursive: true });
});

/** A page that receives as Stately's own does, by the same function, and keeps what it is told. */
async function inspectorPage(): Promise<typeof inspector> {
  const folder = mkdtempSync(join(tmpdir(), "refrain-stately-"));
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
  writeFileSync(join(folder, "receiver.js"), `
    import { createBrowserReceiver } from "@statelyai/inspect";
    globalThis.received = [];
    createBrowserReceiver().subscribe((frame) => globalThis.received.push(frame));
  `);
  await build({
    root: folder, configFile: false, logLevel: "error",
    build: { outDir: "built", lib: { entry: "receiver.js", formats: ["es"], fileName: "receiver" }, minify: false },
  });
  const script = readFileSync(join(folder, "built", "receiver.js"));
  const site = createHttpServer((request, response) => {
    if (request.url === "/receiver.js") response.writeHead(200, { "content-type": "text/javascript" }).end(script);
    else response.writeHead(200, { "content-type": "text/html" }).end(`<!doctype html><script type="module" src="/receiver.js"></script>`);
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(site.address() as AddressInfo).port}/`, site, folder };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** The command, once it gives what lives. */
async function statelyCommand(port: number, ...args: readonly string[]) {
  const child = spawnRefrain(["inspect", ...args, "--stately", `ws://localhost:${port}`], { cwd });
  let stderr = "";
  child.stderr!.on("data", (chunk) => (stderr += String(chunk)));
  await eventually(() => (stderr.includes("end it with Ctrl-C") ? true : undefined));
  return {
    stderr: () => stderr,
    async stop() {
      child.kill("SIGINT");
      return exitStatus(child);
    },
  };
}

async function live(): Promise<void> {
  const client = await login(server, { user: "romeo", over: "plaintext", resource: "orchard" });
  await client.ask("<presence/>");
  client.raw.send("</stream:stream>");
  await client.raw.closed;
}

describe.skipIf(chromiumMissing !== undefined)(`Stately's inspector in a browser${chromiumMissing === undefined ? "" : ` (skipped: ${chromiumMissing})`}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  async function openInspector(): Promise<() => Promise<readonly Frame[]>> {
    const page = await browser.newPage();
    await page.goto(`http://localhost:${relayPort}/`);
    const frame = await eventually(() => page.frames().find((each) => each.url() === inspector.url));
    await frame.waitForFunction("Array.isArray(globalThis.received)");
    return () => frame.evaluate("globalThis.received") as Promise<readonly Frame[]>;
  }

  it("shows a session that logs in over a real socket, from its first byte to its end", async () => {
    const received = await openInspector();
    const command = await statelyCommand(relayPort);
    await live();
    const frames = await eventually(async () => {
      const all = await received();
      return all.some(({ event }) => event?.type === "stream.ended") && all.at(-1)?.type === "@xstate.snapshot" ? all : undefined;
    });
    expect(frames[0]).toMatchObject({ type: "@xstate.actor", name: expect.stringMatching(/^session /), snapshot: { value: "awaitingStream" } });
    expect((JSON.parse(frames[0]!.definition!) as { readonly id: string }).id).toBe("session");
    expect(new Set(frames.map(({ sessionId }) => sessionId)).size).toBe(1);
    expect(frames.filter(({ type }) => type === "@xstate.event").map(({ event }) => event!.type)).toEqual(lived);
    expect(frames.filter(({ type }) => type === "@xstate.snapshot").map(({ snapshot }) => stateName(snapshot!.value))).toEqual(states);
    expect(await command.stop()).toBe(0);
    expect(command.stderr()).toMatch(/: 17 messages about 1 session\n$/);
    // The relay has kept it for a page that comes later.
    const late = await openInspector();
    await eventually(async () => ((await late()).length === frames.length ? true : undefined));
  });

  it("shows a recorded session out of a file, and one of the log of the running server", async () => {
    const exported = await refrain(["inspect", "romeo@localhost/orchard", "--export", "session.json", "--pseudonyms"], { cwd });
    expect(exported.status).toBe(0);
    const received = await openInspector();
    for (const [what, name] of [["session.json", "user1@host1.example/resource1"], ["romeo@localhost/orchard", "romeo@localhost/orchard"]] as const) {
      const { status, stderr } = await refrain(["inspect", what, "--stately", `ws://localhost:${relayPort}`], { cwd });
      expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.stringMatching(/: 11 messages about /) });
      const frames = await eventually(async () => {
        const all = await received();
        const from = all.findLastIndex((frame) => frame.name === name);
        return from === -1 || all.length < from + 11 ? undefined : all.slice(from, from + 11);
      });
      expect(frames.filter(({ type }) => type === "@xstate.snapshot").map(({ snapshot }) => stateName(snapshot!.value))).toEqual(states.slice(3));
    }
  });
});

describe("refrain inspect --stately", () => {
  it("says what is wrong, and how it is mended", async () => {
    const nobody = await freePort();
    const outcomes = await Promise.all([
      refrain(["inspect", "--stately", "http://localhost"], { cwd }),
      refrain(["inspect", "--stately", `ws://localhost:${nobody}`], { cwd }),
      refrain(["inspect", "nobody@localhost/x", "--stately", `ws://localhost:${relayPort}`], { cwd }),
      refrain(["inspect", "--stately", `ws://localhost:${relayPort}`, "--data", "elsewhere"], { cwd }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([2, 1, 1, 1]);
    const [scheme, closed, unknown, nowhere] = outcomes.map(({ stderr }) => stderr);
    expect(scheme).toContain(`--stately: expected the address of a relay such as ws://localhost:8080, got "http://localhost"`);
    expect(closed).toMatch(/^error: [^\n]*nothing listens there \(ECONNREFUSED\); start a relay, such as createInspectorServer\(\)/);
    expect(unknown).toMatch(/nobody@localhost\/x: the log knows nothing of it/);
    expect(nowhere).toMatch(/no server runs on the data folder \S+elsewhere/);
  });

  it("warns before it sends something to another machine, and says of what, and whether it can be read on the way", async () => {
    // Nothing is to be sent: there is no such file.
    const warned = async (url: string) => (await refrain(["inspect", "nothing.json", "--stately", url], { cwd })).stderr.split("\n")[0];
    const what = "warning: --stately: names and resources of users, and the states and events of their sessions, are sent to relay.example";
    expect(await warned("wss://relay.example/")).toBe(what);
    expect(await warned("ws://relay.example:8080")).toBe(`${what}:8080, in the clear: whoever is on the way can read it`);
    for (const url of ["ws://localhost:8080", "ws://127.0.0.1", "ws://[::1]:8080"]) expect(await warned(url)).toMatch(/^error: nothing\.json: there is no such file/);
  });

  it("comes again when the relay was away, and introduces what lives then", async () => {
    const client = await login(server, { user: "romeo", over: "plaintext", resource: "staying" });
    const port = await freePort();
    const first = await plainRelay(port);
    const command = await statelyCommand(port, "romeo@localhost/staying");
    await eventually(() => first.frames.find(({ name }) => name === "romeo@localhost/staying"));
    await first.stop();
    await eventually(() => (command.stderr().includes("went away; it is looked for again") ? true : undefined));
    const second = await plainRelay(port);
    await eventually(() => second.frames.find(({ name }) => name === "romeo@localhost/staying"));
    await client.ask("<presence/>");
    await eventually(() => second.frames.find(({ event }) => event?.type === "presence.changed"));
    expect(await command.stop()).toBe(0);
    client.raw.end();
    await second.stop();
  });
});

/** One that only listens, and can go away with its connections, as Stately's ends only with its process. */
async function plainRelay(port: number): Promise<{ readonly frames: readonly Frame[]; stop(): Promise<void> }> {
  const relay = new WebSocketServer({ port, host: "localhost" });
  const frames: Frame[] = [];
  relay.on("connection", (socket) => socket.on("message", (data) => frames.push(JSON.parse(String(data)) as Frame)));
  await new Promise((resolve) => relay.once("listening", resolve));
  return {
    frames,
    async stop() {
      for (const socket of relay.clients) socket.terminate();
      await new Promise((resolve) => relay.close(resolve));
    },
  };
}
