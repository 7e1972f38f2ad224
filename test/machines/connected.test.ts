/** From binding to the end of the connected state, event by event. */
import { describe, expect, it } from "vitest";
import { directedCharsMax } from "../../src/domain/limits.ts";
import { bindError, bindResult } from "../../machines/session-elements.ts";
import type { SessionEffect } from "../../machines/session-events.ts";
import {
  bindFailed, bindRequested, closingTimers, disarm, given, linkLost, presenceChanged, resourceBound, toAvailable, toBinding, toConnected, toPending,
} from "./telling.ts";

const jid = "romeo@localhost/orchard";
const send = (element: Extract<SessionEffect, { type: "send.element" }>["element"]): SessionEffect => ({ type: "send.element", element });
const presence = (available: boolean, initial = false, directed: readonly string[] = [], wasAvailable = !initial): SessionEffect => ({
  type: "broadcast.presence", jid, available, initial, wasAvailable, directed,
});
const destroy: SessionEffect = { type: "destroy.session", jid };
const directed = { type: "presence.directed", to: "nurse@localhost" } as const;

describe("RFC 6120 section 7 binding a resource", () => {
  it("asks for the resource, or for any", () => {
    given(...toBinding).when(bindRequested).becomes("authenticated.binding.pending", { type: "bind.resource", resource: "orchard" }).tagged("c2s");
    given(...toBinding).when({ ...bindRequested, resource: null }).becomes("authenticated.binding.pending", { type: "bind.resource", resource: null });
  });

  it("makes a connected resource, tells it its full JID, and ends the deadline", () => {
    given(...toPending).when(resourceBound)
      .becomes("connected.unavailable+uninterested+attached", send(bindResult("b1", jid)), disarm("negotiation"))
      .tagged("c2s", "connected")
      .knows({ resource: "orchard", roster: { version: "7", items: 2 }, priority: 0, presence: null, timers: {} });
  });

  it("lets the client try again after a failure, which answers its own request", () => {
    given(...toPending).when(bindFailed)
      .becomes("authenticated.binding.idle", send(bindError("b1", "conflict", "in use"))).knows({ bindFailures: 1, bindId: null, resource: null });
    given(...toPending, bindFailed).when({ ...bindRequested, id: "b2" }).knows({ bindId: "b2" });
  });

  it("closes when the tries are used up (section 7.7.3)", () => {
    const outcome = given(...toPending, bindFailed, { ...bindRequested, id: "b2" }).when(bindFailed);
    outcome.becomes(
      "closing",
      send(bindError("b2", "conflict", "in use")),
      { type: "close.stream", condition: "policy-violation", text: "too many attempts to bind a resource" },
      ...closingTimers(outcome.at, "negotiation"),
    );
  });

  it("answers a second bind with not-allowed and goes on (section 7.6.2.2)", () => {
    given(...toConnected).when({ ...bindRequested, id: "again" })
      .becomes("connected.unavailable+uninterested+attached", send(bindError("again", "not-allowed", "this stream has a resource already")))
      .knows({ resource: "orchard", bindId: "b1" });
  });
});

describe("RFC 6121 section 4 availability", () => {
  it("begins with initial presence", () => {
    given(...toConnected).when(presenceChanged).becomes("connected.available+uninterested+attached", presence(true, true))
      .tagged("c2s", "connected", "available").knows({ presence: "d1", priority: 5 });
  });

  it("goes on with later presence", () => {
    given(...toAvailable).when({ type: "presence.changed", priority: -1, digest: "d2" })
      .becomes("connected.available+uninterested+attached", presence(true)).knows({ presence: "d2", priority: -1 });
  });

  it("ends with unavailable presence, which takes the priority along", () => {
    given(...toAvailable).when({ type: "presence.withdrawn" }).becomes("connected.unavailable+uninterested+attached", presence(false))
      .tagged("c2s", "connected").knows({ presence: null, priority: 0, directed: [] });
  });

  it("begins anew after its end", () => {
    given(...toAvailable, { type: "presence.withdrawn" }).when(presenceChanged).becomes("connected.available+uninterested+attached", presence(true, true));
  });

  it("has nobody to tell of an end that was no beginning", () => {
    given(...toConnected).when({ type: "presence.withdrawn" }).becomes("connected.unavailable+uninterested+attached");
  });
});

