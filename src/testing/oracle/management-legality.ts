/** The same for stream management: XEP-0198 as data, written from it alone. */
import { breaks, nothing, rulesFor, says, type Outcome, type Rule, type Trait } from "./stream-rules.ts";
import type { StreamAction } from "./stream-legality.ts";

export const managementActions = {
  "enable": {},
  "enable to resume": {},
  "enable maybe": {},
  "enable for no time": {},
  "ask for a count": {},
  "acknowledge nothing new": { claims: "acknowledged" },
  "acknowledge one more": { claims: "acknowledged+1", needs: ["two unacknowledged"] },
  "acknowledge all": { claims: "sent", needs: ["something unacknowledged"] },
  "acknowledge less than before": { claims: "acknowledged-1", needs: ["something acknowledged"] },
  "acknowledge one too many": { claims: "sent+1", needs: ["an acknowledgement before"] },
  "begin by acknowledging one too many": { claims: "sent+1", needs: ["no acknowledgement yet"] },
  "acknowledge no number": {},
  "acknowledge without a number": {},
  "send an unknown element of management": {},

  "resume a lost session": { claims: "acknowledged", needs: ["a lost session"] },
  "resume a lost session, having one more": { claims: "acknowledged+1", needs: ["a lost session", "two unacknowledged"] },
  "resume a lost session, having all": { claims: "sent", needs: ["a lost session", "something unacknowledged"] },
  "resume a lost session, having less than before": { claims: "acknowledged-1", needs: ["a lost session", "something acknowledged"] },
  "resume a lost session, having one too many": { claims: "sent+1", needs: ["a lost session"] },
  "resume an attached session": { claims: "acknowledged", needs: ["an attached resumable session"] },
  "resume an attached session, having all": { claims: "sent", needs: ["an attached resumable session", "something unacknowledged"] },
  "resume an attached session, having one too many": { claims: "sent+1", needs: ["an attached resumable session"] },
  "resume an ended session": { claims: "acknowledged", needs: ["an ended session"] },
  "resume a session of unclear fate": { claims: "acknowledged", needs: ["a session of unclear fate"] },
  "resume nobody's session": {},
  "resume another user's session": {},
  "resume without an id": {},
  "resume without a number": {},
  "resume with no number": {},
  "let the time pass": { needs: ["no stream in negotiation"] },
} as const satisfies Readonly<Record<string, Trait>>;
export type ManagementAction = keyof typeof managementActions;

const { onward, aside, misuse } = rulesFor<StreamAction | ManagementAction>();

const mayLogIn = ["offered", "offered over TLS", "offered over TLS as another", "authenticating", "authenticating over TLS"] as const;
const negotiating = [...mayLogIn, "TLS required"] as const;
const unbound = [...negotiating, "restarted"] as const;
const counting = ["counting", "resumable"] as const;
const bound = ["bound", ...counting] as const;

/** Section 6: `<failed/>` has to be the answer; whoever goes on like that may meet the end of the stream. */
const failed: readonly Outcome[] = [
  says("failed *"),
  says(["failed *", "stream error *", "end", "gone"], "closed", { leaves: "unclear", from: 5 }),
  ...breaks("policy-violation").map((outcome) => ({ ...outcome, from: 5 })),
];
/** Section 5: the session is not known, or not to this user. */
const unknown: readonly Outcome[] = [
  says("failed item-not-found"), ...failed.slice(1),
];
/** Section 5: how far it had come may be told, once it has ended. */
const ended: readonly Outcome[] = [...unknown, says("failed item-not-found h={handled}")];
/** Section 6: the client has more than it was sent. */
const tooHigh = says(["stream error undefined-condition handled-count-too-high h={h} send-count={sent}", "end", "gone"], "closed", { leaves: "unclear" });
/** XEP-0198 says nothing of it, but that most errors can be mended and that misuse may end the stream (section 6). */
const unspecified: readonly Outcome[] = [nothing, says("failed *"), ...breaks("*")];

