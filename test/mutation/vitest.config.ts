import { relative } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** A mutant needs one test that fails: first those that killed the one before it, then those that cost little. */
class CheapFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((a, b) => this.#cost(a) - this.#cost(b));
  }

  #cost({ project, moduleId }: TestSpecification): number {
    const last = this.ctx.cache.getFileTestResults(`${project.name}:${relative(this.ctx.config.root, moduleId)}`);
    return last === undefined || last.failed ? 0 : last.duration;
  }
}

/** The tests that judge mutants of `machines/` and `src/domain/`: those that need no server. */
export default defineConfig({
  test: {
    include: ["test/{domain,machines}/**/*.test.ts"],
    setupFiles: ["test/mutation/setup.ts"],
    sequence: { sequencer: CheapFirst },
    testTimeout: 20_000,
  },
});
