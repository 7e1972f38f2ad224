/** XEP-0198 as the machine knows it: what is counted and kept is its host's. */
import { describe, expect, it } from "vitest";
import { managementFailure } from "../../machines/session-elements.ts";
import type { SessionEffect } from "../../machines/session-events.ts";
import {
  arm, closingTimers, counted, disarm, given, linkAttached, linkLost, policy, recovered, resend, resumable, resumeRequested, startAt, toAuthenticating,
  toAvailable, toBinding, toConnected, toHibernating, toOffering, toPending, toResumable, toResuming, type Telling,
} from "./telling.ts";

const jid = "romeo@localhost/orchard";
const failure = (...parameters: Parameters<typeof managementFailure>): SessionEffect => ({ type: "send.element", element: managementFailure(...parameters) });
const enable = (resumptionMs: number): SessionEffect => ({ type: "enable.management", resumptionMs });
const unavailable: SessionEffect = { type: "broadcast.presence", jid, available: false, initial: false, wasAvailable: true, directed: [] };
const destroy: SessionEffect = { type: "destroy.session", jid };
const attached = "connected.available+uninterested+attached";
const hibernating = "connected.available+uninterested+hibernating";

describe("XEP-0198 section 3 enabling stream management", () => {
  it("counts from here on, and can resume where that is asked for", () => {
    given(...toAvailable).when(counted).becomes(attached, enable(0)).knows({ management: "on", resumptionMs: 0 });
    given(...toAvailable).when(resumable).becomes(attached, enable(policy.resumptionMs)).knows({ management: "resumable", resumptionMs: policy.resumptionMs });
    given(...toConnected).when(resumable).becomes("connected.unavailable+uninterested+attached", enable(policy.resumptionMs));
  });

  it("gives a client less time than it could have, if it wants less, and never more", () => {
    given(...toConnected).when({ ...resumable, max: 7 }).knows({ management: "resumable", resumptionMs: 7_000 });
    given(...toConnected).when({ ...resumable, max: 60 }).knows({ resumptionMs: 60_000 });
    given(...toConnected).when({ ...resumable, max: 61 }).knows({ resumptionMs: 60_000 });
    given(...toConnected).when({ ...resumable, max: Number.MAX_VALUE }).knows({ resumptionMs: 60_000 });
    const outcome = given(...toAvailable, { ...resumable, max: 7 }).when(linkLost);
    outcome.becomes(hibernating, arm("resumption", outcome.at + 7_000));
  });

  it("counts only, where nothing can be resumed here", () => {
    const nothing = given(...toConnected).over({ policy: { ...policy, resumptionMs: 0 } });
    nothing.when(resumable).becomes("connected.unavailable+uninterested+attached", enable(0)).knows({ management: "on", resumptionMs: 0 });
    nothing.when({ ...resumable, max: 7 }).knows({ management: "on", resumptionMs: 0 });
    nothing.and(resumable).when(linkLost).becomes("closed", destroy);
  });

  it.each([counted, resumable].flatMap((first) => [counted, resumable].map((second) => ({ first, second }))))(
    "ends the stream that asks twice ($first.resumable, $second.resumable)",
    ({ first, second }) => {
      const outcome = given(...toAvailable, first).when(second);
      outcome.becomes(
        "closing", unavailable, destroy, failure("unexpected-request"),
        { type: "close.stream", condition: "policy-violation", text: "stream management is enabled already" }, ...closingTimers(outcome.at),
      );
      expect(outcome.context.reason).toContain("policy-violation");
    },
  );

  it("ends a resumed stream that asks again: what it resumed counts already", () => {
    expect(given(...toHibernating, linkAttached).when(resumable).told.snapshot.value).toBe("closing");
  });

  const early: readonly { readonly state: string; readonly before: readonly Telling[] }[] = [
    { state: "negotiating.offering", before: toOffering },
    { state: "negotiating.authenticating", before: toAuthenticating },
    { state: "authenticated.binding.idle", before: toBinding },
    { state: "authenticated.binding.pending", before: toPending },
    { state: "authenticated.binding.resuming", before: toResuming },
  ];
  it.each(early)("refuses it before a resource is bound, and goes on: $state", ({ state, before }) => {
    given(...before).when(resumable).becomes(state, failure("unexpected-request")).knows({ management: "off", resumptionMs: 0 });
  });

  it("takes it after that all the same", () => {
    given(...toBinding, resumable, ...toPending.slice(-1), ...toConnected.slice(-1)).when(resumable).knows({ management: "resumable" });
  });
});

