/**
 * Client state: while nobody looks at a client, notifications that only tell the latest of something wait, and of that the latest alone;
 * chat states without a message are left out. Any other stanza on its way to the client follows what waits, so what is told of one node
 * stays in its order. No other entity hears of it (section 6).
 */
import type { Extension, SessionResumed } from "../router/extension.ts";
import type { Passage, Verdict } from "../router/phases.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import { el } from "../xml/stanza.ts";
import { Held, subjectOf } from "./xep-0352-held.ts";

const xmlns = "urn:xmpp:csi:0";
const name = "client-state";

export const clientState: Extension = {
  name,
  specification: { id: "XEP-0352", version: "1.0.0", title: "Client State Indication" },
  // Section 4.1.
  streamFeature: ({ stage }) => (stage === "authenticated" ? el("csi", { xmlns }) : undefined),
  elements: [
    { xmlns, names: ["inactive"], handle: ({ step, session }) => deactivate(step, session) },
    { xmlns, names: ["active"], handle: ({ step, session }) => activate(step, session) },
  ],
  phases: { hold },
  sessionResumed,
};

/** Of sessions whose clients have said in this process that they are inactive. */
const inactive = new WeakMap<Session, Held>();

/** Section 4.2. */
function deactivate(step: Step, session: Session): void {
  if (inactive.has(session)) return;
  inactive.set(session, new Held());
  step.ifDiscarded(() => inactive.delete(session));
  session.tell(step, { type: "extension.changed", at: step.at, name, value: { active: false } });
}

function activate(step: Step, session: Session): void {
  const held = inactive.get(session);
  if (held !== undefined) {
    flush(step, session, held);
    inactive.delete(session);
    step.ifDiscarded(() => inactive.set(session, held));
  }
  const state = session.extensions[name] as { readonly active?: boolean } | undefined;
  if (state?.active === false) session.tell(step, { type: "extension.changed", at: step.at, name, value: { active: true } });
}

/** The queue of a session without a link takes everything: it is on the disk, and nobody is woken. */
function hold({ step, stanza, recipient }: Passage): Verdict {
  const held = recipient === undefined ? undefined : inactive.get(recipient);
  if (recipient === undefined || held === undefined) return undefined;
  const subject = recipient.hibernating ? undefined : subjectOf(stanza.element);
  if (subject?.kind === "chat state") return { stop: true, why: "a chat state for an inactive client" };
  if (subject !== undefined && held.add(step, subject, stanza.element)) return { stop: true, why: "it waits for an inactive client" };
  flush(step, recipient, held);
  return undefined;
}

function flush(step: Step, session: Session, held: Held): void {
  for (const element of held.take(step)) session.deliver(step, element, { copy: true, why: "it waited for an inactive client" });
}

/** Section 5.2: it is active, over whatever link and in whatever process. */
function sessionResumed({ step, session }: SessionResumed): void {
  activate(step, session);
}