/** Section 5: the count, and again what is not acknowledged; the stream that it had until now is closed with conflict. */
const resumes = (other: readonly string[]): Outcome =>
  says(["resumed {session} h={handled}", "{unacknowledged}"], "resumable", { takes: "its session", other });
const conflict = ["stream error conflict", "end", "gone"];

export const managementRules: readonly Rule<StreamAction | ManagementAction>[] = [
  // Section 3: after binding, and once.
  ...misuse(unbound, ["enable", "enable to resume"], "XEP-0198 section 3", says("failed unexpected-request")),
  ...aside("bound", "enable", "XEP-0198 section 3", says("enabled", "counting")),
  ...onward("bound", "enable to resume", "XEP-0198 section 5", says("enabled resumable", "resumable")),
  ...misuse("bound", ["enable maybe", "enable for no time"], "XEP-0198 section 6", says("failed *")),
  ...misuse(counting, ["enable", "enable to resume"], "XEP-0198 section 3",
    breaks("*"), says(["failed unexpected-request", "stream error *", "end", "gone"], "closed", { leaves: "unclear" })),

  // Section 4.
  ...misuse([...unbound, "bound"], ["ask for a count", "acknowledge no number"], "XEP-0198 section 4", unspecified),
  ...onward(counting, "ask for a count", "XEP-0198 section 4", says("a h={handled}")),
  ...onward(counting, ["acknowledge one more", "acknowledge all"], "XEP-0198 section 4", nothing),
  ...aside(counting, ["acknowledge nothing new", "acknowledge less than before"], "XEP-0198 section 4", nothing),
  ...misuse(counting, "acknowledge one too many", "XEP-0198 section 6", tooHigh),
  // Section 6 says SHOULD: a client that has begun to count too early may be told so by another question.
  ...misuse(counting, "begin by acknowledging one too many", "XEP-0198 section 6", tooHigh, nothing),
  ...misuse(counting, ["acknowledge no number", "acknowledge without a number"], "XEP-0198 section 4", says("failed *"), breaks("*")),
  ...misuse([...unbound, ...bound], "send an unknown element of management", "RFC 6120 section 4.9.3.24", says("failed *"), breaks("unsupported-stanza-type")),

  // Section 5: after authentication, in place of binding.
  ...misuse(negotiating, "resume nobody's session", "XEP-0198 section 5", failed),
  ...misuse(mayLogIn, "resume a lost session", "XEP-0198 section 5", failed),
  ...onward("restarted", ["resume a lost session", "resume a lost session, having one more", "resume a lost session, having all"], "XEP-0198 section 5", resumes([])),
  ...aside("restarted", "resume a lost session, having less than before", "XEP-0198 section 5", resumes([])),
  ...misuse("restarted", ["resume a lost session, having one too many", "resume an attached session, having one too many"], "XEP-0198 section 6", tooHigh, failed),
  ...aside("restarted", ["resume an attached session", "resume an attached session, having all"], "XEP-0198 section 5", resumes(conflict)),
  ...aside("restarted", "resume an ended session", "XEP-0198 section 5", ended),
  ...aside("restarted", "resume a session of unclear fate", "XEP-0198 section 7", ended, resumes([])),
  ...misuse("restarted", ["resume nobody's session", "resume another user's session"], "XEP-0198 section 5", unknown),
  ...misuse("restarted", ["resume without an id", "resume without a number", "resume with no number"], "XEP-0198 section 6", failed),
  ...misuse(bound, ["resume a lost session", "resume nobody's session"], "XEP-0198 section 6", failed),

  // Section 7, and section 5: a session without a stream goes on for a time.
  ...aside("resumable", "close the connection", "XEP-0198 section 7", says("gone", "closed", { leaves: "lost" })),
  ...onward("resumable", "vanish", "XEP-0198 section 7", says([], "closed", { leaves: "lost" })),
  ...onward("lost", "hear from a partner", "XEP-0198 section 4", says([], "lost", { queues: ["message {id}"] })),
  ...aside("lost", "let the time pass", "XEP-0198 section 4", says([], "closed", { leaves: "over" })),
];
