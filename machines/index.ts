export * from "./session.ts";
export type * from "./session-events.ts";
