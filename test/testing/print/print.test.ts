import { describe, expect, it } from "vitest";
import { emit, setup } from "xstate";
import { sessionMachine } from "../../../machines/session.ts";
import { subscriptionMachine } from "../../../machines/subscription.ts";
import { asAnyModel, type AnyModel } from "../../../src/testing/model/machine-model.ts";
import { conversationOf } from "../../../src/testing/model/print/conversation.ts";
import { sequenceDiagramOf } from "../../../src/testing/model/print/sequence-diagram.ts";
import { failureText } from "../../../src/testing/model/print/failure-text.ts";
import { verdictText } from "../../../src/testing/model/print/verdict-text.ts";
import { live } from "../../../src/testing/model/script.ts";
import type { Script, Verdict } from "../../../src/testing/model/verdict.ts";

const startAt = 946_684_800_000;
const policy = { negotiationMs: 30_000, closingMs: 5_000, resumptionMs: 60_000, saslTriesMax: 2, bindTriesMax: 2 };

function modelOf(name: string, machine: AnyModel["machine"], more: Partial<AnyModel> = {}): AnyModel {
  return { name, machine, starts: [{ name: "plain", input: undefined }], startAt, events: () => [], keyOf: () => "", invariants: [], ...more };
}

const session = modelOf("client-session", sessionMachine, { starts: [{ name: "plain", input: { at: startAt, secure: false, policy } }] });
const subscription = modelOf("subscription", subscriptionMachine);

const turnstile = setup({ types: { events: {} as { readonly type: "coin.dropped"; readonly pence: number } | { readonly type: "arm.pushed" }, emitted: {} as { readonly type: "arm.turn" } } }).createMachine({
  id: "turnstile",
  initial: "locked",
  states: {
    locked: { on: { "coin.dropped": "open" } },
    open: { on: { "arm.pushed": { target: "locked", actions: emit({ type: "arm.turn" }) } } },
  },
});

function lived(model: AnyModel, events: Script["events"]) {
  const script = { start: 0, events };
  return { script, steps: live(model, script) };
}

const rule = { invariant: { name: "A client is heard.", source: "RFC 6120 section 4.2" }, problem: "it was not\u001B[2J" };
const login = [
  { type: "stream.opened", at: startAt + 1_000, host: "localhost", from: null, version: 1 },
  { type: "sasl.started", at: startAt + 2_000, mechanism: "PLAIN" },
  { type: "sasl.failed", at: startAt + 2_500, condition: "not-authorized", text: null },
  { type: "link.lost", at: startAt + 90_000, why: "reset" },
];

describe("a script as a conversation", () => {
  it("says of a session who says what to whom, when, and the state after each step", () => {
    expect(conversationOf(lived(session, login), session)).toBe(`\
client-session, begun plain at 2000-01-01T00:00:00.000Z
  0               it begins
                    server: the deadline for logging in and binding is in 30 s
                  → awaitingStream
  1         +1 s  client → server: the client opened a stream to localhost
                    server → client: its stream header, from localhost
                    server → client: the features of the stream
                  → negotiating.offering
  2         +2 s  client → server: a login with PLAIN begins
                    server: begins a login with PLAIN
                  → negotiating.authenticating
  3         +3 s  server: the login failed: not-authorized
                    server → client: <failure> <not-authorized>
                  → negotiating.offering
  4  +1 min 30 s  client → server: lost its link: reset
                    server: no deadline for logging in and binding any more
                  → closed`);
  });

  it("says of a subscription what passes between user and contact", () => {
    const text = conversationOf(lived(subscription, [{ type: "inbound.subscribe" }, { type: "outbound.subscribed" }]), subscription);
    expect(text.split("\n").slice(3)).toEqual([
      "  1  contact → server: <presence> subscribe",
      "       server: keeps the contact's request",
      "       server → user: the contact's stanza, to available resources",
      "     → NoneIn",
      "  2  user → server: <presence> subscribed",
      "       server: forgets the contact's request",
      "       server → contact: the user's stanza",
      "       server → user: roster push: subscription from",
      "       server → contact: the user's present presence",
      "     → From",
    ]);
  });

  it("tells any other machine's events and effects as they are, what is ignored, and what no host tells", () => {
    const events = [{ type: "arm.pushed" }, { type: "coin.dropped", pence: 5 }, { type: "arm.pushed" }];
    const model = modelOf("turnstile", turnstile, { events: () => [{ type: "arm.pushed" }], illegal: () => [{ type: "coin.dropped", pence: 5 }] });
    const text = conversationOf(lived(model, events), model);
    expect(text).toContain("host → machine: arm.pushed (ignored)\n");
    expect(text).toContain('host → machine: coin.dropped {"pence":5} (which no host tells it here)\n');
    expect(text).toContain("machine → host: arm.turn\n");
  });

  it("ends with the rule that is broken, and obeys no control character", () => {
    const text = conversationOf({ ...lived(session, login.slice(0, 1)), ...rule }, session);
    expect(text.split("\n").slice(-2).map((line) => line.trim())).toEqual(["✗ A client is heard (RFC 6120 section 4.2).", "it was not\uFFFD[2J"]);
  });

  it("falls back to the plain words where a changed machine's events are of another shape", () => {
    const text = conversationOf(lived(session, [{ type: "presence.undirected", at: startAt }, { type: "door.opened", by: "romeo" }]), session);
    expect(text).toContain("presence.undirected");
    expect(text).toContain("door.opened");
  });
});

