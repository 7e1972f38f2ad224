/** For test suites: a real server inside the test process. */
export { startServer, type TestServer, type TestServerOptions } from "./start-server.ts";
export type { DocumentedSession } from "../session/view.ts";
export {
  illegalScript, invalidJid, jid, legalScript, sessionEvents, stanza, xmlText,
  type GeneratedJid, type GeneratedStanza, type InvalidJid, type JidOptions, type ScriptSize, type StanzaOptions,
} from "./arbitraries/index.ts";
export { conversationOf, type Conversation } from "./model/print/conversation.ts";
export { sequenceDiagramOf } from "./model/print/sequence-diagram.ts";
export { verdictText, type VerdictTextOptions } from "./model/print/verdict-text.ts";
