/** Namespaces in XML 1.0: which prefix means what, where. */
import { notWellFormed } from "./faults.ts";
import type { StreamFault } from "./link.ts";

export const NS_XML = "http://www.w3.org/XML/1998/namespace";
export const NS_XMLNS = "http://www.w3.org/2000/xmlns/";
export const NS_STREAMS = "http://etherx.jabber.org/streams";
export const NS_CLIENT = "jabber:client";
export const NS_SERVER = "jabber:server";

/** The prefixes in scope. Looking one up costs the same however many are declared. */
export class PrefixScope {
  private readonly bindings = new Map<string, string>([["xml", NS_XML]]);
  /** What each declaration in scope hid, innermost last. */
  private readonly hidden: { readonly prefix: string; readonly namespace: string | undefined }[] = [];

  /** undefined if nothing declares `prefix`. */
  lookup(prefix: string): string | undefined {
    return this.bindings.get(prefix);
  }

  declare(prefix: string, namespace: string): void {
    this.hidden.push({ prefix, namespace: this.bindings.get(prefix) });
    this.bindings.set(prefix, namespace);
  }

  /** Takes back the last `count` declarations. */
  leave(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      const { prefix, namespace } = this.hidden.pop()!;
      if (namespace === undefined) this.bindings.delete(prefix);
      else this.bindings.set(prefix, namespace);
    }
  }

  clear(): void {
    this.leave(this.hidden.length);
  }
}

/**
 * What is wrong with declaring `namespace` for `prefix`, "" being the default (Namespaces in XML 1.0 sections 3 and 5).
 */
export function declarationFault(prefix: string, namespace: string): StreamFault | undefined {
  if (prefix === "xmlns") return notWellFormed("the prefix xmlns cannot be declared");
  if ((prefix === "xml") !== (namespace === NS_XML)) {
    return notWellFormed("the prefix xml and its namespace belong together");
  }
  if (namespace === NS_XMLNS) return notWellFormed("the namespace of xmlns cannot be declared");
  if (namespace === "" && prefix !== "") return notWellFormed(`the prefix ${prefix} cannot be undeclared`);
  // A namespace name is a URI reference (section 2.2), which holds no white space. Some parsers trim it and some do
  // not: were it let through, two of them would disagree about what an element is.
  if (/\s/.test(namespace)) return notWellFormed("a namespace name holds no white space");
  return undefined;
}
