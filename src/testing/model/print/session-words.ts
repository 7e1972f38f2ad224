/** The session as a conversation between a client and the server, with everybody else beside them. */
import type { ElementData, SessionEffect, SessionEvent } from "../../../../machines/session-events.ts";
import { eventWords, timerWords } from "../../../history/event-words.ts";
import { duration } from "../../../history/plain-words.ts";
import type { ModelWords, Said } from "./words.ts";

export const sessionWords: ModelWords = {
  self: "server",
  participants: ["client", "server", "others"],
  event: (event) => eventSaid(event as SessionEvent),
  effect: (effect, at) => effectSaid(effect as SessionEffect, at),
};

const fromClient: ReadonlySet<string> = new Set([
  "stream.opened", "stream.ended", "stream.failed", "tls.requested", "sasl.started", "sasl.continued", "sasl.aborted", "sasl2.started", "sasl2.continued",
  "sasl2.aborted", "bind.requested",
  "resume.requested", "roster.requested", "presence.changed", "presence.withdrawn", "presence.directed", "management.requested",
  "stanza.received", "link.attached",
] satisfies readonly SessionEvent["type"][]);

function eventSaid(event: SessionEvent): Said {
  const text = eventWords(event);
  if (event.type === "link.lost") return { from: "client", to: "server", text, ends: true };
  return { from: fromClient.has(event.type) ? "client" : "server", to: "server", text };
}

function effectSaid(effect: SessionEffect, at: number): Said {
  const toClient = (text: string): Said => ({ from: "server", to: "client", text });
  const within = (text: string): Said => ({ from: "server", to: "server", text });
  switch (effect.type) {
    case "open.stream":
      return toClient(`its stream header${effect.from === null ? "" : `, from ${effect.from}`}${effect.versioned ? "" : ", without a version"}`);
    case "offer.features":
      return toClient("the features of the stream");
    case "send.element":
      return toClient(elementText(effect.element));
    case "handle.stanza":
      return within("routes that stanza");
    case "start.tls":
      return within("begins the TLS handshake");
    case "start.sasl":
      return within(`begins a login with ${effect.mechanism}`);
    case "start.sasl2":
      return within(`begins a login with ${effect.mechanism}, after which no other stream is opened`);
    case "bind.tagged":
      return within(`loads the account and claims a resource of its choice${effect.tag === null ? "" : ` that begins with ${effect.tag}`}`);
    case "confirm.login":
      return toClient(`<success>: it is ${effect.jid}${effect.refused === null ? "" : `, and nothing is resumed: ${effect.refused.condition}`}`);
    case "continue.sasl":
      return within("goes on with the login");
    case "restart.stream":
      return within("expects a new stream header");
    case "bind.resource":
      return within(`loads the account and claims ${effect.resource === null ? "a resource of its choice" : `the resource ${effect.resource}`}`);
    case "resume.session":
      return within(`looks for the session ${effect.id}, of which the client has ${effect.h} stanzas`);
    case "enable.management":
      return toClient(`<enabled>: stanzas are counted from now on${effect.resumptionMs > 0 ? `, and the stream can be resumed within ${duration(effect.resumptionMs)}` : ""}`);
    case "resend.queue":
      return toClient("<resumed>, and again what was not acknowledged");
    case "drop.queue":
      return within("keeps nothing more of what it sends");
    case "broadcast.presence": {
      const { jid, available, initial, directed } = effect;
      const also = directed.length === 0 ? "" : `, also to ${directed.join(", ")}`;
      return { from: "server", to: "others", text: `${jid} is ${initial ? "now " : ""}${available ? "available" : "not available any more"}${also}` };
    }
    case "arm.timer":
      return within(`the deadline for ${timerWords[effect.name] ?? effect.name} is in ${duration(effect.deadline - at)}`);
    case "disarm.timer":
      return within(`no deadline for ${timerWords[effect.name] ?? effect.name} any more`);
    case "close.stream": {
      const { condition, text } = effect;
      return toClient(`${condition === null ? "" : `stream error ${condition}${text === null ? "" : `: ${text}`}; `}the end of its stream`);
    }
    case "drop.link":
      return { ...toClient("closes the connection"), ends: true };
    case "destroy.session":
      return within(`gives up ${effect.jid}`);
    default:
      throw new Error(`an effect without words: ${(effect as { readonly type: string }).type}`);
  }
}

/** `<failure> <not-authorized>`: the element, and what is first in it. */
function elementText({ name, attrs, children }: ElementData): string {
  const first = children.find((child) => typeof child !== "string");
  return [`<${name}>`, attrs["type"], first === undefined ? undefined : `<${first.name}>`].filter((word) => word !== undefined).join(" ");
}
