/**
 * Differential fuzzing against saxes. `FUZZ_STREAMS=100000 npx vitest run test/xml/fuzz.test.ts` runs more, `FUZZ_SEED`
 * others; the seed of one stream is its number plus that seed, and a failure prints it.
 */
import { describe, expect, it } from "vitest";
import type { Element } from "../../src/xml/element.ts";
import { serialise } from "../../src/xml/serialise.ts";
import { cut, damage, dice, type Dice, randomStream } from "./documents.ts";
import { judge, type Node, type Verdict } from "./oracle.ts";
import { header, Reading } from "./reading.ts";

const streams = Number(process.env["FUZZ_STREAMS"] ?? 4_000);
const seed = Number(process.env["FUZZ_SEED"] ?? 1_983);

describe("RFC 6120 section 11: the same verdict and the same tree as another XML parser, however the bytes arrive", () => {
  it(`agrees on ${streams} streams from seed ${seed}`, { timeout: 60_000 + streams * 20 }, () => {
    const figures: Record<string, number> = {};
    for (let number = 0; number < streams; number += 1) {
      const roll = dice(seed + number);
      const intact = Buffer.from(randomStream(roll));
      const bytes = roll(2) === 0 ? intact : damage(roll, intact);
      const verdict = judge(bytes);
      const reading = readInPieces(roll, bytes);
      const complaint = compare(bytes, verdict, reading);
      if (complaint !== undefined) expect.fail(`seed ${seed + number}: ${complaint}\n${JSON.stringify(bytes.toString("latin1"))}`);
      const key = `${verdict.outcome} ${reading.faults.length > 0 ? "refused" : "taken"}`;
      figures[key] = (figures[key] ?? 0) + 1;
      figures["elements"] = (figures["elements"] ?? 0) + reading.elements.length;
    }
    console.log(`fuzz: ${streams} streams from seed ${seed}: ${JSON.stringify(figures)}`);
    // A generator that only makes rubbish, or none, would prove little.
    expect(figures["ended taken"]).toBeGreaterThan(streams / 10);
    expect(figures["malformed refused"]).toBeGreaterThan(streams / 10);
    expect(figures["restricted refused"]).toBeGreaterThan(streams / 100);
  });
});

/** In random chunks, paused now and then from within what is told. */
function readInPieces(roll: Dice, bytes: Buffer): Reading {
  const reading = new Reading();
  let held = false;
  const pauses = roll(2) === 0;
  let toldWhileHeld = false;
  reading.after = () => {
    toldWhileHeld ||= held;
    if (!pauses || roll(2) === 0) return;
    held = true;
    reading.parser.pause();
  };
  for (const chunk of cut(roll, bytes)) {
    reading.parser.write(chunk);
    while (held && roll(3) > 0) {
      held = false;
      reading.parser.resume();
    }
  }
  while (held) {
    held = false;
    reading.parser.resume();
  }
  expect(toldWhileHeld).toBe(false);
  return reading;
}

/** What they disagree about. */
function compare(bytes: Buffer, verdict: Verdict, reading: Reading): string | undefined {
  const fault = reading.faults[0];
  const ended = reading.told.includes("ended");
  const accepted = verdict.outcome === "ended" || verdict.outcome === "open";
  if (accepted && fault !== undefined && !(verdict.outcome === "open" && theyAlsoRefuse(bytes))) {
    return `saxes takes it, refused with ${fault.condition}: ${fault.text}`;
  }
  if (!accepted && fault === undefined && !(withinTag.test(verdict.rest) && weAlsoRefuse(bytes))) {
    return `taken, but ${verdict.outcome}: ${verdict.why}`;
  }
  if (ended !== (verdict.outcome === "ended")) return `ended ${ended}, but ${verdict.outcome}`;
  const attribute = (name: string) => verdict.header?.attributes.get(name);
  const [told] = reading.headers;
  if ((told === undefined) !== (verdict.header === undefined)) return "one saw a stream header";
  const lang = attribute("http://www.w3.org/XML/1998/namespace lang");
  if (told?.to !== attribute("to") || told?.lang !== lang) return "stream attributes differ";
  const ours = reading.elements.map((element) => nodeOf(element, undefined));
  if (!equal(ours, verdict.elements)) return `trees differ:\n${show(ours)}\n${show(verdict.elements)}`;
  const again = new Reading().write(header, ...reading.elements.map((element) => serialise(element, "jabber:client")));
  if (again.faults.length > 0) return `serialised: ${again.faults[0]!.condition}: ${again.faults[0]!.text}`;
  if (!equal(again.elements.map((element) => nodeOf(element, undefined)), ours)) return "serialised, it reads otherwise";
  return undefined;
}

/** Where a stream breaks off within a token, one parser may see what is wrong with it before the other does. */
const theyAlsoRefuse = (bytes: Buffer) =>
  completions.some((end) => ["malformed", "restricted"].includes(judge(Buffer.concat([bytes, Buffer.from(end)])).outcome));

/**
 * We look at names and declarations when they are complete, saxes sooner: no more than this can follow within one tag.
 */
const withinTag = /^(?:[^<>]*|(?:[^<>'"]|'[^'<]*'?|"[^"<]*"?)*)$/;

function weAlsoRefuse(bytes: Buffer): boolean {
  const before = new Reading().write(bytes).told.length;
  const readings = completions.map((end) => new Reading().write(bytes, end));
  return readings.some(({ faults }) => faults.length > 0)
    && readings.every(({ told, faults }) => faults.length > 0 || told.length === before);
}

const completions = [">", "/>", "'>", '">', "='x'>", "a>", ";", "]]>", "?>", "-->", " "];

/** Reads an element by the canonical form's rules, and throws where it breaks them. */
function nodeOf(element: Element, around: string | undefined): Node {
  const attrs = new Map(Object.entries(element.attrs as Record<string, string>));
  const declared = attrs.get("xmlns");
  if (element.name.includes(":") || declared === around) throw new Error(`not canonical: ${element.toString()}`);
  if (element.parent === null && declared === undefined) throw new Error(`no xmlns: ${element.toString()}`);
  const namespace = declared ?? around!;
  const attributes = new Map<string, string>();
  for (const [name, value] of attrs) {
    if (name === "xmlns" || name.startsWith("xmlns:")) continue;
    const [prefix, local] = name.split(":") as [string, string | undefined];
    const of = prefix === "xml" ? "http://www.w3.org/XML/1998/namespace" : attrs.get(`xmlns:${prefix}`);
    attributes.set(local === undefined ? name : `${of} ${local}`, value);
  }
  const children = element.children.map((child) => (typeof child === "string" ? child : nodeOf(child, namespace)));
  if (element.getNS() !== namespace) throw new Error(`ltx reads ${element.getNS()} for ${namespace}`);
  if (children.some((child, index) => typeof child === "string" && (child === "" || typeof children[index + 1] === "string"))) {
    throw new Error("text in pieces");
  }
  return { name: element.name, namespace, attributes, children };
}

function equal(ours: readonly (Node | string)[], theirs: readonly (Node | string)[]): boolean {
  return show(ours) === show(theirs);
}

const show = (nodes: readonly (Node | string)[]): string => JSON.stringify(nodes, (_, value: unknown) =>
  value instanceof Map ? [...value].toSorted(([one], [other]) => (one < other ? -1 : 1)) : value);
