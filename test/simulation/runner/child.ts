/** The process in which worlds are played, one after another. Its argument is the address of the module that plays them (`Player`). */
import type { WorldReport } from "../world/plan.ts";
import { broken, type Answer, type Ask, type Played, type Player } from "./messages.ts";

// Ctrl-C on a terminal reaches every process of the run: the first of them decides who ends when.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit());
process.on("message", (ask: Ask) => void answer(ask).then(say));

const player = (await import(process.argv[2]!)) as Player;
say({ kind: "ready" });

function say(answer: Answer): void {
  process.send!(answer);
}

async function answer(ask: Ask): Promise<Answer> {
  if (ask.kind === "make") return { kind: "made", plan: player.planWorld(ask.seed, ask.room) };
  try {
    const report = await player.playWorld(ask.kind === "plan" ? ask.plan : player.planWorld(ask.seed, ask.room));
    return { kind: "played", played: slim(report, ask.kind === "plan" && ask.isTold) };
  } catch (error) {
    return { kind: "played", played: thrown(error) };
  }
}

/** Most worlds are well, and nobody reads what was said in them. */
function slim({ problems, clientMs, counts, digest, transcript }: WorldReport, isTold: boolean): Played {
  return { problems, clientMs, counts, digest, transcript: problems.length === 0 && !isTold ? [] : transcript };
}

/** The rule names the place, so that a world that is made smaller does not come to throw something else. */
function thrown(error: unknown): Played {
  const { name, stack } = error instanceof Error ? error : new Error(String(error));
  const [, place = "no place that is known"] = /^\s+at (?:async )?(.+?)(?: \(.*)?$/m.exec(stack ?? "") ?? [];
  return broken(`Nothing is thrown (${name} at ${place})`, stack ?? name);
}
