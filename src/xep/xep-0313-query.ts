/** How users read their archives: page by page, each message in a stanza of its own, and then the answer to the request. */
import type { Account } from "../domain/account.ts";
import { noteGiven } from "../router/archive-given.ts";
import type { ArchivedId, ArchivedMessage, ArchiveEnds, ArchivePage, ResultPage } from "../router/archive.ts";
import type { House, IqReply, IqRequest } from "../router/extension.ts";
import { readKept } from "../router/kept-element.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { forwarded } from "../xml/forwarded.ts";
import { resultSet } from "../xml/result-set.ts";
import { serialise } from "../xml/serialise.ts";
import { clientNamespace, el, type Stanza } from "../xml/stanza.ts";
import { archiveNamespace as xmlns, noSuchMessage, queryForm, readQuery, type AskedQuery } from "./xep-0313-query-form.ts";

export { archiveNamespace } from "./xep-0313-query-form.ts";

/** XEP-0313 section 4. */
export function query(request: IqRequest): IqReply | Promise<IqReply> {
  const { own, account, payload } = request;
  if (!own || account === undefined) return notYours;
  const asked = readQuery(payload, "account");
  return "fault" in asked ? asked : answer(request, account, asked);
}

/** XEP-0313 section 4.1.5. */
export function describeForm({ own, account }: IqRequest): IqReply {
  return own && account !== undefined ? { result: el("query", { xmlns }, queryForm("account")) } : notYours;
}

/** XEP-0313 section 5. */
export function metadata({ own, account, house }: IqRequest): IqReply | Promise<IqReply> {
  return own && account !== undefined ? readMetadata(house, account) : notYours;
}

async function readMetadata(house: House, account: Account): Promise<IqReply> {
  return { result: metadataElement(await house.archive.ends(account)) };
}

export function metadataElement(ends: ArchiveEnds | undefined): Element {
  if (ends === undefined) return el("metadata", { xmlns });
  const { first, last } = ends;
  const end = (name: string, { id, at }: typeof first): Element => el(name, { id, timestamp: new Date(at).toISOString() });
  return el("metadata", { xmlns }, end("start", first), end("end", last));
}

async function answer({ iq, session, house }: IqRequest, account: Account, { query, queryId, flipped }: AskedQuery): Promise<IqReply> {
  const bounds = session.keeps ? boundsInQueue(house.limits, query.page.max, emptyResult(iq, account, queryId)) : {};
  const page = await house.archive.page(account, { ...query, page: { ...query.page, ...bounds } });
  if ("missing" in page) return noSuchMessage;
  const { messages } = page;
  // XEP-0313 section 4: the answer comes right after them.
  const before = (step: Step): void => {
    const given: ArchivedMessage[] = [];
    for (const message of flipped ? messages.toReversed() : messages) {
      const stanza = readKept(house.log, account, `archived message ${message.id}`, message.text);
      if (stanza !== undefined) given.push(message);
      const result = resultMessage(iq, account, house.nextId(), resultElement(message, stanza, queryId));
      session.deliver(step, result, { copy: true, why: "asked of the archive" });
    }
    if ((account.meta("offlineMessages") ?? 0) > 0) noteGiven(session, given);
  };
  return { result: finElement(page), before };
}

/** XEP-0313 section 4.3.2. */
export function finElement({ messages, count, index, complete }: ArchivePage): Element {
  const set = resultSet({ first: messages[0]?.id, last: messages.at(-1)?.id, index, count });
  return el("fin", { xmlns, complete: complete ? "true" : undefined }, set);
}

/** Of an account, or a room. */
type ArchiveAddress = { readonly bare: string };

/** A page must not cost a session its resumption because it does not find room until the client acknowledges it (XEP-0198 section 4). */
export function boundsInQueue({ queueStanzas, queueBytes }: Pick<House["limits"], "queueStanzas" | "queueBytes">, max: number, empty: Element): Pick<ResultPage, "max" | "room"> {
  const besides = Buffer.byteLength(serialise(empty));
  return { max: Math.min(max, Math.floor(queueStanzas / 2)), room: { bytes: Math.floor(queueBytes / 2), besides } };
}

/** What a result takes besides the message in it: every id is as long. */
export function emptyResult(iq: Stanza, owner: ArchiveAddress, queryId: string | undefined): Element {
  const id = "0".repeat(22);
  return resultMessage(iq, owner, id, resultElement({ id, at: 0 }, undefined, queryId));
}

export function resultMessage({ from }: Stanza, { bare }: ArchiveAddress, id: string, result: Element): Element {
  return el("message", { xmlns: clientNamespace, from: bare, to: from.full, id }, result);
}

/** XEP-0313 section 4.2; what cannot be read any more leaves its place (XEP-0313 section 3.2). */
export function resultElement({ id, at }: ArchivedId, stanza: Element | undefined, queryid: string | undefined): Element {
  return el("result", { xmlns, queryid, id }, forwarded(stanza, at));
}

/** XEP-0313 section 8.1; of accounts that do not exist too, so that nobody learns which ones do. */
const notYours: IqReply = { fault: { condition: "forbidden", text: "an archive is its owner's" } };
