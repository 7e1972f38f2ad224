/** The message of the day, as it was left. */
import { serverStream } from "../domain/facts.ts";
import { motdType, type MessageOfTheDaySet } from "../domain/motd.ts";
import type { Store } from "../ports.ts";

/** undefined if there is none. */
export async function readMotd(store: Store): Promise<{ readonly id: string; readonly text: string } | undefined> {
  let found: MessageOfTheDaySet | undefined;
  for (let after = 0; ; ) {
    const facts = await store.read(serverStream, after, pageFacts);
    found = (facts.findLast(({ type }) => type === motdType)?.data as MessageOfTheDaySet | undefined) ?? found;
    const last = facts.at(-1);
    if (last === undefined || facts.length < pageFacts) break;
    after = last.version;
  }
  return found === undefined || found.id === null || found.text === null ? undefined : { id: found.id, text: found.text };
}

const pageFacts = 1_000;
