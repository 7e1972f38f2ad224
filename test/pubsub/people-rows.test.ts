import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Account } from "../../src/domain/account.ts";
import type { Json } from "../../src/domain/json.ts";
import {
  affiliationOf, affiliationsOf, allSubscriptions, removePeople, subscribersOf, subscriptionOf, subscriptionsOf, subscriptionsOfUser, writePerson,
} from "../../src/pubsub/people-rows.ts";
import { itemKey, nodeSpaces, type SetState } from "../../src/pubsub/rows.ts";
import type { Step } from "../../src/step/batch.ts";

const nodes = ["n", "a/b", "a%2Fb", "%", ""];
const users = ["bob@localhost", "localhost", "eve@localhost"];
const jids = [...users, "bob@localhost/r", "bob@localhost/a/b", "eve@localhost/r"];

/** An account whose changes can be taken back, as those of a step that fails are. */
function opened() {
  const account = new Account("localhost", "alice");
  const undos: (() => void)[] = [];
  const setState: SetState = (_, { host, username }, space, key, value) => {
    undos.push(account.apply({ type: "AccountStateSet", data: { host, username, space, key, value } }, 0));
  };
  return { account, setState, undos, step: {} as Step };
}

/** By looking at each row. */
function rowsIn(account: Account, space: string): readonly (readonly [node: string, jid: string, state: Json])[] {
  return nodes.flatMap((node) => jids.flatMap((jid) => {
    const state = account.state(space, itemKey(node, jid));
    return state === undefined ? [] : [[node, jid, state] as const];
  }));
}

const change = fc.oneof(
  { weight: 8, arbitrary: fc.record({
    what: fc.constant("write" as const), kind: fc.constantFrom("affiliations" as const, "subscriptions" as const), node: fc.constantFrom(...nodes), jid: fc.constantFrom(...jids),
    value: fc.constantFrom(0, 1, 2),
  }) },
  fc.record({ what: fc.constant("remove" as const), node: fc.constantFrom(...nodes) }),
  fc.record({ what: fc.constant("import" as const), node: fc.constantFrom(...nodes), jid: fc.constantFrom(...jids), value: fc.constantFrom<Json>("subscribed", "member", 7, null) }),
  fc.record({ what: fc.constant("undo" as const), steps: fc.nat(4) }),
  fc.record({ what: fc.constant("delete" as const) }),
);

describe("Who has to do with nodes", () => {
  it("is found by node and by user as the rows say, whatever has changed them", () => {
    fc.assert(fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const { account, setState, undos, step } = opened();
      for (const one of changes) {
        if (one.what === "write" && one.kind === "affiliations") writePerson(setState, step, account, one.kind, one.node, one.jid, ([null, "member", "outcast"] as const)[one.value]!);
        else if (one.what === "write") writePerson(setState, step, account, "subscriptions", one.node, one.jid, ([null, "subscribed", "pending"] as const)[one.value]!);
        else if (one.what === "remove") removePeople(setState, step, account, one.node);
        else if (one.what === "import") for (const space of [nodeSpaces.affiliations, nodeSpaces.subscriptions]) setState(step, account, space, itemKey(one.node, one.jid), one.value);
        else if (one.what === "undo") for (const undo of undos.splice(Math.max(0, undos.length - one.steps)).toReversed()) undo();
        else undos.push(account.apply({ type: "AccountDeleted", data: { host: "localhost", username: "alice" } }, 0));
        const subscriptions = rowsIn(account, nodeSpaces.subscriptions).filter(([, , state]) => state === "subscribed" || state === "pending");
        const affiliations = rowsIn(account, nodeSpaces.affiliations).filter(([, , state]) => state === "member" || state === "outcast");
        const asTies = (rows: typeof subscriptions) => new Set(rows.map(([node, jid, state]) => JSON.stringify({ node, jid, state })));
        const found = (ties: Iterable<object>) => new Set([...ties].map((tie) => JSON.stringify(tie)));
        expect(found(allSubscriptions(account))).toEqual(asTies(subscriptions));
        for (const user of users) {
          const own = subscriptions.filter(([, jid]) => jid.split("/")[0] === user);
          expect(found(subscriptionsOfUser(account, user))).toEqual(asTies(own));
          for (const node of nodes) expect(found(subscriptionsOfUser(account, user, node))).toEqual(asTies(own.filter(([at]) => at === node)));
        }
        for (const node of nodes) {
          const here = subscriptions.filter(([at]) => at === node);
          expect(subscriptionsOf(account, node)).toEqual(new Map(here.map(([, jid, state]) => [jid, state])));
          expect(new Set(subscribersOf(account, node))).toEqual(new Set(here.map(([, jid]) => jid.split("/")[0])));
          expect(affiliationsOf(account, node)).toEqual(new Map(affiliations.filter(([at]) => at === node).map(([, jid, state]) => [jid, state])));
          for (const jid of jids) {
            expect(subscriptionOf(account, node, jid)).toBe(here.find(([, other]) => other === jid)?.[2]);
            expect(affiliationOf(account, node, jid)).toBe(affiliations.find(([at, other]) => at === node && other === jid)?.[2] ?? "none");
          }
        }
      }
    }), { numRuns: 60 });
  });
});
