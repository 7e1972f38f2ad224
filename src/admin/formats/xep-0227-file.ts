/** A file in the portable format of XEP-0227 section 4: the root, its hosts, and each user of a host whole. */
import type { XmlLimits } from "../../domain/limits.ts";
import { DocumentError, type DocumentPart, XmlDocumentReader } from "../../xml/document-reader.ts";
import { accountBytesMax } from "../api.ts";
import { AdminError } from "../errors.ts";
import { AccountFileError, type AccountFileReader, type FileEntry } from "./account-file.ts";
import { readResult } from "./xep-0227-archive.ts";
import { readUser, xincludeNamespace, xincludeProblem } from "./xep-0227-read.ts";
import { archiveNamespace, pieNamespace } from "./xep-0227-write.ts";

/** Of a user with everything; far more elements than a client may send in one stanza. */
const userLimits: XmlLimits = {
  stanzaBytesMax: accountBytesMax,
  depthMax: 128,
  attributesMax: 64,
  nameBytesMax: 512,
  elementsMax: 1_000_000,
};

export class Xep0227Reader implements AccountFileReader {
  readonly #reader = new XmlDocumentReader({ wholeAt: 3, nest: "archive", limits: userLimits });
  /** When the accounts are made: ms since 1970. */
  readonly #at: number;
  /** undefined within what is no host. */
  #host: string | undefined;
  /** Whose archived messages are being read; null: what comes is none. */
  #owner: string | null = null;
  /** The user that is not read whole yet has archived messages. */
  #hasArchive = false;

  constructor(at: number) {
    this.#at = at;
  }

  *write(bytes: Buffer): Generator<FileEntry, void> {
    try {
      for (const part of this.#reader.write(bytes)) yield* this.#take(part);
    } catch (error) {
      throw this.#toFileError(error);
    }
  }

  end(): Iterable<FileEntry> {
    try {
      this.#reader.end();
      return [];
    } catch (error) {
      throw this.#toFileError(error);
    }
  }

  *#take(part: DocumentPart): Generator<FileEntry, void> {
    switch (part.kind) {
      case "opened":
        if (part.depth === 1) this.#begin(part);
        else yield* this.#enter(part);
        return;
      case "closed":
        this.#host = undefined;
        return;
      case "text":
        // Between the elements of an extension there may be text.
        if (part.depth === 1 || this.#host !== undefined) throw new AccountFileError(part.line, "text between the elements");
        return;
      case "nest":
        yield* this.#nest(part);
        return;
      case "nested":
        if (this.#owner !== null) yield this.#archived(part, this.#owner);
        return;
      case "faulty":
        this.#hasArchive = false;
        if (this.#host !== undefined) yield { kind: "failure", line: part.line, message: part.problem };
        return;
      case "element":
        if (this.#host !== undefined) yield this.#user(part, this.#host);
    }
  }

  /** XEP-0227 section 4.11. */
  *#nest({ owner, element, line }: Extract<DocumentPart, { kind: "nest" }>): Generator<FileEntry, void> {
    const name = owner?.attrs["name"] as string | undefined;
    const isUser = this.#host !== undefined && owner?.name === "user" && owner.getNS() === pieNamespace && name !== undefined;
    const isArchive = element.name === "archive" && element.getNS() === archiveNamespace;
    this.#owner = isUser && isArchive ? `${name}@${this.#host}` : null;
    if (isUser && !isArchive) yield { kind: "ignored", line, what: `${element.name} (${element.getNS() ?? "no namespace"})` };
  }

  #archived({ element, problem, line }: Extract<DocumentPart, { kind: "nested" }>, jid: string): FileEntry {
    this.#hasArchive = true;
    const read = element === undefined ? (problem ?? "it cannot be read") : readResult(element);
    if (typeof read === "string") return { kind: "failure", line, archive: jid, message: `${jid}: archived message: ${read}` };
    return { kind: "archived", line, jid, messages: [{ line, ...read }] };
  }

  #begin({ element, line }: Extract<DocumentPart, { kind: "opened" }>): void {
    const namespace = element.getNS() ?? "";
    if (element.name !== "server-data" || namespace !== pieNamespace) {
      const isPart = namespace === pieNamespace && ["host", "user"].includes(element.name);
      const got = `got ${element.name} in ${namespace}${isPart ? `: ${xincludeProblem}` : ""}`;
      throw new AccountFileError(line, `expected the root element server-data in ${pieNamespace}, ${got}`);
    }
  }

  /** XEP-0227 section 4.1. */
  *#enter({ element, line }: Extract<DocumentPart, { kind: "opened" }>): Generator<FileEntry, void> {
    const namespace = element.getNS() ?? "";
    if (namespace === xincludeNamespace) throw new AccountFileError(line, xincludeProblem);
    const jid = element.attrs["jid"] as string | undefined;
    const isHost = element.name === "host" && namespace === pieNamespace;
    if (isHost && jid === undefined) yield { kind: "failure", line, message: "a host without a 'jid': its users are left out" };
    if (isHost) this.#host = jid;
    else yield { kind: "ignored", line, what: `${element.name} (${namespace})` };
  }

  #user({ element, bytes, line }: Extract<DocumentPart, { kind: "element" }>, host: string): FileEntry {
    const namespace = element.getNS() ?? "";
    const hasArchive = this.#hasArchive;
    this.#hasArchive = false;
    if (namespace === xincludeNamespace) throw new AccountFileError(line, xincludeProblem);
    if (element.name !== "user" || namespace !== pieNamespace) {
      return { kind: "ignored", line, what: `${element.name} (${namespace})` };
    }
    const ignored = new Set<string>();
    try {
      const account = readUser(element, host, this.#at, (what) => ignored.add(what));
      return { kind: "account", line, bytes, account: hasArchive ? { ...account, archive: true } : account, ignored: [...ignored] };
    } catch (error) {
      if (error instanceof AdminError) return { kind: "failure", line, message: error.message };
      throw error;
    }
  }

  #toFileError(error: unknown): unknown {
    return error instanceof DocumentError ? new AccountFileError(error.line, error.message) : error;
  }
}
