/** The same for logins that say at once what is to follow: XEP-0388, XEP-0386 and section 9 of XEP-0198 as data, written from them alone. */
import type { ManagementAction } from "./management-legality.ts";
import { fails, type StreamAction } from "./stream-legality.ts";
import { breaks, rulesFor, says, type Outcome, type Rule, type Trait } from "./stream-rules.ts";

export const inlineActions = {
  "log in at once": {},
  "log in at once and bind": {},
  "log in at once, bind and enable to resume": {},
  "log in at once by SCRAM": {},
  "log in at once with a wrong password": {},
  "log in at once by an unknown mechanism": {},
  "respond at once": {},
  "respond at once wrongly": {},
  "abort at once": {},
  "resume at once a lost session": { claims: "acknowledged", needs: ["a lost session"] },
  "resume at once an attached session": { claims: "acknowledged", needs: ["an attached resumable session"] },
  "resume at once nobody's session": {},
  "resume at once another user's session": {},
} as const satisfies Readonly<Record<string, Trait>>;
export type InlineAction = keyof typeof inlineActions;

const { onward, aside, misuse } = rulesFor<StreamAction | ManagementAction | InlineAction>();

const offered = ["offered over TLS", "offered over TLS as another"] as const;
const known = ["restarted", "bound", "counting", "resumable"] as const;

/** XEP-0388 section 2.6.1: the features follow in the same stream. */
const succeeds = says(["success", "features bind sm"], "restarted");
/** XEP-0198 section 9.2.1: that it failed is told with the success. */
const resumesNothing = says(["success failed item-not-found", "features bind sm"], "restarted");
/** XEP-0198 section 9.2: no features follow. */
const resumes = (other: readonly string[]): Outcome =>
  says(["success resumed {session} h={handled}", "{unacknowledged}"], "resumable", { takes: "its session", other });

export const inlineRules: readonly Rule<StreamAction | ManagementAction | InlineAction>[] = [
  ...onward("offered over TLS", "log in at once", "XEP-0388 section 2.6.1", succeeds),
  ...onward("offered over TLS", "log in at once and bind", "XEP-0386 section 3.2", says(["success bound as one made here", "features sm"], "bound")),
  ...onward("offered over TLS", "log in at once, bind and enable to resume", "XEP-0198 section 9.1",
    says(["success enabled resumable, bound as one made here", "features"], "resumable")),
  ...onward("offered over TLS", "log in at once by SCRAM", "XEP-0388 section 2.5", says("challenge", "signing in")),
  ...onward("offered over TLS", "resume at once a lost session", "XEP-0198 section 9.2", resumes([])),
  ...aside("offered over TLS", "resume at once an attached session", "XEP-0198 section 9.2", resumes(["stream error conflict", "end", "gone"])),
  ...aside("offered over TLS", ["resume at once nobody's session", "resume at once another user's session"], "XEP-0198 section 9.2.1", resumesNothing),
  ...aside(offered, "log in at once with a wrong password", "XEP-0388 section 2.6.2", fails("not-authorized")),
  ...aside(offered, "log in at once by an unknown mechanism", "XEP-0388 section 2.3", fails("invalid-mechanism")),
  ...misuse("offered over TLS as another", "log in at once", "XEP-0388 section 2.3", fails("invalid-authzid", "not-authorized")),
  // Section 3: only after TLS.
  ...misuse("TLS required", "log in at once", "XEP-0388 section 3", fails("encryption-required", "invalid-mechanism", "mechanism-too-weak"), breaks("*")),

  ...onward("signing in", "respond at once", "XEP-0388 section 2.6.1", succeeds),
  ...aside("signing in", "respond at once wrongly", "XEP-0388 section 2.6.2", fails("not-authorized")),
  ...aside("signing in", "abort at once", "XEP-0388 section 4.5", fails("aborted")),
  ...misuse(offered, "abort at once", "XEP-0388 section 4.5", fails("aborted"), breaks("*")),
  // Section 2.4: whatever else comes is the end.
  ...misuse("signing in", [
    "log in", "abort", "respond with what is no message", "log in at once", "bind a resource", "ask the server", "write to a partner", "enable", "ask for a count",
    "resume nobody's session", "send white space", "send an unknown element", "send broken XML",
  ], "XEP-0388 section 2.4", breaks("*")),
  ...aside("signing in", ["close the connection"], "RFC 6120 section 4.4", says("gone", "closed", { leaves: "over" })),
  ...aside("signing in", "vanish", "RFC 6120 section 4.4", says([], "closed", { leaves: "over" })),
  ...misuse("authenticating over TLS", ["log in at once", "abort at once"], "RFC 6120 section 4.9.3.12", breaks("*")),
  ...misuse(known, "log in at once", "XEP-0388 section 4.8", breaks("*")),
];
