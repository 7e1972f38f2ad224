/** External components in the configuration (XEP-0114). */
import { describe, expect, it } from "vitest";
import { checkConfig } from "../../src/config/check.ts";
import { configSchema } from "../../src/config/schema.ts";

const secret = "between us";

function problems(components: readonly object[], more: object = {}): readonly string[] {
  const values = { ...structuredClone(configSchema.parse({ hosts: [{ domain: "example.org" }] })), components, ...more };
  const checked = checkConfig(values, () => undefined);
  return checked.ok ? [] : checked.problems.map(({ path, message }) => `${path}: ${message}`);
}

describe("components", () => {
  it("have domains of their own, prepared, and secrets", () => {
    expect(problems([{ domain: "irc.example.org", secret }, { domain: "push.example.com", secret }])).toEqual([]);
    expect(problems([{ domain: "irc.example.org" }])).toEqual(["components[0].secret: expected the secret that the component knows, too, got nothing"]);
    expect(problems([{ domain: "a b", secret: "" }])).toEqual([
      'components[0].domain: expected a domain name such as gateway.example.org, got "a b"', 'components[0].secret: expected the secret that the component knows, too, got ""',
    ]);
  });

  it("are no host, no domain of rooms, and not there twice", () => {
    expect(problems([{ domain: "Example.org", secret }, { domain: "muc.example.org", secret }, { domain: "irc.example.org", secret }, { domain: "IRC.example.org", secret }])).toEqual([
      "components[0].domain: example.org is also hosts[0]", "components[1].domain: muc.example.org is also the domain of the rooms of example.org (rooms.subdomain)",
      "components[3].domain: irc.example.org is also components[2]",
    ]);
    const rooms = { ...configSchema.parse({}).rooms, enabled: false };
    expect(problems([{ domain: "muc.example.org", secret }], { rooms })).toEqual([]);
  });

  it("have a listener of their own, whose port counts where there are some", () => {
    const listen = { ...configSchema.parse({}).listen, components: { address: "127.0.0.1", port: 5222 } };
    expect(problems([], { listen })).toEqual([]);
    expect(problems([{ domain: "irc.example.org", secret }], { listen })).toEqual(["listen.components.port: 5222 is also listen.c2s.port"]);
  });
});
