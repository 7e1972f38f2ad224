/** Tokens in place of passwords, over real sockets: given out, used, replaced, taken back. */
import { createHash, randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { devicesPerAccountMax } from "../../src/domain/limits.ts";
import { liveClock } from "../../src/live.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { authenticate, fast, hashedToken, logIn, logInPlain, namesIn, openStream, responderOf, sasl2, userAgent, type OpenOptions } from "../support/inline-login.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";

const day = 86_400_000;
let ahead = 0;
let server: TestServer;
interface LogLine {
  readonly username?: string;
  readonly why?: string;
}
const lines: LogLine[] = [];
const clients: BoundClient[] = [];
beforeAll(async () => {
  const logger = pino({ level: "info" }, { write: (line: string) => void lines.push(JSON.parse(line) as LogLine) });
  server = await startServer({ logger, session: { tokenLifetimeMs: 10 * day }, parts: { clock: { ...liveClock, now: () => liveClock.now() + ahead } } });
});
afterEach(() => {
  for (const { raw } of clients.splice(0)) raw.destroy();
});
afterAll(() => server.stop());

async function stream(options?: OpenOptions): Promise<BoundClient> {
  const client = await openStream(server, options);
  clients.push(client);
  return client;
}

let users = 0;
async function user(): Promise<string> {
  const name = `user${++users}`;
  await server.addUser(name, "secret");
  return name;
}

const requestToken = (mechanism = "HT-SHA-256-NONE"): string => `<request-token xmlns='${fast}' mechanism='${mechanism}'/>`;
const fastElement = (attributes = ""): string => `<fast xmlns='${fast}' ${attributes}/>`;
const tokenOf = (success: Xml): string | undefined => childOf(success, "token")?.attrs["token"];

interface Device {
  readonly name: string;
  readonly id: string;
  readonly token: string;
}

/** A device that has logged in with the password and has a token. */
async function device(name: string, mechanism?: string, id: string = randomUUID()): Promise<Device> {
  const success = await logIn(await stream(), logInPlain(name, userAgent(id, "Test 1.0", "a lute") + requestToken(mechanism)));
  return { name, id, token: tokenOf(success)! };
}

interface Wish {
  readonly mechanism?: string;
  readonly attributes?: string;
  readonly children?: string;
  readonly binding?: (client: BoundClient) => Uint8Array;
}

/** What comes of a login with a token: the answer, and its condition where it failed. */
async function again({ name, id, token }: Device, { mechanism = "HT-SHA-256-NONE", attributes, children = "", binding }: Wish = {}): Promise<{ readonly answer: Xml; readonly condition: string }> {
  const client = await stream({ from: `${name}@localhost` });
  const answer = await logIn(client, authenticate(mechanism, hashedToken(name, token, binding?.(client)), userAgent(id) + fastElement(attributes) + children));
  return { answer, condition: answer.name === "success" ? "success" : namesIn(answer)[0]!.split(" ")[0]! };
}

describe("XEP-0484 section 3.1 the feature", () => {
  it("lists the mechanisms that this connection can do, those that bind first", async () => {
    const { raw } = await stream();
    const [, list] = /<fast xmlns="urn:xmpp:fast:0">(.*?)<\/fast>/.exec(raw.received)!;
    expect([...list!.matchAll(/<mechanism>([^<]+)/g)].map(([, name]) => name)).toEqual(["HT-SHA-256-EXPR", "HT-SHA-256-ENDP", "HT-SHA-256-NONE"]);
    // They are no mechanisms of SASL beside the others: with a password they cannot be used.
    expect(raw.received.replace(/<fast.*?<\/fast>/, "")).not.toContain("HT-SHA");
  });

  it("is not there where the operator wants no tokens, and none is given", async () => {
    const other = await startServer({ session: { tokenLifetimeMs: 0 } });
    await other.addUser("romeo", "secret");
    const client = await openStream(other);
    expect(client.raw.received).not.toContain(fast);
    expect(tokenOf(await logIn(client, logInPlain("romeo", userAgent(randomUUID()) + requestToken())))).toBeUndefined();
    client.raw.destroy();
    await other.stop();
  });
});

describe("XEP-0484 sections 3.2 and 3.3 a token", () => {
  it("is given with the success, with its end in the form of XEP-0082", async () => {
    const name = await user();
    const success = await logIn(await stream(), logInPlain(name, userAgent(randomUUID()) + requestToken()));
    const { token, expiry } = childOf(success, "token")!.attrs;
    expect(token!.length).toBeGreaterThan(64);
    expect(expiry).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Date.parse(expiry!) - Date.now()).toBeGreaterThan(9.9 * day);
  });

  it.each([
    ["for no device", requestToken()],
    ["for a device whose id is no UUID of version 4", userAgent("6ba7b810-9dad-11d1-80b4-00c04fd430c8") + requestToken()],
    ["for a mechanism that is not there", userAgent(randomUUID()) + requestToken("HT-SHA-256-UNIQ")],
    ["without a request", userAgent(randomUUID())],
  ])("is not given %s", async (_, children) => {
    expect(tokenOf(await logIn(await stream(), logInPlain(await user(), children)))).toBeUndefined();
  });

  it("is not given with a failure", async () => {
    const name = await user();
    const failure = await logIn(await stream(), authenticate("PLAIN", "AHg=", userAgent(randomUUID()) + requestToken()));
    expect(failure.name).toBe("failure");
    expect(await server.server.admin.userDevices(`${name}@localhost`)).toEqual([]);
  });
});

