/** What the tests of blocking in rooms share. */
const blocking = "urn:xmpp:blocking";

export const block = (...jids: readonly string[]): string => command("block", jids);
export const unblock = (...jids: readonly string[]): string => command("unblock", jids);

function command(name: string, jids: readonly string[]): string {
  return `<iq type='set' id='${name}'><${name} xmlns='${blocking}'>${jids.map((jid) => `<item jid='${jid}'/>`).join("")}</${name}></iq>`;
}
