/** An operator's own extension: a file outside the source tree, named in the configuration of the server as it was built. */
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exampleFile, playMessageCount } from "../extension/message-count.ts";
import { newFolder, refrain, refrainLines } from "./refrain.ts";
import { serving, type Serving } from "./serving.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let cwd: string;
let server: Serving | undefined;
beforeEach(() => {
  cwd = newFolder();
});
afterEach(async () => {
  await server?.kill();
  server = undefined;
  rmSync(cwd, { recursive: true });
});

const anyPort = ["--port", "0", "--tls-port", "0", "--http-port", "0"];
const write = (name: string, text: string) => writeFileSync(join(cwd, name), text);

describe("The setting extensions", () => {
  it("adds the documented extension to a server, whose state survives a kill -9", async () => {
    mkdirSync(join(cwd, "etc"));
    copyFileSync(exampleFile, join(cwd, "etc/message-count.js"));
    write("etc/refrain.toml", 'dataDir = "../data"\nextensions = ["./message-count.js"]\n');
    expect(await refrain(["user", "add", "romeo@localhost", "--password", "secret"], { cwd })).toMatchObject({ status: 0 });
    const start = async () => (server = await serving(cwd, ["--config", "etc/refrain.toml"]));
    await playMessageCount(await start(), async () => {
      await server!.kill();
      return start();
    });
    expect(await server!.stop()).toBe(0);
  });

  it("is shown with where it comes from, relative to its file or to the working folder", async () => {
    write("refrain.toml", 'extensions = [\n  "./one.js",\n  "two/three.js",\n]\n');
    const [ofFile] = await refrainLines(["config --json"], { cwd });
    expect(JSON.parse(ofFile.stdout)).toMatchObject({
      config: { extensions: [join(cwd, "one.js"), join(cwd, "two/three.js")] },
      sources: { extensions: "file refrain.toml:1" },
    });
    const [ofEnvironment] = await refrainLines(["config --json"], { cwd, env: { REFRAIN_EXTENSIONS: "a.js, b.js" } });
    expect(JSON.parse(ofEnvironment.stdout)).toMatchObject({
      config: { extensions: [join(cwd, "a.js"), join(cwd, "b.js")] },
      sources: { extensions: "environment REFRAIN_EXTENSIONS" },
    });
  });

  it("keeps a server from starting with extensions that cannot be used: each is named, with what to do", async () => {
    write("syntax.mjs", "export default {\n  name: = 1,\n};\n");
    write("stray.mjs", 'import "no-such-package";\n');
    write("twin.mjs", 'import { defineExtension } from "refrain/extension";\nexport default defineExtension({ name: "ping", specification: { id: "TEST", title: "Twin" }, zebra: 1 });\n');
    write("ping.mjs", 'export default { name: "ping", specification: { id: "TEST", title: "Twin" } };\n');
    write("throws.mjs", 'const fine = 1;\nthrow new RangeError("not today");\n');
    write("refrain.toml", 'extensions = ["syntax.mjs", "stray.mjs", "twin.mjs", "ping.mjs", "none.mjs", "throws.mjs"]\n');
    const { status, stdout, stderr } = await refrain(["start", ...anyPort], { cwd, nodeArgs: ["--max-semi-space-size=64"] });
    expect([status, stdout]).toEqual([1, ""]);
    const file = (name: string) => `(file ${join(cwd, name)})`;
    expect(stderr.trimEnd().split("\n")).toEqual([
      `error: extensions[0]: cannot be loaded, SyntaxError: Unexpected token '=', at ${join(cwd, "syntax.mjs")}:2:9 ${file("syntax.mjs")}; mend it`,
      expect.stringMatching(/^error: extensions\[1\]: cannot be loaded, Error: Cannot find package 'no-such-package' .*; install what it imports/),
      `error: extensions[4]: no such file ${file("none.mjs")}; name a JavaScript file, relative to the configuration file`,
      `error: extensions[5]: cannot be loaded, RangeError: not today, at ${join(cwd, "throws.mjs")}:2:7 ${file("throws.mjs")}; mend it`,
      `error: extensions[2].zebra: an extension has no such member ${file("twin.mjs")}; remove it; the types of refrain/extension list what there is`,
      `error: extensions[3].name: two extensions have the name ping: this one and the server's own ping (XEP-0199) ${file("ping.mjs")}; change one of them`,
    ]);
  });

  it("names the line and the column of what cannot be loaded, and what to do with what is no JavaScript", async () => {
    const contract = 'import { defineExtension } from "refrain/extension";\n';
    const files: readonly (readonly [string, string, string])[] = [
      ["module.js", "export default {\n  name: = 1,\n};\n", "SyntaxError: Unexpected token '=', at FILE:2:9 (file FILE); mend it"],
      ["end.mjs", "export default {\n", "SyntaxError: Unexpected end of input, at FILE:2:1 (file FILE); mend it"],
      ["twice.mjs", "const a = 1;\nconst a = 2;\n", "SyntaxError: Identifier 'a' has already been declared, at FILE:2:7 (file FILE); mend it"],
      ["old.cjs", "const fine = 1;\nmodule.exports = { name: ] };\n", "SyntaxError: Unexpected token ']', at FILE:2:26 (file FILE); mend it"],
      ["part.mjs", `${contract}export const one = ;\n`, "SyntaxError: Unexpected token ';', at FILE:2:20 (file FILE); mend it"],
      ["whole.mjs", `${contract}import { one } from "./part.mjs";\nexport default one;\n`, `SyntaxError: Unexpected token ';', at ${join(cwd, "part.mjs")}:2:20 (file FILE); mend it`],
      ["export.mjs", 'const fine = 1;\nimport { nope } from "refrain/extension";\n', "SyntaxError: The requested module 'refrain/extension' does not provide an export named 'nope', at FILE:2:10 (file FILE); mend it"],
      ["lines.mjs", 'const fine = 1;\n  throw new RangeError("not today\\nand not tomorrow");\n', "RangeError: not today, at FILE:2:9 (file FILE); mend it"],
      ["deep.mjs", "const fail = () => JSON.parse('{');\nexport default fail();\n", ", at FILE:1:25 (file FILE); mend it"],
      ["text.mjs", "throw 'not\\ntoday';\n", "it throws not (file FILE); mend it"],
      ["notes.txt", "{}", "name a file of JavaScript: .js, .mjs or .cjs"],
    ];
    for (const [name, text] of files) write(name, text);
    write("refrain.toml", `extensions = ${JSON.stringify(files.map(([name]) => name))}\n`);
    const { status, stderr } = await refrain(["start", ...anyPort], { cwd, nodeArgs: ["--max-semi-space-size=64"] });
    expect(status).toBe(1);
    const lines = stderr.trimEnd().split("\n");
    expect(lines).toHaveLength(files.length);
    for (const [index, [name, , expected]] of files.entries()) {
      expect(lines[index]).toMatch(new RegExp(`^error: extensions\\[${index}\\]: cannot be loaded, `));
      expect(lines[index]).toContain(expected.replaceAll("FILE", join(cwd, name)));
    }
  });

  it("takes TypeScript where Node does, and says what to do where it does not", async () => {
    write("typed.ts", 'const name: string = "ping";\nexport default { name, specification: { id: "TEST", title: "Typed" } };\n');
    write("refrain.toml", 'extensions = ["typed.ts"]\n');
    const { status, stderr } = await refrain(["start", ...anyPort], { cwd, nodeArgs: ["--max-semi-space-size=64"] });
    expect(status).toBe(1);
    // Its name is taken: so it was read.
    const readsTypes = "typescript" in process.features && process.features.typescript !== false;
    expect(stderr).toMatch(readsTypes ? /^error: extensions\[0\]\.name: two extensions have the name ping/m : /^error: .*; this Node \(v\S+\) takes no TypeScript: .* Node 22\.18 or later$/m);
  });

  it.each([
    ['extensions = "my-extension.js"', 'extensions: expected a list of at most 100 JavaScript files, got "'],
    ["extensions = [5]", "extensions[0]: expected a JavaScript file, got 5 (file refrain.toml:1)"],
  ])("is a list of files: %s", async (text, expected) => {
    write("refrain.toml", `${text}\n`);
    const [outcome] = await refrainLines(["config"], { cwd });
    expect(outcome).toMatchObject({ status: 1, stderr: expect.stringContaining(`error: ${expected}`) });
  });
});

