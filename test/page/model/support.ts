/** What the tests of the page's model share: recordings made of walks of the machine, as a feed and a log would tell of them. */
import { recordSnapshot, type SessionSnapshot } from "../../../machines/fold.ts";
import { stateName } from "../../../machines/state-name.ts";
import { transitionsTaken } from "../../../machines/taken.ts";
import { sessionFactVersions, type SessionFactType } from "../../../src/domain/session-facts.ts";
import type { WatchBegun, WatchItem } from "../../../src/inspector/protocol.ts";
import type { LiveRecording } from "../../../src/page/model/recording.ts";
import type { Json, StoredFact } from "../../../src/ports.ts";
import type { WalkStep } from "../../machines/walks.ts";

export const sessionId = "S".repeat(22);
const stream = `session/localhost/${sessionId}`;

export type Piece = WatchBegun | WatchItem;

export interface Lived {
  readonly begun: WatchBegun;
  /** In the order of the steps; facts apart. */
  readonly items: readonly WatchItem[];
  /** In the order of the log. */
  readonly facts: readonly StoredFact[];
  /** The state after each event that was told. */
  readonly states: readonly SessionSnapshot[];
}

export function begunOf(snapshot: SessionSnapshot, at: number): WatchBegun {
  const { username, host } = snapshot.context;
  return {
    type: "watching",
    at,
    summary: {
      id: sessionId, jid: null, state: stateName(snapshot.value), tags: [...snapshot.tags], address: "127.0.0.1", secure: null,
      since: at, received: 0, delivered: 0, queue: null,
    },
    stream: username === null || host === null ? null : stream,
    snapshot: recordSnapshot(snapshot),
    counts: null,
    lang: null,
  };
}

const comes: readonly string[] = [
  '<message id="m"/>', '<iq type="get" id="q"><query xmlns="jabber:iq:roster"/></iq>', '<iq type="result" id="s"/>', '<r xmlns="urn:xmpp:sm:3"/>',
  '<a xmlns="urn:xmpp:sm:3" h="1"/>', '<enable xmlns="urn:xmpp:sm:3"/>', "<stream:stream to='localhost'>", "<auth mechanism='PLAIN'/>", "</stream:stream>", "<starttls/>",
];
const leaves: readonly string[] = [
  '<presence id="p"/>', '<iq type="result" id="q"><query xmlns="jabber:iq:roster"/></iq>', '<iq type="get" id="s"><ping xmlns="urn:xmpp:ping"/></iq>', '<message type="chat"/>',
  '<r xmlns="urn:xmpp:sm:3"/>', '<a xmlns="urn:xmpp:sm:3" h="2"/>', "<stream:features/>", "<success/>", "<stream:error><conflict/></stream:error>", "</stream:stream>", "<enabled/>",
];

/** A walk as a server tells it: events with some wire, most of them in steps of their own, from authentication on with facts, and snapshots among them. */
export function lived(start: SessionSnapshot, steps: readonly WalkStep[], at: number, wireOf: (index: number) => number = () => 1): Lived {
  const items: WatchItem[] = [];
  const facts: StoredFact[] = [];
  let counted: { step: string; at: number } | undefined;
  const record = (type: SessionFactType, step: string, at: number, data: object) => {
    const version = facts.length + 1;
    facts.push({ stream, position: 10 * version, version, type, v: sessionFactVersions[type], at, step, cause: null, data: data as Json });
  };
  const whole = (snapshot: SessionSnapshot) => ({ ...recordSnapshot(snapshot), counts: snapshot.context.management === "off" ? null : counts, lang: null });
  let counts = { received: 0, sent: 0, acknowledged: 0 };
  steps.forEach(({ event, before, snapshot }, index) => {
    // Some are told in the step of the one before.
    const step = `step-${index % 5 === 4 ? index - 1 : index}`;
    const wires = wireOf(index);
    if (wires > 0) items.push({ session: sessionId, at: event.at, kind: "wire", step, direction: "in", xml: comes[(wires + index) % comes.length]!, chars: 20 });
    items.push({ session: sessionId, at: event.at, kind: "told", step, event, state: stateName(snapshot.value), transitions: transitionsTaken(before, event) });
    for (let wire = 1; wire < wires; wire += 1) items.push({ session: sessionId, at: event.at, kind: "wire", step, direction: "out", xml: leaves[(3 * wire + index) % leaves.length]!, chars: 20 });
    if (snapshot.context.username === null) return;
    if (facts.length === 0) return record("SessionSnapshotTaken", step, event.at, whole(snapshot));
    if (before.context.management !== "off" && counts.sent > counts.acknowledged) {
      counts = { ...counts, acknowledged: counts.sent };
      record("StanzasAcknowledged", step, event.at, { acknowledged: counts.acknowledged });
    }
    record("SessionTold", step, event.at, { event, state: stateName(snapshot.value) });
    if (snapshot.context.management !== "off") {
      if (index % 3 === 0) {
        counts = { ...counts, sent: counts.sent + 1 };
        record("StanzaQueued", step, event.at, { number: counts.sent, kind: "message", type: "chat", id: null, from: null, copy: false, why: null });
      }
      if (index % 4 === 1) record("StanzaHeld", step, event.at, { number: index, kind: "presence", type: "unavailable", id: null, from: null, replaces: null });
      if (index % 4 === 3) record("HeldStanzasReleased", step, event.at, { through: index });
      // A count comes at the end of a batch, which later steps may be a part of.
      if (counted !== undefined && index % 2 === 0) {
        counts = { ...counts, received: counts.received + 1 };
        record("StanzasCounted", counted.step, counted.at, { received: counts.received });
      }
      counted = { step, at: event.at };
    }
    if (index % 7 === 0) record("SessionSnapshotTaken", step, event.at, whole(snapshot));
    if (snapshot.status !== "active") record("SessionEnded", step, event.at, { reason: snapshot.context.reason ?? "", received: null });
  });
  if (steps.at(-1)?.snapshot.status === "done") items.push({ session: sessionId, at: steps.at(-1)!.event.at, kind: "closed" });
  return { begun: begunOf(start, at), items, facts, states: steps.map(({ snapshot }) => snapshot) };
}

export function give(recording: LiveRecording, piece: Piece): void {
  if ("type" in piece) recording.begin(piece);
  else recording.take(piece);
}

export function factItem(fact: StoredFact): WatchItem {
  return { session: sessionId, at: fact.at, kind: "fact", fact };
}

/** Entries as far as they do not depend on when they were told. */
export function plain({ entries }: LiveRecording): unknown {
  return entries.map((entry) => ({ ...entry }));
}
