/** What is refused of an extension, and in which words its author or operator hears of it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigError } from "../../src/config/errors.ts";
import { gatherExtensions } from "../../src/extension/gather.ts";
import { defineExtension, sessionState, type Extension } from "../../src/extension/index.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { extensions as own } from "../../src/xep/index.ts";

const specification = { id: "TEST", title: "What is refused" };
const plain: Extension = { name: "plain", specification };
const ping = { xmlns: "urn:xmpp:ping", name: "ping", types: ["get"], at: ["server"], handle: () => ({ result: undefined }) } as const;
const state = () => sessionState({ initial: 0, read: (recorded) => (typeof recorded === "number" ? recorded : undefined) });

/** As it is called where nobody checks types. */
const untyped = (options: unknown) => sessionState(options as Parameters<typeof sessionState>[0]);

async function problems(given: readonly unknown[], files: readonly string[] = [], ownOnes: readonly Extension[] = own): Promise<readonly string[]> {
  try {
    await gatherExtensions({ own: ownOnes, files, given: given as readonly Extension[] });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split("\n");
  }
}

describe("The server's own extensions", () => {
  it("would pass the same checks, together", async () => {
    expect(await problems(own, [], [])).toEqual([]);
  });
});

describe("A value that is to be an extension", () => {
  it("is taken as it is, but for the looks at what it answers", async () => {
    const whole = defineExtension({ ...plain, phases: { stamp: () => undefined }, iq: [{ ...ping, xmlns: "urn:example:plain" }], sessionState: state() });
    const all = await gatherExtensions({ own, files: [], given: [whole] });
    expect(all.slice(0, -1)).toEqual(own);
    const { phases, iq, ...rest } = all.at(-1)!;
    expect(whole).toMatchObject(rest);
    expect([Object.keys(phases!), iq!.map(({ xmlns }) => xmlns)]).toEqual([["stamp"], ["urn:example:plain"]]);
  });

  it.each([
    ["nothing", undefined, "extensions[0]: expected an extension, or a list of them, as the default export, got nothing (given to startServer)"],
    ["a function", () => plain, "extensions[0]: expected an extension, or a list of them, as the default export, got a function (given to startServer)"],
    ["a name with capitals", { ...plain, name: "MyExtension" }, 'extensions[0].name: expected a name in kebab-case, such as my-extension, got "MyExtension" (given to startServer)'],
    ["no specification", { name: "plain" }, "extensions[0].specification: expected an object with id and title, of what the extension implements, got nothing (given to startServer)"],
    ["no title", { ...plain, specification: { id: "TEST" } }, "extensions[0].specification.title: expected the title of the specification, got nothing (given to startServer)"],
    ["a hook that is none", { ...plain, presenceChanged: true }, "extensions[0].presenceChanged: expected a function, got true (given to startServer)"],
    ["a misspelt hook", { ...plain, presenceChange: () => {} }, "extensions[0].presenceChange: an extension has no such member (given to startServer); did you mean presenceChanged?"],
    ["an unknown member", { ...plain, zebra: 1 }, "extensions[0].zebra: an extension has no such member (given to startServer); remove it; the types of refrain/extension list what there is"],
    ["a misspelt phase", { ...plain, phases: { stmap: () => {} } }, "extensions[0].phases.stmap: an extension has no such member (given to startServer); did you mean stamp?"],
    ["a phase that waits", { ...plain, phases: { guard: async () => {} } }, "extensions[0].phases.guard: expected a function that is not async: it decides at once, got an async function (given to startServer)"],
    ["a handler without a function", { ...plain, iq: [ping, { ...ping, handle: undefined }] }, "extensions[0].iq[1].handle: expected a function, got nothing (given to startServer)"],
    ["a handler of another type", { ...plain, iq: [{ ...ping, types: ["result"] }] }, 'extensions[0].iq[0].types[0]: expected get or set, got "result" (given to startServer)'],
    ["features that are no texts", { ...plain, serverFeatures: [5] }, "extensions[0].serverFeatures: expected a list of features, or a function that returns one, got [5] (given to startServer)"],
    ["a command for nobody", { ...plain, commands: [{ node: "n", name: "N", may: "nobody", complete: () => ({ done: undefined }) }] }, 'extensions[0].commands[0].may: expected everybody, admins or owner, got "nobody" (given to startServer)'],
    ["a command with a form in the place of a stage", { ...plain, commands: [{ node: "n", name: "N", may: "admins", stages: [{ fields: [] }], complete: () => ({ done: undefined }) }] }, "extensions[0].commands[0].stages[0]: expected a function, got an object (given to startServer)"],
    ["a session state of its own making", { ...plain, sessionState: { initial: 0 } }, "extensions[0].sessionState: expected what sessionState(…) returns, got an object (given to startServer)"],
    ["a session state that nothing reads", { ...plain, sessionState: untyped({ initial: 0 }) }, "extensions[0].sessionState.read: expected a function, got nothing (given to startServer)"],
    ["a session state that is read later", { ...plain, sessionState: untyped({ initial: 0, read: async () => 1 }) }, "extensions[0].sessionState.read: expected a function that is not async: it decides at once, got an async function (given to startServer)"],
    ["a session state with a text in its place", { ...plain, sessionState: untyped({ initial: 0, read: "number" }) }, 'extensions[0].sessionState.read: expected a function, got "number" (given to startServer)'],
  ])("is refused with what is wrong: %s", async (_, value, expected) => {
    expect((await problems([value]))[0]).toBe(expected);
  });

  it("is told all that is wrong at once", async () => {
    expect(await problems([{ name: 5, specification: 6, iq: 7 }, plain, null])).toHaveLength(4);
  });
});

