/** slixmpp's own stream management (its plugin xep_0198) against a server that is killed. */
import { describeResumption } from "../python-resumption.ts";
import { slixmppIsMissing } from "./setting.ts";

describeResumption({
  name: "slixmpp",
  skipped: slixmppIsMissing,
  agent: new URL("management-agent.py", import.meta.url),
  begun: ["session_start", "sm_enabled"],
  resumed: ["session_resumed"],
  // 1.8 empties its queue before it asks for resumption; what is not yet sent it keeps elsewhere.
  resends: "nothing",
  survivesShutdown: true,
});
