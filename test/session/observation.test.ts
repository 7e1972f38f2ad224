/** Watching a session from within the process: what is told equals what is, and nobody pays for what nobody sees. */
import type { AnyStateNode } from "xstate";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sessionMachine } from "../../machines/session.ts";
import { stateName } from "../../machines/state-name.ts";
import { transitionId } from "../../machines/transition-id.ts";
import type { Observation } from "../../src/session/observation.ts";
import type { SessionWatcher } from "../../src/session/watching.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { login } from "../support/login.ts";
import { eventually } from "./watching.ts";

let server: TestServer;
let observation: Observation;
beforeEach(async () => {
  server = await startServer({ allowPlaintext: true });
  for (const name of ["romeo", "juliet"]) await server.addUser(name, "secret");
  observation = server.server.observation!;
});
afterEach(() => server.stop());

/** What a watcher is told, a line each. */
function notes() {
  const lines: string[] = [];
  const transitions: string[] = [];
  const steps = new Set<string>();
  const watcher: SessionWatcher = {
    opened: (step, { to }) => void (steps.add(step.id), lines.push(`> stream to ${to}`)),
    received: (step, { name }) => void (steps.add(step.id), lines.push(`> ${name}`)),
    ended: () => void lines.push("> /stream"),
    wrote: (_, text) => void lines.push(`< ${/^(?:<\?xml[^>]*\?>)?<(\/?[\w:]+)/.exec(text)?.[1]}`),
    told: (step, event, taken, snapshot) => {
      steps.add(step.id);
      lines.push(`= ${event.type} ${stateName(snapshot.value)}`);
      transitions.push(...taken);
    },
    closed: () => void lines.push("closed"),
  };
  return { lines, transitions, steps, watcher };
}

describe("A session that is watched from its first byte", () => {
  it("tells in order what came, what the machine was told, and what left", async () => {
    const { lines, transitions, watcher } = notes();
    const end = observation.watchBegins((session) => void session.watch(watcher));
    const client = await login(server, { user: "romeo", over: "plaintext", resource: "orchard" });
    end();
    const [view] = await server.sessions();
    expect(lines.at(-1)).toBe("< iq");
    expect(lines.findLast((line) => line.startsWith("="))).toBe(`= resource.bound ${view!.state}`);
    expect(lines.filter((line) => !line.startsWith("="))).toEqual([
      "> stream to localhost", "< stream:stream", "< stream:features", "> auth", "< success",
      "> stream to localhost", "< stream:stream", "< stream:features", "> iq", "< iq",
    ]);
    expect(transitions).toEqual([
      "awaitingStream/stream.opened/2", "negotiating.offering/sasl.started/0", "negotiating.authenticating/sasl.succeeded/1",
      "authenticated.awaitingRestart/stream.opened/3", "authenticated.binding.idle/bind.requested/0", "authenticated.binding.pending/resource.bound/0",
    ]);
    client.raw.end();
    await eventually(() => (lines.at(-1) === "closed" ? true : undefined));
  });
});

describe("A transition's name", () => {
  it("is another one for each transition of the machine", () => {
    const nodesOf = (node: AnyStateNode): readonly AnyStateNode[] => [node, ...Object.values(node.states).flatMap(nodesOf)];
    const names = nodesOf(sessionMachine.root).flatMap((node) => [...node.transitions.values()].flatMap((answers) => answers.map(transitionId)));
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(90);
  });
});

describe("Watching", () => {
  it("begins in the middle with the state whole, and ends when it is told to", async () => {
    const client = await login(server, { user: "romeo", over: "plaintext", resource: "orchard" });
    const [view] = await server.sessions();
    const { lines, watcher } = notes();
    const watched = observation.watch(view!.id, watcher)!;
    expect(watched).toMatchObject({
      stream: `session/localhost/${view!.id}`, counts: null,
      summary: { id: view!.id, jid: "romeo@localhost/orchard", state: view!.state, address: "127.0.0.1", received: 2, delivered: 0, queue: null },
    });
    expect(stateName(watched.snapshot.value)).toBe(view!.state);
    await client.ask("<presence/>");
    expect(lines).toContain("= presence.changed connected.available+uninterested+attached");
    watched.stop();
    const { length } = lines;
    await client.ask("<presence><show>away</show></presence>");
    expect(lines).toHaveLength(length);
  });

  it("is not possible of a session that does not live", () => {
    expect(observation.watch("nobody", notes().watcher)).toBeUndefined();
  });

  it("tells several watchers the same, and goes on for one when the other ends", async () => {
    const client = await login(server, { user: "romeo", over: "plaintext" });
    const [{ id } = { id: "" }] = await server.sessions();
    const [one, other] = [notes(), notes()];
    const first = observation.watch(id, one.watcher)!;
    observation.watch(id, other.watcher);
    await client.ask("<presence/>");
    expect(one.lines).toEqual(other.lines);
    first.stop();
    await client.ask("<presence type='unavailable'/>");
    expect(one.lines.join()).not.toContain("presence.withdrawn");
    expect(other.lines.join()).toContain("= presence.withdrawn connected.unavailable");
    expect(other.transitions).toContain("connected.availability.available/presence.withdrawn/0");
  });

  it("does the session no harm when a watcher throws, and tells that one no more", async () => {
    const client = await login(server, { user: "romeo", over: "plaintext" });
    const [{ id } = { id: "" }] = await server.sessions();
    let calls = 0;
    const fail = () => {
      calls += 1;
      throw new Error("this watcher is broken");
    };
    observation.watch(id, { opened: fail, received: fail, ended: fail, wrote: fail, told: fail, closed: fail });
    await client.ask("<presence/>");
    await client.ask("<presence type='unavailable'/>");
    expect(calls).toBe(1);
  });
});

describe("What all sessions tell", () => {
  it("is a line of each, and totals", async () => {
    const client = await login(server, { user: "romeo", over: "plaintext", resource: "orchard" });
    await login(server, { user: "juliet", over: "tls", resource: "balcony" });
    await client.ask("<presence/>");
    const summaries = [...observation.summaries()].toSorted((a, b) => (a.jid ?? "").localeCompare(b.jid ?? ""));
    expect(summaries).toMatchObject([
      { jid: "juliet@localhost/balcony", secure: "TLSv1.3", tags: expect.arrayContaining(["c2s", "connected"]) as string[] },
      { jid: "romeo@localhost/orchard", secure: null, tags: expect.arrayContaining(["connected", "available"]) as string[] },
    ]);
    expect(observation.totals()).toMatchObject({ sessions: 2, loginFailures: {} });
    expect(observation.totals().told).toBeGreaterThanOrEqual(13);
  });

  it("is what is delivered to others in a step of one that is watched", async () => {
    const [romeo, juliet] = [await login(server, { user: "romeo", over: "plaintext" }), await login(server, { user: "juliet", over: "plaintext" })];
    await juliet.ask("<presence/>");
    const { steps, watcher } = notes();
    const from = (await server.sessions()).find(({ username }) => username === "romeo")!;
    observation.watch(from.id, watcher);
    const touched: string[] = [];
    observation.watchDeliveries((to, step, { name }) => {
      if (steps.has(step.id)) touched.push(`${name} to ${to.jid.bare}`);
    });
    await romeo.ask("<message to='juliet@localhost' type='chat'><body>Art thou not Romeo?</body></message>");
    expect(touched).toContain("message to juliet@localhost");
  });
});
