import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type BoundClient, login } from "../support/login.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";
import { newFolder, type Outcome, refrainLines, refrainOnce } from "./refrain.ts";
import { type Serving, serving } from "./serving.ts";

let cwd: string;

function run(line: string, input?: string): Promise<Outcome> {
  return refrainOnce(line.split(" "), { cwd, ...(input === undefined ? {} : { input }) });
}

/** One after the other, in one process. */
const runEach = <const Lines extends readonly string[]>(...lines: Lines) => refrainLines(lines, { cwd });

const done = (stdout: string) => ({ status: 0, stdout, stderr: "" });
const path = (...names: string[]) => join(cwd, ...names);

const header = '{"format":"refrain-accounts","version":1}';
const footer = '{"end":true}';
const lines = (...accounts: readonly object[]) => `${[header, ...accounts.map((account) => JSON.stringify(account)), footer].join("\n")}\n`;

const keysOf = (bytes: number) => ({ salt: "AAAA", iterations: 4096, storedKey: Buffer.alloc(bytes).toString("base64"), serverKey: Buffer.alloc(bytes).toString("base64") });
const credentials = { "SCRAM-SHA-1": keysOf(20), "SCRAM-SHA-256": keysOf(32) };

describe("refrain export and refrain import, while no server runs", () => {
  beforeEach(() => {
    cwd = newFolder();
  });
  afterEach(() => {
    rmSync(cwd, { recursive: true });
  });

  it("take accounts from one data folder to another, in either format", async () => {
    await run("user import -", "romeo@localhost\tsecret\njuliet@localhost\tsecret\n");
    expect(await runEach("export", "export --format xep-0227")).toEqual([
      done("exported 2 accounts to accounts.jsonl\n"), done("exported 2 accounts to accounts.xml\n"),
    ]);
    const files = ["accounts.jsonl", "accounts.xml"];
    await Promise.all(files.map(async (file) => {
      const outcomes = await runEach(`import ${file} --data ${file}.data`, `export --data ${file}.data --out ${file}.again`);
      expect(outcomes).toEqual([done("imported 2 accounts\n"), done(`exported 2 accounts to ${file}.again\n`)]);
      expect(readFileSync(path(`${file}.again`), "utf8")).toBe(readFileSync(path("accounts.jsonl"), "utf8"));
    }));
  });

  it("make a file that nobody else reads, and replace none unasked", async () => {
    writeFileSync(path("in"), lines({ jid: "romeo@localhost", credentials }));
    writeFileSync(path("there"), "something", { mode: 0o644 });
    writeFileSync(path("open"), "something else", { mode: 0o644 });
    const outcomes = await runEach("import in", "export --out out", "export --out there romeo@localhost", "export --out open --force", "export --out nowhere/out");
    expect(outcomes).toEqual([
      done("imported 1 account\n"),
      done("exported 1 account to out\n"),
      { status: 2, stdout: "", stderr: "error: there: is there already; name another file, or replace it with --force\n" },
      done("exported 1 account to open\n"),
      { status: 2, stdout: "", stderr: expect.stringMatching(/^error: nowhere\/out: cannot be written \(ENOENT\); /) as string },
    ]);
    expect(readFileSync(path("there"), "utf8")).toBe("something");
    for (const file of ["out", "open"]) {
      expect(statSync(path(file)).mode & 0o777).toBe(0o600);
      expect(readFileSync(path(file), "utf8")).toBe(readFileSync(path("in"), "utf8"));
    }
    expect(readdirSync(cwd).toSorted()).toEqual(["data", "in", "open", "out", "there"]);
  });

  it("write to standard output only if that is asked for, and read standard input", async () => {
    const text = lines({ jid: "romeo@localhost", credentials });
    expect(await run("import -", text)).toEqual(done("imported 1 account\n"));
    const { status, stdout, stderr } = await run("export --out -");
    expect([status, stderr]).toEqual([0, "exported 1 account to standard output\n"]);
    expect(stdout).toBe(text);
    expect(await run("import -", stdout)).toMatchObject({ status: 1, stderr: "error: line 2: romeo@localhost: there is such an account already; it stays as it is\n" });
  });

  it("take only the accounts that are named, each once, and tell which are not there", async () => {
    writeFileSync(path("refrain.toml"), '[[hosts]]\ndomain = "a.example"\n[[hosts]]\ndomain = "b.example"\n');
    writeFileSync(path("in"), lines(...["romeo@b.example", "juliet@a.example", "nurse@b.example"].map((jid) => ({ jid, credentials }))));
    const [, all, domain, named, partly, both, foreign] = await runEach(
      "import in", "export --out -", "export --out - --domain b.example", "export --out - romeo@b.example juliet@a.example ROMEO@b.example",
      "export --out some --format xep-0227 romeo@b.example tybalt@b.example juliet@a.example", "export --domain a.example romeo@b.example",
      "export --domain c.example",
    );
    const [none, nonePiped, room] = await runEach("export --out none tybalt@b.example", "export --out - tybalt@b.example", "export --out - hall@muc.b.example");
    expect(room).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(/^error: hall@muc\.b\.example: a room, and rooms are not exported; `refrain backup` copies them with everything else\n/) });
    expect(none).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(/nothing was exported, 1 failed; none was not written\n$/) });
    expect(nonePiped).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(/nothing was exported, 1 failed\n$/) });
    expect(existsSync(path("none"))).toBe(false);
    const jids = ({ stdout }: Outcome) => [...stdout.matchAll(/^\{"jid":"([^"]+)"/gm)].map((match) => match[1]);
    expect(jids(all)).toEqual(["juliet@a.example", "nurse@b.example", "romeo@b.example"]);
    expect(jids(domain)).toEqual(["nurse@b.example", "romeo@b.example"]);
    expect(jids(named)).toEqual(["juliet@a.example", "romeo@b.example"]);
    expect(partly).toMatchObject({ status: 1, stdout: "exported 2 accounts to some, 1 failed\n", stderr: expect.stringMatching(/^error: tybalt@b\.example: there is no such account/) });
    expect(readFileSync(path("some"), "utf8").match(/<host|<user name="\w+"/g)).toEqual(["<host", '<user name="juliet"', "<host", '<user name="romeo"']);
    expect(both).toMatchObject({ status: 2, stderr: expect.stringContaining("leave one out") });
    expect(foreign).toMatchObject({ status: 1, stderr: expect.stringContaining("c.example: not a host of this server") });
    expect(existsSync(path("accounts.jsonl"))).toBe(false);
  });

  it("create what they can and name the place of the rest", async () => {
    writeFileSync(path("before.jsonl"), lines({ jid: "romeo@localhost", credentials }));
    const accounts = [
      { jid: "juliet@localhost", password: "a rose" }, { jid: "romeo@localhost", password: "x" }, { jid: "paris@example.net", password: "x" },
      { jid: "tybalt@localhost", password: "x", roster: "none" }, { jid: "Juliet@localhost", password: "x" }, { jid: "nurse@localhost", password: "x" },
    ];
    writeFileSync(path("in.jsonl"), lines(...accounts).replace(footer, `nonsense\n${footer}`));
    const [, outcome, list] = await runEach("import before.jsonl", "import in.jsonl", "user list");
    expect(outcome).toMatchObject({ status: 1, stdout: "imported 2 accounts, 5 failed\n" });
    expect(outcome.stderr.trim().split("\n").toSorted()).toEqual([
      "error: in.jsonl:3: romeo@localhost: there is such an account already; it stays as it is",
      expect.stringMatching(/^error: in\.jsonl:4: example\.net: not a host of this server, which has localhost; /),
      expect.stringMatching(/^error: in\.jsonl:5: tybalt@localhost: roster: /),
      "error: in.jsonl:6: juliet@localhost: also at in.jsonl:2, which counts; remove one",
      "error: in.jsonl:8: not JSON",
    ]);
    expect(list).toEqual(done("juliet@localhost\nnurse@localhost\nromeo@localhost\n"));
  });

  it("change nothing for a file that is none of accounts, whatever comes with it", async () => {
    writeFileSync(path("good.jsonl"), lines({ jid: "romeo@localhost", password: "x" }));
    writeFileSync(path("users.tsv"), "romeo@localhost\tsecret\n");
    writeFileSync(path("page.xml"), "<html xmlns='http://www.w3.org/1999/xhtml'/>");
    writeFileSync(path("empty"), "");
    mkdirSync(path("folder"));
    const refused = (stderr: RegExp) => ({ status: 2, stdout: "", stderr: expect.stringMatching(stderr) as string });
    const [text, page, empty, folder, nowhere, format] = await runEach(
      "import good.jsonl users.tsv", "import good.jsonl page.xml", "import empty", "import folder", "import nowhere", "import --format xep-0227 good.jsonl",
    );
    expect(text).toEqual(refused(/^error: users\.tsv:1: neither JSON nor XML; name another file; nothing was imported\n$/));
    expect(page).toEqual(refused(/^error: page\.xml:1: expected the root element server-data /));
    expect(empty).toEqual(refused(/^error: empty:1: the file is empty; nothing was imported\n$/));
    expect(folder).toEqual(refused(/^error: folder: cannot be read \(EISDIR\); /));
    expect(nowhere).toEqual(refused(/^error: nowhere: cannot be read \(ENOENT\); /));
    expect(format).toEqual(refused(/^error: good\.jsonl:1: /));
    expect(existsSync(path("data"))).toBe(false);
  });

  it("say what they leave out, and that a file is cut off, and keep what came before", async () => {
    const account = {
      jid: "juliet@localhost", credentials: { "SCRAM-SHA-1": keysOf(20) }, left: { at: 0, status: "" }, data: [{ space: "x", key: "y", value: 1 }],
    };
    writeFileSync(path("in"), lines(account));
    writeFileSync(path("mam.xml"), "<server-data xmlns='urn:xmpp:pie:0'><host jid='localhost'><user name='a' password='x'><archive xmlns='urn:xmpp:pie:0#mam'/></user></host></server-data>");
    writeFileSync(path("cut.xml"), "<server-data xmlns='urn:xmpp:pie:0'><host jid='localhost'>\n<user name='romeo' password='x'/>\n<user name='jul");
    const [imported, exported, archive, cut, list] = await runEach("import in", "export --format xep-0227", "import mam.xml", "import cut.xml", "user list");
    expect(imported).toMatchObject({ status: 0, stdout: "imported 1 account\n", stderr: expect.stringMatching(/^warning: 1 account came with keys for SCRAM-SHA-1 alone: /) });
    expect(exported).toEqual({
      status: 0,
      stdout: "exported 1 account to accounts.xml\n",
      stderr: 'warning: left out, for XEP-0227 has no place for it: what is kept as "x" (of 1 account)\nwarning: left out, for XEP-0227 has no place for it: when users left (of 1 account)\n',
    });
    expect(archive).toMatchObject({ status: 0, stderr: "" });
    expect(cut).toEqual({
      status: 1,
      stdout: "imported 1 account, 1 failed\n",
      stderr: "error: cut.xml:3: the document ends early: part of it is missing; what comes after it was not read\n",
    });
    expect(list).toEqual(done("a@localhost\njuliet@localhost\nromeo@localhost\n"));
  });

  it("take many accounts, from many files", async () => {
    const jids = Array.from({ length: 300 }, (_, index) => `u${String(index).padStart(3, "0")}@localhost`);
    const accounts = jids.map((jid) => ({ jid, credentials, roster: jids.filter((other) => other !== jid).slice(0, 40).map((other) => ({ jid: other, subscription: "both" })) }));
    for (let file = 0; file < 3; file += 1) writeFileSync(path(`${file}.jsonl`), lines(...accounts.slice(file * 100, file * 100 + 100)));
    expect(await runEach("import 0.jsonl 1.jsonl 2.jsonl", "export")).toEqual([
      done("imported 300 accounts\n"), done("exported 300 accounts to accounts.jsonl\n"),
    ]);
    expect(readFileSync(path("accounts.jsonl"), "utf8")).toBe(lines(...accounts));
  });
});

