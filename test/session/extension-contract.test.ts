/** What an extension may rely on: each of these is one value, as it would stand in one file, added to a server that knows nothing of it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Extension } from "../../src/router/extension.ts";
import { phases, phaseTable, type Phase, type PhaseHandlers, type Verdict } from "../../src/router/phases.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { el } from "../../src/xml/stanza.ts";
import { connectSecure, login, streamHeader, type BoundClient } from "../support/login.ts";
import { childOf, readXml, textOf, type Xml } from "../support/xml-reader.ts";

const xmlns = "urn:example:contract";
const specification = { id: "TEST", title: "The extension contract" };

/** What passed, as `extension phase kind`. */
const passed: string[] = [];

/** Is at every phase, writes down what passes, and gives the verdict that the stanza asks for. */
function atEveryPhase(name: string): Extension {
  const handlers: PhaseHandlers = Object.fromEntries(
    phases.toReversed().map((phase) => [
      phase,
      ({ stanza, recipient }: Parameters<NonNullable<PhaseHandlers["stamp"]>>[0]): Verdict => {
        if (stanza.type === "error") return undefined;
        passed.push(`${name} ${phase}${recipient === undefined ? "" : ` ${recipient.resource}`}`);
        const asked = stanza.element.getChild(phase, xmlns);
        if (asked === undefined || asked.attrs["by"] !== name) return undefined;
        if (asked.attrs["for"] !== undefined && asked.attrs["for"] !== recipient?.resource) return undefined;
        const why = `the test asks for it at ${phase}`;
        return asked.getText() === "stop" ? { stop: true, why } : { fault: { condition: "policy-violation", text: "not today" }, why };
      },
    ]),
  );
  return { name, specification, phases: handlers };
}

const oracle: Extension = {
  name: "oracle",
  specification,
  serverFeatures: [`${xmlns}#server`],
  accountFeatures: [`${xmlns}#account`],
  streamFeature: ({ stage }) => el("oracle", { xmlns, stage }),
  takesUnauthenticated: (element) => element.getChild("ask", xmlns) !== undefined,
  iq: [
    {
      xmlns, name: "ask", types: ["get"], at: ["server", "account"],
      handle: ({ iq, payload, target, own, house }) =>
        payload.getText() === "?" ? { fault: { condition: "not-acceptable", text: "ask something" } }
        : { result: el("answer", { xmlns, target, own: String(own), host: house.hosts[0], from: iq.from.full }, payload.getText().toUpperCase()) },
    },
    { xmlns, name: "ask", types: ["set"], at: ["server"], handle: () => ({ result: undefined }) },
  ],
};

let server: TestServer;
let romeo: BoundClient;
let juliet: BoundClient;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [atEveryPhase("first"), oracle, atEveryPhase("second")] });
  for (const user of ["romeo", "juliet", "absent"]) await server.addUser(user, "secret");
  romeo = await login(server, { user: "romeo", resource: "orchard", over: "plaintext" });
  juliet = await login(server, { user: "juliet", resource: "balcony", over: "plaintext" });
  for (const client of [romeo, juliet]) {
    client.send("<presence/>");
    await client.caughtUp();
  }
});
afterAll(() => server.stop());

/** A message with this is not kept for those who are not there, which would be its end. */
const notKept = "<no-store xmlns='urn:xmpp:hints'/>";

/** What came back to Romeo, and what reached Juliet, of a message with this verdict asked for. */
async function send(to: string, verdict = ""): Promise<{ readonly back: readonly string[]; readonly got: number; readonly phases: readonly string[] }> {
  passed.length = 0;
  const back = await romeo.ask(`<message to='${to}' type='chat' id='m'><body>?</body>${verdict}</message>`);
  // The iq by which Romeo catches up is for the server, and passes these alone.
  expect(passed.slice(-4)).toEqual(both("stamp", "guard"));
  const phases = passed.slice(0, -4);
  const got = await juliet.caughtUp();
  expect(got.every(({ name }) => name === "message")).toBe(true);
  return { back: back.map(faultOf), got: got.length, phases };
}

