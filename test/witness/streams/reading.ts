/** Reads an answer to its end, without waiting for what does not come: a question whose answer is certain marks the end. */
import { isAnswer, toWire, type Allowed, type World } from "../../../src/testing/oracle/stream-oracle.ts";
import type { Phase } from "../../../src/testing/oracle/stream-rules.ts";
import type { Wire } from "./wire.ts";

export const patienceMs = 5_000;

export interface Marker {
  readonly text: string;
  readonly answer: string;
}

/** Something whose answer is certain and changes nothing; undefined where nothing is so. */
export function markerOf(world: World, stream: number): Marker | undefined {
  const { phase, session } = world.streams[stream]!;
  if (unmarked.has(phase)) return undefined;
  if (phase === "counting" || phase === "resumable") {
    return { text: "<r xmlns='urn:xmpp:sm:3'/>", answer: `a h=${toWire(world.sessions[session!]!.handled)}` };
  }
  if (phase === "bound") {
    const id = `k${++markers}`;
    return { text: `<iq type='get' id='${id}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`, answer: `iq result ${id}` };
  }
  // XEP-0198 section 6: it names no session, so it is refused, and nothing is changed by it.
  return { text: "<resume xmlns='urn:xmpp:sm:3'/>", answer: "failed bad-request" };
}

const unmarked: ReadonlySet<Phase> = new Set(["opening", "opening over TLS", "securing", "signing in", "authenticated", "lost", "closing", "closed"]);
let markers = 0;

/** `markerAfter`: the marker that can be sent where this was the whole answer, which is as soon as it may be. */
export async function answerOf(
  wire: Wire, choices: readonly Allowed[], markerAfter: (chosen: Allowed, words: readonly string[]) => Marker | undefined,
): Promise<readonly string[]> {
  const words: string[] = [];
  let marker: Marker | undefined;
  for (;;) {
    if (!choices.some(({ answer }) => isAnswer(answer, words, false))) return words;
    const whole = choices.find(({ answer }) => isAnswer(answer, words, true));
    if (whole !== undefined && marker === undefined) {
      marker = markerAfter(whole, words);
      if (marker === undefined) return words;
      wire.send(marker.text);
    }
    const word = await wire.next(patienceMs);
    if (word === undefined) return [...words, "no answer in time"];
    if (word === marker?.answer) return words;
    words.push(word);
    if (word === "gone" || (marker !== undefined && word.startsWith("a h="))) return words;
  }
}

/** What comes until the server has closed the connection. */
export async function lastWords(wire: Wire | undefined): Promise<readonly string[]> {
  const words: string[] = [];
  for (let word = await wire?.next(patienceMs); word !== undefined; word = await wire?.next(patienceMs)) {
    words.push(word);
    if (word === "gone") break;
  }
  return words;
}
