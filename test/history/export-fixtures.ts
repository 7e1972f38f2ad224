/** Exported sessions to test with: lives that were generated, recorded as a session's log records them, with names that nothing else holds. */
import fc from "fast-check";
import { recordSnapshot, type SessionSnapshot } from "../../machines/fold.ts";
import { stateName } from "../../machines/state-name.ts";
import { exportVersion, type SessionExport } from "../../src/history/export/session-export.ts";
import type { SeenItem } from "../../src/history/seen.ts";
import type { Json, StoredFact } from "../../src/ports.ts";
import { startAt, toConnected, toHibernating, type Telling } from "../machines/telling.ts";
import { go, walks } from "../machines/walks.ts";

/** What names somebody: letters that no word of a protocol has in this order. */
export const identities = {
  romeo: "zqromeo", juliet: "zqjuliet", nurse: "zqnurse", friar: "zqfriar", localhost: "zqhost.invalid", elsewhere: "zqelsewhere.invalid",
  orchard: "zqorchard <&'\"", cell: "zqcell", phone: "zqphone", session: "zqSESSION-1234567890",
} as const;

/** Every text in the export that tells who it was. */
export const telling = /zq/i;

/** The life of a session, watched from its first byte and recorded, with what went over the wire made up to it. */
export const exports: fc.Arbitrary<SessionExport> = fc
  .tuple(walks, fc.constantFrom<readonly Telling[]>([], toConnected, toHibernating), fc.integer({ min: 3, max: 12 }))
  .map(([walk, told, every]) => exportOfWalk(walk, told, every));

function exportOfWalk(walk: Parameters<typeof go>[0], told: readonly Telling[], every: number): SessionExport {
  const { start, steps } = go(walk, ...told);
  const facts: StoredFact[] = [];
  const items: SeenItem[] = [];
  const host = steps.at(-1)?.snapshot.context.host === "elsewhere" ? identities.elsewhere : identities.localhost;
  const stream = `session/${host}/${identities.session}`;
  const record = (at: number, step: string, type: string, data: object) => {
    const version = facts.length + 1;
    facts.push({ position: version * 7, stream, version, type, v: 1, at, step, cause: version % 3 === 0 ? `zqstep${version - 1}` : null, data: named(data) as Json });
  };
  const snapshotFact = (at: number, step: string, snapshot: SessionSnapshot) =>
    record(at, step, "SessionSnapshotTaken", { ...recordSnapshot(snapshot), counts: null, lang: "zq-lang" });
  steps.forEach(({ before, event, snapshot }, index) => {
    const { at } = event;
    const step = `zqstep${index}`;
    items.push({ at, step, kind: "wire", direction: index % 2 === 0 ? "in" : "out", xml: stanza(index), chars: 12 });
    items.push({ at, step, kind: "told", event: named(event), state: stateName(snapshot.value), transitions: [] });
    if (facts.length === 0 && snapshot.context.username !== null) return snapshotFact(at, step, snapshot);
    if (facts.length === 0) return;
    record(at, step, "SessionTold", { event, state: stateName(snapshot.value) });
    if (index % 5 === 0) record(at, step, "StanzaQueued", { number: index + 1, kind: "message", type: "chat", id: "zqid", from: "nurse@localhost/cell", copy: false, why: "message chat, bareSome: mostAvailable" });
    if (index % 5 === 2) record(at, step, "StanzaHeld", { number: index + 1, kind: "message", type: "headline", id: "zqid", from: "nurse@localhost/cell", replaces: null });
    if (facts.length % every === 0 && snapshot.status === "active") snapshotFact(at, step, snapshot);
    if (before.status === "active" && snapshot.status !== "active") record(at, step, "SessionEnded", { reason: snapshot.context.reason, received: null });
  });
  items.push({ at: startAt + 100_000_000, step: "zqlast", kind: "touched", other: { session: "zqOTHER", jid: full("juliet", "phone") }, stanza: { name: "message", type: "chat", id: "zqid", from: null, to: full("juliet", "phone") } });
  const last = facts.at(-1);
  const row = {
    host, id: identities.session, username: facts.length === 0 ? "" : identities.romeo, resource: facts.length === 0 ? null : identities.orchard,
    startedAt: facts[0]?.at ?? 0, endedAt: last?.type === "SessionEnded" ? last.at : null,
    reason: last?.type === "SessionEnded" ? (last.data as { readonly reason: string }).reason : null, received: null,
  };
  return {
    refrain: "session", version: exportVersion, exportedAt: startAt + 200_000_000, session: facts.length === 0 ? { ...row, host: "" } : row, facts,
    begun: { at: startAt, snapshot: named(recordSnapshot(start.snapshot)), counts: null, lang: null }, items,
  };
}

const full = (user: "romeo" | "juliet", resource: "orchard" | "phone") => `${identities[user]}@${identities.localhost}/${identities[resource]}`;

function stanza(index: number): string {
  const address = `${identities.nurse}@${identities.localhost}/${identities.cell}`;
  return [
    `<message to='${address}' type='chat' id='zqid${index}' zqattribute='zq'><body>zq is here &amp; there</body><zqelement xmlns='urn:zq:0'>zq</zqelement></message>`,
    `<iq type="result" id="zq1"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><jid>${address}</jid></bind></iq>`,
    `<presence><show>away</show><status>zq [42 characters]</status><priority>5</priority></presence>`,
    `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' xml:lang='zq' from='${identities.localhost}' id='zqstream'>`,
    `</stream:stream>`,
    `zq is no <XML at='all`,
  ][index % 6]!;
}

/** The names of the generated lives, replaced by those above. */
function named<Value>(value: Value): Value {
  const text = JSON.stringify(value);
  const pattern = /\b(romeo|juliet|nurse|friar|localhost|elsewhere|orchard|cell|phone)\b/g;
  return JSON.parse(text.replaceAll(pattern, (name) => JSON.stringify(identities[name as keyof typeof identities]).slice(1, -1)).replaceAll(/"(d1|d2|d3|b1)"/g, '"zq-$1"')) as Value;
}
