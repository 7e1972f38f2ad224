/** What extensions keep of a session, and what they are told, when it goes on over another link or in another process. */
import { afterEach, describe, expect, it } from "vitest";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import type { Json } from "../../src/ports.ts";
import type { Extension } from "../../src/router/extension.ts";
import { sessionState } from "../../src/router/session-state.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { el } from "../../src/xml/stanza.ts";
import { childOf, textOf } from "../support/xml-reader.ts";
import { mortalStore } from "./mortal-store.ts";
import { gone, ManagedStage, type ManagedClient } from "./support.ts";

const xmlns = "urn:example:notes";

/** Keeps a text for each session, on request; and lists which sessions were resumed, with what it kept of them then. */
function notes(resumed: string[] = []): Extension {
  const state = sessionState<Json>({ initial: null, read: (recorded) => recorded });
  return {
    name: "notes",
    sessionState: state,
    specification: { id: "TEST", title: "What is kept of a session" },
    iq: [
      {
        xmlns, name: "note", types: ["get", "set"], at: ["account"],
        handle: ({ step, iq, payload, session }) => {
          if (iq.type === "set") state.set(step, session, { text: payload.getText() });
          return { result: el("note", { xmlns }, noteOf(session.extensions["notes"])) };
        },
      },
    ],
    sessionResumed: ({ session }) => void resumed.push(`${session.jid.full} ${noteOf(session.extensions["notes"])}`),
  };
}

const noteOf = (value: unknown): string => (value as { readonly text?: string } | undefined)?.text ?? "none";

const set = (text: string) => `<iq type='set' id='set'><note xmlns='${xmlns}'>${text}</note></iq>`;
const note = async (client: ManagedClient): Promise<string> => {
  const answers = await client.ask(`<iq type='get' id='get'><note xmlns='${xmlns}'/></iq>`);
  return textOf(childOf(answers.find(({ attrs }) => attrs["id"] === "get"), "note"));
};

const servers: TestServer[] = [];
const stages: ManagedStage[] = [];
afterEach(async () => {
  for (const stage of stages.splice(0)) stage.clear();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function start(extension: Extension, store = createMemoryStore(projections)): Promise<ManagedStage> {
  const server = await startServer({ allowPlaintext: true, extensions: [extension], parts: { store } });
  const stage = new ManagedStage(server);
  stages.push(stage);
  return stage;
}

describe("What an extension keeps of a session", () => {
  it("is there after a resumption, and in no other session", async () => {
    const stage = await start(notes());
    servers.push(stage.server);
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo);
    const other = await stage.resumable(romeo, "other");
    await client.ask(set("forty thousand brothers"));
    await client.vanish(stage.server);
    await client.resume();
    expect([await note(client), await note(other)]).toEqual(["forty thousand brothers", "none"]);
  });

  it("is there after a crash, whether it was set before or after the last snapshot", async () => {
    const inner = createMemoryStore(projections);
    let mortal = mortalStore(inner);
    let stage = await start(notes(), mortal.store);
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo);
    for (const text of ["first", "second", "third"]) {
      await client.ask(set(text));
      if (text === "second") {
        await client.vanish(stage.server);
        await client.resume();
      }
      mortal.die();
      client.cut();
      mortal = mortalStore(inner);
      stage = await start(notes(), mortal.store);
      await client.resume({ at: stage.server });
      expect(await note(client)).toBe(text);
    }
    servers.push(stage.server);
  });

  it("is gone with the session", async () => {
    const stage = await start(notes());
    servers.push(stage.server);
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo);
    await client.ask(set("short"));
    await client.close();
    await gone(stage.server, client.jid);
    expect(await note(await stage.resumable(romeo))).toBe("none");
  });
});

describe("An extension that wants to know of resumptions", () => {
  it("is told of each, once, when it has happened, and not of logins", async () => {
    const resumed: string[] = [];
    const inner = createMemoryStore(projections);
    const mortal = mortalStore(inner);
    const stage = await start(notes(resumed), mortal.store);
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo, "phone", "<presence/>");
    await client.ask(set("a"));
    expect(resumed).toEqual([]);
    await client.vanish(stage.server);
    expect(resumed).toEqual([]);
    await client.resume();
    expect(resumed).toEqual([`${client.jid} a`]);
    // While the old link is there, too.
    await client.resume();
    expect(resumed).toHaveLength(2);
    mortal.die();
    client.cut();
    const next = await start(notes(resumed), inner);
    servers.push(next.server);
    expect(resumed).toHaveLength(2);
    await client.resume({ at: next.server });
    await client.caughtUp();
    expect(resumed).toEqual(Array.from({ length: 3 }, () => `${client.jid} a`));
  });
});
