import { once } from "node:events";
import { describe, expect, it } from "vitest";
import type { ContactPast } from "../../src/history/contact-past.ts";
import type { EndExplanation } from "../../src/history/session-end.ts";
import type { MessageStory } from "../../src/history/message-story.ts";
import type { SessionPast } from "../../src/history/session-past.ts";
import type { SessionView } from "../../src/domain/session-view.ts";
import type { BoundClient } from "../support/login.ts";
import { exitStatus, type Outcome, spawnRefrain } from "./refrain.ts";
import { romeoAndJuliet } from "./romeo-and-juliet.ts";

const stage = romeoAndJuliet();

function json<Value>({ status, stdout, stderr }: Outcome): Value {
  expect([status, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout) as Value;
}

interface Line {
  readonly position: number;
  readonly type: string;
  readonly words: string;
  readonly state?: string;
  readonly content?: string;
  readonly data: { readonly stanza?: string | null };
}

const linesOf = (outcome: Outcome): readonly Line[] => {
  expect([outcome.status, outcome.stderr]).toEqual([0, ""]);
  return outcome.stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as Line);
};

async function manage(client: BoundClient): Promise<string> {
  client.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
  for (;;) {
    const { name, attrs } = await client.next();
    if (name === "enabled") return attrs["id"]!;
  }
}

