import { describe, expect, it } from "vitest";
import type { PresenceExplanation } from "../../src/domain/presence-explanation.ts";
import { arrange } from "../support/contacts.ts";
import type { Outcome } from "./refrain.ts";
import { romeoAndJuliet } from "./romeo-and-juliet.ts";

const stage = romeoAndJuliet();

const both = ["romeo@localhost", "juliet@localhost"] as const;

const presence = (...args: readonly string[]) => ["explain", "presence", ...args];

function explained({ status, stdout, stderr }: Outcome): PresenceExplanation {
  expect([status, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout) as PresenceExplanation;
}

/** Since when it is so stands below all that is so. */
function splitAtLast(text: string): readonly [string, string] {
  const at = text.lastIndexOf("\n\n");
  return [text.slice(0, at + 1), text.slice(at + 2)];
}

function withoutPlaces(line: string): string {
  return line.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/, "TIME").replace(/TIME +\d+/, "TIME N").replace(/position \d+/, "position N").replace(/session [\w-]{22}/, "session ID");
}

describe("refrain explain presence", () => {
  it("says who sees whom and why, while the server runs and when it does not", async () => {
    const romeo = await stage.enter("romeo", "orchard");
    const phone = await stage.enter("romeo", "phone");
    const juliet = await stage.enter("juliet", "balcony");
    await arrange(romeo, juliet, "ToIn");
    await romeo.ask("<presence/>");
    await juliet.ask("<presence/>");
    await phone.ask("<presence to='juliet@localhost/balcony'/>");

    const bothWays = () => stage.runEach(presence(...both), presence(...both, "--json"));
    const [text, json] = await bothWays();
    const [now, since] = splitAtLast(text.stdout);
    expect({ ...text, stdout: now }).toEqual({
      status: 0,
      stderr: "",
      stdout: `\
romeo@localhost sees juliet@localhost: the roster of juliet@localhost says From + Pending Out (RFC 6121 section 4.2.2), the roster of romeo@localhost says To + Pending In.
  - the roster of juliet@localhost says From + Pending Out of romeo@localhost: its presence goes to romeo@localhost when it changes (RFC 6121 section 4.2.2)
  - the roster of romeo@localhost says To + Pending In of juliet@localhost: a resource that becomes available asks for the presence of juliet@localhost (RFC 6121 section 4.3.1)
  - available now: juliet@localhost/balcony (RFC 6121 section 4.3.2)
  - romeo@localhost/orchard is told of juliet@localhost/balcony (RFC 6121 section 4.2.3)
  - romeo@localhost/phone is told nothing: it is not available itself (RFC 6121 section 4.2.3)

juliet@localhost sees of romeo@localhost only directed presence: that of romeo@localhost/phone (RFC 6121 section 4.6.4).
  - the roster of romeo@localhost says To + Pending In of juliet@localhost: its presence does not go to juliet@localhost (RFC 6121 section 4.2.2)
  - the roster of juliet@localhost says From + Pending Out of romeo@localhost: a resource that becomes available does not ask for the presence of romeo@localhost (RFC 6121 section 4.3.1)
  - the request of juliet@localhost is shown to each resource of romeo@localhost that becomes available, until it is answered (RFC 6121 section 3.1.3)
  - available now: romeo@localhost/orchard (RFC 6121 section 4.3.2)
  - romeo@localhost/phone has sent directed presence to juliet@localhost/balcony, which is told when it ends (RFC 6121 section 4.6.3)
  - juliet@localhost/balcony is told of romeo@localhost/phone by directed presence (RFC 6121 section 4.6.4)

ACCOUNT           STATE               IN ROSTER  APPROVED  BLOCKS  RESOURCES
romeo@localhost   To + Pending In     yes        -         -       orchard, phone (not available)
juliet@localhost  From + Pending Out  yes        -         -       balcony
`,
    });
    expect(since.split("\n").map(withoutPlaces)).toEqual([
      "romeo@localhost: To + Pending In since TIME, position N",
      "  TIME N  contact juliet@localhost set: subscription none, asked (roster version 1) → None + Pending Out",
      "  TIME N  contact juliet@localhost set: subscription to (roster version 2) → To",
      "  TIME N  juliet@localhost asks to see its presence → To + Pending In",
      "romeo@localhost/orchard available since TIME, position N (session ID)",
      "juliet@localhost: From + Pending Out since TIME, position N",
      "  TIME N  romeo@localhost asks to see its presence → None + Pending In",
      "  TIME N  the request of romeo@localhost is settled",
      "  TIME N  contact romeo@localhost set: subscription from (roster version 1) → From",
      "  TIME N  contact romeo@localhost set: subscription from, asked (roster version 2) → From + Pending Out",
      "juliet@localhost/balcony available since TIME, position N (session ID)",
      "",
    ]);
    const running = explained(json);
    expect(running.running).toBe(true);
    expect(running.directions.map(({ verdict, rostersAgree }) => [verdict, rostersAgree])).toEqual([["sees", true], ["directed-only", true]]);

    await juliet.ask("<iq type='set' id='1'><block xmlns='urn:xmpp:blocking'><item jid='romeo@localhost'/></block></iq>");
    expect(explained(await stage.run(...presence(...both, "--json"))).directions.map(({ verdict }) => verdict)).toEqual(["blocked", "blocked"]);
    await juliet.ask("<iq type='set' id='2'><unblock xmlns='urn:xmpp:blocking'/></iq>");
    await Promise.all([romeo.close(), phone.close(), juliet.close()]);

    expect(await stage.stop()).toBe(0);
    const [textStopped, jsonStopped] = await bothWays();
    const stopped = explained(jsonStopped);
    expect(stopped.running).toBe(false);
    expect(stopped.directions.map(({ verdict }) => verdict)).toEqual(["sees", "waiting"]);
    expect(stopped.parties.map(({ contact }) => contact)).toEqual(running.parties.map(({ contact }) => contact));
    expect(stopped.parties.map(({ resources }) => resources)).toEqual([[], []]);
    expect(textStopped.stdout).toContain("; no server runs, so nobody is there.\n");
  });

  it("says what one side knows of somebody of another server", async () => {
    const [json, { stdout }] = await stage.runEach(presence("romeo@localhost", "zeno@example.net", "--json"), presence("zeno@example.net", "romeo@localhost"));
    const { parties, directions } = explained(json);
    expect(directions.map(({ verdict }) => verdict)).toEqual(["foreign", "foreign"]);
    expect(parties.map(({ contact }) => contact?.stateName ?? null)).toEqual(["None", null]);
    expect(stdout).toMatch(/^zeno@example\.net +not known here +-/m);
  });

  it("says what one side knows of somebody who has no account", async () => {
    const { status, stdout } = await stage.run(...presence("romeo@localhost", "ghost@localhost"));
    expect(status).toBe(0);
    expect(stdout).toMatch(/^romeo@localhost does not see ghost@localhost: there is no account ghost@localhost/);
    expect(stdout).toMatch(/^ghost@localhost +no such account +-/m);
  });

  it("says what is wrong with an account, and what to do, and teaches by its help", async () => {
    const [absent, foreign, malformed, missing, other, group, command] = await stage.runEach(
      presence("ghost@localhost", "nobody@localhost"), presence("a@one.example", "b@two.example"), presence("romeo@localhost/orchard", "juliet@localhost"),
      presence("romeo@localhost"), ["explain", "presense"], ["explain", "--help"], presence("--help"),
    );
    expect(absent).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(/^error: ghost@localhost: there is no such account; check /) });
    expect(foreign).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error: one\.example: not a host of this server, which has localhost; /) });
    expect(malformed).toMatchObject({ status: 1, stderr: 'error: JID "romeo@localhost/orchard": expected USER@HOST, such as romeo@localhost\n' });
    expect(missing).toMatchObject({ status: 2, stderr: expect.stringContaining("missing required argument 'B'") });
    expect(other).toMatchObject({ status: 2, stderr: expect.stringContaining("Did you mean presence?") });
    for (const { status, stdout } of [group, command]) {
      expect(status).toBe(0);
      expect(stdout).toContain("\nExamples:\n");
    }
    expect(command.stdout).toContain("RFC 6121 appendix A.1");
  });
});
