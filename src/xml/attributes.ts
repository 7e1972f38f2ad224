/** The attributes of a start tag, from as sent to canonical. */
import type { Element } from "./element.ts";
import { notWellFormed } from "./faults.ts";
import type { StreamFault } from "./link.ts";
import { DEFAULT_DECLARATION, type Name, PLAIN, PREFIX_DECLARATION, PREFIXED, PROTO, XML_PREFIXED } from "./names.ts";
import type { PrefixScope } from "./namespaces.ts";
import type { Tag } from "./tag.ts";

/**
 * Gives `element` the attributes of `tag`: plain and xml:* ones by name, prefixed ones with the declaration of their
 * prefix beside them. All declarations of the tag must be in scope; they do not become attributes themselves.
 */
export function setAttributes(element: Element, tag: Tag, scope: PrefixScope): StreamFault | undefined {
  const { attrs } = element;
  for (let index = 0; index < tag.count; index += 1) {
    const name = tag.names[index]!;
    switch (name.kind) {
      case PLAIN:
      case XML_PREFIXED:
        attrs[name.qualified] = tag.values[index]!;
        break;
      case PREFIXED: {
        const namespace = scope.lookup(name.prefix);
        if (namespace === undefined) return undeclaredPrefix(name);
        attrs[`xmlns:${name.prefix}`] = namespace;
        attrs[name.qualified] = tag.values[index]!;
        break;
      }
      case PROTO:
        Object.defineProperty(attrs, name.qualified, {
          value: tag.values[index]!, enumerable: true, configurable: true, writable: true,
        });
        break;
      case DEFAULT_DECLARATION:
      case PREFIX_DECLARATION:
        break;
    }
  }
  return undefined;
}

/** Characters of the namespace names that stand beside the prefixed attributes of `tag`. */
export function prefixedNamespaceChars(tag: Tag, scope: PrefixScope): number {
  let chars = 0;
  for (let index = 0; index < tag.count; index += 1) {
    const { kind, prefix } = tag.names[index]!;
    if (kind === PREFIXED) chars += scope.lookup(prefix)?.length ?? 0;
  }
  return chars;
}

/** No name twice (XML 1.0 section 3.1), nor one expanded name by two prefixes (Namespaces in XML 1.0 section 6.3). */
export function duplicateFault(tag: Tag, scope: PrefixScope): StreamFault | undefined {
  const { names, count } = tag;
  if (count > PAIRWISE_MAX) return duplicateInSet(tag, scope);
  for (let one = 1; one < count; one += 1) {
    const name = names[one]!;
    for (let other = 0; other < one; other += 1) {
      if (same(name, names[other]!, scope)) return duplicate(name);
    }
  }
  return undefined;
}

export const undeclaredPrefix = (name: Name): StreamFault =>
  notWellFormed(`the prefix ${name.prefix.slice(0, 40)} is not declared`);

/** Up to here comparing each with each costs less than a set. */
const PAIRWISE_MAX = 12;

function same(one: Name, other: Name, scope: PrefixScope): boolean {
  if (one.qualified === other.qualified) return true;
  if (one.kind !== PREFIXED || other.kind !== PREFIXED || one.local !== other.local) return false;
  const namespace = scope.lookup(one.prefix);
  return namespace !== undefined && namespace === scope.lookup(other.prefix);
}

function duplicateInSet(tag: Tag, scope: PrefixScope): StreamFault | undefined {
  const seen = new Set<string>();
  for (let index = 0; index < tag.count; index += 1) {
    const name = tag.names[index]!;
    const namespace = name.kind === PREFIXED ? scope.lookup(name.prefix) : undefined;
    // No name holds a space, so the two forms cannot meet.
    const expanded = namespace === undefined ? name.qualified : `${namespace} ${name.local}`;
    if (seen.has(expanded)) return duplicate(name);
    seen.add(expanded);
  }
  return undefined;
}

const duplicate = (name: Name) => notWellFormed(`the attribute ${name.qualified.slice(0, 40)} is given twice`);
