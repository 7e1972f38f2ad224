/** An exception that one session meets closes that session alone. */
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stateName } from "../../machines/state-name.ts";
import type { Extension } from "../../src/router/extension.ts";
import { sessionState } from "../../src/router/session-state.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { authenticate, login, type BoundClient } from "../support/login.ts";
import { childOf } from "../support/xml-reader.ts";
import { eventually, factsOf, foldAll } from "./watching.ts";

const xmlns = "urn:example:fragile";

const state = sessionState<string>({ initial: "", read: (recorded) => (typeof recorded === "string" ? recorded : undefined) });

/** Breaks wherever it is asked to. */
const fragile: Extension = {
  name: "fragile",
  sessionState: state,
  specification: { id: "TEST", title: "Breaking on request" },
  iq: [
    {
      xmlns, name: "break", types: ["set"], at: ["server", "account"],
      handle: ({ session, step }) => {
        state.set(step, session, "broken");
        throw new Error("it broke");
      },
    },
  ],
  phases: {
    guard: ({ stanza }) => {
      if (stanza.element.getChild("guard", xmlns)) throw new Error("the guard broke");
      return undefined;
    },
    hold: ({ stanza }) => {
      if (stanza.element.getChild("hold", xmlns)) throw new Error("holding broke");
      return undefined;
    },
  },
};

const lines: string[] = [];
let server: TestServer;
let juliet: BoundClient;
beforeAll(async () => {
  const logger = pino({ level: "error" }, { write: (line: string) => void lines.push(line) });
  server = await startServer({ allowPlaintext: true, extensions: [fragile], logger });
  for (const user of ["romeo", "juliet"]) await server.addUser(user, "secret");
  juliet = await login(server, { user: "juliet", resource: "balcony", over: "plaintext" });
  juliet.send("<presence/>");
  await juliet.caughtUp();
});
afterAll(() => server.stop());

const breaking = {
  "an iq handler, for the server": `<iq type='set' id='x' to='localhost'><break xmlns='${xmlns}'/></iq>`,
  "an iq handler, for the account": `<iq type='set' id='x'><break xmlns='${xmlns}'/></iq>`,
  "a phase": `<message to='juliet@localhost/balcony'><body>?</body><guard xmlns='${xmlns}'/></message>`,
  "a phase, at the recipient": `<message to='juliet@localhost/balcony'><body>?</body><hold xmlns='${xmlns}'/></message>`,
  "a phase, after an account was loaded": `<message to='nobody@localhost'><body>?</body><guard xmlns='${xmlns}'/></message>`,
};

describe.each(Object.entries(breaking))("An exception in %s", (_, stanza) => {
  it("closes the session that caused it, and no other", async () => {
    const romeo = await login(server, { user: "romeo", resource: "orchard", over: "plaintext" });
    const live = server.session(romeo.jid)!;
    romeo.send(stanza);
    const error = await romeo.next();
    expect([error.name, childOf(error, "internal-server-error")?.xmlns]).toEqual(["error", "urn:ietf:params:xml:ns:xmpp-streams"]);
    await romeo.raw.closed();
    romeo.raw.destroy();
    await eventually(() => (live.conn === undefined ? true : undefined));
    expect((await server.sessions()).map(({ full_jid }) => full_jid)).toEqual(["juliet@localhost/balcony"]);
    expect(await juliet.caughtUp()).toEqual([]);
  });

  it("leaves the full JID free for the next one", async () => {
    const romeo = await login(server, { user: "romeo", resource: "orchard", over: "plaintext" });
    expect(romeo.jid).toBe("romeo@localhost/orchard");
    expect(await romeo.caughtUp()).toEqual([]);
    await romeo.close();
  });
});

describe("An exception in a session", () => {
  it("is told to the operator, with whom it met", () => {
    const told = lines
      .map((line) => JSON.parse(line) as { readonly jid: string; readonly msg: string; readonly extension?: string; readonly err: { readonly message: string } })
      .filter(({ err }) => err !== undefined);
    // Of which extension it is, and where in it.
    expect(told.map(({ err }) => /^extension [\w-]+, (?:iq|phase) .*: (.+)$/.exec(err.message)?.[1])).toEqual(["it broke", "it broke", "the guard broke", "holding broke", "the guard broke"]);
    for (const { jid, msg, extension, err } of told) {
      expect([jid, msg]).toEqual(["romeo@localhost/orchard", "a session met an error and is closed"]);
      expect(err.message.startsWith(`extension ${extension}, `), err.message).toBe(true);
    }
  });

  it("takes the step's facts and outputs back, and still the log folds to the end that the session came to", async () => {
    const romeo = await login(server, { user: "romeo", over: "plaintext" });
    const { id } = (await server.sessions()).find(({ full_jid }) => full_jid === romeo.jid)!;
    romeo.send(breaking["an iq handler, for the server"]);
    await romeo.raw.closed();
    romeo.raw.destroy();
    const facts = await eventually(async () => {
      const found = await factsOf(server, `session/localhost/${id}`);
      return found.length > 0 && foldAll(found).at(-1)!.status === "done" ? found : undefined;
    });
    const states = foldAll(facts);
    const failed = facts.findIndex(({ data }) => (data as { readonly event?: { readonly type: string } }).event?.type === "host.failed");
    // The change that the handler made before it broke has happened: a snapshot holds it, for its own event is gone.
    expect(facts[failed - 1]!.type).toBe("SessionSnapshotTaken");
    expect(states[failed]!.context.extensions).toEqual({ fragile: "broken" });
    expect(facts.at(-1)!.type).toBe("SessionEnded");
    expect(states.slice(failed, -1).map(({ value }) => stateName(value))).toEqual(["closing", "closed"]);
    expect(states.at(-1)!.context.reason).toContain("internal-server-error");
  });

  it("before binding closes the session too", async () => {
    const raw = await authenticate(server, { user: "romeo", over: "plaintext" });
    raw.send(breaking["an iq handler, for the account"]);
    await raw.expect("<internal-server-error");
    await raw.closed();
    raw.destroy();
    expect(await juliet.caughtUp()).toEqual([]);
  });
});
