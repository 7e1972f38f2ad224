/** Counts the messages that each session sends, tells its client when it asks, and greets who comes online. */
import { clientNamespace, defineExtension, el, sessionState } from "refrain/extension";

const name = "message-count";
const xmlns = "urn:example:message-count";

// Recorded with the session: a client that resumes after a crash finds its count as it was.
const count = sessionState({
  initial: 0,
  read: (recorded) => (typeof recorded === "number" ? recorded : undefined),
});

export default defineExtension({
  name,
  specification: { id: xmlns, title: "Message count" },
  serverFeatures: [xmlns],
  sessionState: count,

  // <iq type='get' to='localhost'><count xmlns='urn:example:message-count'/></iq>
  iq: [{
    xmlns, name: "count", types: ["get"], at: ["server"],
    handle: ({ session }) => ({ result: el("count", { xmlns }, String(count.of(session))) }),
  }],

  phases: {
    stamp({ step, stanza, sender }) {
      if (stanza.kind === "message" && sender !== undefined) count.set(step, sender, count.of(sender) + 1);
      return undefined; // It passes.
    },
  },

  presenceChanged({ step, session, change, house }) {
    if (!change.initial) return;
    const { full, domain, local } = session.jid;
    const greeting = `Welcome to ${house.software.name}, ${local}.`;
    session.deliver(step, el("message", { xmlns: clientNamespace, from: domain, to: full, type: "headline" }, el("body", {}, greeting)));
  },
});
