/** A page of the inspector without a browser: what it was told, and what it says. Its socket takes what is sent as the test wants. */
import type { FromPage, FromServer, Question, WatchItem } from "../../src/inspector/protocol.ts";
import type { TextSocket, TextSocketHandler } from "../../src/net/text-socket.ts";
import { eventually } from "../session/watching.ts";

export class Page {
  readonly told: FromServer[] = [];
  closed: { readonly code: number | undefined; readonly reason: string | undefined } | undefined;
  /** false: what is sent stays in the socket. */
  reads = true;
  readonly socket: TextSocket;
  #handler: TextSocketHandler | undefined;
  #unread: string[] = [];
  #unreadBytes = 0;
  #questions = 0;

  constructor(remoteAddress = "127.0.0.1") {
    // eslint-disable-next-line @typescript-eslint/no-this-alias
    const page = this;
    this.socket = {
      remoteAddress,
      get bufferedBytes() {
        return page.#unreadBytes;
      },
      start: (handler) => void (this.#handler = handler),
      send: (text) => this.#take(text),
      close: (code, reason) => {
        this.closed ??= { code, reason };
        this.#handler?.closed();
      },
    };
  }

  say(message: FromPage): void {
    this.sayText(JSON.stringify(message));
  }

  sayText(text: string): void {
    this.#handler?.text(text);
  }

  /** It reads again, and what has waited. */
  readOn(): void {
    this.reads = true;
    const unread = this.#unread;
    [this.#unread, this.#unreadBytes] = [[], 0];
    for (const text of unread) this.#take(text);
  }

  leave(): void {
    this.#handler?.closed();
  }

  of<Type extends FromServer["type"]>(type: Type): readonly Extract<FromServer, { type: Type }>[] {
    return this.told.filter((message) => message.type === type) as Extract<FromServer, { type: Type }>[];
  }

  /** Everything that happened in a session, as it was told. */
  items<Kind extends WatchItem["kind"]>(kind: Kind, session?: string): readonly Extract<WatchItem, { kind: Kind }>[] {
    const items = this.of("items").flatMap((message) => message.items);
    return items.filter((item) => item.kind === kind && (session === undefined || item.session === session)) as Extract<WatchItem, { kind: Kind }>[];
  }

  get dropped(): number {
    return this.of("items").at(-1)?.dropped ?? 0;
  }

  /** Rejects with the error of the answer. */
  async ask(question: Question): Promise<unknown> {
    const id = (this.#questions += 1);
    this.say({ type: "ask", id, question });
    const answer = await eventually(() => this.of("answer").find((found) => found.id === id));
    if ("error" in answer) throw new Error(answer.error);
    return answer.result;
  }

  #take(text: string): void {
    if (this.reads) {
      this.told.push(JSON.parse(text) as FromServer);
      return;
    }
    this.#unread.push(text);
    this.#unreadBytes += text.length;
  }
}
