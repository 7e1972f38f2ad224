/** What people read who were given an invitation. */
import { createHash } from "node:crypto";

export interface LandingInvitation {
  readonly host: string;
  /** A bare JID; null: those who run the server. */
  readonly inviter: string | null;
  readonly username: string | null;
  readonly contact: boolean;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** What a client opens. */
  readonly uri: string;
}

/** `userAgent`: what the browser says that it is; by it the clients for its system come first. */
export function landingHtml({ host, inviter, username, contact, expiresAt, uri }: LandingInvitation, userAgent: string): string {
  const who = inviter === null ? `You are invited to <b>${escaped(host)}</b>` : `You are invited to chat with <b>${escaped(inviter)}</b>`;
  const account = username === null ? `make an account on <b>${escaped(host)}</b>` : `make the account <b>${escaped(`${username}@${host}`)}</b>`;
  const contacts = contact && inviter !== null ? `, and has <b>${escaped(inviter)}</b> among your contacts` : "";
  return page("Invitation", `
<h1>${who}</h1>
<p>This is an invitation to XMPP, which is chat that no single company owns.</p>
<p><a class="open" href="${escaped(uri)}">Accept the invitation</a></p>
<p>It opens in your XMPP client, which lets you ${account}${contacts}. It can be used once, until ${escaped(new Date(expiresAt).toUTCString())}.</p>
<h2>Nothing happens?</h2>
<p>Then there is no client on this device yet. Install one of these, come back to this page and accept:</p>
${systemsFor(userAgent).map(({ name, clients }) => `<h3>${name}</h3>\n<ul>${clients.map(clientHtml).join("")}</ul>`).join("\n")}
<p>There are <a href="https://xmpp.org/software/" rel="noreferrer">many more</a>. If you cannot open the link, copy it into your client:</p>
<p><code>${escaped(uri)}</code></p>
<p>If you do not know who invites you, there is nothing that you have to do.</p>`);
}

interface Client {
  readonly name: string;
  readonly url: string;
}

const conversations = { name: "Conversations", url: "https://conversations.im/" };
const monal = { name: "Monal", url: "https://monal-im.org/" };
const siskin = { name: "Siskin", url: "https://siskin.im/" };
const gajim = { name: "Gajim", url: "https://gajim.org/" };
const dino = { name: "Dino", url: "https://dino.im/" };
const cheogram = { name: "Cheogram", url: "https://cheogram.com/" };

/** By what browsers there say: the first that fits comes first. */
const systems: readonly { readonly name: string; readonly says: RegExp; readonly clients: readonly Client[] }[] = [
  { name: "Android", says: /Android/, clients: [conversations, cheogram] },
  { name: "iPhone and iPad", says: /iPhone|iPad/, clients: [monal, siskin] },
  { name: "Windows", says: /Windows/, clients: [gajim] },
  { name: "macOS", says: /Mac OS X/, clients: [monal] },
  { name: "Linux", says: /Linux|BSD/, clients: [dino, gajim] },
];

function systemsFor(userAgent: string) {
  const own = systems.find(({ says }) => says.test(userAgent));
  return own === undefined ? systems : [own, ...systems.filter((system) => system !== own)];
}

function clientHtml({ name, url }: Client): string {
  return `<li><a href="${url}" rel="noreferrer">${name}</a></li>`;
}

const style = `body{max-width:36rem;margin:3rem auto;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif;color:#1c2530;background:#fff;overflow-wrap:anywhere}
h1{font-size:1.5rem}h2{font-size:1.15rem}h3{font-size:1rem;margin-bottom:0}ul{margin-top:0}
.open{display:inline-block;padding:.75rem 1.5rem;border-radius:.4rem;background:#0b5cad;color:#fff;font-weight:600;text-decoration:none}
@media (prefers-color-scheme:dark){body{color:#e4e9ef;background:#151a20}a{color:#7db8f5}.open{color:#fff}}`;

/** For the policy that lets this style be, and nothing else. */
export const styleHash = `sha256-${createHash("sha256").update(style).digest("base64")}`;

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}</style>
<body>${body}
</body>
</html>
`;
}

/** The same for what was used, what was taken back, what is over and what there never was. */
export const goneHtml = page("No such invitation", `
<h1>There is no such invitation</h1>
<p>It was used already, its time is over, or the address is not complete. Ask whoever gave it to you for another one.</p>`);

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\"", "&quot;").replaceAll("'", "&#39;");
}
