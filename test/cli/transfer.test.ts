import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BoundClient, login } from "../support/login.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";
import { exitStatus, newFolder, type Outcome, refrain, spawnRefrain } from "./refrain.ts";

let cwd: string;
let children: ChildProcess[];
let clients: BoundClient[];

beforeEach(() => {
  cwd = newFolder();
  [children, clients] = [[], []];
});

afterEach(async () => {
  for (const client of clients) client.raw.destroy();
  for (const child of children) {
    child.kill("SIGTERM");
    await exitStatus(child);
  }
  rmSync(cwd, { recursive: true });
});

function run(line: string, input?: string): Promise<Outcome> {
  return refrain(line.split(" "), { cwd, ...(input === undefined ? {} : { input }) });
}

const done = (stdout: string) => ({ status: 0, stdout, stderr: "" });
const path = (...names: string[]) => join(cwd, ...names);

/** Starts a server on ./data; its port for direct TLS. */
async function start(): Promise<number> {
  const child = spawnRefrain(["start", "--port", "0", "--tls-port", "0"], { cwd, nodeArgs: ["--max-semi-space-size=64"] });
  children.push(child);
  let stdout = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on("data", (chunk) => {
      stdout += String(chunk);
      if (/^ready .*\n/m.test(stdout)) resolve();
    });
    child.once("exit", (code) => reject(new Error(`exit ${code}`)));
  });
  return Number(/ c2sTls=\S+:(\d+)/.exec(stdout)?.[1]);
}

async function enter(tlsPort: number, user: string, password: string): Promise<BoundClient> {
  const client = await login({ domain: "localhost", port: 0, tlsPort }, { user, password });
  clients.push(client);
  return client;
}

const header = '{"format":"refrain-accounts","version":1}';
const footer = '{"end":true}';
const lines = (...accounts: readonly object[]) => `${[header, ...accounts.map((account) => JSON.stringify(account)), footer].join("\n")}\n`;

