/** Parts of JIDs (RFC 7622 section 3.1). The server prepares and judges them. */

export function bareOf(jid: string): string {
  const slash = jid.indexOf("/");
  return slash < 0 ? jid : jid.slice(0, slash);
}

/** "" where there is none. */
export function resourceOf(jid: string): string {
  const slash = jid.indexOf("/");
  return slash < 0 ? "" : jid.slice(slash + 1);
}

export function domainOf(jid: string): string {
  const bare = bareOf(jid);
  return bare.slice(bare.indexOf("@") + 1);
}

/** What somebody typed, as a bare JID; of a name alone it is that of `domain`. undefined if it is none. */
export function typedJid(text: string, domain: string): string | undefined {
  const typed = text.trim();
  const whole = typed.includes("@") ? typed : `${typed}@${domain}`;
  return /^[^\s@/"&'<>:]+@[^\s@/]+$/.test(whole) ? whole.toLowerCase() : undefined;
}
