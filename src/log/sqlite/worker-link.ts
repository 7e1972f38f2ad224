/** The main thread's end of the store's thread: questions out, answers in, and the one moment when it is over. */

import { Worker } from "node:worker_threads";
import { StoreFailedError, StoreOpenError } from "../errors.ts";
import type { Answers, EngineOptions, Question, Replies, Reply, Request, Requests } from "./protocol.ts";
import { fromWire } from "./protocol.ts";

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

export class WorkerLink {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  /** In this turn, and not yet sent. */
  #asked: Request[] = [];
  #lastId = 0;
  #failure: StoreFailedError | undefined;
  #closing = false;

  /** `failed` is told once, and only after the thread has let go of the file. */
  private constructor(worker: Worker, failed: (error: StoreFailedError) => void) {
    this.#worker = worker;
    worker.on("message", (replies: Replies) => {
      for (const reply of replies) this.#hear(reply);
    });
    worker.on("error", (error: Error) => this.#fail(error));
    this.#exited = new Promise((resolve) => {
      worker.once("exit", () => {
        if (!this.#closing || this.#waiting.size > 0) this.#fail(new Error("its thread ended"));
        resolve();
        if (this.#failure !== undefined) failed(this.#failure);
      });
    });
    worker.unref();
  }

  /** Rejects with StoreOpenError. */
  static async open(options: EngineOptions, failed: (error: StoreFailedError) => void): Promise<WorkerLink> {
    const worker = new Worker(workerUrl(), { name: "refrain-store", workerData: options, execArgv });
    const reply = await firstReply(worker, options.file);
    if (reply.kind === "opened") return new WorkerLink(worker, failed);
    throw reply.kind === "refused" ? fromWire(reply.error) : new Error(`unexpected ${reply.kind}`);
  }

  /** Why nothing is answered any more, if it is so. */
  get failure(): StoreFailedError | undefined {
    return this.#failure;
  }

  ask<Kind extends Question["kind"]>(question: Question & { readonly kind: Kind }): Promise<Answers[Kind]> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      const id = (this.#lastId += 1);
      this.#waiting.set(id, { resolve, reject });
      // A process lives for a question that is under way, not for an idle store.
      this.#worker.ref();
      if (this.#asked.length === 0) queueMicrotask(() => this.#send());
      this.#asked.push({ ...question, id } satisfies Request);
    });
  }

  #send(): void {
    const asked: Requests = this.#asked;
    this.#asked = [];
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker.postMessage(asked);
  }

  /** Ends the thread. Resolves when it has let go of the file, failed or not. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#worker.ref();
    // Should the thread die of it, the file is free all the same, and what was acknowledged is in it.
    await this.ask({ kind: "close" }).catch(() => undefined);
    await this.#exited;
  }

  #hear(reply: Reply): void {
    if (reply.kind === "failed") this.#fail(fromWire(reply.error));
    if (reply.kind !== "answer" && reply.kind !== "error") return;
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0 && !this.#closing) this.#worker.unref();
    if (reply.kind === "answer") waiting?.resolve(reply.value as never);
    else waiting?.reject(fromWire(reply.error));
  }

  #fail(cause: Error): void {
    if (this.#failure !== undefined) return;
    const failure = new StoreFailedError(`the store failed and must be opened again: ${cause.message}`, { cause });
    this.#failure = failure;
    for (const { reject } of this.#waiting.values()) reject(failure);
    this.#waiting.clear();
  }
}

/** node:sqlite says on standard error that it is experimental, in the Node versions where it is. Node 20.10 has neither. */
const quiet = "--disable-warning=ExperimentalWarning";
const execArgv = process.allowedNodeEnvironmentFlags.has("--disable-warning") ? [quiet] : [];

/** Node 20 runs no TypeScript: when the sources are run by a tool that does, as the tests are, the thread runs what was built of them. */
function workerUrl(): URL {
  const built = import.meta.url.endsWith(".ts") ? "../../../dist/src/log/sqlite/worker.js" : "./worker.js";
  return new URL(built, import.meta.url);
}

function firstReply(worker: Worker, file: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      worker.off("message", heard).off("error", failed).off("exit", exited);
    };
    const failed = (error: Error): void => {
      settle();
      reject(new StoreOpenError("failed", file, `${file}: the store's thread did not start (${error.message}); build refrain again`));
    };
    const exited = (code: number): void => failed(new Error(`it ended with code ${code}`));
    const heard = ([reply]: readonly [Reply]): void => {
      settle();
      if (reply.kind === "opened") resolve(reply);
      // The file is free only when the thread is gone.
      else worker.once("exit", () => resolve(reply));
    };
    worker.on("message", heard).on("error", failed).on("exit", exited);
  });
}
