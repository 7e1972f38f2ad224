import { describe, expect, it } from "vitest";
import { saslErrorConditions, stanzaErrorTypes, streamErrorConditions } from "../../src/domain/errors.ts";

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

describe("RFC 6120 section 4.9.3 stream error conditions", () => {
  it("are these, section by section", () => {
    expect(streamErrorConditions).toEqual(words(`
      bad-format bad-namespace-prefix conflict connection-timeout host-gone host-unknown improper-addressing internal-server-error
      invalid-from invalid-namespace invalid-xml not-authorized not-well-formed policy-violation remote-connection-failed reset
      resource-constraint restricted-xml see-other-host system-shutdown undefined-condition unsupported-encoding unsupported-feature
      unsupported-stanza-type unsupported-version`));
  });
});

describe("RFC 6120 section 8.3.3 stanza error conditions", () => {
  it.each([
    ["auth", "forbidden not-authorized registration-required subscription-required"],
    // Section 8.3.3.21 leaves the type of undefined-condition open.
    ["cancel", `conflict feature-not-implemented gone internal-server-error item-not-found not-allowed remote-server-not-found
      service-unavailable undefined-condition`],
    ["modify", "bad-request jid-malformed not-acceptable policy-violation redirect"],
    ["wait", "recipient-unavailable remote-server-timeout resource-constraint unexpected-request"],
  ])("have the type %s where their sections say so", (type, conditions) => {
    const having = Object.entries(stanzaErrorTypes).filter(([, its]) => its === type);
    expect(having.map(([condition]) => condition)).toEqual(words(conditions));
  });

  it("are 22, each of one of these types", () => {
    expect(Object.keys(stanzaErrorTypes)).toHaveLength(22);
    expect(new Set(Object.values(stanzaErrorTypes))).toEqual(new Set(["auth", "cancel", "modify", "wait"]));
  });
});

describe("RFC 6120 section 6.5 SASL error conditions", () => {
  it("are these, section by section", () => {
    expect(saslErrorConditions).toEqual(words(`
      aborted account-disabled credentials-expired encryption-required incorrect-encoding invalid-authzid invalid-mechanism
      malformed-request mechanism-too-weak not-authorized temporary-auth-failure`));
  });
});
