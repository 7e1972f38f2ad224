import { sessionMachineVersion } from "../../../machines/session.ts";
import { number } from "../text.ts";
import { lifecycle, machineEvents } from "./states.ts";

/** `live`: sessions that live; null where nothing does. */
export function Machines({ live }: { readonly live: number | null }) {
  return (
    <dl class="machines">
      <div>
        <dt><code>session</code></dt>
        <dd>
          version {sessionMachineVersion}: {lifecycle.filter(({ isRegion }) => !isRegion).length} states, {machineEvents} events; one actor for each
          session{live !== null && <>, <strong>{number(live)}</strong> now</>}
        </dd>
      </div>
      <div>
        <dt><code>subscription</code></dt>
        <dd>
          between a user and each contact: decided by its table, without an actor (RFC 6121 appendix A)
        </dd>
      </div>
    </dl>
  );
}
