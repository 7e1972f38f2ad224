/**
 * Snapshots that each version of the machine recorded, `golden/session-VERSION.json`: those of earlier ones are restored,
 * those of this one are what it records.
 */
import { readFileSync } from "node:fs";
import { createActor } from "xstate";
import { describe, expect, it } from "vitest";
import { fold, restoreSnapshot } from "../../machines/fold.ts";
import { sessionMachine, sessionMachineVersion } from "../../machines/session.ts";
import type { SessionEffect } from "../../machines/session-events.ts";
import { stateName } from "../../machines/state-name.ts";
import { upgradeSnapshot } from "../../machines/upgrade.ts";
import { checkState } from "./holds.ts";
import { goldens, plain, textOf, type Golden } from "./golden/lives.ts";
import { begin, recovered, startAt, tell } from "./telling.ts";

const fileOf = (version: number): string => new URL(`golden/session-${version}.json`, import.meta.url).pathname;
const golden = (version: number): readonly Golden[] =>
  JSON.parse(version === sessionMachineVersion ? textOf(goldens()) : readFileSync(fileOf(version), "utf8")) as readonly Golden[];
const versions = Array.from({ length: sessionMachineVersion }, (_, index) => ({ version: index + 1 }));

/** The states from authentication on: nothing is recorded before it. */
const recordable = [
  "authenticated.awaitingRestart", "authenticated.binding.idle", "authenticated.binding.pending", "authenticated.binding.resuming", "closed", "closing",
  ...["available", "unavailable"].flatMap((availability) => ["interested", "uninterested"].map((interest) => `connected.${availability}+${interest}+attached`)),
];
const fulfilling = ["authenticated.fulfilling.returning", "authenticated.fulfilling.claiming"];
const hibernating = recordable.filter((name) => name.endsWith("attached")).map((name) => name.replace("attached", "hibernating"));

describe(`What version ${sessionMachineVersion} of the session's machine records`, () => {
  it("is what it recorded before (else: raise sessionMachineVersion, and say in machines/upgrade.ts how the last one is continued)", async () => {
    await expect(textOf(goldens())).toMatchFileSnapshot(fileOf(sessionMachineVersion));
  });
});

describe.each(versions)("Snapshots of version $version", ({ version }) => {
  const all = golden(version);

  it("are there of each state that it could be recorded in", () => {
    const states = [...new Set(all.map(({ snapshot }) => stateName(snapshot.value)))].toSorted();
    expect(states).toEqual([...recordable, ...(version > 1 ? hibernating : []), ...(version > 2 ? fulfilling : [])].toSorted());
    for (const { snapshot } of all) expect(snapshot).toMatchObject({ machine: "session", version });
  });

  it.each(all)("are restored as a state of this version: $name", ({ snapshot }) => {
    const state = restoreSnapshot(snapshot);
    expect(plain(state)).toEqual(upgradeSnapshot(snapshot));
    checkState(state);
  });

  it.each(all)("go on with the events that were recorded after them: $name", ({ snapshot, tail, after }) => {
    expect(plain(fold(restoreSnapshot(snapshot), tail))).toEqual(upgradeSnapshot(after));
  });

  it.each(all)("are at their end when the server starts again, or can be resumed: $name", ({ snapshot }) => {
    const state = restoreSnapshot(snapshot);
    if (state.status === "done") return expect(state.output).toEqual({ reason: snapshot.context.reason });
    const { snapshot: next, effects } = tell(state, { ...recovered, at: startAt + 100_000 });
    checkState(next);
    if (snapshot.context.management !== "resumable" || !state.hasTag("connected")) return expect(next.value).toBe("closed");
    expect(stateName(next.value)).toBe(stateName(state.value).replace("attached", "hibernating"));
    expect(effects).toEqual([{ type: "arm.timer", name: "resumption", deadline: next.context.timers.resumption }]);
  });

  it.each(all)("are continued by a live session, which asks for nothing that was asked for before: $name", ({ snapshot, tail, after }) => {
    const effects: SessionEffect[] = [];
    const actor = createActor(sessionMachine, { snapshot: restoreSnapshot(snapshot), input: undefined as never });
    actor.on("*", (effect) => effects.push(effect));
    actor.start();
    expect(effects).toEqual([]);
    for (const event of tail) actor.send(event);
    expect(plain(actor.getSnapshot())).toEqual(upgradeSnapshot(after));
  });
});

describe("Snapshots of version 1", () => {
  it("counted nothing, and keep the policy that they were made with", () => {
    for (const { snapshot, policy } of golden(1)) {
      expect(snapshot.context).not.toHaveProperty("resumptionMs");
      expect(upgradeSnapshot(snapshot).context).toMatchObject({ ...snapshot.context, management: "off", resumptionMs: 0, policy });
    }
  });

  it("are what this version comes to by the same events", () => {
    for (const { snapshot, events } of golden(1)) expect(plain(fold(begin().snapshot, events))).toEqual(upgradeSnapshot(snapshot));
  });
});

describe("A snapshot that cannot be continued", () => {
  const recorded = goldens()[0]!.snapshot;
  it("is of another machine", () => {
    expect(() => restoreSnapshot({ ...recorded, machine: "room" })).toThrow('snapshot.machine: expected "session", got "room"; read it with the release');
  });

  it("is of a later version", () => {
    const later = sessionMachineVersion + 1;
    expect(() => restoreSnapshot({ ...recorded, version: later })).toThrow(
      `snapshot.version: expected 1–${sessionMachineVersion} of machine session, got ${later}; start the release of refrain that recorded it, or a later one`,
    );
  });

  it.each([0, -1, 1.5, Number.NaN, "2", undefined])("has no version that there ever was: %s", (version) => {
    expect(() => restoreSnapshot({ ...recorded, version: version as number }))
      .toThrow(/^snapshot\.version: expected 1–\d+ of machine session, got .*; check the log$/);
  });
});
