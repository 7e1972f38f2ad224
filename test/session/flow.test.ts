import { beforeEach, describe, expect, it } from "vitest";
import { outboxBytesHardMax, outboxBytesSoftMax, outboxStallMs } from "../../src/domain/limits.ts";
import type { Clock } from "../../src/ports.ts";
import { Flow } from "../../src/session/flow.ts";
import type { Link } from "../../src/xml/link.ts";

/** A peer of whom the test says what it takes, and a clock that goes when the test says so. */
let happened: string[];
let buffered: number;
let now: number;
let timers: { readonly deadline: number; readonly task: () => void }[];
let flow: Flow;

beforeEach(() => {
  happened = [];
  buffered = 0;
  now = 1_000;
  timers = [];
  const link: Pick<Link, "pause" | "resume" | "write" | "destroy" | "bufferedBytes"> = {
    pause: () => void happened.push("pause"),
    resume: () => void happened.push("resume"),
    write: (texts) => void (buffered += texts.join("").length),
    destroy: () => void happened.push("destroy"),
    get bufferedBytes() {
      return buffered;
    },
  };
  const clock: Pick<Clock, "now" | "at"> = {
    now: () => now,
    at: (deadline, task) => {
      const timer = { deadline, task };
      timers.push(timer);
      return { cancel: () => void (timers = timers.filter((other) => other !== timer)) };
    },
  };
  flow = new Flow(link as Link, clock as Clock, (bytes) => void happened.push(`stuck with ${bytes}`));
});

const wait = (ms: number): void => {
  now += ms;
  for (const { deadline, task } of timers.filter(({ deadline }) => deadline <= now)) {
    timers = timers.filter((timer) => timer.deadline !== deadline);
    task();
  }
};

describe("Holding input", () => {
  it("lasts for as long as anybody has a reason, and each reason counts once", () => {
    flow.hold("asking");
    flow.hold("routing");
    flow.hold("routing");
    flow.release("asking");
    flow.release("asking");
    expect([happened, flow.held]).toEqual([["pause"], true]);
    flow.release("routing");
    flow.release("routing");
    expect([happened, flow.held]).toEqual([["pause", "resume"], false]);
  });
});

describe("A client that does not take what it is sent", () => {
  it("is read from as long as no more than the soft bound waits for it", () => {
    flow.write(["x".repeat(outboxBytesSoftMax)]);
    expect([happened, timers.length]).toEqual([[], 0]);
  });

  it("is not read from above that, until it has taken everything", () => {
    flow.write(["x".repeat(outboxBytesSoftMax + 1)]);
    flow.write(["x"]);
    expect(happened).toEqual(["pause"]);
    buffered = 0;
    flow.drained();
    expect([happened, timers.length]).toEqual([["pause", "resume"], 0]);
    wait(outboxStallMs);
    expect(happened).toEqual(["pause", "resume"]);
  });

  it("is dropped when it goes on like that, the time counted from its beginning", () => {
    flow.write(["x".repeat(outboxBytesSoftMax + 1)]);
    wait(outboxStallMs - 1);
    flow.write(["x"]);
    expect(happened).toEqual(["pause"]);
    wait(1);
    expect(happened).toEqual(["pause", `stuck with ${outboxBytesSoftMax + 2}`, "destroy"]);
  });

  it("is dropped at once above the hard bound", () => {
    flow.write(["x".repeat(outboxBytesHardMax + 1)]);
    expect(happened).toEqual([`stuck with ${outboxBytesHardMax + 1}`, "destroy"]);
  });

  it("has no timer once it is gone", () => {
    flow.write(["x".repeat(outboxBytesSoftMax + 1)]);
    flow.stop();
    expect(timers).toEqual([]);
  });

  it("stays unread after it has taken everything, if there is another reason", () => {
    flow.hold("pressure");
    flow.write(["x".repeat(outboxBytesSoftMax + 1)]);
    flow.drained();
    expect(happened).toEqual(["pause"]);
    flow.release("pressure");
    expect(happened).toEqual(["pause", "resume"]);
  });
});
