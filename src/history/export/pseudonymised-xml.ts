/** XML text with pseudonyms. The elements stay, with their order and attributes; what they say does not. */
import { isWithheld, type Names } from "./names.ts";

/** Text that is no XML is replaced as a whole. */
export function pseudonymisedXml(xml: string, names: Names): string {
  const open: string[] = [];
  let [replaced] = declaration.exec(xml) ?? [""];
  let last = replaced.length;
  for (const match of xml.matchAll(tag)) {
    const [whole, closing, name = "", attributes = "", empty = ""] = match;
    replaced += textIn(open.at(-1), xml.slice(last, match.index), names);
    last = match.index + whole.length;
    if (closing === "/") {
      open.pop();
      replaced += `</${names.element(name)}>`;
      continue;
    }
    if (empty === "") open.push(name);
    replaced += `<${names.element(name)}${attributesIn(attributes, names)}${empty}>`;
  }
  return replaced + textIn(open.at(-1), xml.slice(last), names);
}

const tag = /<(\/?)([^\s<>/=?!"']+)((?:\s+[^\s<>/="']+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/g;
const declaration = /^(?:<\?xml version=['"]1\.0['"](?: encoding=['"]UTF-8['"])?\s*\?>)?/i;
const attribute = /([^\s<>/="']+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/g;

function attributesIn(text: string, names: Names): string {
  return [...text.matchAll(attribute)]
    .map(([, name = "", double, single]) => ` ${names.attribute(name)}='${escaped(valueOf(name, unescaped(double ?? single ?? ""), names))}'`)
    .join("");
}

function valueOf(name: string, value: string, names: Names): string {
  if (name === "xmlns" || name.startsWith("xmlns:")) return names.namespace(value);
  if (Object.hasOwn(attributeKinds, name)) return attributeKinds[name]!(names, value);
  if (numbers.has(name) && /^\d+(\.\d+)?$/.test(value)) return value;
  return names.word(value);
}

const numbers: ReadonlySet<string> = new Set(["h", "max", "seconds", "code", "version", "index"]);

const jid = (names: Names, text: string) => names.jid(text);
const id = (names: Names, text: string) => names.id(text);

const attributeKinds: Readonly<Record<string, (names: Names, text: string) => string>> = {
  to: jid, from: jid, jid, by: jid,
  id, previd: id, ver: id, queryid: id,
  location: (names, text) => names.address(text),
  "xml:lang": (names, text) => names.lang(text),
  stamp: (names, text) => {
    const at = Date.parse(text);
    return Number.isNaN(at) ? names.text(text) : new Date(names.time(at)).toISOString();
  },
};

function textIn(element: string | undefined, text: string, names: Names): string {
  if (text.trim() === "" || isWithheld(text.trim())) return text;
  const plain = unescaped(text);
  switch (element) {
    case "mechanism":
    case "show":
      return escaped(names.word(plain));
    case "priority":
      return /^\s*[+-]?\d{1,3}\s*$/.test(plain) ? text : escaped(names.text(plain));
    case "jid":
      return escaped(names.jid(plain));
    case "resource":
      return escaped(names.resource(plain));
    default:
      return `[${[...plain].length} characters]`;
  }
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replaceAll(/&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#x([\da-fA-F]{1,6}));/g, (whole, name?: string, decimal?: string, hex?: string) => {
    if (name !== undefined) return entities[name]!;
    const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("'", "&apos;");
}
