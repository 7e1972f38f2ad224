/** Where the negotiation of a stream goes: what each request of the client and each answer of the server lead to. */
import type { SessionSnapshot } from "../../../machines/fold.ts";
import type { SessionContext } from "../../../machines/session-context.ts";
import type { SessionEvent } from "../../../machines/session-events.ts";
import { stateName } from "../../../machines/state-name.ts";
import type { StreamErrorCondition } from "../../domain/errors.ts";
import { afterEvent, asked, type SessionInvariant } from "./session-rules.ts";
import { isHibernating } from "./session-told.ts";
import { says } from "./unlike.ts";

/** A state, as far as negotiation tells them apart. */
export type Phase =
  | "awaitingStream" | "negotiating.offering" | "negotiating.securing" | "negotiating.authenticating" | "negotiating.signingIn"
  | "authenticated.awaitingRestart" | "authenticated.fulfilling.returning" | "authenticated.fulfilling.claiming"
  | "authenticated.binding.idle" | "authenticated.binding.pending" | "authenticated.binding.resuming"
  | "connected" | "hibernating" | "closing" | "closed";

export function phaseOf(state: SessionSnapshot): Phase {
  let phase = phases.get(state);
  if (phase === undefined) phases.set(state, (phase = namePhase(state)));
  return phase;
}

/** Each state is asked for often: by several rules, and by each life that goes through it. */
const phases = new WeakMap<SessionSnapshot, Phase>();

function namePhase(state: SessionSnapshot): Phase {
  if (state.status !== "active") return "closed";
  if (state.hasTag("connected")) return isHibernating(state) ? "hibernating" : "connected";
  return stateName(state.value) as Phase;
}

export const leadsOn: SessionInvariant = {
  name: "Each request of the client and each answer to it lead on where they belong; a request anywhere else closes the stream, an answer changes nothing.",
  source: "RFC 6120 sections 4.3, 5.4, 6.4 and 7.6, XEP-0198 sections 3, 5 and 6",
  step: afterEvent((before, event, after) => {
    const [phase, led] = [phaseOf(before), phaseOf(after)];
    const expected = nextPhases(before, phase, event);
    return says(expected !== undefined && !expected.includes(led), `${event.type} in ${phase}: expected ${expected?.join(" or ")}, got ${led}`);
  }),
};

export const headerIsJudged: SessionInvariant = {
  name: "A stream header or a login that does not fit closes the stream with the condition that says why; one that fits does not.",
  source: "RFC 6120 sections 4.9.3.1, 4.9.3.6, 4.9.3.9, 4.9.3.12 and 4.9.3.25",
  step: afterEvent((before, event, _, step) => {
    const faults = faultsOf(before, event);
    if (faults === undefined) return undefined;
    const conditions = asked(step, "close.stream").map(({ condition }) => String(condition));
    return faults.length === 0
      ? says(conditions.length > 0, `${event.type} fits and is refused with ${conditions.join()}`)
      : says(!faults.includes(conditions.join() as StreamErrorCondition), `${event.type}: expected ${faults.join(" or ")}, got ${conditions.join() || "nothing"}`);
  }),
};

export const featuresFollowHeader: SessionInvariant = {
  name: "What follows this side's header, or the word that a login is done, is the features of the stream, unless it is closed; they are sent at no other time.",
  source: "RFC 6120 section 4.3.2, XEP-0388 section 2.6.1",
  step: ({ effects, after }) => {
    const types = effects.map(({ type }) => type);
    const [header, features] = [Math.max(types.indexOf("open.stream"), types.indexOf("confirm.login")), types.indexOf("offer.features")];
    const offers = header >= 0 && phaseOf(after) !== "closing" && phaseOf(after) !== "closed";
    return (
      says(offers && features !== header + 1, "a stream header without features") ??
      says(!offers && features >= 0, "features that follow no header of an open stream") ??
      says(types.lastIndexOf("offer.features") !== features, "features twice")
    );
  },
};

/** The conditions that fit what is wrong with it, none where nothing is; undefined where it is not judged. */
function faultsOf(before: SessionSnapshot, event: SessionEvent): readonly StreamErrorCondition[] | undefined {
  const phase = phaseOf(before);
  const { secure, from, host, username } = before.context;
  if (event.type === "sasl.succeeded" && (phase === "negotiating.authenticating" || phase === "negotiating.signingIn")) {
    return secure && from !== null && from !== `${event.username}@${host}` ? ["invalid-from"] : [];
  }
  if (event.type !== "stream.opened" || phase === "hibernating" || phase === "closing" || phase === "closed") return undefined;
  const version: readonly StreamErrorCondition[] = event.version === 1 ? [] : ["unsupported-version"];
  if (phase === "awaitingStream") return [...(event.host === null ? ["host-unknown" as const] : []), ...version];
  if (phase !== "authenticated.awaitingRestart") return ["bad-format"];
  const claimsOther = event.from !== null && event.from !== `${username}@${host}`;
  return [...(event.host === host ? [] : ["not-authorized" as const]), ...(claimsOther ? ["invalid-from" as const] : []), ...version];
}

