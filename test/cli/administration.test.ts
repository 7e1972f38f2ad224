import { describe, expect, it } from "vitest";
import { childOf, textOf } from "../support/xml-reader.ts";
import { romeoAndJuliet } from "./romeo-and-juliet.ts";

const stage = romeoAndJuliet();

const done = (stdout: string, stderr = "") => ({ status: 0, stdout, stderr });

describe("refrain announce, motd and session end", () => {
  it("do to who is here what administrators do from a client", async () => {
    const romeo = await stage.enter("romeo", "phone");
    await romeo.ask("<presence/>");
    const [none, told, set, shown] = await stage.runEach(["motd", "show"], ["announce", "at eight"], ["motd", "set", "be kind"], ["motd", "show"]);
    expect([told, set, shown]).toEqual([done("told to 1 session\n"), done("set the message of the day\n"), done("be kind\n")]);
    expect(none).toMatchObject({ status: 0, stdout: "", stderr: expect.stringContaining("there is no message of the day") });
    expect((await romeo.caughtUp()).map((stanza) => textOf(childOf(stanza, "body")))).toEqual(["at eight", "be kind"]);

    const [edited, deleted, ended, again, nobody, empty] = await stage.runEach(
      ["motd", "set", "--edit", "be brief"], ["motd", "delete"], ["session", "end", "romeo@localhost/phone"], ["session", "end", "romeo@localhost"],
      ["session", "end", "nobody@localhost"], ["announce", " "],
    );
    expect([edited, deleted, ended, again]).toEqual([
      done("set the message of the day\n"), done("deleted the message of the day\n"), done("ended 1 session\n"), done("ended 0 sessions\n"),
    ]);
    expect(nobody).toMatchObject({ status: 1, stderr: expect.stringContaining("nobody@localhost: there is no such account") });
    expect(empty).toMatchObject({ status: 1, stderr: expect.stringContaining("the text: expected at least a word") });
    await romeo.raw.expect("<policy-violation");
  });

  it("say so where no server runs", async () => {
    expect(await stage.stop()).toBe(0);
    for (const outcome of await stage.runEach(["announce", "x"], ["motd", "show"], ["session", "end", "romeo@localhost"])) {
      expect(outcome).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(/no server runs on it to .*; start it/) });
    }
  });

  it("leave a log that can be verified", async () => {
    expect(await stage.run("log", "verify")).toMatchObject({ status: 0 });
  });
});
