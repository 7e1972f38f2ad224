/**
 * From tags and text to first-level elements in canonical form: no element has a prefix, xmlns is where the namespace
 * changes. Whatever the content namespace of the stream is, its elements come out in `jabber:client`.
 */
import type { XmlLimits } from "../domain/limits.ts";
import { duplicateFault, prefixedNamespaceChars, setAttributes, undeclaredPrefix } from "./attributes.ts";
import { Element, UnqualifiedElement } from "./element.ts";
import { badFormat, badNamespacePrefix, invalidNamespace, notWellFormed, policyViolation, stanzaTooLarge } from "./faults.ts";
import type { StreamFault, StreamHeader } from "./link.ts";
import { DEFAULT_DECLARATION, type Name, PREFIX_DECLARATION } from "./names.ts";
import { declarationFault, NS_CLIENT, NS_SERVER, NS_STREAMS, PrefixScope } from "./namespaces.ts";
import { streamHeader, streamHeaderFault } from "./stream-header.ts";
import type { Tag } from "./tag.ts";

/** Mutable throughout: it is the hot path of the server. */
export class StreamTree {
  /** -1 before the stream header, 0 between first-level elements, 1 within one, and so on. */
  depth = -1;
  /** Set by the tag that opens the stream. */
  header: StreamHeader | undefined = undefined;
  /** The first-level element completed last, until it is taken. */
  completed: Element | undefined = undefined;
  private readonly scope = new PrefixScope();
  private readonly content: string;
  private defaultNamespace = "";
  /** Prefixes that the tag being opened declares. */
  private declared = 0;
  private frame: Frame | undefined = undefined;
  /** Elements of the first-level element so far. */
  private elements = 0;
  /** Characters of the namespace names that its canonical form spells out. */
  private namespaceChars = 0;

  /** `content`: the content namespace (RFC 6120 section 4.8.2). */
  constructor(content: string) {
    this.content = content;
  }

  /** The name that the next end tag must bear. */
  get openName(): Name {
    return this.frame!.name;
  }

  /** A start tag is complete; `empty` if it is its own end tag, which for the stream header is left to `close`. */
  open(tag: Tag, empty: boolean, limits: XmlLimits): StreamFault | undefined {
    const name = tag.name!;
    const outerDefault = this.defaultNamespace;
    this.declared = 0;
    let fault = tag.count === 0 ? undefined : this.declare(tag);
    if (fault !== undefined) return fault;
    if (name.prefix === "xmlns") return notWellFormed("no element has the prefix xmlns");
    const declared = name.prefix === "" ? this.defaultNamespace : this.scope.lookup(name.prefix);
    if (declared === undefined) return undeclaredPrefix(name);
    const namespace = declared === this.content ? NS_CLIENT : declared;
    const element = new (namespace === "" ? UnqualifiedElement : Element)(name.local);
    fault = this.depth === -1
      ? this.openStream(element, tag, namespace)
      : this.openElement(element, tag, namespace, limits);
    if (fault !== undefined) return fault;
    this.frame = { name, element, namespace, outerDefault, declared: this.declared, parent: this.frame };
    this.depth += 1;
    if (empty && this.depth > 0) this.close();
    return undefined;
  }

  /** The end tag that belongs to `openName` is complete. */
  close(): void {
    const { element, declared, outerDefault, parent } = this.frame!;
    if (declared > 0) this.scope.leave(declared);
    this.defaultNamespace = outerDefault;
    this.frame = parent;
    this.depth -= 1;
    if (this.depth === 0) this.completed = element;
  }

  text(text: string): void {
    this.frame!.element.children.push(text);
  }

  restart(): void {
    this.depth = -1;
    this.header = undefined;
    this.completed = undefined;
    this.frame = undefined;
    this.defaultNamespace = "";
    this.scope.clear();
  }

  private declare(tag: Tag): StreamFault | undefined {
    for (let index = 0; index < tag.count; index += 1) {
      const { kind, local } = tag.names[index]!;
      if (kind !== DEFAULT_DECLARATION && kind !== PREFIX_DECLARATION) continue;
      const namespace = tag.values[index]!;
      const prefix = kind === DEFAULT_DECLARATION ? "" : local;
      const fault = declarationFault(prefix, namespace);
      if (fault !== undefined) return fault;
      if (kind === DEFAULT_DECLARATION) {
        this.defaultNamespace = namespace;
      } else {
        this.scope.declare(prefix, namespace);
        this.declared += 1;
      }
    }
    return tag.count > 1 ? duplicateFault(tag, this.scope) : undefined;
  }

  private openStream(root: Element, tag: Tag, namespace: string): StreamFault | undefined {
    // The root is never handed out: its attributes are set so that what is wrong with them is found.
    const fault = setAttributes(root, tag, this.scope)
      ?? streamHeaderFault(tag.name!.prefix, root.name, namespace, this.defaultNamespace, this.content);
    if (fault === undefined) this.header = streamHeader(tag);
    return fault;
  }

  private openElement(element: Element, tag: Tag, namespace: string, limits: XmlLimits): StreamFault | undefined {
    const parent = this.frame!;
    if (this.depth === 0) this.elements = this.namespaceChars = 0;
    this.elements += 1;
    if (this.elements > limits.elementsMax) {
      return policyViolation(`more than ${limits.elementsMax} elements in one stanza (elementsMax)`, "elementsMax");
    }
    if (this.depth >= limits.depthMax) {
      return policyViolation(`elements nested more than ${limits.depthMax} deep (depthMax)`, "depthMax");
    }
    const fault = elementFault(tag.name!, namespace, this.depth === 0);
    if (fault !== undefined) return fault;
    if (this.depth === 0 || namespace !== parent.namespace) {
      element.attrs["xmlns"] = namespace;
      this.namespaceChars += namespace.length;
    }
    // A prefix is declared once and a few bytes wherever it is used; the name that it stands for is written each time.
    if (tag.count > 0) this.namespaceChars += prefixedNamespaceChars(tag, this.scope);
    if (this.namespaceChars > limits.stanzaBytesMax) {
      return stanzaTooLarge(limits, " without its prefixes");
    }
    if (this.depth > 0) {
      element.parent = parent.element;
      parent.element.children.push(element);
    }
    return tag.count === 0 ? undefined : setAttributes(element, tag, this.scope);
  }
}

interface Frame {
  /** As sent, for the end tag. */
  readonly name: Name;
  readonly element: Element;
  readonly namespace: string;
  /** The default namespace around the element. */
  readonly outerDefault: string;
  /** How many prefixes the element declares. */
  readonly declared: number;
  readonly parent: Frame | undefined;
}

/** Elements that are namespace-well-formed and yet have no place in a stream. */
function elementFault(name: Name, namespace: string, firstLevel: boolean): StreamFault | undefined {
  if (name.prefix !== "") {
    // RFC 6120 section 4.8.5.
    if (namespace === NS_CLIENT) return badNamespacePrefix(`elements in the content namespace have no prefix`);
    // Without its prefix such an element could not be written.
    if (name.prefix === "xml") return badNamespacePrefix("elements with the prefix xml are not supported");
  }
  if (!firstLevel) return undefined;
  // RFC 6120 section 4.8.3: a content namespace that is not supported on this stream; and none at all qualifies no
  // content.
  if (namespace === NS_SERVER || namespace === "") {
    return invalidNamespace(`first-level elements in ${namespace === "" ? "no namespace" : namespace}`);
  }
  if (namespace === NS_STREAMS && name.local === "stream") return badFormat("a stream header within an open stream");
  return undefined;
}
