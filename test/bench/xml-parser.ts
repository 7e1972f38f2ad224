/**
 * Microseconds of CPU for a chat stanza through this parser, ltx's own and saxes, in one run, each given the bytes as a socket would. Not part
 * of the suite. saxes builds no tree here. (vitest makes every import a property access, which triples the time of code in
 * several files and leaves packages alone: so this is a plain script.)
 *   npx tsc -p tsconfig.json --outDir dist/bench && node dist/bench/test/bench/xml-parser.js
 */
import { Parser as LtxParser } from "ltx";
import { SaxesParser } from "saxes";
import { xmlLimitsAuthenticated } from "../../src/domain/limits.ts";
import type { Element } from "../../src/xml/element.ts";
import { XmlStreamParser } from "../../src/xml/parser.ts";
import { serialise } from "../../src/xml/serialise.ts";

const rounds = 7;
const stanzasARound = 100_000;
const header = "<stream:stream to='im.example' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
const message = (body: string) =>
  `<message to='juliet@capulet.example/balcony' id='ab12cd34' type='chat'><body>${body}</body>`
  + "<active xmlns='http://jabber.org/protocol/chatstates'/><request xmlns='urn:xmpp:receipts'/></message>";

let last: Element | undefined;
for (const body of ["Wherefore art thou, Romeo?", "It&apos;s the lark &amp; not the nightingale", "Où es-tu, Roméo ? Ромео, 😀"]) {
  const bytes = Buffer.from(message(body));
  console.log(`${bytes.length} bytes: ${body}`);
  const ours = openStream();
  const saxes = openSaxes();
  measure({
    "this parser": () => ours.write(bytes),
    // It makes one tree of all that it is given, so each stanza is a document to it.
    "ltx's parser": () => new LtxParser().end(bytes.toString("utf8")),
    "saxes, namespaces on": () => saxes.write(bytes.toString("utf8")),
  });
}
console.log("and back");
measure({ serialise: () => serialise(last!, "jabber:client"), "ltx's toString": () => last!.toString() });

function openStream(): XmlStreamParser {
  const parser = new XmlStreamParser({
    opened: () => {},
    element: (element) => {
      last = element;
    },
    ended: () => {},
    failed: ({ text }) => {
      throw new Error(text);
    },
  }, xmlLimitsAuthenticated);
  parser.write(Buffer.from(header));
  return parser;
}

function openSaxes(): SaxesParser<{ xmlns: true; position: false }> {
  const parser = new SaxesParser({ xmlns: true, position: false });
  for (const event of ["opentag", "closetag", "text"] as const) parser.on(event, () => {});
  parser.write(header);
  return parser;
}

/** Turn and turn about, so that a busy machine is unfair to all alike; the median of the rounds. */
function measure(tasks: Readonly<Record<string, () => unknown>>): void {
  const micros = new Map(Object.keys(tasks).map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, task] of Object.entries(tasks)) {
      const start = process.cpuUsage();
      for (let count = 0; count < stanzasARound; count += 1) task();
      const { user, system } = process.cpuUsage(start);
      micros.get(name)!.push((user + system) / stanzasARound);
    }
  }
  for (const [name, values] of micros) {
    console.log(`  ${name.padEnd(22)}${values.toSorted((one, other) => one - other)[rounds >> 1]!.toFixed(2)} µs`);
  }
}
