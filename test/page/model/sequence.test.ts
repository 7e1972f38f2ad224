import { describe, expect, it } from "vitest";
import type { Entry, Happening } from "../../../src/page/model/contract.ts";
import type { Json } from "../../../src/ports.ts";
import { sequenceOf, type SequenceDiagram } from "../../../src/page/model/sequence.ts";

const wire = (direction: "in" | "out", xml: string): Happening => ({ kind: "wire", direction, xml, chars: xml.length });
const told = (state: string, type: "presence.changed" | "roster.requested" = "roster.requested"): Happening => ({
  kind: "told", event: { type, at: 0, priority: 0, digest: "" }, state, transitions: [],
});
const touched = (jid: string | null): Happening => ({
  kind: "touched", other: { session: "other-id", jid }, stanza: { name: "message", type: "chat", id: null, from: null, to: null },
});
const entries = (...what: readonly (readonly [string, Happening])[]): readonly Entry[] => what.map(([step, one], index) => ({ index, at: index, step, position: null, what: one }));
const shown = ({ steps }: SequenceDiagram) => steps.map((step) => (step.kind === "arrow" ? `${step.from}→${step.to} ${step.label}` : `${step.about} ${step.text}`));

describe("A sequence diagram of a recording", () => {
  it("has arrows for what went over the link and to others, and notes where the state changes", () => {
    const drawn = sequenceOf(entries(
      ["a", wire("in", "<message type='chat'><body>[2 characters]</body></message>")], ["a", touched("juliet@localhost/balcony")], ["a", touched(null)],
      ["b", wire("in", "<presence/>")], ["b", told("available")], ["b", wire("out", "<iq type='error'><error><gone/></error></iq>")], ["b", touched("juliet@localhost/balcony")],
    ));
    expect(drawn.lanes.map(({ key, title }) => [key, title])).toEqual([["client", "client"], ["server", "server"], ["juliet@localhost/balcony", "juliet@localhost/balcony"], ["other-id", "other-id"]]);
    expect(shown(drawn)).toEqual(["0→1 message chat", "1→2 message chat", "1→3 message chat", "0→1 presence", "state available", "1→0 iq error gone", "1→2 message chat"]);
    const [message, , , , , error] = drawn.steps;
    expect(message).toMatchObject({ withheld: true, failed: false, index: 0 });
    expect(error).toMatchObject({ withheld: false, failed: true, index: 5 });
  });

  it("has a note for an event only where nothing else shows it", () => {
    const drawn = sequenceOf(entries(["a", told("s")], ["b", told("s")], ["c", wire("in", "<iq/>")], ["c", told("s")], ["d", told("t")], ["", { kind: "closed" }]));
    expect(shown(drawn)).toEqual(["state s", "event roster.requested", "0→1 iq", "state t", "event closed"]);
  });

  it("has what the log alone knows of the wire, where it went over it", () => {
    const fact = (type: string, data: object): Happening => ({
      kind: "fact", fact: { position: 1, stream: "session/localhost/id", version: 1, type, v: 1, at: 0, step: "s", cause: null, data: data as Json },
    });
    const queued = fact("StanzaQueued", { number: 1, kind: "message", type: "chat" });
    const drawn = sequenceOf(entries(
      ["a", told("connected.attached")], ["b", queued], ["c", fact("StanzasAcknowledged", { acknowledged: 1 })], ["d", fact("StanzasCounted", { received: 1 })],
      ["e", wire("out", "<message/>")], ["e", queued], ["f", told("connected.hibernating")], ["g", queued],
    ));
    expect(shown(drawn)).toEqual(["state connected.attached", "1→0 message chat", "0→1 ack 1", "1→0 message", "state connected.hibernating"]);
  });

  it("keeps those around the place that is looked at, and says how many are left out", () => {
    const many = entries(...Array.from({ length: 1_000 }, (_, index) => [`s${index}`, wire("in", `<message id='${index}'/>`)] as const));
    for (const place of [0, 10, 500, 995, 5_000]) {
      const { steps, before, after } = sequenceOf(many, { max: 30, place });
      expect(steps.length).toBe(30);
      expect(before + after).toBe(970);
      expect(steps[0]!.index).toBe(before);
      expect(steps.some(({ index }) => index === Math.min(place, 999))).toBe(true);
    }
    expect(sequenceOf(many).steps.length).toBe(300);
    expect(sequenceOf([])).toMatchObject({ steps: [], before: 0, after: 0 });
  });

  it("has a message of another session come from there, where that is known and not the server's own", () => {
    const own = "romeo@localhost/phone";
    const from = (address: string, name = "message") => wire("out", `<${name} from='${address}'/>`);
    const drawn = sequenceOf(
      entries(
        ["a", from("juliet@localhost/balcony")], ["b", from("localhost")], ["c", from("romeo@localhost")], ["d", from(own)], ["e", from("juliet@localhost/balcony", "presence")],
        ["f", wire("out", "<message/>")], ["g", wire("in", "<message from='juliet@localhost/balcony'/>")],
      ),
      { jid: own, host: "localhost" },
    );
    expect(drawn.steps.map((step) => (step.kind === "arrow" ? step.origin : undefined))).toEqual([2, null, null, null, null, null, null]);
    expect(drawn.lanes.map(({ key }) => key)).toEqual(["client", "server", "juliet@localhost/balcony"]);
    expect(drawn.unwatched).toBe(false);
  });

  it("has what was queued for a client that is not there go from its sender to the server, and no further", () => {
    const queued = (from: string | null): Happening => ({
      kind: "fact",
      fact: {
        position: 1, stream: "session/localhost/id", version: 1, type: "StanzaQueued", v: 1, at: 0, step: "s", cause: null,
        data: { number: 1, kind: "message", type: "chat", id: null, from, copy: false, why: null },
      },
    });
    const juliet = "juliet@localhost/balcony";
    const drawn = sequenceOf(entries(["a", told("connected.attached")], ["b", queued(juliet)], ["c", told("connected.hibernating")], ["d", queued(juliet)], ["e", queued("localhost")]));
    expect(shown(drawn)).toEqual(["state connected.attached", "1→0 message chat", "state connected.hibernating", "2→1 message waits"]);
    expect(drawn.steps[1]).toMatchObject({ origin: 2 });
  });

  it("knows whether nothing of the wire was seen", () => {
    expect(sequenceOf(entries(["a", told("s")])).unwatched).toBe(true);
  });

  it("knows the state from what is left out before", () => {
    const before = entries(["a", told("s")], ["b", wire("in", "<r/>")], ["b", told("s")]);
    expect(shown(sequenceOf(before, { max: 1 }))).toEqual(["0→1 ack request"]);
  });
});