/** `policy-violation from juliet@localhost: not today`. */
function faultOf(stanza: Xml): string {
  const [condition, text] = childOf(stanza, "error")!.children as readonly Xml[];
  return `${condition!.name} from ${stanza.attrs["from"]}: ${textOf(text)}`;
}

/** Each handler of both extensions at these phases. */
const both = (...names: readonly string[]) => names.flatMap((phase) => [`first ${phase}`, `second ${phase}`]);

describe("The phases that a stanza passes", () => {
  it("come in the stated order, and within each in that of the list, whatever the order in which an extension names them", async () => {
    const { phases, got, back } = await send("juliet@localhost");
    expect(phases).toEqual(both("stamp", "guard", "account", "archive", "copy", "deliver").concat("first hold balcony", "second hold balcony"));
    expect([got, back]).toEqual([1, []]);
  });

  it("end with undelivered where there is nobody to deliver to", async () => {
    const { phases, got } = await send("absent@localhost", notKept);
    expect(phases).toEqual(both("stamp", "guard", "account", "archive", "copy", "deliver", "undelivered"));
    expect(got).toBe(0);
  });

  it("end with kept where what nobody took is kept, which nothing changes any more", async () => {
    const fault = `<kept xmlns='${xmlns}' by='first'>fault</kept>`;
    const { phases, back } = await send("absent@localhost", fault);
    expect([phases.slice(-3), back]).toEqual([["second deliver", "first kept", "second kept"], []]);
  });

  it("do not depend on the order of the extensions' files", () => {
    const order: string[] = [];
    const one = (phase: Phase): PhaseHandlers => ({ [phase]: () => void order.push(phase) });
    const files = phases.map(one);
    for (const all of [files, files.toReversed(), [...files.slice(3), ...files.slice(0, 3)]]) {
      const table = phaseTable(all);
      order.length = 0;
      for (const phase of phases) for (const handler of table[phase]) handler({} as never);
      expect(order).toEqual(["stamp", "guard", "account", "archive", "copy", "deliver", "hold", "undelivered", "kept"]);
    }
  });
});

const beforeDelivery = ["stamp", "guard", "account", "archive", "copy", "deliver"] as const;

describe.each(beforeDelivery.map((phase, index) => ({ phase, index })))("A verdict at $phase", ({ phase, index }) => {
  it("stops a stanza without a word, and whoever comes after it sees nothing", async () => {
    const { phases, got, back } = await send("juliet@localhost", `<${phase} xmlns='${xmlns}' by='first'>stop</${phase}>`);
    expect(phases).toEqual([...both(...beforeDelivery.slice(0, index)), `first ${phase}`]);
    expect([got, back]).toEqual([0, []]);
  });

  it("refuses a stanza with an error to its sender", async () => {
    const { phases, got, back } = await send("juliet@localhost", `<${phase} xmlns='${xmlns}' by='second'>fault</${phase}>`);
    expect(phases).toEqual(both(...beforeDelivery.slice(0, index + 1)));
    expect([got, back]).toEqual([0, ["policy-violation from juliet@localhost: not today"]]);
  });
});

describe("A verdict at the end", () => {
  it("holds a stanza back from one recipient alone", async () => {
    const other = await login(server, { user: "juliet", resource: "chamber", over: "plaintext" });
    await other.ask("<presence/>");
    await juliet.caughtUp();
    const { back, got, phases } = await send("juliet@localhost", `<hold xmlns='${xmlns}' by='first' for='balcony'>stop</hold>`);
    expect([back, got, (await other.caughtUp()).length]).toEqual([[], 0, 1]);
    expect(phases.slice(-3)).toEqual(["first hold balcony", "first hold chamber", "second hold chamber"]);
    await other.close();
    await juliet.caughtUp();
  });

  it("takes what was not delivered, so that nobody is told of a failure", async () => {
    const { back } = await send("absent@localhost", `${notKept}<undelivered xmlns='${xmlns}' by='first'>stop</undelivered>`);
    expect(back).toEqual([]);
    expect((await send("absent@localhost", `${notKept}<undelivered xmlns='${xmlns}' by='second'>fault</undelivered>`)).back).toEqual([
      "policy-violation from absent@localhost: not today",
    ]);
  });
});

