/**
 * Writes everything that is drawn from the machines, the tables behind them and the declarations of extensions, in diagrams/ and for the
 * inspector's page: `npm run diagrams`. With `--check` it writes nothing, names the files that are not what the machines say, and exits 1 if there are any.
 */
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AnyStateMachine } from "xstate";
import { boshGuardWords, roomGuardWords, sessionGuardWords, subscriptionGuardWords } from "../machines/guard-words.ts";
import { boshMachine, roomMachine, sessionMachine, subscriptionMachine } from "../machines/index.ts";
import { chartOf } from "./chart.ts";
import { messagesOf } from "./contract.ts";
import { coveragePage, coverageSvg } from "./coverage.ts";
import { exercisedRoom, exercisedSession, exercisedSubscription, markedPlan } from "./exercised.ts";
import { extendingPage } from "./extending.ts";
import { layoutOf } from "./layout.ts";
import type { Layout } from "./layout.ts";
import { limitsPage } from "./limits.ts";
import { mermaidOf } from "./mermaid.ts";
import { pageOf } from "./page.ts";
import type { Described } from "./page.ts";
import { pictureOf } from "./picture.ts";
import { planOf } from "./plan.ts";
import { doapFile, specificationsPage } from "./specifications.ts";
import { themes } from "./style.ts";
import { svgOf } from "./svg.ts";
import { tablesPage } from "./tables.ts";

export interface Drawn {
  readonly machine: AnyStateMachine;
  readonly about: string;
  /** What each of its guards asks. */
  readonly guards: Readonly<Record<string, string>>;
  /** Files from the root of the project. */
  readonly source: string;
  /** Where the unions are declared of what it is told and what it asks for, and what they are called. */
  readonly contract: { readonly source: string; readonly told: string; readonly asked: string };
}

/** The machines that are drawn, in the order of the page. */
export const drawn: readonly Drawn[] = [
  {
    machine: sessionMachine,
    about: "One client session, from the first byte to the last.",
    guards: sessionGuardWords,
    source: "machines/session.ts",
    contract: { source: "machines/session-events.ts", told: "SessionEvent", asked: "SessionEffect" },
  },
  {
    machine: subscriptionMachine,
    about: "One user's subscription with one contact, seen from the user: RFC 6121 appendix A, whose tables are [a page of their own](subscriptions.md).",
    guards: subscriptionGuardWords,
    source: "machines/subscription.ts",
    contract: { source: "machines/subscription-events.ts", told: "SubscriptionEvent", asked: "SubscriptionEffect" },
  },
  {
    machine: roomMachine,
    about: "The life of a room of many, from who makes it to its end (XEP-0045). Who is in it, and how they stand to it, is data of the room and no state of this.",
    guards: roomGuardWords,
    source: "machines/room.ts",
    contract: { source: "machines/room-events.ts", told: "RoomEvent", asked: "RoomEffect" },
  },
  {
    machine: boshMachine,
    about: "A session by BOSH (XEP-0124): which requests are awaited, kept waiting, answered and answered again. The session of its client is another machine, and does not know of requests.",
    guards: boshGuardWords,
    source: "machines/bosh.ts",
    contract: { source: "machines/bosh-events.ts", told: "BoshEvent", asked: "BoshEffect" },
  },
];

/** The project's folder: the nearest one above this file with a package.json, built or not. */
export const projectRoot = rootAbove(dirname(fileURLToPath(import.meta.url)));

