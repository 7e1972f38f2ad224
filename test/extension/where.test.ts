/** Where an error is, as Node tells it or not; test/cli/extensions.test.ts has what Node itself throws. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whereIn } from "../../src/extension/where.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "refrain-where-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

function thrown(error: Error, stack: string): Error {
  error.stack = stack;
  return error;
}

describe("Where an error is in the file of an extension", () => {
  it("is what Node marks in front of it", () => {
    const file = join(folder, "any.mjs");
    for (const name of [file, pathToFileURL(file).href]) {
      const error = thrown(new SyntaxError("no"), `${name}:3\nconst x = ;\n          ^\n\nSyntaxError: no\n    at compile (node:internal/x:1:2)`);
      expect(whereIn(error, file)).toBe(`${file}:3:11`);
    }
  });

  it("is the innermost call in that file, else in another", () => {
    const [file, other] = [join(folder, "a file.mjs"), join(folder, "other.mjs")];
    const at = (...places: string[]) => thrown(new Error("no"), `Error: no\n    at parse (<anonymous>)\n${places.join("\n")}\n    at node:internal/x:1:2`);
    const [inFile, inOther] = [`    at ${pathToFileURL(file).href}:1:25`, `    at async help (${pathToFileURL(other).href}:7:3)`];
    expect(whereIn(at(inOther, inFile, inFile.replace("25", "26")), file)).toBe(`${file}:1:25`);
    expect(whereIn(at(inOther), file)).toBe(`${other}:7:3`);
    expect(whereIn(at(), file)).toBeUndefined();
  });

  it("is found by reading where Node says nothing of it: in the file, or in one that it imports", () => {
    const silent = (message: string) => thrown(new SyntaxError(message), `SyntaxError: ${message}\n    at compileSourceTextModule (node:internal/x:1:2)`);
    const part = write("part.mjs", 'import "./whole.mjs";\nimport "./none.mjs";\nexport const one = ;\n');
    const whole = write("whole.mjs", 'import { two } from "refrain/extension";\nimport { one } from "./part.mjs";\nexport default one;\n');
    expect(whereIn(silent("Unexpected token ';'"), part)).toBe(`${part}:3:20`);
    expect(whereIn(silent("Unexpected token ';'"), whole)).toBe(`${part}:3:20`);
    expect(whereIn(silent("Unexpected end of input"), whole)).toBeUndefined();
    const end = write("end.js", "export default {\n");
    expect(whereIn(silent("Unexpected end of input"), end)).toBe(`${end}:2:1`);
  });
});