describe("a script as a sequence diagram", () => {
  it("has those who take part, what they say, each new state, and the rule that is broken", () => {
    expect(sequenceDiagramOf({ ...lived(session, login.slice(0, 1)), ...rule }, session)).toBe(`\
sequenceDiagram
  participant P1 as client
  participant P2 as server
  P2->>P2: the deadline for logging in and binding is in 30 s
  Note over P2: awaitingStream<br/>+0 ms
  P1->>P2: the client opened a stream to localhost
  P2->>P1: its stream header, from localhost
  P2->>P1: the features of the stream
  Note over P2: negotiating.offering<br/>+1 s
  Note over P1,P2: ✗ A client is heard (RFC 6120 section 4.2).<br/>it was not⟨U+001B⟩#91;2J
`);
  });

  it("shows where the link ends, and leaves nothing to Mermaid's own language", () => {
    const diagram = sequenceDiagramOf(lived(session, [{ type: "link.lost", at: startAt, why: "a; b # <script>" }]), session);
    expect(diagram).toContain("  P1--xP2: lost its link: a#59; b #35; #60;script#62;\n");
  });
});

const holds: Verdict = {
  machine: "client-session",
  ok: true,
  seed: 42,
  runs: 1_000,
  events: 23_456,
  illegalEvents: 1_200,
  asked: { runs: 1_000, maxLength: 60, exhaustive: true, statesMax: 2_000 },
  states: 1_234,
  steps: 56_789,
  cutShort: false,
  invariants: [{ name: "A client is heard.", source: "RFC 6120 section 4.2", checked: 80_000, counts: "asked" }, { name: "It ends", checked: 7, counts: "applied" }],
  coverage: {
    transitions: [{ id: "a/b/0", scripts: 3, exhaustive: true, legal: true }, { id: "a/b/1", scripts: 0, exhaustive: true, legal: true }],
    guards: [{ id: "isIn", held: true, failed: true }, { id: "isOut", held: true, failed: false }],
    pairs: { taken: 999, possible: 1_000 },
  },
  problems: [],
};

