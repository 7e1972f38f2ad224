/** Logins that say what is to follow, event by event (XEP-0388, XEP-0386, XEP-0198 section 9). */
import { describe, expect, it } from "vitest";
import type { SessionEffect } from "../../machines/session-events.ts";
import { managementFailure, sasl2Challenge, sasl2Failure, saslFailure } from "../../machines/session-elements.ts";
import {
  arm, bindFailed, bindWish, closingTimers, disarm, features, given, policy, resourceBound, resumeWish, sasl2Started, sasl2Succeeded, saslFailed, toBinding,
  toConnected, toInlineBinding, toInlineResuming, toOffering, toSigningIn,
} from "./telling.ts";

const send = (element: Extract<SessionEffect, { type: "send.element" }>["element"]): SessionEffect => ({ type: "send.element", element });
const confirm = (jid: string, refused: Extract<SessionEffect, { type: "confirm.login" }>["refused"] = null): SessionEffect => ({ type: "confirm.login", jid, refused });
const refused = { type: "resume.refused", condition: "item-not-found", h: 3 } as const;
const wishless = { ...sasl2Started, bind: null } as const;

describe("XEP-0388 section 2.3 the beginning", () => {
  it("remembers what is wanted, and starts the exchange", () => {
    given(...toOffering).when(sasl2Started)
      .becomes("negotiating.signingIn", { type: "start.sasl2", mechanism: "SCRAM-SHA-256" })
      .tagged("c2s_unauthed")
      .knows({ wishes: { resume: null, bind: bindWish, refused: null }, username: null });
  });

  it("passes challenges and responses on", () => {
    given(...toSigningIn).when({ type: "sasl.challenged", data: "cj0x" }).becomes("negotiating.signingIn", send(sasl2Challenge("cj0x")));
    given(...toSigningIn).when({ type: "sasl2.continued" }).becomes("negotiating.signingIn", { type: "continue.sasl" });
  });
});

describe("XEP-0388 section 2.6.2 failure", () => {
  it("forgets what was wanted, and counts", () => {
    given(...toSigningIn).when(saslFailed).becomes("negotiating.offering", send(sasl2Failure("not-authorized", null))).knows({ wishes: null, saslFailures: 1 });
    given(...toSigningIn).when({ type: "sasl2.aborted" }).becomes("negotiating.offering", send(sasl2Failure("aborted", null))).knows({ wishes: null, saslFailures: 1 });
  });

  it("counts together with logins of RFC 6120", () => {
    const outcome = given(...toSigningIn, saslFailed, sasl2Started).when(saslFailed);
    outcome.becomes("closing", send(sasl2Failure("not-authorized", null)), expect.objectContaining({ condition: "policy-violation" }) as never, ...closingTimers(outcome.at, "negotiation"));
    const older = given(...toSigningIn, saslFailed, { type: "sasl.started", mechanism: "PLAIN" }).when(saslFailed);
    expect(older.effects[0]).toEqual(send(saslFailure("not-authorized", null)));
  });
});

describe("XEP-0388 section 2.6.1 success", () => {
  it("is confirmed at once where nothing was wanted, and binding is open: no header is awaited", () => {
    const outcome = given(...toOffering, wishless).when(sasl2Succeeded);
    outcome.becomes("authenticated.binding.idle", arm("negotiation", outcome.at + policy.negotiationMs), confirm("romeo@localhost"), features)
      .tagged("c2s").knows({ username: "romeo", device: "d1", wishes: null, headerSent: true });
  });

  it("is not confirmed before the resource is bound", () => {
    const outcome = given(...toSigningIn).when(sasl2Succeeded);
    outcome.becomes("authenticated.fulfilling.claiming", arm("negotiation", outcome.at + policy.negotiationMs), { type: "bind.tagged", tag: "phone" }).tagged("c2s");
  });

  it("looks for a session to resume before anything else", () => {
    const outcome = given(...toOffering, { ...sasl2Started, resume: resumeWish }).when(sasl2Succeeded);
    outcome.becomes("authenticated.fulfilling.returning", arm("negotiation", outcome.at + policy.negotiationMs), { type: "resume.session", ...resumeWish });
  });

  it("is nobody else's than the header claims", () => {
    const outcome = given({ type: "stream.opened", host: "localhost", from: "juliet@localhost", version: 1 }, sasl2Started).over({ secure: true }).when(sasl2Succeeded);
    expect(outcome.effects[0]).toMatchObject({ type: "close.stream", condition: "invalid-from" });
    outcome.knows({ username: null });
  });
});