describe("RFC 6121 section 4.6 directed presence", () => {
  it("is no presence of the session", () => {
    given(...toConnected).when(directed).becomes("connected.unavailable+uninterested+attached").knows({ presence: null, directed: ["nurse@localhost"] });
    given(...toAvailable).when(directed).becomes("connected.available+uninterested+attached").knows({ presence: "d1", priority: 5 });
  });

  it("is remembered once for each target until it is taken back", () => {
    given(...toConnected, directed, { ...directed, to: "friar@localhost" }, directed).when().knows({ directed: ["friar@localhost", "nurse@localhost"] });
    given(...toConnected, directed).when({ type: "presence.undirected", to: "nurse@localhost" }).knows({ directed: [] });
    const three = ["nurse@localhost", "friar@localhost", "tybalt@localhost"].map((to) => ({ ...directed, to }));
    const two = { type: "presence.undirected", to: ["friar@localhost", "nurse@localhost", "nobody@localhost"] } as const;
    given(...toConnected, ...three).when(two).knows({ directed: ["tybalt@localhost"] });
  });

  it("is remembered for the latest targets, as many as there is room for", () => {
    const targetChars = 512;
    const fitting = directedCharsMax / targetChars;
    const many = Array.from({ length: fitting + 2 }, (_, n) => ({ type: "presence.directed", to: `${n}@localhost/`.padEnd(targetChars, "x") }) as const);
    const { directed: known } = given(...toConnected, ...many).when().context;
    expect(known).toEqual(many.slice(2).map(({ to }) => to));
  });

  it("has an end for each target, also without availability (section 4.6.3)", () => {
    given(...toConnected, directed).when({ type: "presence.withdrawn" })
      .becomes("connected.unavailable+uninterested+attached", presence(false, false, ["nurse@localhost"], false)).knows({ directed: [] });
    given(...toConnected, directed).when(linkLost)
      .becomes("closed", presence(false, false, ["nurse@localhost"], false), destroy);
  });
});

describe("RFC 6121 section 2.2 interest", () => {
  it("is what asking for the roster shows, and stays", () => {
    given(...toConnected).when({ type: "roster.requested" }).becomes("connected.unavailable+interested+attached").tagged("c2s", "connected", "interested");
    given(...toAvailable, { type: "roster.requested" }).when({ type: "roster.requested" }).becomes("connected.available+interested+attached");
    given(...toAvailable, { type: "roster.requested" }).when({ type: "presence.withdrawn" }).tagged("c2s", "connected", "interested");
  });
});

describe("The link of a connected session", () => {
  it("takes the session along when it is lost, after a word to its observers", () => {
    given(...toAvailable).when(linkLost).becomes("closed", presence(false), destroy)
      .over("reset").knows({ resource: null, roster: null, presence: null, priority: 0, username: "romeo" });
  });
});

describe("What further extensions keep", () => {
  it("changes nobody's state", () => {
    const before = given(...toAvailable).when().told.snapshot.value;
    const outcome = given(...toAvailable, { type: "extension.changed", name: "carbons", value: true }).when({
      type: "extension.changed", name: "csi", value: { active: false },
    });
    expect(outcome.effects).toEqual([]);
    expect(outcome.told.snapshot.value).toEqual(before);
    outcome.knows({ extensions: { carbons: true, csi: { active: false } } });
  });

  it("is told of in no binding state that it does not change either", () => {
    given(...toPending, { type: "extension.changed", name: "lang", value: "en" }).when(resourceBound).knows({ extensions: { lang: "en" } });
  });
});
