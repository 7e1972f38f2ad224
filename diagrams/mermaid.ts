/**
 * The same plan as Mermaid source, which GitHub and many editors draw by themselves. Lines inside a box become its description;
 * those of a composite become a note, because Mermaid gives composites no room for more than a name.
 */
import { lineText } from "./anatomy.ts";
import { anyState } from "./plan.ts";
import type { Arrow, Box, Note, Plan } from "./plan.ts";

const charactersMax = 52;

export function mermaidOf(plan: Plan): string {
  const boxes = [...plan.way, ...plan.ends];
  const lines = [
    "stateDiagram-v2",
    "direction TB",
    ...boxes.flatMap((box) => boxLines(box, plan.arrows)),
    ...plan.arrows.filter(({ from }) => !from.endsWith(".^")).map(arrowLine),
    ...boxes.flatMap(flatten).flatMap(noteLines),
  ];
  return `${indented(lines).join("\n")}\n`;
}

function boxLines(box: Box, arrows: readonly Arrow[]): string[] {
  const id = idOf(box.id);
  if (box.kind === "initial") return arrows.filter(({ from }) => from === box.id).map(({ to }) => `[*] --> ${idOf(to)}`);
  const named = `state "${titleOf(box)}" as ${id}`;
  if (box.children.length > 0) {
    const [regions, others] = [box.children.filter(isRegion), box.children.filter((child) => !isRegion(child))];
    const inner = [
      ...others.flatMap((child) => boxLines(child, arrows)),
      ...regions.flatMap((region, at) => [...(at === 0 ? [] : ["--"]), ...boxLines(region, arrows)]),
    ];
    return [`${named} {`, ...inner, "}"];
  }
  const end = box.kind === "final" ? [`${id} --> [*]`] : [];
  return [named, ...box.notes.flatMap(described).map((text) => `${id} : ${text}`), ...end];
}

function arrowLine({ from, to, lines }: Arrow): string {
  return `${idOf(from)} --> ${idOf(to)} : ${lines.map(lineText).map(safe).join("<br/>")}`;
}

function noteLines(box: Box): string[] {
  if (box.children.length === 0 || box.notes.length === 0) return [];
  return [`note right of ${idOf(box.id)}`, ...box.notes.flatMap(described), "end note"];
}

/** A heading and what stands under it, broken where a line would make its box too wide. */
function described({ heading, kind, lines }: Note): string[] {
  const written = [`${kind === "to" ? `→ ${heading}` : heading}:`];
  for (const line of lines) {
    const last = written.at(-1) ?? "";
    const longer = `${last}${last.endsWith(":") ? "" : ","} ${lineText(line)}`;
    if (longer.length <= charactersMax || last.endsWith(":")) written[written.length - 1] = longer;
    else written.splice(-1, 1, `${last},`, lineText(line));
  }
  return written.map(safe);
}

function titleOf({ title, aside, tags }: Box): string {
  const words = [title, ...(aside === null ? [] : [`(${aside})`]), ...(tags.length === 0 ? [] : [`«${tags.join(", ")}»`])];
  return words.map(safe).join(" ");
}

function isRegion({ kind }: Box): boolean {
  return kind === "region";
}

function flatten(box: Box): Box[] {
  return [box, ...box.children.flatMap(flatten)];
}

/** `end`, `note` and the like are words of Mermaid, so no id is left bare. */
function idOf(id: string): string {
  return id === anyState ? "s_any" : `s_${id.replaceAll(".", "__").replaceAll(/[^A-Za-z0-9]/g, "_")}`;
}

function safe(text: string): string {
  return text.replaceAll(/[#;"]/g, (char) => `#${char.charCodeAt(0)};`);
}

function indented(lines: readonly string[]): string[] {
  let depth = 0;
  return lines.map((line, at) => {
    if (line === "}" || line === "end note") depth -= 1;
    const text = `${"  ".repeat(at === 0 ? 0 : depth + 1)}${line}`;
    if (line.endsWith("{") || line.startsWith("note ")) depth += 1;
    return text;
  });
}
