/** Nobody waits for ever for what an extension has promised. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { pino } from "pino";
import { extensionAnswerMs } from "../../src/domain/limits.ts";
import { defineExtension, el, type IqReply } from "../../src/extension/index.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { HandClock } from "../management/clock.ts";
import { until } from "../net/support.ts";
import { login, type BoundClient } from "../support/login.ts";
import { childOf } from "../support/xml-reader.ts";

const xmlns = "urn:example:slow";
const clock = new HandClock();
const log: { readonly level: number; readonly msg: string; readonly extension?: string }[] = [];
/** What the extension has promised, and not yet kept. */
let promises: { readonly keep: (reply: IqReply) => void; readonly fail: (error: Error) => void }[] = [];
let holds: (() => void)[] = [];
/** Counted in `afterwards`. */
let followed = 0;
let server: TestServer;
let romeo: BoundClient;
let juliet: BoundClient;

const slow = defineExtension({
  name: "slow", specification: { id: "TEST", title: "Promises" },
  iq: [
    { xmlns, name: "wait", types: ["get"], at: ["server", "account"], handle: () => new Promise((keep, fail) => void promises.push({ keep, fail })) },
    {
      xmlns, name: "hold", types: ["set"], at: ["account"],
      handle({ account, house }) {
        if (account !== undefined) house.hold(account, new Promise<void>((release) => void holds.push(release)));
        return { result: undefined };
      },
    },
  ],
  rooms: { iq: [{ xmlns, name: "wait", types: ["get"], at: ["service"], handle: () => new Promise((keep, fail) => void promises.push({ keep, fail })) }] },
  services: () => [{ domain: "slow.localhost", take: () => new Promise<void>((keep, fail) => void promises.push({ keep: () => keep(), fail })) }],
});

beforeAll(async () => {
  const logger = pino({ level: "debug" }, { write: (line: string) => void log.push(JSON.parse(line) as (typeof log)[number]) });
  server = await startServer({ allowPlaintext: true, extensions: [slow], session: { silenceMs: 86_400_000 }, logger, parts: { clock } });
  for (const user of ["romeo", "juliet"]) await server.addUser(user, "secret");
  romeo = await login(server, { user: "romeo", over: "plaintext" });
  juliet = await login(server, { user: "juliet", over: "plaintext" });
});
beforeEach(() => {
  [promises, holds, followed] = [[], [], 0];
  log.length = 0;
});
afterAll(() => server.stop());

const wait = (id: string) => `<iq type='get' id='${id}' to='localhost'><wait xmlns='${xmlns}'/></iq>`;
const reply = (): IqReply => ({ result: el("late", { xmlns }), afterwards: () => void (followed += 1) });
const errors = () => log.filter(({ level }) => level >= 50).map(({ msg, extension }) => [extension, msg]);

async function asked(id: string): Promise<void> {
  romeo.send(wait(id));
  await until(() => promises.length > 0);
}

