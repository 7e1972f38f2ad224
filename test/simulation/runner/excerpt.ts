/** Of a long transcript what shows a problem: the lines before it, and where the stanza that it is about comes from. */

/** Lines of the excerpt, those that stand for left-out ones not counted. */
const linesMax = 50;
/** Problems that are shown, each of another rule. */
const problemsMax = 3;
/** What came after a problem says less than what led to it. */
const afterMax = 4;
/** Stanzas of one problem that are looked for. */
const stanzasMax = 2;
const charsMax = 240;

/**
 * At most 60 lines. Those of the transcript are as `Transcript` writes them, `00:12.345 !! rule: text` for a problem. `rules`: those that are
 * broken, the most important first.
 */
export function excerptOf(transcript: readonly string[], rules: readonly string[]): readonly string[] {
  if (transcript.length <= linesMax) return transcript.map(shortened);
  const problems = firstProblems(transcript, rules);
  const chosen = new Set(problems.length === 0 ? [] : problems.flatMap((place) => [place, ...stanzasOf(transcript, place)]));
  const wish = (place: number): void => {
    if (chosen.size < linesMax && place >= 0 && place < transcript.length) chosen.add(place);
  };
  // Evenly around each of them, until it is enough. Where none is marked, the end is nearest to what went wrong.
  const centres = problems.length === 0 ? [transcript.length] : problems;
  for (let distance = 1; distance <= linesMax; distance += 1) {
    for (const centre of centres) {
      wish(centre - distance);
      if (distance <= afterMax) wish(centre + distance);
    }
  }
  return withGaps(transcript, [...chosen].toSorted((a, b) => a - b));
}

const mark = /^\S+ !! /;

/** The first of each rule. */
function firstProblems(transcript: readonly string[], rules: readonly string[]): readonly number[] {
  const places = [...new Set(rules)].map((rule) => transcript.findIndex((line) => mark.test(line) && line.replace(mark, "").startsWith(`${rule}: `)));
  return places.filter((place) => place >= 0).slice(0, problemsMax);
}

/** Where what the problem names by its id (`m7`, `q12`) is first said; by somebody whom it names too, if there is one. */
function stanzasOf(transcript: readonly string[], problem: number): readonly number[] {
  const text = transcript[problem]!.replace(mark, "");
  const ids = [...new Set(text.match(/\b[a-z]\d+\b/g) ?? [])].slice(0, stanzasMax);
  const said = transcript.slice(0, problem);
  return ids.flatMap((id) => {
    const isAbout = new RegExp(`\\b${id}\\b`);
    const places = said.flatMap((line, place) => (isAbout.test(line) && !mark.test(line) ? [place] : []));
    const found = places.find((place) => text.includes(said[place]!.split(" ", 2)[1]!)) ?? places[0];
    return found === undefined ? [] : [found];
  });
}

function withGaps(lines: readonly string[], places: readonly number[]): readonly string[] {
  const shown: string[] = [];
  let next = 0;
  for (const place of places) {
    shown.push(...gap(place - next), shortened(lines[place]!));
    next = place + 1;
  }
  return [...shown, ...gap(lines.length - next)];
}

function gap(left: number): readonly string[] {
  return left === 0 ? [] : [`(${left} ${left === 1 ? "line" : "lines"})`];
}

function shortened(line: string): string {
  return line.length > charsMax ? `${line.slice(0, charsMax)}…` : line;
}
