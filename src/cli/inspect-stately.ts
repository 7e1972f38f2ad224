/** `refrain inspect --stately`: gives sessions to the relay of Stately's inspector, as `createInspectorServer` of @statelyai/inspect is one. */
import { connectAdmin } from "../admin/connect.ts";
import type { ConfigFlags } from "../config/load.ts";
import { lifeOf } from "../history/export/life.ts";
import type { SessionExport } from "../history/export/session-export.ts";
import { sessionName } from "../history/subject.ts";
import { StatelyTale } from "../inspector/stately.ts";
import { liveClock } from "../live.ts";
import { connectWebSocket, leadsHere, type ClientSocket, type SocketEnd } from "../net/web-socket-client.ts";
import { visible } from "./history-access.ts";
import { load } from "./options.ts";
import { exportFromLog, isFileName, readExport } from "./recorded-session.ts";
import { note, OperatorError, UsageError, warn } from "./terminal.ts";

/** Milliseconds until a relay, or a server, that has gone is looked for again, and how often that is done. */
const againMs = 1_000;
const triesMax = 30;
/** Bytes that the relay has not taken, beyond which no more is given to it. */
const unsentBytesMax = 1_048_576;
const drainMs = 20;
/** Messages that the relay of @statelyai/inspect keeps for a page that is opened later. */
const relayKeeps = 200;

/**
 * `url`: the relay's. `what`: a session, or a file; undefined for all sessions of the running server. What lives is given until Ctrl-C, what was
 * recorded once. Rejects with UsageError or OperatorError.
 */
export async function inspectStately({ url, what, flags }: { readonly url: string; readonly what: string | undefined; readonly flags: ConfigFlags }): Promise<void> {
  mustBeRelay(url);
  warnIfElsewhere(url);
  const recorded = what === undefined ? undefined : await recordedOf(what, flags);
  if (recorded !== undefined) return tellRecorded(url, recorded);
  await new LiveRelay(url, what, flags).run();
}

function mustBeRelay(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^wss?:$/.test(parsed.protocol)) {
    throw new UsageError(`--stately: expected the address of a relay such as ws://localhost:8080, got ${JSON.stringify(url)}`);
  }
}

/** Texts and passwords are in nothing that is told, but names are. */
function warnIfElsewhere(url: string): void {
  if (leadsHere(url)) return;
  const { host, protocol } = new URL(url);
  const how = protocol === "ws:" ? ", in the clear: whoever is on the way can read it" : "";
  warn(`--stately: names and resources of users, and the states and events of their sessions, are sent to ${host}${how}`);
}

/** undefined: a server runs, and tells it as it lives. */
async function recordedOf(what: string, flags: ConfigFlags): Promise<SessionExport | undefined> {
  if (isFileName(what)) return readExport(what);
  return (await serverUrl(flags)) === undefined ? exportFromLog(what, flags) : undefined;
}

async function tellRecorded(url: string, exported: SessionExport): Promise<void> {
  const { session } = exported;
  const tale = new StatelyTale({ id: session.id, name: session.username === "" ? `session ${session.id}` : sessionName(session) });
  const frames = lifeOf(exported).flatMap((step) => tale.frames(step));
  if (frames.length === 0) throw new OperatorError(`session ${session.id}: no snapshot of it is recorded, so no state can be told`);
  const relay = await openRelay(url);
  relay.start({ text: () => undefined, closed: () => undefined });
  for (const frame of frames) {
    relay.send(frame);
    if (relay.bufferedBytes > unsentBytesMax) await drained(relay, unsentBytesMax);
  }
  await drained(relay, 0);
  relay.close();
  const { code } = await relay.ended;
  if (code !== 1000 && code !== 1005) throw new OperatorError(`${url}: the relay went away before it had all of it (${code}); start it again, and this too`);
  const late = frames.length > relayKeeps ? `; a page that is opened only now is shown the last ${relayKeeps} by a relay of @statelyai/inspect: open it before` : "";
  note(`${url}: ${frames.length} messages about ${visible(sessionName(session))}${late}`);
}

/** Resolves when it has taken so much that no more than this is left, or is gone. */
async function drained(socket: ClientSocket, bytesMax: number): Promise<void> {
  const gone = socket.ended.then(() => true);
  while (socket.bufferedBytes > bytesMax) if ((await Promise.race([gone, rest(drainMs)])) === true) return;
}

/** What lives, from the server's own feed to the relay. Where either goes away it begins anew, and each session is introduced again. */
class LiveRelay {
  readonly #url: string;
  readonly #what: string | undefined;
  readonly #flags: ConfigFlags;
  #messages = 0;
  readonly #sessions = new Set<string>();
  #stopped = false;
  #stop: (() => void) | undefined;

  constructor(url: string, what: string | undefined, flags: ConfigFlags) {
    this.#url = url;
    this.#what = what;
    this.#flags = flags;
  }