describe("a verdict", () => {
  it("says what was run, what was covered and what was not, and how often each rule was checked", () => {
    expect(verdictText(holds, session)).toBe(`\
client-session: everything holds
  1,000 scripts with 23,456 events, 1,200 of them such as no host tells; seed 42
  1,234 states, all that can be reached, and the 56,789 steps between them
  transitions taken: 2 of 2, 1 of them by no script
  guards seen to hold and to fail: 1 of 2
    - isOut: never failed
  pairs of consecutive transitions by scripts: 999 of 1,000 (99 %)
  rules, and how often each applied, or was asked where it does not say when it applies
    80,000  asked    A client is heard (RFC 6120 section 4.2).
         7  applied  It ends`);
  });

  it("begins with what is broken: rule, source, problem, conversation, diagram, and how to see it again", () => {
    const counterexample = { ...lived(session, login.slice(0, 1)), ...rule, seed: 42, path: "8:1", runs: 9, shrinks: 1 };
    const broken = { ...holds, ok: false, runs: 9, counterexample };
    const lines = verdictText(broken, session).split("\n");
    expect(lines.slice(0, 7)).toEqual([
      "client-session: something does not hold",
      "",
      "  ✗ A client is heard (RFC 6120 section 4.2).",
      "    it was not\uFFFD[2J",
      "    found by script 9, made smaller once, to one event:",
      "",
      "    client-session, begun plain at 2000-01-01T00:00:00.000Z",
    ]);
    expect(lines).toContain("    sequenceDiagram");
    expect(lines).toContain('  again: checkMachine with { seed: 42, path: "8:1", exhaustive: false }');
    expect(verdictText(broken, session, { again: "refrain check --seed 42" })).toContain("  again: refrain check --seed 42\n");
    expect(verdictText({ ...broken, counterexample: { ...counterexample, path: "", runs: 0, shrinks: 0 } }, session)).toContain("found by telling every state everything; no way there is shorter than one event:");
  });

  it("does not say of how many pairs where nobody knows, nor that they are all where some states were not seen", () => {
    const of = (possible: number, more: Partial<Verdict> = {}) => verdictText({ ...holds, ...more, coverage: { ...holds.coverage, pairs: { taken: 1_999, possible } } }, session);
    expect(of(0)).toContain("  pairs of consecutive transitions by scripts: 1,999\n");
    expect(of(3_000, { cutShort: true })).toContain("  pairs of consecutive transitions by scripts: 1,999 of 3,000 or more\n");
  });

  it("says of one that was interrupted what was done until then, and how to begin again", () => {
    const lines = verdictText({ ...holds, interrupted: true, runs: 1, events: 1, illegalEvents: 0 }, session, { again: "refrain check --seed 42" }).split("\n");
    expect(lines.slice(0, 6)).toEqual([
      "client-session: interrupted; until then everything held",
      "",
      "  again: refrain check --seed 42",
      "",
      "  1 of 1,000 scripts with 1 event; seed 42",
      "  1,234 states, all that can be reached, and the 56,789 steps between them",
    ]);
    expect(verdictText({ ...holds, interrupted: true, runs: 0, events: 0, illegalEvents: 0 }, session)).toContain("\n  0 of 1,000 scripts with 0 events; seed 42\n");
  });

  it("names each problem, and of what was not covered so many that they can be read", () => {
    const transitions = Array.from({ length: 50 }, (_, index) => ({ id: `a/b/${index}`, scripts: 0, exhaustive: false, legal: false }));
    const text = verdictText({ ...holds, ok: false, problems: ["state x has no way to the end"], coverage: { ...holds.coverage, transitions } }, session);
    expect(text).toContain("  ✗ state x has no way to the end\n");
    expect(text).toContain("transitions taken: 0 of 50\n    - never taken: a/b/0\n");
    expect(text).toContain("    - … 30 more\n");
  });

  it("names the rules of which nothing is known", () => {
    const invariants: Verdict["invariants"] = [{ name: "It ends", checked: 7, counts: "asked" }, { name: "Nobody flies.", source: "RFC 1", checked: 0, counts: "applied" }];
    expect(verdictText({ ...holds, invariants }, session)).toContain("  rules of which nothing is known: 1 of 2\n    - never applied: Nobody flies (RFC 1).\n");
    expect(verdictText(holds, session)).not.toContain("nothing is known");
  });

  it("does not say of states that were cut short that they are all", () => {
    const text = verdictText({ ...holds, ok: false, cutShort: true, problems: ["there are more than 1234 states"] }, session);
    expect(text).toContain("  1,234 states, not all that can be reached: it was cut short, and 56,789 steps between them\n");
    expect(text).not.toContain("all that can be reached, and");
  });

  it("counts the transitions that something legal takes, and names the others, where the model has anything illegal", () => {
    const transitions = [{ id: "a/b/0", scripts: 3, exhaustive: true, legal: true }, { id: "a/b/1", scripts: 2, exhaustive: true, legal: false }];
    const verdict = { ...holds, coverage: { ...holds.coverage, transitions } };
    expect(verdictText(verdict, { ...session, illegal: () => [] })).toContain("  transitions taken: 1 of 2\n    - only by what no host tells: a/b/1\n");
    expect(verdictText(verdict, session)).toContain("  transitions taken: 2 of 2\n");
  });

  it("says by which options the same is seen again, whatever it was asked for", () => {
    const again = (verdict: Partial<Verdict>) => /again: checkMachine with (.*)/.exec(verdictText({ ...holds, ok: false, ...verdict }, session))![1];
    const asked = { runs: 77, maxLength: 9, exhaustive: true, statesMax: 50 };
    const counterexample = { ...lived(session, login.slice(0, 1)), ...rule, seed: 42, path: "8:1", runs: 9, shrinks: 1 };
    expect(again({ asked, counterexample })).toBe('{ seed: 42, path: "8:1", maxLength: 9, exhaustive: false }');
    expect(again({ asked, counterexample: { ...counterexample, path: "" } })).toBe("{ runs: 0, statesMax: 50 }");
    expect(again({ asked })).toBe("{ seed: 42, runs: 77, maxLength: 9, statesMax: 50 }");
    expect(again({ asked: { ...asked, runs: 0, statesMax: 2_000 } })).toBe("{ runs: 0 }");
  });

  it("is painted only where that is asked for", () => {
    const painted = verdictText(holds, session, { paint: (text, as) => `<${as}>${text}</>` });
    expect(painted).toContain("<title>client-session</>: <good>everything holds</>");
  });

  it("takes models of any type", () => {
    expect(verdictText({ ...holds, machine: "turnstile" }, asAnyModel(modelOf("turnstile", turnstile)))).toContain("turnstile: everything holds");
  });
});

