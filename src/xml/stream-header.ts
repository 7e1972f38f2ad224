/** The root element of a stream (RFC 6120 sections 4.7 and 4.8). */
import { badFormat, badNamespacePrefix, invalidNamespace } from "./faults.ts";
import type { StreamFault, StreamHeader } from "./link.ts";
import { NS_STREAMS } from "./namespaces.ts";
import type { Tag } from "./tag.ts";

/** What is wrong with a root element of this name, whose declarations are namespace-well-formed. `content`: the namespace of what the stream carries. */
export function streamHeaderFault(
  prefix: string, local: string, namespace: string, defaultNamespace: string, content: string,
): StreamFault | undefined {
  // RFC 6120 section 4.8.1.
  if (namespace !== NS_STREAMS) return invalidNamespace(`the stream namespace is ${NS_STREAMS}`);
  if (local !== "stream") return badFormat("the root element of a stream is called stream");
  // Prefix-free canonicalization, which declares no content namespace (RFC 6120 section 4.8.2).
  if (prefix === "") return undefined;
  // RFC 6120 section 4.8.5 allows any other prefix to be refused, and section 4.9.3.2 shows it.
  if (prefix !== "stream") return badNamespacePrefix("the prefix of the stream namespace is stream");
  // A content namespace may be left out (RFC 6120 section 4.8.2); one that is declared is ours (section 4.8.3).
  if (defaultNamespace !== "" && defaultNamespace !== content) {
    return invalidNamespace(`the content namespace is ${content}`);
  }
  return undefined;
}

/** The stream attributes (RFC 6120 section 4.7), unchecked; others mean nothing. */
export function streamHeader(tag: Tag): StreamHeader {
  return {
    to: attribute(tag, "to"),
    from: attribute(tag, "from"),
    id: attribute(tag, "id"),
    version: attribute(tag, "version"),
    lang: attribute(tag, "xml:lang"),
  };
}

function attribute(tag: Tag, qualified: string): string | undefined {
  const index = tag.names.findIndex((name, index) => index < tag.count && name.qualified === qualified);
  return index === -1 ? undefined : tag.values[index];
}
