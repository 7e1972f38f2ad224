/** The XML elements of this server: ltx's, which this room alone imports. */
import { Element } from "ltx";

export { Element };

/**
 * An element in no namespace (`xmlns=""`). ltx takes the empty declaration for none and would say that the element is
 * in its parent's namespace; two readings of one stanza are how stanzas get smuggled.
 */
export class UnqualifiedElement extends Element {
  override findNS(prefix?: string): string | undefined {
    return prefix === undefined || prefix === "" ? "" : super.findNS(prefix);
  }
}