describe("what a failing test says", () => {
  const told = lived(session, login);
  const broken: Verdict = { ...holds, ok: false, runs: 9, counterexample: { ...told, ...rule, seed: 42, path: "8:1", runs: 9, shrinks: 1 } };

  it("is the rule, the script, the seed, how to see it again, and the conversation", () => {
    expect(failureText(broken, session)).toBe(`\
client-session: something does not hold
  ✗ A client is heard (RFC 6120 section 4.2).
    it was not\uFFFD[2J
  found by script 9, made smaller once, to 4 events:
    plain: stream.opened, sasl.started, sasl.failed, link.lost
  seed: 42
  again: assertMachine with { seed: 42, path: "8:1", exhaustive: false }

${conversationOf(told, session).split("\n").map((line) => `  ${line}`).join("\n")}`);
  });

  it("has of a long conversation the end, where the rule breaks", () => {
    const script = { start: 0, events: [...login.slice(0, 3), ...Array.from({ length: 30 }, () => ({ type: "presence.undirected", at: startAt + 3_000 }))] };
    const long = { script, steps: live(session, script) };
    const whole = conversationOf(long, session).split("\n");
    expect(whole.length).toBeGreaterThan(25);
    const said = failureText({ ...broken, counterexample: { ...broken.counterexample!, ...long } }, session).split("\n");
    const conversation = said.slice(said.indexOf("") + 1);
    expect(conversation).toHaveLength(25);
    expect(conversation[0]).toBe(`  ${whole[0]}`);
    expect(conversation[1]).toBe(`    … ${whole.length - 24} lines before; conversationOf says them all`);
    expect(conversation.slice(2)).toEqual(whole.slice(-23).map((line) => `  ${line}`));
  });

  it("needs no seed where every state told it, and has no conversation where no script is wrong", () => {
    const found = failureText({ ...broken, runs: 0, counterexample: { ...broken.counterexample!, path: "", runs: 0, shrinks: 0 } }, session);
    expect(found).toContain("  again: assertMachine with { runs: 0 }\n");
    expect(found).not.toContain("seed");
    const problems = Array.from({ length: 30 }, (_, index) => `no way leads from the state ${index} to an end`);
    expect(failureText({ ...holds, ok: false, problems }, session).split("\n").slice(20)).toEqual([
      "  ✗ no way leads from the state 19 to an end",
      "  … 10 more",
      "  seed: 42",
      "  again: assertMachine with { seed: 42, runs: 1000 }",
    ]);
  });
});
