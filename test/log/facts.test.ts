import { describe, expect, it } from "vitest";
import { accountStream, sessionStream } from "../../src/domain/facts.ts";

describe("stream names", () => {
  it("hold the kind, the host and the name", () => {
    expect(accountStream("montague.lit", "romeo")).toBe("account/montague.lit/romeo");
    expect(sessionStream("montague.lit", "x7Hc")).toBe("session/montague.lit/x7Hc");
  });

  it("cannot be made of parts that would make another stream's name", () => {
    for (const part of ["", "a/b", "/"]) {
      expect(() => accountStream("montague.lit", part)).toThrow(`got ${JSON.stringify(part)}`);
      expect(() => sessionStream(part, "x7Hc")).toThrow(`got ${JSON.stringify(part)}`);
    }
  });
});
