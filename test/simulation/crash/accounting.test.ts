/** Whether the counters count: transcripts with one thing wrong in each. */
import { describe, expect, it } from "vitest";
import { readXml } from "../../support/xml-reader.ts";
import type { Sending } from "./client.ts";
import { Decisions } from "./decisions.ts";
import { Ledger, type Trouble } from "./ledger.ts";
import { bodyOf, Person } from "./person.ts";

const message = (number: number): string => {
  const body = bodyOf(number).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `<message from='a@localhost/phone' id='a-b-${number}' type='chat'><body>${body}</body></message>`;
};
const presence = (number: number, type = ""): string => `<presence from='a@localhost/phone'${type}><status>${number}</status></presence>`;
const push = (content: string, version = 2): string =>
  `<iq type='set' id='push' to='b@localhost/phone'><query xmlns='jabber:iq:roster' ver='${version}'>${content}</query></iq>`;

/** What is counted when a has sent so much, and b is told this. */
function counted(received: readonly string[], sent: { readonly messages?: number; readonly presences?: number } = {}) {
  const troubles: Trouble[] = [];
  const texts: string[] = [];
  const gaps: number[] = [];
  const tell = (trouble: Trouble, text: string) => {
    troubles.push(trouble);
    texts.push(text);
  };
  const ledger = new Ledger({
    trouble: (trouble, _, number, text) => tell(trouble, `${number} ${text}`),
    gap: (_, number) => gaps.push(number),
  });
  const channel = (kind: "message" | "presence") => ({ kind, from: "a", to: "b" }) as const;
  for (let number = 0; number < (sent.messages ?? 0); number++) ledger.send(channel("message"));
  for (let number = 0; number < (sent.presences ?? 0); number++) ledger.send(channel("presence"));
  const answers: string[] = [];
  const voice = { jid: "b@localhost/phone", send: ({ text }: Sending) => void answers.push(text) };
  const b = new Person({ name: "b", domain: "localhost", friends: ["a"], everybody: ["a", "b"], voice, ledger, decisions: new Decisions(1), trouble: tell });
  b.begin();
  for (const text of received) b.stanza(readXml(text));
  ledger.close();
  return { troubles, texts, gaps, answers, b, ledger };
}

