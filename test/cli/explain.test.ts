import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PresenceExplanation } from "../../src/domain/presence-explanation.ts";
import { arrange } from "../support/contacts.ts";
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

const run = (...args: readonly string[]): Promise<Outcome> => refrain(["explain", "presence", ...args], { cwd });
const both = ["romeo@localhost", "juliet@localhost"] as const;

async function explained(...args: readonly string[]): Promise<PresenceExplanation> {
  const { status, stdout, stderr } = await run(...args, "--json");
  expect([status, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout) as PresenceExplanation;
}

describe("refrain explain presence", () => {
  it("says who sees whom and why, while the server runs and when it does not", async () => {
    const romeo = await login(server, { user: "romeo", over: "plaintext", resource: "orchard" });
    const phone = await login(server, { user: "romeo", over: "plaintext", resource: "phone" });
    const juliet = await login(server, { user: "juliet", over: "plaintext", resource: "balcony" });
    await arrange(romeo, juliet, "ToIn");
    await romeo.ask("<presence/>");
    await juliet.ask("<presence/>");
    await phone.ask("<presence to='juliet@localhost/balcony'/>");

    expect(await run(...both)).toEqual({
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
    const running = await explained(...both);
    expect(running.running).toBe(true);
    expect(running.directions.map(({ verdict, rostersAgree }) => [verdict, rostersAgree])).toEqual([["sees", true], ["directed-only", true]]);

    await juliet.ask("<iq type='set' id='1'><block xmlns='urn:xmpp:blocking'><item jid='romeo@localhost'/></block></iq>");
    expect((await explained(...both)).directions.map(({ verdict }) => verdict)).toEqual(["blocked", "blocked"]);
    await juliet.ask("<iq type='set' id='2'><unblock xmlns='urn:xmpp:blocking'/></iq>");
    await Promise.all([romeo.close(), phone.close(), juliet.close()]);

    expect(await server.stop()).toBe(0);
    const stopped = await explained(...both);
    expect(stopped.running).toBe(false);
    expect(stopped.directions.map(({ verdict }) => verdict)).toEqual(["sees", "waiting"]);
    expect(stopped.parties.map(({ contact }) => contact)).toEqual(running.parties.map(({ contact }) => contact));
    expect(stopped.parties.map(({ resources }) => resources)).toEqual([[], []]);
    expect((await run(...both)).stdout).toContain("; no server runs, so nobody is there.\n");
  });

  it("says what one side knows of somebody of another server", async () => {
    const { parties, directions } = await explained("romeo@localhost", "zeno@example.net");
    expect(directions.map(({ verdict }) => verdict)).toEqual(["foreign", "foreign"]);
    expect(parties.map(({ contact }) => contact?.stateName ?? null)).toEqual(["None", null]);
    const { stdout } = await run("zeno@example.net", "romeo@localhost");
    expect(stdout).toMatch(/^zeno@example\.net +not known here +-/m);
  });

  it("says what is wrong with an account, and what to do", async () => {
    const [absent, foreign, malformed, missing, other] = await Promise.all([
      run("romeo@localhost", "nobody@localhost"),
      run("a@one.example", "b@two.example"),
      run("romeo@localhost/orchard", "juliet@localhost"),
      run("romeo@localhost"),
      refrain(["explain", "presense"], { cwd }),
    ]);
    expect(absent).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(/^error: nobody@localhost: there is no such account; check /) });
    expect(foreign).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error: one\.example: not a host of this server, which has localhost; /) });
    expect(malformed).toMatchObject({ status: 1, stderr: 'error: JID "romeo@localhost/orchard": expected USER@HOST, such as romeo@localhost\n' });
    expect(missing).toMatchObject({ status: 2, stderr: expect.stringContaining("missing required argument 'B'") });
    expect(other).toMatchObject({ status: 2, stderr: expect.stringContaining("Did you mean presence?") });
  });

  it("teaches by its help", async () => {
    const [group, command] = await Promise.all([refrain(["explain", "--help"], { cwd }), run("--help")]);
    for (const { status, stdout } of [group, command]) {
      expect(status).toBe(0);
      expect(stdout).toContain("\nExamples:\n");
    }
    expect(command.stdout).toContain("RFC 6121 appendix A.1");
  });
});
