/**
 * What a client may do in each phase of a stream and what the server has to answer: RFC 6120 as data. Written from the RFC alone. Where it
 * leaves a choice, each of the answers that it allows stands here.
 */
import { breaks, nothing, opensAndBreaks, rulesFor, says, type Outcome, type Phase, type Rule, type Trait } from "./stream-rules.ts";

export const streamActions = {
  "open the stream": {},
  "open it as another": {},
  "open it to an unknown host": {},
  "open it to no host": {},
  "open it to what is no host": {},
  "open it without a version": {},
  "open it with version 11.0": {},
  "open it in a wrong namespace": {},
  "open it as a server": {},
  "send a stanza instead of a header": {},
  "send a login instead of a header": {},

  "ask for TLS": {},
  "shake hands": {},
  "send no handshake": {},

  "log in": {},
  "log in by SCRAM": {},
  "log in without an initial response": {},
  "log in with a wrong password": {},
  "log in as nobody known": {},
  "log in to act for another": {},
  "log in by an unknown mechanism": {},
  "log in by no mechanism": {},
  "log in with what is no base64": {},
  "log in with what is no message": {},
  "respond": {},
  "respond wrongly": {},
  "respond with what is no base64": {},
  "respond with what is no message": {},
  "abort": {},

  "bind a resource": { stanza: true },
  "bind any resource": { stanza: true },
  "bind what is no resource": { stanza: true },
  "bind the resource of a lost session": { stanza: true, needs: ["a lost session"] },
  "bind the resource of an attached session": { stanza: true, needs: ["an attached session"] },

  "ask the server": { stanza: true },
  "ask a partner": { stanza: true },
  "write to a partner": { stanza: true },
  "show a partner presence": { stanza: true },
  "write to what is no address": { stanza: true },
  "send an iq of no type": { stanza: true },
  "answer what nobody asked": { stanza: true },
  "hear from a partner": {},

  "send white space": {},
  "send an unknown element": {},
  "send an unknown kind of stanza": {},
  "send a stanza as a server": {},
  "send a stanza with a prefix": {},
  "send broken XML": {},
  "send a comment": {},
  "report a stream error": {},
  "end the stream": {},
  "close the connection": {},
  "vanish": {},
} as const satisfies Readonly<Record<string, Trait>>;
export type StreamAction = keyof typeof streamActions;

const { onward, aside, misuse } = rulesFor<StreamAction>();

const opening = ["opening", "opening over TLS"] as const;
const notOpen = [...opening, "authenticated"] as const;
const offered = ["offered", "offered over TLS", "offered over TLS as another"] as const;
const authenticating = ["authenticating", "authenticating over TLS"] as const;
const negotiating = [...offered, "TLS required", ...authenticating] as const;
const bound = ["bound", "counting", "resumable"] as const;
const known = ["restarted", ...bound] as const;
const open = [...negotiating, ...known] as const;

/** RFC 6120 section 6.4.5: at least 2 retries, at most 5; then the stream is closed, with or after the last failure. */
export const fails = (...conditions: readonly string[]): readonly Outcome[] => [
  ...conditions.map((condition) => says(`failure ${condition}`, "back", { until: 6 })),
  ...["policy-violation", "not-authorized"].flatMap((closing) =>
    conditions.map((condition) => says([`failure ${condition}`, `stream error ${closing}`, "end", "gone"], "closed", { from: 3 }))),
  ...tooOften,
];
const tooOften = breaks("policy-violation", "not-authorized").map((outcome) => ({ ...outcome, from: 3 }));

/** An attempt that fails, wherever one can be made: also in place of the one under way (RFC 6120 section 6.4.2). */
const attempt = (action: StreamAction | readonly StreamAction[], source: string, ...conditions: readonly string[]): readonly Rule<StreamAction>[] => [
  ...aside([...offered, ...authenticating], action, source, fails(...conditions)),
  ...aside("TLS required", action, "RFC 6120 section 6.5.4", fails("encryption-required", "invalid-mechanism", "mechanism-too-weak", ...conditions)),
];

/** RFC 6120 section 7.7.3: at least 5 retries, at most 10. */
const refusesToBind = (condition: string): readonly Outcome[] => [
  says(`iq error ${condition} {id}`, "same", { until: 11 }),
  says([`iq error ${condition} {id}`, "stream error policy-violation", "end", "gone"], "closed", { from: 6 }),
];

