/** Scripts: generated ones, and a tour that comes by every rule. */
import fc from "fast-check";
import { actions, rules, type Action } from "../../../src/testing/oracle/stream-oracle.ts";
import type { Phase, Rule } from "../../../src/testing/oracle/stream-rules.ts";
import type { Picks, Script } from "./play.ts";

/** Numbers that are decided on by what is possible when it is their turn; smaller ones are plainer. */
export const scripts: fc.Arbitrary<Script> = fc.record({
  strict: fc.nat(11).map((number) => number === 11),
  picks: fc.array(fc.nat(9_999), { minLength: 1, maxLength: 40, size: "max" }),
});

/** The same within a session whose counts are about to begin again at zero (XEP-0198 section 4). */
export const lateScripts: fc.Arbitrary<Script> = fc
  .record({ before: fc.nat(4), numbers: fc.array(fc.nat(9_999), { minLength: 1, maxLength: 40, size: "max" }) })
  .map(({ before, numbers }) => ({ strict: false, picks: [...resumable, "vanish", { leap: 2 ** 32 - before }, ...late, ...numbers] }));

/** For each rule a script that ends with it. What a rule leaves as it was is followed by the next of its phase. */
export function tour(): readonly Script[] {
  const stays = (rule: Rule<Action>) => rule.outcomes.every(({ next, takes }) => next === "same" && takes === undefined);
  const phases = [...new Set(rules.map(({ phase }) => phase))];
  const together = phases.flatMap((phase) => {
    const here = rules.filter((rule) => rule.phase === phase && stays(rule) && needOf(rule) === "");
    return here.length === 0 ? [] : [scriptOf(phase, waysTo[phase], ...here.map(({ action }) => action))];
  });
  const apart = rules.filter((rule) => !stays(rule) || needOf(rule) !== "").map((rule) => scriptOf(rule.phase, wayTo(rule), rule.action));
  return [...together, ...apart, ...persistent];
}

const scriptOf = (phase: Phase, way: Picks, ...actions: readonly Action[]): Script =>
  ({ strict: phase === "TLS required", picks: [...way, ...actions], hasty: way.length });

const offered: Picks = [{ connect: "clear" }, "open the stream"];
const offeredOverTls: Picks = [{ connect: "tls" }, "open the stream"];
const restarted: Picks = [...offered, "log in", "open the stream"];
const bound: Picks = [...restarted, "bind a resource", "ask the server"];
const resumable: Picks = [...bound, "enable to resume"];

const waysTo: Readonly<Record<Phase, Picks>> = {
  "opening": [{ connect: "clear" }],
  "offered": offered,
  "TLS required": [{ connect: "clear" }, "open the stream"],
  "securing": [...offered, "ask for TLS"],
  "opening over TLS": [{ connect: "tls" }],
  "offered over TLS": offeredOverTls,
  "offered over TLS as another": [{ connect: "tls" }, "open it as another"],
  "authenticating": [...offered, "log in by SCRAM"],
  "authenticating over TLS": [...offeredOverTls, "log in by SCRAM"],
  "signing in": [...offeredOverTls, "log in at once by SCRAM"],
  "authenticated": [...offered, "log in"],
  "restarted": restarted,
  "bound": bound,
  "counting": [...bound, "enable"],
  "resumable": resumable,
  "lost": [...resumable, "vanish"],
  "closing": [...offeredOverTls, "ask for TLS"],
  "closed": [],
};

/** Both counts pass 2³², with something unacknowledged on either side of it, and the session is lost and resumed there. */
const late: Picks = [
  ...restarted, "resume a lost session", "hear from a partner", "ask the server", "ask for a count", "acknowledge one more", "hear from a partner",
  "hear from a partner", "ask the server", "acknowledge one more", "write to a partner", "write to a partner", "ask for a count", "vanish", "hear from a partner",
  ...restarted, "resume a lost session, having one more", "ask for a count", "acknowledge less than before",
];

/** RFC 6120 sections 6.4.5 and 7.7.3: so many mistakes are forgiven, and not more. */
const persistent: readonly Script[] = [
  [...offered, "log in with a wrong password", "log in with a wrong password", "log in"],
  [...offered, { insistOn: "log in with a wrong password" }],
  [...offered, { insistOn: "log in with what is no message" }],
  [...offeredOverTls, { insistOn: "abort" }],
  [...restarted, ...Array.from({ length: 5 }, () => "bind what is no resource" as const), "bind a resource"],
  [...restarted, { insistOn: "bind what is no resource" }],
  [...restarted, ...Array.from({ length: 4 }, () => "resume nobody's session" as const), "bind a resource"],
].map((picks) => ({ strict: false, picks: picks as Picks }));

/** So that one stanza is acknowledged and two are not. */
const counted: Picks = ["hear from a partner", "hear from a partner", "hear from a partner", "acknowledge one more"];

/** The session that an action is about, before its own stream begins. */
function preparedFor(need: string): Picks {
  switch (need) {
    case "a lost session":
      return [...resumable, ...counted, "vanish"];
    case "an attached session":
    case "an attached resumable session":
      return [...resumable, ...counted];
    case "an ended session":
      return [...resumable, ...counted, "end the stream"];
    case "a session of unclear fate":
      return [...resumable, ...counted, "send a comment"];
    default:
      return [];
  }
}

function wayTo(rule: Rule<Action>): Picks {
  const way = [...preparedFor(needOf(rule)), ...waysTo[rule.phase]];
  const needs = actions[rule.action].needs ?? [];
  const isOwn = needOf(rule) === "" && needs.some((need) => need.includes("acknowledge") && need !== "no acknowledgement yet");
  return isOwn ? [...way, ...counted] : way;
}

const needOf = ({ action }: Rule<Action>): string => (actions[action].needs ?? []).find((need) => need.endsWith("session") || need.startsWith("a session")) ?? "";
