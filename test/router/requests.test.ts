/** What the server asks of clients itself, and whose answer it takes. The extension here asks whom it is told to ask. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parseJid } from "../../src/domain/jid.ts";
import { serverRequestMs, serverRequestsMax } from "../../src/domain/limits.ts";
import type { Extension } from "../../src/router/extension.ts";
import type { ServerAnswer } from "../../src/router/requests.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { el } from "../../src/xml/stanza.ts";
import { HandClock } from "../management/clock.ts";
import { ManagedStage } from "../management/support.ts";
import { until } from "../presence/support.ts";
import { login, type BoundClient } from "../support/login.ts";
import { childOf, showXml, textOf, type Xml } from "../support/xml-reader.ts";

const xmlns = "urn:example:asker";
const specification = { id: "TEST", title: "Requests of the server" };

interface Told {
  /** The text of the question. */
  readonly about: string;
  readonly answer: ServerAnswer;
  /** The answer is told in another step than the question was asked in. */
  readonly apart: boolean;
}

/** Asks `count` times what its text says, in the name of `from`; then it fails if it is asked to. */
function asker(told: Told[]): Extension {
  return {
    name: "asker",
    specification,
    iq: [
      {
        xmlns, name: "ask", types: ["set"], at: ["server"],
        handle({ payload, step, house }) {
          const { from, to, type, count = "1", fails, then } = payload.attrs as Readonly<Record<string, string>>;
          const about = payload.getText();
          for (let number = 0; number < Number(count); number += 1) {
            const request = { from: parseJid(from!)!, to: parseJid(to!)!, type: type === "set" ? "set" : "get", payload: el("question", { xmlns }, about) } as const;
            house.ask(step, request, (later, answer) => {
              told.push({ about, answer, apart: later.id !== step.id && later.cause !== null });
              if (then === "throw") throw new Error("the test asks for it");
            });
          }
          if (fails !== undefined) throw new Error("the test asks for it");
          return { result: undefined };
        },
      },
    ],
  };
}

const told: Told[] = [];
const clock = new HandClock();
let server: TestServer;
let stage: ManagedStage;
let operator: BoundClient;
let romeo: BoundClient;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [asker(told)], parts: { clock } });
  stage = new ManagedStage(server);
  for (const user of ["operator", "romeo", "juliet"]) await server.addUser(user, "secret");
  operator = await login(server, { user: "operator", over: "plaintext" });
  romeo = await login(server, { user: "romeo", resource: "orchard", over: "plaintext" });
});
afterEach(() => {
  told.length = 0;
  stage.clear();
});
afterAll(() => server.stop());

let questions = 0;

/** Has the server ask. Returns the text of the question. */
async function have(to: string, attributes = "from='localhost'"): Promise<string> {
  const about = `q${++questions}`;
  const answers = await operator.ask(`<iq type='set' id='o' to='localhost'><ask xmlns='${xmlns}' to='${to}' ${attributes}>${about}</ask></iq>`);
  expect(answers.map((answer) => showXml(answer))).toEqual([expect.stringMatching(/^<iq [^>]*type='result'/)]);
  return about;
}

/** The question, as its client gets it. */
async function asked(client: { next(): Promise<Xml> }, about: string): Promise<Xml> {
  const question = await client.next();
  expect(textOf(childOf(question, "question"))).toBe(about);
  return question;
}

const answer = (to: string, id: string | undefined, payload = "", type = "result") => `<iq type='${type}' to='${to}' id='${id}'>${payload}</iq>`;
const errors = (condition: string, type = "cancel") => `<error type='${type}'>${condition}</error>`;
const stanzas = "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'";
const words = () => told.map(({ about, answer }) => `${about} ${"result" in answer ? (answer.result?.getText() ?? "nothing") : `${answer.error} ${answer.errorType}`}`);

