/** The chapter for who writes an extension: its words are here, the example is the one that the tests run, the tables are the types'. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sessionStateBytesMax, stateKeysMax, stateValueBytesMax } from "../src/domain/limits.ts";
import { phases, type Phase } from "../src/router/phases.ts";
import { membersOf } from "./declared.ts";
import { code, table } from "./markdown.ts";

const example = "test/extension/examples/message-count.js";

/** `root`: the project's folder. */
export function extendingPage(root: string): string {
  const read = (file: string) => readFileSync(join(root, file), "utf8");
  const rows = (file: string, name: string) => membersOf(read(file), name).map((member) => [code(member.name), member.meaning]);
  return [
    "<!-- Generated from diagrams/extending.ts, the example in test/extension/ and the types in src/router/ by `npm run diagrams`: change those, not this page. -->",
    "# Adding an extension",
    "An extension is one JavaScript file, anywhere. The configuration names it, and a path is relative to the configuration file:",
    "```toml\nextensions = [\"./message-count.js\"]\n```",
    "Its default export is an extension, or an array of them. What it imports as `refrain/extension` is that of the server which loads it, wherever the file stands. " +
      "This one is whole, and runs in the test suite of this project:",
    `\`\`\`js\n${read(example)}\`\`\``,
    "A server that is given an extension which it cannot use does not start, and says what is wrong with it: a member that nobody knows, a function that is none, a " +
      "name that is taken, a request that another extension answers already.",
    "In a test, `startServer({ extensions: [messageCount] })` of `refrain/testing` takes the same value, and `server.restart({ kill: true })` shows what survives.",
    "## What an extension may have",
    table(["Member", "Meaning"], rows("src/router/extension.ts", "Extension")),
    "## The phases of a stanza",
    "A stanza passes them in this order. A phase returns `undefined` to let it pass, `{ stop: true, why }` to stop it without a word, or `{ fault: { condition, text }, why }` to " +
      "refuse it with an error; `why` is for logs. It decides at once, from what is in memory; only an iq's answer may be a promise.",
    table(["Phase", "Of", "What it is for"], phases.map((phase) => [code(phase), ...phaseWords[phase]])),
    "## What it keeps",
    table(["Of whom", "With", "Where, and how much"], [
      ["a session", "`sessionState(…)`", `In memory and recorded with the session, as long as that lasts: at most ${sessionStateBytesMax} bytes of JSON. It is there after a resumption and after a crash.`],
      ["an account", "`house.setState`, `account.state`", `In memory with the account and on the disk: ${stateKeysMax} keys, each of at most ${stateValueBytesMax} bytes of JSON. For what a phase has to know.`],
      ["an account", "`house.data`", "On the disk alone, as much as it takes; reading is a promise, so it is for iqs. It is erased with its account, and exported with it."],
    ]),
    "What it keeps in variables of its own is gone with the process. Of an account, and of a session that can be resumed, a change is on the disk before anybody hears of what followed from it.",
    "## What it can ask of the house",
    "Each function is given `house`:",
    table(["Member", "Meaning"], rows("src/router/house.ts", "House")),
    "## What it must not do",
    "- Wait: between a stanza and what becomes of it nothing awaits the disk, the network or a clock. An iq handler may; the sender's further input waits as long.\n" +
      "- Keep a `step` after its function has returned. `house.run` gives another.\n" +
      "- Trust what it is sent: a stanza has passed the checks of its form, what stands in it has not. Whatever grows with what clients do needs a bound.\n" +
      "- Change a stanza's element outside `stamp` and `archive`: it goes to several recipients. A copy is made with `el`.\n" +
      "- Throw: that ends the session whose input it was, with internal-server-error. What is the client's fault is answered with a `fault`.",
    "An extension runs inside the server's process and may do what that may: load only what you would run as the server's user.",
    "",
  ].join("\n\n").replace(/\n+$/, "\n");
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
