/** What this server implements, from the declarations of its extensions and of its core: a table for people, and a file for programs. */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Specification } from "../src/router/extension.ts";
import { inCore } from "../src/xep/core.ts";
import { extensions } from "../src/xep/index.ts";
import { table } from "./markdown.ts";
import { playsOf } from "./plays.ts";

/** Each specification once, by its kind and number. Throws if two declarations of one differ in title or version. */
export function declared(all: readonly Specification[] = [...extensions.map(({ specification }) => specification), ...inCore]): readonly Specification[] {
  const byId = new Map<string, Specification>();
  for (const specification of all) {
    const other = byId.get(specification.id);
    byId.set(specification.id, other === undefined ? specification : merged(other, specification));
  }
  return [...byId.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** What one of several extensions for it has may be missing from another; what nobody has is missing. */
function merged(a: Specification, b: Specification): Specification {
  if (a.title !== b.title || a.version !== b.version) throw new Error(`${a.id} is declared twice, as ${titleOf(a)} and as ${titleOf(b)}`);
  const missing = [...new Set([...(a.missing ?? []), ...(b.missing ?? [])])];
  return missing.length === 0 ? a : { ...a, missing };
}

function titleOf({ title, version }: Specification): string {
  return version === undefined ? title : `${title} ${version}`;
}

/** `root`: the project's folder. */
export function specificationsPage(root: string): string {
  const all = declared();
  const plays = playsOf(root);
  const shown = ({ id }: Specification): string => (plays.get(id) ?? []).map((path) => `[${basename(path, ".play")}](../${path})`).join(", ");
  return [
    "<!-- Generated from src/xep/ by `npm run diagrams`: change the declarations, not this page. -->",
    "# What is implemented",
    "Each extension in [src/xep](../src/xep) declares the specification that it implements and the version of it that was read; what the server's core implements is in " +
      "[core.ts](../src/xep/core.ts). *Complete* is one of which all is there that a server has to do; of the others it is said what is missing, and why. " +
      "*Shown in* are conversations between clients and the server, in plain text, that the tests perform. " +
      "The same for programs: [refrain.doap](refrain.doap) (XEP-0453). An operator can [add extensions](extending.md).",
    "## XMPP Extension Protocols",
    table(
      ["XEP", "Title", "Version", "Shown in", "Complete"],
      all.filter(isXep).map((each) => [link(each), each.title, each.version ?? "", shown(each), completeness(each)]),
    ),
    "## RFCs",
    table(["RFC", "Title", "Shown in", "Complete"], all.filter((each) => !isXep(each)).map((each) => [link(each), each.title, shown(each), completeness(each)])),
    "",
  ].join("\n\n").replace(/\n+$/, "\n");
}

function completeness({ missing }: Specification): string {
  return missing === undefined ? "yes" : missing.join(" ");
}

function link(specification: Specification): string {
  return `[${numberOf(specification)}](${addressOf(specification)})`;
}

/** XEP-0453 section 4. `root`: the project's folder. */
export function doapFile(root: string): string {
  const { name, description } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly name: string; readonly description: string };
  const [xeps, rfcs] = [declared().filter(isXep), declared().filter((each) => !isXep(each))];
  return `<?xml version='1.0' encoding='UTF-8'?>
<!-- Generated from src/xep/ by \`npm run diagrams\`: change the declarations, not this file. -->
<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'
         xmlns='http://usefulinc.com/ns/doap#'
         xmlns:xmpp='https://linkmauve.fr/ns/xmpp-doap#'>
  <Project>
    <name>${name}</name>
    <shortdesc xml:lang='en'>${escaped(description)}</shortdesc>
    <license rdf:resource='https://spdx.org/licenses/MIT'/>
    <programming-language>TypeScript</programming-language>
    <os>Linux</os>
    <category rdf:resource='https://linkmauve.fr/ns/xmpp-doap#category-server'/>
${rfcs.map((rfc) => `    <implements rdf:resource='${addressOf(rfc)}'/>\n`).join("")}${xeps.map(supported).join("")}  </Project>
</rdf:RDF>
`;
}

/** XEP-0453 section 4.2. */
function supported(xep: Specification): string {
  const { version, missing } = xep;
  return `    <implements>
      <xmpp:SupportedXep>
        <xmpp:xep rdf:resource='${addressOf(xep)}'/>
        <xmpp:status>${missing === undefined ? "complete" : "partial"}</xmpp:status>
        <xmpp:version>${escaped(version ?? "")}</xmpp:version>
${missing === undefined ? "" : `        <xmpp:note xml:lang='en'>${escaped(missing.join(" "))}</xmpp:note>\n`}      </xmpp:SupportedXep>
    </implements>
`;
}

function isXep({ id }: Specification): boolean {
  return id.startsWith("XEP-");
}

function numberOf({ id }: Specification): string {
  return id.slice(4);
}

function addressOf(specification: Specification): string {
  const number = numberOf(specification);
  return isXep(specification) ? `https://xmpp.org/extensions/xep-${number}.html` : `https://www.rfc-editor.org/info/rfc${number}`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
