/** Accounts in the portable format of XEP-0227 section 4. */
import { avatarPlace } from "../../domain/avatar.ts";
import { privateNamespace } from "../../domain/kept-xml.ts";
import type { RosterItem } from "../../domain/roster.ts";
import type { Element } from "../../xml/element.ts";
import { nodeSpaceNames, toPortable } from "../../pubsub/portable.ts";
import { delayElement } from "../../xml/delay.ts";
import { restoreElement } from "../../xml/parse-element.ts";
import { escapeAttribute, serialise } from "../../xml/serialise.ts";
import { el } from "../../xml/stanza.ts";
import type { ArchivedExport } from "../api.ts";
import type { AccountDocument } from "./account-document.ts";
import { toKeptXml } from "./kept-xml.ts";

export const pieNamespace = "urn:xmpp:pie:0";
export const scramNamespace = "urn:xmpp:pie:0#scram";
export const rosterNamespace = "jabber:iq:roster";
export const privacyNamespace = "jabber:iq:privacy";

export const archiveNamespace = "urn:xmpp:pie:0#mam";
export const mamNamespace = "urn:xmpp:mam:2";
export const forwardNamespace = "urn:xmpp:forward:0";

export class Xep0227Writer {
  #host: string | undefined;
  #inArchive = false;

  /** What comes before the first account. */
  begin(): string {
    return `<?xml version='1.0' encoding='UTF-8'?>\n<server-data xmlns='${pieNamespace}'>\n`;
  }

  /** Accounts of one host come one after the other. `leftOut`: what the format has no place for. Throws SyntaxError as `toKeptXml`. */
  account(document: AccountDocument): { readonly text: string; readonly leftOut: readonly string[]; readonly hasArchive: boolean } {
    const at = document.jid.indexOf("@");
    const host = document.jid.slice(at + 1);
    const { element, leftOut } = toUser(document.jid.slice(0, at), document);
    const user = serialise(element, pieNamespace);
    return { text: `${this.#moveTo(host)}${document.archive === true ? opened(user) : user}\n`, leftOut, hasArchive: document.archive === true };
  }

  /**
   * What comes after an account with an archive: its messages, in as many parts as there are (XEP-0227 section 4.11), and then its end.
   * `damaged`: those whose texts are no XML.
   */
  archived(messages: readonly ArchivedExport[]): { readonly text: string; readonly damaged: readonly string[] } {
    const damaged: string[] = [];
    const lines = messages.flatMap((message) => {
      try {
        return message.stanza === null ? [] : `${serialise(resultElement(message, message.stanza), archiveNamespace)}\n`;
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        damaged.push(message.told);
        return [];
      }
    });
    const opening = this.#inArchive ? "" : `<archive xmlns='${archiveNamespace}'>\n`;
    this.#inArchive = true;
    return { text: `${opening}${lines.join("")}`, damaged };
  }

  endAccount(): string {
    const closing = this.#inArchive ? "</archive>\n" : "";
    this.#inArchive = false;
    return `${closing}</user>\n`;
  }

  end(): string {
    return `${this.#moveTo(undefined)}</server-data>\n`;
  }

  #moveTo(host: string | undefined): string {
    if (host === this.#host) return "";
    const closing = this.#host === undefined ? "" : "</host>\n";
    this.#host = host;
    return host === undefined ? closing : `${closing}<host jid='${escapeAttribute(host)}'>\n`;
  }
}

/** Without its end tag. */
function opened(user: string): string {
  return user.endsWith("/>") ? `${user.slice(0, -2)}>` : user.slice(0, -"</user>".length);
}

function resultElement({ told, at }: ArchivedExport, stanza: string): Element {
  return el("result", { xmlns: mamNamespace, id: told }, el("forwarded", { xmlns: forwardNamespace }, delayElement(at), restoreElement(stanza)));
}

function toUser(name: string, document: AccountDocument): { readonly element: Element; readonly leftOut: readonly string[] } {
  const { vcard, privateXml, others } = toKeptXml(document);
  const { roster, offlineMessages, blocked, requests } = document;
  const element = el(
    "user",
    { xmlns: pieNamespace, name },
    ...scramCredentials(document),
    roster.length === 0 ? undefined : el("query", { xmlns: rosterNamespace }, ...roster.map(itemElement)),
    offlineMessages.length === 0 ? undefined : el("offline-messages", {}, ...offlineMessages.map(restoreElement)),
    privateXml.length === 0 ? undefined : el("query", { xmlns: privateNamespace }, ...privateXml),
    vcard,
    blocked.length === 0 ? undefined : privacyList(blocked),
    ...requests.map(({ stanza }) => restoreElement(stanza)),
    ...toPortable(document),
  );
  const spaces = new Set([...others, ...document.state.map(({ space }) => space)].filter((space) => !nodeSpaceNames.has(space) && space !== avatarPlace.space));
  const leftOut = [...[...spaces].map((space) => `what is kept as "${space}"`), ...(document.left === undefined ? [] : ["when users left"]), ...(document.disabled === true ? ["that accounts are disabled"] : [])];
  return { element, leftOut };
}

/** XEP-0227 section 4.3. */
function scramCredentials({ credentials = {} }: AccountDocument): readonly Element[] {
  return (["SCRAM-SHA-1", "SCRAM-SHA-256"] as const).flatMap((mechanism) => {
    const keys = credentials[mechanism];
    if (keys === undefined) return [];
    const text = (child: string, content: string) => el(child, {}, content);
    return el(
      "scram-credentials",
      { xmlns: scramNamespace, mechanism },
      text("iter-count", String(keys.iterations)),
      text("salt", keys.salt),
      text("server-key", keys.serverKey),
      text("stored-key", keys.storedKey),
    );
  });
}

/** As a client sees it (RFC 6121 section 2.1.2). */
function itemElement({ jid, name, groups, subscription, ask, approved }: RosterItem): Element {
  const attrs = {
    jid,
    name: name === "" ? undefined : name,
    subscription,
    ask: ask ? "subscribe" : undefined,
    approved: approved ? "true" : undefined,
  };
  return el("item", attrs, ...groups.map((group) => el("group", {}, group)));
}

/** XEP-0227 section 4.8. A block list is such a default list (XEP-0191 section 5). */
function privacyList(blocked: readonly string[]): Element {
  const name = "blocklist";
  const items = blocked.map((value, index) => el("item", { type: "jid", value, action: "deny", order: String(index + 1) }));
  const rest = el("item", { action: "allow", order: String(blocked.length + 1) });
  return el("query", { xmlns: privacyNamespace }, el("default", { name }), el("list", { name }, ...items, rest));
}
