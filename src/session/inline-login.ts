/** Logins that say at once what is to follow (XEP-0388): how what they ask for is done, and the word that it is. */
import { sasl2Namespace } from "../../machines/session-elements.ts";
import type { SessionEffect } from "../../machines/session-events.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { el } from "../xml/stanza.ts";
import { bindTaggedResource } from "./binding.ts";
import type { Greeting, PreparedBinding } from "./environment.ts";
import { bind2Namespace, fastNamespace, type LoginRequest } from "./login-request.ts";
import { failedElement } from "./management-border.ts";
import type { Workbench } from "./workbench.ts";

export interface InlineLogin {
  readonly request: LoginRequest;
  /** What the client is told of the resource that is bound, so far. */
  readonly results: Element[];
  /** What extensions do in the step that binds it. */
  prepared: PreparedBinding | undefined;
}

export function startInline(bench: Workbench): void {
  const { inline, environment, link, context } = bench;
  if (inline === undefined) throw new Error("a login without its request: the machine knows of one");
  bench.payload = inline.request.payload;
  bench.login = environment.logins.beginInline(link, { host: context.host ?? "", from: context.from }, inline.request);
}

/** XEP-0386 section 3.2. */
export function bindTagged(bench: Workbench, step: Step, tag: string | null): void {
  const { environment, context } = bench;
  const identity = { host: context.host ?? "", username: context.username ?? "" };
  bench.ask(
    step.id,
    prepare(bench, identity),
    (prepared, step) => {
      if (bench.inline !== undefined) bench.inline.prepared = prepared;
      return bindTaggedResource(environment, step, bench, identity, tag);
    },
    (error, { at }) => {
      environment.log.error({ err: error, jid: `${identity.username}@${identity.host}` }, "an account could not be loaded");
      return { type: "bind.failed", at, condition: "internal-server-error", text: "the account could not be loaded" };
    },
  );
}

async function prepare({ environment: { accounts, router } }: Workbench, { host, username }: { readonly host: string; readonly username: string }): Promise<PreparedBinding | undefined> {
  const account = await accounts.load(host, username);
  if (account === undefined) return undefined;
  const prepared = await router.prepareBinding(account);
  // It may have been dropped from memory meanwhile.
  await accounts.load(host, username);
  return prepared;
}

/** XEP-0388 section 2.6.1: the word that it is done, under the limits of those who are known. */
export function confirmLogin(bench: Workbench, step: Step, { jid, refused }: Extract<SessionEffect, { type: "confirm.login" }>): Element {
  bench.link.setLimits(bench.environment.options.limits);
  const results = bench.connected ? [el("bound", { xmlns: bind2Namespace }, ...boundResults(bench, step))] : [];
  // XEP-0198 section 9.2.1.
  return success(bench, jid, ...(refused === null ? [] : [failedElement(refused.condition, refused.h)]), ...results);
}

/** The same where a session is resumed: it says so itself, over the link that it is given. undefined for a login that is done already. */
export function resumedGreeting(bench: Workbench, jid: string): Greeting | undefined {
  if (bench.inline === undefined) return undefined;
  bench.link.setLimits(bench.environment.options.limits);
  return (resumed) => success(bench, jid, resumed);
}

function boundResults(bench: Workbench, step: Step): readonly Element[] {
  const { inline } = bench;
  if (inline === undefined) return [];
  const { results, request, prepared } = inline;
  const failed = request.badManagement ? [failedElement("bad-request")] : [];
  return [...(prepared?.(step, bench, request.bindWishes) ?? []), ...results, ...failed];
}

function success(bench: Workbench, jid: string, ...results: readonly Element[]): Element {
  const { data = null, token } = bench.login?.granted ?? {};
  bench.inline = bench.login = undefined;
  return el(
    "success",
    { xmlns: sasl2Namespace },
    data === null ? undefined : el("additional-data", {}, data),
    el("authorization-identifier", {}, jid),
    ...results,
    // XEP-0484 section 3.3.
    token && el("token", { xmlns: fastNamespace, expiry: new Date(token.expiresAt).toISOString(), token: token.token }),
  );
}
