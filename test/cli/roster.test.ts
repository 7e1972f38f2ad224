import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RosterView } from "../../src/admin/roster-view.ts";
import { subscription } from "../support/contacts.ts";
import { romeoAndJuliet } from "./romeo-and-juliet.ts";

const stage = romeoAndJuliet();

const done = (stdout: string) => ({ status: 0, stdout, stderr: "" });

describe("refrain roster", () => {
  it("says so of an account without contacts", async () => {
    const { status, stdout, stderr } = await stage.run("roster", "juliet@localhost");
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^roster of juliet@localhost, version \w+-0\nno contacts yet; [^\n]+\n$/);
  });

  it("shows the same while the server runs and when it does not", async () => {
    const [romeo, juliet] = [await stage.enter("romeo"), await stage.enter("juliet")];
    const item = "<item jid='nurse@example.net' name='The\u0085Nurse'><group>Verona</group><group>House</group></item>";
    await romeo.ask(`<iq type='set' id='1'><query xmlns='jabber:iq:roster'>${item}</query></iq>`);
    await romeo.ask(subscription("subscribed", "benvolio@example.net"));
    await romeo.ask(subscription("subscribe", "juliet@localhost"));
    await juliet.ask(subscription("subscribe", "romeo@localhost"));
    await romeo.ask("<iq type='set' id='2'><block xmlns='urn:xmpp:blocking'><item jid='tybalt@example.net'/></block></iq>");
    await Promise.all([romeo.close(), juliet.close()]);

    const both = () => stage.runEach(["roster", "Romeo@LOCALHOST"], ["roster", "romeo@localhost", "--json"]);
    const [text, json] = await both();
    const roster = JSON.parse(json.stdout) as RosterView;
    expect(text).toEqual(
      done(
        [
          `roster of romeo@localhost, version ${roster.version}`,
          "JID                   NAME       GROUPS         SUBSCRIPTION  ASK  APPROVED",
          "benvolio@example.net  -          -              none          -    yes",
          "juliet@localhost      -          -              none          yes  -",
          "nurse@example.net     The\u{FFFD}Nurse  Verona, House  none          -    -",
          "ask to see romeo@localhost: juliet@localhost",
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

    expect(await stage.stop()).toBe(0);
    expect(await both()).toEqual([text, json]);
  });

  it("says what is wrong with the account, and what to do, and teaches by its help", async () => {
    const [absent, foreign, malformed, missing, elsewhere, help] = await stage.runEach(
      ["roster", "nobody@localhost"], ["roster", "a@example.net"], ["roster", "romeo"], ["roster"], ["roster", "romeo@localhost", "--data", "elsewhere"],
      ["roster", "--help"],
    );
    expect(absent).toEqual({ status: 1, stdout: "", stderr: "error: nobody@localhost: there is no such account; check the spelling; `refrain user list` shows which there are\n" });
    expect(foreign).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error: example\.net: not a host of this server, which has localhost; /) });
    expect(malformed).toMatchObject({ status: 1, stderr: 'error: JID "romeo": expected USER@HOST, such as romeo@localhost\n' });
    expect(missing).toMatchObject({ status: 2, stderr: expect.stringContaining("missing required argument 'JID'") });
    expect(elsewhere).toMatchObject({ status: 1, stderr: expect.stringContaining("does not exist") });
    expect(existsSync(join(stage.cwd, "elsewhere"))).toBe(false);
    expect(help.status).toBe(0);
    for (const part of ["SUBSCRIPTION", "RFC 6121 section 2.1.2.5", "\nExamples:\n", "--json"]) expect(help.stdout).toContain(part);
  });
});