/** RFC 6120 section 7.7.2.2: one of three. The one that gives way has a stream error, where it still has a stream. */
const conflicts = (other: readonly string[]): readonly Outcome[] => [
  says("bound {id} as {resource}", "bound", { takes: "its resource", other }),
  says("bound {id} as one made here", "bound"),
  ...refusesToBind("conflict"),
];

/** RFC 6120 section 5.4.2.2: what was not offered cannot be negotiated, and that is the end of the stream. */
const refusesTls = says(["tls failure", "end"], "closing", { leaves: "unclear" });

const anything = [says("failure *"), ...breaks("*")];

const features: Readonly<Partial<Record<Phase, Outcome["answer"]>>> = {
  "opening": ["header", "features mechanisms starttls"], "opening over TLS": ["header", "features mechanisms"], "authenticated": ["header", "features bind sm"],
};

export const streamRules: readonly Rule<StreamAction>[] = [
  // Opening (RFC 6120 sections 4.2, 4.3 and 4.7).
  ...onward("opening", "open the stream", "RFC 6120 section 4.3.2", says(features["opening"]!, "offered"), says(["header", "features starttls"], "TLS required")),
  ...onward("opening over TLS", "open the stream", "RFC 6120 section 5.4.3.3", says(features["opening over TLS"]!, "offered over TLS")),
  ...onward("authenticated", "open the stream", "RFC 6120 section 7.4", says(features["authenticated"]!, "restarted")),
  ...aside("opening", "open it as another", "RFC 6120 section 4.7.2",
    says(["header to {another}", "features mechanisms starttls"], "offered"), says(["header to {another}", "features starttls"], "TLS required")),
  ...aside("opening over TLS", "open it as another", "RFC 6120 section 4.7.2", says(["header to {another}", "features mechanisms"], "offered over TLS as another")),
  ...misuse("authenticated", "open it as another", "RFC 6120 section 4.9.3.9",
    opensAndBreaks("header to {another}", "invalid-from", "not-authorized"), says(["header to {another}", "features bind sm"], "restarted")),
  ...misuse(opening, "open it to an unknown host", "RFC 6120 section 4.9.3.6", opensAndBreaks("header", "host-unknown")),
  ...misuse("authenticated", "open it to an unknown host", "RFC 6120 section 4.9.3.6", opensAndBreaks("header", "host-unknown", "not-authorized")),
  ...misuse(opening, "open it to no host", "RFC 6120 section 4.7.2", opensAndBreaks("header", "host-unknown", "improper-addressing")),
  ...misuse("authenticated", "open it to no host", "RFC 6120 section 4.7.2", opensAndBreaks("header", "host-unknown", "improper-addressing", "not-authorized")),
  ...misuse(opening, "open it to what is no host", "RFC 6120 section 4.9.3.7", opensAndBreaks("header", "improper-addressing", "host-unknown")),
  ...misuse("authenticated", "open it to what is no host", "RFC 6120 section 4.9.3.7", opensAndBreaks("header", "improper-addressing", "host-unknown", "not-authorized")),
  ...misuse(notOpen, "open it without a version", "RFC 6120 section 4.7.5", opensAndBreaks("header without version", "unsupported-version")),
  ...notOpen.flatMap((phase) => misuse(phase, "open it with version 11.0", "RFC 6120 section 4.9.3.25",
    opensAndBreaks("header", "unsupported-version"), says(features[phase]!, phase === "opening" ? "offered" : phase === "authenticated" ? "restarted" : "offered over TLS"))),
  ...misuse(notOpen, "open it in a wrong namespace", "RFC 6120 section 4.9.3.10", opensAndBreaks("header", "invalid-namespace", "bad-format")),
  ...misuse(notOpen, "open it as a server", "RFC 6120 section 4.9.3.10", opensAndBreaks("header", "invalid-namespace", "bad-format")),
  ...misuse(notOpen, ["send a stanza instead of a header", "send a login instead of a header"], "RFC 6120 section 4.9.3.12",
    opensAndBreaks("header", "invalid-namespace", "bad-format", "not-authorized", "not-well-formed")),
  ...misuse(notOpen, ["send broken XML", "end the stream"], "RFC 6120 section 11.3", opensAndBreaks("header", "not-well-formed", "bad-format")),
  ...misuse(notOpen, "send a comment", "RFC 6120 section 11.1", opensAndBreaks("header", "restricted-xml", "bad-format")),
  ...misuse(open, "open the stream", "RFC 6120 section 4.9.3.1", breaks("*")),

  // TLS (RFC 6120 section 5).
  ...onward("TLS required", "ask for TLS", "RFC 6120 section 5.4.2.3", says("proceed", "securing")),
  ...aside("offered", "ask for TLS", "RFC 6120 section 5.4.2.3", says("proceed", "securing")),
  ...misuse("authenticating", "ask for TLS", "RFC 6120 section 5.4.2.1", says("proceed", "securing"), refusesTls),
  ...misuse(["offered over TLS", "offered over TLS as another", "authenticating over TLS", ...known], "ask for TLS", "RFC 6120 section 5.4.2.2", refusesTls),
  ...onward("securing", "shake hands", "RFC 6120 section 5.4.3.3", says([], "opening over TLS")),
  ...misuse("securing", "send no handshake", "RFC 6120 section 5.4.3.2", says("gone", "closed")),

  // SASL (RFC 6120 section 6).
  ...onward(["offered", "offered over TLS"], "log in", "RFC 6120 section 6.4.6", says("success", "authenticated")),
  ...misuse("offered over TLS as another", "log in", "RFC 6120 section 6.4.6", breaks("invalid-from", "not-authorized"), says("success", "authenticated")),
  ...onward("offered", ["log in by SCRAM", "log in without an initial response"], "RFC 6120 section 6.4.3", says("challenge", "authenticating")),
  ...onward("offered over TLS", ["log in by SCRAM", "log in without an initial response"], "RFC 6120 section 6.4.3", says("challenge", "authenticating over TLS")),
  // RFC 6120 section 6.4.2: the exchange under way is given up for it; what is given up can count as an attempt.
  ...misuse(authenticating, "log in", "RFC 6120 section 6.4.2", says("success", "authenticated"), tooOften),
  ...misuse(authenticating, ["log in by SCRAM", "log in without an initial response"], "RFC 6120 section 6.4.2", says("challenge"), tooOften),
  ...aside("TLS required", ["log in", "log in by SCRAM", "log in without an initial response"], "RFC 6120 section 6.5.4",
    fails("encryption-required", "invalid-mechanism", "mechanism-too-weak")),
  ...attempt(["log in with a wrong password", "log in as nobody known"], "RFC 6120 section 6.5.10", "not-authorized"),
  ...attempt("log in to act for another", "RFC 6120 section 6.5.6", "invalid-authzid"),
  ...attempt(["log in by an unknown mechanism", "log in by no mechanism"], "RFC 6120 section 6.5.7", "invalid-mechanism"),
  ...attempt("log in with what is no base64", "RFC 6120 section 6.5.5", "incorrect-encoding"),
  ...attempt("log in with what is no message", "RFC 6120 section 6.5.8", "malformed-request"),
  ...onward(authenticating, "respond", "RFC 6120 section 6.4.6", says("success", "authenticated")),
  ...aside(authenticating, "respond wrongly", "RFC 6120 section 6.5.10", fails("not-authorized")),
  ...aside(authenticating, "respond with what is no base64", "RFC 6120 section 6.5.5", fails("incorrect-encoding")),
  ...aside(authenticating, "respond with what is no message", "RFC 6120 section 6.5.8", fails("malformed-request")),
  ...aside(authenticating, "abort", "RFC 6120 section 6.4.4", fails("aborted")),
  ...misuse([...offered, "TLS required"], "abort", "RFC 6120 section 6.4.4", fails("aborted")),
  ...misuse([...offered, "TLS required"], "respond with what is no message", "RFC 6120 section 6.5.8", fails("malformed-request", "not-authorized"), breaks("*")),
  ...misuse(known, ["log in", "log in with a wrong password", "respond with what is no message", "abort"], "RFC 6120 section 4.9.3.12", anything),

  // Binding (RFC 6120 section 7).
  ...onward("restarted", "bind a resource", "RFC 6120 section 7.7.1", says("bound {id} as {resource}", "bound"), says("bound {id} as one made here", "bound")),
  ...onward("restarted", "bind any resource", "RFC 6120 section 7.6.1", says("bound {id} as one made here", "bound")),
  ...aside("restarted", "bind what is no resource", "RFC 6120 section 7.7.2.1", refusesToBind("bad-request"), says("bound {id} as one made here", "bound")),
  ...aside("restarted", "bind the resource of an attached session", "RFC 6120 section 7.7.2.2", conflicts(["stream error conflict", "end", "gone"])),
  ...aside("restarted", "bind the resource of a lost session", "RFC 6120 section 7.7.2.2", conflicts([])),
  ...misuse(negotiating, ["bind a resource", "bind any resource"], "RFC 6120 section 4.9.3.12", breaks("not-authorized")),
  ...misuse(bound, ["bind a resource", "bind any resource"], "RFC 6120 section 7.6.2.2", says("iq error not-allowed {id}")),

  // Stanzas (RFC 6120 sections 7.1, 8 and 10).
  ...misuse(negotiating, ["ask the server", "write to a partner", "show a partner presence"], "RFC 6120 section 4.9.3.12", breaks("not-authorized")),
  ...misuse("restarted", "ask the server", "RFC 6120 section 7.1", says("iq result {id}"), says("iq error * {id}"), breaks("not-authorized")),
  ...misuse("restarted", ["ask a partner", "write to a partner", "show a partner presence"], "RFC 6120 section 7.1", breaks("not-authorized")),
  ...onward(["counting", "resumable"], "ask the server", "RFC 6120 section 8.2.3", says("iq result {id}")),
  ...onward(["counting", "resumable"], ["write to a partner", "show a partner presence"], "RFC 6120 section 10.5.4", nothing),
  ...onward(["counting", "resumable"], "hear from a partner", "RFC 6120 section 10.5.4", says("message {id}")),
  ...aside("bound", "ask the server", "RFC 6120 section 8.2.3", says("iq result {id}")),
  ...aside("bound", ["write to a partner", "show a partner presence"], "RFC 6120 section 10.5.4", nothing),
  ...aside("bound", "hear from a partner", "RFC 6120 section 10.5.4", says("message {id}")),
  ...aside(bound, "ask a partner", "RFC 6120 section 8.2.3", says("iq error service-unavailable {id}")),
  ...aside(bound, "answer what nobody asked", "RFC 6120 section 8.2.3", nothing),
  ...misuse(bound, "write to what is no address", "RFC 6120 section 8.3.3.8", says("message error jid-malformed {id}")),
  ...misuse(bound, "send an iq of no type", "RFC 6120 section 8.2.3", says("iq error bad-request {id}")),

  // What is no stanza, and the end, at any time (RFC 6120 sections 4.4, 4.6, 4.8, 4.9 and 11).
  ...aside(open, "send white space", "RFC 6120 section 4.6.1", nothing),
  ...misuse(negotiating, ["send an unknown element", "send an unknown kind of stanza"], "RFC 6120 section 4.9.3.24", breaks("unsupported-stanza-type", "not-authorized")),
  ...misuse(known, ["send an unknown element", "send an unknown kind of stanza"], "RFC 6120 section 4.9.3.24", breaks("unsupported-stanza-type")),
  ...misuse(open, "send a stanza as a server", "RFC 6120 section 4.8.3", breaks("invalid-namespace")),
  ...misuse(negotiating, "send a stanza with a prefix", "RFC 6120 section 4.8.5", breaks("bad-namespace-prefix", "not-authorized"), nothing),
  ...misuse(known, "send a stanza with a prefix", "RFC 6120 section 4.8.5", breaks("bad-namespace-prefix"), nothing),
  ...misuse(open, "send broken XML", "RFC 6120 section 11.3", breaks("not-well-formed", "bad-format")),
  ...misuse(open, "send a comment", "RFC 6120 section 11.1", breaks("restricted-xml", "bad-format")),
  ...aside(open, "report a stream error", "RFC 6120 section 4.9.1.1", says(["end", "gone"], "closed", { leaves: "unclear" })),
  ...aside(open, "end the stream", "RFC 6120 section 4.4", says(["end", "gone"], "closed", { leaves: "over" })),
  ...onward("closing", "end the stream", "RFC 6120 section 4.4", says("gone", "closed")),
  ...misuse("closing", "ask the server", "RFC 6120 section 4.4", nothing),
  ...aside([...notOpen, ...negotiating, "securing", "restarted", "bound", "counting", "closing"], "close the connection", "RFC 6120 section 4.4",
    says("gone", "closed", { leaves: "over" })),
  ...aside([...notOpen, ...negotiating, "securing", "restarted", "bound", "counting", "closing"], "vanish", "RFC 6120 section 4.4",
    says([], "closed", { leaves: "over" })),
];