describe("XEP-0198 section 5 resuming instead of binding", () => {
  it("asks for the old session, with what the client says of it", () => {
    given(...toBinding).when(resumeRequested).becomes("authenticated.binding.resuming", { type: "resume.session", id: "old", h: 7 }).tagged("c2s");
  });

  it("goes on with binding where that is refused", () => {
    given(...toResuming).when({ type: "resume.refused", condition: "item-not-found", h: null })
      .becomes("authenticated.binding.idle", failure("item-not-found")).knows({ resource: null });
    given(...toResuming, { type: "resume.refused", condition: "item-not-found", h: null }, ...toPending.slice(-1)).when(...toConnected.slice(-1))
      .tagged("c2s", "connected");
  });

  it("says how much of the client's was handled, as the wire counts", () => {
    given(...toResuming).when({ type: "resume.refused", condition: "item-not-found", h: 3 })
      .becomes("authenticated.binding.idle", failure("item-not-found", 3));
    expect(managementFailure("item-not-found", 3).attrs).toEqual({ xmlns: "urn:xmpp:sm:3", h: "3" });
    expect(managementFailure("item-not-found", 0).attrs["h"]).toBe("0");
    expect(managementFailure("item-not-found", 2 ** 32 + 5).attrs["h"]).toBe("5");
    expect(managementFailure("item-not-found")).toEqual({
      name: "failed", attrs: { xmlns: "urn:xmpp:sm:3" },
      children: [{ name: "item-not-found", attrs: { xmlns: "urn:ietf:params:xml:ns:xmpp-stanzas" }, children: [] }],
    });
  });

  it("takes a refusal for the end of no bind that failed before", () => {
    given(...toPending, { type: "bind.failed", condition: "conflict", text: "" }, resumeRequested)
      .when({ type: "resume.refused", condition: "item-not-found", h: null }).becomes("authenticated.binding.idle", failure("item-not-found"));
  });

  it("ends the session whose stream was handed over, and leaves the link alone", () => {
    given(...toResuming).when({ type: "resume.granted" }).becomes("closed", disarm("negotiation"))
      .over("its stream was handed over to the resumed session");
  });

  it("closes the stream that claims more stanzas than there were (section 6)", () => {
    const detail = { name: "handled-count-too-high", attrs: { xmlns: "urn:xmpp:sm:3", h: "10", "send-count": "8" }, children: [] };
    const tooHigh = { type: "stream.failed", condition: "undefined-condition", text: "10 of 8", detail } as const;
    const close: SessionEffect = { type: "close.stream", condition: "undefined-condition", text: "10 of 8", detail };
    const resuming = given(...toResuming).when(tooHigh);
    resuming.becomes("closing", close, ...closingTimers(resuming.at, "negotiation"));
    const acknowledging = given(...toResumable).when(tooHigh);
    acknowledging.becomes("closing", unavailable, destroy, close, ...closingTimers(acknowledging.at));
  });

  it.each([
    { state: "negotiating.offering", before: toOffering },
    { state: "negotiating.authenticating", before: toAuthenticating },
    { state: "authenticated.binding.pending", before: toPending },
    { state: "connected.unavailable+uninterested+attached", before: toConnected },
    { state: attached, before: toResumable },
  ])("refuses it where it has no place, and goes on: $state", ({ state, before }) => {
    given(...before).when(resumeRequested).becomes(state, failure("unexpected-request"));
  });

  it("believes no answer that it did not wait for", () => {
    for (const before of [toBinding, toConnected]) {
      for (const answer of [{ type: "resume.granted" }, { type: "resume.refused", condition: "item-not-found", h: null }] as const) {
        expect(given(...before).when(answer).told).toMatchObject({ effects: [], snapshot: { value: given(...before).when().told.snapshot.value } });
      }
    }
  });
});

describe("XEP-0198 section 5 the link of a resumable session", () => {
  it("leaves it behind when it is lost, with its presence and a deadline", () => {
    const outcome = given(...toResumable).when(linkLost);
    outcome.becomes(hibernating, arm("resumption", outcome.at + policy.resumptionMs))
      .tagged("c2s", "connected", "available").knows({ presence: "d1", resource: "orchard", timers: { resumption: outcome.at + policy.resumptionMs } });
  });

  it("comes back", () => {
    given(...toHibernating).when(linkAttached).becomes(attached, disarm("resumption"), resend).knows({ timers: {}, presence: "d1" });
  });

  it("is replaced by another while it still looks alive", () => {
    given(...toResumable).when(linkAttached).becomes(attached, resend);
  });

  it("is lost again, with a new deadline", () => {
    const outcome = given(...toHibernating, linkAttached).when(linkLost);
    outcome.becomes(hibernating, arm("resumption", outcome.at + policy.resumptionMs));
  });

  it("takes along a session that only counts", () => {
    given(...toAvailable, counted).when(linkLost).becomes("closed", unavailable, destroy).over("reset");
  });

  it("ends it where the client says goodbye (section 7)", () => {
    given(...toResumable).when({ type: "stream.ended" })
      .becomes("closed", unavailable, destroy, { type: "close.stream", condition: null, text: null }, { type: "drop.link" });
  });
});

