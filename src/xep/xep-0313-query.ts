/** How users read their archives: page by page, each message in a stanza of its own, and then the answer to the request. */
import type { Account } from "../domain/account.ts";
import { noteGiven } from "../router/archive-given.ts";
import type { ArchivedMessage } from "../router/archive.ts";
import type { House, IqReply, IqRequest } from "../router/extension.ts";
import { readKept } from "../router/kept-element.ts";
import type { Element } from "../xml/element.ts";
import { forwarded } from "../xml/forwarded.ts";
import { resultSet } from "../xml/result-set.ts";
import { clientNamespace, el } from "../xml/stanza.ts";
import { archiveNamespace as xmlns, noSuchMessage, queryForm, readQuery, type AskedQuery } from "./xep-0313-query-form.ts";

export { archiveNamespace } from "./xep-0313-query-form.ts";

/** XEP-0313 section 4. */
export function query(request: IqRequest): IqReply | Promise<IqReply> {
  const { own, account, payload } = request;
  if (!own || account === undefined) return notYours;
  const asked = readQuery(payload);
  return "fault" in asked ? asked : answer(request, account, asked);
}

/** XEP-0313 section 4.1.5. */
export function describeForm({ own, account }: IqRequest): IqReply {
  return own && account !== undefined ? { result: el("query", { xmlns }, queryForm()) } : notYours;
}

/** XEP-0313 section 5. */
export function metadata({ own, account, house }: IqRequest): IqReply | Promise<IqReply> {
  return own && account !== undefined ? readMetadata(house, account) : notYours;
}

async function readMetadata(house: House, account: Account): Promise<IqReply> {
  const ends = await house.archive.ends(account);
  if (ends === undefined) return { result: el("metadata", { xmlns }) };
  const { first, last } = ends;
  const end = (name: string, { id, at }: typeof first): Element => el(name, { id, timestamp: new Date(at).toISOString() });
  return { result: el("metadata", { xmlns }, end("start", first), end("end", last)) };
}

async function answer({ step, iq, session, house }: IqRequest, account: Account, { query, queryId, flipped }: AskedQuery): Promise<IqReply> {
  // A page must not cost a session its resumption because it does not find room until the client acknowledges it (XEP-0198 section 4).
  const max = session.keeps ? Math.min(query.page.max, Math.floor(house.limits.queueStanzas / 2)) : query.page.max;
  const page = await house.archive.page(account, { ...query, page: { ...query.page, max } });
  if ("missing" in page) return noSuchMessage;
  const { messages, count, index, complete } = page;
  // The answer comes right after this (XEP-0313 section 4), before anything else can be committed.
  house.run(step.id, (step) => {
    const given: string[] = [];
    for (const message of flipped ? messages.toReversed() : messages) {
      const stanza = readKept(house.log, account, `archived message ${message.id}`, message.text);
      if (stanza !== undefined) given.push(message.id);
      const to = iq.from.full;
      const attrs = { xmlns: clientNamespace, from: account.bare, to, id: house.nextId() };
      session.deliver(step, el("message", attrs, resultElement(message, stanza, queryId)), { copy: true, why: "asked of the archive" });
    }
    if ((account.meta("offlineMessages") ?? 0) > 0) noteGiven(session, given);
  });
  const set = resultSet({ first: messages[0]?.id, last: messages.at(-1)?.id, index, count });
  return { result: el("fin", { xmlns, complete: complete ? "true" : undefined }, set) };
}

/** XEP-0313 section 4.2; what cannot be read any more leaves its place (XEP-0313 section 3.2). */
function resultElement({ id, at }: ArchivedMessage, stanza: Element | undefined, queryid: string | undefined): Element {
  return el("result", { xmlns, queryid, id }, forwarded(stanza, at));
}

/** XEP-0313 section 8.1; of accounts that do not exist too, so that nobody learns which ones do. */
const notYours: IqReply = { fault: { condition: "forbidden", text: "an archive is its owner's" } };
