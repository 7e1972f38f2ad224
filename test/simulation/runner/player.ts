/** What the children of `npm run simulate` play. */
import { planCrowd, planWorld as planOrdinary } from "../world/make-plan.ts";
import type { WorldPlan } from "../world/plan.ts";

export { playWorld } from "../world/world.ts";

/** `room`: so many people in one room, and nothing else. */
export function planWorld(seed: number, room?: number): WorldPlan {
  return room === undefined ? planOrdinary(seed) : planCrowd(seed, room);
}
