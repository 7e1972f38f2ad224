import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that replace parts of Node, or count or watch what their process has: each has a process to itself. So have those with a
 * browser: Playwright keeps an AsyncLocalStorage, after which promises of the whole process are slower and look different when printed.
 */
const alone = [
  "auth/unknown-user", "cli/check", "cli/log-destination", "inspector/browser/*", "inspector/stately-relay", "interop/browsers/*", "log/store", "net/listener", "net/live",
  "simulation/**/*", "testing/start-server",
].map((file) => `test/${file}.test.ts`);

/** What takes longest, or waits for other processes, longest first. */
const long = [
  "simulation/crash/crash", "inspector/browser", "inspector/stately-relay", "log/store", "simulation", "cli/running", "cli", "interop/aioxmpp", "interop", "inspector", "log", "faults",
  "testing", "tidy", "server", "streams",
];

/**
 * What every Node answers alike: what has no sockets, files or processes, and what browsers do. Once it ran on one, `REFRAIN_TEST_NODE=other`
 * leaves it out on the next.
 */
const alikeOnEveryNode = ["inspector/browser", "interop/browsers", "machines", "page", "simulation/world", "testing/examples", "testing/model", "tidy", "witness"].map((folder) => `test/${folder}/**`);
const left = process.env["REFRAIN_TEST_NODE"] === "other" ? alikeOnEveryNode : [];

/** Long files first, so that at the end no worker has one of them left while others have nothing. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((a, b) => a.project.name.localeCompare(b.project.name) || rank(a) - rank(b));
  }
}

function rank({ moduleId }: TestSpecification): number {
  const index = long.findIndex((path) => moduleId.includes(`/test/${path}`));
  return index === -1 ? long.length : index;
}

export default defineConfig({
  test: {
    // More than there are cores: many files wait for a browser, for the command line or for a client.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // What hangs ends; how long anything may take is no test's matter, and a busy machine is several times slower.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    sequence: { sequencer: LongFirst },
    // Where Node can (22 and later), what one process has compiled is there for the next one: the command line is started hundreds of times.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL("node_modules/.cache/compile", import.meta.url)) },
    projects: [
      { extends: true, test: { name: "alone", include: alone, exclude: left } },
      // The files of a worker share its process, which spares most of the loading.
      { extends: true, test: { name: "shared", include: ["test/**/*.test.ts"], exclude: [...alone, ...left], isolate: false } },
    ],
  },
});
