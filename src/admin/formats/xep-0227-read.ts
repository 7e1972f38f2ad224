/** One user of the portable format of XEP-0227 section 4, as a document. */
import type { ScramKeys, StoredCredentials } from "../../auth/keys.ts";
import { parseJid } from "../../domain/jid.ts";
import { privateNamespace, vcardNamespace } from "../../domain/kept-xml.ts";
import type { RosterItem } from "../../domain/roster.ts";
import { ownerNamespace, pubsubNamespace } from "../../pubsub/node.ts";
import { fromPortable } from "../../pubsub/portable.ts";
import type { Element } from "../../xml/element.ts";
import { serialise } from "../../xml/serialise.ts";
import { clientNamespace, el } from "../../xml/stanza.ts";
import { AdminError } from "../errors.ts";
import type { AccountDocument } from "./account-document.ts";
import { elementsOf, fromKeptXml } from "./kept-xml.ts";
import { pieNamespace, privacyNamespace, rosterNamespace, scramNamespace } from "./xep-0227-write.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * What is not checked here is checked when the account is made. `at`: when that is, ms since 1970. `ignored` is told what cannot be taken over (XEP-0227 section 4:
 * the operator is to know). Throws AdminError for what cannot be understood.
 */
export function readUser(user: Element, host: string, at: number, ignored: (what: string) => void): AccountDocument {
  const name = user.attrs["name"] as string | undefined;
  if (name === undefined) throw new AdminError("request-malformed", "a user without a 'name'");
  const jid = `${name}@${host}`;
  const within = (problem: string) => new AdminError("request-malformed", `${jid}: ${problem}`);
  const roster: RosterItem[] = [];
  const requests: AccountDocument["requests"][number][] = [];
  const blocked: string[] = [];
  const offlineMessages: string[] = [];
  const privateXml: Element[] = [];
  const nodes: Element[] = [];
  const credentials: Mutable<StoredCredentials> = {};
  let vcard: Element | undefined;

  for (const child of elementsOf(user)) {
    switch (`${child.name} ${child.getNS() ?? ""}`) {
      case `query ${rosterNamespace}`:
        for (const item of elementsOf(child)) {
          // Other servers let users be contacts of their own; here nobody can be (RFC 6121 section 2.3.3).
          if (parseJid(String(item.attrs["jid"] ?? ""))?.bare === parseJid(jid)?.bare) ignored("users as contacts of their own");
          else roster.push(readItem(item, within));
        }
        break;
      case `offline-messages ${pieNamespace}`:
        offlineMessages.push(...elementsOf(child).map(stanzaText));
        break;
      case `query ${privateNamespace}`:
        privateXml.push(...elementsOf(child));
        break;
      case `pubsub ${ownerNamespace}`:
      case `pubsub ${pubsubNamespace}`:
        nodes.push(child);
        break;
      case `vCard ${vcardNamespace}`:
        vcard = child;
        break;
      case `query ${privacyNamespace}`:
        blocked.push(...readPrivacy(child, ignored));
        break;
      case `presence ${clientNamespace}`:
      case `presence ${pieNamespace}`:
        if (child.attrs["type"] === "subscribe") requests.push({ from: String(child.attrs["from"] ?? ""), stanza: stanzaText(child) });
        else ignored("presence that is no request to subscribe");
        break;
      case `scram-credentials ${scramNamespace}`: {
        const mechanism = String(child.attrs["mechanism"] ?? "");
        if (mechanism !== "SCRAM-SHA-1" && mechanism !== "SCRAM-SHA-256") ignored(`keys for ${mechanism || "no mechanism"}`);
        else if (credentials[mechanism] !== undefined) throw within(`two sets of keys for ${mechanism}`);
        else credentials[mechanism] = readKeys(child, mechanism, within);
        break;
      }
      case `include ${xincludeNamespace}`:
        throw within(xincludeProblem);
      default:
        ignored(`${child.name} (${child.getNS() ?? "no namespace"})`);
    }
  }
  for (const attribute of Object.keys(user.attrs)) {
    if (!/^(?:xmlns(?::.*)?|name|password)$/.test(attribute)) ignored(`the attribute ${attribute.replace(/^.*:/, "")} of users`);
  }
  const kept = fromPortable(nodes, at, ignored);
  return {
    jid,
    ...readPassword(user, credentials),
    roster,
    requests,
    blocked,
    offlineMessages,
    data: [...fromKeptXml({ vcard, privateXml }, ignored), ...kept.data],
    state: kept.state,
  };
}