describe("Two extensions", () => {
  it("cannot have one name", async () => {
    expect(await problems([plain, { ...plain, name: "ping" }, plain])).toEqual([
      "extensions[1].name: two extensions have the name ping: this one and the server's own ping (XEP-0199) (given to startServer); change one of them",
      "extensions[2].name: two extensions have the name plain: this one and plain (extensions[0], given to startServer) (given to startServer); change one of them",
    ]);
  });

  it("cannot answer one request, and may answer different ones of one name", async () => {
    const of = (...iq: readonly object[]) => [{ ...plain, iq }];
    expect(await problems(of(ping))).toEqual([
      "extensions[0].iq[0]: two extensions answer <ping xmlns='urn:xmpp:ping'/>: this one and the server's own ping (XEP-0199) (given to startServer); change one of them",
    ]);
    expect(await problems(of({ ...ping, types: ["set"] }, { ...ping, name: "pong" }, { ...ping, xmlns: "urn:example:ping" }))).toEqual([]);
  });

  it("cannot have one command of the server, or of accounts", async () => {
    const command = (may: string, node = "urn:example:plain") => ({ node, name: "Plain", may, complete: () => ({ done: undefined }) });
    const of = (...commands: readonly object[]) => problems([{ ...plain, commands }]);
    expect(await of(command("everybody"), command("admins"))).toEqual([
      "extensions[0].commands[1]: two extensions have the command urn:example:plain: this one and plain (extensions[0], given to startServer) (given to startServer); change one of them",
    ]);
    expect(await of(command("everybody"), command("owner"), command("admins", "urn:example:other"))).toEqual([]);
  });

  it("cannot take one element", async () => {
    const elements = [{ xmlns: "urn:example:plain", names: ["active", "inactive"], handle: () => {} }];
    expect(await problems([{ ...plain, elements }, { ...plain, name: "other", elements }])).toEqual(["active", "inactive"].map((name) =>
      `extensions[1].elements[0]: two extensions take <${name} xmlns='urn:example:plain'/>: this one and plain (extensions[0], given to startServer) (given to startServer); change one of them`));
  });

  it("cannot have one session state, then or later", async () => {
    const sessionState = state();
    const told = (extension: string) => `${extension}.sessionState: is that of extension plain already (given to startServer); make one for each, with sessionState(…)`;
    expect(await problems([{ ...plain, sessionState }, { ...plain, name: "other", sessionState }])).toEqual([told("extensions[1]")]);
    expect(await problems([{ ...plain, name: "third", sessionState }])).toEqual([told("extensions[0]")]);
    expect(await problems([{ ...plain, sessionState }])).toEqual([]);
  });

  it("are refused by a server that is started with them, before it listens", async () => {
    await expect(startServer({ extensions: [plain, plain] })).rejects.toThrow(ConfigError);
  });
});

describe("The file of an extension", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "refrain-extension-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it("may have one, or several", async () => {
    const file = write("several.mjs", `const specification = { id: "TEST", title: "Several" };
      export default [{ name: "one", specification }, { name: "two", specification }];`);
    const all = await gatherExtensions({ own: [], files: [file], given: [plain] });
    expect(all.map(({ name }) => name)).toEqual(["one", "two", "plain"]);
  });

  it("is named with its place in the list, in the setting", async () => {
    const file = write("wrong.mjs", `export default [{ name: "one" }, 5];`);
    expect(await problems([], [file])).toEqual([
      `extensions[0][0].specification: expected an object with id and title, of what the extension implements, got nothing (file ${file})`,
      `extensions[0][1]: expected an extension, or a list of them, as the default export, got 5 (file ${file})`,
    ]);
  });

  it("is there, is a file, and has a default export", async () => {
    mkdirSync(join(folder, "folder"));
    const [missing, inner] = [join(folder, "missing.mjs"), join(folder, "folder")];
    const silent = write("silent.mjs", `export const name = "silent";\nexport const phases = {};`);
    const empty = write("empty.mjs", `const name = "empty";`);
    expect(await problems([], [missing, inner, silent, empty])).toEqual([
      `extensions[0]: no such file (file ${missing}); name a JavaScript file, relative to the configuration file`,
      `extensions[1]: is not a file (file ${inner}); name the JavaScript file in it`,
      `extensions[2]: has no default export, only name, phases (file ${silent}); write \`export default\` before the extension`,
      `extensions[3]: expected an extension, or a list of them, as the default export, got nothing (file ${empty})`,
    ]);
  });
});
