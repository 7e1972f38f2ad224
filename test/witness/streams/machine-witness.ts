/** The session's machine as the second witness: told what the border would tell it for each action, its effects put into the words of the rules. */
import { initialTransition, transition } from "xstate";
import type { SessionSnapshot } from "../../../machines/fold.ts";
import { sessionMachine } from "../../../machines/session.ts";
import type { SessionEffect, SessionEvent } from "../../../machines/session-events.ts";
import { bindTriesMax, resumeTriesMax, saslTriesMax } from "../../../src/domain/limits.ts";
import type { SaslErrorCondition, StreamErrorCondition } from "../../../src/domain/errors.ts";
import { another, type Action, type Actor, type Move, type SessionState } from "../../../src/testing/oracle/stream-oracle.ts";
import type { Phase } from "../../../src/testing/oracle/stream-rules.ts";
import { isIn, wordsOf } from "./machine-words.ts";

type WithoutTime<Event> = Event extends { readonly at: number } ? Omit<Event, "at"> : never;
type Telling = WithoutTime<SessionEvent>;

/** One session with a machine of its own, whatever streams it has had. */
interface Life {
  snapshot: SessionSnapshot;
  resumes: number;
}

export interface Testimony {
  /** undefined where the host deals with it and the machine is told nothing. */
  readonly words: readonly string[] | undefined;
  readonly other: readonly string[];
}

const policy = { negotiationMs: 30_000, closingMs: 5_000, resumptionMs: 600_000, saslTriesMax, bindTriesMax };

export class MachineWitness {
  readonly #user: string;
  readonly #streams: (Life | undefined)[] = [];
  readonly #sessions = new Map<number, Life>();
  #now = 1_000_000;

  constructor(user: string) {
    this.#user = user;
  }

