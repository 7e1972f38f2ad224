/** What a number of a script stands for, in a world: pure, so that the same script is the same conversation. */
import { possible, type Action, type Actor, type World } from "../../../src/testing/oracle/stream-oracle.ts";
import type { Rule } from "../../../src/testing/oracle/stream-rules.ts";

export type Decision =
  /** A new stream, `overTls` from its first byte or not; `logsIn` where that follows at once. */
  | { readonly comes: true; readonly overTls: boolean; readonly logsIn: boolean }
  | { readonly comes: false; readonly actor: Actor; readonly rule: Rule<Action> };

const streamsMax = 3;

/** Who can do something, the newest first. */
export function actorsIn(world: World): readonly Actor[] {
  const streams = world.streams.map((_, stream): Actor => ({ stream })).toReversed();
  const lost = world.sessions.map((_, lost): Actor => ({ lost }));
  return [...streams, ...lost].filter((actor) => possible(world, actor).length > 0);
}

/** The smallest number is what leads on with the newest stream; one in twenty is a misuse. undefined where nothing can be done. */
export function decide(world: World, number: number): Decision | undefined {
  const actors = actorsIn(world);
  const [newest] = actors;
  const turn = number % 10;
  const mayCome = world.streams.filter(({ phase }) => phase !== "closed").length < streamsMax;
  if (newest === undefined || (turn === 9 && mayCome) || ("lost" in newest && turn < 7)) {
    const rest = Math.trunc(number / 10);
    return { comes: true, overTls: Math.trunc(rest / 4) % 20 === 19, logsIn: rest % 4 !== 3 };
  }
  const actor = turn === 8 ? actors[Math.trunc(number / 10) % actors.length]! : newest;
  const choices = possible(world, actor);
  const kind = Math.trunc(number / 10) % 20;
  const manner = kind === 19 ? "misuse" : kind >= 14 ? "aside" : "onward";
  const some = choices.filter((rule) => rule.manner === manner);
  const list = some.length > 0 ? some : choices;
  const rule = list[Math.trunc(number / 200) % list.length];
  return rule && { comes: false, actor, rule };
}
