/** What a client sends for each action of the rules. */
import { bindRequest, saslPlain, startTls, streamHeader } from "../../support/login.ts";
import { authenticate, bind2, sasl2 } from "../../support/inline-login.ts";
import { finalMessage, finalParts, firstMessage, type Client } from "../../auth/scram-client.ts";
import { another, type Action, type Move } from "../../../src/testing/oracle/stream-oracle.ts";

/** What of the run an action needs beside its move. */
export interface Speaker {
  readonly user: string;
  readonly partner: string;
  /** How the login under way began, and what the server has said to it. */
  readonly login: "SCRAM" | "PLAIN";
  readonly challenge: string;
  /** The SM-ID of a session of the run. */
  readonly idOf: (session: number | null) => string;
  /** The SM-ID of a session of somebody else. */
  readonly foreignId: string;
}

/** Done otherwise than by sending text. */
export type Deed = "shake hands" | "hear from a partner" | "let the time pass" | "close the connection" | "vanish";
export type Said = Exclude<Action, Deed>;

const streams = "http://etherx.jabber.org/streams";
const management = "urn:xmpp:sm:3";
const sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
const header = (attributes: string): string => `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='${streams}' ${attributes}>`;
const auth = (attributes: string, text: string): string => `<auth xmlns='${sasl}' ${attributes}>${text}</auth>`;
const response = (text: string): string => `<response xmlns='${sasl}'>${text}</response>`;
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const responseAtOnce = (text: string): string => `<response xmlns='${sasl2}'>${base64(text)}</response>`;
const scramOf = (user: string, password: string): Client => ({ hash: "sha256", username: user, password, nonce: "fyko+d2lbbFgONRv9qkxdawL" });
const resume = (id: string, h: number): string => `<resume xmlns='${management}' previd='${id}' h='${h}'/>`;
const plain = (user: string, password = "secret"): string => base64(`\0${user}\0${password}`);
const atOnce = (children: string, user: string): string => authenticate("PLAIN", plain(user), children);
const ack = (h: number | string): string => `<a xmlns='${management}' h='${h}'/>`;
const toSession = ({ h, session }: Move, { idOf }: Speaker): string => resume(idOf(session), h);

