/** An operator's own extension: a file outside the source tree, named in the configuration of the server as it was built. */
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exampleFile, playMessageCount } from "../extension/message-count.ts";
import { newFolder, refrain, refrainLines } from "./refrain.ts";
import { serving, type Serving } from "./serving.ts";

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
    const { status, stdout, stderr } = await refrain(["start", "--port", "0", "--tls-port", "0", "--http-port", "0"], { cwd, nodeArgs: ["--max-semi-space-size=64"] });
    expect([status, stdout]).toEqual([1, ""]);
    const file = (name: string) => `(file ${join(cwd, name)})`;
    expect(stderr.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^error: extensions\[0\]: cannot be loaded, SyntaxError: Unexpected token '=' \(file \S+\); `node --check` shows where/),
      expect.stringMatching(/^error: extensions\[1\]: cannot be loaded, Error: Cannot find package 'no-such-package' .*; install what it imports/),
      `error: extensions[4]: no such file ${file("none.mjs")}; name a JavaScript file, relative to the configuration file`,
      `error: extensions[5]: cannot be loaded, RangeError: not today, in line 2 ${file("throws.mjs")}; mend it`,
      `error: extensions[2].zebra: an extension has no such member ${file("twin.mjs")}; remove it; the types of refrain/extension list what there is`,
      `error: extensions[3].name: two extensions have the name ping: this one and the server's own ping (XEP-0199) ${file("ping.mjs")}; change one of them`,
    ]);
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
