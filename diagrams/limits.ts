/** Every bound of the server in one table: what it is, how much, and where it is enforced. From src/domain/limits.ts and the settings. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fields, type Field } from "../src/config/fields.ts";
import * as limits from "../src/domain/limits.ts";
import { isCountedLimit } from "../src/domain/refusals.ts";
import { code, table } from "./markdown.ts";

const source = "src/domain/limits.ts";
/** They say what the others are, and enforce none. */
const elsewhere = /^src\/(testing|page)\/|^src\/domain\/(limits|refusals)\.ts$/;

/** Where each setting holds, which goes by other names on its way there. */
const enforced: Readonly<Record<string, readonly string[]>> = {
  "session.resourcesPerAccountMax": ["src/session/binding.ts"],
  "session.negotiationTimeoutMs": ["machines/session-parts.ts", "src/net/tls.ts"],
  "session.closeTimeoutMs": ["machines/session-parts.ts", "src/session/session-link.ts"],
  "session.resumptionMs": ["machines/session-parts.ts"],
  "session.tokenLifetimeMs": ["src/auth/device-tokens.ts"],
  "session.silenceMs": ["src/session/silence.ts"],
  "session.silenceAnswerMs": ["src/session/silence.ts"],
  "limits.stanzaBytes": ["src/epoch/assembly.ts", "src/http-doors.ts"],
  "limits.connections": ["src/net/admission.ts"],
  "limits.connectionsPerAddress": ["src/net/admission.ts", "src/bosh/sessions.ts"],
  "limits.connectionsPerMinute": ["src/net/admission.ts"],
  "limits.loginFailuresPerAddress": ["src/auth/login-throttle.ts"],
  "limits.loginFailuresPerAccount": ["src/auth/login-throttle.ts"],
  "limits.bytesPerSecond": ["src/session/pace.ts"],
  "limits.stanzasPerSecond": ["src/session/pace.ts"],
  "limits.offlineMessages": ["src/xep/xep-0160-offline.ts"],
  "limits.queueStanzas": ["src/session/management.ts"],
  "limits.queueBytes": ["src/session/management.ts"],
  "limits.scramIterations": ["src/epoch/assembly.ts"],
  "archive.days": ["src/router/archive-retention.ts"],
  "archive.messages": ["src/router/archive-retention.ts"],
  "rooms.perUser": ["src/muc/entering.ts"],
  "rooms.occupants": ["src/muc/entering.ts"],
  "registration.perAddress": ["src/epoch/registrar.ts"],
  "registration.perHour": ["src/epoch/registrar.ts"],
  "registration.invitationDays": ["src/admin/invitation-admin.ts"],
  "registration.invitationsPerUser": ["src/xep/xep-0401-invitations.ts"],
  "upload.maxFileBytes": ["src/upload/uploads.ts"],
  "upload.quotaBytes": ["src/upload/uploads.ts"],
  "upload.quotaFiles": ["src/upload/uploads.ts"],
  "upload.keepDays": ["src/upload/uploads.ts"],
  "upload.slotsPerMinute": ["src/upload/uploads.ts"],
  "upload.freeBytesMin": ["src/upload/files.ts"],
  "history.compactMs": ["src/log/retention.ts"],
  "history.keepMs": ["src/log/retention.ts"],
};