const texts: Readonly<Record<Said, (move: Move, speaker: Speaker) => string>> = {
  // Within a stream an XML declaration would be a mistake of its own.
  "open the stream": ({ rule: { phase } }) =>
    streamHeader("localhost").replace(phase.startsWith("opening") || phase === "authenticated" ? "" : "<?xml version='1.0'?>", ""),
  "open it as another": () => streamHeader("localhost", `from='${another}' version='1.0'`),
  "open it to an unknown host": () => streamHeader("verona.example"),
  "open it to no host": () => header("version='1.0'"),
  "open it to what is no host": () => streamHeader("romeo@localhost/orchard"),
  "open it without a version": () => streamHeader("localhost", ""),
  "open it with version 11.0": () => streamHeader("localhost", "version='11.0'"),
  "open it in a wrong namespace": () => `<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='urn:example:wrong'>`,
  "open it as a server": () => `<stream:stream to='localhost' version='1.0' xmlns='jabber:server' xmlns:stream='${streams}'>`,
  "send a stanza instead of a header": ({ id }, { partner }) => `<message xmlns='jabber:client' to='${partner}' id='${id}'/>`,
  "send a login instead of a header": (_, { user }) => saslPlain(user),

  "ask for TLS": () => startTls,
  "send no handshake": () => "Good pilgrim, you do wrong your hand too much.",

  "log in": (_, { user }) => saslPlain(user),
  "log in by SCRAM": (_, { user }) => auth("mechanism='SCRAM-SHA-256'", base64(firstMessage(scramOf(user, "secret")))),
  "log in without an initial response": () => auth("mechanism='PLAIN'", ""),
  "log in with a wrong password": (_, { user }) => saslPlain(user, "wrong"),
  "log in as nobody known": () => saslPlain("rosaline"),
  "log in to act for another": (_, { user }) => saslPlain(user, "secret", another),
  "log in by an unknown mechanism": () => auth("mechanism='CRAM-MD5'", ""),
  "log in by no mechanism": (_, { user }) => auth("", base64(`\0${user}\0secret`)),
  "log in with what is no base64": () => auth("mechanism='PLAIN'", "?!"),
  "log in with what is no message": () => auth("mechanism='PLAIN'", base64("secret")),
  "respond": (_, { user, login, challenge }) =>
    response(base64(login === "PLAIN" ? `\0${user}\0secret` : finalMessage(finalParts(scramOf(user, "secret"), challenge).final))),
  "respond wrongly": (_, { user, login, challenge }) =>
    response(base64(login === "PLAIN" ? `\0${user}\0wrong` : finalMessage(finalParts(scramOf(user, "wrong"), challenge).final))),
  "respond with what is no base64": () => response("?!"),
  "respond with what is no message": () => response(base64("secret")),
  "abort": () => `<abort xmlns='${sasl}'/>`,

  "bind a resource": ({ id, resource }) => bindRequest(resource, id),
  "bind any resource": ({ id }) => bindRequest(null, id),
  "bind what is no resource": ({ id }) => bindRequest("x".repeat(1_024), id),
  "bind the resource of a lost session": ({ id, resource }) => bindRequest(resource, id),
  "bind the resource of an attached session": ({ id, resource }) => bindRequest(resource, id),

  "ask the server": ({ id }) => `<iq type='get' id='${id}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`,
  "ask a partner": ({ id }, { partner }) => `<iq type='get' id='${id}' to='${partner.split("/")[0]}'><query xmlns='urn:example:unknown'/></iq>`,
  "write to a partner": ({ id }, { partner }) => `<message to='${partner}' id='${id}' type='chat'><body>${id}</body></message>`,
  "show a partner presence": ({ id }, { partner }) => `<presence to='${partner}' id='${id}'/>`,
  "write to what is no address": ({ id }) => `<message to='@@' id='${id}'><body>${id}</body></message>`,
  "send an iq of no type": ({ id }) => `<iq type='subscribe' id='${id}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`,
  "answer what nobody asked": ({ id }) => `<iq type='result' id='${id}' to='localhost'/>`,

  "send white space": () => " \n",
  "send an unknown element": () => "<unknown xmlns='urn:example:unknown'/>",
  "send an unknown kind of stanza": () => "<pubsub xmlns='jabber:client'/>",
  "send a stanza as a server": ({ id }, { partner }) => `<message xmlns='jabber:server' to='${partner}' id='${id}'/>`,
  "send a stanza with a prefix": ({ id }, { partner }) => `<c:message xmlns:c='jabber:client' to='${partner}' id='${id}'/>`,
  "send broken XML": () => "<1/>",
  "send a comment": () => "<!-- this message has no subject -->",
  "report a stream error": () => "<stream:error><undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
  "end the stream": () => "</stream:stream>",

  "enable": () => `<enable xmlns='${management}'/>`,
  "enable to resume": () => `<enable xmlns='${management}' resume='true'/>`,
  "enable maybe": () => `<enable xmlns='${management}' resume='maybe'/>`,
  "enable for no time": () => `<enable xmlns='${management}' resume='true' max='0'/>`,
  "ask for a count": () => `<r xmlns='${management}'/>`,
  "acknowledge nothing new": ({ h }) => ack(h),
  "acknowledge one more": ({ h }) => ack(h),
  "acknowledge all": ({ h }) => ack(h),
  "acknowledge less than before": ({ h }) => ack(h),
  "acknowledge one too many": ({ h }) => ack(h),
  "begin by acknowledging one too many": ({ h }) => ack(h),
  "acknowledge no number": () => ack("all"),
  "acknowledge without a number": () => `<a xmlns='${management}'/>`,
  "send an unknown element of management": () => `<q xmlns='${management}'/>`,

  "resume a lost session": toSession,
  "resume a lost session, having one more": toSession,
  "resume a lost session, having all": toSession,
  "resume a lost session, having less than before": toSession,
  "resume a lost session, having one too many": toSession,
  "resume an attached session": toSession,
  "resume an attached session, having all": toSession,
  "resume an attached session, having one too many": toSession,
  "resume an ended session": toSession,
  "resume a session of unclear fate": toSession,
  "resume nobody's session": () => resume("nobody", 0),
  "resume another user's session": (_, { foreignId }) => resume(foreignId, 0),
  "log in at once": (_, { user }) => atOnce("", user),
  "log in at once and bind": (_, { user }) => atOnce(`<bind xmlns='${bind2}'/>`, user),
  "log in at once, bind and enable to resume": (_, { user }) => atOnce(`<bind xmlns='${bind2}'><enable xmlns='${management}' resume='true'/></bind>`, user),
  "log in at once by SCRAM": (_, { user }) => authenticate("SCRAM-SHA-256", base64(firstMessage(scramOf(user, "secret")))),
  "log in at once with a wrong password": (_, { user }) => authenticate("PLAIN", plain(user, "wrong"), `<bind xmlns='${bind2}'/>`),
  "log in at once by an unknown mechanism": (_, { user }) => authenticate("CRAM-MD5", plain(user)),
  "respond at once": (_, { user, challenge }) => responseAtOnce(finalMessage(finalParts(scramOf(user, "secret"), challenge).final)),
  "respond at once wrongly": (_, { user, challenge }) => responseAtOnce(finalMessage(finalParts(scramOf(user, "wrong"), challenge).final)),
  "abort at once": () => `<abort xmlns='${sasl2}'/>`,
  "resume at once a lost session": (move, speaker) => atOnce(toSession(move, speaker), speaker.user),
  "resume at once an attached session": (move, speaker) => atOnce(toSession(move, speaker), speaker.user),
  "resume at once nobody's session": (_, { user }) => atOnce(resume("nobody", 0), user),
  "resume at once another user's session": (_, { user, foreignId }) => atOnce(resume(foreignId, 0), user),

  "resume without an id": () => `<resume xmlns='${management}' h='0'/>`,
  "resume without a number": ({ session }, { idOf }) => `<resume xmlns='${management}' previd='${idOf(session)}'/>`,
  "resume with no number": ({ session }, { idOf }) => `<resume xmlns='${management}' previd='${idOf(session)}' h='all'/>`,
};

/** undefined where something is done and nothing is said. */
export function textOf(move: Move, speaker: Speaker): string | undefined {
  return (texts as Readonly<Partial<Record<Action, (move: Move, speaker: Speaker) => string>>>)[move.rule.action]?.(move, speaker);
}
