/** Development certificates: made on first run, so that everything runs over TLS from the start. */
import { access, mkdir, rename, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { generate } from "selfsigned";
import { pairCertificate, readPair, type PairFiles, type ServerCertificate } from "./certificate-pair.ts";

const hourMs = 3_600_000;
const lifetimeMs = 5 * 365 * 24 * hourMs;

export interface StoredPair {
  readonly certificate: ServerCertificate;
  /** Why it was made now; undefined if it was there. */
  readonly made: "first run" | "expired" | undefined;
}

/** Where the development certificate of a domain (in ASCII form) is kept. */
export function storedFiles(dataDir: string, domain: string): PairFiles {
  const name = domain.replace(/[^a-z0-9.-]/g, "_");
  const folder = join(dataDir, "certificates");
  return { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
}

/** The one in `files`; a new one if there is none or it has expired. `now` in milliseconds since 1970. */
export async function storedPair(domain: string, files: PairFiles, now: number): Promise<StoredPair> {
  const found = await Promise.all([exists(files.certificate), exists(files.key)]);
  if (found.every((there) => !there)) return { certificate: await makeStored(domain, files, now), made: "first run" };
  const certificate = await readPair(domain, files);
  // Somebody's own certificate, put here by hand, is not ours to replace.
  if (certificate.validUntil > now || !certificate.selfSigned) return { certificate, made: undefined };
  return { certificate: await makeStored(domain, files, now), made: "expired" };
}

/** One that is never written down; the same for all who ask within this process. `now` in milliseconds since 1970. */
export async function memoryPair(domain: string, now: number): Promise<ServerCertificate> {
  const known = await inMemory.get(domain);
  if (known !== undefined && known.validFrom <= now && now < known.validUntil) return known;
  const made = makePair(domain, now).then(({ certificatePem, keyPem }) =>
    pairCertificate(domain, certificatePem, keyPem, { certificate: "in memory", key: "in memory" }),
  );
  inMemory.set(domain, made);
  return made;
}

/** Making one takes some milliseconds, which a suite with hundreds of servers would pay hundreds of times. */
const inMemory = new Map<string, Promise<ServerCertificate>>();

async function makeStored(domain: string, files: PairFiles, now: number): Promise<ServerCertificate> {
  const { certificatePem, keyPem } = await makePair(domain, now);
  const made = pairCertificate(domain, certificatePem, keyPem, files);
  await mkdir(join(files.certificate, ".."), { recursive: true, mode: 0o700 });
  await replaceFile(files.key, keyPem, 0o600);
  await replaceFile(files.certificate, certificatePem, 0o644);
  return made;
}

/** Never half written, and never readable by others in between. */
async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const draft = `${path}.new`;
  try {
    await writeFile(draft, text, { mode });
    await rename(draft, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`${path}: the development certificate cannot be written (${code}); make room, or see who may write there`, { cause: error });
  }
}

async function makePair(domain: string, now: number): Promise<{ certificatePem: string; keyPem: string }> {
  const { cert, private: key } = await generate([{ name: "commonName", value: domain }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    // An hour back: the clock of a client may be behind.
    notBeforeDate: new Date(now - hourMs),
    notAfterDate: new Date(now + lifetimeMs),
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames: alternativeNames(domain) },
    ],
  });
  return { certificatePem: `${cert.trim()}\n`, keyPem: key };
}

function alternativeNames(domain: string): { type: 2 | 7; value?: string; ip?: string }[] {
  const address = domain.replace(/^\[|\]$/g, "");
  if (isIP(address) !== 0) return [{ type: 7, ip: address }];
  const name = { type: 2 as const, value: domain };
  return domain === "localhost" ? [name, { type: 7, ip: "127.0.0.1" }, { type: 7, ip: "::1" }] : [name];
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
