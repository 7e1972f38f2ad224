import { defineConfig } from "vitest/config";

/** Rooms whose tests change nothing of their process: their files share one, which spares most of the loading. */
const shared = [
  "admin", "config", "conversations", "diagrams", "domain", "history", "machines", "management", "page", "presence", "races", "roster", "router",
  "session", "stanzas", "step", "streams", "subscriptions",
  "testing/model", "testing/print", "testing/virtual", "witness", "xep", "xml",
].map((room) => `test/${room}/**/*.test.ts`);

export default defineConfig({
  test: {
    // By itself vitest leaves one core to others; on two cores that is half of them.
    maxWorkers: "100%",
    testTimeout: 20_000,
    hookTimeout: 30_000,
    projects: [
      { extends: true, test: { name: "shared", include: shared, isolate: false } },
      { extends: true, test: { name: "alone", include: ["test/**/*.test.ts"], exclude: shared } },
    ],
  },
});
