/** Secrets of the operator are marked in the schema, and shown to nobody who does not ask for them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configJson, configToml } from "../../src/cli/config.ts";
import { fields } from "../../src/config/fields.ts";
import { loadConfig, type LoadedConfig } from "../../src/config/load.ts";
import { secretPaths, withholdAt } from "../../src/config/secrets.ts";

let folder: string;
let loaded: LoadedConfig;
const file = `
[metrics]
token = "a-token-of-the-operator"
[[externalServices]]
type = "turn"
host = "turn.example"
secret = "known-to-coturn"
[[externalServices]]
type = "stun"
host = "stun.example"
`;
const load = (name: string): LoadedConfig => loadConfig({ flags: { config: join(folder, name) }, env: {}, cwd: folder });
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "refrain-secrets-"));
  writeFileSync(join(folder, "refrain.toml"), file);
  loaded = load("refrain.toml");
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("Settings that are secrets", () => {
  it("are marked: whatever is called a secret, a token or a password", () => {
    const named = fields.filter(({ path }) => /(secret|token|password)$/i.test(path)).map(({ path }) => path);
    expect(named).toEqual(expect.arrayContaining(["metrics.token", "externalServices[].secret", "components[].secret"]));
    expect(named.filter((path) => !fields.some((field) => field.path === path && field.secret))).toEqual([]);
  });

  it("are found where they are set, and withheld wherever they stand", () => {
    expect(secretPaths(loaded.config)).toEqual(expect.arrayContaining(["externalServices[0].secret", "metrics.token"]));
    expect(secretPaths(loaded.config)).toHaveLength(2);
    expect(withholdAt("externalServices", loaded.config.externalServices)).toMatchObject([{ host: "turn.example", secret: "(withheld)" }, { host: "stun.example" }]);
    expect(withholdAt("metrics.token", undefined)).toBeUndefined();
  });
});

describe("refrain config", () => {
  it.each(["a-token-of-the-operator", "known-to-coturn"])("does not show %s unless it is asked to", (secret) => {
    expect(configToml(loaded, { sources: true, secrets: false })).not.toContain(secret);
    expect(configJson(loaded, undefined, false)).not.toContain(secret);
    expect(configToml(loaded, { sources: true, secrets: true })).toContain(secret);
    expect(configJson(loaded, undefined, true)).toContain(secret);
  });

  it("says that there is one, and where it comes from", () => {
    expect(configToml(loaded, { sources: true, secrets: false })).toMatch(/^# token = "\(withheld\)" +# file refrain\.toml:3; --secrets shows it$/m);
  });

  it("prints lists of tables as a configuration file has them, after all else", () => {
    writeFileSync(join(folder, "printed.toml"), configToml(loaded, { sources: true, secrets: true }));
    expect(load("printed.toml").config).toEqual(loaded.config);
  });
});
