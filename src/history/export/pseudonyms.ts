/**
 * An export that can be shown to strangers: names, addresses, identifiers and texts are replaced, each by the same one everywhere, and
 * time begins at an epoch of its own. States, types, numbers and order stay, and the machine still agrees with what was recorded.
 */
import { recordSnapshot, type RecordedSnapshot } from "../../../machines/fold.ts";
import type { Json, StoredFact } from "../../ports.ts";
import { dataOf, evolveSession, type SessionMoment } from "../session-fold.ts";
import { Names } from "./names.ts";
import { pseudonymisedEvent, pseudonymisedSnapshot, pseudonymisedValue } from "./pseudonymised-parts.ts";
import { pseudonymisedXml } from "./pseudonymised-xml.ts";
import type { SeenItem, StanzaOutline } from "../seen.ts";
import type { SessionExport } from "./session-export.ts";

/** What follows from another thing, such as the reason in a later snapshot, is computed by the machine again. Pure. */
export function pseudonymised(exported: SessionExport): SessionExport {
  const { session, facts, begun, items } = exported;
  const names = new Names(earliest(exported));
  const { username, host, resource } = session;
  const row = {
    ...session,
    host: names.host(host),
    id: names.session(session.id),
    username: username === "" ? "" : names.user(username),
    resource: resource === null ? null : names.resource(resource),
    startedAt: names.time(session.startedAt),
    endedAt: session.endedAt === null ? null : names.time(session.endedAt),
  };
  const replaced = replacedFacts(facts, `session/${row.host}/${row.id}`, names);
  return {
    ...exported,
    exportedAt: names.time(exported.exportedAt),
    session: { ...row, reason: reasonOf(session.reason, facts, replaced, names) },
    facts: replaced,
    begun: begun === null ? null : { ...begun, at: names.time(begun.at), snapshot: pseudonymisedSnapshot(begun.snapshot, names), lang: names.lang(begun.lang) },
    items: items.map((item) => replacedItem(item, names)),
  };
}

/** Where the export's time begins, so that nothing is before the epoch. */
function earliest({ facts, begun, items, exportedAt }: SessionExport): number {
  return Math.min(exportedAt, begun?.at ?? exportedAt, ...[facts[0], items[0]].map((first) => first?.at ?? exportedAt));
}

function replacedFacts(facts: readonly StoredFact[], stream: string, names: Names): readonly StoredFact[] {
  let [before, moment]: [SessionMoment | undefined, SessionMoment | undefined] = [undefined, undefined];
  return facts.map((fact) => {
    const original = evolveSession(before, fact);
    let replaced: StoredFact = { ...fact, stream, at: names.time(fact.at), step: names.step(fact.step), cause: fact.cause === null ? null : names.step(fact.cause), data: dataIn(fact, names) };
    if (original.disagreements.length === 0) replaced = asFolded(fact, replaced, before, moment);
    before = original.moment;
    moment = evolveSession(moment, replaced).moment;
    return replaced;
  });
}

/** What the machine says by itself, it says of the pseudonyms too. */
function asFolded(fact: StoredFact, replaced: StoredFact, before: SessionMoment | undefined, moment: SessionMoment | undefined): StoredFact {
  if (before === undefined || moment === undefined) return replaced;
  if (fact.type === "SessionSnapshotTaken" && fact.version === before.version + 1) {
    const { value, context } = recordSnapshot(moment.machine);
    return { ...replaced, data: { ...(replaced.data as object), value, context } as unknown as Json };
  }
  if (fact.type === "SessionEnded" && dataOf(fact, "SessionEnded").reason === before.machine.context.reason) {
    return { ...replaced, data: { ...(replaced.data as object), reason: moment.machine.context.reason } as unknown as Json };
  }
  return replaced;
}

function reasonOf(reason: string | null, facts: readonly StoredFact[], replaced: readonly StoredFact[], names: Names): string | null {
  if (reason === null) return null;
  const index = facts.findLastIndex((fact) => fact.type === "SessionEnded" && dataOf(fact, "SessionEnded").reason === reason);
  return index === -1 ? names.text(reason) : dataOf(replaced[index]!, "SessionEnded").reason;
}

function dataIn(fact: StoredFact, names: Names): Json {
  switch (fact.type) {
    case "SessionSnapshotTaken": {
      const { machine, version, value, counts, lang, context } = dataOf(fact, "SessionSnapshotTaken");
      const snapshot = pseudonymisedSnapshot({ machine, version, value, context } as unknown as RecordedSnapshot, names);
      return { ...snapshot, counts, lang: names.lang(lang) } as unknown as Json;
    }
    case "SessionTold": {
      const { event, state } = dataOf(fact, "SessionTold");
      return { event: pseudonymisedEvent(event as { readonly type: string }, names), state };
    }
    case "StanzaQueued": {
      const { number, kind, type, id, from, copy, why } = dataOf(fact, "StanzaQueued");
      return { number, kind, type: names.word(type), id: id === null ? null : names.id(id), from: from === null ? null : names.jid(from), copy, why: why === null ? null : names.rule(why) };
    }
    case "StanzaHeld": {
      const { number, kind, type, id, from, replaces } = dataOf(fact, "StanzaHeld");
      return { number, kind, type: names.word(type), id: id === null ? null : names.id(id), from: from === null ? null : names.jid(from), replaces };
    }
    case "SessionEnded": {
      const { reason, received } = dataOf(fact, "SessionEnded");
      return { reason: names.text(reason), received };
    }
    default:
      return pseudonymisedValue(fact.data, names);
  }
}

function replacedItem(item: SeenItem, names: Names): SeenItem {
  const at = names.time(item.at);
  if (item.kind === "closed") return { at, kind: "closed" };
  const step = names.step(item.step);
  switch (item.kind) {
    case "told":
      return { at, step, kind: "told", event: pseudonymisedEvent(item.event, names) as never, state: item.state, transitions: item.transitions };
    case "wire":
      return { at, step, kind: "wire", direction: item.direction, xml: pseudonymisedXml(item.xml, names), chars: item.chars };
    default: {
      const { session, jid } = item.other;
      return { at, step, kind: "touched", other: { session: names.session(session), jid: jid === null ? null : names.jid(jid) }, stanza: outline(item.stanza, names) };
    }
  }
}

function outline({ name, type, id, from, to }: StanzaOutline, names: Names): StanzaOutline {
  const jid = (text: string | null) => (text === null ? null : names.jid(text));
  return { name: names.element(name), type: type === null ? null : names.word(type), id: id === null ? null : names.id(id), from: jid(from), to: jid(to) };
}
