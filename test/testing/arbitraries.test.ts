import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stateName } from "../../machines/state-name.ts";
import { parseJid } from "../../src/domain/jid.ts";
import { checkStanza, classify, priorityOf } from "../../src/session/border.ts";
import { invalidJid } from "../../src/testing/arbitraries/invalid-jid.ts";
import { jid, type GeneratedJid } from "../../src/testing/arbitraries/jid.ts";
import { illegalScript, legalScript, sessionEvents } from "../../src/testing/arbitraries/scripts.ts";
import { stanza, type GeneratedStanza } from "../../src/testing/arbitraries/stanza.ts";
import { xmlText } from "../../src/testing/arbitraries/xml-text.ts";
import { asAnyModel } from "../../src/testing/model/machine-model.ts";
import { live } from "../../src/testing/model/script.ts";
import { sessionModel } from "../../src/testing/model/session-model.ts";
import { subscriptionModel } from "../../src/testing/model/subscription-model.ts";
import type { Element } from "../../src/xml/element.ts";
import { parseElement } from "../../src/xml/parse-element.ts";
import { serialise } from "../../src/xml/serialise.ts";
import { stanzaErrorTypes } from "../../src/domain/errors.ts";

const samples = { numRuns: 1_000, seed: 1 } as const;
/** How many different answers a sample gives. */
function kindsOf<Value>(from: fc.Arbitrary<Value> | readonly Value[], kindOf: (value: Value) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const value of Array.isArray(from) ? (from as readonly Value[]) : fc.sample(from as fc.Arbitrary<Value>, samples)) counts.set(kindOf(value), (counts.get(kindOf(value)) ?? 0) + 1);
  return counts;
}