  connect(secure: boolean): void {
    const [snapshot] = initialTransition(sessionMachine, { at: this.#now, secure, policy });
    this.#streams.push({ snapshot, resumes: 0 });
  }

  /** The session that the stream has from now on has this number. */
  bound(stream: number, session: number): void {
    const life = this.#streams[stream];
    if (life !== undefined) this.#sessions.set(session, life);
  }

  /** `about`: the session that the move names. `server`: what the server said, for what the host alone decides. */
  act(move: Move, about: SessionState | undefined, server: readonly string[]): Testimony {
    const { actor, rule: { action } } = move;
    if (action === "let the time pass") {
      for (const life of this.#sessions.values()) this.#expire(life);
      return { words: [], other: [] };
    }
    const life = this.#lifeOf(actor);
    if (life === undefined) return { words: undefined, other: [] };
    const other = { words: [] as string[] };
    const telling = this.#tellingOf(move, life, server);
    if (telling === undefined) return { words: undefined, other: [] };
    const words = this.#tell(life, telling, (effect) => this.#answer(effect, move, life, about, other));
    // Its stream is gone; the session is to be found by its number from now on.
    if ("stream" in actor && isIn("lost", life.snapshot)) this.#streams[actor.stream] = undefined;
    return { words, other: other.words };
  }

  /** What is wrong with the machine's state for a stream in that phase; undefined where nothing is. */
  disagreesWith(phase: Phase, actor: Actor): string | undefined {
    const life = this.#lifeOf(actor);
    if (life === undefined) return phase === "closed" ? undefined : "there is no machine";
    const { value, context } = life.snapshot;
    return isIn(phase, life.snapshot) ? undefined : `${JSON.stringify(value)}, secure ${context.secure}, management ${context.management}`;
  }

  #lifeOf(actor: Actor): Life | undefined {
    return "stream" in actor ? this.#streams[actor.stream] : this.#sessions.get(actor.lost);
  }

  #expire(life: Life): void {
    const deadline = life.snapshot.context.timers.resumption;
    if (deadline !== undefined) this.#tell(life, { type: "timer.expired", name: "resumption", deadline }, () => undefined);
  }

  #tellingOf({ rule: { action, phase }, id, resource }: Move, life: Life, server: readonly string[]): Telling | undefined {
    const isHeader = phase.startsWith("opening") || phase === "authenticated";
    const isBound = ["bound", "counting", "resumable"].includes(phase);
    if (phase === "signing in" && ["ask for a count", "send white space"].includes(action)) return failed("policy-violation");
    const opened = { type: "stream.opened", host: "localhost", from: null, version: 1 } as const;
    switch (action) {
      case "open the stream":
        return isHeader ? opened : failed("bad-format");
      case "open it as another":
        return { ...opened, from: another };
      case "open it to an unknown host":
      case "open it to no host":
        return { ...opened, host: null };
      case "open it without a version":
        return { ...opened, version: 0 };
      case "open it with version 11.0":
        return { ...opened, version: 11 };
      case "ask for TLS":
        return { type: "tls.requested" };
      case "shake hands":
        return { type: "tls.established", protocol: "TLSv1.3" };
      case "send no handshake":
        return { type: "tls.failed", why: "no handshake" };
      case "respond":
      case "respond wrongly":
      case "respond with what is no base64":
      case "respond with what is no message":
        return { type: "sasl.continued" };
      case "abort":
        return { type: "sasl.aborted" };
      case "respond at once":
      case "respond at once wrongly":
        return { type: "sasl2.continued" };
      case "abort at once":
        return { type: "sasl2.aborted" };
      case "bind any resource":
        return { type: "bind.requested", id, resource: null };
      case "bind a resource":
      case "bind what is no resource":
      case "bind the resource of a lost session":
      case "bind the resource of an attached session":
        return { type: "bind.requested", id, resource };
      case "ask the server":
        return isBound ? undefined : { type: "stanza.received", kind: "iq", allowed: phase === "restarted" };
      case "ask a partner":
        return isBound ? undefined : { type: "stanza.received", kind: "iq", allowed: false };
      case "write to a partner":
        return isBound ? undefined : { type: "stanza.received", kind: "message", allowed: false };
      case "show a partner presence":
        return isBound ? undefined : { type: "stanza.received", kind: "presence", allowed: false };
      case "report a stream error":
        return { type: "stream.ended" };
      case "end the stream":
        return isHeader ? failed("not-well-formed") : { type: "stream.ended" };
      case "close the connection":
      case "vanish":
        return { type: "link.lost", why: action };
      case "enable":
        return { type: "management.requested", resumable: false, max: null };
      case "enable to resume":
        return { type: "management.requested", resumable: true, max: null };
      case "acknowledge no number":
      case "acknowledge without a number":
        return ["counting", "resumable"].includes(phase) ? failed("bad-format") : undefined;
      case "acknowledge one too many":
        return failed("undefined-condition");
      case "begin by acknowledging one too many":
        // Whether the client may have begun to count too early is for the host to know.
        return server.length === 0 ? undefined : failed("undefined-condition");
      case "resume without an id":
      case "resume without a number":
      case "resume with no number":
        return undefined;
      default:
        if (action.includes(" at once")) return { type: "sasl2.started", mechanism: "", ...wishesOf(action) };
        if (action.startsWith("log in")) return { type: "sasl.started", mechanism: "" };
        if (action.startsWith("resume")) {
          life.resumes += 1;
          return life.resumes > resumeTriesMax ? failed("policy-violation") : { type: "resume.requested", id: "", h: 0 };
        }
        return faults[action] === undefined ? undefined : failed(faults[action]);
    }
  }

