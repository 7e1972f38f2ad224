/** Accounts as a property test wants them: with anything that a client can bring about. */
import fc from "fast-check";
import type { AccountDocument } from "../../src/admin/formats/account-document.ts";
import type { Json } from "../../src/domain/json.ts";
import { escapeText, serialise } from "../../src/xml/serialise.ts";
import { el } from "../../src/xml/stanza.ts";

/** What XML can carry. */
const text = fc.string({ unit: "grapheme", maxLength: 12 }).filter((candidate) => {
  try {
    return escapeText(candidate) !== undefined;
  } catch {
    return false;
  }
});
const name = fc.stringMatching(/^[a-z][a-z0-9._-]{0,8}$/);
const domain = fc.constantFrom("localhost", "example.org", "bücher.example");
const bare = fc.tuple(name, domain).map(([local, host]) => `${local}@${host}`);
const address = fc.oneof(bare, domain, fc.tuple(bare, name).map(([jid, resource]) => `${jid}/${resource}`));

const item = fc.record({
  jid: bare,
  name: text,
  groups: fc.uniqueArray(text.filter((group) => group !== ""), { maxLength: 3 }),
  state: fc.constantFrom(
    { subscription: "none", ask: false }, { subscription: "none", ask: true }, { subscription: "to", ask: false },
    { subscription: "from", ask: false }, { subscription: "from", ask: true }, { subscription: "both", ask: false },
  ),
  approved: fc.boolean(),
}).map(({ state, ...rest }) => ({ ...rest, ...state }) as AccountDocument["roster"][number]);

/** A message that waits, in either of the two forms in which one is kept. */
const message = (to: string) =>
  fc.record({ from: address, id: text, body: text, lang: fc.option(name, { nil: undefined }), qualified: fc.boolean() }).map(({ from, id, body, lang, qualified }) => {
    const element = el(
      "message",
      { xmlns: "jabber:client", from, to, id, type: "chat", "xml:lang": lang },
      el("body", {}, body || undefined),
      el("delay", { xmlns: "urn:xmpp:delay", from: "localhost", stamp: "2024-05-06T07:08:09.012Z" }),
      el("x", { xmlns: "urn:example:x", "xmlns:p": "urn:example:p", "p:a": body }),
    );
    return serialise(element, qualified ? undefined : "jabber:client");
  });

const request = (from: string, to: string) =>
  text.map((nick) => ({
    from,
    stanza: serialise(el("presence", { xmlns: "jabber:client", from, to, type: "subscribe" }, el("nick", { xmlns: "http://jabber.org/protocol/nick" }, nick || undefined))),
  }));

const key = (bytes: number) => fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((array) => Buffer.from(array).toString("base64"));
const keys = (bytes: number) =>
  fc.record({ salt: key(16), iterations: fc.integer({ min: 1, max: 1_000_000 }), storedKey: key(bytes), serverKey: key(bytes) });
const credentials = fc.oneof(
  fc.record({ "SCRAM-SHA-1": keys(20), "SCRAM-SHA-256": keys(32) }),
  fc.record({ "SCRAM-SHA-1": keys(20) }),
  fc.record({ "SCRAM-SHA-256": keys(32) }),
);

const vcard = text.map((content) => ({ space: "vcard", key: "vcard", value: serialise(el("vCard", { xmlns: "vcard-temp" }, el("FN", {}, content || undefined))) }));
const privateXml = fc.uniqueArray(fc.tuple(name, text), { maxLength: 3, selector: ([local]) => local }).map((entries) => {
  const values = entries.map(([local, content]) => {
    const kept = el("query", { xmlns: "jabber:iq:private" }, el(local, { xmlns: `urn:example:${local}`, content }), el("more", { xmlns: `urn:example:${local}` }, "x"));
    return { space: "private-xml", key: `namespace/urn:example:${local}`, value: serialise(kept) };
  });
  return values.length === 0 ? [] : [{ space: "private-xml", key: "count", value: values.length }, ...values];
});
/** As JSON has it: there is no -0 in it. */
const anyValue = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Json).filter((value) => value !== null);
const other = fc.uniqueArray(
  fc.record({ space: fc.constantFrom("carrier-pigeons", "__proto__"), key: name, value: anyValue }),
  { maxLength: 3, selector: ({ space, key }) => `${space}/${key}` },
) as fc.Arbitrary<AccountDocument["data"]>;

/** `complete`: also what XEP-0227 has no place for. */
export function accountDocument(complete: boolean): fc.Arbitrary<AccountDocument> {
  return bare.chain((jid) => {
    const others = bare.filter((contact) => contact !== jid);
    return fc
      .record({
        credentials,
        roster: fc.uniqueArray(item, { maxLength: 6, selector: (each) => each.jid }).map((items) => items.filter((each) => each.jid !== jid)),
        askers: fc.uniqueArray(others, { maxLength: 3 }).chain((list) => fc.tuple(...list.map((from) => request(from, jid)))),
        blocked: fc.uniqueArray(address, { maxLength: 4 }),
        offlineMessages: fc.array(message(jid), { maxLength: 3 }),
        left: complete ? fc.option(fc.record({ at: fc.integer({ min: 0, max: 8.64e15 }), status: text }), { nil: undefined }) : fc.constant(undefined),
        vcard: fc.option(vcard, { nil: undefined }),
        privateXml,
        other: complete ? other : fc.constant([]),
        state: complete ? other : fc.constant([]),
      })
      .map(({ askers, left, vcard, privateXml, other, ...rest }) => ({
        jid,
        ...rest,
        // Whoever sees the user asks for nothing more.
        requests: askers.filter(({ from }) => !rest.roster.some((each) => each.jid === from && ["from", "both"].includes(each.subscription))),
        data: [...other, ...privateXml, ...(vcard === undefined ? [] : [vcard])],
        ...(left === undefined ? {} : { left }),
      }));
  });
}

/** Accounts of the hosts that `domain` has, each once. */
export function accountDocuments(complete: boolean): fc.Arbitrary<readonly AccountDocument[]> {
  return fc.uniqueArray(accountDocument(complete), { maxLength: 4, selector: ({ jid }) => jid });
}

/** Lists that have no order of their own in the order in which the store keeps them. */
export function inOrder(documents: readonly AccountDocument[]): readonly AccountDocument[] {
  const by = <T>(list: readonly T[], keyOf: (each: T) => string): readonly T[] => list.toSorted((a, b) => Buffer.compare(Buffer.from(keyOf(a)), Buffer.from(keyOf(b))));
  return by(
    documents.map((document) => ({
      ...document,
      roster: by(document.roster, ({ jid }) => jid),
      requests: by(document.requests, ({ from }) => from),
      blocked: by(document.blocked, (jid) => jid),
      data: by(document.data, ({ space, key }) => `${space}/${key}`),
      state: by(document.state, ({ space, key }) => `${space}/${key}`),
    })),
    ({ jid }) => jid.split("@").toReversed().join("/"),
  );
}
