/** Generators for fast-check, of what goes over the wire and of what machines are told. */
export { jid, type GeneratedJid, type JidOptions } from "./jid.ts";
export { invalidJid, type InvalidJid } from "./invalid-jid.ts";
export { stanza, type GeneratedStanza, type StanzaOptions } from "./stanza.ts";
export { xmlText } from "./xml-text.ts";
export { illegalScript, legalScript, sessionEvents, type ScriptSize } from "./scripts.ts";