  async run(): Promise<void> {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        this.#stopped = true;
        this.#stop?.();
      });
    }
    try {
      // At first both have to be there; later on they may be away for a while.
      for (let tries = 0; !this.#stopped; ) {
        const before = this.#messages;
        const end = await this.#relay().catch((error: unknown) => {
          if (tries === 0 || tries >= triesMax || !(error instanceof OperatorError)) throw error;
          return undefined;
        });
        if (this.#stopped || end?.done === true) return;
        if (this.#messages > before) tries = 0;
        if (tries === 0) note(`${end?.who ?? "the connection"} went away${end?.why ?? ""}; it is looked for again`);
        tries += 1;
        await rest(againMs);
      }
    } finally {
      // Where nothing ever was told, the error says why.
      if (this.#stopped || this.#messages > 0) note(`${this.#url}: ${this.#messages} messages about ${this.#sessions.size} ${this.#sessions.size === 1 ? "session" : "sessions"}`);
    }
  }

  /** Resolves when one of both has gone. */
  async #relay(): Promise<{ readonly done: boolean; readonly who: string; readonly why: string }> {
    const relay = await openRelay(this.#url);
    relay.start({ text: () => undefined, closed: () => undefined });
    const source = await this.#openSource().catch((error: unknown) => {
      relay.close();
      throw error;
    });
    if (this.#messages === 0) note(`${this.#what === undefined ? "all sessions" : visible(this.#what)} to ${this.#url}; end it with Ctrl-C`);
    source.start({
      text: (frame) => {
        relay.send(frame);
        this.#messages += 1;
        this.#sessions.add(sessionIn(frame));
        if (relay.bufferedBytes <= unsentBytesMax) return;
        // So the server feels it, and drops by its own bounds.
        source.pause();
        void drained(relay, 0).then(() => source.resume());
      },
      closed: () => undefined,
    });
    const stopped = new Promise<"stopped">((resolve) => (this.#stop = () => resolve("stopped")));
    const first = await Promise.race([relay.ended.then(() => "relay" as const), source.ended, stopped]);
    if (typeof first === "object") await drained(relay, 0);
    for (const socket of [relay, source]) socket.close();
    await Promise.all([relay.ended, source.ended]);
    if (first === "relay") return { done: false, who: this.#url, why: "" };
    if (first === "stopped") return { done: true, who: "", why: "" };
    return { done: isEnd(first, this.#what), who: "the server", why: first.reason === "" ? "" : ` (${visible(first.reason)})` };
  }

  async #openSource(): Promise<ClientSocket> {
    const page = await serverUrl(this.#flags);
    if (page === undefined) {
      const { config } = load(this.#flags);
      throw new OperatorError(`inspect: no server runs on the data folder ${config.dataDir}; start one, name its folder with --data, or name a SESSION or a FILE`);
    }
    try {
      return await connectWebSocket(feedUrl(page, this.#what), { isHere: true });
    } catch (error) {
      throw new OperatorError(`the server's inspector: ${reasonOf(error)}; see the server's log`);
    }
  }
}

/** Whether nothing more is to come of it. Throws OperatorError if the server has refused. */
function isEnd({ code, reason }: SocketEnd, what: string | undefined): boolean {
  if (code === 1008) throw new OperatorError(reason === "" ? `${what}: it cannot be told; see the server's log` : visible(reason));
  return code === 1000;
}

/** An address of this machine, with a token that is good once; undefined where no server runs. */
async function serverUrl(flags: ConfigFlags): Promise<string | undefined> {
  const { config } = load(flags);
  const client = await connectAdmin(config.dataDir, liveClock);
  return client?.inspectorUrl({ here: true }).finally(() => client.close());
}

/** Of `http://HOST:PORT/inspect#token=TOKEN`. */
function feedUrl(page: string, what: string | undefined): string {
  const { protocol, host, hash } = new URL(page);
  const query = new URLSearchParams({ token: hash.slice("#token=".length), ...(what === undefined ? {} : { session: what }) });
  return `${protocol === "https:" ? "wss" : "ws"}://${host}/inspect/stately?${query}`;
}

async function openRelay(url: string): Promise<ClientSocket> {
  try {
    return await connectWebSocket(url);
  } catch (error) {
    const fix = "start a relay, such as createInspectorServer() of @statelyai/inspect/server, or name another address with --stately URL";
    throw new OperatorError(`${url}: ${reasonOf(error)}; ${fix}`);
  }
}

function reasonOf(error: unknown): string {
  const { code, status, message } = error as { readonly code?: string; readonly status?: number; readonly message: string };
  if (code === "ECONNREFUSED") return "nothing listens there (ECONNREFUSED)";
  if (status !== undefined) return `it answered with HTTP status ${status}, and no WebSocket`;
  return code ?? message;
}

function sessionIn(frame: string): string {
  try {
    return String((JSON.parse(frame) as { readonly sessionId?: unknown }).sessionId);
  } catch {
    return "";
  }
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => void liveClock.at(liveClock.now() + ms, () => resolve(), true));
}
