import { describe, expect, it } from "vitest";
import { environmentName, fieldAt, fields } from "../../src/config/fields.ts";
import { nearest } from "../../src/config/nearest.ts";

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
    expect(without).toEqual(["hosts[].domain", "hosts[].certificate", "hosts[].key", "extensions[]", "session.resumptionLocation", "admins[]", "push.services[]", "upload.baseUrl", "metrics.token"]);
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
