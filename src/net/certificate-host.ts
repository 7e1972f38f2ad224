/** One host's certificate over time: where it comes from, when it is read again, what the operator is told of it. */
import { domainToASCII } from "node:url";
import type { Clock, Log } from "../ports.ts";
import { pairSignature, readPair, type PairFiles, type ServerCertificate } from "./certificate-pair.ts";
import { memoryPair, storedFiles, storedPair } from "./self-signed.ts";

export interface CertificateHost {
  readonly domain: string;
  /** Path of the chain in PEM, the host's own certificate first. Without it and `key` a self-signed one is made. */
  readonly certificate?: string;
  /** Path of the key in PEM. */
  readonly key?: string;
}

export interface ServedHost {
  /** In ASCII form. */
  readonly domain: string;
  readonly files: PairFiles | undefined;
  readonly configured: boolean;
  current: ServerCertificate;
  /** Of the files as they were last read. */
  readSignature: string;
  /** Of the files as they were last looked at. */
  seenSignature: string;
  /** The last threshold of expiry that was warned of. */
  warnedDays: number;
}

export interface HostOptions {
  readonly dataDir?: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Throws an Error that names the host, the file and the fix. */
export async function openHost(host: CertificateHost, { dataDir, clock, log }: HostOptions): Promise<ServedHost> {
  const domain = asciiDomain(host.domain);
  if (!/^[a-z0-9_[][a-z0-9_:.\]-]*$/.test(domain) || /[/\\?#]/.test(host.domain)) {
    throw new Error(`hosts: "${host.domain}" is no domain name; write it like example.org`);
  }
  const configured = configuredFiles(host);
  const files = configured ?? (dataDir === undefined ? undefined : storedFiles(dataDir, domain));
  const source = { domain, files, configured: configured !== undefined };
  const signature = await signatureOf(files);
  const served: ServedHost = {
    ...source,
    current: await load(source, clock.now(), log),
    readSignature: signature,
    seenSignature: signature,
    warnedDays: Number.POSITIVE_INFINITY,
  };
  report(served, clock.now(), log);
  return served;
}

/** Reads the files again if they have changed and then rested since the last look, so that nothing half copied is read. */
export async function refresh(host: ServedHost, now: number, log: Log): Promise<void> {
  const signature = await signatureOf(host.files);
  const rested = signature === host.seenSignature;
  host.seenSignature = signature;
  const changed = rested && signature !== host.readSignature;
  const expired = isDevelopment(host) && host.current.validUntil <= now;
  if (changed || expired) await replace(host, now, log);
  else warnOfExpiry(host, now, log);
}

/** Reads the files again. What is refused is logged and answered, and the former certificate stays. */
export async function replace(host: ServedHost, now: number, log: Log): Promise<readonly string[]> {
  const former = host.current;
  // Before reading: what changes meanwhile is noticed at the next look.
  host.readSignature = await signatureOf(host.files);
  try {
    host.current = await load(host, now, log);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    log.error({ event: "certificate.refused", host: host.domain }, `${problem}; the former certificate stays in use`);
    return [problem];
  }
  if (former.pem === host.current.pem) return [];
  const text = `${nameOf(host)} is in use, valid until ${day(host.current.validUntil)}`;
  log.info({ event: "certificate.loaded", host: host.domain }, text);
  host.warnedDays = Number.POSITIVE_INFINITY;
  report(host, now, log);
  return [];
}

/** As it is written in SNI: A-labels, lower case. Empty if it is no domain name. */
export function asciiDomain(domain: string): string {
  return domainToASCII(domain.toLowerCase());
}

function configuredFiles({ domain, certificate, key }: CertificateHost): PairFiles | undefined {
  if (certificate !== undefined && key !== undefined) return { certificate, key };
  if (certificate === undefined && key === undefined) return undefined;
  const [given, missing] = certificate === undefined ? [`key ${key}`, "certificate"] : [`certificate ${certificate}`, "key"];
  throw new Error(`host ${domain}: ${given} is set without a ${missing}; set both, or neither to have a self-signed one made`);
}

async function load(
  { domain, files, configured }: Pick<ServedHost, "domain" | "files" | "configured">,
  now: number,
  log: Log,
): Promise<ServerCertificate> {
  if (files === undefined) return memoryPair(domain, now);
  if (configured) return readPair(domain, files);
  const { certificate, made } = await storedPair(domain, files, now);
  if (made !== undefined) {
    const text = `host ${domain}: made a self-signed development certificate (${made}): ${files.certificate}`;
    log.info({ event: "certificate.made", host: domain }, text);
  }
  return certificate;
}

/** What would make clients refuse it, or the operator wonder. */
function report(host: ServedHost, now: number, log: Log): void {
  const { current } = host;
  const doubt = (text: string): void => log.warn({ event: "certificate.doubted", host: host.domain }, `${nameOf(host)} ${text}`);
  if (!current.namesDomain) doubt(`does not name ${host.domain}, so clients will refuse it; have one issued for this name`);
  if (current.validFrom > now) doubt(`is not valid before ${day(current.validFrom)}; check the clock of this machine`);
  if (current.tlsServerEndPoint === undefined) {
    doubt(
      "has a signature without a hash function, so TLS 1.2 gets no channel binding (RFC 5929 section 4.1); " +
        "have one issued with an ECDSA or RSA signature",
    );
  }
  warnOfExpiry(host, now, log);
}

const dayMs = 86_400_000;
const expiryWarningDays = [14, 7, 3, 1, 0];

/** Once for each threshold that is passed. */
function warnOfExpiry(host: ServedHost, now: number, log: Log): void {
  if (isDevelopment(host)) return;
  const daysLeft = (host.current.validUntil - now) / dayMs;
  const passed = expiryWarningDays.findLast((days) => daysLeft <= days);
  if (passed === undefined || passed >= host.warnedDays) return;
  host.warnedDays = passed;
  const until = day(host.current.validUntil);
  const fix = "replace its files, which are then taken by themselves";
  if (daysLeft > 0) log.warn({ event: "certificate.expiring", host: host.domain }, `${nameOf(host)} is valid until ${until}; ${fix}`);
  else log.error({ event: "certificate.expired", host: host.domain }, `${nameOf(host)} expired on ${until}; ${fix}`);
}

/** Made by us, so it is renewed in place of a warning. */
function isDevelopment(host: ServedHost): boolean {
  return !host.configured && host.current.selfSigned;
}

async function signatureOf(files: PairFiles | undefined): Promise<string> {
  return files === undefined ? "" : pairSignature(files);
}

function nameOf(host: ServedHost): string {
  return `host ${host.domain}: certificate ${host.files?.certificate ?? "in memory"}`;
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
