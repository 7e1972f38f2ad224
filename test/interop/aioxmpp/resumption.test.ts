/** aioxmpp's own stream management against a server that is killed. */
import { describeResumption } from "../python-resumption.ts";
import { aioxmppIsMissing } from "./setting.ts";

describeResumption({
  name: "aioxmpp",
  skipped: aioxmppIsMissing,
  agent: new URL("management-agent.py", import.meta.url),
  begun: ["established"],
  resumed: ["suspended", "resumed"],
  // 0.13 puts what was not acknowledged back one by one at the front of its queue: the last comes first.
  resends: "in reverse",
  // After any stream error it forgets its session.
  survivesShutdown: false,
});
