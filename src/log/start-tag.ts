/** The attributes of an element that was serialised by this server, without reading the element. */

const startTag = /^<[^\s/>"'=]+((?:\s+[^\s/>"'=]+=(?:"[^"<]*"|'[^'<]*'))*)\s*\/?>/;
const attributes = /([^\s/>"'=]+)=(?:"([^"]*)"|'([^']*)')/g;
const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** The value of an attribute of the first element in `xml`; undefined if it has none of that name, or if it cannot be read. */
export function attributeOf(xml: string, name: string): string | undefined {
  const [, list = ""] = startTag.exec(xml) ?? [];
  for (const [, known, double, single = ""] of list.matchAll(attributes)) {
    if (known === name) return unescape(double ?? single);
  }
  return undefined;
}

function unescape(text: string): string {
  return text.replaceAll(/&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot|apos));/g, (whole, hex, decimal, entity) => {
    if (entity !== undefined) return entities[entity as string] ?? whole;
    const point = hex === undefined ? Number(decimal) : Number.parseInt(hex as string, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}
