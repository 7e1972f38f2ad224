/** Presence that waits for an inactive client is the latest of each resource; whatever becomes of the link or the process, the client ends with the truth. */
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { chat, ManagedStage, type ManagedClient } from "../management/support.ts";
import type { BoundClient } from "../support/login.ts";
import { active, come, event, inactive, say, state } from "./xep-0352-setting.ts";

let server: TestServer;
let stage: ManagedStage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
  stage = new ManagedStage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

const shown = (status: string | number): string => `<presence><status>${status}</status></presence>`;
const left = "<presence type='unavailable'/>";

/** Juliet sees Romeo, who has two resources. */
async function household(on: ManagedStage = stage) {
  const jids = await on.cast("romeo", "juliet");
  await on.relate(jids.romeo, jids.juliet, "Both");
  const [orchard, mantua] = [await on.enter(jids.romeo, "orchard"), await on.enter(jids.romeo, "mantua")];
  const juliet = await on.resumable(jids.juliet, "phone", "<presence/>");
  return { orchard, mantua, juliet };
}

/** `romeo/orchard available (1)` → `orchard 1`. */
const brief = (words: readonly string[]): readonly string[] =>
  words.map((word) => word.replace(/^\w+\/(\w+) available(?: \((.*)\))?$/, "$1 $2").replace(/^\w+\/(\w+) unavailable$/, "$1 gone"));

describe("XEP-0352 section 3.2 presence", () => {
  it("waits, and of each resource the latest comes", async () => {
    const { orchard, mantua, juliet } = await household();
    await say(juliet, inactive);
    await orchard.ask(shown(1));
    await mantua.ask(shown(2) + left);
    await orchard.ask(shown(3));
    expect(await come(juliet)).toEqual([]);
    await say(juliet, active);
    expect(brief(await come(juliet))).toEqual(["mantua gone", "orchard 3"]);
    await orchard.ask(shown(4));
    expect(brief(await come(juliet))).toEqual(["orchard 4"]);
  });

  it("that is directed to it and that of the user's own resources wait too", async () => {
    const { orchard, juliet } = await household();
    const balcony = await stage.enter(juliet.bare, "balcony");
    await say(juliet, inactive);
    await orchard.ask(`<presence to='${juliet.jid}'><status>for you</status></presence>`);
    await balcony.ask(shown("mine"));
    await balcony.ask(left);
    expect(await come(juliet)).toEqual([]);
    await say(juliet, active);
    expect(brief(await come(juliet))).toEqual(["orchard for you", "balcony gone"]);
  });

  it("does not outlast the client's own: what it was shown before it went is ended by its own end, which comes in its place", async () => {
    const { orchard, mantua, juliet } = await household();
    await say(juliet, inactive);
    await orchard.ask(shown(1));
    await say(juliet, left);
    // Of this she is not told: she is not there.
    await orchard.ask(left);
    await say(juliet, "<presence/>");
    await mantua.ask(shown(2));
    await say(juliet, active);
    expect(brief(await come(juliet)).map((words) => words.trim())).toEqual(["orchard 1", "phone gone", "phone", "mantua 2"]);
  });

  it("of other kinds does not wait: requests, answers to them, pushes, answers to the client", async () => {
    const { orchard, juliet } = await household();
    await juliet.ask("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>");
    const { nurse: jid } = await stage.cast("nurse");
    const nurse = await stage.appear(jid, "kitchen");
    await say(juliet, inactive);
    await orchard.ask(shown(1));
    await nurse.ask(`<presence type='subscribe' to='${juliet.bare}'/>`);
    expect(brief(await come(juliet)).slice(0, 2)).toEqual(["orchard 1", expect.stringContaining(" subscribe")]);
    await orchard.ask(shown(2));
    juliet.send(`<presence type='subscribed' to='${nurse.bare}'/>`);
    expect(brief(await come(juliet)).slice(0, 2)).toEqual(["orchard 2", expect.stringContaining("<iq ")]);
    await orchard.ask(shown(3));
    juliet.send("<iq type='get' id='i' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
    expect(brief(await come(juliet))).toEqual(["orchard 3", expect.stringContaining("id='i'")]);
  });
});

describe("XEP-0352 section 5.2 a link or a process that is lost", () => {
  it("leaves what waited in the queue", async () => {
    const { orchard, mantua, juliet } = await household();
    await say(juliet, inactive);
    await orchard.ask(shown(1));
    await mantua.ask(shown(2));
    await juliet.vanish(server);
    await orchard.ask(shown(3));
    await juliet.resume();
    expect(brief(await come(juliet))).toEqual(["orchard 1", "mantua 2", "orchard 3"]);
  });

  it("leaves the client with the truth after the next start", async () => {
    const mortal = await startServer({ allowPlaintext: true });
    const scene = new ManagedStage(mortal);
    try {
      const { orchard, mantua, juliet } = await household(scene);
      // One that goes on itself, so that its presence is still there.
      const verona = await scene.resumable(orchard.bare, "verona", shown(0));
      for (const client of [orchard, mantua]) await client.ask(shown(0));
      const balcony = await scene.resumable(juliet.bare, "balcony", shown("mine"));
      await come(juliet);
      juliet.ack();
      await say(juliet, inactive);
      await verona.ask(shown(5));
      await mantua.ask(left);
      await balcony.ask(shown("yours"));
      // Whom she does not see, but who shows itself to her.
      const nurse = await scene.resumable((await scene.cast("nurse")).nurse, "kitchen");
      await nurse.ask(`<presence to='${juliet.jid}'/>`);
      expect(await come(juliet)).toEqual([]);
      await mortal.restart({ kill: true });
      await juliet.resume();
      const seen = viewOf(await come(juliet));
      expect(seen).toEqual(new Map([["orchard", "gone"], ["mantua", "gone"], ["verona", "5"], ["balcony", "yours"], ["kitchen", ""], ["phone", ""]]));
    } finally {
      scene.clear();
      await mortal.stop();
    }
  });
});

/** What a client makes of it: the last of each resource. */
function viewOf(words: readonly string[]): ReadonlyMap<string, string> {
  return new Map(brief(words).map((word) => [word.split(" ")[0]!, word.split(" ").slice(1).join(" ")]));
}

type Happening =
  | { readonly what: "presence" | "left" | "state" | "message" | "event"; readonly by: number }
  | { readonly what: "inactive" | "active"; readonly by?: undefined };

const happenings: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ what: fc.constantFrom("presence" as const, "left", "state", "event"), by: fc.nat({ max: 1 }) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("message" as const), by: fc.nat({ max: 1 }) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constantFrom("inactive" as const, "active" as const) }) },
);

