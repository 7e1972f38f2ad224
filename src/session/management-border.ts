/** What a client says of stream management, checked (XEP-0198 sections 3 to 6). */
import { managementFailure, managementNamespace } from "../../machines/session-elements.ts";
import type { SessionEvent } from "../../machines/session-events.ts";
import { parseCount, toWire } from "../domain/counting.ts";
import type { StanzaErrorCondition } from "../domain/errors.ts";
import { resumeTriesMax } from "../domain/limits.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { serialise } from "../xml/serialise.ts";
import { el } from "../xml/stanza.ts";
import type { Workbench } from "./workbench.ts";

/** An element of stream management, whatever the state of the session. */
export function takeManagement(host: Workbench, step: Step, element: Element): void {
  switch (element.name) {
    case "enable":
      return takeEnable(host, step, element);
    case "resume":
      return takeResume(host, step, element);
    case "r":
      return host.management.queue === undefined ? fail(host, step, "unexpected-request") : host.management.answer(step);
    case "a":
      return takeAcknowledgement(host, step, element);
    default:
      return fail(host, step, "feature-not-implemented");
  }
}

function takeEnable(host: Workbench, step: Step, element: Element): void {
  const wish = parseEnable(element);
  if (wish === undefined) return fail(host, step, "bad-request");
  host.tell(step, { type: "management.requested", at: step.at, ...wish });
}

/** What `<enable/>` asks for (section 3); undefined where that cannot be told. */
export function parseEnable({ attrs }: Element): { readonly resumable: boolean; readonly max: number | null } | undefined {
  const resumable = parseBoolean(attrs["resume"] ?? "false");
  const max = attrs["max"] === undefined ? null : parseSeconds(String(attrs["max"]));
  return resumable === undefined || max === undefined ? undefined : { resumable, max };
}

/** A session's id as `previd` names it; undefined for none. Longer than any that was ever given out: enough of it to be told, and to be found nowhere. */
export function resumeIdOf(previd: unknown): string | undefined {
  return typeof previd === "string" && previd !== "" ? previd.slice(0, idCharsMax) : undefined;
}

function takeResume(host: Workbench, step: Step, { attrs }: Element): void {
  const id = resumeIdOf(attrs["previd"]);
  const h = parseCount(attrs["h"]);
  if (id === undefined || h === undefined) return fail(host, step, "bad-request");
  host.resumeTries += 1;
  if (host.resumeTries > resumeTriesMax) {
    host.environment.tally.refused("resumeTriesMax");
    return host.tell(step, { type: "stream.failed", at: step.at, condition: "policy-violation", text: "too many attempts to resume a session" });
  }
  host.tell(step, { type: "resume.requested", at: step.at, id, h });
}

function takeAcknowledgement(host: Workbench, step: Step, { attrs }: Element): void {
  const { queue } = host.management;
  if (queue === undefined) return fail(host, step, "unexpected-request");
  const h = parseCount(attrs["h"]);
  if (h === undefined) {
    return host.tell(step, { type: "stream.failed", at: step.at, condition: "bad-format", text: "an acknowledgement needs h, from 0 to 4294967295" });
  }
  const acknowledged = host.management.meantBy(h);
  if (acknowledged !== undefined) host.management.answered(step, acknowledged);
  else if (!host.management.countedTooEarly(step, h)) host.tell(step, tooHigh(step.at, h, queue.sent));
}

/** Section 6: the client has more than it was sent. */
export function tooHigh(at: number, h: number, sent: number): Extract<SessionEvent, { readonly type: "stream.failed" }> {
  const sendCount = toWire(sent);
  return {
    type: "stream.failed",
    at,
    condition: "undefined-condition",
    text: `you acknowledged ${h} stanzas, but were sent ${sendCount} so far`,
    detail: { name: "handled-count-too-high", attrs: { xmlns: managementNamespace, h: String(h), "send-count": String(sendCount) }, children: [] },
  };
}

/** Section 6: it can be mended, so the stream goes on. */
function fail(host: Workbench, step: Step, condition: StanzaErrorCondition): void {
  host.write(step, serialise(failedElement(condition)));
}

export function failedElement(condition: StanzaErrorCondition, h: number | null = null): Element {
  const { attrs, children } = managementFailure(condition, h);
  const content = children.flatMap((child) => (typeof child === "string" ? [] : [el(child.name, child.attrs)]));
  return el("failed", attrs, ...content);
}

const idCharsMax = 64;

/** The value of an attribute of type positiveInteger, as far as it makes a difference (XML Schema part 2, section 3.3.25). */
function parseSeconds(text: string): number | undefined {
  return /^\s*\+?0*[1-9]\d*\s*$/.test(text) ? Math.min(Number(text), Number.MAX_SAFE_INTEGER) : undefined;
}

/** The value of an attribute of type boolean (XML Schema part 2, section 3.2.2). */
function parseBoolean(text: unknown): boolean | undefined {
  if (text === "true" || text === "1") return true;
  return text === "false" || text === "0" ? false : undefined;
}
