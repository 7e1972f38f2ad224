/** What negotiation asks the server for, and what it answers the client. */
import type { SessionSnapshot } from "../../../machines/fold.ts";
import type { SessionContext } from "../../../machines/session-context.ts";
import type { ElementData, SessionEffect, SessionEvent } from "../../../machines/session-events.ts";
import { phaseOf, type Phase } from "./session-phases.ts";
import { afterEvent, asked, type SessionInvariant } from "./session-rules.ts";
import { unlike } from "./unlike.ts";

export const asksWhatItAwaits: SessionInvariant = {
  name: "A state that awaits an answer is entered with the request for it, and nothing is requested that is not awaited.",
  source: "RFC 6120 sections 5.4.2.3, 6.4.2, 6.4.3, 6.4.6 and 7.6.1, XEP-0198 section 5",
  step: afterEvent((before, event, after, { effects }) => {
    const requested = effects.filter(({ type }) => requests.has(type));
    const expected = requestsOf(phaseOf(before), event, phaseOf(after), before.context);
    return requested.length + expected.length === 0 ? undefined : unlike("requested", requested, expected);
  }),
};

export const requestsAreAnswered: SessionInvariant = {
  name: "Each request of the client is answered once, with the element that fits it; nothing else is sent in negotiation.",
  source: "RFC 6120 sections 5.4.2, 6.4 and 7.6, XEP-0198 sections 3, 5 and 6",
  step: (step) => {
    const { before, event, after } = step;
    const sent = asked(step, "send.element").map(({ element }) => brief(element));
    if (before === undefined || event === undefined) return unlike("sent", sent, []);
    const expected = elementOf(before, event, after);
    const answered = expected === undefined && sent.length === 0 ? undefined : unlike("sent", sent, expected === undefined ? [] : [expected.trim()]);
    return answered ?? (phaseOf(after) === "authenticated.binding.pending" ? unlikeId(before, event, after) : undefined);
  },
};

export const loginIsConfirmed: SessionInvariant = {
  name: "A login that says what is to follow is confirmed once, when all of that is done and not before, with whom the client is from then on.",
  source: "XEP-0388 section 2.6.1, XEP-0386 section 3.2",
  step: (step) => {
    const { before, event, after } = step;
    const confirmed = asked(step, "confirm.login");
    const [was, is] = [before === undefined ? undefined : phaseOf(before), phaseOf(after)];
    const isDone = was !== undefined && (carriesOn.has(was) && (is === "connected" || is === "authenticated.binding.idle"));
    if (!isDone || event === undefined) return unlike("confirm.login", confirmed.length, 0);
    const { username, host, resource } = after.context;
    const refused = event.type === "resume.refused" ? { condition: event.condition, h: event.h } : (before?.context.wishes?.refused ?? null);
    return unlike("confirm.login", confirmed, [{ type: "confirm.login", jid: `${username}@${host}${resource === null ? "" : `/${resource}`}`, refused }]);
  },
};

export const wishesWhileOpen: SessionInvariant = {
  name: "What a login asks for is known from its start until all of it is done, or it has failed, and then no more.",
  source: "XEP-0388 sections 2.3 and 2.6.2",
  state: (state) => {
    const phase = phaseOf(state);
    return phase === "closing" || phase === "closed" ? undefined : unlike("what it asks for", state.context.wishes !== null, carriesOn.has(phase));
  },
};

/** A login is under way that says what is to follow, or that is done. */
const carriesOn: ReadonlySet<Phase> = new Set(["negotiating.signingIn", "authenticated.fulfilling.returning", "authenticated.fulfilling.claiming"]);

/** The answer is to the request that asked for a resource last. */
function unlikeId({ context: { bindId } }: SessionSnapshot, event: SessionEvent, after: SessionSnapshot): string | undefined {
  return unlike("the request to be answered", after.context.bindId, event.type === "bind.requested" ? event.id : bindId);
}

const requests: ReadonlySet<SessionEffect["type"]> = new Set([
  "start.tls", "start.sasl", "start.sasl2", "continue.sasl", "restart.stream", "bind.resource", "bind.tagged", "resume.session",
]);