/** Contents by file name, from the root of the project. The same on every platform. */
export async function generated(): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const { machine } of drawn) {
    const plan = planOf(chartOf(machine));
    const layout = await layoutOf(plan);
    files.set(`diagrams/${machine.id}.mmd`, mermaidOf(plan));
    files.set(`diagrams/${machine.id}.layout.json`, layoutJson(layout));
    if (machine === sessionMachine) files.set("src/page/chart/packed-session.ts", pictureOf(layout));
    for (const theme of themes) files.set(`diagrams/${machine.id}.${theme}.svg`, svgOf(layout, theme));
  }
  files.set("diagrams/README.md", pageOf(drawn.map(describe)));
  files.set("diagrams/subscriptions.md", tablesPage());
  files.set("diagrams/xeps.md", specificationsPage(projectRoot));
  files.set("diagrams/refrain.doap", doapFile(projectRoot));
  files.set("diagrams/limits.md", limitsPage(projectRoot));
  files.set("diagrams/extending.md", extendingPage(projectRoot));
  for (const [name, text] of await coverageFiles()) files.set(name, text);
  return files;
}

async function coverageFiles(): Promise<readonly (readonly [string, string])[]> {
  const session = { chart: chartOf(sessionMachine), exercised: exercisedSession() };
  const subscription = { chart: chartOf(subscriptionMachine), exercised: exercisedSubscription() };
  const room = { chart: chartOf(roomMachine), exercised: exercisedRoom() };
  const layout = await layoutOf(markedPlan(planOf(session.chart), session.exercised.scripts));
  return [
    ...themes.map((theme) => [`diagrams/coverage.${theme}.svg`, coverageSvg(layout, theme)] as const),
    ["diagrams/coverage.md", coveragePage(session, subscription, room)],
  ];
}

/** The names of the generated files that are missing on the disk or say something else there. */
export function staleFiles(files: ReadonlyMap<string, string>): readonly string[] {
  return [...files].filter(([name, text]) => onDisk(name) !== text).map(([name]) => name);
}

function describe({ machine, about, guards, source, contract }: Drawn): Described {
  const text = readFileSync(join(projectRoot, contract.source), "utf8");
  const [told, asked] = [messagesOf(text, contract.told), messagesOf(text, contract.asked)];
  return { chart: chartOf(machine), about, guards, source, told, asked };
}

/** One node or arrow a line, so that a change of the machine is a small change of the file. */
function layoutJson({ machine, width, height, nodes, edges, separators }: Layout): string {
  const list = (values: readonly unknown[]) => `[\n    ${values.map((value) => JSON.stringify(value)).join(",\n    ")}\n  ]`;
  const lists = { nodes, edges, separators };
  const fields = [
    ...Object.entries({ machine, width, height }).map(([name, value]) => `"${name}": ${JSON.stringify(value)}`),
    ...Object.entries(lists).map(([name, values]) => `"${name}": ${values.length === 0 ? "[]" : list(values)}`),
  ];
  return `{\n  ${fields.join(",\n  ")}\n}\n`;
}

function onDisk(name: string): string | null {
  const path = join(projectRoot, name);
  // A checkout on Windows may have changed the ends of lines.
  return existsSync(path) ? readFileSync(path, "utf8").replaceAll("\r\n", "\n") : null;
}

function rootAbove(folder: string): string {
  if (existsSync(join(folder, "package.json"))) return folder;
  const above = dirname(folder);
  if (above === folder) throw new Error("diagrams: no package.json in any folder above this script; run it inside the project");
  return rootAbove(above);
}

async function main(options: readonly string[]): Promise<void> {
  const unknown = options.find((option) => option !== "--check");
  if (unknown !== undefined) {
    console.error(`diagrams: expected --check or nothing, got ${unknown}`);
    process.exitCode = 2;
    return;
  }
  const files = await generated();
  const stale = staleFiles(files);
  if (options.includes("--check")) {
    for (const name of stale) console.error(`${name}: is not what the machines say; run npm run diagrams`);
    process.exitCode = stale.length === 0 ? 0 : 1;
    return;
  }
  for (const name of stale) writeFileSync(join(projectRoot, name), files.get(name) ?? "");
  console.log(stale.length === 0 ? "diagrams: all as the machines say" : `diagrams: wrote ${stale.join(", ")}`);
}

const script = process.argv[1];
if (script !== undefined && existsSync(script) && realpathSync(script) === fileURLToPath(import.meta.url)) {
  await main(process.argv.slice(2));
}
