/** The XML declaration (RFC 6120 section 11.5; XML 1.0 production XMLDecl). */
import { notWellFormed, unsupportedEncoding } from "./faults.ts";
import type { StreamFault } from "./link.ts";

/** What is wrong with the declaration whose text between "<?" and "?>" is `text`. */
export function xmlDeclarationFault(text: string): StreamFault | undefined {
  const match = declaration.exec(text);
  if (match === null) return notWellFormed("malformed XML declaration");
  const encoding = match[1] ?? match[2];
  if (encoding !== undefined && encoding.toLowerCase() !== "utf-8") {
    // RFC 6120 section 11.6: all and only UTF-8.
    return unsupportedEncoding(`the encoding is ${encoding.slice(0, 40)}, expected UTF-8`);
  }
  // A standalone declaration has no meaning here and is ignored (RFC 6120 section 11.5). Any version 1.x is read as XML 1.0,
  // as the fifth edition of XML 1.0 has it.
  return undefined;
}

const declaration = new RegExp(
  "^xml[ \\t\\r\\n]+version[ \\t\\r\\n]*=[ \\t\\r\\n]*(?:'1\\.[0-9]+'|\"1\\.[0-9]+\")" +
    "(?:[ \\t\\r\\n]+encoding[ \\t\\r\\n]*=[ \\t\\r\\n]*(?:'([A-Za-z][\\w.-]*)'|\"([A-Za-z][\\w.-]*)\"))?" +
    "(?:[ \\t\\r\\n]+standalone[ \\t\\r\\n]*=[ \\t\\r\\n]*(?:'(?:yes|no)'|\"(?:yes|no)\"))?[ \\t\\r\\n]*$",
);