/** Where it may lead, undefined where negotiation says nothing of it. How many tries there are is a rule of its own. */
function nextPhases(before: SessionSnapshot, phase: Phase, event: SessionEvent): readonly Phase[] | undefined {
  if (phase === "hibernating" || phase === "closed") return undefined;
  const { type } = event;
  const wayOn = onward[type]?.[phase];
  const fits = (faultsOf(before, event) ?? []).length === 0;
  // XEP-0388 section 2.4: while a login goes on nothing else does.
  if (type in answered && phase === "negotiating.signingIn") return ["closing"];
  if (type === "sasl.succeeded" && phase === "negotiating.signingIn") return fits ? [fulfilmentOf(before.context.wishes)] : ["closing"];
  if (type === "resume.refused" && phase === "authenticated.fulfilling.returning") return [fulfilmentOf({ bind: null, ...before.context.wishes, resume: null })];
  if (type in answered) return type === "management.requested" && phase === "connected" && before.context.management !== "off" ? ["closing"] : wayOn ?? [phase];
  if (requests.has(type)) return wayOn !== undefined && fits && !(type === "tls.requested" && before.context.secure) ? wayOn : ["closing"];
  if (answers.has(type)) return wayOn === undefined ? [phase] : fits ? wayOn : ["closing"];
  return undefined;
}

/** What comes next of what a login asks for. */
function fulfilmentOf(wishes: Pick<NonNullable<SessionContext["wishes"]>, "resume" | "bind"> | null): Phase {
  if ((wishes?.resume ?? null) !== null) return "authenticated.fulfilling.returning";
  return (wishes?.bind ?? null) !== null ? "authenticated.fulfilling.claiming" : "authenticated.binding.idle";
}

const onward: Readonly<Partial<Record<SessionEvent["type"], Readonly<Partial<Record<Phase, readonly Phase[]>>>>>> = {
  "stream.opened": { "awaitingStream": ["negotiating.offering"], "authenticated.awaitingRestart": ["authenticated.binding.idle"] },
  "tls.requested": { "negotiating.offering": ["negotiating.securing"] },
  "tls.established": { "negotiating.securing": ["awaitingStream"] },
  "tls.failed": { "negotiating.securing": ["closed"] },
  "sasl.started": { "negotiating.offering": ["negotiating.authenticating"], "negotiating.authenticating": ["negotiating.authenticating", "closing"] },
  "sasl.continued": { "negotiating.authenticating": ["negotiating.authenticating"], "negotiating.offering": ["negotiating.offering", "closing"] },
  "sasl.aborted": { "negotiating.authenticating": ["negotiating.offering", "closing"], "negotiating.offering": ["negotiating.offering", "closing"] },
  "sasl.challenged": { "negotiating.authenticating": ["negotiating.authenticating"], "negotiating.signingIn": ["negotiating.signingIn"] },
  "sasl.succeeded": { "negotiating.authenticating": ["authenticated.awaitingRestart"] },
  "sasl.failed": { "negotiating.authenticating": ["negotiating.offering", "closing"], "negotiating.signingIn": ["negotiating.offering", "closing"] },
  "sasl2.started": { "negotiating.offering": ["negotiating.signingIn"] },
  "sasl2.continued": { "negotiating.signingIn": ["negotiating.signingIn"], "negotiating.offering": ["negotiating.offering", "closing"] },
  "sasl2.aborted": { "negotiating.signingIn": ["negotiating.offering", "closing"], "negotiating.offering": ["negotiating.offering", "closing"] },
  "bind.requested": { "authenticated.binding.idle": ["authenticated.binding.pending"], "connected": ["connected"] },
  "resource.bound": { "authenticated.binding.pending": ["connected"], "authenticated.fulfilling.claiming": ["connected"] },
  "bind.failed": {
    "authenticated.binding.pending": ["authenticated.binding.idle", "closing"], "authenticated.fulfilling.claiming": ["authenticated.binding.idle"],
  },
  "resume.requested": { "authenticated.binding.idle": ["authenticated.binding.resuming"] },
  "resume.granted": { "authenticated.binding.resuming": ["closed"], "authenticated.fulfilling.returning": ["closed"] },
  "resume.refused": { "authenticated.binding.resuming": ["authenticated.binding.idle"] },
};

/** XEP-0198 section 6: what comes at the wrong time is refused, and the stream goes on. */
const answered = { "resume.requested": true, "management.requested": true };

const requests: ReadonlySet<SessionEvent["type"]> = new Set([
  "stream.opened", "tls.requested", "sasl.started", "sasl.continued", "sasl.aborted", "sasl2.started", "sasl2.continued", "sasl2.aborted", "bind.requested",
]);

const answers: ReadonlySet<SessionEvent["type"]> = new Set([
  "tls.established", "tls.failed", "sasl.challenged", "sasl.succeeded", "sasl.failed", "resource.bound", "bind.failed", "resume.granted", "resume.refused",
]);