describe("RFC 6120 section 8.2.3: a request of the server itself", () => {
  it.each([
    { from: "localhost", type: "get" }, { from: "localhost", type: "set" }, { from: "juliet@localhost", type: "get" }, { from: "romeo@localhost", type: "set" },
  ])("comes from $from, of type $type, and its result is told once, in a step of its own", async ({ from, type }) => {
    const about = await have(romeo.jid, `from='${from}' type='${type}'`);
    const question = await asked(romeo, about);
    expect(question).toMatchObject({ name: "iq", attrs: { type, from, to: romeo.jid, id: expect.stringMatching(/^[\w-]{20,}$/) as string } });
    const back = await romeo.ask(answer(from, question.attrs["id"], `<answer xmlns='${xmlns}'>yes</answer>`).repeat(2));
    await until(() => told.length > 0);
    expect([words(), told.map(({ apart }) => apart), back]).toEqual([[`${about} yes`], [true], []]);
  });

  it("has a result without anything in it", async () => {
    const about = await have(romeo.jid);
    await romeo.ask(answer("localhost", (await asked(romeo, about)).attrs["id"]));
    await until(() => told.length > 0);
    expect(words()).toEqual([`${about} nothing`]);
  });

  it.each([
    [errors(`<item-not-found ${stanzas}/>`), "item-not-found cancel"],
    [errors(`<text ${stanzas}>wait</text><detail xmlns='urn:x'/><internal-server-error ${stanzas}/>`, "wait"), "internal-server-error wait"],
    [errors("<item-not-found xmlns='urn:x'/>", "auth"), "undefined auth"],
    ["<error/>", "undefined undefined"],
    ["<query xmlns='urn:x'/>", "undefined undefined"],
    ["", "undefined undefined"],
  ])("is answered by an error: %s", async (error, expected) => {
    const about = await have(romeo.jid);
    await romeo.ask(answer("localhost", (await asked(romeo, about)).attrs["id"], error, "error"));
    await until(() => told.length > 0);
    expect(words()).toEqual([`${about} ${expected}`]);
  });

  it.each(["romeo@localhost", "romeo@localhost/nowhere", "nobody@localhost/orchard", "example.org/orchard", "localhost"])(
    "to %s, where no session is, is answered with item-not-found", async (to) => {
      const about = await have(to);
      await until(() => told.length > 0);
      expect([words(), told[0]!.apart]).toEqual([[`${about} item-not-found undefined`], true]);
    },
  );

  it("is not sent in a step that fails, and is answered all the same", async () => {
    const { juliet } = await stage.cast("juliet");
    const client = await stage.bound(juliet);
    client.send(`<iq type='set' id='o' to='localhost'><ask xmlns='${xmlns}' from='localhost' to='${romeo.jid}' fails='yes'>never</ask></iq>`);
    await client.raw.expect("<internal-server-error");
    await until(() => told.length > 0);
    expect([words(), await romeo.caughtUp()]).toEqual([["never undefined undefined"], []]);
  });

  it("leaves who answers alone if the answer cannot be dealt with", async () => {
    const about = await have(romeo.jid, "from='localhost' then='throw'");
    await romeo.ask(answer("localhost", (await asked(romeo, about)).attrs["id"]));
    await until(() => told.length > 0);
    expect(await romeo.caughtUp()).toEqual([]);
  });
});

