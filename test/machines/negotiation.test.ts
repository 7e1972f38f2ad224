/** From the first byte to authentication, event by event. */
import { describe, expect, it } from "vitest";
import type { SessionEffect } from "../../machines/session-events.ts";
import { refusedMechanismsMax } from "../../src/domain/limits.ts";
import { saslChallenge, saslFailure, saslSuccess, tlsFailure, tlsProceed } from "../../machines/session-elements.ts";
import {
  arm, closingTimers, dropLink, endTag, features, given, header, opened, policy, resourceBound, saslFailed, saslStarted, saslSucceeded, startAt,
  toAuthenticating, toBinding, toOffering, toRestart,
} from "./telling.ts";

const send = (element: Extract<SessionEffect, { type: "send.element" }>["element"]): SessionEffect => ({ type: "send.element", element });
const error = (condition: string, text: unknown = expect.any(String)): SessionEffect =>
  ({ type: "close.stream", condition, text }) as SessionEffect;

describe("The start of a session", () => {
  it("awaits a stream, unauthenticated and not open, and arms a deadline", () => {
    given().when()
      .becomes("awaitingStream", arm("negotiation", startAt + policy.negotiationMs))
      .tagged("notopen", "c2s_unauthed")
      .knows({ host: null, username: null, resource: null, roster: null, priority: 0, presence: null, secure: false, reason: null });
  });

  it("knows of TLS from the first byte", () => {
    given().over({ secure: true }).when().knows({ secure: true });
  });
});

describe("RFC 6120 section 4.2 opening a stream", () => {
  it("answers with a header and features", () => {
    given().when({ ...opened, from: "romeo@localhost" })
      .becomes("negotiating.offering", header("localhost", "romeo@localhost"), features)
      .tagged("c2s_unauthed")
      .knows({ host: "localhost", from: "romeo@localhost" });
  });

  it("refuses a host that is not served, within a stream of its own", () => {
    const outcome = given().when({ ...opened, host: null });
    outcome.becomes("closing", header(null), error("host-unknown"), ...closingTimers(outcome.at, "negotiation")).tagged().knows({ host: null });
  });

  it("refuses another version than 1, and names none to a peer that named none", () => {
    const outcome = given().when({ ...opened, version: 0 });
    outcome.becomes(
      "closing",
      { type: "open.stream", from: "localhost", to: null, versioned: false },
      error("unsupported-version"),
      ...closingTimers(outcome.at, "negotiation"),
    );
    expect(given().when({ ...opened, version: 2 }).effects[0]).toMatchObject({ versioned: true });
  });

  it("opens its own stream before it reports an error (section 4.9.1.2)", () => {
    const outcome = given().when({ type: "stream.failed", condition: "not-well-formed", text: "<<" });
    outcome.becomes("closing", header(null), error("not-well-formed", "<<"), ...closingTimers(outcome.at, "negotiation"));
  });

  it("reports an error in a stream that is open without another header", () => {
    const outcome = given(...toOffering).when({ type: "stream.failed", condition: "policy-violation", text: "too much" });
    outcome.becomes("closing", error("policy-violation", "too much"), ...closingTimers(outcome.at, "negotiation"));
  });

  it("refuses a second header", () => {
    const outcome = given(...toOffering).when(opened);
    outcome.becomes("closing", error("bad-format"), ...closingTimers(outcome.at, "negotiation"));
  });
});

