/** How often a client may fail, counted from what happened and not by the session's own counts. */
import { refusedMechanismsMax } from "../../domain/limits.ts";
import { phaseOf } from "./session-phases.ts";
import { asked, type SessionInvariant, type SessionStep } from "./session-rules.ts";
import { says, unlike } from "./unlike.ts";

export const triesAreFew: SessionInvariant = {
  name: "Logins and binds fail as often as the policy lets them, and no oftener: then the stream is closed, and the session has counted right.",
  source: "RFC 6120 sections 6.4.5 and 7.7.3",
  life: () => {
    const counts = { logins: 0, mechanisms: 0, binds: 0 };
    return (step) => {
      const { policy, saslFailures, saslRefusals, bindFailures } = step.after.context;
      const phase = phaseOf(step.after);
      const fault = failureOf(step, counts.mechanisms);
      if (fault !== undefined) counts[fault] += 1;
      const usedUp = (fault === "logins" && counts.logins >= policy.saslTriesMax) || (fault === "binds" && counts.binds >= policy.bindTriesMax);
      if (fault !== undefined && usedUp) {
        const [close] = asked(step, "close.stream");
        return says(phase !== "closing", `${counts[fault]} ${fault} failed, and the stream goes on`) ?? unlike("the condition", close?.condition, "policy-violation");
      }
      if (fault !== undefined && phase === "closing") return `the stream is closed after failed ${fault}: ${counts[fault]}`;
      // Nobody counts once the stream ends.
      if (phase === "closing" || phase === "closed") return undefined;
      return unlike("failed logins", saslFailures, counts.logins) ?? unlike("refused mechanisms", saslRefusals, counts.mechanisms) ?? unlike("failed binds", bindFailures, counts.binds);
    };
  },
};

const outOfPlace: ReadonlySet<string> = new Set(["sasl.continued", "sasl.aborted", "sasl2.continued", "sasl2.aborted"]);

type Count = "logins" | "mechanisms" | "binds";

/** What fails in this step: a login that was refused, given up for another or aborted, or one that never began. */
function failureOf({ before, event }: SessionStep, mechanisms: number): Count | undefined {
  if (before === undefined || event === undefined) return undefined;
  const phase = phaseOf(before);
  if (phase === "authenticated.binding.pending") return event.type === "bind.failed" ? "binds" : undefined;
  if (phase === "negotiating.offering") return outOfPlace.has(event.type) ? "logins" : undefined;
  if (phase !== "negotiating.authenticating" && phase !== "negotiating.signingIn") return undefined;
  if (event.type === (phase === "negotiating.signingIn" ? "sasl2.aborted" : "sasl.aborted")) return "logins";
  if (event.type === "sasl.started" && phase === "negotiating.authenticating") return "logins";
  if (event.type !== "sasl.failed") return undefined;
  // Who takes a mechanism that is not for it has not tried to log in, but not without end.
  return event.condition === "invalid-mechanism" && mechanisms < refusedMechanismsMax ? "mechanisms" : "logins";
}