describe("A queue that overflows", () => {
  const overflowed = { type: "queue.overflowed" } as const;
  it("takes resumption from a session that has a link, and nothing else", () => {
    given(...toResumable).when(overflowed).becomes(attached, { type: "drop.queue" }).knows({ management: "on", resumptionMs: 0, presence: "d1" });
    given(...toResumable, overflowed).when(linkLost).becomes("closed", unavailable, destroy);
    given(...toResumable, overflowed).when(recovered).becomes("closed", unavailable, destroy);
  });

  it("changes nothing else about one that only counts, or not even that", () => {
    given(...toAvailable, counted).when(overflowed).becomes(attached, { type: "drop.queue" }).knows({ management: "on" });
    given(...toAvailable).when(overflowed).knows({ management: "off", resumptionMs: 0 });
  });
});

describe("A server that stops and starts again", () => {
  const stopping = { type: "server.stopping" } as const;
  it("closes the stream of a resumable session and keeps the session", () => {
    const outcome = given(...toResumable).when(stopping);
    outcome.becomes(
      hibernating, { type: "close.stream", condition: "system-shutdown", text: expect.any(String) as string },
      arm("resumption", outcome.at + policy.resumptionMs),
    ).tagged("c2s", "connected", "available").knows({ reason: null });
  });

  it("takes the client's answer for no goodbye", () => {
    given(...toResumable, stopping, { type: "stream.ended" }).when(linkLost).becomes(hibernating);
    given(...toResumable, stopping, linkLost, recovered).when(linkAttached).becomes(attached, disarm("resumption"), resend);
  });

  it("ends one that only counts", () => {
    const outcome = given(...toAvailable, counted).when(stopping);
    outcome.becomes(
      "closing", unavailable, destroy, { type: "close.stream", condition: "system-shutdown", text: expect.any(String) as string }, ...closingTimers(outcome.at),
    );
    given(...toAvailable, counted).when(recovered).becomes("closed", unavailable, destroy).over("the server was restarted");
  });

  it("finds a resumable session where its link was lost with the server", () => {
    const outcome = given(...toResumable).when(recovered);
    outcome.becomes(hibernating, arm("resumption", outcome.at + policy.resumptionMs)).knows({ presence: "d1" });
  });

  it("waits as long as it promised, and long enough for everybody to come back", () => {
    const late = startAt + 10 * policy.resumptionMs;
    given(...toResumable).when({ ...recovered, until: late }).becomes(hibernating, arm("resumption", late)).knows({ timers: { resumption: late } });
    given(...toHibernating).when({ ...recovered, until: late }).becomes(hibernating, arm("resumption", late));
    const { resumption: promised } = given(...toHibernating).when().context.timers;
    given(...toHibernating).when({ ...recovered, until: promised! - 1 }).becomes(hibernating, arm("resumption", promised!));
    given(...toHibernating, { ...recovered, until: late }).when({ ...recovered, until: late - 1 }).becomes(hibernating, arm("resumption", late));
  });
});

describe("A hibernating session", () => {
  const resumption = disarm("resumption");
  const endings = [
    { event: { type: "session.replaced" }, reason: "the resource was bound by another stream" },
    { event: { type: "account.removed" }, reason: "the account was removed" },
    { event: { type: "queue.overflowed" }, reason: "its queue was full" },
    { event: { type: "close.requested" }, reason: "the server closed the session" },
    { event: { type: "host.failed", why: "bug" }, reason: "the server met an error in this session" },
    { event: { type: "stream.failed", condition: "internal-server-error", text: "store" }, reason: "internal-server-error: store" },
  ] as const;
  it.each(endings)("has no link to say anything on: $event.type", ({ event, reason }) => {
    given(...toHibernating).when(event).becomes("closed", unavailable, destroy, resumption).over(reason);
  });

  it("is not waited for past its deadline, and to no other", () => {
    const deadline = given(...toHibernating).when().context.timers.resumption!;
    given(...toHibernating).when({ type: "timer.expired", name: "resumption", deadline })
      .becomes("closed", unavailable, destroy, resumption).over("it was not resumed in time");
    for (const other of [deadline - 1, deadline + 1]) {
      given(...toHibernating).when({ type: "timer.expired", name: "resumption", deadline: other }).becomes(hibernating);
    }
    given(...toHibernating, { ...recovered, until: deadline + 1 }).when({ type: "timer.expired", name: "resumption", deadline }).becomes(hibernating);
    given(...toHibernating, linkAttached).when({ type: "timer.expired", name: "resumption", deadline }).becomes(attached);
    given(...toHibernating, linkAttached, linkLost).when({ type: "timer.expired", name: "resumption", deadline }).becomes(hibernating);
  });

  it.each([linkLost, { type: "stream.ended" }, { type: "server.stopping" }] as const)("outlives what concerns its old link: $type", (event) => {
    given(...toHibernating).when(event).becomes(hibernating);
  });

  it("learns who sees its directed presence no more, and what extensions keep", () => {
    const directed = { type: "presence.directed", to: "nurse@localhost" } as const;
    given(...toAvailable, directed, resumable, linkLost).when({ type: "presence.undirected", to: "nurse@localhost" }).becomes(hibernating).knows({ directed: [] });
    given(...toHibernating).when({ type: "extension.changed", name: "csi", value: "active" }).becomes(hibernating).knows({ extensions: { csi: "active" } });
  });
});