describe("refrain export and refrain import, while no server runs", () => {
  it("take accounts from one data folder to another, in either format", async () => {
    await run("user import -", "romeo@localhost\tsecret\njuliet@localhost\tsecret\n");
    expect(await run("export")).toEqual(done("exported 2 accounts to accounts.jsonl\n"));
    expect(await run("export --format xep-0227")).toEqual(done("exported 2 accounts to accounts.xml\n"));
    for (const file of ["accounts.jsonl", "accounts.xml"]) {
      expect(await run(`import ${file} --data ${file}.data`)).toEqual(done("imported 2 accounts\n"));
      expect(await run(`export --data ${file}.data --out ${file}.again`)).toEqual(done(`exported 2 accounts to ${file}.again\n`));
      expect(readFileSync(path(`${file}.again`), "utf8")).toBe(readFileSync(path("accounts.jsonl"), "utf8"));
    }
  });

  it("make a file that nobody else reads, and replace none unasked", async () => {
    await run("user add romeo@localhost --password secret");
    await run("export --out out");
    expect(statSync(path("out")).mode & 0o777).toBe(0o600);
    const before = readFileSync(path("out"));
    expect(await run("export --out out romeo@localhost")).toEqual({
      status: 2, stdout: "", stderr: "error: out: is there already; name another file, or replace it with --force\n",
    });
    expect(readFileSync(path("out"))).toEqual(before);
    writeFileSync(path("open"), "something else", { mode: 0o644 });
    expect(await run("export --out open --force")).toEqual(done("exported 1 account to open\n"));
    expect(statSync(path("open")).mode & 0o777).toBe(0o600);
    expect(readFileSync(path("open"))).toEqual(before);
    expect(await run("export --out nowhere/out")).toMatchObject({ status: 2, stderr: expect.stringMatching(/^error: nowhere\/out: cannot be written \(ENOENT\); /) });
    expect(readdirSync(cwd).toSorted()).toEqual(["data", "open", "out"]);
  });

  it("write to standard output only if that is asked for, and read standard input", async () => {
    await run("user add romeo@localhost --password secret");
    const { status, stdout, stderr } = await run("export --out -");
    expect([status, stderr]).toEqual([0, "exported 1 account to standard output\n"]);
    expect(stdout.split("\n").map((line) => line.slice(0, 24))).toEqual(['{"format":"refrain-accou', '{"jid":"romeo@localhost"', footer, ""]);
    expect(await run("import - --data other", stdout)).toEqual(done("imported 1 account\n"));
    expect(await run("import --data other -", stdout)).toMatchObject({ status: 1, stderr: "error: line 2: romeo@localhost: there is such an account already; it stays as it is\n" });
  });

  it("take only the accounts that are named, each once, and tell which are not there", async () => {
    writeFileSync(path("refrain.toml"), '[[hosts]]\ndomain = "a.example"\n[[hosts]]\ndomain = "b.example"\n');
    await run("user import -", ["romeo@b.example", "juliet@a.example", "nurse@b.example"].map((jid) => `${jid}\tsecret\n`).join(""));
    const jids = async (line: string) => [...(await run(line)).stdout.matchAll(/^\{"jid":"([^"]+)"/gm)].map((match) => match[1]);
    expect(await jids("export --out -")).toEqual(["juliet@a.example", "nurse@b.example", "romeo@b.example"]);
    expect(await jids("export --out - --domain b.example")).toEqual(["nurse@b.example", "romeo@b.example"]);
    expect(await jids("export --out - romeo@b.example juliet@a.example ROMEO@b.example")).toEqual(["juliet@a.example", "romeo@b.example"]);
    const partly = await run("export --out some --format xep-0227 romeo@b.example tybalt@b.example juliet@a.example");
    expect(partly).toMatchObject({ status: 1, stdout: "exported 2 accounts to some, 1 failed\n", stderr: expect.stringMatching(/^error: tybalt@b\.example: there is no such account/) });
    expect(readFileSync(path("some"), "utf8").match(/<host|<user name="\w+"/g)).toEqual(["<host", '<user name="juliet"', "<host", '<user name="romeo"']);
    expect(await run("export --domain a.example romeo@b.example")).toMatchObject({ status: 2, stderr: expect.stringContaining("leave one out") });
    expect(await run("export --domain c.example")).toMatchObject({ status: 1, stderr: expect.stringContaining("c.example: not a host of this server") });
    expect(existsSync(path("accounts.jsonl"))).toBe(false);
  });

  it("create what they can and name the place of the rest", async () => {
    await run("user add romeo@localhost --password secret");
    const accounts = [
      { jid: "juliet@localhost", password: "a rose" }, { jid: "romeo@localhost", password: "x" }, { jid: "paris@example.net", password: "x" },
      { jid: "tybalt@localhost", password: "x", roster: "none" }, { jid: "Juliet@localhost", password: "x" }, { jid: "nurse@localhost", password: "x" },
    ];
    writeFileSync(path("in.jsonl"), lines(...accounts).replace(footer, `nonsense\n${footer}`));
    const outcome = await run("import in.jsonl");
    expect(outcome).toMatchObject({ status: 1, stdout: "imported 2 accounts, 5 failed\n" });
    expect(outcome.stderr.trim().split("\n").toSorted()).toEqual([
      "error: in.jsonl:3: romeo@localhost: there is such an account already; it stays as it is",
      expect.stringMatching(/^error: in\.jsonl:4: example\.net: not a host of this server, which has localhost; /),
      expect.stringMatching(/^error: in\.jsonl:5: tybalt@localhost: roster: /),
      "error: in.jsonl:6: juliet@localhost: also at in.jsonl:2, which counts; remove one",
      "error: in.jsonl:8: not JSON",
    ]);
    expect(await run("user list")).toEqual(done("juliet@localhost\nnurse@localhost\nromeo@localhost\n"));
  });

  it("change nothing for a file that is none of accounts, whatever comes with it", async () => {
    writeFileSync(path("good.jsonl"), lines({ jid: "romeo@localhost", password: "x" }));
    writeFileSync(path("users.tsv"), "romeo@localhost\tsecret\n");
    writeFileSync(path("page.xml"), "<html xmlns='http://www.w3.org/1999/xhtml'/>");
    writeFileSync(path("empty"), "");
    mkdirSync(path("folder"));
    const refused = (stderr: RegExp) => ({ status: 2, stdout: "", stderr: expect.stringMatching(stderr) as string });
    const [text, page, empty, folder, nowhere, format] = await Promise.all(
      ["good.jsonl users.tsv", "good.jsonl page.xml", "empty", "folder", "nowhere", "--format xep-0227 good.jsonl"].map((files) => run(`import ${files}`)),
    );
    expect(text).toEqual(refused(/^error: users\.tsv:1: neither JSON nor XML; name another file; nothing was imported\n$/));
    expect(page).toEqual(refused(/^error: page\.xml:1: expected the root element server-data /));
    expect(empty).toEqual(refused(/^error: empty:1: the file is empty; nothing was imported\n$/));
    expect(folder).toEqual(refused(/^error: folder: cannot be read \(EISDIR\); /));
    expect(nowhere).toEqual(refused(/^error: nowhere: cannot be read \(ENOENT\); /));
    expect(format).toEqual(refused(/^error: good\.jsonl:1: /));
    expect(existsSync(path("data"))).toBe(false);
  });

  it("say that a file is cut off, and keep what came before", async () => {
    writeFileSync(path("cut.xml"), "<server-data xmlns='urn:xmpp:pie:0'><host jid='localhost'>\n<user name='romeo' password='x'/>\n<user name='jul");
    const outcome = await run("import cut.xml");
    expect(outcome).toMatchObject({ status: 1, stdout: "imported 1 account, 1 failed\n" });
    expect(outcome.stderr).toBe("error: cut.xml:3: the document ends early: part of it is missing; what comes after it was not read\n");
  });

  it("say what they leave out", async () => {
    const keys = { salt: "AAAA", iterations: 4096, storedKey: `${"A".repeat(27)}=`, serverKey: `${"A".repeat(27)}=` };
    const account = { jid: "romeo@localhost", credentials: { "SCRAM-SHA-1": keys }, left: { at: 0, status: "" }, data: [{ space: "x", key: "y", value: 1 }] };
    const imported = await run("import -", lines(account));
    expect(imported).toMatchObject({ status: 0, stdout: "imported 1 account\n", stderr: expect.stringMatching(/^warning: 1 account came with keys for SCRAM-SHA-1 alone: /) });
    expect(await run("export --format xep-0227")).toEqual({
      status: 0,
      stdout: "exported 1 account to accounts.xml\n",
      stderr: 'warning: left out, for XEP-0227 has no place for it: what is kept as "x" (of 1 account)\nwarning: left out, for XEP-0227 has no place for it: when users left (of 1 account)\n',
    });
    writeFileSync(path("mam.xml"), "<server-data xmlns='urn:xmpp:pie:0'><host jid='localhost'><user name='a' password='x'><archive xmlns='urn:xmpp:pie:0#mam'/></user></host></server-data>");
    expect(await run("import mam.xml")).toMatchObject({ status: 0, stderr: "warning: left out: archive (urn:xmpp:pie:0#mam) (1 time, first at mam.xml:1)\n" });
  });

  it("take many accounts, from many files", async () => {
    const jids = Array.from({ length: 300 }, (_, index) => `u${String(index).padStart(3, "0")}@localhost`);
    const keys = (bytes: number) => ({ salt: "AAAA", iterations: 4096, storedKey: Buffer.alloc(bytes).toString("base64"), serverKey: Buffer.alloc(bytes).toString("base64") });
    const credentials = { "SCRAM-SHA-1": keys(20), "SCRAM-SHA-256": keys(32) };
    const accounts = jids.map((jid) => ({ jid, credentials, roster: jids.filter((other) => other !== jid).slice(0, 40).map((other) => ({ jid: other, subscription: "both" })) }));
    for (let file = 0; file < 3; file += 1) writeFileSync(path(`${file}.jsonl`), lines(...accounts.slice(file * 100, file * 100 + 100)));
    expect(await run("import 0.jsonl 1.jsonl 2.jsonl")).toEqual(done("imported 300 accounts\n"));
    expect(await run("export")).toEqual(done("exported 300 accounts to accounts.jsonl\n"));
    expect(readFileSync(path("accounts.jsonl"), "utf8")).toBe(lines(...accounts));
  });
});

describe("refrain export and refrain import, while the server runs", () => {
  it("give accounts that log in at once and find everything, as their clients left it", async () => {
    const tlsPort = await start();
    await run("user add romeo@localhost --password secret");
    const romeo = await enter(tlsPort, "romeo", "secret");
    const requests = [
      "<iq type='set' id='1'><query xmlns='jabber:iq:roster'><item jid='juliet@localhost' name='Juliet'><group>Verona</group></item></query></iq>",
      "<iq type='set' id='2'><query xmlns='jabber:iq:private'><notes xmlns='urn:example:notes'><note>!</note></notes></query></iq>",
      "<iq type='set' id='3'><vCard xmlns='vcard-temp'><FN>Romeo</FN></vCard></iq>",
      "<iq type='set' id='4'><block xmlns='urn:xmpp:blocking'><item jid='tybalt@localhost'/></block></iq>",
    ];
    for (const request of requests) expect((await romeo.ask(request)).map(({ attrs }) => attrs["type"])).toContain("result");
    await romeo.close();
    for (const format of ["json", "xep-0227"]) {
      expect(await run(`export --format ${format} --out ${format} romeo@localhost`)).toMatchObject({ status: 0 });
      const user = `copy-${format}`;
      writeFileSync(path(format), readFileSync(path(format), "utf8").replace("romeo@localhost", `${user}@localhost`).replace('name="romeo"', `name="${user}"`));
      expect(await run(`import ${format}`)).toEqual(done("imported 1 account\n"));
      await expectRomeo(await enter(tlsPort, user, "secret"));
    }
  });

  it("take an account of any size in one piece", async () => {
    const tlsPort = await start();
    const roster = Array.from({ length: 10_000 }, (_, index) => ({ jid: `contact-${index}@example.org`, name: `"${index}"`, groups: ["all", `g${index % 10}`], subscription: "to" }));
    const data = Array.from({ length: 40 }, (_, index) => ({ space: "x", key: String(index), value: '"'.repeat(100_000) }));
    const text = lines({ jid: "romeo@localhost", password: "secret", roster: roster.toSorted((a, b) => (a.jid < b.jid ? -1 : 1)), data });
    writeFileSync(path("large"), text);
    expect(text.length).toBeGreaterThan(8_000_000);
    expect(await run("import large")).toEqual(done("imported 1 account\n"));
    const romeo = await enter(tlsPort, "romeo", "secret");
    const answer = (await romeo.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>")).find(({ attrs }) => attrs["id"] === "r");
    expect(childOf(answer, "query")?.children).toHaveLength(10_000);
    expect(await run("export")).toEqual(done("exported 1 account to accounts.jsonl\n"));
    const [, line = ""] = readFileSync(path("accounts.jsonl"), "utf8").split("\n");
    expect((JSON.parse(line) as { readonly roster: unknown }).roster).toEqual(roster.toSorted((a, b) => (a.jid < b.jid ? -1 : 1)));
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