describe("refrain export and refrain import, while the server runs", () => {
  let server: Serving;
  const clients: BoundClient[] = [];
  const enter = async (user: string): Promise<BoundClient> => {
    const client = await login(server, { user });
    clients.push(client);
    return client;
  };

  beforeAll(async () => {
    cwd = newFolder();
    server = await serving(cwd);
  });
  afterAll(async () => {
    for (const { raw } of clients) raw.destroy();
    await server.stop();
    rmSync(cwd, { recursive: true });
  });

  it("give accounts that log in at once and find everything, as their clients left it", async () => {
    await run("user add romeo@localhost --password secret");
    const romeo = await enter("romeo");
    const requests = [
      "<iq type='set' id='1'><query xmlns='jabber:iq:roster'><item jid='juliet@localhost' name='Juliet'><group>Verona</group></item></query></iq>",
      "<iq type='set' id='2'><query xmlns='jabber:iq:private'><notes xmlns='urn:example:notes'><note>!</note></notes></query></iq>",
      "<iq type='set' id='3'><vCard xmlns='vcard-temp'><FN>Romeo</FN></vCard></iq>",
      "<iq type='set' id='4'><block xmlns='urn:xmpp:blocking'><item jid='tybalt@localhost'/></block></iq>",
    ];
    for (const request of requests) expect((await romeo.ask(request)).map(({ attrs }) => attrs["type"])).toContain("result");
    await romeo.close();
    const exported = await runEach("export --format json --out json romeo@localhost", "export --format xep-0227 --out xep-0227 romeo@localhost");
    expect(exported).toMatchObject([{ status: 0 }, { status: 0 }]);
    for (const format of ["json", "xep-0227"]) {
      const user = `copy-${format}`;
      writeFileSync(path(format), readFileSync(path(format), "utf8").replace("romeo@localhost", `${user}@localhost`).replace('name="romeo"', `name="${user}"`));
    }
    expect(await runEach("import json", "import xep-0227")).toEqual([done("imported 1 account\n"), done("imported 1 account\n")]);
    for (const format of ["json", "xep-0227"]) await expectRomeo(await enter(`copy-${format}`));
  });

  it("take archives along, which keep their ids here, and `refrain explain message` finds what is in them", async () => {
    await run("user import -", "mercutio@localhost\tsecret\n");
    const mercutio = await enter("mercutio");
    await mercutio.ask("<presence/>");
    for (let number = 1; number <= 300; number += 1) mercutio.send(`<message type='chat' id='m${number}' to='mercutio@localhost'><body>${"x".repeat(number)}</body></message>`);
    await mercutio.caughtUp();
    const archived = async (client: BoundClient) => {
      const results: Xml[] = [];
      for (let after = ""; ; ) {
        const set = `<set xmlns='http://jabber.org/protocol/rsm'><max>200</max>${after === "" ? "" : `<after>${after}</after>`}</set>`;
        const page = (await client.ask(`<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'>${set}</query></iq>`)).flatMap((element) => childOf(element, "result") ?? []);
        if (page.length === 0) return results;
        results.push(...page);
        after = page.at(-1)?.attrs["id"] ?? "";
      }
    };
    const before = await archived(mercutio);
    await mercutio.close();
    if (before.length === 0) throw new Error("nothing was archived");
    for (const format of ["json", "xep-0227"]) {
      const [exported, deleted, imported, byId, byStanzaId] = await runEach(
        `export --format ${format} --out archive.${format} mercutio@localhost`, "user delete mercutio@localhost", `import archive.${format}`,
        "explain message m7 --json", `explain message ${before[8]?.attrs["id"]} --json`,
      );
      expect(exported).toMatchObject({ status: 0, stdout: `exported 1 account with ${before.length} archived messages to archive.${format}\n` });
      expect(deleted).toMatchObject({ status: 0 });
      expect(imported).toEqual(done(`imported 1 account; ${before.length} archived messages\n`));
      for (const { stdout } of [byId, byStanzaId]) {
        expect((JSON.parse(stdout) as { readonly passages: unknown }).passages).toMatchObject([{ owner: "mercutio@localhost", where: "archive", outcome: "archived" }]);
      }
      // By the id that the archive has for it to the one that its sender gave it.
      expect(JSON.parse(byStanzaId.stdout)).toMatchObject({
        query: { id: "m9", from: mercutio.jid },
        remarks: [`${before[8]?.attrs["id"]} is the archive's id of it; its sender, ${mercutio.jid}, gave it the id m9`],
      });
      const again = await enter("mercutio");
      expect(await archived(again)).toEqual(before);
      await again.close();
    }
  });

  it("take an account of any size in one piece", async () => {
    const contacts = Array.from({ length: 10_000 }, (_, index) => ({ jid: `contact-${index}@example.org`, name: `"${index}"`, groups: ["all", `g${index % 10}`], subscription: "to" }));
    const roster = contacts.toSorted((a, b) => (a.jid < b.jid ? -1 : 1));
    const data = Array.from({ length: 40 }, (_, index) => ({ space: "x", key: String(index), value: '"'.repeat(100_000) }));
    const text = lines({ jid: "juliet@localhost", password: "secret", roster, data });
    writeFileSync(path("large"), text);
    expect(text.length).toBeGreaterThan(8_000_000);
    expect(await runEach("import large", "export --out large.again juliet@localhost")).toEqual([
      done("imported 1 account\n"), done("exported 1 account to large.again\n"),
    ]);
    const [, line = ""] = readFileSync(path("large.again"), "utf8").split("\n");
    expect((JSON.parse(line) as { readonly roster: unknown }).roster).toEqual(roster);
    const juliet = await enter("juliet");
    const answer = (await juliet.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>")).find(({ attrs }) => attrs["id"] === "r");
    expect(childOf(answer, "query")?.children).toHaveLength(10_000);
  });
});

/** What `romeo` has set, however it was taken elsewhere. */
async function expectRomeo(client: BoundClient): Promise<void> {
  const get = async (payload: string): Promise<Xml | undefined> => {
    const answer = (await client.ask(`<iq type='get' id='get'>${payload}</iq>`)).find(({ attrs }) => attrs["id"] === "get");
    return answer?.children[0] as Xml | undefined;
  };
  const item = childOf(await get("<query xmlns='jabber:iq:roster'/>"), "item");
  expect([item?.attrs, textOf(childOf(item, "group"))]).toEqual([{ jid: "juliet@localhost", name: "Juliet", subscription: "none" }, "Verona"]);
  expect(textOf(childOf(childOf(await get("<query xmlns='jabber:iq:private'><notes xmlns='urn:example:notes'/></query>"), "notes"), "note"))).toBe("!");
  expect(textOf(childOf(await get("<vCard xmlns='vcard-temp'/>"), "FN"))).toBe("Romeo");
  expect(childOf(await get("<blocklist xmlns='urn:xmpp:blocking'/>"), "item")?.attrs).toEqual({ jid: "tybalt@localhost" });
}
