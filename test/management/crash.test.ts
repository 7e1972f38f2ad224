/** A server that is killed between any two commits: what was recorded until then is what its clients can rely on (XEP-0198 sections 4 and 5). */
import { afterEach, describe, expect, it } from "vitest";
import { until } from "../presence/support.ts";
import { house, leaveHouses } from "./house.ts";
import { bodies, chat, gone, ManagedClient } from "./support.ts";

afterEach(leaveHouses);

describe("XEP-0198 section 5: the time to come back after a crash", () => {
  it.each([
    { promised: 5_000, goneFor: 0, alive: 58_000, dead: 3_000, why: "is at least a minute from the start on" },
    { promised: 600_000, goneFor: 0, alive: 598_000, dead: 3_000, why: "is what was promised, where that is more" },
    { promised: 600_000, goneFor: 3_600_000, alive: 58_000, dead: 3_000, why: "is a minute where it was over while no server ran" },
  ])("$why", async ({ promised, goneFor, alive, dead }) => {
    const at = await house({ session: { resumptionMs: promised } });
    const client = await at.stage.resumable("juliet", "balcony", "<presence/>");
    await client.vanish(at.server);
    at.mortal.die();
    at.clock.forward(goneFor);
    await at.crash();
    at.clock.forward(alive);
    expect(at.server.session(client.jid)).toBeDefined();
    at.clock.forward(dead);
    await gone(at.server, client.jid);
  });
});

describe("XEP-0198 section 4: counts of 32 bits", () => {
  it("go from 2³²-1 to 0 on both sides, and resumption knows what is meant", async () => {
    const at = await house();
    const client = await at.stage.resumable("juliet", "balcony", "<presence/>");
    await client.caughtUp();
    client.ack();
    await client.count();
    await client.vanish(at.server);
    // What is recorded of it is recorded once more with other counts, as after four thousand million stanzas.
    const most = 2 ** 32;
    const stream = `session/localhost/${client.id}`;
    const facts = await at.log.read(stream, 0, 1_000);
    const last = facts.findLast(({ type }) => type === "SessionSnapshotTaken")!;
    const counts = { received: most - 2, sent: most - 3, acknowledged: most - 3 };
    at.mortal.die();
    const { type, v, at: when, step, cause, data } = last;
    await at.log.append(stream, "any", [{ type, v, at: when, step, cause, data: { ...(data as object), counts } }]);
    await at.crash();
    client.sent = most - 2;
    client.handled = most - 3;
    expect(await client.resume({ at: at.server })).toBe(most - 2);
    const sender = await at.stage.bound("romeo");
    for (let n = 0; n < 6; n++) {
      await sender.ask(chat(client.jid, `${n}`));
      expect(bodies(await client.caughtUp())).toEqual([`${n}`]);
      expect(await client.count()).toBe(client.sent % most);
      if (n === 3) continue;
      client.ack();
      await client.count();
      if (n % 2 === 0) continue;
      await client.vanish(at.server);
      expect(await client.resume()).toBe(client.sent % most);
    }
    expect([client.sent > most, client.handled > most]).toEqual([true, true]);
    await sender.ask(chat(client.jid, "unread"));
    await at.crash();
    expect(await client.resume({ at: at.server })).toBe(client.sent % most);
    expect(bodies(await client.caughtUp())).toEqual(["unread"]);
    client.send(`<a xmlns='urn:xmpp:sm:3' h='${most - 1}'/>`);
    // Far behind is what was said before; what is ahead of all that was sent is too high.
    expect(await client.caughtUp()).toEqual([]);
    client.send(`<a xmlns='urn:xmpp:sm:3' h='${(client.handled % most) + 1}'/>`);
    await client.raw.expect(/<handled-count-too-high [^>]*\/>/);
  });
});

describe("XEP-0198 section 4: facts before bytes", () => {
  /** Each point at which a process can die while something is done, and both sides of the commit there. */
  const points = Array.from({ length: 8 }, (_, commits) => [{ commits, told: true }, { commits, told: false }]).flat().slice(1);

  it.each(points)("messages that waited reach a counting client once, killed at commit $commits (told $told)", async ({ commits, told }) => {
    const at = await house();
    await (await at.stage.bound("romeo")).ask(chat("juliet@localhost", "1") + chat("juliet@localhost", "2"));
    const link = await at.stage.bound("juliet", "balcony");
    at.mortal.dieAfter(commits, told);
    link.raw.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/><presence/>");
    await Promise.race([at.mortal.dead, until(() => /<body>2</.test(link.raw.received))]);
    await quiet();
    // All that has come until now is what the client has; it comes back at once, or logs in where it never learnt of an id.
    const { received } = link.raw;
    const id = /<enabled [^>]*id="([^"]*)"/.exec(received)?.[1];
    const after = id === undefined ? "" : received.slice(received.indexOf("<enabled "));
    const had = after.match(/<(?:message|presence|iq)[ >]/g)?.length ?? 0;
    await at.crash();
    const seen = [...after.matchAll(/<body>(\d)</g)].map(([, body]) => body!);
    if (id === undefined) {
      const client = await at.stage.bound("juliet", "balcony");
      await client.enable();
      client.send("<presence/>");
      seen.push(...bodies(await client.settled()));
      client.ack();
      await client.close();
    } else {
      const client = new ManagedClient(at.server, { user: "juliet", resource: "balcony" }, link.link);
      client.id = id;
      client.jid = link.jid;
      client.sent = 1;
      const h = await client.resume({ at: at.server, h: had });
      if (h === 0) client.send("<presence/>");
      seen.push(...bodies(await client.settled()));
      client.ack();
      await client.close();
    }
    expect(seen).toEqual(["1", "2"]);
    const again = await at.stage.bound("juliet", "again");
    again.send("<presence/>");
    expect(bodies(await again.settled())).toEqual([]);
  });

  it.each(points)("messages of a counting client are taken once, killed at commit $commits (told $told)", async ({ commits, told }) => {
    const at = await house();
    const client = await at.stage.resumable("romeo", "orchard", "<presence/>");
    await client.caughtUp();
    const before = client.sent;
    const messages = Array.from({ length: 12 }, (_, n) => chat("juliet@localhost", `${n}`));
    at.mortal.dieAfter(commits, told);
    for (const [n, message] of messages.entries()) {
      client.send(message + (n % 4 === 0 ? "<r xmlns='urn:xmpp:sm:3'/>" : ""));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.race([at.mortal.dead, client.count()]);
    await quiet();
    const acknowledged = [...client.raw.received.matchAll(/<a [^>]*h="(\d+)"/g)].reduce((most, [, h]) => Math.max(most, Number(h)), 0);
    await at.crash();
    const h = await client.resume({ at: at.server });
    // What it has said to have, it has.
    expect(h).toBeGreaterThanOrEqual(Math.max(acknowledged, before));
    client.send(messages.slice(h - before).join(""));
    await client.count();
    const juliet = await at.stage.bound("juliet", "balcony");
    juliet.send("<presence/>");
    expect(bodies(await juliet.settled())).toEqual(messages.map((_, n) => `${n}`));
  });
});

/** What was written before the end is here: two turns of everybody's loop. */
const quiet = () => new Promise((resolve) => setTimeout(resolve, 15));