describe("A request whose extension does not answer", () => {
  it("is answered with an error in the end, and what its client sent since is taken", async () => {
    await asked("first");
    romeo.send("<message to='juliet@localhost/test' id='since' type='chat'><body>since</body></message>");
    clock.forward(extensionAnswerMs - 1_000);
    const soFar = romeo.raw.received;
    expect(await juliet.caughtUp()).toEqual([]);
    expect(romeo.raw.received).toBe(soFar);
    clock.forward(1_000);
    const answer = await romeo.next();
    expect(answer.attrs).toMatchObject({ type: "error", id: "first", from: "localhost" });
    expect(childOf(childOf(answer, "error"), "internal-server-error")).toBeDefined();
    expect((await juliet.next()).attrs["id"]).toBe("since");
    expect(errors()).toEqual([["slow", "extension slow, iq <wait xmlns='urn:example:slow'/>: no answer within 30 s; its client is told of an error"]]);
  });

  it.each(["answers", "fails"])("hears nothing more of it when it %s late", async (what) => {
    await asked("second");
    clock.forward(extensionAnswerMs);
    expect((await romeo.next()).attrs["type"]).toBe("error");
    if (what === "answers") promises[0]!.keep(reply());
    else promises[0]!.fail(new Error("too late"));
    expect(await romeo.ask(wait("third").replace("wait", "nothing"))).toMatchObject([{ attrs: { id: "third" } }]);
    expect(followed).toBe(0);
    expect(errors()).toHaveLength(1);
  });

  it("is told what was to come before its answer only if that is not too late", async () => {
    const early = (): IqReply => ({ result: undefined, before: () => void (followed += 1) });
    await asked("in time");
    promises[0]!.keep(early());
    await romeo.next();
    expect(followed).toBe(1);
    promises = [];
    await asked("late");
    clock.forward(extensionAnswerMs);
    await romeo.next();
    promises[0]!.keep(early());
    await romeo.ask(wait("after").replace("wait", "nothing"));
    expect(followed).toBe(1);
  });

  it("is answered as ever where it answers in time, and nothing is due then", async () => {
    await asked("fourth");
    clock.forward(extensionAnswerMs - 1_000);
    promises[0]!.keep(reply());
    expect((await romeo.next()).attrs).toMatchObject({ type: "result", id: "fourth" });
    clock.forward(extensionAnswerMs);
    expect(followed).toBe(1);
    expect(errors()).toEqual([]);
  });
});

describe("What is addressed elsewhere than to the server", () => {
  it("and not answered by what extends rooms is answered with an error in the end", async () => {
    romeo.send(`<iq type='get' id='room' to='muc.localhost'><wait xmlns='${xmlns}'/></iq>`);
    await until(() => promises.length > 0);
    clock.forward(extensionAnswerMs);
    const answer = await romeo.next();
    expect(answer.attrs).toMatchObject({ type: "error", id: "room", from: "muc.localhost" });
    expect(childOf(childOf(answer, "error"), "internal-server-error")).toBeDefined();
    promises[0]!.keep({ result: undefined });
    expect(await romeo.ask(wait("then").replace("wait", "nothing"))).toMatchObject([{ attrs: { id: "then" } }]);
    expect(errors()).toEqual([[undefined, "iq <wait xmlns='urn:example:slow'/> to muc.localhost: no answer within 30 s; its client is told of an error"]]);
  });

  it("and not taken by a service holds what its sender sends no longer than that", async () => {
    romeo.send("<message to='slow.localhost' id='to-service'><body>hello</body></message>");
    await until(() => promises.length > 0);
    romeo.send("<message to='juliet@localhost/test' id='after-service' type='chat'><body>since</body></message>");
    clock.forward(extensionAnswerMs - 1_000);
    expect(await juliet.caughtUp()).toEqual([]);
    clock.forward(1_000);
    expect((await juliet.next()).attrs["id"]).toBe("after-service");
    expect(errors()).toEqual([[undefined, "service slow.localhost: has not taken a message within 30 s; its sender goes on"]]);
  });
});

describe("An account that an extension holds and does not let go of", () => {
  it("is let go of in the end: who has sent to it goes on", async () => {
    await juliet.ask(`<iq type='set' id='hold'><hold xmlns='${xmlns}'/></iq>`);
    await until(() => holds.length > 0);
    romeo.send("<message to='juliet@localhost/test' id='held' type='chat'><body>held</body></message>");
    clock.forward(extensionAnswerMs - 1_000);
    expect(await juliet.caughtUp()).toEqual([]);
    clock.forward(1_000);
    expect((await juliet.next()).attrs["id"]).toBe("held");
    expect(errors()).toEqual([[undefined, "juliet@localhost: an extension holds what is sent to it, and has not let go within 30 s: it goes on"]]);
  });

  it("is nobody's concern once its extension has let go, and when the server is over", async () => {
    await juliet.ask(`<iq type='set' id='hold'><hold xmlns='${xmlns}'/></iq>`);
    await until(() => holds.length > 0);
    holds[0]!();
    await asked("last");
    await server.stop();
    clock.forward(extensionAnswerMs);
    expect(errors()).toEqual([]);
  });
});
