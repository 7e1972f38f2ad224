/** Requests that the server makes itself: iqs of type get and set, in its own name or in an account's (RFC 6120 section 8.2.3). */
import type { Jid } from "../domain/jid.ts";
import { serverRequestMs, serverRequestsMax } from "../domain/limits.ts";
import type { CountRefusal } from "../domain/refusals.ts";
import type { Clock, Ids, Log, Timer } from "../ports.ts";
import type { Services } from "../service/services.ts";
import type { Registry } from "../session/registry.ts";
import type { Batch, Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { clientNamespace, el, payloadOf, stanzasNamespace, type Stanza } from "../xml/stanza.ts";

export interface ServerRequest {
  /** The server's own domain, or the bare JID of an account. */
  readonly from: Jid;
  /** The full JID of a connected session of this server, or an address of a component that is connected (XEP-0114): nobody else can be asked. */
  readonly to: Jid;
  readonly type: "get" | "set";
  readonly payload: Element;
}

export type ServerAnswer =
  /** The payload of the result, if it has one. */
  | { readonly result: Element | undefined }
  /** The condition of the error and its type (RFC 6120 section 8.3.2); undefined where nobody answers in time, and what it does not say. */
  | { readonly error: string | undefined; readonly errorType?: string | undefined };

/** Told once, in a step of its own, whatever becomes of the step that asked. */
export type Answered = (step: Step, answer: ServerAnswer) => void;

export interface RequestsOptions {
  readonly registry: Registry;
  readonly services: Services;
  readonly batch: Batch;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly refused: CountRefusal;
}

interface Pending {
  readonly from: string;
  readonly to: string;
  readonly answered: Answered;
  readonly timer: Timer;
}

export class Requests {
  readonly #options: RequestsOptions;
  readonly #pending = new Map<string, Pending>();
  #isOver = false;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  /**
   * Where nobody is there to be asked, or too many are asked already, the answer is an error, later as every answer. Returns the way
   * to take the question back: then nobody is told.
   */
  ask(step: Step, { from, to, type, payload }: ServerRequest, answered: Answered): () => void {
    const { registry, services, clock, ids } = this.#options;
    if (this.#isOver) return () => undefined;
    let isWanted = true;
    const tell: Answered = (later, answer) => {
      if (isWanted) answered(later, answer);
    };
    const session = to.resource === undefined ? undefined : registry.session(to.bare, to.resource);
    const service = services.ofContact(to.bare);
    const isThere = session !== undefined || (service !== undefined && service.away !== true);
    if (!isThere || this.#pending.size >= serverRequestsMax) {
      const condition = !isThere ? "item-not-found" : "resource-constraint";
      if (isThere) this.#options.refused("serverRequestsMax");
      this.#later(step.id, (later) => tell(later, { error: condition }));
      return () => void (isWanted = false);
    }
    const id = ids.next();
    const unanswered = () => this.#finish(id, step.id, { error: undefined });
    this.#pending.set(id, { from: from.full, to: to.full, answered: tell, timer: clock.at(step.at + serverRequestMs, unanswered) });
    // It was never sent.
    step.ifDiscarded(unanswered);
    const element = el("iq", { xmlns: clientNamespace, type, id, from: from.full, to: to.full }, payload);
    if (session !== undefined) session.deliver(step, element, { copy: true });
    else if (service !== undefined) services.tell(step, service, { element, kind: "iq", type, id, from, to });
    return () => {
      isWanted = false;
      this.#drop(id);
    };
  }

  /** Whether this is the answer to one of them, from whom was asked: it goes no further then. */
  take(step: Step, { id = "", type, from, to, element }: Stanza): boolean {
    const pending = this.#pending.get(id);
    const isAnswer = type === "result" || type === "error";
    if (pending === undefined || !isAnswer || pending.to !== from.full || pending.from !== (to ?? from.toBare()).full) return false;
    this.#finish(id, step.id, type === "result" ? { result: payloadOf(element) } : errorOf(element));
    return true;
  }

  /** Nobody is asked or told any more. */
  end(): void {
    this.#isOver = true;
    for (const id of this.#pending.keys()) this.#drop(id);
  }

  #finish(id: string, cause: string, answer: ServerAnswer): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#drop(id);
    this.#later(cause, (step) => pending.answered(step, answer));
  }

  /** In a step of its own: what it throws is not the fault of who answers. */
  #later(cause: string, work: (step: Step) => void): void {
    const { batch, clock, log } = this.#options;
    clock.soon(() => {
      if (this.#isOver || batch.failed) return;
      try {
        batch.run(cause, work);
      } catch (error) {
        log.error({ err: error }, "an answer to a request of the server could not be dealt with");
      }
    });
  }

  #drop(id: string): void {
    this.#pending.get(id)?.timer.cancel();
    this.#pending.delete(id);
  }
}

function errorOf(element: Element): ServerAnswer {
  const error = element.getChild("error", clientNamespace);
  const condition = error?.children.find((child): child is Element => {
    return typeof child !== "string" && child.getNS() === stanzasNamespace && child.name !== "text";
  });
  return { error: condition?.name, errorType: error?.attrs["type"] as string | undefined };
}
