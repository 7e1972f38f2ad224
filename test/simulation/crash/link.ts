/** One TCP connection with an XML stream in it, in the clear: whole elements in, text out. */
import { connect, type Socket } from "node:net";
import { StreamReader, type Xml } from "../../support/xml-reader.ts";

/** Milliseconds that a connection, or an answer while a stream is negotiated, may take. */
const patienceMs = 20_000;
/** Milliseconds that a link stays open which nobody reads any more. */
const abandonedMs = 1_500;

/** The link is gone, as happens to links. */
export class LinkLost extends Error {
  override readonly name = "LinkLost";
}

export class Link {
  readonly #socket: Socket;
  #reader = new StreamReader();
  #lost: Error | undefined;
  #waiting: (() => void)[] = [];

  /** Rejects with LinkLost. */
  static async connect(port: number): Promise<Link> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", (error) => reject(new LinkLost(error.message)));
      socket.setTimeout(patienceMs, () => reject(new LinkLost("connecting took too long")));
    }).catch((error: unknown) => {
      socket.destroy();
      throw error;
    });
    socket.setTimeout(0);
    return new Link(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => this.#read(text));
    socket.on("error", (error) => this.#lose(new LinkLost(error.message)));
    socket.on("close", () => this.#lose(new LinkLost("closed by the server")));
  }

  send(text: string): void {
    if (this.#lost === undefined) this.#socket.write(text);
  }

  /** What comes next begins a new stream. */
  restart(header: string): void {
    this.#reader = new StreamReader();
    this.send(header);
  }

  /** The next element, also one that came before the link was lost. Rejects with LinkLost, or with what was wrong in the stream. */
  async next(): Promise<Xml> {
    for (;;) {
      const element = this.#reader.take();
      if (element !== undefined) return element;
      if (this.#lost !== undefined) throw this.#lost;
      await this.#news();
    }
  }

  /** The same, where somebody waits for it. */
  async soon(): Promise<Xml> {
    const timer = setTimeout(() => this.drop("an answer took too long"), patienceMs);
    try {
      return await this.next();
    } finally {
      clearTimeout(timer);
    }
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** Cuts it; what has come and was not taken is forgotten. */
  drop(why: string): void {
    this.#forget(why);
    this.#socket.destroy();
  }

  /** Leaves it as it is, unread, as a client does that has gone to another network: to the server it looks alive. */
  abandon(why: string): void {
    this.#forget(why);
    this.#socket.pause();
    setTimeout(() => this.#socket.destroy(), abandonedMs).unref();
  }

  /** Closes the stream in order. Resolves when the server has closed it too, or with the link. */
  async close(): Promise<void> {
    this.send("</stream:stream>");
    while (!this.#reader.ended && this.#lost === undefined) {
      const timer = setTimeout(() => this.drop("closing took too long"), patienceMs);
      await this.#news();
      clearTimeout(timer);
    }
    this.#socket.destroy();
  }

  #forget(why: string): void {
    this.#lose(new LinkLost(why));
    this.#reader = new StreamReader();
  }

  #read(text: string): void {
    if (this.#lost !== undefined) return;
    try {
      this.#reader.write(text);
    } catch (error) {
      this.#lose(new Error(`what the server sent is not well-formed: ${(error as Error).message}`));
    }
    this.#tell();
  }

  #lose(error: Error): void {
    this.#lost ??= error;
    this.#tell();
  }

  async #news(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #tell(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
