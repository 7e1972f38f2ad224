/** The text that Prometheus reads: https://prometheus.io/docs/instrumenting/exposition_formats/ (version 0.0.4). */
import { describe, expect, it } from "vitest";
import { exposition } from "../../src/metrics/exposition.ts";
import { metricsOf } from "../../src/metrics/measures.ts";
import { Tally } from "../../src/step/tally.ts";

describe("the text format of metrics", () => {
  it("says help and type once, then each sample on a line of its own", () => {
    const samples = [{ value: 1 }, { labels: { kind: "message", of: "x" }, value: 2.5 }];
    expect(exposition([{ name: "a_total", type: "counter", help: "What it is.", samples }])).toBe(
      '# HELP a_total What it is.\n# TYPE a_total counter\na_total 1\na_total{kind="message",of="x"} 2.5\n',
    );
  });

  it("escapes what would end a label or a line", () => {
    expect(exposition([{ name: "a", type: "gauge", help: "a\\b\nc", samples: [{ labels: { x: 'a"b\\c\nd' }, value: Number.POSITIVE_INFINITY }] }])).toBe(
      '# HELP a a\\\\b\\nc\n# TYPE a gauge\na{x="a\\"b\\\\c\\nd"} +Inf\n',
    );
  });
});

describe("the server's metrics", () => {
  const tally = new Tally();
  tally.committed(3, 4);
  tally.committed(1, 9_000);
  const metrics = metricsOf({
    version: "1.2.3",
    startedAt: 2_000,
    tally,
    now: undefined,
    process: { residentBytes: 1, heapBytes: 2, cpuSeconds: 3, loopBusy: 0.5 },
  });

  it("have names and types that Prometheus takes, each once, with help", () => {
    for (const { name, type, help } of metrics) {
      expect(name).toMatch(/^(?:refrain|process|nodejs)_[a-z_]+$/);
      expect(name.endsWith("_total"), name).toBe(type === "counter");
      expect(help, name).toMatch(/^[A-Z0-9].*\.$/);
    }
    expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length);
  });

  it("count commits in buckets that hold those before them", () => {
    const commits = metrics.find(({ name }) => name === "refrain_commit_seconds")?.samples ?? [];
    const at = (le: string): number | undefined => commits.find(({ labels }) => labels?.["le"] === le)?.value;
    expect([at("0.002"), at("0.005"), at("5"), at("+Inf")]).toEqual([0, 1, 1, 2]);
    expect(commits.slice(-2)).toEqual([{ suffix: "_sum", value: 9.004 }, { suffix: "_count", value: 2 }]);
  });

  it("say that the store is away while there is no epoch", () => {
    expect(metrics.find(({ name }) => name === "refrain_store_up")?.samples).toEqual([{ value: 0 }]);
  });
});
