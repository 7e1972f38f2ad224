/** The chapter for who writes an extension: its words are here, the examples are those that the tests run, the tables are the types'. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as limits from "../src/domain/limits.ts";
import { phases, type Phase } from "../src/router/phases.ts";
import { membersOf, shapeOf, type Member } from "./declared.ts";
import { code, table } from "./markdown.ts";

const examples = "test/extension/examples";
const contract = "src/router/extension.ts";
const { extensionAnswerMs, sessionStateBytesMax, stateKeysMax, stateValueBytesMax } = limits;

/** `root`: the project's folder. */
export function extendingPage(root: string): string {
  const read = (file: string) => readFileSync(join(root, file), "utf8");
  const example = (file: string) => `\`\`\`js\n${read(`${examples}/${file}`)}\`\`\``;
  const members = (file: string, name: string) => membersOf(read(file), name);
  const declared = (file: string, name: string, shown?: readonly string[]) =>
    table(["Declared as", "Meaning"], members(file, name).filter(({ name }) => shown?.includes(name) !== false).map(({ signature, meaning }) => [code(signature), meaning]));
  return [
    "<!-- Generated from diagrams/extending.ts, the examples in test/extension/ and the types in src/ by `npm run diagrams`: change those, not this page. -->",
    "# Adding an extension",
    "An extension is one JavaScript file, anywhere. The configuration names it, and a path is relative to the configuration file:",
    "```toml\nextensions = [\"./message-count.js\"]\n```",
    "Its default export is an extension, or an array of them. What it imports as `refrain/extension` is that of the server which loads it, wherever the file stands. " +
      "TypeScript works where Node reads it by itself (22.18 and later). This one is whole, and runs in the test suite of this project:",
    example("message-count.js"),
    "A server that is given an extension which it cannot use does not start, and says what is wrong with it, in a line with the place: a syntax error, a member that " +
      "nobody knows, a function that is none, a name that is taken, a request that another extension answers already.",
    "## For accounts, with errors, on the disk",
    example("motto.js"),
    "## Testing it",
    "In a package of your own, `npm install --save-dev FOLDER`, where that is a checkout of refrain in which `npm ci` has run, or the file that `npm pack` made there. Then `refrain/extension` and `refrain/testing` " +
      "can be imported, with their types, and `startServer` runs the whole server in the process of the test: on free ports, with everything in memory. `node --test` runs this one:",
    example("motto.test.js"),
    "## What an extension may have",
    "Types are those of `refrain/extension`, which exports all that are spoken of here. *Given*: what its function is given, as one object.",
    table(["Member", "Given", "Meaning"], members(contract, "Extension").map((member) => [code(member.name), givenTo(member, read), member.meaning])),
    "## Requests: `iq`",
    table(["Declared as", "Meaning"], members(contract, "IqHandler").map(({ signature, meaning }) => [code(signature), meaning])),
    "`handle` is given",
    declared(contract, "IqRequest"),
    `and returns an \`IqReply\`, or a promise of one within ${extensionAnswerMs / 1_000} s: the payload of the result, if it has one, or an error. \`condition\` is one of RFC 6120 section 8.3.3, which ` +
      "says what each is for; `text` is for people, `type` is the condition's own where it is not given, `detail` an element of your own namespace beside it.",
    shapes([["IqReply", shapeOf(read(contract), "IqReply")], ["StanzaFault", shapeOf(read("src/xml/stanza.ts"), "StanzaFault")]]),
    "## Commands: `commands`",
    "People execute them from a client that need not know them (XEP-0050): they are in its menu, and their forms are filled in one after the other.",
    table(["Declared as", "Meaning"], members("src/router/commands.ts", "Command").map(({ signature, meaning }) => [code(signature), meaning])),
    `A stage returns a \`CommandForm\`, or a fault; \`complete\` returns \`{ done: text or undefined }\`, with \`warning\` and \`payload\` if there are some, \`{ failed: text }\`, or a fault; each of them may return a promise of it within ${extensionAnswerMs / 1_000} s. They are given`,
    declared("src/router/commands.ts", "CommandCall"),
    "and a form is",
    declared("src/router/commands.ts", "CommandForm"),
    "## On the way of a stanza: `phases`",
    "A stanza passes them in this order. Each function decides at once, from what is in memory, and returns a `Verdict`: `undefined` lets it pass, a stop stops it without a word, a fault refuses it with an error. `why` is for logs.",
    shapes([["Verdict", shapeOf(read("src/router/phases.ts"), "Verdict")]]),
    table(["Phase", "Of", "What it is for"], phases.map((phase) => [code(phase), ...phaseWords[phase]])),
    "Each is given a `Passage`:",
    declared("src/router/phases.ts", "Passage"),
    "## Elements",
    "Elements are those of [ltx](https://github.com/xmppjs/ltx): `name`, `attrs`, `children` (elements and texts), `getChild(name, xmlns)`, `getChildText(name, xmlns)`, `getText()`, `getNS()`. " +
      "`el(name, attrs, ...children)` makes one, with `xmlns` among the attributes where it differs from that of the parent; `payloadOf(element)` is its first child element. " +
      "What is to be sent goes through `Session.deliver(step, element)`, where a stanza has `xmlns: clientNamespace`, `from` and `to`.",
    "In `stamp` and `archive` the stanza's own element may be changed: `element.cnode(el(…))` adds a child, `element.remove(child)` takes one out, `element.attrs` are its attributes. For example, " +
      "`stanza.element.cnode(el(\"note\", { xmlns: \"urn:example:note\" }))`.",
    "## What it keeps",
    table(["Of whom", "With", "Where, and how much"], [
      ["a session", "`sessionState(…)`", `In memory and recorded with the session, as long as that lasts: at most ${sessionStateBytesMax} bytes of JSON. It is there after a resumption and after a crash, and nobody but its extension can set it.`],
      ["an account", "`house.setState`, `account.state(space, key)`", `In memory with the account and on the disk: ${stateKeysMax} keys, each of at most ${stateValueBytesMax} bytes of JSON. For what a phase has to know.`],
      ["an account", "`house.data`", "On the disk alone, as much as it takes; reading is a promise, so it is for iqs. It is erased with its account, and exported with it."],
    ]),
    "What it keeps in variables of its own is gone with the process. Of an account, and of a session that can be resumed, a change is on the disk before anybody hears of what followed from it.",
    "## What it can ask of the house",
    "Each function is given `house`:",
    table(["Declared as", "Meaning"], members("src/router/house.ts", "House").map((member) => [code(withAlias(member, read)), member.meaning])),
    "### `Session`",
    declared("src/session/environment.ts", "Session"),
    "### `Account`",
    declared("src/domain/account.ts", "Account", accountShown),
    "### `SessionState`",
    "What `sessionState({ initial, read })` returns: `initial` holds until something was set, and `read` makes a value of what was recorded.",
    declared("src/router/session-state.ts", "SessionState"),
    "### `house.data`",
    declared("src/router/account-data.ts", "AccountData"),
    "### `house.archive`",
    declared("src/router/archive.ts", "Archive"),
    "### `house.nodes`",
    declared("src/pubsub/nodes.ts", "Nodes", nodesShown),
    "### What is given to them",
    shapes([
      ["ServerRequest", shapeOf(read("src/router/requests.ts"), "ServerRequest")],
      ["Answered", shapeOf(read("src/router/requests.ts"), "Answered")],
      ["ServerAnswer", shapeOf(read("src/router/requests.ts"), "ServerAnswer")],
      ["DataRange", shapeOf(read("src/router/account-data.ts"), "DataRange")],
      ["ArchiveQuery", shapeOf(read("src/domain/archive-query.ts"), "ArchiveQuery")],
      ["ResultPage", shapeOf(read("src/domain/archive-query.ts"), "ResultPage")],
      ["PublishRequest", shapeOf(read("src/pubsub/nodes.ts"), "PublishRequest")],
    ]),
    "## What it must not do",
    "- Wait: between a stanza and what becomes of it nothing awaits the disk, the network or a clock. An iq handler may; the sender's further input waits as long.\n" +
      "- Keep a `step` after its function has returned. `house.run` gives another.\n" +
      "- Trust what it is sent: a stanza has passed the checks of its form, what stands in it has not. Whatever grows with what clients do needs a bound.\n" +
      "- Change a stanza's element outside `stamp` and `archive`: it goes to several recipients. A copy is made with `el`.\n" +
      "- Throw: that ends the session whose input it was, with internal-server-error. What is the client's fault is answered with a `fault`.",
    "An extension runs inside the server's process and may do what that may: load only what you would run as the server's user.",
    "",
  ].join("\n\n").replace(/\n+$/, "\n").replaceAll(/`(\w+(?:Max|Ms))`/g, (name, limit: string) => valueOf(limit) ?? name);
}

