import { describe, expect, it } from "vitest";
import { Account } from "../../src/domain/account.ts";
import type { Json } from "../../src/domain/json.ts";
import { nodesBytesMax, stateKeysMax } from "../../src/domain/limits.ts";
import { defaultConfig } from "../../src/pubsub/node-config.ts";
import { decidePublish, type Publication } from "../../src/pubsub/publishing.ts";
import { entriesOf } from "../../src/pubsub/item-index.ts";
import { affiliationOf, allSubscriptions } from "../../src/pubsub/people-rows.ts";
import { itemBytes, nodeIds, readNode } from "../../src/pubsub/rows.ts";
import { el } from "../../src/xml/stanza.ts";

/** An account that has these values in the spaces of nodes, by `SPACE/KEY`. */
const accountWith = (states: Readonly<Record<string, Json>>) =>
  new Account("localhost", "alice", Object.entries(states).map(([key, value]) => ({ key: `state/${key}`, value })));

const publication = (more: Partial<Publication> = {}): Publication => ({
  node: "n", id: "new", payload: el("note", { xmlns: "urn:test" }), itemless: false, by: undefined, defaults: defaultConfig, options: {}, at: 1_000, ...more,
});

/** The condition of the fault, and its detail; or what is in the index afterwards. */
function outcome(account: Account, more?: Partial<Publication>): unknown {
  const decision = decidePublish(account, publication(more));
  if ("fault" in decision) return `${decision.fault.condition} ${decision.fault.detail?.name ?? ""}`.trim();
  return decision.kept === undefined ? [] : entriesOf(decision.kept.change.index).map(({ id, at }) => `${id} ${at}`);
}

const node = (chunks: readonly number[], config = {}) => ({ created: 0, config: { max_items: "max", ...config }, chunks });

describe("What is published on a node", () => {
  it("is later than all that was, whatever the clock says", () => {
    const account = accountWith({ "pep/n": node([0]), "pep-index/n/0": [["a", 1, 1_000], ["b", 1, 5_000]] });
    expect(outcome(account)).toEqual(["a 1000", "b 5000", "new 5001"]);
    expect(outcome(account, { id: "b" })).toEqual(["a 1000", "b 5001"]);
    expect(outcome(account, { at: 9_000 })).toEqual(["a 1000", "b 5000", "new 9000"]);
  });

  it("has room for so many bytes of all nodes together, what it replaces aside", () => {
    const account = accountWith({ "pep/n": node([0]), "pep-index/n/0": [["a", 1_000, 1]], "pep/m": node([0]), "pep-index/m/0": [["a", nodesBytesMax - 1_000, 1]] });
    expect(itemBytes(account)).toBe(nodesBytesMax);
    expect(outcome(account)).toBe("resource-constraint");
    expect(outcome(account, { id: "a" })).toEqual(["a 1000"]);
  });

  it("has room in the memory of the account", () => {
    const full = Object.fromEntries(Array.from({ length: stateKeysMax }, (_, number) => [`pep-index/other/${number}`, [[`${number}`, 1, 1]]]));
    expect(outcome(accountWith({ "pep/n": node([]), ...full }))).toBe("resource-constraint");
  });
});

describe("What an import may have brought", () => {
  it("counts as missing where it cannot be read, and hurts nobody", () => {
    const rubbish: readonly Json[] = [null, 1, "text", [], {}, [[]], { created: "x" }, { created: 1, config: 1, chunks: 2 }, { created: 1, config: {}, chunks: [0, "x", null] }];
    for (const value of rubbish) {
      const account = accountWith({
        "pep/n": value, "pep/m": node([0]), "pep-index/m/0": value, "pep-index/n/0": value, "pep-affiliations/n/bob@localhost": value, "pep-subscriptions/n/bob@localhost": value,
      });
      expect(readNode(account, "m")?.entries).toEqual([]);
      expect(nodeIds(account)).toEqual(["m", "n"]);
      expect(affiliationOf(account, "n", "bob@localhost")).toBe("none");
      expect(allSubscriptions(account)).toEqual([]);
      expect(itemBytes(account)).toBe(0);
      expect(outcome(account)).toEqual(["new 1000"]);
    }
    const account = accountWith({ "pep/n": { created: 1, config: { access_model: "secret", max_items: -1, title: 7, unheard: true, notify_delete: "x" }, chunks: [] } });
    expect(readNode(account, "n")?.config).toMatchObject({ access_model: "presence", max_items: 1, title: "7", notify_delete: true });
  });
});
