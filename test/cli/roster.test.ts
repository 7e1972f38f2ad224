import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RosterView } from "../../src/admin/roster-view.ts";
import { subscription } from "../support/contacts.ts";
import { login } from "../support/login.ts";
import { newFolder, type Outcome, refrain } from "./refrain.ts";
import { type Serving, serving } from "./serving.ts";

let cwd: string;
let server: Serving;

beforeAll(async () => {
  cwd = newFolder();
  server = await serving(cwd);
  await refrain(["user", "import", "-"], { cwd, input: "romeo@localhost\tsecret\njuliet@localhost\tsecret\n" });
});
afterAll(async () => {
  await server.stop();
  rmSync(cwd, { recursive: true });
});

const run = (...args: readonly string[]): Promise<Outcome> => refrain(["roster", ...args], { cwd });
const done = (stdout: string) => ({ status: 0, stdout, stderr: "" });

describe("refrain roster", () => {
  it("says so of an account without contacts", async () => {
    const { status, stdout, stderr } = await run("juliet@localhost");
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^roster of juliet@localhost, version \w+-0\nno contacts yet; [^\n]+\n$/);
  });

  it("shows the same while the server runs and when it does not", async () => {
    const romeo = await login(server, { user: "romeo", over: "plaintext" });
    const juliet = await login(server, { user: "juliet", over: "plaintext" });
    const item = "<item jid='nurse@example.net' name='The\u0085Nurse'><group>Verona</group><group>House</group></item>";
    await romeo.ask(`<iq type='set' id='1'><query xmlns='jabber:iq:roster'>${item}</query></iq>`);
    await romeo.ask(subscription("subscribed", "benvolio@example.net"));
    await romeo.ask(subscription("subscribe", "juliet@localhost"));
    await juliet.ask(subscription("subscribe", "romeo@localhost"));
    await romeo.ask("<iq type='set' id='2'><block xmlns='urn:xmpp:blocking'><item jid='tybalt@example.net'/></block></iq>");
    await Promise.all([romeo.close(), juliet.close()]);

    const [text, json] = await Promise.all([run("Romeo@LOCALHOST"), run("romeo@localhost", "--json")]);
    const roster = JSON.parse(json.stdout) as RosterView;
    expect(text).toEqual(
      done(
        [
          `roster of romeo@localhost, version ${roster.version}`,
          "JID                   NAME       GROUPS         SUBSCRIPTION  ASK  APPROVED",
          "benvolio@example.net  -          -              none          -    yes",
          "juliet@localhost      -          -              none          yes  -",
          "nurse@example.net     The\u{FFFD}Nurse  Verona, House  none          -    -",
          "wait for an answer: juliet@localhost",
          "blocked: tybalt@example.net",
          "",
        ].join("\n"),
      ),
    );
    expect(json).toMatchObject({ status: 0, stderr: "" });
    expect(roster).toMatchObject({
      jid: "romeo@localhost",
      version: expect.stringMatching(/^\w+-3$/),
      contacts: [
        { jid: "benvolio@example.net", approved: true, version: 2 },
        { jid: "juliet@localhost", ask: true, subscription: "none", version: 3 },
        { jid: "nurse@example.net", name: "The\u0085Nurse", groups: ["Verona", "House"], version: 1 },
      ],
      requests: [{ jid: "juliet@localhost", stanza: expect.stringContaining('type="subscribe"') }],
      blocked: ["tybalt@example.net"],
    });

    expect(await server.stop()).toBe(0);
    expect(await Promise.all([run("romeo@localhost"), run("romeo@localhost", "--json")])).toEqual([text, json]);
  });

  it("says what is wrong with the account, and what to do", async () => {
    const [absent, foreign, malformed, missing] = await Promise.all([run("nobody@localhost"), run("a@example.net"), run("romeo"), run()]);
    expect(absent).toEqual({ status: 1, stdout: "", stderr: "error: nobody@localhost: there is no such account; check the spelling, `refrain user list` shows those that exist\n" });
    expect(foreign).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error: example\.net: not a host of this server, which has localhost; /) });
    expect(malformed).toMatchObject({ status: 1, stderr: 'error: JID "romeo": expected USER@HOST, such as romeo@localhost\n' });
    expect(missing).toMatchObject({ status: 2, stderr: expect.stringContaining("missing required argument 'JID'") });
  });

  it("makes no data folder by looking for one", async () => {
    const outcome = await run("romeo@localhost", "--data", "elsewhere");
    expect(outcome).toMatchObject({ status: 1, stderr: expect.stringContaining("does not exist") });
    expect(existsSync(join(cwd, "elsewhere"))).toBe(false);
  });

  it("teaches by its help", async () => {
    const { status, stdout } = await run("--help");
    expect(status).toBe(0);
    for (const part of ["SUBSCRIPTION", "RFC 6121 section 2.1.2.5", "\nExamples:\n", "--json"]) expect(stdout).toContain(part);
  });
});
