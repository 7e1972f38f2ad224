import { describe, expect, it } from "vitest";
import { makeJid } from "../../../src/domain/jid.ts";
import type { Extension } from "../../../src/router/extension.ts";
import type { Passage } from "../../../src/router/phases.ts";
import type { Element } from "../../../src/xml/element.ts";
import { forwarded } from "../../../src/xml/forwarded.ts";
import { serialise } from "../../../src/xml/serialise.ts";
import { clientNamespace, el } from "../../../src/xml/stanza.ts";
import { planWorld } from "./make-plan.ts";
import { playWorld } from "./world.ts";

/** What is wrong with a server that has this extension, in one of a few worlds. */
async function firstRule(planted: Omit<Extension, "name" | "specification">, seeds: readonly number[] = [28, 30, 39]): Promise<string | undefined> {
  const extension: Extension = { name: "planted", specification: { id: "RFC 6121", title: "what is not so" }, ...planted };
  for (const seed of seeds) {
    const { problems } = await playWorld(planWorld(seed, "small"), { extensions: [extension] });
    if (problems[0] !== undefined) return problems[0].rule;
  }
  return undefined;
}

const numberOf = ({ stanza }: Passage) => (stanza.kind === "message" && stanza.type === "chat" ? Number(/^m(\d+)$/.exec(stanza.id ?? "")?.[1] ?? 0) : 0);
const everybody = ["romeo", "juliet", "nurse", "mercutio", "tybalt"].map((name) => makeJid(name, "verona.lit"));

