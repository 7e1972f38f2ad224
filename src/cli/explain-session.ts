import type { Command } from "commander";
import type { ConfigFlags } from "../config/load.ts";
import { neighbourhood, Neighbourhood } from "../history/neighbourhood.ts";
import { duration, time } from "../history/plain-words.ts";
import { type ChainLink, type EndExplanation, SessionEnd } from "../history/session-end.ts";
import { rostersAt } from "../history/replay.ts";
import { factsOf } from "../history/source.ts";
import { findSession, streamOf } from "../history/subject.ts";
import { HistoryError } from "../history/errors.ts";
import { visible, warnOf, withHistory } from "./history-access.ts";
import { withFolderOptions } from "./options.ts";
import { print } from "./terminal.ts";

export function addExplainSession(explain: Command): void {
  withFolderOptions(explain.command("session").description("say why a session ended, or what it waits for"))
    .argument("<SESSION|FULLJID>", "its id, six characters of its begin, or a full JID for the last session of that resource")
    .option("--json", "everything as JSON: {id, jid, summary, rule, chain, life, unacknowledged, last, …}")
    .addHelpText(
      "after",
      `
A sentence, the rule that says so, and the events that led there with their positions in the log: those of the session itself, what
else happened in the same step, and the steps that led to it. Before them the last five times that its link was lost or resumed, or
the server was stopped or started again (all of them in the JSON). Then what its client had not acknowledged, and where that went.

Examples:
  refrain explain session Zq3xT0
  refrain explain session romeo@localhost/phone
  refrain log romeo@localhost               all sessions of an account`,
    )
    .action(async (text: string, { json, ...flags }: ConfigFlags & { json?: boolean }) => {
      const explanation = await withHistory(flags, async (source, running) => {
        const session = await findSession(source, text);
        const end = new SessionEnd();
        for await (const fact of factsOf(source, streamOf(session))) end.take(fact);
        const { decisive } = end;
        const near = decisive === undefined ? new Neighbourhood([]) : await neighbourhood(source, decisive.position);
        const [roster] = await rostersAt(source, session, ["last"]);
        const found = end.explain(near, { roster, running });
        if (found === undefined) throw new HistoryError(`session ${session.id}: the log holds no snapshot of it; \`refrain log ${session.id}\` shows what there is`);
        return found;
      });
      print(json === true ? JSON.stringify(explanation, null, 2) : toText(explanation));
      warnOf(explanation.id, explanation.disagreements);
    });
}

/** Of those before the end that are shown. */
const turnsShown = 5;

function toText({ id, summary, rule, startedAt, endedAt, chain, life, unacknowledged }: EndExplanation): string {
  const lived = endedAt === null ? "" : ` to ${time(endedAt)}, ${duration(endedAt - startedAt)}`;
  return [
    `${visible(summary)}${rule === null ? "" : ` (${rule})`}.`,
    `session ${id}, from ${time(startedAt)}${lived}`,
    ...(life.length > turnsShown ? [`  … ${life.length - turnsShown} earlier`] : []),
    ...[...life.slice(-turnsShown), ...chain].toSorted((a, b) => a.position - b.position).map((link) => `  ${time(link.at)} ${String(link.position).padStart(7)}  ${visible(linkText(link))}`),
    ...(unacknowledged.length === 0 ? [] : ["not acknowledged by its client:"]),
    ...unacknowledged.map(({ number, stanza, wentTo }) => `  ${number}  ${visible(`${stanza}: ${wentTo}`)}`),
  ].join("\n");
}

function linkText({ relation, stream, text, state }: ChainLink): string {
  const after = state === null ? "" : ` → ${state}`;
  if (relation === "event") return `${text}${after}`;
  return `${relation === "cause" ? "led to by" : "in the same step"}, ${stream}: ${text}${after}`;
}
