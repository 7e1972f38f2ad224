import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Mutation testing of the rooms that decide: `npm run mutate`, or a part of it with `npm run mutate -- --mutate src/domain/jid.ts`.
 * What is evaluated while a file is loaded is covered by no test that Stryker knows of, so it takes a survivor there for known even
 * where tests were added: `npm run mutate -- --force` asks all again.
 */
export default {
  packageManager: "npm",
  plugins: ["@stryker-mutator/vitest-runner"],
  testRunner: "vitest",
  vitest: { configFile: "test/mutation/vitest.config.ts", related: true },
  mutate: ["machines/**/*.ts", "src/domain/**/*.ts", "!src/domain/precis-tables.ts"],
  coverageAnalysis: "perTest",
  concurrency: 1,
  timeoutMS: 10_000,
  // Stryker would rewrite the paths in tsconfig.json by the JavaScript interface of TypeScript, which TypeScript 7 has not. They need no rewriting.
  tsconfigFile: "none.json",
  disableTypeChecks: false,
  ignorePatterns: ["/dist", "/.ci", "/.git"],
  // Elsewhere than below node_modules, where vitest would find no test that belongs to a file.
  tempDirName: join(tmpdir(), "refrain-mutate"),
  incremental: true,
  incrementalFile: "node_modules/.cache/stryker/incremental.json",
  reporters: ["progress", "clear-text", "json", "html"],
  htmlReporter: { fileName: "node_modules/.cache/stryker/report.html" },
  jsonReporter: { fileName: "node_modules/.cache/stryker/report.json" },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  thresholds: { high: 98, low: 95, break: null },
};