describe("XEP-0484 section 3.4 a login with it", () => {
  it("succeeds at once, with the server's own proof", async () => {
    const known = await device(await user());
    const { answer } = await again(known);
    expect(namesIn(answer)).toEqual([`additional-data ${sasl2}`, `authorization-identifier ${sasl2}`]);
    expect(textOf(childOf(answer, "additional-data"))).toBe(responderOf(known.token));
  });

  it("takes one round trip from its first byte to a bound resource, over direct TLS", async () => {
    const known = await device(await user());
    const client = await stream({ from: `${known.name}@localhost` });
    const text = authenticate("HT-SHA-256-NONE", hashedToken(known.name, known.token), `${userAgent(known.id)}${fastElement()}<bind xmlns='urn:xmpp:bind:0'><tag>t</tag></bind>`);
    expect((await logIn(client, text)).name).toBe("success");
    expect(client.jid).toMatch(/\/t\/[^/]+$/);
  });

  it("binds to the channel: with the exporter", async () => {
    const known = await device(await user(), "HT-SHA-256-EXPR");
    const wish = { mechanism: "HT-SHA-256-EXPR", binding: (client: BoundClient) => client.raw.secure!.tlsExporter };
    expect((await again(known, wish)).condition).toBe("success");
    expect((await again(known, { mechanism: "HT-SHA-256-EXPR" })).condition).toBe("credentials-expired");
  });

  it("binds to the channel: with the certificate", async () => {
    const known = await device(await user(), "HT-SHA-256-ENDP");
    const binding = (client: BoundClient): Uint8Array => createHash("sha256").update(client.raw.secure!.peerCertificate).digest();
    expect((await again(known, { mechanism: "HT-SHA-256-ENDP", binding })).condition).toBe("success");
  });

  it("goes by no other mechanism than the one that the token was asked for", async () => {
    const known = await device(await user(), "HT-SHA-256-EXPR");
    expect((await again(known)).condition).toBe("credentials-expired");
  });

  it("goes on no other device, and fails alike for who does not exist", async () => {
    const known = await device(await user());
    expect((await again({ ...known, id: randomUUID() })).condition).toBe("credentials-expired");
    expect((await again({ ...known, name: "nobody" })).condition).toBe("credentials-expired");
    expect((await again({ ...known, name: await user() })).condition).toBe("credentials-expired");
    expect((await again({ ...known, token: `${known.token}x` })).condition).toBe("credentials-expired");
    expect((await again(known)).condition).toBe("success");
  });

  it("that fails is explained to the operator alone, as far as can be known", async () => {
    const known = await device(await user());
    const name = known.name;
    const bound = await device(name, "HT-SHA-256-EXPR");
    const wrong: readonly Device[] = [{ ...known, id: randomUUID() }, { ...known, token: `${known.token}x` }, bound];
    const told = await Promise.all(wrong.map(async (each) => (await again(each)).answer));
    for (const { id } of await server.server.admin.userDevices(`${name}@localhost`)) await server.server.admin.userRevoke(`${name}@localhost`, id);
    told.push((await again(known)).answer);
    expect(new Set(told.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(lines.filter(({ username }) => username === name).map(({ why }) => why).toSorted()).toEqual([
      "no device has the user-agent id that the client gave: its token was taken back, or the client gave another id than the token was made for",
      "no device of this account has a token: they were taken back, or are over",
      "the device has another token: this one was replaced, or was used on another connection than it is bound to",
      "the device has no token for HT-SHA-256-NONE: it is over, or was made for another mechanism",
    ]);
  });

  it("needs <fast/>, and a mechanism that takes tokens", async () => {
    const known = await device(await user());
    const client = await stream();
    expect(namesIn(await logIn(client, authenticate("HT-SHA-256-NONE", hashedToken(known.name, known.token), userAgent(known.id))))[0]).toMatch(/^invalid-mechanism /);
    expect(namesIn(await logIn(client, logInPlain(known.name, userAgent(known.id) + fastElement())))[0]).toMatch(/^invalid-mechanism /);
  });

  it("is refused with a count that was used, and that is no number", async () => {
    const known = await device(await user());
    expect((await again(known, { attributes: "count='5'" })).condition).toBe("success");
    expect((await again(known, { attributes: "count='5'" })).condition).toBe("credentials-expired");
    expect((await again(known, { attributes: "count='4'" })).condition).toBe("credentials-expired");
    expect((await again(known, { attributes: "count='many'" })).condition).toBe("malformed-request");
    expect((await again(known, { attributes: "count='6'" })).condition).toBe("success");
  });

  it("lets one of many in that come with the same count at the same time", async () => {
    const known = await device(await user());
    const all = await Promise.all(Array.from({ length: 8 }, () => again(known, { attributes: "count='1'" })));
    expect(all.filter(({ condition }) => condition === "success")).toHaveLength(1);
  });

  it.each(["", "AAAA", Buffer.from("\0hash").toString("base64"), Buffer.from("name").toString("base64")])("is refused for %j", async (message) => {
    const client = await stream();
    expect(namesIn(await logIn(client, authenticate("HT-SHA-256-NONE", message, userAgent(randomUUID()) + fastElement())))[0]).toMatch(/^malformed-request /);
  });
});

describe("XEP-0484 section 3.5 replacing it", () => {
  it("gives another once it is a day old, and takes the former until that is used", async () => {
    const known = await device(await user());
    expect(tokenOf((await again(known)).answer)).toBeUndefined();
    ahead += 1.5 * day;
    const token = tokenOf((await again(known)).answer)!;
    expect(token).not.toBe(known.token);
    const next = tokenOf((await again(known)).answer)!;
    // What was not used is over, once another was given.
    expect((await again({ ...known, token })).condition).toBe("credentials-expired");
    expect((await again({ ...known, token: next })).condition).toBe("success");
    expect((await again(known)).condition).toBe("credentials-expired");
    expect((await again({ ...known, token: next })).condition).toBe("success");
  });

  it("gives one for another mechanism to who asks for it", async () => {
    const known = await device(await user());
    const token = tokenOf((await again(known, { children: requestToken("HT-SHA-256-EXPR") })).answer)!;
    expect((await again({ ...known, token }, { mechanism: "HT-SHA-256-EXPR", binding: (client) => client.raw.secure!.tlsExporter })).condition).toBe("success");
  });

  it("is too late when it is over (section 4.2)", async () => {
    const known = await device(await user());
    ahead += 10 * day + 1;
    expect((await again(known)).condition).toBe("credentials-expired");
    expect((await again({ ...known, token: (await device(known.name, undefined, known.id)).token })).condition).toBe("success");
  });
});

describe("XEP-0484 section 3.6 taking it back", () => {
  it.each(["true", "1"])("is what the client asks for: invalidate='%s'", async (value) => {
    const known = await device(await user());
    ahead += 2 * day;
    const waiting = tokenOf((await again(known)).answer)!;
    const { answer, condition } = await again(known, { attributes: `invalidate='${value}'` });
    expect([condition, tokenOf(answer)]).toEqual(["success", undefined]);
    for (const token of [known.token, waiting]) expect((await again({ ...known, token })).condition).toBe("credentials-expired");
  });

  it("gives another to who asks for it in the same login", async () => {
    const known = await device(await user());
    const token = tokenOf((await again(known, { attributes: "invalidate='1'", children: requestToken() })).answer)!;
    expect((await again(known)).condition).toBe("credentials-expired");
    expect((await again({ ...known, token })).condition).toBe("success");
  });

  it("follows from another password, on all devices", async () => {
    const name = await user();
    const devices = [await device(name), await device(name)];
    await server.server.admin.userPasswd(`${name}@localhost`, "secret2");
    for (const known of devices) expect((await again(known)).condition).toBe("credentials-expired");
  });

  it("follows from disabling the account, also when it is enabled again", async () => {
    const known = await device(await user());
    await server.server.admin.userDisable(`${known.name}@localhost`);
    expect((await again(known)).condition).toBe("credentials-expired");
    await server.server.admin.userEnable(`${known.name}@localhost`);
    expect((await again(known)).condition).toBe("credentials-expired");
  });

  it("follows from the end of the account: a new one of the same name has none", async () => {
    const known = await device(await user());
    await server.server.admin.userDelete(`${known.name}@localhost`);
    await server.addUser(known.name, "secret");
    expect((await again(known)).condition).toBe("credentials-expired");
    expect(await server.server.admin.userDevices(`${known.name}@localhost`)).toEqual([]);
  });

  it("is what the operator does to one device, whose session ends", async () => {
    const name = await user();
    const [lute, other] = [await device(name), await device(name)];
    const client = await stream();
    await logIn(client, authenticate("HT-SHA-256-NONE", hashedToken(name, lute.token), `${userAgent(lute.id)}${fastElement()}<bind xmlns='urn:xmpp:bind:0'/>`));
    const session = (await server.server.admin.userDevices(`${name}@localhost`)).find(({ online }) => online)!;
    expect(session).toMatchObject({ software: "Test 1.0", label: "a lute" });
    await server.server.admin.userRevoke(`${name}@localhost`, session.id);
    expect(namesIn(await client.next())[0]).toMatch(/^not-authorized /);
    expect((await again(lute)).condition).toBe("credentials-expired");
    expect((await again(other)).condition).toBe("success");
    await expect(server.server.admin.userRevoke(`${name}@localhost`, session.id)).rejects.toThrow(/no such device/);
  });
});

describe("What is kept of tokens", () => {
  it("is neither a token nor the id of a device, nor in the log, nor in what is exported", async () => {
    const known = await device(await user());
    await again(known);
    const kept = JSON.stringify(await server.store.secret(`account/localhost/${known.name}`, "DeviceTokensChanged"));
    expect(kept).toContain("sealed");
    const key = createHash("sha256").update(known.token).digest();
    const facts = JSON.stringify(await server.store.read(`account/localhost/${known.name}`, 0, 100));
    const all = JSON.stringify(await server.store.readAll(0, 100_000));
    const exported = (await server.server.admin.accountExport(`${known.name}@localhost`)).map(({ text }) => text).join("");
    for (const secret of [known.token, known.id, key.toString("base64"), key.toString("hex")]) {
      for (const text of [kept, facts, all, exported]) expect(text).not.toContain(secret);
    }
    expect(facts).toContain('"why":"login"');
    expect(all).not.toContain(JSON.parse(kept)[Object.keys(JSON.parse(kept))[0]!].current.sealed);
    expect(exported).not.toContain("sealed");
  });

  it("is good after the server was started again", async () => {
    const known = await device(await user());
    await server.restart();
    expect((await again(known)).condition).toBe("success");
  });

  it("is of so many devices, those that were seen last", async () => {
    const name = await user();
    const first = await device(name);
    for (let others = 0; others < devicesPerAccountMax; others += 1) {
      ahead += 1;
      await device(name);
    }
    expect(await server.server.admin.userDevices(`${name}@localhost`)).toHaveLength(devicesPerAccountMax);
    expect((await again(first)).condition).toBe("credentials-expired");
  });
});
