/** Addresses: as somebody may write them, with what they mean. */
import fc from "fast-check";
import { parseJid } from "../../domain/jid.ts";
import { domainText, localText, resourceText } from "./jid-parts.ts";

/** An address as somebody wrote it, with the parts that it means. */
export interface GeneratedJid {
  /** As it may be written: capitals, full width, A-labels and a dot at the end among it. */
  readonly text: string;
  /** Prepared (RFC 7622 section 3), as two servers compare them. */
  readonly local: string | undefined;
  readonly domain: string;
  readonly resource: string | undefined;
  /** `local@domain`, or the domain alone. */
  readonly bare: string;
  /** `bare/resource`, or `bare` if there is no resource. */
  readonly full: string;
}

/** Which addresses `jid` makes. */
export interface JidOptions {
  /** Whether there is a localpart. Default: mostly. */
  readonly local?: boolean;
  /** Whether there is a resourcepart. Default: in half of them. */
  readonly resource?: boolean;
  /** This domain and no other. */
  readonly domain?: string;
  /** Nothing beyond ASCII. Default: false. */
  readonly ascii?: boolean;
}

/** JIDs that conform to RFC 7622 section 3, in many scripts and up to the longest. Shrinks to `romeo@example.org`, or less of it. */
export function jid({ local, resource, domain, ascii = false }: JidOptions = {}): fc.Arbitrary<GeneratedJid> {
  return fc
    .tuple(
      optional(localText(ascii), local, 4),
      domain === undefined ? domainText(ascii) : fc.constant(domain),
      optional(resourceText(ascii), resource, 1),
    )
    .map(([local, domain, resource]) => prepared(`${local === undefined ? "" : `${local}@`}${domain}${resource === undefined ? "" : `/${resource}`}`));
}

function optional(part: fc.Arbitrary<string>, wanted: boolean | undefined, often: number): fc.Arbitrary<string | undefined> {
  if (wanted === undefined) return fc.oneof({ weight: 1, arbitrary: fc.constant(undefined) }, { weight: often, arbitrary: part });
  return wanted ? part : fc.constant(undefined);
}

function prepared(text: string): GeneratedJid {
  const jid = parseJid(text);
  if (jid === undefined) throw new Error(`jid(): expected an address that RFC 7622 allows, got ${JSON.stringify(text)}; give another domain`);
  const { local, domain, resource, bare, full } = jid;
  return { text, local, domain, resource, bare, full };
}
