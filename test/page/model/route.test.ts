import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Route } from "../../../src/page/model/contract.ts";
import { fragmentOf, placeBeyondToken, routeOf, tokenIn } from "../../../src/page/model/route.ts";

describe("A place of the page in its address", () => {
  it("is found again, whatever the id", () => {
    const routes: fc.Arbitrary<Route> = fc.oneof(
      fc.constantFrom<Route>({ view: "overview" }, { view: "sessions" }, { view: "chat", tab: "chart" }, { view: "chat", tab: "timeline" }),
      fc.record({ view: fc.constant("sessions" as const), log: fc.string({ unit: "grapheme" }) }),
      fc.record({ view: fc.constant("session" as const), id: fc.string({ unit: "grapheme", minLength: 1 }), tab: fc.constantFrom("chart", "timeline", "sequence", "session") }),
    );
    fc.assert(fc.property(routes, (route) => {
      expect(routeOf(fragmentOf(route))).toEqual(route);
    }));
  });

  it.each(["", "#", "#/", "#/nowhere", "#/session", "#/session/", "#token=abc", "#/%"])("%s leads to the overview", (fragment) => {
    expect(routeOf(fragment)).toEqual({ view: "overview" });
  });

  it("takes a session without a tab, or with another one, for its chart, and broken escapes as they are", () => {
    expect(routeOf("#/session/abc")).toEqual({ view: "session", id: "abc", tab: "chart" });
    expect(routeOf("#/session/a%zz/nowhere")).toEqual({ view: "session", id: "a%zz", tab: "chart" });
  });

  it("is no token, and a token is no place", () => {
    expect(tokenIn("#token=Ab_-9")).toBe("Ab_-9");
    expect([tokenIn("#token=Ab_-9/chat"), placeBeyondToken("#token=Ab_-9/chat")]).toEqual(["Ab_-9", "#/chat"]);
    expect(placeBeyondToken("#token=Ab_-9")).toBe("#/");
    expect(placeBeyondToken("#/sessions")).toBe("#/sessions");
    for (const fragment of ["", "#/sessions", "#token=", "#token=a b", "#token=a&x"]) expect(tokenIn(fragment)).toBe(undefined);
  });
});
