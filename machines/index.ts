export * from "./session.ts";
export * from "./session-context.ts";
export * from "./fold.ts";
export * from "./upgrade.ts";
export * from "./subscription.ts";
export { stateName } from "./state-name.ts";
export type * from "./session-events.ts";
export type * from "./subscription-events.ts";
export type { SubscriptionContext, SubscriptionTag } from "./subscription-parts.ts";
