import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConfigError } from "../../src/config/errors.ts";
import { type ConfigFlags, type Environment, loadConfig } from "../../src/config/load.ts";

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "refrain-config-"));
});

afterEach(() => {
  rmSync(cwd, { recursive: true });
});

function load(flags: ConfigFlags = {}, env: Environment = {}) {
  return loadConfig({ flags, env, cwd });
}

function write(text: string, name = "refrain.toml"): void {
  writeFileSync(join(cwd, name), text);
}

function portOf(flags: ConfigFlags, env: Environment): number {
  return load(flags, env).config.listen.c2s.port;
}

function faultOf(flags: ConfigFlags, env: Environment = {}): ConfigError | undefined {
  try {
    load(flags, env);
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

function problems(flags: ConfigFlags = {}, env: Environment = {}): readonly string[] {
  return faultOf(flags, env)?.message.split("\n") ?? [];
}

describe("configuration without any choice", () => {
  it("is the documented defaults", () => {
    const { config, sources, file, warnings } = load();
    expect(config).toEqual({
      dataDir: join(cwd, "data"),
      hosts: [{ domain: "localhost" }],
      extensions: [],
      listen: { address: "127.0.0.1", c2s: { port: 5222 }, c2sTls: { port: 5223 }, http: { enabled: true, address: "127.0.0.1", port: 5280, tls: false, trustedProxies: [], proxyHeader: "x-forwarded-for", origins: [] }, components: { address: "127.0.0.1", port: 5347 }, allowPlaintext: false },
      durability: "full",
      session: {
        conflict: "replace",
        resourcesPerAccountMax: 10,
        negotiationTimeoutMs: 30_000,
        closeTimeoutMs: 5_000,
        resumptionMs: 600_000,
        tokenLifetimeMs: 1_814_400_000,
        silenceMs: 300_000,
        silenceAnswerMs: 60_000,
      },
      limits: {
        stanzaBytes: 262_144,
        connections: 50_000,
        connectionsPerAddress: 100,
        connectionsPerMinute: 300,
        loginFailuresPerAddress: 100,
        loginFailuresPerAccount: 10,
        bytesPerSecond: 1_048_576,
        stanzasPerSecond: 1_000,
        offlineMessages: 1_000,
        queueStanzas: 5_000,
        queueBytes: 6_291_456,
        scramIterations: 4_096,
      },
      archive: { days: 0, messages: 1_000_000 },
      admins: [],
      contact: { abuse: [], admin: [], feedback: [], sales: [], security: [], status: [], support: [] },
      externalServices: [],
      components: [],
      rooms: { enabled: true, subdomain: "muc", creation: "everybody", perUser: 100, occupants: 2_000 },
      push: { disclose: "count", services: [] },
      clientState: { holdPresence: true, holdChatStates: true, holdEvents: true },
      websocket: { enabled: true },
      bosh: { enabled: true },
      inspector: { enabled: true, bodies: false, remote: false, chat: true },
      registration: { enabled: false, perAddress: 5, perHour: 100, passwords: true, invitations: "admins", invitationDays: 7, invitationsPerUser: 10, removal: true },
      upload: {
        enabled: true, maxFileBytes: 52_428_800, quotaBytes: 1_073_741_824, quotaFiles: 10_000, keepDays: 30, slotsPerMinute: 30, freeBytesMin: 268_435_456,
      },
      metrics: { enabled: true },
      history: { compactMs: 3_600_000, keepMs: 604_800_000 },
      log: { level: "info", format: "auto" },
    });
    expect(new Set(sources.values())).toEqual(new Set(["default"]));
    expect({ file, warnings }).toEqual({ file: undefined, warnings: [] });
  });
});

describe("configuration precedence: default, file, environment, flag", () => {
  it("takes each value from the strongest that gives it, and remembers which", () => {
    write('[listen]\nc2s.port = 1\nc2sTls.port = 2\n[listen.http]\nport = 3\n[log]\nlevel = "warn" # why\n');
    const env = { REFRAIN_LISTEN_C2S_TLS_PORT: "20", REFRAIN_LISTEN_HTTP_PORT: "30", REFRAIN_LISTEN_ADDRESS: "" };
    const { config, sources } = load({ httpPort: "300" }, env);
    expect(config.listen).toMatchObject({ address: "127.0.0.1", c2s: { port: 1 }, c2sTls: { port: 20 }, http: { port: 300 } });
    expect(sources.get("listen.c2s.port")).toBe("file refrain.toml:2");
    expect(sources.get("listen.c2sTls.port")).toBe("environment REFRAIN_LISTEN_C2S_TLS_PORT");
    expect(sources.get("listen.http.port")).toBe("flag --http-port");
    expect(sources.get("listen.address")).toBe("default");
    expect(sources.get("log.level")).toBe("file refrain.toml:7");
  });

  it("takes a flag without a value for true", () => {
    const { config, sources } = load({ inspectBodies: true });
    expect([config.inspector.bodies, sources.get("inspector.bodies")]).toEqual([true, "flag --inspect-bodies"]);
  });

  it("reads every kind of value from the environment", () => {
    const { config } = load({}, { REFRAIN_LISTEN_ALLOW_PLAINTEXT: "true", REFRAIN_SESSION_SILENCE_MS: "60_000", REFRAIN_HOSTS: "a.example, b.example" });
    expect(config.listen.allowPlaintext).toBe(true);
    expect(config.session.silenceMs).toBe(60_000);
    expect(config.hosts).toEqual([{ domain: "a.example" }, { domain: "b.example" }]);
  });

  it("prepares the JIDs of push services, and takes none of them for a path", () => {
    write('[push]\nservices = ["Push.Example.org", "App@Example.org/Server"]\n');
    expect(load().config.push.services).toEqual(["push.example.org", "app@example.org/Server"]);
    const { config, sources } = load({}, { REFRAIN_PUSH_SERVICES: "push.example.org, app@example.org" });
    expect([config.push.services, sources.get("push.services")]).toEqual([["push.example.org", "app@example.org"], "environment REFRAIN_PUSH_SERVICES"]);
    expect(problems({}, { REFRAIN_PUSH_SERVICES: "push.example.org,@" })).toEqual([
      'push.services[1]: expected a JID such as app@example.org/push, app@example.org or push.example.org, got "@" (environment REFRAIN_PUSH_SERVICES)',
    ]);
  });

  it("prepares domains, and keeps the certificate of a host that a flag names again", () => {
    write('[[hosts]]\ndomain = "a.example"\ncertificate = "tls/a.pem"\nkey = "/k.pem"\n[[hosts]]\ndomain = "b.example"\n');
    const { config, sources } = load({ domain: ["A.Example", "Bücher.example"] });
    expect(config.hosts).toEqual([
      { domain: "a.example", certificate: join(cwd, "tls/a.pem"), key: "/k.pem" },
      { domain: "bücher.example" },
    ]);
    expect(sources.get("hosts")).toBe("flag --domain");
  });
});

describe("which configuration file is read", () => {
  it("prefers --config, then REFRAIN_CONFIG, then the data folder's, then the working folder's", () => {
    mkdirSync(join(cwd, "d"));
    for (const [index, name] of ["flag.toml", "env.toml", "d/refrain.toml", "refrain.toml"].entries()) {
      write(`[listen]\nc2s.port = ${index + 1}\n`, name);
    }
    expect(portOf({ config: "flag.toml", data: "d" }, { REFRAIN_CONFIG: "env.toml" })).toBe(1);
    expect(portOf({ data: "d" }, { REFRAIN_CONFIG: "env.toml" })).toBe(2);
    expect(portOf({ data: "d" }, {})).toBe(3);
    expect(portOf({}, { REFRAIN_DATA_DIR: "d" })).toBe(3);
    expect(portOf({}, {})).toBe(4);
  });

  it("resolves paths in a file against the file, others against the working folder", () => {
    mkdirSync(join(cwd, "etc"));
    write('dataDir = "state"\n', "etc/r.toml");
    expect(load({ config: "etc/r.toml" }).config.dataDir).toBe(join(cwd, "etc/state"));
    expect(load({ config: "etc/r.toml", data: "state" }).config.dataDir).toBe(join(cwd, "state"));
  });
});

describe("configuration errors name the thing, the value and the fix", () => {
  it("tells all at once, with the source of each", () => {
    write('durability = "some"\n[session]\nsilenceMs = 1.5\nconflict = true\n');
    expect(problems({ port: "70000" }, { REFRAIN_LISTEN_C2S_TLS_PORT: "x" })).toEqual([
      'listen.c2s.port: expected 1–65535 (0 picks a free one), got 70000 (flag --port)',
      'listen.c2sTls.port: expected 1–65535 (0 picks a free one), got "x" (environment REFRAIN_LISTEN_C2S_TLS_PORT)',
      'durability: expected one of full, process, none, got "some" (file refrain.toml:1)',
      "session.conflict: expected one of replace, reject-new, rename, got true (file refrain.toml:4)",
      "session.silenceMs: expected 100–86400000 ms, got 1.5 (file refrain.toml:3)",
    ]);
  });

  it("counts as usage only if the command line alone is to blame", () => {
    expect(faultOf({ port: "-1" })?.isUsage).toBe(true);
    write("durability = 3");
    expect(faultOf({ port: "-1" })?.isUsage).toBe(false);
  });

  it.each([
    ["durabilty = 1", "durabilty: no such setting (file refrain.toml:1); did you mean durability?"],
    ["[session]\nsilence_ms = 1", "session.silence_ms: no such setting (file refrain.toml:2); did you mean session.silenceMs?"],
    ["[listen.c2sTl]\nport = 1", "listen.c2sTl: no such setting (file refrain.toml:1); did you mean listen.c2sTls?"],
    ["port = 1", "port: no such setting (file refrain.toml:1); did you mean listen.c2s.port?"],
    ["zebra = 1", "zebra: no such setting (file refrain.toml:1); remove it; `refrain config` lists the settings"],
    ["__proto__ = 1", "__proto__: no such setting (file refrain.toml:1); remove it; `refrain config` lists the settings"],
  ])("names the nearest known key: %j", (text, expected) => {
    write(text);
    expect(problems()).toEqual([expected]);
  });

  it.each([
    ["listen = 5", "listen: expected a table, got 5 (file refrain.toml:1)"],
    ["hosts = []", "hosts: expected at least one table [[hosts]] with a domain, got [] (file refrain.toml:1)"],
    ['[[hosts]]\ndomain = "-x-"', 'hosts[0].domain: expected a domain name such as example.org, got "-x-" (file refrain.toml:2)'],
    ['[[hosts]]\nkey = "k"\ncertificate = "c"', "hosts[0].domain: expected a domain name such as example.org, got nothing (file refrain.toml:1)"],
    ['[archive]\ndays = "7"', 'archive.days: expected 0–36525 days, got "7" (file refrain.toml:2); write it without quotes'],
    ['[rooms]\nenabled = "false"', 'rooms.enabled: expected true or false, got "false" (file refrain.toml:2); write it without quotes'],
    ['[archive]\ndays = "week"', 'archive.days: expected 0–36525 days, got "week" (file refrain.toml:2)'],
    ["dataDir = 1979-05-27", 'dataDir: expected a folder, got "1979-05-27" (file refrain.toml:1)'],
  ])("refuses values of another form: %j", (text, expected) => {
    write(text);
    expect(problems()).toEqual([expected]);
  });

  it("names line and column of what is not TOML", () => {
    write("[log]\nlevel = = 3\n");
    expect(problems()).toEqual(["refrain.toml:2:9: not TOML, invalid value: level = = 3; see https://toml.io for the grammar"]);
  });

  it("names a file that is not there or not text", () => {
    expect(problems({ config: "no.toml" })).toEqual(["no.toml: no such file; name the configuration file with --config or REFRAIN_CONFIG"]);
    writeFileSync(join(cwd, "bin.toml"), Buffer.from([0x61, 0xff]));
    expect(problems({ config: "bin.toml" })).toEqual(["bin.toml: not UTF-8 text; save it as UTF-8"]);
  });

  it("warns of unknown variables without refusing them", () => {
    const { warnings } = load({}, { REFRAIN_LISTEN_C2S_PROT: "1", REFRAIN_SERVICE_HOST: "10.0.0.1", REFRAIN_DEBUG: "1" });
    expect(warnings).toEqual([
      "environment REFRAIN_LISTEN_C2S_PROT: no such setting, ignored; did you mean REFRAIN_LISTEN_C2S_PORT?",
      "environment REFRAIN_SERVICE_HOST: no such setting, ignored",
    ]);
  });
});

describe("settings that must agree", () => {
  it("wants both or none of certificate and key, and each domain once", () => {
    write('[[hosts]]\ndomain = "a.example"\nkey = "k"\n[[hosts]]\ndomain = "A.example"\n');
    expect(problems()).toEqual([
      "hosts[0].certificate: expected a file because key is set, got nothing (file refrain.toml:3); give both, or neither for a certificate that is signed by itself",
      "hosts[1].domain: a.example is listed twice (file refrain.toml:5); remove one",
    ]);
  });

  it("wants a port of its own for each listener, save for 0", () => {
    expect(problems({ port: "0", tlsPort: "0", httpPort: "0" })).toEqual([]);
    expect(problems({ port: "5000", httpPort: "5000" })).toEqual([
      "listen.http.port: 5000 is also listen.c2s.port (flag --http-port); give each its own port",
    ]);
  });

  it("lets an HTTP listener that is off have any port", () => {
    expect(problems({ port: "5000", httpPort: "5000" }, { REFRAIN_LISTEN_HTTP_ENABLED: "false" })).toEqual([]);
  });

  it("allows the inspector elsewhere only under TLS", () => {
    const remote = { REFRAIN_INSPECTOR_REMOTE: "true" };
    expect(problems({}, { ...remote, REFRAIN_LISTEN_HTTP_TLS: "true" })).toEqual([]);
    expect(problems({}, remote)).toEqual([
      "inspector.remote: expected false because listen.http.tls is false, got true (environment REFRAIN_INSPECTOR_REMOTE); " +
        "set listen.http.tls to true: what sessions say would go over the network in the clear",
    ]);
    // Nobody asked for it there, so it is off, and that is no fault.
    expect(problems({}, { REFRAIN_LISTEN_HTTP_ADDRESS: "0.0.0.0" })).toEqual([]);
  });

  it("allows plaintext on loopback alone", () => {
    for (const host of ["127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1", "localhost", "LOCALHOST"]) {
      expect(problems({ allowPlaintext: true, host })).toEqual([]);
    }
    for (const host of ["0.0.0.0", "::", "192.0.2.1", "127.0.0.1.example.org", "example.org"]) {
      expect(problems({ allowPlaintext: true, host })).toEqual([
        `listen.allowPlaintext: expected false because listen.address is ${host}, which is not loopback, got true (flag --allow-plaintext); listen on 127.0.0.1, or leave TLS obligatory`,
      ]);
    }
  });
});
