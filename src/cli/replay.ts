import type { Command } from "commander";
import type { ConfigFlags } from "../config/load.ts";
import { type Difference, differences } from "../history/differences.ts";
import { time } from "../history/plain-words.ts";
import { type Replay, replay } from "../history/replay.ts";
import type { SessionPast } from "../history/session-past.ts";
import { findSession, sessionName } from "../history/subject.ts";
import { stanzaWords } from "../history/words.ts";
import type { Json } from "../ports.ts";
import { shown, warnOf, withHistory } from "./history-access.ts";
import { withFolderOptions } from "./options.ts";
import { print, SaidError, table, UsageError } from "./terminal.ts";

interface ReplayOptions extends ConfigFlags {
  readonly at?: string;
  readonly diff?: readonly string[];
  readonly json?: boolean;
  readonly contents?: boolean;
}

export function addReplay(program: Command): void {
  withFolderOptions(program.command("replay").description("show a session as it was, by folding its log again"))
    .argument("<SESSION>", "its id, six characters of its begin, or a full JID for the last session of that resource")
    .option("--at <POSITION>", "after this position of the log (default: after the session's last fact)")
    .option("--diff <POSITIONS...>", "what differs between two positions; after SESSION")
    .option("--json", "everything as JSON: {session, past} or {session, from, to, differences}")
    .option("--contents", "with the text of the presence, as far as it is still kept")
    .addHelpText(
      "after",
      `
The session's properties have their documented names, as \`refrain sessions\` shows them of those that live; of the connection the
log knows only whether there was one. Positions are those that \`refrain log SESSION\` shows.
The log is checked on the way: where a later snapshot is not what the facts before it give, that is said, and the exit status is 1.

Examples:
  refrain replay Zq3xT0
  refrain replay Zq3xT0 --at 1042
  refrain replay Zq3xT0 --diff 1042 1077
  refrain replay romeo@localhost/phone --json | jq .past.counts`,
    )
    .action(async (text: string, { at, diff, json, contents, ...flags }: ReplayOptions) => {
      if (diff !== undefined && at !== undefined) throw new UsageError("--at, --diff: leave one of them out");
      if (diff !== undefined && diff.length !== 2) throw new UsageError(`--diff: expected two positions, such as --diff 1042 1077, got ${diff.join(" ")}`);
      const positions = diff === undefined ? [at === undefined ? ("last" as const) : toPosition("--at", at)] : diff.map((each) => toPosition("--diff", each));
      const { session, found } = await withHistory(flags, async (source) => {
        const session = await findSession(source, text);
        return { session, found: contents === true ? await replay(source, session, positions) : withoutTexts(await replay(source, session, positions)) };
      });
      const [past, other] = found.pasts as readonly [SessionPast, SessionPast?];
      if (other === undefined) print(json === true ? JSON.stringify({ session, past, ...rest(found) }, null, 2) : pastText(sessionName(session), past));
      else {
        const changed = differences(flat(past), flat(other));
        print(json === true ? JSON.stringify({ session, from: past, to: other, differences: changed, ...rest(found) }, null, 2) : diffText(past, other, changed));
      }
      if (warnOf(session.id, found.disagreements)) throw new SaidError("the log does not agree with itself");
    });
}

function toPosition(option: string, text: string): number {
  if (/^[1-9]\d{0,15}$/.test(text)) return Number(text);
  throw new UsageError(`${option}: expected a position of the log, a whole number from 1, got ${JSON.stringify(text)}`);
}

function rest({ disagreements, first, last }: Replay) {
  return { first, last, disagreements };
}

function withoutTexts(found: Replay): Replay {
  const pasts = found.pasts.map((past) => {
    const { presence } = past.session;
    return presence === null ? past : { ...past, session: { ...past.session, presence: { ...presence, text: null } } };
  });
  return { ...found, pasts };
}

const columns = ["PROPERTY", "VALUE"];

function pastText(name: string, past: SessionPast): string {
  const rows = Object.entries(flat(past)).map(([property, value]) => [property, valueText(property, value)]);
  const queue = past.queue.map((stanza) => `  ${stanza.number}  ${time(stanza.at)}  ${shown(stanzaWords(stanza))}`);
  const waiting = queue.length === 0 ? [] : ["", "not acknowledged:", ...queue];
  return [`${shown(name)} after position ${past.position}, ${time(past.at)}`, table(columns, rows), ...waiting].join("\n");
}

function diffText(from: SessionPast, to: SessionPast, changed: readonly Difference[]): string {
  const title = `from position ${from.position}, ${time(from.at)}, to position ${to.position}, ${time(to.at)}`;
  if (changed.length === 0) return `${title}\nno difference`;
  const rows = changed.map(({ path, before, after }) => [path, valueText(path, before), valueText(path, after)]);
  return [title, table(["PROPERTY", `AT ${from.position}`, `AT ${to.position}`], rows)].join("\n");
}

/** What is shown of it, and compared: places apart, which always differ. The queue is as long as its counts say. */
function flat({ position: _position, at: _at, session, queue: _queue, counts, timers, extensions, ...others }: SessionPast): { readonly [property: string]: Json } {
  const { presence, roster, ...properties } = session;
  return {
    ...properties,
    presence: presence === null ? null : (presence.text ?? `available, digest ${presence.digest}`),
    roster: roster === null ? null : `${roster.items} (${roster.version})`,
    ...(others as unknown as { readonly [property: string]: Json }),
    received: counts?.received ?? null,
    sent: counts?.sent ?? null,
    acknowledged: counts?.acknowledged ?? null,
    ...Object.fromEntries(Object.entries(timers).map(([name, deadline]) => [`timer ${name}`, deadline])),
    ...Object.fromEntries(Object.entries(extensions).map(([name, value]) => [`extension ${name}`, value])),
  };
}

function valueText(property: string, value: Json | undefined): string {
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) return "-";
  return property.startsWith("timer ") ? time(Number(value)) : shown(value);
}
