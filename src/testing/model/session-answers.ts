/** What negotiation asks the server for, and what it answers the client. */
import type { SessionSnapshot } from "../../../machines/fold.ts";
import type { ElementData, SessionEffect, SessionEvent } from "../../../machines/session-events.ts";
import { phaseOf, type Phase } from "./session-phases.ts";
import { afterEvent, asked, type SessionInvariant } from "./session-rules.ts";
import { unlike } from "./unlike.ts";

export const asksWhatItAwaits: SessionInvariant = {
  name: "A state that awaits an answer is entered with the request for it, and nothing is requested that is not awaited.",
  source: "RFC 6120 sections 5.4.2.3, 6.4.2, 6.4.3, 6.4.6 and 7.6.1, XEP-0198 section 5",
  step: afterEvent((before, event, after, { effects }) => {
    const requested = effects.filter(({ type }) => requests.has(type));
    const expected = requestsOf(phaseOf(before), event, phaseOf(after));
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

/** The answer is to the request that asked for a resource last. */
function unlikeId({ context: { bindId } }: SessionSnapshot, event: SessionEvent, after: SessionSnapshot): string | undefined {
  return unlike("the request to be answered", after.context.bindId, event.type === "bind.requested" ? event.id : bindId);
}

const requests: ReadonlySet<SessionEffect["type"]> = new Set(["start.tls", "start.sasl", "continue.sasl", "restart.stream", "bind.resource", "resume.session"]);

function requestsOf(before: Phase, event: SessionEvent, after: Phase): readonly SessionEffect[] {
  if (after === "negotiating.authenticating" && event.type === "sasl.started") return [{ type: "start.sasl", mechanism: event.mechanism }];
  if (after === "negotiating.authenticating" && event.type === "sasl.continued") return [{ type: "continue.sasl" }];
  if (before === after) return [];
  switch (after) {
    case "negotiating.securing": return [{ type: "start.tls" }];
    case "authenticated.awaitingRestart": return [{ type: "restart.stream" }];
    case "authenticated.binding.pending": return event.type === "bind.requested" ? [{ type: "bind.resource", resource: event.resource }] : [];
    case "authenticated.binding.resuming": return event.type === "resume.requested" ? [{ type: "resume.session", id: event.id, h: event.h }] : [];
    default: return [];
  }
}

const tls = "urn:ietf:params:xml:ns:xmpp-tls";
const sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
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
    case "sasl.challenged":
      return phase === "negotiating.authenticating" ? `challenge ${sasl} ${event.data}` : undefined;
    case "sasl.continued":
      // RFC 6120 section 6.4.5: once the tries are used up the end of the stream is answer enough.
      return phase === "negotiating.offering" && phaseOf(after) !== "closing" ? `failure ${sasl} malformed-request` : undefined;
    case "sasl.aborted":
      return tries ? `failure ${sasl} aborted` : undefined;
    case "sasl.failed":
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
      return phase === "authenticated.binding.idle" ? undefined : `failed ${management} unexpected-request`;
    case "resume.refused":
      return phase === "authenticated.binding.resuming" ? `failed ${management} ${event.condition}` : undefined;
    case "management.requested":
      return phase === "connected" && was === "off" ? undefined : `failed ${management} unexpected-request`;
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
