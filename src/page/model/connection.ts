/** The page's connection to its server: shows the token, opens the feed, opens it again when it is lost, asks and is answered. */
import { signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { FromPage, FromServer, Question } from "../../inspector/protocol.ts";
import type { PageClock } from "./contract.ts";

/** A WebSocket to the feed, as it is used here. */
export interface FeedSocket {
  send(text: string): void;
  close(): void;
}

export interface FeedHandlers {
  opened(): void;
  text(text: string): void;
  /** Told once, also where it never opened. `code` as in RFC 6455 section 7.4.1. */
  closed(code: number, reason: string): void;
}

/** Whether the server lets this browser in. */
export type Entrance = "entered" | "refused" | "unreachable";

export interface ConnectionParts {
  connect(handlers: FeedHandlers): FeedSocket;
  /** Shows the token; without one it asks whether it was let in before. Never rejects. */
  enter(token: string | undefined): Promise<Entrance>;
  readonly clock: PageClock;
}

/** Milliseconds until the next try: twice as long each time, up to a bound. */
const firstTryMs = 500;
const tryMsMax = 15_000;
/** While it is open something comes every second. */
const silenceMsMax = 20_000;

export class Connection {
  readonly state: ReadonlySignal<"connecting" | "open" | "closed" | "refused">;
  /** A few words; "" for nothing. */
  readonly problem: ReadonlySignal<string>;
  readonly #state: Signal<"connecting" | "open" | "closed" | "refused">;
  readonly #problem: Signal<string>;
  readonly #parts: ConnectionParts;
  readonly #heard: (message: FromServer) => void;
  readonly #questions = new Map<number, { readonly resolve: (result: unknown) => void; readonly reject: (error: Error) => void }>();
  #socket: FeedSocket | undefined;
  #lastQuestion = 0;
  #tries = 0;
  #heardAt = 0;
  #cancel: (() => void) | undefined;

  constructor(parts: ConnectionParts, heard: (message: FromServer) => void) {
    this.#parts = parts;
    this.#heard = heard;
    this.state = this.#state = signal("connecting");
    this.problem = this.#problem = signal("");
  }

  /** With a token it is shown first. */
  async start(token: string | undefined): Promise<void> {
    this.#leave();
    this.#state.value = "connecting";
    const entrance = await this.#enter(token);
    if (entrance === "entered") this.#open();
    else if (entrance === "refused") this.#refused();
    else this.#later("the server cannot be reached", token);
  }

  /** Whether it was sent: not while nothing is open. */
  send(message: FromPage): boolean {
    if (this.#state.peek() !== "open") return false;
    this.#socket?.send(JSON.stringify(message));
    return true;
  }

  /** Rejects with words for people. */
  ask(question: Question): Promise<unknown> {
    const id = ++this.#lastQuestion;
    return new Promise((resolve, reject) => {
      if (!this.send({ type: "ask", id, question })) return reject(new Error("the server is not connected; try again when it is"));
      this.#questions.set(id, { resolve, reject });
    });
  }

  async #enter(token: string | undefined): Promise<Entrance> {
    const entrance = await this.#parts.enter(token);
    // A token that is good once was used when this page was opened before.
    return entrance === "refused" && token !== undefined ? this.#parts.enter(undefined) : entrance;
  }

  #open(): void {
    this.#leave();
    this.#state.value = "connecting";
    let opened = false;
    const ifCurrent = (work: () => void) => () => {
      if (this.#socket === socket) work();
    };
    const socket: FeedSocket = this.#parts.connect({
      opened: () => {
        opened = true;
        ifCurrent(() => this.#opened())();
      },
      text: (text) => ifCurrent(() => this.#text(text))(),
      closed: (code, reason) => ifCurrent(() => void this.#closed(opened, code, reason))(),
    });
    this.#socket = socket;
  }

  #opened(): void {
    this.#state.value = "open";
    this.#problem.value = "";
    this.#heardAt = this.#parts.clock.now();
    this.#listen();
  }

  #text(text: string): void {
    this.#heardAt = this.#parts.clock.now();
    this.#tries = 0;
    const message = JSON.parse(text) as FromServer;
    if (message.type !== "answer") return this.#heard(message);
    const question = this.#questions.get(message.id);
    this.#questions.delete(message.id);
    if ("error" in message) question?.reject(new Error(message.error));
    else question?.resolve(message.result);
  }

  /** A connection that has died without a word is given up. */
  #listen(): void {
    this.#cancel?.();
    this.#cancel = this.#parts.clock.after(silenceMsMax / 4, () => {
      if (this.#parts.clock.now() - this.#heardAt < silenceMsMax) return this.#listen();
      this.#leave();
      this.#later("nothing was heard of the server any more", undefined);
    });
  }

  async #closed(opened: boolean, code: number, reason: string): Promise<void> {
    this.#leave();
    this.#state.value = "closed";
    // What the browser does not say: whether it was turned away, or found nobody.
    const entrance = opened ? "entered" : await this.#parts.enter(undefined);
    if (this.#socket !== undefined || this.#cancel !== undefined) return;
    if (entrance === "refused") return this.#refused();
    const why = reason !== "" ? reason : code === 1001 || !opened ? "the server cannot be reached" : "the connection to the server was lost";
    this.#later(why, undefined);
  }

  #later(why: string, token: string | undefined): void {
    this.#state.value = "closed";
    this.#problem.value = why;
    const ms = Math.min(firstTryMs * 2 ** this.#tries, tryMsMax);
    this.#tries += 1;
    this.#cancel = this.#parts.clock.after(ms, () => (token === undefined ? this.#open() : void this.start(token)));
  }

  #refused(): void {
    this.#state.value = "refused";
    this.#problem.value = "the server does not know this browser, or the token was wrong, used or too old: run `refrain inspect` and open the address that it prints";
  }

  /** Of the socket nothing is heard from here on; nobody answers any more. */
  #leave(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    for (const { reject } of this.#questions.values()) reject(new Error("the connection to the server was lost; ask again when it is back"));
    this.#questions.clear();
  }
}
