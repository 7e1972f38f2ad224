/** The XML declaration (RFC 6120 section 11.5; XML 1.0 production XMLDecl), and what else may begin with "<?". */
import { APOSTROPHE, byteClasses, EQUAL, GREATER, NAME, QUESTION, QUOTE, SPACE } from "./characters.ts";
import { notWellFormed, restrictedXml, unsupportedEncoding } from "./faults.ts";
import type { StreamFault } from "./link.ts";

/** Reads one declaration byte by byte, beginning after "<?". */
export class DeclarationReader {
  private text = "";

  /** true when the declaration is complete, false when it goes on. `allowed`: this is the very start of a stream. */
  feed(byte: number, allowed: boolean): boolean | StreamFault {
    const at = this.text.length;
    const isSpace = (byteClasses[byte]! & SPACE) !== 0;
    if (at < 3 ? byte !== "xml".charCodeAt(at) : at === 3 && !isSpace && byte !== QUESTION) {
      // RFC 6120 section 11.1.
      return restrictedXml("a processing instruction");
    }
    if (at === 3 && !allowed) return notWellFormed("an XML declaration that is not at the start of the stream");
    if (this.text.endsWith("?")) return byte === GREATER ? this.finish() : malformed;
    const isName = (byteClasses[byte]! & NAME) !== 0;
    if (!isName && !isSpace && !punctuation.has(byte)) return malformed;
    this.text += String.fromCharCode(byte);
    return false;
  }

  reset(): void {
    this.text = "";
  }

  private finish(): boolean | StreamFault {
    const match = declaration.exec(this.text);
    this.reset();
    if (match === null) return malformed;
    const encoding = match[1] ?? match[2];
    if (encoding !== undefined && encoding.toLowerCase() !== "utf-8") {
      // RFC 6120 section 11.6: all and only UTF-8.
      return unsupportedEncoding(`the encoding is ${encoding.slice(0, 40)}, expected UTF-8`);
    }
    // A standalone declaration has no meaning here and is ignored (RFC 6120 section 11.5). Any version 1.x is read as
    // XML 1.0, as the fifth edition of XML 1.0 has it.
    return true;
  }
}

const punctuation: ReadonlySet<number> = new Set([EQUAL, QUOTE, APOSTROPHE, QUESTION]);
const malformed = notWellFormed("malformed XML declaration");

const declaration = new RegExp(
  "^xml[ \\t\\r\\n]+version[ \\t\\r\\n]*=[ \\t\\r\\n]*(?:'1\\.[0-9]+'|\"1\\.[0-9]+\")" +
    "(?:[ \\t\\r\\n]+encoding[ \\t\\r\\n]*=[ \\t\\r\\n]*(?:'([A-Za-z][\\w.-]*)'|\"([A-Za-z][\\w.-]*)\"))?" +
    "(?:[ \\t\\r\\n]+standalone[ \\t\\r\\n]*=[ \\t\\r\\n]*(?:'(?:yes|no)'|\"(?:yes|no)\"))?[ \\t\\r\\n]*\\?$",
);
