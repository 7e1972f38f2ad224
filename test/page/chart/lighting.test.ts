import { describe, expect, it } from "vitest";
import { createActor } from "xstate";
import { sessionMachine } from "../../../machines/index.ts";
import { transitionsOf } from "../../../machines/transition-id.ts";
import { firstOf, focusOf, isTaken, lightingOf } from "../../../src/page/chart/lighting.ts";
import { sessionPicture } from "../../../src/page/chart/session-picture.ts";
import { stateLine } from "../../../src/page/chart/state-line.ts";
import { policy, startAt, toHibernating, toOffering, type Telling } from "../../machines/telling.ts";

/** What a real actor tells of its last event. */
function momentAfter(...events: readonly Telling[]) {
  let taken: string[] = [];
  const actor = createActor(sessionMachine, {
    input: { at: startAt, secure: false, policy },
    inspect: (event) => {
      if (event.type === "@xstate.microstep") taken.push(...transitionsOf(event));
    },
  });
  actor.start();
  for (const event of events) {
    taken = [];
    actor.send({ at: startAt, ...event } as Parameters<typeof actor.send>[0]);
  }
  const snapshot = actor.getSnapshot();
  return { index: events.length, active: pathsOf(snapshot.value), taken, snapshot, event: (events.at(-1) ?? null) as Parameters<typeof actor.send>[0] | null };
}

function pathsOf(value: unknown, before = ""): string[] {
  if (typeof value === "string") return [before + value];
  return Object.entries(value as object).flatMap(([key, inner]) => [before + key, ...pathsOf(inner, `${before}${key}.`)]);
}

const linesOf = (lighting: ReturnType<typeof lightingOf>) =>
  sessionPicture.edges.flatMap(({ id, label }) => (label?.lines.some((line) => isTaken(line, lighting)) ? [id] : []));

describe("the light on the picture", () => {
  it("is on the active states, and softly on those around them", () => {
    const { leaves, around } = lightingOf(momentAfter(...toHibernating));
    expect([...leaves].toSorted()).toEqual(["connected.availability.available", "connected.interest.uninterested", "connected.link.hibernating"]);
    expect([...around].toSorted()).toEqual(["connected", "connected.availability", "connected.interest", "connected.link"]);
  });

  it("is on the arrow that was taken, by its transition's name and not by its event's", () => {
    const lighting = lightingOf(momentAfter(...toHibernating));
    expect([...lighting.taken]).toEqual(["connected.link.attached/link.lost/0"]);
    expect(linesOf(lighting)).toEqual(["connected.link.attached > connected.link.hibernating"]);
    expect([...lighting.entered]).toEqual(["connected.link.hibernating"]);
    // The same event, answered by the machine as a whole.
    const lost = lightingOf(momentAfter(...toOffering, { type: "link.lost", why: "reset" }));
    expect(linesOf(lost)).toEqual(["* > closed"]);
    expect([...lost.entered]).toEqual(["closed"]);
  });

  it("reaches the first states of a composite that was entered", () => {
    expect([...lightingOf(momentAfter(...toOffering)).entered]).toEqual(["negotiating.offering"]);
  });

  it("is off where nothing is known, and on nothing that another version of the machine names", () => {
    expect(lightingOf(undefined)).toMatchObject({ leaves: new Set(), taken: new Set(), index: -1 });
    expect([...lightingOf({ index: 0, active: ["elsewhere"], taken: ["elsewhere/x/0"] }).entered]).toEqual([]);
  });
});

describe("what is brought into sight", () => {
  const lighting = lightingOf(momentAfter(...toHibernating));
  const node = (id: string) => sessionPicture.nodes.find((node) => node.id === id);

  it("is all that is active where it fits, else what was entered", () => {
    const whole = focusOf(sessionPicture, lighting, 2_000, 2_000);
    expect(whole?.width).toBeGreaterThan(node("connected.link.hibernating")?.width ?? 0);
    expect(focusOf(sessionPicture, lighting, 10, 10)).toBe(node("connected.link.hibernating"));
  });

  it("is nothing where no state is known", () => {
    expect(focusOf(sessionPicture, lightingOf(undefined), 100, 100)).toBeNull();
  });
});

describe("the line that says the state", () => {
  it("names the state and what led to it", () => {
    expect(stateLine(momentAfter(...toHibernating))).toEqual(["connected.available+uninterested+hibernating", "after link.lost"]);
    expect(stateLine(momentAfter())).toEqual(["awaitingStream", ""]);
    expect(stateLine(undefined)).toEqual(["The state is not known yet.", ""]);
  });
});

describe("where the keyboard comes into the picture", () => {
  it("is a state that was entered, else an active one, and nowhere while no state is known", () => {
    expect(firstOf(sessionPicture, lightingOf(momentAfter(...toHibernating)))).toBe("state:connected.link.hibernating");
    expect(firstOf(sessionPicture, lightingOf({ ...momentAfter(...toHibernating), taken: [] }))).toMatch(/^state:connected\.(availability|interest|link)\./);
    expect(firstOf(sessionPicture, lightingOf(undefined))).toBe(null);
  });
});
