/** The store's own thread: opens the file, answers questions in their order, and ends when it is told to or when the disk fails. */

import { parentPort, workerData } from "node:worker_threads";
import { liveClock } from "../../live.ts";
import type { Timer } from "../../ports.ts";
import { StoreOpenError } from "../errors.ts";
import type { Projection } from "../projection.ts";
import { projections as ownProjections } from "../projections/index.ts";
import { loadDriver } from "./driver.ts";
import type { OpenDatabase } from "./driver.ts";
import { Engine } from "./engine.ts";
import { toWire } from "./protocol.ts";
import type { Answers, EngineOptions, Question, Replies, Reply, Request, Requests } from "./protocol.ts";

if (parentPort === null) throw new Error("this file is the entry of a worker thread");
const port = parentPort;
/** Questions that are answered from read models, or leave a file that somebody reads. */
const needsModels: ReadonlySet<Question["kind"]> = new Set(["query", "stats", "backup"]);
const options = workerData as EngineOptions;

try {
  const engine = new Engine(await driver(), await projections(), options);
  port.on("message", (requests: Requests) => handleAll(engine, requests));
  say([{ kind: "opened" }]);
} catch (error) {
  say([{ kind: "refused", error: toWire(error) }]);
}

function handleAll(engine: Engine, requests: Requests): void {
  let replies: Reply[] = [];
  for (const request of requests) {
    const reply = handle(engine, request);
    replies.push(reply);
    if (reply.kind === "failed") break;
    // Whoever waits for a commit does not wait for those who read.
    if (request.kind !== "commit") continue;
    say(replies);
    replies = [];
  }
  if (replies.length > 0) say(replies);
  if (engine.behind) rest(engine);
  if (requests.some(({ kind }) => kind === "close") || replies.at(-1)?.kind === "failed") port.close();
}

let resting: Timer | undefined;

/** Soon, but not while others wait for their commits. */
function rest(engine: Engine): void {
  resting ??= liveClock.at(liveClock.now() + options.modelsRestMs, () => {
    resting = undefined;
    const failed = broughtUp(engine);
    if (failed === undefined) return;
    say([failed]);
    port.close();
  });
}

/** What is to be said if the database fails at it. */
function broughtUp(engine: Engine): Reply | undefined {
  try {
    engine.catchUp();
    return undefined;
  } catch (error) {
    engine.abandon();
    return { kind: "failed", error: toWire(error) };
  }
}

function handle(engine: Engine, request: Request): Reply {
  const failed = needsModels.has(request.kind) ? broughtUp(engine) : undefined;
  if (failed !== undefined) return failed;
  try {
    return { kind: "answer", id: request.id, value: answer(engine, request) };
  } catch (error) {
    if (request.kind !== "commit") return { kind: "error", id: request.id, error: toWire(error) };
    // Let go of the file first: whoever hears of the failure may open it again.
    engine.abandon();
    return { kind: "failed", error: toWire(error) };
  }
}

function answer(engine: Engine, question: Question): Answers[keyof Answers] {
  switch (question.kind) {
    case "commit":
      return engine.commit(question.group);
    case "read":
      return engine.read(question.stream, question.after, question.limit);
    case "readAll":
      return engine.readAll(question.after, question.limit);
    case "query":
      return engine.query(question.projection, question.query);
    case "secret":
      return engine.secret(question.stream, question.type);
    case "contents":
      return engine.contents(question.stream, question.after, question.limit);
    case "texts":
      return engine.texts(question.stream, question.keys);
    case "stats":
      return engine.stats();
    case "backup":
      engine.backup(question.file);
      return null;
    case "close":
      engine.close();
      return null;
  }
}

async function driver(): Promise<OpenDatabase> {
  try {
    return await loadDriver(options.driver);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreOpenError(
      "no-driver",
      options.file,
      `${options.file}: this Node (${process.version}) can load no SQLite (${reason}); ` +
        "use Node 22.13 or later, or install the optional package libsql",
    );
  }
}

async function projections(): Promise<readonly Projection[]> {
  if (options.projections === undefined) return ownProjections;
  return ((await import(options.projections)) as { readonly projections: readonly Projection[] }).projections;
}

function say(replies: Replies): void {
  port.postMessage(replies);
}
