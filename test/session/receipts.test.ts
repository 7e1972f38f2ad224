/** When it is certain that a client has what it was sent, as far as that can be known of one that does not count: over real sockets. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import type { Extension } from "../../src/router/extension.ts";
import type { Session } from "../../src/session/environment.ts";
import type { Step } from "../../src/step/batch.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { clientNamespace, el } from "../../src/xml/stanza.ts";
import { login, type BoundClient } from "../support/login.ts";
import { eventually } from "./watching.ts";

const xmlns = "urn:example:receipts";

/** `NAME received` or `NAME lost`, and `NAME sent` when it was handed to the session. */
let told: string[] = [];
/** The steps in which that was. */
let steps: Step[] = [];
/** While there is one, nothing becomes durable. */
let gate: Promise<void> | undefined;

function follow(step: Step, session: Session, name: string, chars: number): void {
  const note = (what: string) => (step: Step) => {
    told.push(`${name} ${what}`);
    steps.push(step);
  };
  session.deliver(step, el("message", { xmlns: clientNamespace, id: name }, el("body", {}, "x".repeat(chars))));
  session.onReceipt(step, { received: note("received"), lost: note("lost") });
  note("sent")(step);
}

/** Sends whoever the request names a message of so many characters, and follows it. */
const following: Extension = {
  name: "following",
  specification: { id: "TEST", title: "Receipts" },
  iq: [
    {
      xmlns, name: "follow", types: ["set"], at: ["server"],
      handle: ({ step, payload, session: asker, house }) => {
        const { name = "", whom, chars = "1", how } = payload.attrs as Readonly<Record<string, string>>;
        const session = whom === undefined ? asker : house.sessions(whom)[0]!;
        if (how === "binding") house.data.set(step, house.account(step, asker.jid.bare)!, "following", "name", name);
        if (how === "closing") session.close();
        follow(step, session, name, Number(chars));
        if (how === "failing") throw new Error("the test wants this step to fail");
        return { result: undefined };
      },
    },
  ],
};

let server: TestServer;
/** Asks the server to send, and is not the one that is looked at. */
let romeo: BoundClient;
beforeAll(async () => {
  const store = createMemoryStore(projections);
  const appendMany: typeof store.appendMany = async (batch) => {
    await gate;
    return store.appendMany(batch);
  };
  const gated = new Proxy(store, { get: (target, key) => (key === "appendMany" ? appendMany : bound(target, key)) });
  server = await startServer({ allowPlaintext: true, extensions: [following], parts: { store: gated } });
  await server.addUser("romeo", "secret");
  await server.addUser("juliet", "secret");
  romeo = await login(server, { user: "romeo", over: "plaintext" });
});
afterAll(() => server.stop());

function bound<Target extends object>(target: Target, key: string | symbol): unknown {
  const value: unknown = Reflect.get(target, key);
  return typeof value === "function" ? (value.bind(target) as unknown) : value;
}

const request = (name: string, attributes = "") =>
  `<iq type='set' id='${name}' to='localhost'><follow xmlns='${xmlns}' name='${name}' ${attributes}/></iq>`;

/** Until it is so; then what was told by then is complete. */
async function isTold(...expected: readonly string[]): Promise<void> {
  await eventually(() => told.length >= expected.length || undefined);
  await romeo.caughtUp();
  expect(told).toEqual(expected);
}

