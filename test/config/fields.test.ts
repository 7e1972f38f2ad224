import { describe, expect, it } from "vitest";
import { checkConfig } from "../../src/config/check.ts";
import { environmentName, fieldAt, fields } from "../../src/config/fields.ts";
import { nearest } from "../../src/config/nearest.ts";
import { configSchema } from "../../src/config/schema.ts";

describe("the list of settings", () => {
  it("says of each what it means and what it may be", () => {
    for (const field of fields) {
      expect(field.description, field.path).toMatch(/\.$/);
      expect(field.expected, field.path).not.toBe("text");
      if (field.kind === "integer") expect(Number(field.min) <= Number(field.default) && Number(field.default) <= Number(field.max), field.path).toBe(true);
    }
  });

  it("gives each a default, save for those that may be absent", () => {
    const without = fields.filter((field) => field.default === undefined).map((field) => field.path);
    expect(without).toEqual(["hosts[].domain", "hosts[].certificate", "hosts[].key", "listen.http.publicUrl", "listen.http.trustedProxies[]", "listen.http.origins[]", "extensions[]", "session.resumptionLocation", "admins[]", "contact.abuse[]", "contact.admin[]", "contact.feedback[]", "contact.sales[]", "contact.security[]", "contact.status[]", "contact.support[]", "externalServices[].type", "externalServices[].host", "externalServices[].secret", "components[].domain", "components[].secret", "push.services[]", "metrics.token"]);
  });

  it("shows one that may be absent with a value that is accepted, save for a secret, which nobody is to have from here", () => {
    const absent = fields.filter(({ default: preset, path }) => preset === undefined && path !== "hosts[].domain" && (!path.includes("[]") || path.startsWith("hosts[].")));
    const values = structuredClone(configSchema.parse({ hosts: [{ domain: "localhost" }] })) as unknown as Record<string, Record<string, unknown>>;
    for (const { path, placeholder } of absent) {
      const keys = path.replace("hosts[]", "hosts.0").split(".");
      const at = keys.slice(0, -1).reduce<Record<string, unknown>>((table, key) => table[key] as Record<string, unknown>, values);
      at[keys.at(-1)!] = placeholder;
    }
    const checked = checkConfig(values, () => undefined);
    expect(checked.ok ? [] : checked.problems.map(({ path }) => path)).toEqual(["metrics.token"]);
    expect(absent.map(({ path, placeholder }) => [path, placeholder])).toEqual([
      ["hosts[].certificate", "FILE"], ["hosts[].key", "FILE"], ["listen.http.publicUrl", "https://xmpp.example.org"], ["session.resumptionLocation", "xmpp.example.org:5222"],
      ["metrics.token", "TOKEN"],
    ]);
  });

  it("names environment variables after the path, each once", () => {
    expect(environmentName("listen.c2sTls.port")).toBe("REFRAIN_LISTEN_C2S_TLS_PORT");
    const names = fields.flatMap((field) => field.env ?? []);
    expect(new Set(names).size).toBe(names.length);
  });

  it("finds the setting of a numbered item", () => {
    expect(fieldAt("hosts[12].domain")?.path).toBe("hosts[].domain");
    expect(fieldAt("hosts[1].nothing")).toBeUndefined();
  });
});

describe("the nearest name", () => {
  it("is the one with the fewest slips, if they are few", () => {
    expect(nearest("prot", ["port", "path", "protocol"])).toBe("port");
    expect(nearest("log_level", ["level", "logLevel"])).toBe("logLevel");
    expect(nearest("xyz", ["port", "key"])).toBeUndefined();
  });
});