describe("RFC 6120 section 5 STARTTLS", () => {
  const toSecuring = [...toOffering, { type: "tls.requested" }] as const;

  it("says proceed, then starts the handshake", () => {
    given(...toOffering).when({ type: "tls.requested" }).becomes("negotiating.securing", send(tlsProceed), { type: "start.tls" }).tagged("c2s_unauthed");
  });

  it("forgets what was learnt in the clear and awaits a new stream under the same deadline (section 5.4.3.3)", () => {
    given({ ...opened, from: "romeo@localhost" }, { type: "tls.requested" }).when({ type: "tls.established", protocol: "TLSv1.3" })
      .becomes("awaitingStream")
      .tagged("notopen", "c2s_unauthed")
      .knows({ host: null, from: null, secure: true, headerSent: false, timers: { negotiation: startAt + policy.negotiationMs } });
  });

  it("opens a stream of its own again after it", () => {
    given(...toSecuring, { type: "tls.established", protocol: "TLSv1.3" }).when(opened).becomes("negotiating.offering", header(), features);
  });

  it("refuses TLS over TLS and closes (section 5.4.2.2)", () => {
    const outcome = given(...toOffering).over({ secure: true }).when({ type: "tls.requested" });
    outcome.becomes("closing", send(tlsFailure), endTag, ...closingTimers(outcome.at, "negotiation"));
  });

  it("drops the link without a word when the handshake fails", () => {
    given(...toSecuring).when({ type: "tls.failed", why: "no cipher" })
      .becomes("closed", dropLink, { type: "disarm.timer", name: "negotiation" }).over("TLS: no cipher");
  });

  const silent = [
    { type: "stream.failed", condition: "policy-violation", text: "" },
    { type: "close.requested" },
    { type: "host.failed", why: "bug" },
    { type: "server.stopping" },
    { type: "timer.expired", name: "negotiation", deadline: startAt + policy.negotiationMs },
  ] as const;
  it.each(silent)("writes nothing into a handshake that is under way: $type", (event) => {
    given(...toSecuring).when(event).becomes("closed", dropLink, { type: "disarm.timer", name: "negotiation" });
  });

  it("refuses TLS once authentication is under way or done (section 5.4.2.2)", () => {
    for (const before of [toAuthenticating, toBinding]) {
      const outcome = given(...before).when({ type: "tls.requested" });
      outcome.becomes("closing", send(tlsFailure), endTag, ...closingTimers(outcome.at, "negotiation"));
    }
  });
});

describe("RFC 6120 section 6 SASL", () => {
  it("starts the exchange with the mechanism asked for", () => {
    given(...toOffering).when(saslStarted).becomes("negotiating.authenticating", { type: "start.sasl", mechanism: "SCRAM-SHA-1" });
  });

  it("passes challenges on and asks for what follows a response", () => {
    const asked = given(...toAuthenticating).and({ type: "sasl.challenged", data: "cj0x" });
    asked.when().becomes("negotiating.authenticating", send(saslChallenge("cj0x")));
    asked.when({ type: "sasl.continued" }).becomes("negotiating.authenticating", { type: "continue.sasl" });
  });

  it("announces success, restarts the stream and gives a new deadline (section 6.4.6)", () => {
    const outcome = given(...toAuthenticating).when(saslSucceeded);
    outcome
      .becomes("authenticated.awaitingRestart", send(saslSuccess("dj1y")), { type: "restart.stream" }, arm("negotiation", outcome.at + policy.negotiationMs))
      .tagged("notopen", "c2s")
      .knows({ username: "romeo", host: "localhost" });
  });

  it("lets the client try again after a failure", () => {
    given(...toAuthenticating).when(saslFailed).becomes("negotiating.offering", send(saslFailure("not-authorized", null))).knows({ saslFailures: 1, username: null });
  });

  it("closes when the tries are used up, with the last failure answered (section 6.4.5)", () => {
    const outcome = given(...toAuthenticating, saslFailed, saslStarted).when(saslFailed);
    outcome.becomes("closing", send(saslFailure("not-authorized", null)), error("policy-violation"), ...closingTimers(outcome.at, "negotiation"));
  });

  it("does not count a mechanism that it does not offer", () => {
    const refused = { ...saslFailed, condition: "invalid-mechanism" } as const;
    given(...toAuthenticating, refused, saslStarted, refused, saslStarted).when(refused)
      .becomes("negotiating.offering", send(saslFailure("invalid-mechanism", null))).knows({ saslFailures: 0 });
  });

  it("counts them all the same once there are too many", () => {
    const refused = { ...saslFailed, condition: "invalid-mechanism" } as const;
    const tries = Array.from({ length: refusedMechanismsMax }, () => [saslStarted, refused] as const).flat();
    given(...toOffering, ...tries).when().knows({ saslFailures: 0 });
    given(...toOffering, ...tries, saslStarted).when(refused).becomes("negotiating.offering", send(saslFailure("invalid-mechanism", null))).knows({ saslFailures: 1 });
    const outcome = given(...toOffering, ...tries, saslStarted, refused, saslStarted).when(refused);
    outcome.becomes("closing", send(saslFailure("invalid-mechanism", null)), error("policy-violation"), ...closingTimers(outcome.at, "negotiation"));
  });

  it("answers an abort, with an exchange or without (section 6.4.4)", () => {
    for (const before of [toAuthenticating, toOffering]) {
      given(...before).when({ type: "sasl.aborted" }).becomes("negotiating.offering", send(saslFailure("aborted", null))).knows({ saslFailures: 1 });
      const outcome = given(...before, { type: "sasl.aborted" }, saslStarted).when({ type: "sasl.aborted" });
      outcome.becomes("closing", send(saslFailure("aborted", null)), error("policy-violation"), ...closingTimers(outcome.at, "negotiation"));
    }
    const outcome = given(...toOffering, { type: "sasl.aborted" }).when({ type: "sasl.aborted" });
    outcome.becomes("closing", send(saslFailure("aborted", null)), error("policy-violation"), ...closingTimers(outcome.at, "negotiation"));
  });

  it("refuses a response without an exchange, and counts it", () => {
    given(...toOffering).when({ type: "sasl.continued" }).becomes("negotiating.offering", send(saslFailure("malformed-request", null))).knows({ saslFailures: 1 });
    const outcome = given(...toOffering, { type: "sasl.continued" }).when({ type: "sasl.continued" });
    outcome.becomes("closing", error("policy-violation"), ...closingTimers(outcome.at, "negotiation"));
  });

  it("takes a new start for a failure of the old one, and no more of them than of others", () => {
    given(...toAuthenticating).when(saslStarted).becomes("negotiating.authenticating", { type: "start.sasl", mechanism: "SCRAM-SHA-1" }).knows({ saslFailures: 1 });
    const outcome = given(...toAuthenticating, saslStarted).when(saslStarted);
    outcome.becomes("closing", error("policy-violation"), ...closingTimers(outcome.at, "negotiation"));
  });

  it("refuses a success for another account than the header claims, if TLS made the claim worth something", () => {
    const claimed = given({ ...opened, from: "juliet@localhost" }, saslStarted);
    const outcome = claimed.over({ secure: true }).when(saslSucceeded);
    outcome.becomes("closing", error("invalid-from"), ...closingTimers(outcome.at, "negotiation")).knows({ username: null });
    expect(claimed.when(saslSucceeded).context.username).toBe("romeo");
  });

  it.each([saslStarted, { type: "sasl.continued" }, { type: "sasl.aborted" }] as const)("is over once it is done: $type", (event) => {
    const outcome = given(...toBinding).when(event);
    outcome.becomes("closing", error("policy-violation"), ...closingTimers(outcome.at, "negotiation")).knows({ username: "romeo" });
  });
});

