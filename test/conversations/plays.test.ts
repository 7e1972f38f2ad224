/** Performs every play of this folder, each on a server of its own. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { startServer } from "../../src/testing/start-server.ts";
import { secret } from "../component/setting.ts";
import { parsePlay, type Play } from "./parse.ts";
import { perform } from "./stage.ts";

const folder = new URL("./", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".play")).toSorted();

const uploadFolder = mkdtempSync(join(tmpdir(), "refrain-plays-"));
afterAll(() => rmSync(uploadFolder, { recursive: true, force: true }));

async function performed(play: Play): Promise<void> {
  const server = await startServer({
    allowPlaintext: true, http: true, parts: { uploadFolder }, admins: ["escalus@localhost"],
    components: [{ domain: "echo.localhost", secret }],
    contact: { abuse: ["mailto:abuse@localhost", "xmpp:escalus@localhost"], support: ["https://localhost/help"] },
    externalServices: [{ type: "stun", host: "stun.localhost" }, { type: "turn", host: "turn.localhost", transport: "tcp", secret: "between us" }],
  });
  try {
    for (const user of new Set([...play.cast.values()].flatMap((role) => role.user ?? []))) await server.addUser(user, "secret");
    await perform(play, server, "plaintext");
  } finally {
    await server.stop();
  }
}

describe("conversations", () => {
  it.each(files.map((file) => ({ file, play: parsePlay(readFileSync(new URL(file, folder), "utf8")) })))(
    "$file: $play.title", ({ play }) => performed(play),
  );
});

describe("a play that does not go as it is written", () => {
  const cast = "A trial\n\nCast:\n  Romeo is romeo@localhost/orchard\n  Juliet is juliet@localhost/balcony\n\nRomeo logs in.\nJuliet logs in.\n";
  const says = "Romeo sends:\n  <message to='juliet@localhost/balcony' id='m1' type='chat'><body>Hist!</body></message>\n";
  const hears = (stanza: string) => `Juliet receives:\n  ${stanza}\n`;
  const message = (body = "Hist!", attributes = "type='chat'") =>
    `<message ${attributes} to='juliet@localhost/balcony' from='romeo@localhost/orchard'><body>${body}</body></message>`;
  const failure = async (text: string): Promise<string> => {
    try {
      await performed(parsePlay(cast + text));
    } catch (error) {
      return (error as Error).message.replaceAll(/<stanza-id [^>]*\/>/g, "");
    }
    throw new Error("the play was performed to its end");
  };

  it("goes well with attributes in any order and an id that it does not mention", () => performed(parsePlay(cast + says + hears(message()))));

  it("tells of a stanza that did not come", async () => {
    expect(await failure(hears(message()))).toBe(
      "line 9: Juliet was to receive\n    <message from='romeo@localhost/orchard' to='juliet@localhost/balcony' type='chat'><body>Hist!</body></message>\n" +
      "  but nothing came",
    );
  });

  it("tells of a stanza that is not in the play, where it says so and at the end", async () => {
    const extra = "Juliet received what is not in the play\n    <message from='romeo@localhost/orchard' id='m1' " +
      "to='juliet@localhost/balcony' type='chat'><body>Hist!</body></message>";
    expect(await failure(`${says}Juliet receives nothing.\n`)).toBe(`line 11: ${extra}`);
    expect(await failure(says)).toBe(`at the end: ${extra}`);
    expect(await failure(`${says}Juliet leaves.\n`)).toBe(`line 11: ${extra}`);
  });

  it.each([
    ["another text", message("Hush!"), `<body/>: expected the text "Hush!", received "Hist!"`],
    ["another attribute", message("Hist!", "type='normal'"), "<message/>: expected type='normal', received type='chat'"],
    ["an attribute too few", message("Hist!", ""), "<message/>: the attribute type='chat' is not in the play"],
    ["an attribute too many", message("Hist!", "type='chat' xml:lang='en'"), "<message/>: the attribute xml:lang is missing"],
    ["a child too few", message().replace(/<body>.*<\/body>/, ""), "<message/>: its child <body/> is not in the play"],
    ["a child too many", message("Hist!</body><body>"), "<message/>: its child <body/> is missing"],
    ["another kind", "<presence/>", "expected <presence/>, received <message/>"],
    ["another namespace", message().replace("<body>", "<body xmlns='urn:x'>"), "<body/>: expected the namespace urn:x, received jabber:client"],
    ["a name that stands for something else", message("{Romeo}"), `<body/>: expected the text "romeo@localhost/orchard", received "Hist!"`],
  ])("tells of %s", async (_, expected, why) => {
    const text = await failure(says + hears(expected));
    expect(text).toMatch(/^line 11: Juliet was to receive\n {4}<.*>\n {2}but received\n {4}<message .*>\n {2}/);
    expect(text.split("\n").at(-1)).toBe(`  ${why}`);
  });

  it("tells of another stream error than the one that it says, and of none", async () => {
    const breaks = "Romeo sends:\n  <nonsense/>\nRomeo's stream ends with ";
    await performed(parsePlay(`${cast}${breaks}unsupported-stanza-type.\n`));
    expect(await failure(`${breaks}conflict.\n`)).toMatch(/^line 11: Romeo's stream ended with <error .*<unsupported-stanza-type /);
    expect(await failure("Romeo's stream ends with conflict.\n")).toMatch(/^line 9: .* no element came in 1000 ms$/);
  });

  it.each([
    ["Romeo sings.\n", `line 9: not a scene: "Romeo sings."`],
    ["Tybalt leaves.\n", "line 9: Tybalt is not in the cast"],
    ["Romeo leaves.\nRomeo receives nothing.\n", "line 10: Romeo is not there"],
  ])("names the line of what it cannot read: %s", async (text, why) => {
    expect(await failure(text)).toBe(why);
  });
});
