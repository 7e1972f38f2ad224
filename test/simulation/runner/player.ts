/** What the children of `npm run simulate` play. */
export { planWorld } from "../world/make-plan.ts";
export { playWorld } from "../world/world.ts";
