/** A motto for each account: its user sets it, and everybody who sees the user's presence may read it. */
import { defineExtension, el } from "refrain/extension";

const name = "motto";
const xmlns = "urn:example:motto";
const mottoCharsMax = 200;

export default defineExtension({
  name,
  specification: { id: xmlns, title: "Mottos" },
  accountFeatures: [xmlns],

  // At an account: the server answers on its behalf. A request without `to` is to the sender's own.
  iq: [
    // <iq type='get' to='romeo@localhost'><motto xmlns='urn:example:motto'/></iq>
    { xmlns, name: "motto", types: ["get"], at: ["account"], handle: read },
    // <iq type='set'><motto xmlns='urn:example:motto'>Tempt not a desperate man.</motto></iq>
    { xmlns, name: "motto", types: ["set"], at: ["account"], handle: write },
  ],
});

// From the disk, so it is a promise.
async function read({ account, shared, house }) {
  // To a stranger it is as if there were no such account.
  if (account === undefined || !shared) return refused("service-unavailable", "");
  const text = await house.data.get(account, name, "text");
  return text === undefined ? refused("item-not-found", "no motto is set") : { result: el("motto", { xmlns }, text) };
}

function write({ step, own, account, payload, house }) {
  if (!own || account === undefined) return refused("forbidden", "a motto is its user's");
  const text = payload.getText().trim();
  if (text.length > mottoCharsMax) return refused("not-acceptable", `a motto has at most ${mottoCharsMax} characters`);
  house.data.set(step, account, name, "text", text === "" ? null : text);
  return { result: undefined };
}

/** <error type='auth'><forbidden/><text>…</text></error>: the type is the condition's own. */
function refused(condition, text) {
  return { fault: { condition, text } };
}