function requestsOf(before: Phase, event: SessionEvent, after: Phase, { wishes }: SessionContext): readonly SessionEffect[] {
  if (after === "negotiating.signingIn" && event.type === "sasl2.started") return [{ type: "start.sasl2", mechanism: event.mechanism }];
  if (after === "negotiating.signingIn" && event.type === "sasl2.continued") return [{ type: "continue.sasl" }];
  if (after === "negotiating.authenticating" && event.type === "sasl.started") return [{ type: "start.sasl", mechanism: event.mechanism }];
  if (after === "negotiating.authenticating" && event.type === "sasl.continued") return [{ type: "continue.sasl" }];
  if (before === after) return [];
  switch (after) {
    case "negotiating.securing": return [{ type: "start.tls" }];
    case "authenticated.awaitingRestart": return [{ type: "restart.stream" }];
    case "authenticated.binding.pending": return event.type === "bind.requested" ? [{ type: "bind.resource", resource: event.resource }] : [];
    case "authenticated.fulfilling.returning": return wishes === null || wishes.resume === null ? [] : [{ type: "resume.session", ...wishes.resume }];
    case "authenticated.fulfilling.claiming": return wishes === null || wishes.bind === null ? [] : [{ type: "bind.tagged", tag: wishes.bind.tag }];
    case "authenticated.binding.resuming": return event.type === "resume.requested" ? [{ type: "resume.session", id: event.id, h: event.h }] : [];
    default: return [];
  }
}

const tls = "urn:ietf:params:xml:ns:xmpp-tls";
const sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
const sasl2 = "urn:xmpp:sasl:2";
const management = "urn:xmpp:sm:3";

/** The answer, as `brief` tells it. */
function elementOf(before: SessionSnapshot, event: SessionEvent, after: SessionSnapshot): string | undefined {
  const phase = phaseOf(before);
  const { username, host, bindId, management: was } = before.context;
  if (phase === "closing" || phase === "closed" || phase === "hibernating") return undefined;
  const tries = phase === "negotiating.offering" || phase === "negotiating.authenticating";
  switch (event.type) {
    case "tls.requested":
      // RFC 6120 section 5.4.2.2: what is not offered is refused, and offered it is once.
      return phase === "negotiating.offering" && !before.context.secure ? `proceed ${tls}` : `failure ${tls}`;
    case "sasl2.continued":
      return phase === "negotiating.offering" && phaseOf(after) !== "closing" ? `failure ${sasl2} malformed-request` : undefined;
    case "sasl2.aborted":
      return phase === "negotiating.offering" || phase === "negotiating.signingIn" ? `failure ${sasl2} aborted` : undefined;
    case "sasl.challenged":
      if (phase === "negotiating.signingIn") return `challenge ${sasl2} ${event.data}`;
      return phase === "negotiating.authenticating" ? `challenge ${sasl} ${event.data}` : undefined;
    case "sasl.continued":
      // RFC 6120 section 6.4.5: once the tries are used up the end of the stream is answer enough.
      return phase === "negotiating.offering" && phaseOf(after) !== "closing" ? `failure ${sasl} malformed-request` : undefined;
    case "sasl.aborted":
      return tries ? `failure ${sasl} aborted` : undefined;
    case "sasl.failed":
      if (phase === "negotiating.signingIn") return `failure ${sasl2} ${event.condition}`;
      return phase === "negotiating.authenticating" ? `failure ${sasl} ${event.condition}` : undefined;
    case "sasl.succeeded":
      return phase === "negotiating.authenticating" && phaseOf(after) === "authenticated.awaitingRestart" ? `success ${sasl} ${event.data ?? ""}` : undefined;
    case "bind.requested":
      return phase === "connected" ? `iq error ${event.id} not-allowed` : undefined;
    case "resource.bound":
      return phase === "authenticated.binding.pending" ? `iq result ${bindId} ${username}@${host}/${event.resource}` : undefined;
    case "bind.failed":
      return phase === "authenticated.binding.pending" ? `iq error ${bindId} ${event.condition}` : undefined;
    case "resume.requested":
      return phase === "authenticated.binding.idle" || phase === "negotiating.signingIn" ? undefined : `failed ${management} unexpected-request`;
    case "resume.refused":
      return phase === "authenticated.binding.resuming" ? `failed ${management} ${event.condition}` : undefined;
    case "management.requested":
      return (phase === "connected" && was === "off") || phase === "negotiating.signingIn" ? undefined : `failed ${management} unexpected-request`;
    default:
      return undefined;
  }
}

/** What a client looks at: what it is, what it answers, and the first thing that it says. */
function brief(element: ElementData): string {
  const { name, attrs } = element;
  const about = name === "iq" ? [attrs["type"], attrs["id"]] : [attrs["xmlns"]];
  return [name, ...about, firstWord(element)].filter((word) => word !== undefined).join(" ");
}

function firstWord({ children: [first] }: ElementData): string | undefined {
  if (first === undefined || typeof first === "string") return first;
  return firstWord(first) ?? first.name;
}