describe("The crash run's ledger", () => {
  it("has nothing to say where everything came once and in order", () => {
    const { troubles, ledger } = counted([message(1), presence(1), message(2), message(3), presence(2)], { messages: 3, presences: 2 });
    expect(troubles).toEqual([]);
    expect(ledger.totals("message")).toEqual({ sent: 3, accepted: 0, delivered: 3 });
  });

  it("counts a loss, in the middle and at the end", () => {
    expect(counted([message(1), message(3)], { messages: 4 })).toMatchObject({ troubles: ["lost", "lost"], texts: ["2 never came", "4 never came"], gaps: [2] });
    expect(counted([], { messages: 2 }).troubles).toEqual(["lost", "lost"]);
    expect(counted([presence(2)], { presences: 2 }).troubles).toEqual(["lost"]);
  });

  it("says of a loss whether the server had accepted it", () => {
    const texts: string[] = [];
    const ledger = new Ledger({ trouble: (_trouble, _channel, number, text) => texts.push(`${number} ${text}`), gap: () => {} });
    const channel = { kind: "message", from: "a", to: "b" } as const;
    for (let number = 1; number <= 3; number++) ledger.send(channel);
    ledger.accept(channel);
    ledger.accept(channel);
    ledger.deliver(channel, 1);
    expect(ledger.isSettled).toBe(false);
    ledger.close();
    expect(texts).toEqual(["2 was accepted and never came", "3 never came"]);
  });

  it("counts what comes twice, at once or later", () => {
    expect(counted([message(1), message(1), message(2)], { messages: 2 }).troubles).toEqual(["doubled"]);
    expect(counted([message(1), message(2), message(3), message(1), message(2)], { messages: 3 }).troubles).toEqual(["doubled", "doubled"]);
  });

  it("counts a swap once, and not as a loss", () => {
    expect(counted([message(1), message(3), message(2), message(4)], { messages: 4 }).troubles).toEqual(["disordered"]);
    expect(counted([presence(2), presence(1)], { presences: 2 }).troubles).toEqual(["disordered"]);
  });

  it("counts what came late and then again as both", () => {
    expect(counted([message(2), message(1), message(1)], { messages: 2 }).troubles).toEqual(["disordered", "doubled"]);
  });

  it("counts a contact that goes, one that comes anew, and one whose presence is repeated as flaps", () => {
    expect(counted([presence(1), presence(1, " type='unavailable'"), presence(1)], { presences: 1 }).troubles).toEqual(["flaps", "flaps"]);
    expect(counted([presence(0)]).troubles).toEqual(["flaps"]);
  });

  it("takes what was never sent, what is damaged and what nobody asked for as faults", () => {
    expect(counted([message(1)]).troubles).toEqual(["faults"]);
    expect(counted([message(7).replace("😀", "?")], { messages: 7 }).troubles).toContain("faults");
    expect(counted(["<message from='c@localhost/phone' id='c-b-1'><body>1 plain</body></message>"]).troubles).toEqual(["faults"]);
    expect(counted(["<message from='a@localhost' type='error' id='b-a-1'/>"]).troubles).toEqual(["faults"]);
    expect(counted(["<iq type='result' id='b?1'/>"]).troubles).toEqual(["faults"]);
    expect(counted(["<iq type='result' id='nobody'/>"]).troubles).toEqual(["faults"]);
  });

  it("does not take answers for disordered that overtake each other, and each only once", () => {
    const troubles: Trouble[] = [];
    const ledger = new Ledger({ trouble: (trouble) => troubles.push(trouble), gap: () => {} });
    const channel = { kind: "answer", from: "a", to: "a" } as const;
    for (let number = 1; number <= 3; number++) ledger.send(channel);
    for (const number of [2, 1, 1]) ledger.deliver(channel, number);
    ledger.close();
    expect(troubles).toEqual(["doubled", "lost"]);
  });
});

describe("The crash run's rosters", () => {
  const item = "<item jid='x@localhost' name='number 1' subscription='none'/>";

  it("fold pushes, and answer them", () => {
    const { b, answers } = counted([push(item)]);
    expect(answers).toEqual(["<iq type='result' id='push'/>"]);
    b.roster.want("x@localhost", { name: "number 1", groups: [] });
    expect(b.roster.differences(readXml(`<query xmlns='jabber:iq:roster' ver='2'>${item}</query>`))).toEqual([]);
  });

  it("show what the server has otherwise than it said, and than was asked for", () => {
    const { b } = counted([push(item)]);
    b.roster.want("x@localhost", { name: "number 1", groups: [] });
    const other = "<item jid='x@localhost' name='number 2' subscription='none'/>";
    expect(b.roster.differences(readXml(`<query xmlns='jabber:iq:roster' ver='2'>${other}</query>`))).toHaveLength(2);
    expect(b.roster.differences(readXml("<query xmlns='jabber:iq:roster' ver='2'/>"))).toHaveLength(2);
    expect(b.roster.differences(readXml(`<query xmlns='jabber:iq:roster' ver='3'>${item}</query>`))).toEqual(["the roster has version 3, the last push said 2"]);
  });

  it("count a push that nobody asked for", () => {
    expect(counted([push(item)]).troubles).toEqual(["faults"]);
  });
});

describe("The crash run's decisions", () => {
  const some = (seed: number, name: string) => {
    const decisions = new Decisions(seed, name);
    return Array.from({ length: 20 }, () => decisions.whole(1, 6));
  };

  it("repeat with the seed, and differ with seed and name", () => {
    expect(some(1, "u1")).toEqual(some(1, "u1"));
    expect(some(1, "u1")).not.toEqual(some(2, "u1"));
    expect(some(1, "u1")).not.toEqual(some(1, "u2"));
    expect([...new Set(Array.from({ length: 20 }, (_, seed) => some(seed, "u1")).flat())].toSorted()).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
