/**
 * What the inspector's page costs the browser with thousands of sessions that live, most of them idle and some of them chatting: the time
 * between frames and how busy its main thread is (while the list is looked at, while it is scrolled, while one session is watched), the
 * memory of its scripts after a collection, and its elements. Not part of the suite; wants Debian's chromium. After `npm run build`:
 *   npx tsc -p tsconfig.json --outDir dist/bench && node dist/bench/test/bench/inspector-page.js [SESSIONS] [MESSAGES_A_SECOND]
 */
import { connect, type Socket } from "node:net";
import type { CDPSession, Page } from "playwright-core";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { chromiumMissing, launchChromium } from "../support/chromium.ts";
import { bindRequest, saslPlain, streamHeader } from "../support/login.ts";

const sessions = Number(process.argv[2] ?? 5_000);
const messagesPerSecond = Number(process.argv[3] ?? 200);
const perAccount = 10;
const loginsAtOnce = 64;
const lookMs = 10_000;

if (chromiumMissing !== undefined) throw new Error(chromiumMissing);
const server = await startServer({ allowPlaintext: true, http: true });
const browser = await launchChromium();
try {
  await measure();
} finally {
  await browser.close();
  await server.stop();
}
process.exit();

async function measure(): Promise<void> {
  const clients = await populate(server);
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
  const devtools = await page.context().newCDPSession(page);
  await page.goto(server.server.inspector!.url());
  await page.getByRole("link", { name: "Sessions" }).click();
  await page.getByText(sessions.toLocaleString("en")).first().waitFor();
  await report("list, nothing happens", page, devtools);
  const stop = chat(clients, messagesPerSecond);
  await report(`list, ${messagesPerSecond} messages a second`, page, devtools);
  await report("list, scrolled all the time", page, devtools, scroll);
  const [watched] = clients;
  await page.evaluate(`location.hash = ${JSON.stringify(`#/session/${await idOf(watched!.jid)}/chart`)}`);
  await page.getByRole("slider").waitFor();
  await report("one of them watched", page, devtools);
  const stopMore = chat([watched!, clients[1]!], 50);
  await report("one of them watched, with 50 messages a second of its own", page, devtools);
  stopMore();
  stop();
  for (const { socket } of clients) socket.destroy();
}

interface Client {
  readonly jid: string;
  readonly socket: Socket;
}

async function populate(server: TestServer): Promise<readonly Client[]> {
  const names = Array.from({ length: Math.ceil(sessions / perAccount) }, (_, index) => `u${index}`);
  for (const name of names) await server.addUser(name, "secret");
  const waiting = Array.from({ length: sessions }, (_, index) => ({ name: names[Math.floor(index / perAccount)]!, resource: `r${index}` }));
  const clients: Client[] = [];
  const work = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) clients.push(await login(server.port, next.name, next.resource));
  };
  await Promise.all(Array.from({ length: loginsAtOnce }, work));
  return clients;
}

async function login(port: number, name: string, resource: string): Promise<Client> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let text = "";
  const comes = (what: string) =>
    new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (!text.includes(what)) return;
        socket.off("data", look);
        text = "";
        resolve();
      };
      socket.on("data", look).once("error", reject);
    });
  socket.on("data", (bytes) => (text += String(bytes)));
  const said = async (words: string, answer: string): Promise<void> => {
    const answered = comes(answer);
    socket.write(words);
    await answered;
  };
  await said(streamHeader("localhost"), "</stream:features>");
  await said(saslPlain(name), "<success");
  await said(streamHeader("localhost"), "</stream:features>");
  await said(bindRequest(resource), "</iq>");
  socket.removeAllListeners("data").resume();
  socket.write("<presence/>");
  return { jid: `${name}@localhost/${resource}`, socket };
}

/** Each second so many messages, from anybody to anybody. Returns the way to end it. */
function chat(clients: readonly Client[], perSecond: number): () => void {
  let number = 0;
  const timer = setInterval(() => {
    for (let left = perSecond / 10; left > 0; left -= 1) {
      const [from, to] = [clients[(number * 7) % clients.length]!, clients[(number * 13 + 1) % clients.length]!];
      from.socket.write(`<message to='${to.jid}' type='chat' id='m${(number += 1)}'><body>message ${number}</body></message>`);
    }
  }, 100);
  return () => clearInterval(timer);
}

async function idOf(jid: string): Promise<string> {
  const id = (await server.sessions()).find(({ full_jid }) => full_jid === jid)?.id;
  if (id === undefined) throw new Error(`${jid} has no session`);
  return id;
}

async function scroll(page: Page): Promise<void> {
  await page.mouse.move(400, 500);
  const end = performance.now() + lookMs;
  for (let down = true; performance.now() < end; down = !down) {
    for (let times = 0; times < 40 && performance.now() < end; times += 1) {
      await page.mouse.wheel(0, down ? 700 : -700);
      await page.evaluate("new Promise(requestAnimationFrame)");
    }
  }
}

async function report(what: string, page: Page, devtools: CDPSession, meanwhile?: (page: Page) => Promise<void>): Promise<void> {
  await devtools.send("Performance.enable");
  const before = await metricsOf(devtools);
  const [intervals] = await Promise.all([framesOf(page), meanwhile?.(page)]);
  const busy = ((await metricsOf(devtools))("TaskDuration") - before("TaskDuration")) / (lookMs / 1_000);
  const sorted = intervals.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!.toFixed(1);
  await devtools.send("HeapProfiler.collectGarbage");
  const metric = await metricsOf(devtools);
  const late = intervals.filter((interval) => interval > 34).length;
  console.log(
    `${what}: ${sorted.length} frames, p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms, ${late} over 34 ms; ` +
      `main thread ${(busy * 100).toFixed(1)} % busy; ` +
      `heap ${(metric("JSHeapUsedSize") / 1_048_576).toFixed(1)} MB, ${metric("Nodes")} DOM nodes (${await page.evaluate("document.querySelectorAll('*').length")} elements)`,
  );
}

async function metricsOf(devtools: CDPSession): Promise<(name: string) => number> {
  const { metrics } = await devtools.send("Performance.getMetrics");
  return (name) => metrics.find((one) => one.name === name)?.value ?? 0;
}

async function framesOf(page: Page): Promise<readonly number[]> {
  return page.evaluate(`new Promise((resolve) => {
    const intervals = [];
    const begun = performance.now();
    let before;
    requestAnimationFrame(function tick(now) {
      if (before !== undefined) intervals.push(now - before);
      before = now;
      if (now - begun >= ${lookMs}) resolve(intervals);
      else requestAnimationFrame(tick);
    });
  })`);
}
