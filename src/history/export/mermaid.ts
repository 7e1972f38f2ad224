/** A session as a sequence diagram in Mermaid's language: what went over the wire, or what the session was told where that is all there is. */
import { stateName } from "../../../machines/state-name.ts";
import type { SessionEvent } from "../../../machines/session-events.ts";
import { eventWords } from "../event-words.ts";
import { time } from "../plain-words.ts";
import { factWords } from "../words.ts";
import { lifeOf, type LifeStep } from "./life.ts";
import { mermaidText, shortenedLines } from "./mermaid-text.ts";
import type { StanzaOutline } from "../seen.ts";
import type { SessionExport } from "./session-export.ts";

/** Of the names above. */
const nameCharsMax = 60;
/** Of an element, those that are looked at for its outline. */
const outlinedCharsMax = 2_000;

/** Throws if its snapshots are of another machine, or of a version that this one cannot continue. */
export function exportMermaid(exported: SessionExport): string {
  const life = lifeOf(exported);
  const others = new Others();
  const lines = shortenedLines(linesOf(life, others), "C,S");
  const { session } = exported;
  const jid = session.username === "" ? "client" : `${session.username}@${session.host}${session.resource === null ? "" : `/${session.resource}`}`;
  return [
    "sequenceDiagram",
    `  %% session ${/^[\w-]+$/.test(session.id) ? session.id : "without a plain id"}`,
    `  participant C as ${mermaidText(jid, nameCharsMax)}`,
    "  participant S as refrain",
    ...others.names.map((name, index) => `  participant O${index + 1} as ${mermaidText(name, nameCharsMax)}`),
    ...lines.map((line) => `  ${line}`),
    "",
  ].join("\n");
}

class Others {
  readonly names: string[] = [];
  readonly #places = new Map<string, string>();

  /** What the diagram calls it. More than a few are one: a diagram is only so wide. */
  place({ session, jid }: { readonly session: string; readonly jid: string | null }): string {
    const known = this.#places.get(session);
    if (known !== undefined) return known;
    if (this.names.length < othersMax) this.names.push(this.names.length === othersMax - 1 ? "others" : (jid ?? `session ${session}`));
    const place = `O${this.names.length}`;
    this.#places.set(session, place);
    return place;
  }
}

const othersMax = 8;

function linesOf(life: readonly LifeStep[], others: Others): readonly string[] {
  const lines: string[] = [];
  // Where the wire was seen, the events say nothing that it does not.
  const seen = life.findIndex(({ kind }) => kind === "wire");
  let state = "";
  const note = (now: string, at: number) => {
    if (now === state) return;
    state = now;
    lines.push(`Note over S: ${mermaidText(now)}<br/>${mermaidText(time(at))}`);
  };
  life.forEach((step, index) => {
    const wired = seen !== -1 && index >= seen;
    switch (step.kind) {
      case "snapshot":
        return note(stateName(step.snapshot.value), step.at);
      case "told":
        if (!wired || isInner(step.event)) lines.push(`${arrowOf(step.event)}: ${mermaidText(eventWords(step.event))}`);
        return note(step.state, step.at);
      case "wire":
        return void lines.push(`${step.direction === "in" ? "C->>S" : "S->>C"}: ${mermaidText(outlineOf(step.xml))}`);
      case "touched":
        return void lines.push(`S->>${others.place(step.other)}: ${mermaidText(stanzaText(step.stanza))}`);
      case "fact":
        if (!wired && step.fact.type === "StanzaQueued") lines.push(`S->>C: ${mermaidText(factWords(step.fact))}`);
        else if (step.fact.type === "SessionEnded") lines.push(`Note over S: ${mermaidText(factWords(step.fact))}`);
        return;
      default:
    }
  });
  return lines;
}

/** Nothing of it goes over the wire. */
function isInner({ type }: SessionEvent): boolean {
  return inner.some((prefix) => type.startsWith(prefix));
}

const inner = ["timer.", "link.", "server.", "account.", "session.", "host.", "queue.", "extension.", "tls.established", "tls.failed"];
const answers = ["resource.", "bind.failed", "sasl.succeeded", "sasl.failed", "sasl.challenged", "resume.granted", "resume.refused", "close."];

function arrowOf(event: SessionEvent): string {
  if (event.type === "link.lost") return "C--xS";
  if (event.type === "link.attached") return "C->>S";
  if (isInner(event)) return "S->>S";
  return answers.some((prefix) => event.type.startsWith(prefix)) ? "S->>C" : "C->>S";
}

/** The first tag, its name and what tells it apart; and the name of what is in it. */
function outlineOf(xml: string): string {
  const [, first = "", inner] = /^\s*(?:<\?[^>]*\?>)?\s*(<\/?[^\s/>]+(?:\s+[^\s=]+=(?:"[^"]*"|'[^']*'))*)[^>]*>\s*(?:<([^\s/>]+))?/.exec(xml.slice(0, outlinedCharsMax)) ?? [];
  const [, name = "…"] = /^<(\/?[^\s>]+)/.exec(first) ?? [];
  const attribute = (wanted: string) => new RegExp(`\\s${wanted}=(?:"([^"]*)"|'([^']*)')`).exec(first)?.slice(1).find((value) => value !== undefined);
  const words = [`<${name}>`, attribute("type"), attribute("mechanism"), inner === undefined ? undefined : `<${inner}>`, attribute("h") && `h=${attribute("h")}`];
  const to = attribute("to");
  return [...words.filter((word) => word !== undefined && word !== ""), ...(to === undefined || name.startsWith("stream:") ? [] : [`to ${to}`])].join(" ");
}

function stanzaText({ name, type, from }: StanzaOutline): string {
  return [`<${name}>`, type, from === null ? null : `from ${from}`].filter((word) => word !== null).join(" ");
}
