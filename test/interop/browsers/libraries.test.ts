/** Libraries that web clients are made with, in Chromium: two people sign in, become contacts, talk, meet in a room, and lose the network. */
import { fileURLToPath } from "node:url";
import { build, type Rolldown } from "vite";
import { describe, expect, it } from "vitest";
import { chromiumMissing } from "../../support/chromium.ts";
import { browsersSetting, password, type Person, type Way } from "./setting.ts";
import type { Files } from "./site.ts";

if (chromiumMissing !== undefined) console.warn(`SKIPPED: test/interop/browsers/libraries: ${chromiumMissing}`);

const libraries = {
  "strophe.js": async () => new URL("strophe.umd.min.js", import.meta.resolve("strophe.js")),
  stanza: () => bundle("stanza"),
} as const;

/** The smallest app on it. */
const appOn = (library: keyof typeof libraries): Files => (path) => {
  if (path === "/") return page;
  return path === "/library.js" ? libraries[library]() : new URL(path === "/app.js" ? "app.js" : `${library.split(".")[0]}-app.js`, import.meta.url);
};

describe.skipIf(chromiumMissing !== undefined).each(Object.keys(libraries) as (keyof typeof libraries)[])("%s in Chromium", (library) => {
  const setting = browsersSetting(["romeo", "juliet", "tybalt", "nurse"], appOn(library), chromiumMissing !== undefined);

  describe.each([{ way: "WebSocket", names: ["romeo", "juliet"] }, { way: "BOSH", names: ["tybalt", "nurse"] }] as const)("over $way", ({ way, names }) => {
    const [his, hers] = [`${names[0]}@localhost`, `${names[1]}@localhost`];

    it("signs in, becomes a contact, chats, and meets others in a room", async () => {
      const [him, her] = await Promise.all([signIn(setting.person(), his, way), signIn(setting.person(), hers, way)]);
      await ask(him, "befriend", hers);
      await expect.poll(() => seen(him, hers)).toBe("there");
      await expect.poll(() => seen(her, his)).toBe("there");

      await ask(him, "say", hers, "soft, what <light>?");
      await expect.poll(() => heard(her)).toEqual([`${his}: soft, what <light>?`]);
      await ask(her, "say", his, "ay me & 🌹");
      await expect.poll(() => heard(him)).toEqual([`${hers}: ay me & 🌹`]);

      const room = `${way.toLowerCase()}-${library.replace(".", "-")}@muc.localhost`;
      await ask(him, "enter", room, "Him");
      await expect.poll(() => seen(him, `${room}/Him`)).toBe("there");
      await ask(him, "openRoom", room);
      await ask(her, "enter", room, "Her");
      await expect.poll(() => seen(him, `${room}/Her`)).toBe("there");
      await expect.poll(() => seen(her, `${room}/Her`)).toBe("there");
      await ask(her, "sayIn", room, "who is here?");
      await expect.poll(() => heard(him)).toContain(`${room}/Her: who is here?`);
      await ask(him, "sayIn", room, "I am");
      await expect.poll(() => heard(her)).toContain(`${room}/Him: I am`);
      const sessions = (await setting.server.sessions()).filter(({ conn }) => conn !== null);
      expect(sessions.map(({ conn }) => conn?.transport)).toEqual(Array(2).fill(way.toLowerCase()));
      await Promise.all([him.picture(`${library} ${way} him`), her.picture(`${library} ${way} her`)]);
    });

    it("loses the network, and is back in its session: nothing is lost, nothing comes twice, and nobody saw it go", async () => {
      const [him, her] = await Promise.all([signIn(setting.person(), his, way), signIn(setting.person(), hers, way)]);
      await expect.poll(() => seen(him, hers)).toBe("there");
      const id = await sessionOf(hers);
      await ask(him, "say", hers, "before");
      await expect.poll(() => heard(her)).toEqual([`${his}: before`]);

      await her.withoutNetwork(async () => {
        for (const text of ["one", "two", "three"]) await ask(him, "say", hers, text);
        await ask(her, "say", his, "can you hear me?");
        if (way === "WebSocket") await expect.poll(() => state(her)).toBe("offline");
      }, async () => {
        await expect.poll(() => heard(her), { timeout: 25_000 }).toHaveLength(4);
        await expect.poll(() => heard(him), { timeout: 25_000 }).toHaveLength(1);
      });
      await ask(him, "say", hers, "after");
      const all = ["before", "one", "two", "three", "after"].map((text) => `${his}: ${text}`);
      // stanza hands on answers in the order in which they come, not in that of its requests as XEP-0124 section 14.2 has it: that what was lost comes again is all that can be seen.
      const inOrder = (texts: readonly string[]) => (library === "stanza" && way === "BOSH" ? texts.toSorted() : texts);
      await expect.poll(async () => inOrder(await heard(her))).toEqual(inOrder(all));
      expect(await heard(him)).toEqual([`${hers}: can you hear me?`]);
      expect([await seen(him, hers), await sessionOf(hers)]).toEqual(["there", id]);
      expect(await her.page.evaluate("app.resumptions")).toBe(way === "WebSocket" ? 1 : 0);
      await her.picture(`${library} ${way} resumed`);
    }, 40_000);
  });

  async function sessionOf(jid: string): Promise<readonly string[]> {
    return (await setting.server.sessions()).filter(({ full_jid }) => full_jid?.startsWith(`${jid}/`)).map(({ id }) => id);
  }
});

