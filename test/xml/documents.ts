/** Random streams: mostly right, of every form that XML allows, and then damaged. */

export interface Dice {
  /** 0 to `sides` - 1. */
  (sides: number): number;
}

/** mulberry32: small, seeded, the same everywhere. */
export function dice(seed: number): Dice {
  let state = seed >>> 0;
  return (sides) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * sides);
  };
}

export const pick = <T>(roll: Dice, from: readonly T[]): T => from[roll(from.length)]!;

export function randomStream(roll: Dice): string {
  const root = pick(roll, roll(10) === 0 ? oddRoots : roots);
  const declaration = roll(2) === 0 ? "" : pick(roll, roll(8) === 0 ? oddDeclarations : declarations);
  let text = declaration + pick(roll, ["", "", "\n"]) + `<${root.name} ${root.attributes}${attributes(roll, 2)}>`;
  const count = roll(5);
  for (let index = 0; index < count; index += 1) text += pick(roll, ["", "", " ", "\r\n"]) + element(roll, 0);
  return `${text}</${root.name}${space(roll)}>`;
}

/** `bytes` after one to three accidents. */
export function damage(roll: Dice, bytes: Buffer): Buffer {
  let result = bytes;
  for (let times = 1 + roll(3); times > 0; times -= 1) result = accident(roll, result);
  return result;
}

/** The same bytes in chunks of random sizes, sometimes of one byte each. */
export function cut(roll: Dice, bytes: Buffer): Buffer[] {
  const most = pick(roll, [1, 2, 5, 20, 200, 100_000]);
  const chunks: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = Math.min(bytes.length, start + 1 + roll(most));
    chunks.push(bytes.subarray(start, end));
    start = end;
  }
  return chunks;
}

const streams = "xmlns:stream='http://etherx.jabber.org/streams'";
const roots = [
  { name: "stream:stream", attributes: `xmlns='jabber:client' ${streams} to='im.example' version='1.0'` },
  { name: "stream:stream", attributes: `to="im.example" xml:lang="en" xmlns="jabber:client"\n ${streams}\txmlns:p="urn:p" xmlns:q="urn:q"` },
  { name: "stream", attributes: "xmlns='http://etherx.jabber.org/streams' xmlns:p='urn:p'" },
  { name: "stream:stream", attributes: streams },
];
const oddRoots = [
  { name: "stream:stream", attributes: "xmlns='jabber:client'" },
  { name: "stream:stream", attributes: `xmlns='jabber:server' ${streams}` },
  { name: "foo:stream", attributes: "xmlns='jabber:client' xmlns:foo='http://etherx.jabber.org/streams'" },
  { name: "stream:flow", attributes: `xmlns='jabber:client' ${streams}` },
  { name: "stream", attributes: "xmlns='jabber:client'" },
];
const declarations = [
  "<?xml version='1.0'?>", '<?xml version="1.0" encoding="utf-8" ?>', "<?xml version='1.0' standalone='no'?>", "<?xml\r\nversion = '1.1'?>",
];
const oddDeclarations = [
  "<?xml encoding='UTF-8'?>", "<?xml version='2.0'?>", "<?xml version='1.0' encoding='UTF-16'?>", " <?xml version='1.0'?>", "<?xml?>",
  "<?xml version='1.0' standalone='no' encoding='UTF-8'?>", "<?xml-stylesheet href='a'?>", "\ufeff", "<!DOCTYPE stream>", "<!-- -->", "x",
];
const names = ["message", "iq", "presence", "body", "query", "x", "a", "é", "_-.1", "Ünï", "stream", "名", "__proto__", "constructor"];
const prefixes = ["p", "q", "r", "stream", "xml", "ö"];
const namespaces = ["jabber:client", "urn:p", "urn:q", "urn:r", "urn:ü", "http://etherx.jabber.org/streams", "jabber:server", "", "urn:a&amp;b"];
const texts = [
  "", "Wherefore", " ", "\n", "\r\n", "\r", "\t", "é", "漢字", "😀", "\u0085", "\ufeff", "]", "]]", ">", "'", "&amp;", "&lt;", "&gt;", "&quot;", "&apos;",
  "&#65;", "&#x1F600;", "&#xD;", "&#10;", "&#00009;", "\"", "/", "=", "a b", "\u007f", "&#xfffd;",
];
const markup = [
  "<![CDATA[", "]]>", "<!--", "-->", "<?pi ?>", "<!DOCTYPE a>", "&nbsp;", "&", "<", ">", "&#0;", "&#xFFFE;", "&#xD800;", "&#x110000;",
  "\u0000", "\u0001", "\ufffe", "xmlns:p=''", "xmlns=''", " xmlns:xml='urn:x'", " xmlns:xmlns='urn:x'",
  "xmlns='http://www.w3.org/XML/1998/namespace'", " a='1' a='2'", "p:", ":", "'", '"', "/>", "</", "=", " ",
  " xmlns:z='http://www.w3.org/2000/xmlns/'", " xmlns:p=' urn:p'", "<?xml version='1.0'?>", "]]&gt;", "&#;", "&#x;", "&;", "\r",
];