  /** What the host answers to what the machine asks for. */
  #answer(effect: SessionEffect, move: Move, life: Life, about: SessionState | undefined, other: { words: string[] }): Telling | undefined {
    const { rule: { action, phase }, session } = move;
    switch (effect.type) {
      case "start.sasl":
      case "start.sasl2":
      case "continue.sasl":
        return this.#saslAnswer(action, phase);
      case "bind.tagged":
        return { type: "resource.bound", resource: "one made here", roster: { version: "", items: 0 } };
      case "bind.resource": {
        if (action === "bind what is no resource") return { type: "bind.failed", condition: "bad-request", text: "" };
        const former = action.startsWith("bind the resource") && session !== null ? this.#sessions.get(session) : undefined;
        if (former !== undefined) other.words = this.#tell(former, { type: "session.replaced" }, () => undefined);
        return { type: "resource.bound", resource: effect.resource ?? "one made here", roster: { version: "", items: 0 } };
      }
      case "resume.session": {
        const former = session === null ? undefined : this.#sessions.get(session);
        if (former === undefined || about === undefined || !["attached", "lost"].includes(about.fate)) {
          return { type: "resume.refused", condition: "item-not-found", h: null };
        }
        if (action.endsWith("having one too many")) return failed("undefined-condition");
        other.words = this.#tell(former, { type: "link.attached" }, () => undefined);
        const index = this.#streams.indexOf(life);
        this.#streams.forEach((known, at) => {
          if (known === former) this.#streams[at] = undefined;
        });
        this.#streams[index] = former;
        return { type: "resume.granted" };
      }
      default:
        return undefined;
    }
  }

  #saslAnswer(action: Action, phase: Phase): Telling {
    if (phase === "TLS required") return saslFailed("encryption-required");
    if (phase === "offered over TLS as another" && action === "log in at once") return saslFailed("invalid-authzid");
    if (action.startsWith("resume at once")) return { type: "sasl.succeeded", username: this.#user, data: null };
    switch (action) {
      case "log in":
      case "log in at once":
      case "log in at once and bind":
      case "log in at once, bind and enable to resume":
      case "respond":
      case "respond at once":
        return { type: "sasl.succeeded", username: this.#user, data: null };
      case "log in by SCRAM":
      case "log in at once by SCRAM":
      case "log in without an initial response":
        return { type: "sasl.challenged", data: "" };
      case "log in to act for another":
        return saslFailed("invalid-authzid");
      case "log in by an unknown mechanism":
      case "log in at once by an unknown mechanism":
      case "log in by no mechanism":
        return saslFailed("invalid-mechanism");
      case "log in with what is no base64":
      case "respond with what is no base64":
        return saslFailed("incorrect-encoding");
      case "log in with what is no message":
      case "respond with what is no message":
        return saslFailed("malformed-request");
      default:
        return saslFailed("not-authorized");
    }
  }

  #tell(life: Life, telling: Telling, answer: (effect: SessionEffect) => Telling | undefined): string[] {
    const words: string[] = [];
    const waiting = [telling];
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (life.snapshot.status !== "active") break;
      const [snapshot, asked] = transition(sessionMachine, life.snapshot, { ...next, at: (this.#now += 1) } as SessionEvent);
      life.snapshot = snapshot;
      for (const { params } of asked) {
        const { event: effect } = params as unknown as { readonly event: SessionEffect };
        words.push(...wordsOf(effect));
        const reply = answer(effect);
        if (reply !== undefined) waiting.push(reply);
      }
    }
    return words;
  }
}

/** XEP-0388 section 2.3. */
const wishesOf = (action: Action): Pick<Extract<SessionEvent, { type: "sasl2.started" }>, "resume" | "bind"> => ({
  resume: action.startsWith("resume") ? { id: "", h: 0 } : null,
  bind: action.includes("bind") || action.endsWith("wrong password") ? { tag: null, management: action.includes("enable") ? { resumable: true, max: null } : null } : null,
});

/** What bytes alone earn, by the parser. */
const faults: Readonly<Partial<Record<Action, StreamErrorCondition>>> = {
  "open it to what is no host": "improper-addressing",
  "open it in a wrong namespace": "invalid-namespace",
  "open it as a server": "invalid-namespace",
  "send a stanza instead of a header": "invalid-namespace",
  "send a login instead of a header": "invalid-namespace",
  "send an unknown element": "unsupported-stanza-type",
  "send an unknown kind of stanza": "unsupported-stanza-type",
  "send a stanza as a server": "invalid-namespace",
  "send a stanza with a prefix": "bad-namespace-prefix",
  "send broken XML": "not-well-formed",
  "send a comment": "restricted-xml",
};

const failed = (condition: StreamErrorCondition): Telling => ({ type: "stream.failed", condition, text: "" });
const saslFailed = (condition: SaslErrorCondition): Telling => ({ type: "sasl.failed", condition, text: null });