describe("RFC 7622 section 3 jid()", () => {
  it("is an address, whose parts are prepared", () => {
    fc.assert(
      fc.property(jid(), ({ text, local, domain, resource, bare, full }) => {
        expect(parseJid(text)).toMatchObject({ local, domain, resource, bare, full });
        expect(parseJid(full)?.full).toBe(full);
      }),
    );
  });

  it("has the parts that are asked for", () => {
    fc.assert(
      fc.property(jid({ local: true, resource: false, domain: "localhost" }), ({ local, domain, resource }) => {
        expect([typeof local, domain, resource]).toEqual(["string", "localhost", undefined]);
      }),
    );
    fc.assert(fc.property(jid({ local: false, resource: true, ascii: true }), ({ text, local, resource }) => local === undefined && resource !== undefined && !/[^ -~]/.test(text)));
  });

  it("comes in every combination of parts and scripts, prepared already and not", () => {
    const script = (part: string | undefined) => (part === undefined ? "none" : /[^ -~]/.test(part) ? "beyond" : "ascii");
    const combinations = kindsOf(jid(), ({ local, domain, resource }) => [local, domain, resource].map(script).join());
    expect(combinations.size).toBe(3 * 2 * 3);
    const changed = kindsOf(jid(), ({ text, full }) => String(text === full));
    expect(Math.min(...changed.values())).toBeGreaterThan(200);
    expect(kindsOf(jid(), ({ text }) => text).size).toBeGreaterThan(800);
    const shapes = kindsOf(jid(), ({ local = "", domain }) => (Buffer.byteLength(local) > 1_000 ? "long" : domain.startsWith("[") ? "IPv6" : /^[\d.]+$/.test(domain) ? "IPv4" : domain.includes(".") ? "labels" : "label"));
    expect([...shapes.keys()].toSorted()).toEqual(["IPv4", "IPv6", "label", "labels", "long"]);
  });

  it("shrinks to something plain", () => {
    const { counterexample } = fc.check(fc.property(jid({ local: true, resource: true }), () => false), { seed: 7 });
    expect((counterexample as [GeneratedJid])[0].text.length).toBeLessThan(30);
  });

  it("says which domain it cannot take", () => {
    expect(() => fc.sample(jid({ domain: "a..b" }), 1)).toThrow(/RFC 7622 allows, got ".*a\.\.b.*give another domain/);
  });
});

describe("RFC 7622 section 4 invalidJid()", () => {
  it("is no address", () => {
    fc.assert(fc.property(invalidJid(), ({ text }) => parseJid(text) === undefined), { numRuns: 500 });
  });

  it("breaks each of its rules, in many ways", () => {
    const rules = kindsOf(invalidJid(), ({ why }) => why);
    expect(rules.size).toBeGreaterThan(20);
    for (const [why, times] of rules) expect(times, why).toBeGreaterThan(5);
    expect(kindsOf(invalidJid(), ({ text }) => text).size).toBeGreaterThan(400);
  });
});

describe("RFC 6120 section 8 stanza()", () => {
  const romeo = parseJid("romeo@example.org/orchard")!;

  it("is written so that the parser of the server reads the element that it is", () => {
    fc.assert(
      fc.property(stanza(), ({ element, xml }) => {
        const read = parseElement(xml);
        expect(plain(read)).toEqual(plain(element));
        expect(plain(parseElement(serialise(element)))).toEqual(plain(element));
      }),
      { numRuns: 200 },
    );
  });

  it("passes the border of the server without a fault", () => {
    fc.assert(
      fc.property(stanza(), ({ kind, type, element }) => {
        expect(classify(element)).toEqual({ kind: "stanza", stanza: kind });
        expect(checkStanza(element, kind, romeo, undefined).fault).toBeUndefined();
        if (kind === "presence" && type === undefined) expect(priorityOf(element)).toBeTypeOf("number");
      }),
      { numRuns: 200 },
    );
  });

  it("gives a new element each time, so that nobody changes another's", () => {
    const [one] = fc.sample(stanza({ to: null }), 1);
    one!.element.attrs["to"] = "nurse@example.org";
    expect(one!.element.attrs["to"]).toBeUndefined();
  });

  it("comes in every type of every kind, addressed and not, in many spellings", () => {
    const all = fc.sample(stanza(), samples);
    const types = kindsOf(all, ({ kind, type = "" }) => `${kind} ${type}`);
    expect(types.size).toBe(6 + 8 + 4);
    for (const [type, times] of types) expect(times, type).toBeGreaterThan(20);
    expect(kindsOf(all, ({ element }) => String("to" in element.attrs)).size).toBe(2);
    expect(kindsOf(all, ({ xml }) => xml).size).toBeGreaterThan(900);
    const spellings: Readonly<Record<string, RegExp>> = { "CDATA": /<!\[CDATA\[/, "a decimal reference": /&#\d+;/, "a hexadecimal one": /&#x/, "an entity": /&lt;/, "double quotes": /="/, "single quotes": /='/, "an end tag with a blank": /<\/\w+ >/ };
    for (const [name, pattern] of Object.entries(spellings)) expect(kindsOf(all, ({ xml }) => String(pattern.test(xml))).get("true"), name).toBeGreaterThan(50);
    const conditions = kindsOf(stanza({ types: ["error"] }), ({ element }) => (element.getChild("error")!.children[0] as Element).name);
    expect([...conditions.keys()].toSorted()).toEqual(Object.keys(stanzaErrorTypes).toSorted());
  });

  it("has the kind, type and addresses that are asked for", () => {
    const asked = { kinds: ["message"], types: ["chat", ""], to: "juliet@example.org", from: romeo.full, extensions: false } as const;
    fc.assert(
      fc.property(stanza(asked), ({ kind, type, element }) => {
        expect(kind).toBe("message");
        expect(["chat", undefined]).toContain(type);
        expect(element.attrs).toMatchObject({ to: "juliet@example.org", from: "romeo@example.org/orchard" });
        expect(element.children.map((child) => (child as Element).name).filter((name) => !["body", "subject", "thread"].includes(name))).toEqual([]);
      }),
    );
    expect(() => stanza({ kinds: ["iq"], types: ["chat"] })).toThrow(RangeError);
  });

  it("shrinks to the barest one, spelled plainly", () => {
    const { counterexample } = fc.check(fc.property(stanza({ kinds: ["message"], to: null }), () => false), { seed: 3 });
    expect((counterexample as [GeneratedStanza])[0].xml).toBe("<message xmlns='jabber:client'/>");
  });
});

describe("XML 1.0 xmlText()", () => {
  it("is what a serialised element can carry", () => {
    fc.assert(fc.property(xmlText(), (text) => parseElement(serialise(elementWith(text))).getText() === text));
  });
});

describe("lives of a machine", () => {
  const session = asAnyModel(sessionModel);
  const isPossible = (list: readonly unknown[], event: unknown) => list.some((each) => JSON.stringify(each) === JSON.stringify(event));

  it("are told in sessionEvents() so that each event is possible where it is told, in the order of time", () => {
    fc.assert(
      fc.property(sessionEvents(), (events) => {
        const lives = session.starts.map((_, start) => live(session, { start, events }));
        const told = lives.some((steps) => steps.slice(1).every(({ before, event }) => isPossible(session.events(before!, event!["at"] as number), event)));
        expect(told).toBe(true);
        expect(events.map(({ at }) => at)).toEqual(events.map(({ at }) => at).toSorted((a, b) => a - b));
      }),
    );
  });

  it("reach all states of the session in legalScript(), and never what no host tells", () => {
    const scripts = fc.sample(legalScript(sessionModel), samples);
    const states = new Set(scripts.flatMap(({ steps }) => steps.flatMap(({ after }) => stateName(after.value).split("+"))));
    expect([...states].filter((name) => /hibernating|resuming|securing|closed/.test(name)).length).toBeGreaterThanOrEqual(4);
    expect(scripts.filter(({ illegal }) => illegal.includes(true))).toEqual([]);
    expect(scripts.every(({ events, steps }) => steps.length === events.length + 1)).toBe(true);
  });

  it("end in illegalScript() with what no host tells, and with nothing of the kind before", () => {
    fc.assert(
      fc.property(illegalScript(sessionModel, { maxLength: 10 }), ({ events, steps, illegal }) => {
        expect(events.length).toBeLessThanOrEqual(10);
        expect(illegal).toEqual(events.map((_, index) => index === events.length - 1));
        const { before, event } = steps.at(-1)!;
        expect(isPossible(session.illegal!(before!, event!["at"] as number), event)).toBe(true);
      }),
    );
    const { illegal: _, ...withoutIllegal } = subscriptionModel;
    expect(() => illegalScript(withoutIllegal)).toThrow("illegalScript(): subscription has nothing that is illegal; give its model `illegal`");
  });

  it("shrink to nothing where nothing is needed", () => {
    const { counterexample } = fc.check(fc.property(sessionEvents(), () => false), { seed: 5 });
    expect(counterexample).toEqual([[]]);
  });
});

function elementWith(text: string): Element {
  const element = parseElement("<message/>");
  element.t(text);
  return element;
}

/** Without what two ways to write the same may differ in. */
function plain(element: Element): unknown {
  const children: unknown[] = [];
  for (const child of element.children) {
    if (typeof child !== "string") children.push(plain(child));
    else if (typeof children.at(-1) === "string") children[children.length - 1] += child;
    else if (child !== "") children.push(child);
  }
  return { name: element.name, attrs: { ...element.attrs }, children };
}
