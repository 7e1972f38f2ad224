/** Answers to iqs that the server handles itself, for itself or for an account (RFC 6120 section 8.2.3). */
import { extensionAnswerMs } from "../domain/limits.ts";
import { countFault } from "../domain/refusals.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { iqResult, payloadOf, stanzaError, type StanzaFault } from "../xml/stanza.ts";
import type { Extension, IqHandler, IqReply, SessionlessIqHandler, SessionlessIqRequest } from "./extension.ts";
import type { Patience } from "./patience.ts";

/** By namespace, then name of the payload. */
export type IqTable = ReadonlyMap<string, readonly Answerer[]>;

/** With the name of the extension. */
type Answerer = (IqHandler | SessionlessIqHandler) & { readonly extension: string };

/** Throws if two extensions claim the same request. */
export function iqTable(extensions: readonly Extension[]): IqTable {
  const table = new Map<string, Answerer[]>();
  for (const handler of extensions.flatMap(({ name: extension, iq = [] }) => iq.map((handler) => ({ ...handler, extension })))) {
    const handlers = table.get(handler.xmlns) ?? [];
    const other = handlers.find((known) => overlaps(known, handler));
    if (other !== undefined) throw new Error(`two extensions answer <${handler.name} xmlns='${handler.xmlns}'/>`);
    table.set(handler.xmlns, [...handlers, handler]);
  }
  return table;
}

/** An answer to send, what goes before it, and what follows once it is sent. */
export interface IqAnswer {
  readonly element: Element;
  readonly before?: ((step: Step) => void) | undefined;
  readonly afterwards?: ((step: Step) => void) | undefined;
}

/** The answer, always: service-unavailable where nobody knows the request (RFC 6120 section 10.3.3), an error where its extension is silent. */
export function answerIq(table: IqTable, patience: Patience, request: Omit<SessionlessIqRequest, "payload">): IqAnswer | Promise<IqAnswer> {
  const { iq, target } = request;
  const payload = payloadOf(iq.element);
  const handler = table
    .get(String(payload?.attrs["xmlns"]))
    ?.find(({ name, types, at }) => name === payload?.name && types.includes(iq.type as "get" | "set") && at.includes(target));
  const reply = payload === undefined || handler === undefined ? undefined : ask(handler, { ...request, payload });
  if (handler === undefined || reply === undefined) return { element: stanzaError(iq, { condition: "service-unavailable", text: "" }) };
  if (!(reply instanceof Promise)) return toAnswer(request, reply);
  const { extension, name, xmlns } = handler;
  return patience.within(reply.then((reply) => toAnswer(request, reply)), () => {
    request.house.refused("extensionAnswerMs");
    const what = `extension ${extension}, iq <${name} xmlns='${xmlns}'/>: no answer within ${extensionAnswerMs / 1_000} s`;
    request.house.log.error({ extension, jid: iq.from.full }, `${what}; its client is told of an error`);
    return { element: stanzaError(iq, tooLate) };
  });
}

/** undefined: it answers sessions alone, and none has asked. */
function ask(handler: Answerer, request: SessionlessIqRequest): IqReply | Promise<IqReply> | undefined {
  if (handler.sessionless === true) return handler.handle(request);
  const { session } = request;
  return session === undefined ? undefined : handler.handle({ ...request, session });
}

/** RFC 6120 section 8.3.3.6: it is this server that fails, and asking again need not help. */
const tooLate: StanzaFault = { condition: "internal-server-error", text: "what answers this took too long" };

function toAnswer({ iq, house }: Pick<SessionlessIqRequest, "iq" | "house">, reply: IqReply): IqAnswer {
  if (!("fault" in reply)) return { element: iqResult(iq, reply.result), before: reply.before, afterwards: reply.afterwards };
  countFault(house.refused, reply.fault);
  const element = stanzaError(iq, reply.fault);
  if (reply.payload !== undefined) element.children.unshift(reply.payload);
  return { element };
}

function overlaps(a: Omit<IqHandler, "handle" | "sessionless">, b: Omit<IqHandler, "handle" | "sessionless">): boolean {
  return a.name === b.name && a.types.some((type) => b.types.includes(type)) && a.at.some((target) => b.at.includes(target));
}
