/** What a session was told, in words for people. */
import type { SessionEvent } from "../../machines/session-events.ts";
import { duration, time } from "./plain-words.ts";

type Events = { readonly [Type in SessionEvent["type"]]: Extract<SessionEvent, { readonly type: Type }> };

/** An event that this version does not know is called by its name. `until`: when the session cannot be resumed any more, if that is known. */
export function eventWords(event: SessionEvent, until?: number): string {
  if (event.type === "server.recovered" && until !== undefined) return `the server was started again; the session can be resumed until ${time(until)}`;
  if (!Object.hasOwn(words, event.type)) return String((event as { readonly type: unknown }).type);
  return (words[event.type] as (event: SessionEvent) => string)(event);
}

const words: { readonly [Type in SessionEvent["type"]]: (event: Events[Type]) => string } = {
  "stream.opened": ({ host }) => `the client opened a stream${host === null ? " to a host that is not served" : ` to ${host}`}`,
  "stream.ended": () => "the client closed its stream",
  "stream.failed": ({ condition, text }) => `stream error ${condition}${text === "" ? "" : `: ${text}`}`,
  "tls.requested": () => "the client asks for TLS",
  "tls.established": ({ protocol }) => `${protocol} is established`,
  "tls.failed": ({ why }) => `TLS failed: ${why}`,
  "sasl.started": ({ mechanism }) => `a login with ${mechanism} begins`,
  "sasl.challenged": () => "the server sent a challenge",
  "sasl.continued": () => "the client answered",
  "sasl.aborted": () => "the client broke the login off",
  "sasl.succeeded": ({ username }) => `${username} has logged in`,
  "sasl.failed": ({ condition }) => `the login failed: ${condition}`,
  "sasl2.started": ({ mechanism, resume, bind }) =>
    `a login with ${mechanism} begins${resume === null ? "" : `, to resume ${resume.id}`}${bind === null ? "" : `, to bind a resource${bind.tag === null ? "" : ` of ${bind.tag}`}`}`,
  "sasl2.continued": () => "the client answered",
  "sasl2.aborted": () => "the client broke the login off",
  "bind.requested": ({ resource }) => `the client asks for ${resource === null ? "a resource of the server's choice" : `the resource ${resource}`}`,
  "bind.failed": ({ condition, text }) => `no resource was bound: ${condition}${text === "" ? "" : `, ${text}`}`,
  "resource.bound": ({ resource, roster }) => `bound the resource ${resource}, with a roster of ${roster.items}`,
  "resume.requested": ({ id, h }) => `the client asks to resume ${id}, of which it has ${h} stanzas`,
  "resume.granted": () => "its stream was handed over to the session that it resumes",
  "resume.refused": ({ condition, h }) => `nothing was resumed: ${condition}${h === null ? "" : `, of which ${h} stanzas were handled`}`,
  "roster.requested": () => "asked for the roster, and is interested from now on",
  "presence.changed": ({ priority }) => `available with priority ${priority}`,
  "presence.withdrawn": () => "not available any more",
  "presence.directed": ({ to }) => `directed presence to ${to}`,
  "presence.undirected": ({ to }) => `took directed presence back from ${typeof to === "string" ? to : to.join(", ")}`,
  "management.requested": ({ resumable, max }) =>
    `enabled stream management${resumable ? `, to be resumed${max === null ? "" : ` within ${duration(max * 1_000)} at most`}` : " without resumption"}`,
  "queue.overflowed": () => "more waits for the client than is kept for one",
  "extension.changed": ({ name, value }) => `${name}: ${JSON.stringify(value)}`,
  "stanza.received": ({ kind, allowed }) => `a stanza of kind ${kind} before binding, ${allowed ? "which an extension takes" : "which is not allowed"}`,
  "link.lost": ({ why }) => `lost its link: ${why}`,
  "link.attached": () => "resumed: a new link carries the session",
  "timer.expired": ({ name, deadline }) => `the deadline for ${timerWords[name] ?? name} has passed (${time(deadline)})`,
  "session.replaced": () => "another stream has bound its resource",
  "account.removed": () => "its account was removed",
  "close.requested": () => "the server closes it",
  "host.failed": ({ why }) => `the server met an error in this session: ${why}`,
  "server.stopping": () => "the server is stopping",
  "server.recovered": ({ until }) => `the server was started again; what can be resumed can be so until ${time(until)} at least`,
};

/** What is waited for, by the timer's name. */
export const timerWords: Readonly<Record<string, string>> = {
  negotiation: "logging in and binding",
  closing: "the client's answer to the end of the stream",
  resumption: "resuming it",
};