describe("What is planted in a server is found, by its rule", () => {
  it("a message that is lost", async () => {
    const deliver = (passage: Passage) => (numberOf(passage) % 5 === 1 ? ({ stop: true, why: "planted" } as const) : undefined);
    expect(await firstRule({ phases: { deliver } })).toMatch(/^Invariant 11: each message has one disposition/);
  });

  it("a message that is delivered twice", async () => {
    const hold = (passage: Passage) => {
      if (numberOf(passage) % 5 === 1) passage.recipient?.deliver(passage.step, passage.stanza.element);
      return undefined;
    };
    expect(await firstRule({ phases: { hold } })).toMatch(/^Invariant 11: no session is given a message twice/);
  });

  it("a message that reaches somebody else", async () => {
    const deliver = (passage: Passage) => {
      const { step, stanza, house } = passage;
      if (numberOf(passage) > 0) for (const { bare } of everybody) for (const session of house.sessions(bare)) session.deliver(step, stanza.element);
      return undefined;
    };
    expect(await firstRule({ phases: { deliver } })).toMatch(/^Invariant 11: /);
  });

  it("a message of somebody else than who wrote it", async () => {
    const stamp = (passage: Passage) => {
      if (numberOf(passage) % 5 === 1) passage.stanza.element.attrs["from"] = "nurse@verona.lit/elsewhere";
      return undefined;
    };
    expect(await firstRule({ phases: { stamp } })).toMatch(/^Invariant 11: a message reaches only whom it is for, as it was written/);
  });

  it("a message that is given back although it could be delivered", async () => {
    const guard = (passage: Passage) => (numberOf(passage) % 5 === 1 ? { fault: { condition: "service-unavailable", text: "" }, why: "planted" } as const : undefined);
    expect(await firstRule({ phases: { guard } })).toMatch(/^Invariant 11: a message is given back only where nobody can have it/);
  });

  it("messages that overtake each other", async () => {
    const late: Passage[] = [];
    const hold = (passage: Passage) => {
      const number = numberOf(passage);
      for (const { recipient, stanza } of late.splice(0)) if (recipient?.connected === true) passage.step.afterwards(() => passage.house.run(null, (step) => recipient.deliver(step, stanza.element)));
      if (number === 0 || number % 3 !== 1) return undefined;
      late.push(passage);
      return { stop: true, why: "planted" } as const;
    };
    // Who reads the archive sees it too: that has them in the order in which they were sent.
    expect(await firstRule({ phases: { hold } })).toMatch(/^(RFC 6120 section 10\.1|Invariant 11|XEP-0313 section 3\.1)/);
  });

  it("presence that leaks", async () => {
    const presenceChanged: Extension["presenceChanged"] = ({ step, session, change, house }) => {
      const { element } = change;
      if (!change.available || element === undefined) return;
      for (const { bare } of everybody) for (const other of house.sessions(bare)) if (other !== session && other.available) other.deliver(step, element);
    };
    expect(await firstRule({ presenceChanged })).toMatch(/^(Invariant 13: nobody sees presence without a right to it|RFC 6120 section 10\.5)/);
  });

  it("an end that is told twice", async () => {
    const presenceChanged: Extension["presenceChanged"] = ({ step, change, account, house }) => {
      const { element } = change;
      if (change.available || element === undefined) return;
      for (const session of house.sessions(account.bare)) if (session.connected) session.deliver(step, element);
    };
    expect(await firstRule({ presenceChanged })).toMatch(/^Invariant 13: exactly one unavailable ends each period of availability/);
  });

  it("a copy for who has sent it", async () => {
    const copy = (passage: Passage) => {
      const { step, stanza: { element, from, type }, sender } = passage;
      const content = el("sent", { xmlns: "urn:xmpp:carbons:2" }, forwarded(element));
      if (numberOf(passage) % 5 === 1) sender?.deliver(step, el("message", { xmlns: clientNamespace, from: from.bare, to: from.full, type }, content));
      return undefined;
    };
    expect(await firstRule({ phases: { copy } })).toBe("XEP-0280 section 8: who sends a message is given no copy of it");
  });

  it("a copy that somebody is not given", async () => {
    const holdsBack: Extension["holdsBack"] = ({ element }) => element.getChild("sent", "urn:xmpp:carbons:2") !== undefined;
    expect(await firstRule({ holdsBack })).toMatch(/^XEP-0280 sections 7 and 8: each client that asks for copies has all of its user's messages/);
  });

  it("a message that is in an archive twice", async () => {
    const archive = (passage: Passage) => {
      const { step, stanza: { element, from }, account, house } = passage;
      if (numberOf(passage) % 5 === 1 && account !== undefined) house.archive.add(step, account, { with: from, text: serialise(element) });
      return undefined;
    };
    expect(await firstRule({ phases: { archive } })).toMatch(/^XEP-0313 section (6\.1: each message is in the archives of both sides, once|3\.5|4\.1\.3)/);
  });

  it("a message that waits for an inactive client", async () => {
    const holdsBack: Extension["holdsBack"] = ({ session, element }) => {
      const state = session.extensions["client-state"] as { readonly active?: boolean } | undefined;
      return state?.active === false && element.getChild("body") !== undefined;
    };
    expect(await firstRule({ holdsBack })).toMatch(/^(Invariant 11: each message has one disposition|XEP-0280 sections 7 and 8|XEP-0045 section 7\.4)/);
  });

  it("the last item of a node, which somebody is not told of", async () => {
    let events = 0;
    const holdsBack: Extension["holdsBack"] = ({ element }) => element.getChild("event", "http://jabber.org/protocol/pubsub#event") !== undefined && (events += 1) % 3 === 0;
    expect(await firstRule({ holdsBack })).toBe("XEP-0163 section 4.3: who wants it knows the last item");
  });

  /** What a room says, and one of two is not given. */
  const keptBack = async (isMeant: (element: Element, codes: readonly string[]) => boolean): Promise<string | undefined> => {
    let turn = 0;
    const holdsBack: Extension["holdsBack"] = ({ element }) => {
      const x = element.getChild("x", "http://jabber.org/protocol/muc#user");
      const codes = (x?.getChildren("status") ?? []).map(({ attrs }) => String(attrs["code"]));
      return String(element.attrs["from"]).includes("@muc.") && isMeant(element, codes) && (turn += 1) % 2 === 0;
    };
    return firstRule({ holdsBack }, [28, 30, 41, 47]);
  };

  it("somebody who has left a room, and whom one still sees there", async () => {
    expect(await keptBack(({ name, attrs }, codes) => name === "presence" && attrs["type"] === "unavailable" && codes.length === 0)).toMatch(/^XEP-0045 section 7/);
  });

  it("a change of role that one in the room is not told", async () => {
    const isChange = ({ name, attrs }: Element, x: Element | undefined) => name === "presence" && attrs["type"] === undefined && x?.getChild("item")?.getChild("actor") !== undefined;
    expect(await keptBack((element) => isChange(element, element.getChild("x", "http://jabber.org/protocol/muc#user")))).toMatch(/^XEP-0045 section 7/);
  });

  it("a word that one in the room does not hear", async () => {
    expect(await keptBack((element) => element.attrs["type"] === "groupchat" && element.getChild("body") !== undefined && element.getChild("delay") === undefined)).toMatch(/^XEP-0045 section 7\.4/);
  });

  it("a message of a room's history that a newcomer is not told", async () => {
    expect(await keptBack((element) => element.attrs["type"] === "groupchat" && element.getChild("body") !== undefined && element.getChild("delay") !== undefined)).toMatch(/^XEP-0045 section 7\.2\.13/);
  });

  it("an extension that throws", async () => {
    const rosterChanged: Extension["rosterChanged"] = ({ item }) => {
      if (item !== undefined) throw new Error("planted");
    };
    expect(await firstRule({ rosterChanged })).toMatch(/^(The server meets an error only where its disk fails|RFC 6120 section 4\.9)/);
  });

  it("a promise that nobody minds", async () => {
    const stamp = (passage: Passage) => {
      if (numberOf(passage) === 3) void Promise.reject(new Error("planted"));
      return undefined;
    };
    // The runner of these tests would take it for its own.
    const others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    try {
      expect(await firstRule({ phases: { stamp } })).toMatch(/^No promise is rejected without anybody who minds/);
    } finally {
      for (const listener of others) process.on("unhandledRejection", listener);
    }
  });
});
