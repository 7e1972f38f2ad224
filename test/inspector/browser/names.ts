/** Names out of which something could be made, in every field where a client or an account may have one. */

/** Raised if any of them is ever run. */
export const alarm = "alert(document.domain)";

/** RFC 7622 section 3.4: a resourcepart may be nearly anything. */
export const resources: readonly string[] = [
  `<img src=x onerror=${alarm}>`,
  `"><script>${alarm}</script>`,
  `'"\`--></style></title></textarea>`,
  "javascript:alert(1)//",
  "\u2066evil\u2069 exe.txt",
  "{{constructor.constructor('alert(1)')()}}",
  "../../../etc/passwd?#token=x",
  "n".repeat(1_000),
];

/** RFC 7622 section 3.3.1 excludes the quotes and brackets from a localpart; these are left. */
export const localparts: readonly string[] = ["onload=alert(1)", "$%7bx%7d", "constructor", "__proto__", "a\u0300\u0301\u0302\u0303\u0304", "日本語"];

/** Texts for every field that holds any text, as they are before XML escapes them. */
export const texts: readonly string[] = [
  `<script>${alarm}</script>`,
  `<img src="http://evil.example/leak.png" onerror="${alarm}">`,
  `<iframe src="http://evil.example/"></iframe><base href="http://evil.example/">`,
  `<style>@import url(http://evil.example/x.css);</style><link rel=stylesheet href=http://evil.example/x.css>`,
  `]]>--><svg onload=${alarm}><foreignObject><body onload=${alarm}></foreignObject></svg>`,
  "\u202Egnp.exe\u202C \u2066\u2067\u2068\u2069 \u200B\u200E\u200F\u061C\uFEFF",
  "http://evil.example/ javascript:alert(1) data:text/html,<script>alert(1)</script>",
  "Z\u0351\u036B\u0343a\u0329\u0328l\u0337g\u0321o\u0310".repeat(50),
];

/** For an attribute in single quotes, or for text. */
export const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&apos;");

/** First-level elements with `text` wherever text, an attribute or a name can be. */
export function stanzasWith(text: string, to: string): readonly string[] {
  const it = escaped(text);
  return [
    `<message to='${to}' id='${it}' type='chat' xml:lang='en'><subject>${it}</subject><body>${it}</body><thread>${it}</thread></message>`,
    `<message to='${to}' type='${it}'><body xml:lang='${it}'>${it}</body></message>`,
    `<message to='${to}'><x xmlns='javascript:alert(1)' href='${it}' onclick='${it}' style='background:url(http://evil.example/)'>${it}</x></message>`,
    `<message to='${to}'><html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'>` +
      `<script>alert(1)</script><img src='http://evil.example/x.png' onerror='alert(1)'/><a href='javascript:alert(1)'>${it}</a></body></html></message>`,
    `<message to='${to}'><svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script><foreignObject>${it}</foreignObject></svg></message>`,
    `<presence><show>${it}</show><status>${it}</status><priority>5</priority><nick xmlns='http://jabber.org/protocol/nick'>${it}</nick></presence>`,
    `<iq type='get' id='q-${it}' to='${to}'><script xmlns='http://www.w3.org/1999/xhtml' src='http://evil.example/x.js'>${it}</script></iq>`,
    `<iq type='set' id='${it}'><query xmlns='jabber:iq:roster'><item jid='friend@localhost' name='${it}'><group>${it}</group></item></query></iq>`,
  ];
}