export const xincludeNamespace = "http://www.w3.org/2001/XInclude";
export const xincludeProblem =
  "the data is split with XInclude, which is not read; join it first, with `xmllint --xinclude MAIN.xml > ONE.xml` for example";

type Fault = (problem: string) => AdminError;

/** COMPAT(Prosody, 0.12): writes requests without a namespace of their own, so that they are in that of the file. */
function stanzaText(element: Element): string {
  if (element.getNS() !== pieNamespace) return serialise(element);
  return serialise(el(element.name, { ...element.attrs, xmlns: clientNamespace }, ...element.children));
}

/** RFC 6121 section 2.1.2. */
function readItem(item: Element, within: Fault): RosterItem {
  const { jid, name = "", subscription = "none", ask, approved } = item.attrs as Readonly<Record<string, string | undefined>>;
  if (jid === undefined || item.name !== "item" || item.getNS() !== rosterNamespace) {
    throw within("a roster holds something that is no item with a 'jid'");
  }
  if (subscription !== "none" && subscription !== "to" && subscription !== "from" && subscription !== "both") {
    throw within(`contact ${jid}: expected the subscription none, to, from or both, got ${JSON.stringify(subscription)}`);
  }
  const groups = elementsOf(item).filter((child) => child.name === "group").map((group) => group.getText());
  return {
    jid,
    name,
    groups: [...new Set(groups)].filter((group) => group !== ""),
    subscription,
    ask: ask === "subscribe",
    approved: approved === "true" || approved === "1",
  };
}

/** XEP-0227 section 4.3. Base64 in a file may be broken over lines. */
function readKeys(element: Element, mechanism: string, within: Fault): ScramKeys {
  const text = (name: string): string => {
    const [child, ...others] = elementsOf(element).filter((each) => each.name === name && each.getNS() === scramNamespace);
    if (child === undefined || others.length > 0) throw within(`the keys for ${mechanism} need exactly one ${name}`);
    return child.getText().replaceAll(/[ \t\r\n]/g, "");
  };
  const iterations = text("iter-count");
  if (!/^[1-9][0-9]{0,9}$/.test(iterations)) throw within(`the keys for ${mechanism} need a whole number as iter-count`);
  return { salt: text("salt"), iterations: Number(iterations), storedKey: text("stored-key"), serverKey: text("server-key") };
}

function readPassword(user: Element, credentials: StoredCredentials): Pick<AccountDocument, "password" | "credentials"> {
  const password = user.attrs["password"] as string | undefined;
  // COMPAT(ejabberd, 16 to 25): keys for SCRAM-SHA-1 in the place of a password.
  const packed = /^scram:([^,]*),([^,]*),([^,]*),([1-9][0-9]{0,9})$/.exec(password ?? "");
  if (packed !== null) {
    const [, storedKey = "", serverKey = "", salt = "", iterations = ""] = packed;
    return { credentials: { "SCRAM-SHA-1": { salt, iterations: Number(iterations), storedKey, serverKey }, ...credentials } };
  }
  return password === undefined || password === "" ? { credentials } : { password, credentials };
}

/**
 * XEP-0227 section 4.8, of which a block list can say: whom the default list denies everything (XEP-0191 section 5). Whoever is
 * allowed before that is allowed.
 */
function readPrivacy(query: Element, ignored: (what: string) => void): readonly string[] {
  const children = elementsOf(query);
  const name = children.find((child) => child.name === "default")?.attrs["name"] as string | undefined;
  const lists = children.filter((child) => child.name === "list");
  const list = lists.find((each) => each.attrs["name"] === name);
  if (lists.some((each) => each !== list)) ignored("privacy lists that are not the default");
  const items = (list === undefined ? [] : elementsOf(list)).toSorted((a, b) => Number(a.attrs["order"]) - Number(b.attrs["order"]));
  const blocked = new Set<string>();
  let onlyDenied = true;
  for (const item of items) {
    const { type, value, action } = item.attrs as Readonly<Record<string, string | undefined>>;
    const whole = elementsOf(item).length === 0;
    if (onlyDenied && type === "jid" && action === "deny" && value !== undefined && whole) blocked.add(value);
    else if (type === undefined && action === "allow" && whole) break;
    else {
      onlyDenied = false;
      ignored("rules of privacy lists that do more than block an address");
    }
  }
  return [...blocked];
}