function element(roll: Dice, depth: number): string {
  const declared = pick(roll, ["", "", "", ` xmlns='${pick(roll, namespaces)}'`, ` xmlns:${pick(roll, prefixes)}="${pick(roll, namespaces)}"`]);
  const prefix = roll(5) === 0 ? pick(roll, ["p", "p", "q", "r", "stream", "ö"]) : "";
  // Mostly declared where it is used, else nearly every stream would fail for it.
  const bound = prefix === "" || prefix === "stream" || declared.includes(`xmlns:${prefix}=`);
  const own = bound || roll(8) === 0 ? "" : ` xmlns:${prefix}='urn:${prefix}'`;
  const first = depth === 0 && declared === "" && roll(4) > 0 ? " xmlns='jabber:client'" : "";
  const name = (prefix === "" ? "" : `${prefix}:`) + pick(roll, names);
  const start = `<${name}${declared}${own}${first}${attributes(roll, 4)}${space(roll)}`;
  if (roll(4) === 0) return `${start}/>`;
  let text = `${start}>`;
  for (let count = roll(4); count > 0; count -= 1) {
    const kind = roll(6);
    if (kind < 2 && depth < 6) text += element(roll, depth + 1);
    else if (kind === 2) text += `<![CDATA[${pick(roll, ["", "x", "<a>&b;", "]", "]]", "]>", "\r\n", "é"])}]]>`;
    else text += pick(roll, texts) + pick(roll, texts);
  }
  return `${text}</${name}${space(roll)}>`;
}

function attributes(roll: Dice, most: number): string {
  let text = "";
  const used = new Set<string>();
  for (let count = roll(most + 1); count > 0; count -= 1) {
    const name = roll(8) === 0 ? "xml:lang" : pick(roll, ["to", "from", "id", "type", "é", "__proto__", "toString"]);
    if (used.has(name) && roll(10) > 0) continue;
    used.add(name);
    const quote = pick(roll, ["'", '"']);
    const value = `${pick(roll, texts)}${pick(roll, texts)}`.replaceAll(quote, "").replaceAll("<", "");
    text += `${pick(roll, [" ", " ", "\n", "\t "])}${name}${pick(roll, ["", "", " "])}=${pick(roll, ["", "", "\n"])}${quote}${value}${quote}`;
  }
  if (roll(6) === 0) text += ` xmlns:w='urn:w' w:${pick(roll, ["a", "id", "é"])}='1'`;
  return text;
}

const space = (roll: Dice) => pick(roll, ["", "", "", " ", "\n"]);

function accident(roll: Dice, bytes: Buffer): Buffer {
  const at = roll(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + roll(8));
  const replace = (middle: Uint8Array, to: number) => Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(to)]);
  switch (roll(8)) {
    case 0: return replace(Buffer.alloc(0), end);
    case 1: return replace(Buffer.concat([bytes.subarray(at, end), bytes.subarray(at, end)]), end);
    case 2: return replace(Uint8Array.of(roll(256)), at);
    case 3: return replace(Uint8Array.of(roll(256)), Math.min(bytes.length, at + 1));
    case 4: return replace(Buffer.from(pick(roll, sequences), "latin1"), at);
    case 5: return roll(3) === 0 ? bytes.subarray(0, at) : replace(Buffer.from(pick(roll, names)), at);
    case 6: return replace(Buffer.from(pick(roll, texts)), at);
    default: return replace(Buffer.from(pick(roll, markup)), at);
  }
}

/** UTF-8, right and wrong, one character a byte. */
const sequences = [
  "\xc0\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf4\x8f\xbf\xbf",
  "\xef\xbf\xbe", "\xef\xbf\xbf",
  "\xef\xbb\xbf", "\xc3", "\xe2\x82", "\x80", "\xff", "\xfe", "\xf0\x9f\xbf\xbf", "\xf8\x88\x80\x80\x80", "\xce\xb1", "\xc2\x85", "\xe2\x80\xa8",
];