describe.each(["plaintext", "tls"] as const)("RFC 6120 section 4.4: what a client has for certain (%s)", (over) => {
  let juliet: BoundClient;
  beforeEach(async () => {
    juliet = await login(server, { user: "juliet", over });
    told = [];
    steps = [];
  });
  afterEach(async () => {
    juliet.raw.destroy();
    await eventually(async () => (await server.sessions()).length === 1 || undefined);
  });

  /** Romeo has Juliet sent something, so that she herself says nothing. */
  const send = (name: string, chars = 1) => romeo.ask(request(name, `whom='juliet@localhost' chars='${chars}'`));

  it("is nothing while it is silent, and what it was sent once it says anything, if only a space", async () => {
    await send("a");
    expect((await juliet.next()).attrs["id"]).toBe("a");
    await isTold("a sent");
    juliet.send(" ");
    await isTold("a sent", "a received");
    expect(steps[1]).not.toBe(steps[0]);
  });

  it("is not what its own words have led to", async () => {
    juliet.send(request("a"));
    await juliet.next();
    await juliet.next();
    await isTold("a sent");
    await juliet.caughtUp();
    await isTold("a sent", "a received");
  });

  it("is told in the order in which it was sent, each once", async () => {
    await send("a");
    await send("b");
    await juliet.caughtUp();
    await send("c");
    await juliet.caughtUp();
    await juliet.caughtUp();
    await isTold("a sent", "b sent", "a received", "b received", "c sent", "c received");
  });

  it("includes what it was sent before it closed its stream in order", async () => {
    await send("a");
    await juliet.close();
    await isTold("a sent", "a received");
  });

  it("includes what it was sent before it answered the end of the server's stream", async () => {
    await send("a");
    server.session(juliet.jid)!.close();
    await juliet.raw.expect("</stream:stream>");
    await isTold("a sent");
    juliet.send("</stream:stream>");
    await isTold("a sent", "a received");
  });

  it.each([
    { how: "is killed before it has read it", end: () => (juliet.raw.pauseReading(), juliet.raw.destroy()) },
    { how: "resets its connection", end: () => void juliet.raw.plain.resetAndDestroy() },
    { how: "closes its connection without its stream", end: () => juliet.raw.end() },
  ])("is not what was sent to one that $how", async ({ end }) => {
    juliet.raw.pauseReading();
    await send("a");
    await send("b");
    end();
    await isTold("a sent", "b sent", "a lost", "b lost");
  });

  it("is not what was sent to one whose stream the server broke off", async () => {
    await send("a");
    server.session(juliet.jid)!.close("internal-server-error");
    await isTold("a sent", "a lost");
  });

  it("is not what the system has not taken, however little that is", async () => {
    juliet.raw.pauseReading();
    let name = "";
    // Each time she has been heard for certain when Romeo hears of her, until the system takes no more.
    for (let count = 0; count === 0 || told.includes(`${name} received`); count += 1) {
      name = `m${count}`;
      await send(name, 500_000);
      juliet.send(`<message to='${romeo.jid}' id='${name}'/>`);
      expect((await romeo.next()).attrs["id"]).toBe(name);
    }
    juliet.raw.resumeReading();
    await juliet.raw.expect(`id="${name}"`);
    await juliet.raw.expect("</message>");
    juliet.send(" ");
    await eventually(() => told.includes(`${name} received`) || undefined);
  });

  // More than the system takes for a client that does not read, and less than is too much for the server.
  const chars = 13 * 1_048_576;

  it("is not what it has not taken, whatever it says meanwhile", async () => {
    juliet.raw.pauseReading();
    await send("a", chars);
    juliet.send(" ");
    await isTold("a sent");
    juliet.raw.resumeReading();
    await eventually(() => juliet.raw.received.length > chars || undefined);
    juliet.send(" ");
    await isTold("a sent", "a received");
  });

  it("is not what it never took", async () => {
    juliet.raw.pauseReading();
    await send("a", chars);
    juliet.send("</stream:stream>");
    await romeo.caughtUp();
    juliet.raw.plain.resetAndDestroy();
    await isTold("a sent", "a lost");
  });

  it("is not what still waits to be durable", async () => {
    let open = (): void => undefined;
    gate = new Promise((resolve) => (open = resolve));
    juliet.send(request("a", "how='binding'"));
    await isTold("a sent");
    juliet.send(" ");
    await romeo.caughtUp();
    expect(juliet.raw.received).not.toContain("<message");
    open();
    gate = undefined;
    expect((await juliet.next()).attrs["id"]).toBe("a");
    await isTold("a sent");
    juliet.send(" ");
    await isTold("a sent", "a received");
  });

  it("is nothing of what a session is given at its end", async () => {
    juliet.send(request("a", "how='closing'"));
    await juliet.raw.expect("</stream:stream>");
    await isTold("a sent", "a lost");
    juliet.send("</stream:stream>");
    await juliet.raw.closed();
    await isTold("a sent", "a lost");
  });

  it("says nothing of what a step that failed was to send", async () => {
    juliet.send(request("a", "how='failing'"));
    await juliet.raw.closed();
    juliet.raw.destroy();
    await eventually(async () => (await server.sessions()).length === 1 || undefined);
    await isTold("a sent");
    expect(juliet.raw.received).not.toContain("<message");
  });
});
