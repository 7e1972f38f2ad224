/** What the tests of the session's views share: recordings of what the machine was told, and rows by hand. */
import { stateName } from "../../../machines/state-name.ts";
import type { TimelineRow } from "../../../src/page/model/contract.ts";
import { LiveRecording } from "../../../src/page/model/recording.ts";
import type { WalkStep } from "../../machines/walks.ts";
import { begin, startAt, tell, type Telling, type Told } from "../../machines/telling.ts";
import { begunOf, sessionId } from "../model/support.ts";

/** Each told a second after the one before, in a step of its own; entry 0 is the begin. */
export function recordingOf(...tellings: readonly Telling[]): LiveRecording {
  const start = begin();
  const steps: WalkStep[] = [];
  let before = start.snapshot;
  for (const [index, telling] of tellings.entries()) {
    const event = { ...telling, at: startAt + 1_000 * (index + 1) } as WalkStep["event"];
    const told = tell(before, event);
    steps.push({ ...told, before, event });
    before = told.snapshot;
  }
  return recordingOfWalk({ start, steps });
}

export function recordingOfWalk({ start, steps }: { readonly start: Told; readonly steps: readonly WalkStep[] }): LiveRecording {
  const recording = new LiveRecording(sessionId);
  recording.begin(begunOf(start.snapshot, startAt));
  steps.forEach(({ event, snapshot }, index) => {
    recording.take({ session: sessionId, at: event.at, kind: "told", step: `step-${index}`, event, state: stateName(snapshot.value), transitions: [] });
  });
  return recording;
}

export function row(index: number, group: TimelineRow["group"], parts: Partial<TimelineRow> = {}): TimelineRow {
  const xml = `<${group} id="n${index}"/>`;
  const entry = { index, at: index, step: `s${index}`, position: null, what: { kind: "wire", direction: "in", xml, chars: xml.length } } as const;
  return { key: `row-${index}`, entries: [entry], at: index, durationMs: null, group, from: "client", title: `${group} ${index}`, mark: null, state: null, ...parts };
}
