/** The configuration of a server that runs, beside the one that would be read now. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newFolder, refrainLines } from "./refrain.ts";
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

describe("refrain config, where a server runs on the data folder", () => {
  it("shows what that has set otherwise, and nothing where it has the same or there is none", async () => {
    writeFileSync(join(cwd, "other.toml"), "[[hosts]]\ndomain = 'localhost'\n[[hosts]]\ndomain = 'b.example'\n[session]\nsilenceMs = 70000\n");
    const same = "--config other.toml --allow-plaintext --port 0 --tls-port 0 --http-port 0";
    server = await serving(cwd, ["--config", "other.toml"]);
    const [plain, asStarted, json] = await refrainLines(["config", `config ${same}`, "config --json --port 0 --tls-port 0 --http-port 0"], { cwd });
    expect(plain).toMatchObject({ status: 0, stderr: "" });
    const lines = plain.stdout.split("\n");
    expect(lines.slice(0, lines.indexOf(""))).toEqual([
      "# the server that runs on this data folder has been started with other settings, until it is started again:",
      expect.stringMatching(/^# {3}hosts: \[\{"domain":"localhost".*\{"domain":"b\.example".*\]$/),
      "#   listen.c2s.port: 0", "#   listen.c2sTls.port: 0", "#   listen.http.port: 0", "#   listen.allowPlaintext: true", "#   session.silenceMs: 70000",
    ]);
    expect(asStarted.stdout).toMatch(/^# configuration file .*other\.toml\n/);
    expect(JSON.parse(json.stdout)).toMatchObject({ file: null, running: { "listen.allowPlaintext": true, "session.silenceMs": 70_000, hosts: [{}, { domain: "b.example" }] } });
    expect(Object.keys((JSON.parse(json.stdout) as { readonly running: object }).running)).toHaveLength(3);
    await server.stop();
    const [after, none] = await refrainLines(["config", "config --json"], { cwd });
    expect([after.stdout.split("\n")[0], (JSON.parse(none.stdout) as { readonly running: unknown }).running]).toEqual(["# no configuration file", null]);
  });
});