it("XEP-0352 section 3.2: whatever happens in whatever order, exactly the latest of each subject comes, in order, and before what does not wait", async () => {
  const { orchard, mantua, juliet } = await household();
  const senders = [orchard, mantua];
  await perform(senders, juliet);
}, 20_000);

async function perform(senders: readonly BoundClient[], juliet: ManagedClient): Promise<void> {
  let marks = 0;
  let outdated = 0;
  await fc.assert(
    // Most of it while nobody looks.
    fc.asyncProperty(fc.array(happenings, { minLength: 5, maxLength: 25 }).map((later) => [{ what: "inactive" } as const, ...later]), async (happened) => {
      for (const sender of senders) await sender.ask(left);
      await say(juliet, active);
      await come(juliet);
      juliet.ack();
      const there = senders.map(() => false);
      let held: Map<string, string> | undefined;
      const expected: string[] = [];
      const flush = () => {
        expected.push(...(held?.values() ?? []));
        held?.clear();
      };
      const latest = (subject: string, words: string) => {
        if (held === undefined) return void expected.push(words);
        if (held.delete(subject)) outdated += 1;
        held.set(subject, words);
      };
      for (const happening of happened) {
        const { what, by } = happening;
        if (by === undefined) {
          if (what === "active") flush();
          held = what === "active" ? undefined : (held ?? new Map());
          await say(juliet, what === "active" ? active : inactive);
          continue;
        }
        const sender = senders[by]!;
        const place = sender.jid.split("/")[1]!;
        const mark = `${++marks}`;
        if (what === "presence") {
          sender.send(shown(mark));
          there[by] = true;
          latest(`presence ${by}`, `${place} ${mark}`);
        } else if (what === "left") {
          if (!there[by]) continue;
          sender.send(left);
          there[by] = false;
          latest(`presence ${by}`, `${place} gone`);
        } else if (what === "state") {
          sender.send(state(juliet.jid, "composing", `<thread>${by}</thread>`));
          latest(`state ${by}`, "composing");
        } else if (what === "event") {
          sender.send(event(juliet.jid, "tune", "current", mark));
          latest(`event ${by}`, `tune: ${mark}`);
        } else {
          sender.send(chat(juliet.jid, mark));
          flush();
          expected.push(mark);
        }
        await sender.caughtUp();
      }
      expect(brief(await come(juliet))).toEqual(expected);
      await say(juliet, active);
      expect(brief(await come(juliet))).toEqual([...(held?.values() ?? [])]);
    }),
    { numRuns: 60 },
  );
  expect(outdated).toBeGreaterThan(20);
}
