/** The ways in which a session ends, from each state that it can end in. */
import { describe, expect, it } from "vitest";
import type { SessionEffect } from "../../machines/session-events.ts";
import {
  closingTimers, disarm, dropLink, endTag, given, header, linkLost, policy, recovered, startAt, toAuthenticating, toAvailable, toBinding, toClosing, toConnected,
  toOffering, toPending, toRestart, linkAttached, resumable, resumeRequested, type Telling,
} from "./telling.ts";

const jid = "romeo@localhost/orchard";
const unavailable: SessionEffect = { type: "broadcast.presence", jid, available: false, initial: false, wasAvailable: true, directed: [] };
const destroy: SessionEffect = { type: "destroy.session", jid };

/** Each state with a stream, and what leaving it means for others. */
const states: readonly { readonly name: string; readonly before: readonly Telling[]; readonly first: readonly SessionEffect[]; readonly negotiated: boolean }[] = [
  { name: "awaitingStream", before: [], first: [header(null)], negotiated: false },
  { name: "offering", before: toOffering, first: [], negotiated: false },
  { name: "authenticating", before: toAuthenticating, first: [], negotiated: false },
  { name: "awaitingRestart", before: toRestart, first: [header("localhost")], negotiated: false },
  { name: "binding", before: toBinding, first: [], negotiated: false },
  { name: "pending", before: toPending, first: [], negotiated: false },
  { name: "connected", before: toConnected, first: [destroy], negotiated: true },
  { name: "available", before: toAvailable, first: [unavailable, destroy], negotiated: true },
];

/** The server speaks last: these end a stream with an error. */
const faults = [
  { event: { type: "session.replaced" }, condition: "conflict" },
  { event: { type: "account.removed" }, condition: "not-authorized" },
  { event: { type: "host.failed", why: "bug" }, condition: "internal-server-error" },
  { event: { type: "server.stopping" }, condition: "system-shutdown" },
  { event: { type: "stream.failed", condition: "not-well-formed", text: "&" }, condition: "not-well-formed" },
] as const;

describe.each(states)("From $name a session ends", ({ before, first, negotiated }) => {
  const disarmed = negotiated ? [] : (["negotiation"] as const);

  it.each(faults)("with $condition on $event.type", ({ event, condition }) => {
    const outcome = given(...before).when(event);
    outcome.becomes(
      "closing", ...first, { type: "close.stream", condition, text: expect.any(String) as string }, ...closingTimers(outcome.at, ...disarmed),
    ).tagged();
    expect(outcome.context.reason).toContain(condition);
  });

  it("politely when the server wants to", () => {
    const outcome = given(...before).when({ type: "close.requested" });
    outcome.becomes("closing", ...first, endTag, ...closingTimers(outcome.at, ...disarmed)).tagged();
  });

  it("when the client closes its stream: so does the server (RFC 6120 section 4.4)", () => {
    given(...before).when({ type: "stream.ended" })
      .becomes("closed", ...first, endTag, dropLink, ...disarmed.map(disarm)).over("the client closed its stream");
  });

  it("when its link is lost, with nobody to tell but its observers", () => {
    const observers = first.filter(({ type }) => type !== "open.stream");
    given(...before).when(linkLost).becomes("closed", ...observers, ...disarmed.map(disarm)).over("reset");
  });

  it("when the server was restarted", () => {
    const observers = first.filter(({ type }) => type !== "open.stream");
    given(...before).when(recovered).becomes("closed", ...observers, ...disarmed.map(disarm)).over("the server was restarted");
  });

  it("at no deadline of a timer that the machine does not know", () => {
    const name = "tea" as "closing";
    expect(given(...before).when({ type: "timer.expired", name, deadline: 1 }).effects).toEqual([]);
  });
});

describe.each(states.filter(({ negotiated }) => !negotiated))("RFC 6120 section 4.9.3.4 from $name a session", ({ before, first }) => {
  it("closes at its deadline, and not at another", () => {
    const deadline = given(...before).when().context.timers.negotiation!;
    const outcome = given(...before).when({ type: "timer.expired", name: "negotiation", deadline });
    outcome.becomes(
      "closing", ...first, { type: "close.stream", condition: "connection-timeout", text: expect.any(String) as string },
      ...closingTimers(outcome.at, "negotiation"),
    );
    const { told } = given(...before).when();
    for (const other of [
      { name: "negotiation", deadline: deadline - 1 }, { name: "closing", deadline }, { name: "resumption", deadline },
    ] as const) {
      const ignored = given(...before).when({ type: "timer.expired", ...other });
      expect(ignored.effects).toEqual([]);
      expect(ignored.told.snapshot.value).toEqual(told.snapshot.value);
      expect(ignored.context).toEqual(told.snapshot.context);
    }
  });
});

describe("A deadline", () => {
  it("counts anew from authentication, and the old one no more", () => {
    given(...toRestart).when({ type: "timer.expired", name: "negotiation", deadline: startAt + policy.negotiationMs }).becomes("authenticated.awaitingRestart");
  });

  it("is nobody's once a resource is bound", () => {
    given(...toConnected).when({ type: "timer.expired", name: "negotiation", deadline: startAt + policy.negotiationMs })
      .becomes("connected.unavailable+uninterested+attached");
  });
});

describe("RFC 6120 section 4.4 a closing stream", () => {
  const closed = disarm("closing");
  const deadline = given(...toClosing).when().context.timers.closing!;

  it.each([
    { type: "stream.ended" }, { type: "stream.failed", condition: "not-well-formed", text: "" },
    { type: "timer.expired", name: "closing", deadline }, { type: "host.failed", why: "bug" },
  ] as const)("drops its link on $type", (event) => {
    given(...toClosing).when(event).becomes("closed", dropLink, closed).over("the server closed the stream");
  });

  it("is over when its link is lost", () => {
    given(...toClosing).when(linkLost).becomes("closed", closed);
  });

  it.each([
    { type: "session.replaced" }, { type: "account.removed" }, { type: "close.requested" }, { type: "server.stopping" },
    { type: "stanza.received", kind: "message", allowed: false }, { type: "stanza.received", kind: "iq", allowed: true },
    resumable, resumeRequested, linkAttached, { type: "queue.overflowed" },
    { type: "tls.requested" }, { type: "sasl.started", mechanism: "PLAIN" }, { type: "sasl.continued" }, { type: "sasl.aborted" },
    { type: "bind.requested", id: "b", resource: null }, { type: "stream.opened", host: "localhost", from: null, version: 1 },
    { type: "timer.expired", name: "closing", deadline: deadline + 1 }, { type: "timer.expired", name: "negotiation", deadline },
  ] as const)("reads on and does nothing about $type", (event) => {
    given(...toClosing).when(event).becomes("closing").tagged();
  });

  it("keeps the first reason", () => {
    given(...toOffering, { type: "server.stopping" }).when(linkLost).over("system-shutdown: the server is stopping");
  });
});