describe("A test that an operator writes", () => {
  it("runs wherever it stands, once refrain is installed beside it: as documented", async () => {
    for (const name of ["motto.js", "motto.test.js"]) copyFileSync(new URL(`../extension/examples/${name}`, import.meta.url), join(cwd, name));
    write("package.json", '{ "type": "module" }\n');
    // As `npm install FOLDER` does it.
    mkdirSync(join(cwd, "node_modules"));
    symlinkSync(root, join(cwd, "node_modules/refrain"));
    symlinkSync(join(root, "node_modules/@xmpp"), join(cwd, "node_modules/@xmpp"));
    const outcome = await new Promise<{ readonly code: number; readonly stdout: string }>((resolve) => {
      execFile(process.execPath, ["--test", "--test-reporter=tap", "motto.test.js"], { cwd }, (error, stdout) => resolve({ code: error === null ? 0 : 1, stdout }));
    });
    expect(outcome).toEqual({ code: 0, stdout: expect.stringMatching(/^ok 1 - a motto .*[^]*^# pass 1$/m) });
  });
});

describe("The types of refrain/extension", () => {
  it("take the documented extension, and tell its author of slips", async () => {
    // Within the package, where it is found by its own name.
    const scratch = fileURLToPath(new URL("../../dist/.types", import.meta.url));
    const text = readFileSync(exampleFile, "utf8");
    const slips: readonly (readonly [string, string])[] = [
      ["presenceChanged(", "presenceChange("], ["sessionState: count", 'sessionState: "count"'], ["String(count.of(session))", "count.of(session).texts"],
    ];
    const wrong = slips.map(([right, slip]) => text.replace(right, slip));
    mkdirSync(scratch, { recursive: true });
    try {
      const files = [text, ...wrong].map((content, index) => {
        writeFileSync(join(scratch, `${index}.js`), content);
        return join(scratch, `${index}.js`);
      });
      const errors = await typeErrors(files);
      expect(slips.map((_, index) => errors.some((error) => error.includes(`${index + 1}.js(`)))).toEqual(slips.map(() => true));
      expect(errors.filter((error) => error.includes("0.js("))).toEqual([]);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});

function typeErrors(files: readonly string[]): Promise<readonly string[]> {
  const compiler = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
  const options = ["--allowJs", "--checkJs", "--strict", "--noEmit", "--skipLibCheck", "--ignoreConfig", "--target", "es2023", "--module", "nodenext", "--types", "node"];
  return new Promise((resolve) => {
    execFile(process.execPath, [compiler, ...options, ...files], (_, stdout) => resolve(stdout.split("\n").filter((line) => line.includes("error TS"))));
  });
}
