/** A client logs in, chats, loses its link, comes back and leaves, before the eyes of the page: at each step it shows what the server has. */
import { describe, expect, it } from "vitest";
import type { SessionView } from "../../../src/domain/session-view.ts";
import { replay } from "../../../src/history/replay.ts";
import { sessionsOf } from "../../../src/history/source.ts";
import type { TestServer } from "../../../src/testing/start-server.ts";
import { chat, gone, hibernating } from "../../management/support.ts";
import { chromiumMissing } from "../../support/chromium.ts";
import { connectRaw } from "../../support/raw-client.ts";
import { bindRequest, saslPlain, streamHeader } from "../../support/login.ts";
import { agrees } from "./agreement.ts";
import { activeStates } from "./active-states.ts";
import { eventually } from "./eventually.ts";
import type { InspectorPage } from "./inspector-page.ts";
import { browserOfFile, browserSetting } from "./setting.ts";

if (chromiumMissing !== undefined) console.warn(`SKIPPED: test/inspector/browser/life: ${chromiumMissing}`);

describe.skipIf(chromiumMissing !== undefined)("The inspector shows what the server has", () => {
  const setting = browserSetting(browserOfFile());

  it("of a login, from the first byte on", async () => {
    const { server, stage } = setting;
    const { romeo } = await stage.cast("romeo");
    const view = await setting.look();
    await view.listSessions();
    await view.watchNew();
    const raw = await connectRaw({ port: server.port });
    const id = await silent(server);
    await view.go(`#/session/${id}/session`);
    const states = [(await agrees(view, server, id)).state];
    const say = async (words: string, answer: string | RegExp) => {
      raw.send(words);
      await raw.expect(answer);
      const { state } = await agrees(view, server, id);
      if (states.at(-1) !== state) states.push(state);
    };
    await say(streamHeader("localhost"), "</stream:features>");
    await say(saslPlain("romeo-1", "wrong"), "</failure>");
    await say(saslPlain("romeo-1"), /<success [^>]*>/);
    await say(streamHeader("localhost"), "</stream:features>");
    await say(bindRequest("phone"), "</iq>");
    await say("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>", "id=\"r\"");
    await say("<presence><priority>7</priority><status>Here</status></presence>", "<presence ");
    await say("<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='juliet@localhost' name='J'/></query></iq>", "id=\"s\"");
    expect(states).toEqual([
      "awaitingStream",
      "negotiating.offering",
      "authenticated.awaitingRestart",
      "authenticated.binding.idle",
      "connected.unavailable+uninterested+attached",
      "connected.unavailable+interested+attached",
      "connected.available+interested+attached",
    ]);
    expect((await view.session()).fields["full_jid"]).toBe(`${romeo}/phone`);
    // All of it stands in the timeline, the password never.
    await view.openTab("Timeline");
    await eventually(async () => (await view.timeline.locator(".timeline-pill").allInnerTexts()).includes("login")).toBe(true);
    await view.page.locator('.timeline-row:has([data-group="sasl"])').first().click();
    await view.page.locator(".timeline-detail").waitFor();
    expect(await view.page.content()).not.toContain(Buffer.from("\0romeo-1\0secret").toString("base64"));
    raw.send("</stream:stream>");
    await raw.closed();
    raw.destroy();
    await eventually(async () => (await view.session()).lit).toEqual(["closed"]);
  });

  it("of stanzas that wait, a lost link, a resumption and an end in order", async () => {
    const { server, stage } = setting;
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const hers = await stage.bound(juliet, "garden");
    const his = await stage.resumable(romeo, "phone", "<presence/>");
    his.ack();
    const view = await setting.look();
    await view.listSessions();
    await view.openLive(his.jid);
    const { id } = (await server.sessions()).find(({ full_jid }) => full_jid === his.jid)!;
    const received = await his.count();
    const base = his.handled;
    const counted = (sent: number, acknowledged: number, more = 0) => ({ received: received + more, sent: base + sent, acknowledged: base + acknowledged });
    await agrees(view, server, id, counted(0, 0));

    for (const body of ["one", "two", "three"]) await hers.ask(chat(his.jid, body));
    await agrees(view, server, id, counted(3, 0));
    for (let times = 0; times < 3; times += 1) await his.next();
    his.ack(base + 2);
    await agrees(view, server, id, counted(3, 2));

    his.cut();
    await hibernating(server, his.jid);
    await agrees(view, server, id, counted(3, 2));
    expect(await view.state()).toContain("hibernating");
    // Of the answers to the same event, the one that was taken.
    expect((await view.session()).taken).toEqual(["link.lost, guard isResumable, to connected.link.hibernating"]);
    await hers.ask(chat(his.jid, "four"));
    await agrees(view, server, id, counted(4, 2));

    await his.resume({ h: base + 3 });
    await agrees(view, server, id, counted(4, 3));
    expect(await view.state()).toContain("attached");
    expect((await view.session()).taken).toEqual(["link.attached, to connected.link.attached"]);
    his.handled = base + 3;
    await his.next();
    his.ack();
    await agrees(view, server, id, counted(4, 4));

    await his.close();
    await gone(server, his.jid);
    await eventually(async () => (await view.session()).lit).toEqual(["closed"]);
    await eventually(() => view.state()).toBe("closed");
    await eventually(() => view.page.locator(".session-title").innerText()).toMatch(/recorded, ended/);
  });

  it("of whom a stanza touched", async () => {
    const { stage } = setting;
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const [his, hers] = [await stage.resumable(romeo, "phone", "<presence/>"), await stage.bound(juliet, "garden")];
    const view = await setting.look();
    await view.listSessions();
    await view.openLive(his.jid, "Sequence");
    await view.slider.waitFor();
    await his.ask(chat(hers.jid, "one"));
    await hers.ask(chat(his.jid, "two"));
    const heads = view.page.getByRole("list", { name: "Who takes part" });
    await eventually(() => heads.innerText()).toContain(hers.jid);
    const steps = view.page.getByRole("listbox", { name: "Steps" }).getByRole("option", { name: /^message/ });
    await eventually(() => steps.count()).toBeGreaterThanOrEqual(3);
  });

  it("at every place of the log, as the command line's replay has it", async () => {
    const { server, stage, source } = setting;
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const hers = await stage.resumable(juliet, "garden", "<presence/>");
    const his = await stage.resumable(romeo, "phone", "<presence><priority>3</priority></presence>");
    await his.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
    await hers.ask(chat(his.jid, "one"));
    await his.vanish(server);
    await hers.ask(chat(his.jid, "two"));
    await his.resume();
    await his.ask("<presence type='unavailable'/>");
    const view = await setting.look();
    await view.listSessions();
    await view.openLive(his.jid);
    await view.slider.waitFor();
    const [session] = await sessionsOf(source, "localhost", romeo.slice(0, romeo.indexOf("@")));
    const { last } = await replay(source, session!, ["last"]);
    // Everything that the log has is here before anybody travels.
    await eventually(() => lastPosition(view)).toBe(last);

    const length = await view.length();
    const seen: { readonly position: number; readonly state: string | null; readonly lit: readonly string[]; readonly priority: unknown; readonly counts: unknown }[] = [];
    for (let index = 0; index < length; index += 1) {
      const { position, state } = await view.travel(index);
      if (position === null || state === null) continue;
      const { lit, fields } = await view.session();
      seen.push({ position, state, lit, priority: fields["priority"], counts: fields["counts"] });
    }
    expect(seen.length).toBeGreaterThan(10);
    const { pasts } = await replay(source, session!, seen.map(({ position }) => position));
    expect(seen).toEqual(
      pasts.map(({ session: { state, priority }, counts }, index) => ({
        position: seen[index]!.position,
        state,
        lit: activeStates(state),
        priority: String(priority),
        counts: counts === null ? null : `${counts.received} received, ${counts.sent} sent, ${counts.acknowledged} acknowledged`,
      })),
    );
    expect(new Set(seen.map(({ state }) => state)).size).toBeGreaterThanOrEqual(5);
  });
});

/** Of the last entry that has one: the last of all may be something that the log does not hold. */
async function lastPosition(view: InspectorPage): Promise<number | null> {
  const length = await view.length();
  for (let index = length - 1; index >= 0; index -= 1) {
    const { position } = await view.travel(index);
    if (position !== null) return position;
  }
  return null;
}

/** The id of the one that has said nothing yet. */
async function silent(server: TestServer): Promise<string> {
  let found: SessionView | undefined;
  await eventually(async () => (found = (await server.sessions()).find(({ state }) => state === "awaitingStream"))).toBeDefined();
  return found!.id;
}
