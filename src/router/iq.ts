/** Answers to iqs that the server handles itself, for itself or for an account (RFC 6120 section 8.2.3). */
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { iqResult, payloadOf, stanzaError, type Stanza } from "../xml/stanza.ts";
import type { Extension, IqHandler, IqReply, IqRequest } from "./extension.ts";

/** By namespace, then name of the payload. */
export type IqTable = ReadonlyMap<string, readonly IqHandler[]>;

/** Throws if two extensions claim the same request. */
export function iqTable(extensions: readonly Extension[]): IqTable {
  const table = new Map<string, IqHandler[]>();
  for (const handler of extensions.flatMap((extension) => extension.iq ?? [])) {
    const handlers = table.get(handler.xmlns) ?? [];
    const other = handlers.find((known) => overlaps(known, handler));
    if (other !== undefined) throw new Error(`two extensions answer <${handler.name} xmlns='${handler.xmlns}'/>`);
    table.set(handler.xmlns, [...handlers, handler]);
  }
  return table;
}

/** An answer to send, and what follows once it is sent. */
export interface IqAnswer {
  readonly element: Element;
  readonly afterwards?: ((step: Step) => void) | undefined;
}

/** The answer, always: service-unavailable where nobody knows the request (RFC 6120 section 10.3.3). */
export function answerIq(table: IqTable, request: Omit<IqRequest, "payload">): IqAnswer | Promise<IqAnswer> {
  const { iq, target } = request;
  const payload = payloadOf(iq.element);
  const handler = table
    .get(String(payload?.attrs["xmlns"]))
    ?.find(({ name, types, at }) => name === payload?.name && types.includes(iq.type as "get" | "set") && at.includes(target));
  if (payload === undefined || handler === undefined) {
    return { element: stanzaError(iq, { condition: "service-unavailable", text: "" }) };
  }
  const reply = handler.handle({ ...request, payload });
  return reply instanceof Promise ? reply.then((reply) => toAnswer(iq, reply)) : toAnswer(iq, reply);
}

function toAnswer(iq: Stanza, reply: IqReply): IqAnswer {
  if (!("fault" in reply)) return { element: iqResult(iq, reply.result), afterwards: reply.afterwards };
  const element = stanzaError(iq, reply.fault);
  if (reply.payload !== undefined) element.children.unshift(reply.payload);
  return { element };
}

function overlaps(a: IqHandler, b: IqHandler): boolean {
  return a.name === b.name && a.types.some((type) => b.types.includes(type)) && a.at.some((target) => b.at.includes(target));
}
