/** An archived message of the portable format (XEP-0227 section 4.11): a result as XEP-0313 section 4.2 has it. */
import { parseDateTime } from "../../domain/date-time.ts";
import { delayNamespace } from "../../xml/delay.ts";
import type { Element } from "../../xml/element.ts";
import { serialise } from "../../xml/serialise.ts";
import { clientNamespace, el } from "../../xml/stanza.ts";
import type { ArchiveEntry } from "../api.ts";
import { forwardNamespace, mamNamespace, pieNamespace } from "./xep-0227-write.ts";

/** What it says, or what is wrong with it. */
export function readResult(result: Element): Omit<ArchiveEntry, "line"> | string {
  if (result.name !== "result" || result.getNS() !== mamNamespace) {
    return `expected the element result in ${mamNamespace}, got ${result.name} in ${result.getNS() || "no namespace"}`;
  }
  const forwarded = result.getChild("forwarded", forwardNamespace);
  if (forwarded === undefined) return `expected the element forwarded in ${forwardNamespace} in it`;
  const stamp = forwarded.getChild("delay", delayNamespace)?.attrs["stamp"] as string | undefined;
  const at = stamp === undefined ? undefined : parseDateTime(stamp);
  if (at === undefined) return `expected a delay with a stamp such as 2010-07-10T23:08:25Z, got ${JSON.stringify(stamp ?? null)}`;
  const message = forwarded.getChild("message", clientNamespace) ?? outOfPlace(forwarded);
  if (message === undefined) return `expected the element message in ${clientNamespace} in it`;
  const id = result.attrs["id"] as string | undefined;
  return { ...(id === undefined ? {} : { told: id }), at: Math.floor(at), stanza: serialise(message) };
}

/** COMPAT(Prosody, 0.12): stanzas without a namespace of their own are in that of the file, as requests are. */
function outOfPlace(forwarded: Element): Element | undefined {
  const found = [forwardNamespace, pieNamespace].flatMap((xmlns) => forwarded.getChild("message", xmlns) ?? [])[0];
  return found && el("message", { ...found.attrs, xmlns: clientNamespace }, ...found.children);
}
