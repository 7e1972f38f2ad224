import { describe, expect, it } from "vitest";
import { guarded } from "../../src/extension/guarded.ts";
import type { CommandCall } from "../../src/router/commands.ts";
import type { Extension, IqRequest } from "../../src/router/extension.ts";
import type { Passage } from "../../src/router/phases.ts";
import type { RoomIqRequest, RoomMessage } from "../../src/muc/contract.ts";
import type { House } from "../../src/router/house.ts";
import type { Service } from "../../src/service/services.ts";
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

  it("to a command is an error that names it, and the stage", async () => {
    const command = (parts: object) => made({ commands: [{ node: "n", name: "N", may: "everybody", complete: () => ({ done: undefined }), ...parts }] }).commands![0]!;
    for (const outcome of ["done", undefined, { done: 5 }, { failed: true }, { done: "x", payload: "x" }, { fault: { condition: "bogus", text: "" } }]) {
      expect(() => command({ complete: () => outcome }).complete({} as CommandCall)).toThrow(/^extension mine, command n: expected \{ done: /);
      await expect(command({ complete: async () => outcome }).complete({} as CommandCall)).rejects.toThrow(/^extension mine, command n: expected /);
    }
    for (const form of [undefined, { fields: {} }, { fields: [{ name: "x" }] }]) {
      expect(() => command({ stages: [() => form] }).stages![0]!({} as CommandCall)).toThrow(/^extension mine, command n, stage 0: expected \{ fields: /);
    }
    const right = { failed: "why" };
    expect(command({ complete: () => right }).complete({} as CommandCall)).toBe(right);
  });

  it.each([
    ["a misspelt stop", { stpo: true, why: "x" }, "an object with stpo; did you mean stop?"],
    ["no reason", { stop: true }, "an object, why: expected a text, got nothing"],
    ["a stop that is none", { stop: false, why: "x" }, "an object, stop: expected true, got false"],
    ["a misspelt condition", { fault: { condition: "forbiden", text: "" }, why: "x" }, 'an object, fault.condition: there is no "forbiden"; did you mean forbidden?'],
    ["a promise", Promise.resolve(), "a promise; a phase may not be async, it decides at once"],
  ])("at a phase is told with what is wrong in it: %s", (_, verdict, got) => {
    expect(messageOf(() => made({ phases: { guard: () => verdict } }).phases!.guard!(passage)).split(", got ").slice(1).join(", got ")).toBe(got);
  });

  it.each([
    ["a misspelt result", { reslt: 1 }, "an object with reslt; did you mean result?"],
    ["a member that nobody knows", { zebra: 1 }, "an object with zebra"],
    ["a text as the result", { result: "text" }, 'an object, result: expected an element or undefined, got "text"'],
    ["a condition that is none", { fault: { condition: "not-a-condition", text: "" } }, 'an object, fault.condition: there is no "not-a-condition"'],
    ["a fault without a text", { fault: { condition: "forbidden" } }, "an object, fault.text: expected a text, got nothing"],
    ["a fault that is a text", { fault: "forbidden" }, 'an object, fault: expected an object, got "forbidden"'],
    ["nothing in it", {}, "an object"],
  ])("to an iq is told with what is wrong in it: %s", (_, reply, got) => {
    expect(messageOf(() => iq(() => reply).handle(request)).split(", got ").slice(1).join(", got ")).toBe(got);
  });

  it("to a command is told with what is wrong in it", () => {
    const command = (complete: unknown, stage: unknown = () => undefined) => made({ commands: [{ node: "urn:x", name: "x", may: "admins", complete, stages: [stage] }] }).commands![0]!;
    expect(() => command(() => ({ dnoe: "x" })).complete({} as never)).toThrow(/, got an object with dnoe; did you mean done\?$/);
    expect(() => command(() => ({ failed: 1 })).complete({} as never)).toThrow(/, got an object, failed: expected a text, got 1$/);
    expect(() => command(() => undefined, () => ({ fields: [{}] })).stages![0]!({} as never)).toThrow(/, got an object, fields: expected a list of fields with a var, got \[\{\}\]$/);
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

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing was thrown";
}

describe("What an extension of somebody else adds to rooms", () => {
  const rooms = (parts: object) => made({ rooms: parts }).rooms!;
  const roomIq = (handle: unknown) => rooms({ iq: [{ xmlns: "urn:x", name: "q", types: ["get"], at: ["room"], handle }] }).iq![0]!;

  it.each([["a text", "foo"], ["a text as the result", { result: "hello" }], ["a fault without a text", { fault: { condition: "forbidden" } }]])(
    "answers an iq with an error that names it and the element: %s", async (_, reply) => {
      const told = /^extension mine, rooms, iq <q xmlns='urn:x'\/>: expected nothing, \{ result: /;
      expect(() => roomIq(() => reply).handle({} as RoomIqRequest)).toThrow(told);
      await expect(roomIq(async () => reply).handle({} as RoomIqRequest)).rejects.toThrow(told);
    });

  it("is taken as it is where it is right", async () => {
    expect(roomIq(() => undefined).handle({} as RoomIqRequest)).toBeUndefined();
    expect(await roomIq(async () => ({ result: undefined })).handle({} as RoomIqRequest)).toEqual({ result: undefined });
    expect(rooms({ messages: [() => "taken"] }).messages![0]!({} as RoomMessage)).toBe("taken");
    expect(rooms({ saying: () => ({ condition: "forbidden", text: "" }) }).saying!({} as never)).toEqual({ condition: "forbidden", text: "" });
  });

  it("is named with what it throws, and with verdicts that are none", () => {
    expect(() => rooms({ messages: [() => "token"] }).messages![0]!({} as RoomMessage)).toThrow(/^extension mine, rooms, messages: expected nothing, "taken" or /);
    expect(() => rooms({ saying: () => false }).saying!({} as never)).toThrow(/^extension mine, rooms, saying: expected /);
    for (const member of ["showing", "whispering", "roomFeatures", "roomInfo"] as const) {
      const failing = rooms({ [member]: () => { throw new Error("no"); } });
      expect(() => (failing[member] as (given: never) => unknown)({} as never)).toThrow(`extension mine, rooms, ${member}: no`);
    }
  });
});

describe("A service of an extension of somebody else", () => {
  const service = (parts: object) => made({ services: () => [{ domain: "s.localhost", ...parts }] }).services!({} as House)[0]!;
  const take = ({ take }: Service) => take({} as never, {} as never, {} as never);

  it("is named with what it throws, at once or later, and when it is asked for", async () => {
    const told = "extension mine, service s.localhost, take: no";
    expect(() => take(service({ take: () => { throw new Error("no"); } }))).toThrow(told);
    await expect(take(service({ take: async () => { throw new Error("no"); } }))).rejects.toThrow(told);
    expect(() => made({ services: () => { throw new Error("no"); } }).services!({} as House)).toThrow("extension mine, services: no");
  });

  it("is what it is, also where that changes", async () => {
    class Own {
      readonly domain = "s.localhost";
      readonly name = "Own";
      #away = false;
      loads = 0;
      get away(): boolean {
        return this.#away;
      }
      async load(): Promise<void> {
        this.loads += 1;
        this.#away = true;
      }
      take(): undefined {}
    }
    const own = new Own();
    const [guardedOne] = made({ services: () => [own] }).services!({} as House);
    expect([guardedOne!.domain, guardedOne!.name, guardedOne!.away, guardedOne!.sessionsRestored]).toEqual(["s.localhost", "Own", false, undefined]);
    await guardedOne!.load!();
    expect([own.loads, guardedOne!.away, take(guardedOne!)]).toEqual([1, true, undefined]);
  });
});
