/** What the tests of this room share: a clock moved by hand, a log that remembers, certificates of every kind, a listening Net. */
import { EventEmitter, once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "selfsigned";
import { onTestFinished } from "vitest";
import { liveClock } from "../../src/live.ts";
import { createAdmission, type Admission, type AdmissionOptions } from "../../src/net/admission.ts";
import { openCertificates, type CertificateOptions, type Certificates } from "../../src/net/certificates.ts";
import { createNodeNet, type NodeNetOptions } from "../../src/net/node-net.ts";
import type { Clock, Connection, ConnectionHandler, Listener, ListenSpec, Log } from "../../src/ports.ts";

export const dayMs = 86_400_000;

/** Time passes when the test says so. */
export class HandClock implements Clock {
  #now: number;
  readonly #due = new Set<{ deadline: number; task: () => void }>();

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  at(deadline: number, task: () => void): { cancel: () => void } {
    const entry = { deadline, task };
    this.#due.add(entry);
    return { cancel: () => void this.#due.delete(entry) };
  }

  soon(task: () => void): void {
    setImmediate(task);
  }

  /** Moves on, runs what is due, and waits until it has set its next timer. */
  async advance(ms: number): Promise<void> {
    this.#now += ms;
    for (const entry of this.#due) {
      if (entry.deadline > this.#now) continue;
      this.#due.delete(entry);
      entry.task();
    }
    await until(() => this.#due.size > 0);
  }
}

/** Keeps `LEVEL event: message` of everything. */
export class MemoryLog implements Log {
  readonly lines: string[] = [];

  debug(fields: object, message: string): void {
    this.#keep("debug", fields, message);
  }
  info(fields: object, message: string): void {
    this.#keep("info", fields, message);
  }
  warn(fields: object, message: string): void {
    this.#keep("warn", fields, message);
  }
  error(fields: object, message: string): void {
    this.#keep("error", fields, message);
  }

  #keep(level: string, fields: object, message: string): void {
    this.lines.push(`${level} ${(fields as { event?: string }).event ?? ""}: ${message}`);
  }
}

/** Lets in what a test brings, unless it says otherwise. */
export function admissionFor(options: Partial<AdmissionOptions> = {}): Admission {
  return createAdmission({ perAddressMax: 100, clock: liveClock, log: new MemoryLog(), ...options });
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "refrain-net-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface MadePair {
  readonly cert: string;
  readonly key: string;
}

/** A self-signed certificate. */
export async function makePair(
  domain: string,
  { keyType = "ec" as "ec" | "rsa", curve = "P-256" as "P-256" | "P-384", algorithm = "sha256", from = Date.now() - dayMs, days = 365 } = {},
): Promise<MadePair> {
  const made = await generate([{ name: "commonName", value: domain }], {
    keyType,
    curve,
    algorithm,
    notBeforeDate: new Date(from),
    notAfterDate: new Date(from + days * dayMs),
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: domain }] }],
  });
  return { cert: made.cert, key: made.private };
}

/** Writes NAME.crt and NAME.key. */
export async function writePair(folder: string, name: string, { cert, key }: MadePair): Promise<{ certificate: string; key: string }> {
  const files = { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  await writeFile(files.certificate, cert);
  await writeFile(files.key, key);
  return files;
}

export async function certificatesFor(
  hosts: CertificateOptions["hosts"] = [{ domain: "localhost" }],
  options: Partial<CertificateOptions> = {},
): Promise<Certificates> {
  const certificates = await openCertificates({ hosts, clock: liveClock, log: new MemoryLog(), ...options });
  onTestFinished(() => certificates.close());
  return certificates;
}

/** A listener on a free port of loopback, closed with all its connections when the test ends. */
export async function listening(
  accept: (connection: Connection) => void,
  { spec = {}, ...options }: Partial<NodeNetOptions> & { spec?: Partial<ListenSpec> } = {},
): Promise<Listener> {
  const certificates = options.certificates ?? (await certificatesFor());
  const net = createNodeNet({
    admission: admissionFor(),
    handshakeTimeoutMs: 2000,
    clock: liveClock,
    log: new MemoryLog(),
    ...options,
    certificates,
  });
  const connections: Connection[] = [];
  const listener = await net.listen({ address: "127.0.0.1", port: 0, directTls: false, ...spec }, (connection) => {
    connections.push(connection);
    accept(connection);
  });
  onTestFinished(async () => {
    for (const connection of connections) connection.destroy();
    await listener.close();
  });
  return listener;
}

/** Listens, and promises the first connection that comes. */
export async function acceptingOne(
  options: Parameters<typeof listening>[1] = {},
): Promise<{ port: number; accepted: Promise<Connection>; listener: Listener }> {
  const first = new EventEmitter();
  const accepted = once(first, "connection").then(([connection]) => connection as Connection);
  const listener = await listening((connection) => first.emit("connection", connection), options);
  return { port: listener.port, accepted, listener };
}

/** Remembers what a connection told, in order. */
export class Told implements ConnectionHandler {
  readonly events: string[] = [];
  text = "";
  bytes = 0;
  error: Error | undefined;

  data(bytes: Uint8Array): void {
    if (this.events.at(-1) !== "data") this.events.push("data");
    this.bytes += bytes.length;
    if (bytes.length < 65_536) this.text += Buffer.from(bytes).toString();
  }
  ended(): void {
    this.events.push("ended");
  }
  closed(error: Error | undefined): void {
    this.error = error;
    this.events.push("closed");
  }
  drained(): void {
    this.events.push("drained");
  }
}

/** Resolves when `holds` does; looks every few milliseconds. */
export async function until(holds: () => boolean, timeoutMs = 3000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`still not so after ${timeoutMs} ms: ${holds.toString()}`);
    await pause(3);
  }
}

export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