describe.skipIf(chromiumMissing !== undefined)("RFC 7395 section 6 and XEP-0206 section 8: strophe.js in Chromium under TLS", () => {
  const setting = browsersSetting(["romeo", "juliet"], appOn("strophe.js"), chromiumMissing !== undefined, { tls: true });

  it.each([{ way: "WebSocket", scheme: "wss" }, { way: "BOSH", scheme: "https" }] as const)("signs in by $scheme, and chats", async ({ way, scheme }) => {
    const [him, her] = await Promise.all([signIn(setting.person(), "romeo@localhost", way), signIn(setting.person(), "juliet@localhost", way)]);
    expect(him.service(way)).toMatch(new RegExp(`^${scheme}://`));
    await ask(him, "say", "juliet@localhost", "soft, what <light>?");
    await expect.poll(() => heard(her)).toEqual(["romeo@localhost: soft, what <light>?"]);
    await ask(her, "say", "romeo@localhost", "ay me & 🌹");
    await expect.poll(() => heard(him)).toEqual(["juliet@localhost: ay me & 🌹"]);
    const conns = (await setting.server.sessions()).flatMap(({ conn }) => (conn === null ? [] : [conn]));
    const one = [way.toLowerCase(), "TLSv1.3"];
    expect(conns.map(({ transport, secure }) => [transport, secure])).toEqual([one, one]);
  });
});

const page = `<!doctype html><html lang="en"><title>app</title><link rel="icon" href="data:,"><body>
<script src="/library.js"></script><script src="/app.js"></script><script src="/own.js"></script></body></html>`;

async function signIn(coming: Promise<Person>, jid: string, way: Way): Promise<Person> {
  const person = await coming;
  await ask(person, "signIn", person.service(way), jid, password);
  await expect.poll(() => state(person), { timeout: 5_000 }).toBe("online");
  return person;
}

const ask = (person: Person, name: string, ...args: readonly string[]): Promise<unknown> => person.page.evaluate(`Promise.resolve(app.${name}(${args.map((text) => JSON.stringify(text)).join(", ")})).then(() => {})`);
const state = (person: Person): Promise<unknown> => person.page.evaluate("app.state");
const heard = (person: Person): Promise<readonly string[]> => person.page.evaluate("app.heard");
const seen = (person: Person, who: string): Promise<unknown> => person.page.evaluate(`app.presence[${JSON.stringify(who)}]`);

const bundles = new Map<string, Promise<string>>();

/** For libraries that are published for bundlers alone. */
function bundle(name: string): Promise<string> {
  const made = bundles.get(name) ?? bundled(name);
  bundles.set(name, made);
  return made;
}

async function bundled(name: string): Promise<string> {
  const path = (specifier: string) => fileURLToPath(import.meta.resolve(specifier));
  const [result] = (await build({
    configFile: false,
    logLevel: "error",
    publicDir: false,
    // Browsers have no module of Node's.
    resolve: { alias: { events: path("events/events.js") } },
    build: { write: false, minify: false, lib: { entry: path(name), formats: ["iife"], name, fileName: name } },
  })) as Rolldown.RolldownOutput[];
  return result!.output[0].code;
}