describe("An iq in a namespace that an extension has registered", () => {
  const ask = async (to: string, text: string, type = "get") =>
    (await romeo.ask(`<iq type='${type}' id='q'${to === "" ? "" : ` to='${to}'`}><ask xmlns='${xmlns}'>${text}</ask></iq>`))[0]!;

  it.each([
    { to: "localhost", target: "server", own: "false" }, { to: "", target: "account", own: "true" },
    { to: "romeo@localhost", target: "account", own: "true" }, { to: "juliet@localhost", target: "account", own: "false" },
  ])("is answered by it, for '$to'", async ({ to, target, own }) => {
    const from = to === "" ? "" : ` from='${to}'`;
    expect(await ask(to, "who")).toEqual(readXml(
      `<iq type='result' id='q'${from} to='romeo@localhost/orchard'><answer xmlns='${xmlns}' target='${target}' own='${own}' host='localhost' from='romeo@localhost/orchard'>WHO</answer></iq>`,
    ));
  });

  it("is refused with the fault that it returns", async () => {
    const answer = await ask("localhost", "?");
    expect([answer.attrs["type"], childOf(childOf(answer, "error"), "not-acceptable") !== undefined]).toEqual(["error", true]);
    expect(textOf(childOf(childOf(answer, "error"), "text"))).toBe("ask something");
  });

  it("is its own for the types and addressees that it names, and nobody's else", async () => {
    expect(await ask("localhost", "x", "set")).toEqual(readXml("<iq type='result' id='q' from='localhost' to='romeo@localhost/orchard'/>"));
    const elsewhere = await ask("romeo@localhost", "x", "set");
    expect(childOf(childOf(elsewhere, "error"), "service-unavailable")).toBeDefined();
  });

  it("is answered before authentication where the extension declared it for that, and only there", async () => {
    const raw = await connectSecure(server, "plaintext");
    raw.send(streamHeader("localhost"));
    await raw.expect("</stream:features>");
    raw.send(`<iq type='get' id='e' to='localhost'><ask xmlns='${xmlns}'>early</ask></iq>`);
    await raw.expect(/<iq [^>]*type="result"[^>]*>.*EARLY<\/answer><\/iq>/);
    raw.send("<iq type='get' id='e' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
    await raw.expect("<not-authorized");
    await raw.closed();
    raw.destroy();
  });

  it("cannot be claimed twice", async () => {
    await expect(startServer({ extensions: [oracle, { ...oracle, name: "false-oracle" }] })).rejects.toThrow(
      `two extensions answer <ask xmlns='${xmlns}'/>`,
    );
  });
});

describe("What an extension announces", () => {
  it("is in the stream features of each stage", async () => {
    const raw = await connectSecure(server, "plaintext");
    raw.send(streamHeader("localhost"));
    expect(await raw.expect(/<stream:features>.*<\/stream:features>/)).toContain(`<oracle xmlns="${xmlns}" stage="unauthenticated"/>`);
    raw.destroy();
    expect(romeo.raw.received).toContain(`<oracle xmlns="${xmlns}" stage="authenticated"/>`);
  });

  it("is told by service discovery, of the server and of accounts", async () => {
    const features = async (to: string) => {
      const [answer] = await romeo.ask(`<iq type='get' id='d' to='${to}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
      return childOf(answer, "query")!.children.flatMap((child) => (typeof child === "string" ? [] : [child.attrs["var"]]));
    };
    const [ofServer, ofAccount] = [await features("localhost"), await features("romeo@localhost")];
    expect([ofServer.includes(`${xmlns}#server`), ofServer.includes(`${xmlns}#account`)]).toEqual([true, false]);
    expect([ofAccount.includes(`${xmlns}#server`), ofAccount.includes(`${xmlns}#account`)]).toEqual([false, true]);
  });
});
