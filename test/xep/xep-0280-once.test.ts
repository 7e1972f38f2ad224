/** Carbons with any number of resources: whatever is written to whom, each resource has it once, as the rules of XEP-0280 say. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import type { BoundClient } from "../support/login.ts";
import type { Xml } from "../support/xml-reader.ts";
import { copyInWords, disable, enable, got } from "./xep-0280-setting.ts";

let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
  stage = new Stage(server);
});
afterAll(async () => {
  stage.clear();
  await server.stop();
});

interface Resource {
  readonly client: BoundClient;
  carbons: boolean;
  /** undefined while it is not available. */
  priority: number | undefined;
  /** What it has read. */
  readonly came: Xml[];
}

const places = fc.nat({ max: 4 });
const anAction = fc.oneof(
  { weight: 1, arbitrary: fc.record({ what: fc.constant("carbons" as const), at: places, on: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant("presence" as const), at: places, priority: fc.option(fc.integer({ min: -1, max: 1 }), { nil: undefined }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant("message" as const), at: places, to: places, bare: fc.boolean(),
      kind: fc.constantFrom("chat", "normal", "private", "no-copy", "headline"),
    }),
  },
);

const kinds = {
  chat: (to: string, body: string) => `<message to='${to}' type='chat'><body>${body}</body></message>`,
  normal: (to: string, body: string) => `<message to='${to}'><body>${body}</body></message>`,
  private: (to: string, body: string) => `<message to='${to}' type='chat'><body>${body}</body><private xmlns='urn:xmpp:carbons:2'/></message>`,
  "no-copy": (to: string, body: string) => `<message to='${to}' type='chat'><body>${body}</body><no-copy xmlns='urn:xmpp:hints'/></message>`,
  headline: (to: string, body: string) => `<message to='${to}' type='headline'><body>${body}</body></message>`,
};

/** Who gets the message itself (RFC 6121 section 8.5). */
function recipientsOf(all: readonly Resource[], to: Resource, bare: boolean, kind: keyof typeof kinds): readonly Resource[] {
  if (!bare) return [to];
  const able = all.filter(({ client, priority = -1 }) => client.bare === to.client.bare && priority >= 0);
  const highest = Math.max(...able.map(({ priority = 0 }) => priority));
  return kind === "headline" ? able : able.filter(({ priority }) => priority === highest);
}

it("XEP-0280 sections 7 and 8: a resource gets the message, or one copy if it has carbons and the message may be copied, or nothing", async () => {
  const { romeo, juliet } = await stage.cast("romeo", "juliet");
  const jids = [[romeo, "a"], [romeo, "b"], [romeo, "c"], [juliet, "a"], [juliet, "b"]] as const;
  const clients: BoundClient[] = [];
  for (const [jid, resource] of jids) clients.push(await stage.enter(jid, resource));
  let made = 0;
  let copies = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), fc.array(anAction, { minLength: 4, maxLength: 20 }), async (on, actions) => {
      // One that nobody is there to take would be kept, and come later: somebody always is.
      const all: Resource[] = clients.map((client, index) => ({ client, carbons: on[index] === true, priority: 0, came: [] }));
      for (const { client, carbons } of all) client.send(`<presence/>${carbons ? enable : disable}`);
      await got(...clients, ...clients);
      const expected = new Map(all.map((resource) => [resource, [] as string[]]));
      for (const action of actions) {
        const by = all[action.at]!;
        if (action.what === "carbons") {
          by.client.send(action.on ? enable : disable);
          by.carbons = action.on;
        } else if (action.what === "presence") {
          const others = all.filter((other) => other !== by && other.client.bare === by.client.bare);
          if ((action.priority ?? -1) < 0 && !others.some(({ priority = -1 }) => priority >= 0)) continue;
          by.client.send(action.priority === undefined ? "<presence type='unavailable'/>" : `<presence><priority>${action.priority}</priority></presence>`);
          by.priority = action.priority;
        } else {
          const to = all[action.to]!;
          const body = `m${++made}`;
          by.client.send(kinds[action.kind](action.bare ? to.client.bare : to.client.jid, body));
          const recipients = recipientsOf(all, to, action.bare, action.kind);
          const copied = action.kind === "chat" || action.kind === "normal";
          for (const resource of all) {
            if (recipients.includes(resource)) expected.get(resource)!.push(body);
            else if (copied && resource !== by && resource.carbons) {
              const { bare } = resource.client;
              if (bare === by.client.bare) expected.get(resource)!.push(`sent ${body}`);
              else if (bare === to.client.bare) expected.get(resource)!.push(`received ${body}`);
            }
          }
        }
        // What each does is done before another goes on.
        by.came.push(...(await by.client.caughtUp()));
      }
      for (const resource of all) {
        const came = [...resource.came, ...(await resource.client.caughtUp())];
        const words = came.filter(({ name }) => name === "message").map(copyInWords);
        expect(words, resource.client.jid).toEqual(expected.get(resource));
        copies += words.filter((word) => word.includes(" ")).length;
      }
    }),
    { numRuns: 60 },
  );
  expect(copies).toBeGreaterThan(50);
});