describe("An answer to a request of the server", () => {
  it("is taken from nobody but who was asked: not from another resource, nor another user, nor to another address, nor under another id", async () => {
    const other = await login(server, { user: "romeo", resource: "other", over: "plaintext" });
    const juliet = await login(server, { user: "juliet", over: "plaintext" });
    const [first, second] = [await have(romeo.jid), await have(romeo.jid, "from='juliet@localhost'")];
    const [one, two] = [await asked(romeo, first), await asked(romeo, second)];
    const [id, otherId] = [one.attrs["id"], two.attrs["id"]];
    const lie = `<answer xmlns='${xmlns}'>lie</answer>`;
    for (const liar of [other, juliet]) await liar.ask(answer("localhost", id, lie) + answer("juliet@localhost", otherId, lie));
    for (const [to, wrong] of [["juliet@localhost", id], ["localhost", otherId], ["romeo@localhost", id], ["localhost", `${id}x`], ["localhost", ""]] as const) {
      expect(await romeo.ask(answer(to, wrong, lie))).toEqual([]);
    }
    // Without an address it is for the account of its sender (RFC 6120 section 10.3).
    await romeo.ask(`<iq type='result' id='${id}'>${lie}</iq>`);
    // A request is no answer, whatever its id.
    const [refused] = await romeo.ask(`<iq type='get' to='localhost' id='${id}'>${lie}</iq>`);
    expect(refused?.attrs["type"]).toBe("error");
    expect(words()).toEqual([]);
    await romeo.ask(answer("localhost", id) + answer("juliet@localhost", otherId));
    await until(() => told.length === 2);
    expect(words()).toEqual([`${first} nothing`, `${second} nothing`]);
    await Promise.all([other.close(), juliet.close()]);
  });

  it("that does not come in time is none, and is nobody's when it comes", async () => {
    const about = await have(romeo.jid);
    const question = await asked(romeo, about);
    clock.forward(serverRequestMs - 1_000);
    await operator.caughtUp();
    expect(words()).toEqual([]);
    clock.forward(1_001);
    await until(() => told.length > 0);
    expect(await romeo.ask(answer("localhost", question.attrs["id"]))).toEqual([]);
    expect(words()).toEqual([`${about} undefined undefined`]);
  });

  it("comes over another link where the client has lost its own meanwhile (XEP-0198 section 5)", async () => {
    const { mercutio } = await stage.cast("mercutio");
    const client = await stage.resumable(mercutio);
    await client.vanish(server);
    const about = await have(client.jid);
    await client.resume();
    await client.ask(answer("localhost", (await asked(client, about)).attrs["id"]));
    await until(() => told.length > 0);
    expect(words()).toEqual([`${about} nothing`]);
  });
});

describe("Requests of the server that wait for an answer", () => {
  it("are bounded; whoever would be asked too much is not asked", async () => {
    const { benvolio } = await stage.cast("benvolio");
    const client = await stage.bound(benvolio);
    const about = await have(client.jid, `from='localhost' count='${serverRequestsMax + 2}'`);
    await until(() => told.length === 2);
    expect(words()).toEqual(Array(2).fill(`${about} resource-constraint undefined`));
    await have(romeo.jid);
    await until(() => told.length === 3);
    clock.forward(serverRequestMs + 1);
    await until(() => told.length === serverRequestsMax + 3);
    const again = await have(romeo.jid);
    await romeo.ask(answer("localhost", (await asked(romeo, again)).attrs["id"]));
    await until(() => words().at(-1) === `${again} nothing`);
  });

  it.each([{ kill: false }, { kill: true }])("end with the server ($kill: killed), and nobody is told", async ({ kill }) => {
    const told: Told[] = [];
    const clock = new HandClock();
    const server = await startServer({ allowPlaintext: true, extensions: [asker(told)], parts: { clock } });
    try {
      await server.addUser("romeo", "secret");
      const romeo = await login(server, { user: "romeo", over: "plaintext" });
      const question = `<iq type='set' id='o' to='localhost'><ask xmlns='${xmlns}' from='localhost' to='${romeo.jid}'>late</ask></iq>`;
      await romeo.ask(question);
      await server.restart({ kill });
      clock.forward(serverRequestMs + 1);
      const again = await login(server, { user: "romeo", over: "plaintext" });
      const [asked] = await again.ask(question);
      await again.ask(answer("localhost", asked!.attrs["id"]));
      await until(() => told.length > 0);
      expect(told.map(({ answer }) => answer)).toEqual([{ result: undefined }]);
    } finally {
      await server.stop();
    }
  });
});
