/** A certificate with its key: read, checked as a pair, and made ready for TLS. */
import { constants, createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { isIP } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";
import { serverEndPoint } from "./end-point.ts";

export interface PairFiles {
  /** PEM: the certificate of the host first, then the chain. */
  readonly certificate: string;
  /** PEM, without a passphrase. */
  readonly key: string;
}

export interface ServerCertificate {
  readonly domain: string;
  readonly secureContext: SecureContext;
  /** RFC 5929 section 4; undefined where that section defines none. */
  readonly tlsServerEndPoint: Uint8Array | undefined;
  /** The chain as it is shown; a client that is to trust a self-signed certificate takes it from here. */
  readonly pem: string;
  /** Milliseconds since 1970. */
  readonly validFrom: number;
  readonly validUntil: number;
  /** Its subject is its issuer. */
  readonly selfSigned: boolean;
  /** It names the domain, so that clients can accept it. */
  readonly namesDomain: boolean;
}

/** Throws an Error that names the host, the file and the fix. */
export async function readPair(domain: string, files: PairFiles): Promise<ServerCertificate> {
  const certificatePem = await readText(`host ${domain}: certificate`, files.certificate);
  const keyPem = await readText(`host ${domain}: key`, files.key);
  return pairCertificate(domain, certificatePem, keyPem, files);
}

/** Changes when one of the files does. */
export async function pairSignature(files: PairFiles): Promise<string> {
  const parts = [files.certificate, files.key].map(async (path) => {
    try {
      const { ino, mtimeMs, size } = await stat(path);
      return `${ino} ${mtimeMs} ${size}`;
    } catch (error) {
      return errorCode(error);
    }
  });
  return (await Promise.all(parts)).join(", ");
}

/** Everything TLS would stumble over later is found here, so that a broken pair is never put to use. */
export function pairCertificate(domain: string, certificatePem: string, keyPem: string, files: PairFiles): ServerCertificate {
  const certificate = `host ${domain}: certificate ${files.certificate}`;
  const chain = parseChain(certificate, certificatePem);
  const [leaf] = chain;
  const key = parseKey(`host ${domain}: key ${files.key}`, files.key, keyPem);
  if (!leaf.checkPrivateKey(key)) {
    throw new Error(
      chain.some((other) => other.checkPrivateKey(key))
        ? `${certificate}: the certificate of the host must come first in the file; put the chain after it`
        : `${certificate} does not belong to the key ${files.key}; configure the key that it was issued for`,
    );
  }
  return {
    domain,
    secureContext: serverContext(certificate, certificatePem, keyPem),
    tlsServerEndPoint: serverEndPoint(leaf.raw),
    pem: certificatePem,
    validFrom: Date.parse(leaf.validFrom),
    validUntil: Date.parse(leaf.validTo),
    selfSigned: leaf.subject === leaf.issuer,
    namesDomain: names(leaf, domain),
  };
}

function names(leaf: X509Certificate, domain: string): boolean {
  const address = domain.replace(/^\[|\]$/g, "");
  return (isIP(address) === 0 ? leaf.checkHost(domain) : leaf.checkIP(address)) !== undefined;
}

async function readText(what: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = errorCode(error);
    throw new Error(`${what} ${path}: ${readFixes[code] ?? `cannot be read (${code}); make it a readable file`}`, { cause: error });
  }
}

const readFixes: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file; correct the path, or leave certificate and key out to have a self-signed one made",
  EACCES: "this user may not read it; give it the permission, or copy the file",
  EISDIR: "is a folder; give the file in it",
};

function parseChain(what: string, pem: string): readonly [X509Certificate, ...X509Certificate[]] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const [first, ...rest] = blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new Error(`${what}: the PEM block ${index + 1} is no certificate (${messageOf(error)}); write the file again`, { cause: error });
    }
  });
  if (first === undefined) {
    throw new Error(`${what}: is not PEM (no "-----BEGIN CERTIFICATE-----"); convert it with openssl x509 -inform der`);
  }
  return [first, ...rest];
}

function parseKey(what: string, path: string, pem: string): KeyObject {
  if (/^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem)) {
    throw new Error(`${what}: needs a passphrase; write it without one: openssl pkey -in ${path} -out NEW`);
  }
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new Error(`${what}: is no private key in PEM (${messageOf(error)}); give the key of the certificate`, { cause: error });
  }
}

function serverContext(what: string, cert: string, key: string): SecureContext {
  try {
    return createSecureContext({
      cert,
      key,
      // No client certificates are asked for, so no authorities are trusted: this saves loading the system's.
      ca: [],
      minVersion: "TLSv1.2",
      maxVersion: "TLSv1.3",
      ciphers,
      honorCipherOrder: true,
      // Tickets: Node never changes the key that encrypts them, which undoes forward secrecy; and a resumed connection is bound
      // to the certificate of its first one, which a reload may have replaced (RFC 5929 section 4).
      secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION,
    });
  } catch (error) {
    throw new Error(`${what}: TLS refuses it (${messageOf(error)}); have one issued with an EC P-256 or RSA 2048 key`, { cause: error });
  }
}

/** Forward secrecy and authenticated encryption only. For TLS 1.2 each of them with either kind of key. */
const ciphers = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

function errorCode(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? messageOf(error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
