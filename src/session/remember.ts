/**
 * The way to set what an extension keeps of a session: `sessionState` alone has it, and no extension is given it, so each of them sets
 * its own value and no other's. By name: a test may have the built package beside the sources.
 */
export const remember: unique symbol = Symbol.for("refrain/session: remember");