/** Of a bound that the types name. */
function valueOf(limit: string): string | undefined {
  const value = Object.hasOwn(limits, limit) ? limits[limit as keyof typeof limits] : undefined;
  if (typeof value !== "number") return undefined;
  return limit.endsWith("Ms") ? `${value / 1_000} s` : String(value);
}

const phaseWords: Readonly<Record<Phase, readonly [string, string]>> = {
  stamp: ["everything that a client sends", "Adding and removing what the server alone may say."],
  guard: ["everything that a client sends", "Whether the sender may send it."],
  account: ["what is for an account of this server", "Whether the account wants it."],
  archive: ["what is for an account of this server", "Keeping it."],
  copy: ["what is for an account of this server", "Giving it to other sessions as well; `recipients` are those that are given it anyway."],
  deliver: ["what is for an account of this server", "What depends on who is given it."],
  hold: ["each recipient", "Whether this `recipient` is given it now."],
  undelivered: ["what nobody takes", "Keeping it, so that its sender gets no error; who keeps it says so: `{ stop: true, why, kept: true }`."],
  kept: ["what was kept for its user", "Telling the user in another way that it waits. Nothing stops it here."],
};

/** The others are for the server's own extensions, which serve them to clients. */
const nodesShown = ["node", "ids", "items", "publish", "retract", "purge", "create", "configure", "delete", "retrieveFault"];

