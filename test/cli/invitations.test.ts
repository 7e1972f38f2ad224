import { describe, expect, it } from "vitest";
import type { InvitationView, Invited } from "../../src/admin/api.ts";
import { romeoAndJuliet } from "./romeo-and-juliet.ts";

const stage = romeoAndJuliet();

const uri = /^xmpp:mercutio@localhost\?register;preauth=[0-9a-f]{32}$/;

async function listed(): Promise<readonly InvitationView[]> {
  return JSON.parse((await stage.run("user", "invitations", "--json")).stdout) as readonly InvitationView[];
}

/** What does not depend on whether a server runs. */
async function inviteAndTakeBack(page: RegExp | undefined): Promise<void> {
  const before = (await listed()).length;
  const [made, taken, json] = await stage.runEach(
    ["user", "invite", "--name", "Mercutio", "--contact", "romeo@localhost"], ["user", "invite", "--name", "mercutio"], ["user", "invite", "--days", "1", "--json"],
  );
  const lines = made!.stdout.trimEnd().split("\n");
  expect(lines[0]).toMatch(uri);
  if (page !== undefined) expect(lines[1]).toMatch(page);
  expect(lines.at(-1)).toMatch(/^invitation [0-9a-f]{32}, good until \d{4}-/);
  expect(lines).toHaveLength(page === undefined ? 2 : 3);
  expect(taken).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining("mercutio@localhost: an invitation keeps that name free") });
  const { id, expiresAt, uri: any } = JSON.parse(json!.stdout) as Invited;
  expect(any).toMatch(/^xmpp:localhost\?register;preauth=/);
  expect((expiresAt - Date.now()) / 86_400_000).toBeCloseTo(1, 1);

  const [list, revoked, again, unknown, added] = await stage.runEach(
    ["user", "invitations"], ["user", "invite", "--revoke", id.slice(0, 12)], ["user", "invite", "--revoke", id], ["user", "invite", "--revoke", "zzzz"], ["user", "add", "mercutio@localhost", "--password", "x"],
  );
  expect(list!.stdout.split("\n").slice(before)[0]).toMatch(/^[0-9a-f]{32} {2}mercutio@localhost, for romeo@localhost: good until \d{4}-/);
  expect(revoked).toEqual({ status: 0, stdout: `took back invitation ${id}\n`, stderr: "" });
  expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining("it was taken back already") });
  expect(unknown).toMatchObject({ status: 1, stderr: expect.stringContaining("there is none of that id") });
  expect(added!.status).not.toBe(0);
  expect((await listed()).slice(before).map(({ state, username }) => `${username} ${state}`)).toEqual(["mercutio open", "null revoked"]);
  // For the next one.
  const reserved = (await listed()).find(({ username, state }) => username === "mercutio" && state === "open");
  expect(await stage.run("user", "invite", "--revoke", reserved!.id)).toMatchObject({ status: 0 });
}

describe("refrain user invite and invitations", () => {
  it("make, list and take back links of a running server", async () => {
    await inviteAndTakeBack(/^http:\/\/127\.0\.0\.1:\d+\/invite\/[0-9a-f]{32}$/);
  });

  it("say what is wrong", async () => {
    const outcomes = await stage.runEach(
      ["user", "invite", "--days", "0"], ["user", "invite", "--days", "x"], ["user", "invite", "--name", "a b"], ["user", "invite", "--name", "romeo"],
      ["user", "invite", "--contact", "nobody@localhost"], ["user", "invite", "--domain", "elsewhere.example"],
    );
    const words = ["--days 0: expected", "--days x: expected", "no address can have it", "there is such an account already", "there is no such account", "not a host of this server"];
    expect(outcomes.map(({ status, stderr }, index) => [status, stderr.includes(words[index]!) ? words[index] : stderr])).toEqual(words.map((text) => [1, text]));
  });

  it("do the same where no server runs", async () => {
    expect(await stage.stop()).toBe(0);
    await inviteAndTakeBack(/^http:\/\/127\.0\.0\.1:5280\/invite\/[0-9a-f]{32}$/);
  });

  it("leave a log that can be verified", async () => {
    expect(await stage.run("log", "verify")).toMatchObject({ status: 0 });
  });
});
