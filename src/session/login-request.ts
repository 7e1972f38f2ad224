/** `<authenticate/>`, checked and prepared: a login, and what the client wants with it (XEP-0388 section 2.3). */
import { managementNamespace } from "../../machines/session-elements.ts";
import type { BindWish, ResumeWish } from "../../machines/session-events.ts";
import { deviceText, type UserAgent } from "../auth/device-tokens.ts";
import { parseCount } from "../domain/counting.ts";
import { resourceTagCharsMax } from "../domain/limits.ts";
import type { Element } from "../xml/element.ts";
import { parseEnable, resumeIdOf } from "./management-border.ts";

export const bind2Namespace = "urn:xmpp:bind:0";
export const fastNamespace = "urn:xmpp:fast:0";

export interface LoginRequest {
  readonly mechanism: string;
  /** As `Login.respond` takes it. */
  readonly payload: string;
  /** undefined for a client that does not say which installation it is. */
  readonly agent: UserAgent | undefined;
  readonly resume: ResumeWish | null;
  readonly bind: BindWish | null;
  /** What is to be so from the session's first moment on, for those who know what that is. */
  readonly bindWishes: readonly Element[];
  /** It wants its stanzas counted and says so in a way that nobody understands. */
  readonly badManagement: boolean;
  /** It logs in with a token (XEP-0484 section 3.4). */
  readonly token: { readonly count: number | null; readonly invalidate: boolean } | undefined;
  /** For which mechanism it wants a token (section 3.2). */
  readonly wantsToken: string | undefined;
  /** What is wrong with its form; it fails then. */
  readonly malformed: string | undefined;
}

export function readLoginRequest(element: Element): LoginRequest {
  const bind = element.getChild("bind", bind2Namespace);
  const resume = element.getChild("resume", managementNamespace);
  const fast = element.getChild("fast", fastNamespace);
  const initial = element.getChild("initial-response");
  const resumeWish = resume === undefined ? null : resumeOf(resume);
  const token = fast === undefined ? undefined : tokenOf(fast);
  const enable = bind?.getChild("enable", managementNamespace);
  const management = enable === undefined ? null : parseEnable(enable);
  return {
    mechanism: textOf(element.attrs["mechanism"]) ?? "",
    payload: initial === undefined ? "" : payloadOf(initial),
    agent: agentOf(element.getChild("user-agent")),
    resume: resumeWish ?? null,
    bind: bind === undefined ? null : { tag: tagOf(bind), management: management ?? null },
    bindWishes: bind?.children.filter((child): child is Element => typeof child !== "string") ?? [],
    badManagement: management === undefined,
    token: token ?? undefined,
    wantsToken: textOf(element.getChild("request-token", fastNamespace)?.attrs["mechanism"]),
    malformed: resumeWish === undefined ? "<resume/> needs previd and h" : token === null ? "the count of <fast/> is no whole number" : undefined,
  };
}

/** The text of `<response/>` and of `<initial-response/>` as `Login.respond` takes it: here no data at all has no form (XEP-0388 section 2.2). */
export function payloadOf(element: Element): string {
  const text = element.getText().replace(/\s+/g, "");
  // What RFC 6120 section 6.4.2 writes as "=" is nothing special here, and no base64.
  return text === "" ? "=" : text === "=" ? "==" : text;
}

/** Of version 4, as XEP-0388 section 2.3 demands it: another is no help in telling installations apart. */
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function agentOf(element: Element | undefined): UserAgent | undefined {
  const id = textOf(element?.attrs["id"])?.toLowerCase() ?? "";
  if (element === undefined || !uuid.test(id)) return undefined;
  return { id, software: deviceText(element.getChildText("software")), label: deviceText(element.getChildText("device")) };
}

function tagOf(bind: Element): string | null {
  const tag = bind.getChildText("tag") ?? "";
  return tag === "" || tag.length > resourceTagCharsMax ? null : tag;
}

function resumeOf({ attrs }: Element): ResumeWish | undefined {
  const id = resumeIdOf(attrs["previd"]);
  const h = parseCount(attrs["h"]);
  return id === undefined || h === undefined ? undefined : { id, h };
}

/** null: it is none. */
function tokenOf({ attrs }: Element): LoginRequest["token"] | null {
  const count = textOf(attrs["count"]);
  if (count !== undefined && !/^\d{1,15}$/.test(count)) return null;
  const invalidate = textOf(attrs["invalidate"]);
  return { count: count === undefined ? null : Number(count), invalidate: invalidate === "true" || invalidate === "1" };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
