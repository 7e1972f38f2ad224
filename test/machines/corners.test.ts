/** What a session does at the edges of its rules, where the usual ways do not come by. */
import { describe, expect, it } from "vitest";
import { fold } from "../../machines/fold.ts";
import { told } from "../../machines/session-parts.ts";
import { given, header, opened, policy, saslStarted, saslSucceeded, startAt, toOffering, toRestart } from "./telling.ts";

describe("RFC 6120 section 6.4.6: whom the stream header claims to come from", () => {
  const loggedIn = (from: string | null, secure: boolean) =>
    given({ ...opened, from }, saslStarted).over({ secure }).when(saslSucceeded);

  it.each([
    ["nobody, over TLS", null, true],
    ["who logs in, over TLS", "romeo@localhost", true],
    ["nobody, in the clear", null, false],
    ["who logs in, in the clear", "romeo@localhost", false],
    ["somebody else, in the clear, where it is not believed", "juliet@localhost", false],
  ])("may be %s", (_, from, secure) => {
    loggedIn(from, secure).tagged("c2s", "notopen").knows({ username: "romeo", reason: null });
  });

  it.each(["juliet@localhost", "romeo@localhost.example", "romeo@localhost/orchard"])("is not %s over TLS, if another logs in", (from) => {
    expect(loggedIn(from, true).context.reason).toMatch(/^invalid-from: /);
  });

  it.each([[null, true], ["romeo@localhost", true], ["juliet@localhost", false]] as const)("may be %j when the stream is opened again: %s", (from, taken) => {
    const { context } = given(...toRestart).when({ ...opened, from });
    expect(context.reason === null).toBe(taken);
  });
});

describe("RFC 6120 section 5.4.3: a deadline during the TLS handshake", () => {
  const securing = given(...toOffering, { type: "tls.requested" });
  const deadline = startAt + policy.negotiationMs;

  it("ends the session without a word", () => {
    securing.when({ type: "timer.expired", name: "negotiation", deadline }).over("the TLS handshake took too long");
  });

  it.each([["negotiation", deadline - 1], ["closing", deadline]] as const)("is the one that is armed: not '%s' at %i", (name, at) => {
    securing.when({ type: "timer.expired", name, deadline: at }).becomes("negotiating.securing");
  });
});

describe("A session that is over", () => {
  it.each([
    { ...opened, at: startAt },
    { type: "extension.changed", name: "carbons", value: true, at: startAt },
  ] as const)("is not changed by $type, if that is recorded after its end", (event) => {
    const over = given().when({ type: "link.lost", why: "reset" }).told.snapshot;
    const { value, context, status } = fold(over, [event]);
    expect({ value, context, status }).toEqual({ value: "closed", context: over.context, status: "done" });
  });
});

describe("A guard or an action that is for one event", () => {
  it("gets that event, and does not go on with another", () => {
    const event = { ...opened, at: startAt };
    expect(told(event, "stream.opened")).toBe(event);
    expect(() => told(event, "stream.ended")).toThrow("takes stream.opened for stream.ended");
  });
});

describe("RFC 6120 section 4.9.1.2: a stream error before this side's header", () => {
  const detail = { name: "too-many", attrs: { xmlns: "urn:example" }, children: [] } as const;
  const fault = { type: "stream.failed", condition: "policy-violation", text: "too much" } as const;
  const { type: _, ...close } = fault;

  it("comes after a header, and is remembered to have one", () => {
    const outcome = given().when(fault).knows({ headerSent: true });
    expect(outcome.effects.slice(0, 2)).toStrictEqual([header(null), { type: "close.stream", ...close }]);
  });

  it("takes along what stands beside its condition (section 4.9.4)", () => {
    expect(given(...toOffering).when({ ...fault, detail }).effects[0]).toStrictEqual({ type: "close.stream", ...close, detail });
  });
});
