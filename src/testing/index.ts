/** For test suites: a real server inside the test process, and machines whose every transition can be put to the test. */
export { startServer, type TestServer, type TestServerOptions } from "./start-server.ts";
export type { DocumentedSession } from "../session/view.ts";
export {
  illegalScript, invalidJid, jid, legalScript, sessionEvents, stanza, xmlText,
  type GeneratedJid, type GeneratedStanza, type InvalidJid, type JidOptions, type ScriptSize, type StanzaOptions,
} from "./arbitraries/index.ts";
export { conversationOf, type Conversation } from "./model/print/conversation.ts";
export { sequenceDiagramOf } from "./model/print/sequence-diagram.ts";
export { verdictText, type VerdictTextOptions } from "./model/print/verdict-text.ts";
export { assertMachine } from "./model/assert-machine.ts";
export { checkMachine, replayScript } from "./model/check-machine.ts";
export type { CheckOptions, Progress } from "./model/check-options.ts";
export { asAnyModel, type AnyModel, type Invariant, type MachineModel, type ModelStep } from "./model/machine-model.ts";
export { modelOf, type AboutMachine, type InvariantOf } from "./model/model-of.ts";
export { pathsText } from "./model/paths-text.ts";
export { scriptsOf, type LivedScript, type ScriptOptions } from "./model/script.ts";
export { boshModel } from "./model/bosh-model.ts";
export { roomModel } from "./model/room-model.ts";
export { sessionModel } from "./model/session-model.ts";
export { subscriptionModel } from "./model/subscription-model.ts";
export type { Counterexample, Coverage, Script, Verdict } from "./model/verdict.ts";
