/** The parts of JIDs, as people write them: before anything is prepared (RFC 7622 section 3). */
import fc from "fast-check";

/** A localpart (RFC 7622 section 3.3), 1 to 1,023 bytes of UTF-8. */
export function localText(ascii: boolean): fc.Arbitrary<string> {
  return ascii ? fc.oneof(weighted(12, plainWord), weighted(3, of(asciiLocal)), weighted(1, fc.constant("l".repeat(1_023)))) : fc.oneof(
    weighted(12, plainWord),
    weighted(4, of(asciiLocal)),
    weighted(8, fc.constantFrom(...leftToRight).chain((script) => of(script))),
    weighted(3, rightToLeft),
    weighted(2, fc.constantFrom(...inContext)),
    weighted(1, longLocal),
  );
}

/** A domainpart (RFC 7622 section 3.2): a name of one or more labels, or an address. */
export function domainText(ascii: boolean): fc.Arbitrary<string> {
  const uLabel = fc.constantFrom(...leftToRight).chain((script) => of(script, 8));
  const label = ascii ? asciiLabel : fc.oneof(weighted(5, asciiLabel), weighted(2, uLabel), weighted(1, fc.constantFrom(...aLabels)));
  const name = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join("."));
  return fc.oneof(
    weighted(4, fc.constantFrom("example.org", "localhost", "im.example.net")),
    weighted(8, name),
    weighted(1, name.map((text) => `${text}.`)),
    weighted(1, longName),
    ...(ascii ? [] : [
      weighted(1, fc.oneof(of("אבגדהו", 8), fc.constant("xn--4dbc")).map((label) => `${label}.example`)),
      weighted(1, name.map((text) => text.replaceAll(".", "。"))),
    ]),
    weighted(2, fc.ipV4()),
    weighted(1, fc.ipV6().map((address) => `[${address}]`)),
  );
}

/** A resourcepart (RFC 7622 section 3.4), 1 to 1,023 bytes of UTF-8: nearly anything that can be seen, and spaces within. */
export function resourceText(ascii: boolean): fc.Arbitrary<string> {
  const shown = fc.oneof(weighted(6, fc.constantFrom(...letters)), weighted(2, fc.constantFrom(..."/@&<>\"':!#%()*+,-.;=?[]^_`{|}~")));
  const spaced = fc.tuple(shown, fc.array(fc.oneof(weighted(5, shown), weighted(1, fc.constant(" "))), { maxLength: 10 })).map(([first, rest]) => first + rest.join(""));
  const plain = [weighted(6, fc.constantFrom("orchard", "balcony", "phone")), weighted(6, spaced), weighted(1, fc.constant("r".repeat(1_023)))];
  return ascii ? fc.oneof(...plain) : fc.oneof(
    ...plain,
    weighted(6, fc.constantFrom(...leftToRight, "אבגدهو", "♚♛♥😀⌘①ﬁ").chain((script) => of(script))),
    // Other spaces become the one of ASCII (RFC 8265 section 4.2.2).
    weighted(1, of(letters).map((text) => `a\u3000${text}\u00A0b`)),
  );
}

const letters = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

const plainWord = fc.oneof(fc.constantFrom("romeo", "juliet", "nurse"), of("abcdefghijklmnopqrstuvwxyz", 8));

/** All of ASCII that a localpart may hold: without the characters of RFC 7622 section 3.3.1 and without spaces. */
const asciiLocal = `${letters}!#$%()*+,-.;=?[\\]^_\`{|}~`;

/** Scripts in which any characters may follow each other: capitals, full width and what is to be composed among them. */
const leftToRight = [
  "äöüßéñçøåłžÄÖÉ", "αβγδεσςωΣΩ", "абвгдеёжяЯЖ", "中文字漢語國", "ひらがなカタヶ々", "한국어로만", "ｒｏｍｅｏＲＯＭＥＯ", "กขคงจฉ", "𠀀𠀁𠮷", "ᏣᎳᎩ",
];

/** RFC 5893 section 2: letters first, digits of one kind at the most behind them. */
const rightToLeft = fc
  .tuple(fc.constantFrom("אבגדהוז", "ابتثجح").chain((script) => of(script)), fc.constantFrom("", "1", "42", "٣"))
  .map(([word, digits]) => word + digits);

/** What may stand only where it stands here (RFC 5892 appendix A), and letters that are two characters. */
const inContext = ["col·lectiu", "カ・タ", "क्‍ष", "क्‌ष", "e\u0301te\u0301", "A\u030Angstro\u0308m", "͵α", "א׳ב"];

const asciiLabel = fc
  .tuple(fc.constantFrom(..."abcxyz019AZ"), fc.array(fc.constantFrom(..."abcdefgh0123456789XYZ"), { maxLength: 6 }), fc.boolean())
  .map(([first, rest, hyphened]) => (hyphened && rest.length > 0 ? `${first}${rest.slice(1).join("")}a-${rest[0]}` : first + rest.join("")));

const aLabels = ["xn--e1afmkfd", "XN--FA-HIA", "xn--4xa", "xn--3xa"];

/** As long as they may be. */
const longLocal = fc.constantFrom("l".repeat(1_023), "é".repeat(511), "中".repeat(341));
const longName = fc.constantFrom("d".repeat(63), `${"d".repeat(63)}.example`, `${`${"d".repeat(61)}.`.repeat(4)}ddddd`, "a.".repeat(126) + "a");

function of(characters: string, maxLength = 12): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...characters), { minLength: 1, maxLength }).map((chosen) => chosen.join(""));
}

function weighted(weight: number, arbitrary: fc.Arbitrary<string>): { readonly weight: number; readonly arbitrary: fc.Arbitrary<string> } {
  return { weight, arbitrary };
}