describe("XEP-0386 section 3.2 binding with the login", () => {
  it("connects, counts, confirms with the full JID and offers what is left, in this order", () => {
    given(...toInlineBinding).when(resourceBound).becomes(
      "connected.unavailable+uninterested+attached",
      { type: "enable.management", resumptionMs: policy.resumptionMs }, confirm("romeo@localhost/orchard"), features, disarm("negotiation"),
    ).tagged("c2s", "connected").knows({ resource: "orchard", management: "resumable", wishes: null, device: "d1" });
  });

  it("counts only where that was wanted, for as long as it was", () => {
    const bind = (management: (typeof sasl2Started.bind)["management"] | null | { readonly resumable: boolean; readonly max: number | null }) =>
      given(...toOffering, { ...sasl2Started, bind: { tag: null, management } }, sasl2Succeeded).when(resourceBound);
    bind(null).knows({ management: "off", resumptionMs: 0 });
    bind({ resumable: false, max: null }).knows({ management: "on", resumptionMs: 0 });
    bind({ resumable: true, max: 7 }).knows({ management: "resumable", resumptionMs: 7_000 });
  });

  it("that fails leaves the client known, and free to bind by RFC 6120", () => {
    given(...toInlineBinding).when(bindFailed).becomes("authenticated.binding.idle", confirm("romeo@localhost"), features).knows({ bindFailures: 0, wishes: null });
  });
});

describe("XEP-0198 section 9.2 resuming with the login", () => {
  it("that is granted hands the stream over, and says nothing more in it", () => {
    given(...toInlineResuming).when({ type: "resume.granted" }).becomes("closed", disarm("negotiation")).over("its stream was handed over to the resumed session");
  });

  it("that is refused goes on to bind, and is told with that (section 9.2.1)", () => {
    given(...toInlineResuming).when(refused).becomes("authenticated.fulfilling.claiming", { type: "bind.tagged", tag: "phone" });
    const { effects } = given(...toInlineResuming, refused).when(resourceBound);
    expect(effects).toContainEqual(confirm("romeo@localhost/orchard", { condition: "item-not-found", h: 3 }));
  });

  it("that is refused is told at once where nothing else was wanted", () => {
    given(...toOffering, { ...wishless, resume: resumeWish }, sasl2Succeeded).when(refused)
      .becomes("authenticated.binding.idle", confirm("romeo@localhost", { condition: "item-not-found", h: 3 }), features).knows({ wishes: null });
  });
});

describe("XEP-0388 section 2.4 nothing else meanwhile", () => {
  it.each([
    [{ type: "stanza.received", kind: "iq", allowed: true }, "not-authorized"],
    [{ type: "management.requested", resumable: true, max: null }, "policy-violation"],
    [{ type: "resume.requested", id: "old", h: 1 }, "policy-violation"],
    [{ type: "sasl.started", mechanism: "PLAIN" }, "policy-violation"],
    [{ type: "sasl.continued" }, "policy-violation"],
    [sasl2Started, "policy-violation"],
  ] as const)("%o closes the stream", (event, condition) => {
    const outcome = given(...toSigningIn).when(event as never);
    outcome.becomes("closing", expect.objectContaining({ type: "close.stream", condition }) as never, ...closingTimers(outcome.at, "negotiation"));
  });
});

describe("XEP-0388 section 4.8 one login", () => {
  it.each([["before binding", toBinding], ["connected", toConnected]] as const)("is all that there is, %s", (_, before) => {
    expect(given(...before).when(sasl2Started).effects.find(({ type }) => type === "close.stream")).toMatchObject({ condition: "policy-violation" });
  });

  it("leaves resumption to the state that it belongs to", () => {
    given(...toConnected).when({ type: "resume.requested", id: "old", h: 1 }).becomes("connected.unavailable+uninterested+attached", send(managementFailure("unexpected-request")));
  });
});
