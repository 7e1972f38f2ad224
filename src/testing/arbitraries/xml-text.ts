/** What XML can carry, and the many ways to write the same. */
import fc from "fast-check";
import type { ElementData } from "../../../machines/session-events.ts";

/** Characters that XML 1.0 allows: mostly letters, some that have to be escaped, white space of all kinds, any script. Never empty if `minLength` is 1. */
export function xmlText({ minLength = 0, maxLength = 24 }: { readonly minLength?: number; readonly maxLength?: number } = {}): fc.Arbitrary<string> {
  return fc.array(character, { minLength, maxLength }).map((characters) => characters.join(""));
}

const character = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(..."aboutlovewherefore ") },
  { weight: 3, arbitrary: fc.constantFrom("<", ">", "&", "'", '"', "]]>", "]", "\t", "\n", "\r", "\u0085", "\u2028") },
  { weight: 2, arbitrary: fc.constantFrom("é", "漢", "ש", "😀", "🏳️‍🌈", "e\u0301", "\uFFFD", "\u{10FFFF}") },
  // Not fast-check's own strings of any character: their tables take a second to make, and are made when this is loaded.
  { weight: 1, arbitrary: fc.integer({ min: 0x20, max: 0x10_ff_ff }).map((code) => String.fromCodePoint(code)).filter((char) => /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]$/u.test(char)) },
);

/**
 * The element as XML. `spelling` chooses among what means the same: quotes of either kind, empty elements in one tag or two, white space within
 * tags, characters as they are, as references or as CDATA. 0 is the plainest; each number always writes the same.
 */
export function spelledXml(element: ElementData, spelling: number): string {
  return new Speller(spelling).element(element);
}

class Speller {
  #state: number;
  readonly #plain: boolean;

  constructor(spelling: number) {
    this.#state = spelling >>> 0;
    this.#plain = spelling === 0;
  }

  element({ name, attrs, children }: ElementData): string {
    const start = `<${name}${Object.entries(attrs).map(([key, value]) => this.#attribute(key, value)).join("")}${this.#pick("", "", " ", "\n")}`;
    const inside = children.map((child) => (typeof child === "string" ? this.#text(child) : this.element(child))).join("");
    if (inside === "" && this.#pick(true, false)) return `${start}/>`;
    return `${start}>${inside}</${name}${this.#pick("", "", "", " ")}>`;
  }

  #attribute(name: string, value: string): string {
    const quote = this.#pick("'", '"');
    // White space but the blank itself would be read as a blank (XML 1.0 section 3.3.3).
    const must = (char: string) => char === quote || /[<&\t\n\r]/.test(char);
    const written = [...value].map((char) => (must(char) ? this.#reference(char) : this.#maybeReference(char))).join("");
    return `${this.#pick(" ", " ", "\n", "  ")}${name}${this.#pick("=", "=", " = ")}${quote}${written}${quote}`;
  }

  #text(text: string): string {
    if (this.#pick(false, false, false, true) && !/\]\]>|\r/.test(text)) return `<![CDATA[${text}]]>`;
    return [...text].map((char) => (/[<&>\r]/.test(char) ? this.#reference(char) : this.#maybeReference(char))).join("");
  }

  #maybeReference(char: string): string {
    return this.#pick(false, false, false, false, false, false, false, true) ? this.#reference(char) : char;
  }

  #reference(char: string): string {
    const code = char.codePointAt(0)!;
    const [named, ...others] = [...(char in entities ? [`&${entities[char]};`] : []), `&#${code};`, `&#x${code.toString(16)};`, `&#x${code.toString(16).toUpperCase()};`];
    return this.#pick(named!, ...others);
  }

  /** The first one where the spelling is plain. */
  #pick<Choice>(...choices: readonly [Choice, ...Choice[]]): Choice {
    if (this.#plain) return choices[0];
    // splitmix with the last steps of MurmurHash3: the same everywhere.
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return choices[((mixed ^ (mixed >>> 16)) >>> 0) % choices.length]!;
  }
}

const entities: Readonly<Record<string, string>> = { "<": "lt", ">": "gt", "&": "amp", "'": "apos", '"': "quot" };
