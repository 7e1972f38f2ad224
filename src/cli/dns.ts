import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { connectAdmin } from "../admin/connect.ts";
import type { ConfigFlags } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { recordsOf, zoneText, type RecordsOptions } from "../discovery/dns-records.ts";
import { prepareDomain } from "../domain/jid.ts";
import { liveClock } from "../live.ts";
import { load, withFolderOptions } from "./options.ts";
import { OperatorError, print, UsageError, warn } from "./terminal.ts";

interface DnsFlags extends ConfigFlags {
  readonly host?: string;
  readonly target?: string;
  readonly tlsa?: boolean;
  readonly json?: boolean;
}

export function addDns(program: Command): void {
  withFolderOptions(program.command("dns").description("print the DNS records by which clients find the hosts, ready to be pasted"))
    .option("--host <HOST>", "of this host alone (default: of all)")
    .option("--target <NAME>", "the name of this machine, which has its addresses in the DNS (default: the host itself)")
    .option("--tlsa", "with the keys of the certificates (DANE), for zones with DNSSEC")
    .option("--json", "one object, with the warnings")
    .addHelpText(
      "after",
      `
Records are those of the running server, or where none runs, of the configuration. What nobody from elsewhere could use yet is commented out, and
what is in the way is said on standard error. Nothing is asked of the DNS.

Exit status: 0 printed, whatever was warned of, 1 failed, 2 called wrongly.

Examples:
  refrain dns --target xmpp.example.org
  refrain dns --host example.org --tlsa --json`,
    )
    .action(async ({ host, target, tlsa = false, json = false, ...flags }: DnsFlags) => {
      const { config, ports } = await asItIs(load(flags).config);
      const hosts = host === undefined ? config.hosts : config.hosts.filter(({ domain }) => domain === prepareDomain(host));
      if (hosts.length === 0) throw new UsageError(`--host ${host}: no such host is served; there are ${config.hosts.map(({ domain }) => domain).join(", ")}`);
      if (target !== undefined && prepareDomain(target) === undefined) throw new UsageError(`--target ${target}: expected a domain name such as xmpp.example.org`);
      const all = hosts.map((each) => {
        const keyHash = tlsa ? keyHashOf(each) : undefined;
        const found = recordsOf(each.domain, { config, ports, ...(target === undefined ? {} : { target }), ...(keyHash === undefined ? {} : { keyHash }) });
        const untold = tlsa && keyHash === undefined ? [`hosts: ${each.domain} has no certificate of its own, so that there is no key to tell of; set certificate and key`] : [];
        return { ...found, warnings: [...found.warnings, ...untold] };
      });
      if (json) return print(JSON.stringify({ hosts: all }, null, 2));
      print(all.map(zoneText).join("\n\n"));
      for (const text of new Set(all.flatMap(({ warnings }) => warnings))) warn(text);
    });
}

/** What the server has that runs on the data folder, ports that it was given by the system included. */
async function asItIs(config: Config): Promise<Pick<RecordsOptions, "config" | "ports">> {
  const client = await connectAdmin(config.dataDir, liveClock);
  if (client === undefined) return { config, ports: { c2s: config.listen.c2s.port, c2sTls: config.listen.c2sTls.port, http: config.listen.http.port } };
  try {
    const [running, { listeners }] = await Promise.all([client.config(), client.status()]);
    const portOf = (name: string) => listeners.find((listener) => listener.name === name)?.port ?? 0;
    return { config: running, ports: { c2s: portOf("c2s"), c2sTls: portOf("c2sTls"), http: portOf("http") } };
  } finally {
    client.close();
  }
}

/** RFC 6698 sections 2.1.2 and 2.1.3: SubjectPublicKeyInfo, SHA-256. */
function keyHashOf({ domain, certificate }: Config["hosts"][number]): string | undefined {
  if (certificate === undefined) return undefined;
  try {
    const { publicKey } = new X509Certificate(readFileSync(certificate));
    return createHash("sha256").update(publicKey.export({ type: "spki", format: "der" })).digest("hex");
  } catch (error) {
    throw new OperatorError(`hosts: the certificate of ${domain}, ${certificate}, cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
