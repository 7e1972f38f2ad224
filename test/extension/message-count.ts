/** What the documented example does, seen by a client of whichever server it was added to. */
import { expect } from "vitest";
import { bodies, chat, ManagedClient } from "../management/support.ts";
import type { ServerAddress } from "../support/login.ts";
import { childOf, textOf } from "../support/xml-reader.ts";

export const exampleFile = new URL("examples/message-count.js", import.meta.url);

/** Plays with Romeo, whose password is `secret`. `crash` ends the server without a word and starts it again; it returns where. */
export async function playMessageCount(server: ServerAddress, crash: () => Promise<ServerAddress>): Promise<void> {
  const romeo = await ManagedClient.login(server, { user: "romeo", resource: "orchard" });
  const other = await ManagedClient.login(server, { user: "romeo", resource: "balcony" });
  await romeo.enable();
  expect(bodies(await romeo.ask("<presence/>"))).toEqual(["Welcome to refrain, romeo."]);
  // Its presence changes, and it does not come online.
  expect(bodies(await romeo.ask("<presence><show>away</show></presence>"))).toEqual([]);
  expect(await countOf(romeo)).toBe("0");
  for (const body of ["one", "two"]) await romeo.ask(chat(other.jid, body));
  expect([await countOf(romeo), await countOf(other)]).toEqual(["2", "0"]);

  const again = await crash();
  romeo.cut();
  other.cut();
  await romeo.resume({ at: again });
  expect(await countOf(romeo)).toBe("2");
  await romeo.ask(chat("romeo@localhost/balcony", "three"));
  expect(await countOf(romeo)).toBe("3");
  romeo.cut();
}

/** Of that session, as the extension tells it. */
async function countOf(client: ManagedClient): Promise<string> {
  const answers = await client.ask("<iq type='get' id='count' to='localhost'><count xmlns='urn:example:message-count'/></iq>");
  return textOf(childOf(answers.find(({ attrs }) => attrs["id"] === "count"), "count"));
}
