import { describe, expect, it } from "vitest";
import { guarded } from "../../src/extension/guarded.ts";
import type { Extension, IqRequest } from "../../src/router/extension.ts";
import type { Passage } from "../../src/router/phases.ts";
import { el } from "../../src/xml/stanza.ts";

const made = (parts: object): Extension => guarded({ name: "mine", specification: { id: "XEP-0001", title: "mine" }, ...parts } as Extension);
const passage = {} as Passage;
const request = {} as IqRequest;
const iq = (handle: unknown) => made({ iq: [{ xmlns: "urn:x", name: "q", types: ["get"], at: ["server"], handle }] }).iq![0]!;

describe("What an extension of somebody else answers", () => {
  it.each([
    ["an object", { oops: 1 }], ["a promise", Promise.resolve()], ["false", false], ["null", null],
    ["a stop without a reason", { stop: true }], ["a fault of a condition that does not exist", { fault: { condition: "bogus", text: "" }, why: "x" }],
  ])("at a phase is an error that names it and the phase: %s", (_, verdict) => {
    expect(() => made({ phases: { guard: () => verdict } }).phases!.guard!(passage)).toThrow(/^extension mine, phase guard: expected nothing, /);
  });

  it.each([undefined, { stop: true, why: "x" }, { fault: { condition: "forbidden", text: "" }, why: "x" }])("at a phase is taken as it is where it is right: %o", (verdict) => {
    expect(made({ phases: { guard: () => verdict } }).phases!.guard!(passage)).toBe(verdict);
  });

  it.each([["nothing", undefined], ["a text", "foo"], ["a text as the result", { result: "hello" }], ["a fault without a text", { fault: { condition: "forbidden" } }]])(
    "to an iq is an error that names it and the element: %s", async (_, reply) => {
      const told = /^extension mine, iq <q xmlns='urn:x'\/>: expected /;
      expect(() => iq(() => reply).handle(request)).toThrow(told);
      await expect(iq(async () => reply).handle(request)).rejects.toThrow(told);
    });

  it("to an iq is taken as it is where it is right", async () => {
    for (const reply of [{ result: undefined }, { result: el("q", { xmlns: "urn:x" }) }, { fault: { condition: "forbidden", text: "" } }]) {
      expect(iq(() => reply).handle(request)).toBe(reply);
      expect(await iq(async () => reply).handle(request)).toBe(reply);
    }
  });

  it("is named too where it throws", async () => {
    const fail = () => {
      throw new RangeError("no");
    };
    expect(() => made({ phases: { stamp: fail } }).phases!.stamp!(passage)).toThrow("extension mine, phase stamp: no");
    expect(() => iq(fail).handle(request)).toThrow("extension mine, iq <q xmlns='urn:x'/>: no");
    await expect(iq(async () => fail()).handle(request)).rejects.toThrow("extension mine, iq <q xmlns='urn:x'/>: no");
  });

  it.each(["presenceChanged", "itemsChanged", "dataChanged", "rosterChanged", "holdsBack", "streamFeature", "linkLost"] as const)("is named too where its %s throws", (member) => {
    const whole = made({ [member]: () => { throw new RangeError("no"); } }) as unknown as Readonly<Record<string, () => void>>;
    expect(() => whole[member]!()).toThrow(`extension mine, ${member}: no`);
  });

  it("is named too where it throws over an element beside stanzas", () => {
    const [handler] = made({ elements: [{ xmlns: "urn:x", names: ["q"], handle: () => { throw new RangeError("no"); } }] }).elements!;
    expect(() => handler!.handle({} as never)).toThrow("extension mine, element of urn:x: no");
  });
});