/** What of an account is of use to an extension of somebody else; the roster changes by `house`. */
const accountShown = ["host", "username", "bare", "contacts", "blocked", "state", "states", "subscription", "sees", "shows", "blocks"];

/** Where the types are that functions of extensions are given, and those that they extend. */
const givenFiles = [contract, "src/pubsub/nodes.ts", "src/pubsub/people.ts"];

/** The fields of the one object that a member's function is given, or its parameters; where to look for what is no function. */
function givenTo({ name, signature }: Member, read: (file: string) => string): string {
  if (name === "iq" || name === "phases" || name === "commands") return "see below";
  if (name === "elements") return fieldsOf(/\bsaid: \{ (.*?) \}/.exec(shapeOf(read(contract), "ElementHandler"))?.[1] ?? "");
  const parameters = /^\w+\?: (?:[^(]*\| \()?\((.*?)\) =>/.exec(signature)?.[1];
  if (parameters === undefined) return "";
  const [, type] = /^\w+: (\w+)$/.exec(parameters) ?? [];
  const own = type === undefined ? [] : fieldsOfType(type, read);
  return own.length > 0 ? own.map(code).join(", ") : code(parameters);
}

function fieldsOf(members: string): string {
  return members.split("; ").map((member) => code(member.split(":")[0] ?? "")).join(", ");
}

function fieldsOfType(type: string, read: (file: string) => string): readonly string[] {
  const source = givenFiles.map(read).find((text) => text.includes(`export interface ${type} `));
  if (source === undefined) return [];
  const base = new RegExp(`export interface ${type} extends (\\w+)`).exec(source)?.[1];
  return [...(base === undefined ? [] : fieldsOfType(base, read)), ...membersOf(source, type).map(({ name }) => name)];
}

/** A member whose type is that of a function, as if it were a method. */
function withAlias({ signature }: Member, read: (file: string) => string): string {
  const [, name, alias] = /^(\w+): (SetState)$/.exec(signature) ?? [];
  return alias === undefined ? signature : `${name}${shapeOf(read("src/router/account-data.ts"), alias).replace(" =>", ":")}`;
}

function shapes(all: readonly (readonly [name: string, shape: string])[]): string {
  return `\`\`\`ts\n${all.map(([name, shape]) => `type ${name} = ${shape};`).join("\n")}\n\`\`\``;
}