// The tests of this file are one story: what happens in the first is looked at in all.
describe("What the log tells on the command line", () => {
  let julietId: string;
  let middle: number;

  it("is every fact of an account and its sessions while they happen, for people and as JSON, and no word of what was written", async () => {
    const romeo = await stage.enter("romeo", "orchard");
    const juliet = await stage.enter("juliet", "balcony");
    julietId = await manage(juliet);
    await juliet.ask("<presence><priority>3</priority></presence>");
    await romeo.ask("<message to='juliet@localhost' type='chat' id='m1'><body>what light</body></message>");
    await romeo.ask("<presence to='juliet@localhost' type='subscribe'><status>let me in</status></presence>");
    await juliet.caughtUp();

    const [text, all, contents, one, view] = await stage.runEach(
      ["log", "juliet@localhost"], ["log", "juliet@localhost", "--json"], ["log", "juliet@localhost", "--json", "--contents"], ["log", julietId.slice(0, 6)],
      ["sessions", "--json"],
    );
    const lines = linesOf(all);
    expect(lines.map(({ position }) => position)).toEqual(lines.map(({ position }) => position).toSorted((a, b) => a - b));
    expect(lines.map(({ words }) => words)).toEqual(expect.arrayContaining([
      "the account was created", "bound the resource balcony, with a roster of 0", "romeo@localhost asks to see its presence",
      expect.stringMatching(/^message m1 of type chat from romeo@localhost\/orchard queued as number \d+ \(to the bare JID, which has a resource with priority 0 or more: [^)]*, RFC 6121 section 8\.5\.2\.1\)$/),
    ]));
    expect(text.status).toBe(0);
    const shown = text.stdout.trimEnd().split("\n");
    expect(shown).toHaveLength(lines.length);
    expect(shown.find((line) => line.includes("bound the resource"))).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:.]+Z +\d+ ● balcony [\w-]{6} bound the resource balcony, with a roster of 0 → connected\.unavailable\+uninterested\+attached ← \d+$/,
    );
    for (const { stdout } of [text, all, one]) expect(stdout).not.toMatch(/what light|let me in/);
    const carried = linesOf(contents);
    expect(carried.find(({ words }) => words.startsWith("message m1"))!.content).toContain("what light");
    expect(carried.find(({ type }) => type === "SubscriptionRequested")!.content).toContain("let me in");
    expect(one.stdout.split("\n").length).toBeLessThan(shown.length);

    middle = lines.find(({ words }) => words === "available with priority 3")!.position - 1;
    const live = json<SessionView[]>(view).find(({ id }) => id === julietId)!;
    const { presence, conn, ...properties } = live;
    const [replayed, before] = await stage.runEach(["replay", julietId, "--json", "--contents"], ["replay", "juliet@localhost/balcony", "--at", String(middle), "--json"]);
    const { past } = json<{ readonly past: SessionPast }>(replayed);
    const { presence: kept, ...session } = past.session;
    expect(session).toEqual(properties);
    expect([kept!.text, past.link, conn === null]).toEqual([presence, "attached", false]);
    expect(json<{ readonly past: SessionPast }>(before).past.session).toMatchObject({ priority: 0, presence: null, state: "connected.unavailable+uninterested+attached" });
    await Promise.all([romeo.close(), juliet.close()]);
  });

  it("goes on with --follow, also with sessions that begin later", async () => {
    const child = spawnRefrain(["log", "romeo@localhost", "--follow"], { cwd: stage.cwd });
    let output = "";
    child.stdout!.on("data", (chunk) => (output += String(chunk)));
    const said = async (pattern: RegExp) => {
      while (!pattern.test(output)) await once(child.stdout!, "data");
    };
    await said(/the account was created/);
    const romeo = await stage.enter("romeo", "tomb");
    await said(/tomb [\w-]{6} +bound the resource tomb/);
    await romeo.ask("<presence/>");
    await said(/tomb [\w-]{6} +available with priority 0/);
    await romeo.close();
    await said(/tomb [\w-]{6} +ended: the client closed its stream/);
    child.kill("SIGTERM");
    await exitStatus(child);
  });

  it("says where a message went, why a session ended and since when two see each other, while the server runs and when it does not", async () => {
    const questions = [
      ["explain", "message", "m1", "--json"], ["explain", "message", "m1", "--from", "romeo@localhost", "--to", "juliet@localhost"],
      ["explain", "message", "nothing"], ["explain", "session", julietId.slice(0, 8), "--json"], ["explain", "session", "juliet@localhost/balcony"],
      ["explain", "presence", "juliet@localhost", "romeo@localhost", "--json"], ["replay", julietId, "--diff", String(middle), String(middle + 1)], ["log", julietId, "--follow"],
    ] as const;
    const [message, messageText, nothing, ended, endedText, presence, diff, followed] = await stage.runEach(...questions);
    const story = json<MessageStory>(message);
    expect(story.passages.map(({ where, owner, outcome }) => [where, owner, outcome])).toEqual([
      ["archive", "romeo@localhost", "archived"], ["archive", "juliet@localhost", "archived"],
      ["queue", "juliet@localhost/balcony", "given-on"], ["offline", "juliet@localhost", "kept"],
    ]);
    expect(messageText.stdout).toMatch(/^m1: .*; juliet@localhost: kept until the user is there\.\n {2}\d{4}-/);
    expect(nothing).toMatchObject({ status: 1, stdout: expect.stringMatching(/^the log knows nothing of a stanza with the id nothing\.\n/) });
    const end = json<EndExplanation>(ended);
    expect(end).toMatchObject({ id: julietId, summary: "juliet@localhost/balcony has ended: the client closed its stream", rule: "RFC 6120 section 4.4" });
    expect(end.unacknowledged.map(({ stanza, wentTo }) => [stanza, wentTo])).toContainEqual([
      "message m1 of type chat from romeo@localhost/orchard", expect.stringMatching(/put aside as number 1/),
    ]);
    expect(endedText.stdout).toMatch(/^juliet@localhost\/balcony has ended: the client closed its stream \(RFC 6120 section 4\.4\)\.\nsession /);
    const [ofJuliet, ofRomeo] = json<{ readonly past: readonly ContactPast[] }>(presence).past;
    expect([ofJuliet!.since, ofRomeo!.since]).toMatchObject([{ state: "NoneIn" }, { state: "NoneOut" }]);
    expect(diff.stdout).toMatch(/^priority +0 +3$/m);
    expect(followed.status).toBe(0);

    expect(await stage.stop()).toBe(0);
    const stopped = await stage.runEach(...questions);
    expect(stopped.map(({ status }) => status)).toEqual(stopped.map((_outcome, index) => (index === 2 ? 1 : 0)));
    const facts = /\(\d+ facts looked at\)|"facts": \d+/g;
    for (const index of [0, 1, 3, 4, 6]) expect(stopped[index]!.stdout.replaceAll(facts, "")).toBe([message, messageText, nothing, ended, endedText, presence, diff][index]!.stdout.replaceAll(facts, ""));
    expect(stopped[7]!.stderr).toContain("no server runs");
  });

  it("is asked for rightly, or says what is wrong and what to do, and teaches by its help", async () => {
    const [short, nobody, unknown, at, number, diff, one, both, from, none, ...helps] = await stage.runEach(
      ["log", "abc"], ["log", "ghost@localhost"], ["replay", "nosuchid"], ["replay", julietId, "--at", "999999"], ["replay", julietId, "--at", "soon"],
      ["replay", julietId, "--diff", "1", "999999"], ["replay", julietId, "--diff", "1"], ["replay", julietId, "--at", "1", "--diff", "1", "2"],
      ["explain", "message", "m1", "--from", "@"], ["log"],
      ["log", "--help"], ["replay", "--help"], ["explain", "message", "--help"], ["explain", "session", "--help"],
    );
    expect(short).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(/^error: session "abc": too short; give at least 6 characters[^\n]*\n$/) });
    expect(nobody).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error: ghost@localhost: the log knows nothing of it; [^\n]*\n$/) });
    expect(unknown).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error: session "nosuchid": none has such an id; [^\n]*\n$/) });
    for (const outcome of [at, diff]) expect(outcome).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error: position \d+: session [\w-]+ has facts from \d+ to \d+; [^\n]*\n$/) });
    for (const outcome of [number, one, both, from, none]) expect(outcome).toMatchObject({ status: 2, stdout: "" });
    for (const { status, stdout } of helps) expect([status, stdout]).toEqual([0, expect.stringContaining("\nExamples:\n")]);
  });
});