/** `root`: the project's folder. Throws if a limit is enforced nowhere. */
export function limitsPage(root: string): string {
  const files = sourcesIn(root);
  const usersOf = (name: string) => {
    const users = files.filter(({ text }) => new RegExp(`\\b${name}\\b`).test(text)).map(({ path }) => path);
    if (users.length === 0) throw new Error(`${name}: nothing in src/ or machines/ uses this limit; take it away, or enforce it`);
    return users.map(code).join(", ");
  };
  const placesOf = (path: string) => {
    const places = enforced[path] ?? [];
    const unknown = places.filter((place) => !files.some((file) => file.path === place));
    if (places.length === 0 || unknown.length > 0) throw new Error(`${path}: say in diagrams/limits.ts where it is enforced${unknown.map((place) => `; there is no ${place}`).join("")}`);
    return places.map(code).join(", ");
  };
  const counted = (name: string) => (isCountedLimit(name) ? "yes" : "");
  return [
    `<!-- Generated from ${source} and src/config/schema.ts by \`npm run diagrams\`: change those, not this page. -->`,
    "# Every limit",
    "What a server takes, keeps and waits for is bounded, for strangers before all. *Told*: whoever runs the server sees how often the limit has refused something, in `refrain status` and at `/metrics` " +
      "(`refrain_refusals_total`). *Enforced in*: the files that ask for it.",
    "## Before and after the login",
    "A connection is counted when it comes (`limits.connections`, `limits.connectionsPerAddress`, `limits.connectionsPerMinute`), over all listeners; behind a proxy in `listen.http.trustedProxies` its clients are counted, not the proxy. " +
      "Until a resource is bound everything together takes `session.negotiationTimeoutMs` at most, however slowly a client sends, by whatever transport. " +
      "Wrong passwords make the address wait that they came from; an account that strangers guess at is never closed for its owner: from where it has logged in before nothing changes, from elsewhere a login is answered after some seconds, and tokens (XEP-0484) are not counted at all. " +
      "After the login a client is read at `limits.bytesPerSecond` and `limits.stanzasPerSecond`, and waits in the network when it is faster; one that does not read what it is sent is dropped at `outboxBytesHardMax`, or after `outboxStallMs`. " +
      "XEP-0478 has a place for the largest stanza and the longest silence, and both are announced by it; it has none for a rate, so that a client feels its pace and is not told.",
    "## Settings",
    table(
      ["Setting", "Default", "At least", "At most", "Meaning", "Told", "Enforced in"],
      fields.filter(isLimit).map((field) => [
        code(field.path), `${shown(field.default)} ${field.unit}`, shown(field.min), shown(field.max), field.description, counted(field.path), placesOf(field.path),
      ]),
    ),
    "## Constants",
    "Those that no operator has had a reason to change yet.",
    table(
      ["Limit", "Value", "Meaning", "Told", "Enforced in"],
      constantsIn(readFileSync(join(root, source), "utf8")).map(({ names, meaning }) => [
        lines(names.map(code)), lines(names.map(valueOf)), meaning, lines(names.map(counted)), lines(names.map(usersOf)),
      ]),
    ),
    "",
  ].join("\n\n").replace(/\n+$/, "\n");
}

function isLimit({ kind, unit, path }: Field): boolean {
  return kind === "integer" && unit !== undefined && !path.includes("[]");
}

/** Those that stand together have one comment, and are one row: each has a line in each cell. */
interface Constants {
  readonly names: readonly string[];
  readonly meaning: string;
}

/** Nothing, where each line would be empty. */
function lines(texts: readonly string[]): string {
  return texts.every((text) => text === "") ? "" : texts.join("<br>");
}

/** Throws if a constant stands alone, without a comment. */
function constantsIn(text: string): readonly Constants[] {
  return text.split(/\n{2,}|(?=^\/\*\*)/m).flatMap((part) => {
    const names = [...part.matchAll(/^export const (\w+)/gm)].map(([, name]) => name!);
    if (names.length === 0) return [];
    const comment = /^\/\*\*([\s\S]*?)\*\//.exec(part)?.[1];
    if (comment === undefined) throw new Error(`${names[0]}: say above it in ${source} what it is`);
    return [{ names, meaning: comment.split("\n").map((line) => line.replace(/^\s*\* ?/, "").trim()).join(" ").trim() }];
  });
}

function valueOf(name: string): string {
  const value: unknown = (limits as Readonly<Record<string, unknown>>)[name];
  if (typeof value === "number") return shown(value);
  return Object.entries(value as Readonly<Record<string, number>>).map(([key, each]) => `${key} ${shown(each)}`).join("<br>");
}

function shown(value: unknown): string {
  return typeof value === "number" ? value.toLocaleString("en-US") : "";
}

function sourcesIn(root: string): readonly { readonly path: string; readonly text: string }[] {
  return ["machines", "src"]
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path.replaceAll("\\", "/")}`))
    .filter((path) => path.endsWith(".ts") && !elsewhere.test(path))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}
