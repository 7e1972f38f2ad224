/** What is told of a running server in numbers. */
import { commitBoundsMs, type Tally } from "../step/tally.ts";
import type { Metric, Sample } from "./exposition.ts";

/** What is looked at when somebody asks. */
export interface Figures {
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly tally: Tally;
  /** undefined while the store is being opened again. */
  readonly now: FiguresNow | undefined;
  readonly process: {
    readonly residentBytes: number;
    readonly heapBytes: number;
    readonly cpuSeconds: number;
    /** Of the time since the last look that the event loop was busy, 0 to 1. */
    readonly loopBusy: number;
  };
}

export interface FiguresNow {
  /** Sessions by the state of their machine. */
  readonly sessions: ReadonlyMap<string, number>;
  /** Stanzas that are kept until clients acknowledge them: in all, and the longest queue. */
  readonly queued: number;
  readonly queuedMost: number;
  readonly rooms: number;
  readonly occupants: number;
  /** Bytes of facts that are not on the disk yet. */
  readonly uncommittedBytes: number;
  readonly components: number;
  /** The domains of those that are not connected. */
  readonly componentsAway: readonly string[];
}

export function metricsOf({ version, startedAt, tally, now, process }: Figures): readonly Metric[] {
  return [
    gauge("refrain_info", "Which version runs.", [{ labels: { version }, value: 1 }]),
    gauge("refrain_start_time_seconds", "When the server began to serve, in seconds since 1970.", [{ value: startedAt / 1_000 }]),
    gauge("refrain_store_up", "1 while the store is open, 0 while it is being opened again after a failure.", [{ value: now === undefined ? 0 : 1 }]),
    counter("refrain_store_openings_total", "Times that the store was opened; each but the first followed a failure.", [{ value: tally.storeOpenings }]),
    gauge("refrain_sessions", "Sessions that live, by the state of their machine.", by(now?.sessions ?? new Map(), "state")),
    counter("refrain_sessions_begun_total", "Sessions that began with a connection.", [{ value: tally.begun }]),
    counter("refrain_resumptions_total", "Sessions that were resumed over another connection.", [{ value: tally.resumed }]),
    counter("refrain_resumptions_refused_total", "Resumptions that were refused, by condition.", by(tally.resumptionsRefused, "condition")),
    counter("refrain_logins_failed_total", "Logins that failed, by reason: not-authorized is a wrong name or password, invalid-mechanism and channel-binding are not.", by(tally.loginsFailed, "reason")),
    counter("refrain_stream_errors_total", "Streams that were closed with an error, limits included, by condition.", by(tally.streamErrors, "condition")),
    counter("refrain_refusals_total", "What was refused or closed, by the limit that did it.", by(new Map(Object.entries(tally.refusals)), "limit")),
    counter("refrain_stanzas_received_total", "Stanzas of connected clients, by kind.", by(new Map(Object.entries(tally.received)), "kind")),
    counter("refrain_stanzas_delivered_total", "Stanzas to connected clients, by kind.", by(new Map(Object.entries(tally.delivered)), "kind")),
    gauge("refrain_queued_stanzas", "Stanzas that are kept until clients acknowledge them.", [{ value: now?.queued ?? 0 }]),
    gauge("refrain_queued_stanzas_most", "The longest of those queues.", [{ value: now?.queuedMost ?? 0 }]),
    gauge("refrain_rooms", "Rooms in memory: all with an occupant, and some without.", [{ value: now?.rooms ?? 0 }]),
    gauge("refrain_room_occupants", "Sessions in rooms, counted once for each room.", [{ value: now?.occupants ?? 0 }]),
    gauge("refrain_components", "External components that are connected.", [{ value: now?.components ?? 0 }]),
    gauge("refrain_uncommitted_bytes", "Facts that are not on the disk yet, in bytes.", [{ value: now?.uncommittedBytes ?? 0 }]),
    counter("refrain_facts_total", "Facts that were committed.", [{ value: tally.facts }]),
    histogram("refrain_commit_seconds", "How long commits took.", commitBoundsMs, tally.commitsByMs, tally.commitMs / 1_000),
    gauge("process_resident_memory_bytes", "Resident memory.", [{ value: process.residentBytes }]),
    gauge("nodejs_heap_used_bytes", "Memory of JavaScript objects.", [{ value: process.heapBytes }]),
    counter("process_cpu_seconds_total", "CPU time, of all threads.", [{ value: process.cpuSeconds }]),
    gauge("nodejs_eventloop_utilization", "How much of the time since the last look the event loop was busy, from 0 to 1.", [{ value: process.loopBusy }]),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: "gauge", help, samples };
}

function counter(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: "counter", help, samples };
}

/** `counts`: of each bucket alone, the last one of what is above all bounds. */
function histogram(name: string, help: string, boundsMs: readonly number[], counts: readonly number[], sum: number): Metric {
  let total = 0;
  const buckets = counts.map((value, index) => {
    total += value;
    const bound = boundsMs[index];
    return { suffix: "_bucket", labels: { le: bound === undefined ? "+Inf" : String(bound / 1_000) }, value: total };
  });
  return { name, type: "histogram", help, samples: [...buckets, { suffix: "_sum", value: sum }, { suffix: "_count", value: total }] };
}

function by(counts: ReadonlyMap<string, number>, label: string): readonly Sample[] {
  return [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => ({ labels: { [label]: name }, value }));
}
