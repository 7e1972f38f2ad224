/** Last activity: since when the server runs, and how long ago a user was here. */
import type { Extension, IqReply, SessionlessIqRequest } from "../router/extension.ts";
import { el } from "../xml/stanza.ts";

const xmlns = "jabber:iq:last";

export const lastActivity: Extension = {
  name: "last-activity",
  specification: { id: "XEP-0012", version: "2.0", title: "Last Activity" },
  serverFeatures: [xmlns],
  accountFeatures: [xmlns],
  iq: [
    // XEP-0012 section 5.
    { xmlns, name: "query", types: ["get"], at: ["server"], sessionless: true, handle: ({ house, step }) => answer(house.uptime(step)) },
    { xmlns, name: "query", types: ["get"], at: ["account"], sessionless: true, handle: ofAccount },
  ],
};

/** XEP-0012 section 3. Strangers get the same answer from an account that does not exist. */
function ofAccount({ shared, account, step, house }: SessionlessIqRequest): IqReply {
  if (!shared || account === undefined) return { fault: { condition: "forbidden", text: "" } };
  // A resource that is connected and not available shows itself to nobody.
  if (house.sessions(account.bare).some((session) => session.available)) return answer(0);
  const left = account.meta("left");
  // Who never was here has not left: any number of seconds, even since the account was made, would tell of a visit.
  if (left === undefined) return { fault: { condition: "item-not-found", text: "the user has never been here" } };
  return answer(step.at - left.at, left.status);
}

function answer(milliseconds: number, status = ""): IqReply {
  const seconds = String(Math.floor(Math.max(0, milliseconds) / 1000));
  return { result: el("query", { xmlns, seconds }, status === "" ? undefined : status) };
}