describe("RFC 6120 section 6.4.6 the stream after authentication", () => {
  it("offers the features of those who are known", () => {
    given(...toRestart).when({ ...opened, from: "romeo@localhost" })
      .becomes("authenticated.binding.idle", header("localhost", "romeo@localhost"), features).tagged("c2s");
  });

  const refused = [
    { why: "another host", event: { ...opened, host: "elsewhere" }, condition: "not-authorized" },
    { why: "a host that is not served", event: { ...opened, host: null }, condition: "not-authorized" },
    { why: "another account", event: { ...opened, from: "juliet@localhost" }, condition: "invalid-from" },
    { why: "another version", event: { ...opened, version: 2 }, condition: "unsupported-version" },
  ] as const;
  it.each(refused)("refuses $why", ({ event, condition }) => {
    const outcome = given(...toRestart).when(event);
    // Section 4.7.2: who names itself is answered by that name.
    outcome.becomes("closing", header("localhost", event.from), error(condition), ...closingTimers(outcome.at, "negotiation"))
      .knows({ username: "romeo", host: "localhost" });
  });
});

describe("Stanzas before binding", () => {
  it.each([toOffering, toAuthenticating, toBinding].map((before) => ({ before, after: before.at(-1)?.type })))(
    "RFC 6120 section 7.1: end the stream after $after, unless they are allowed",
    ({ before }) => {
      const stanza = { type: "stanza.received", kind: "message", allowed: false } as const;
      const outcome = given(...before).when(stanza);
      outcome.becomes("closing", error("not-authorized"), ...closingTimers(outcome.at, "negotiation"));
      const allowed = given(...before).when({ type: "stanza.received", kind: "iq", allowed: true });
      expect(allowed.effects).toEqual([{ type: "handle.stanza" }]);
      expect(allowed.told.snapshot.value).toEqual(given(...before).when().told.snapshot.value);
    },
  );

  it("ends the stream for a bind before authentication", () => {
    const outcome = given(...toOffering).when({ type: "bind.requested", id: "b", resource: null });
    outcome.becomes("closing", error("not-authorized"), ...closingTimers(outcome.at, "negotiation"));
  });

  it("binds nobody who did not ask", () => {
    given(...toBinding).when(resourceBound).becomes("authenticated.binding.idle").knows({ resource: null, roster: null });
  });
});
