export * from "./session.ts";
export * from "./session-context.ts";
export * from "./fold.ts";
export { stateName } from "./state-name.ts";
export type * from "./session-events.ts";
