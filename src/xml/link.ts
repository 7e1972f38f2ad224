/**
 * An XML stream over some transport: what a session asks of it and what it is told.
 * Transports (net/) provide it, session hosts drive it; neither knows the other.
 */
import type { SecureLink } from "../ports.ts";
import type { StreamErrorCondition } from "../domain/errors.ts";
import type { Element } from "./element.ts";
import type { XmlLimits } from "../domain/limits.ts";
import type { LimitName } from "../domain/refusals.ts";

/** The attributes of a stream header as they arrived, unchecked (RFC 6120 section 4.7). */
export interface StreamHeader {
  readonly to: string | undefined;
  readonly from: string | undefined;
  readonly id: string | undefined;
  readonly version: string | undefined;
  readonly lang: string | undefined;
}

/** Why a stream cannot go on: told to the peer as a stream error (RFC 6120 section 4.9). */
export interface StreamFault {
  readonly condition: StreamErrorCondition;
  /** English, for a person. */
  readonly text: string;
  /** The limit that is exceeded, for operators. */
  readonly limit?: LimitName;
}

export interface Link {
  readonly transport: "tcp" | "tls" | "websocket" | "bosh";
  readonly remoteAddress: string;
  /** Both ends are on this machine. */
  readonly loopback: boolean;
  readonly secure: SecureLink | null;
  /** TLS can be begun within the stream (RFC 6120 section 5): it is not there yet, and is not the business of a layer below (RFC 7395 section 3.9). */
  readonly canStartTls: boolean;
  /** Bytes written that the system has not yet taken. */
  readonly bufferedBytes: number;
  /** Directs what arrives to `handler`; the first call begins reading, a later one moves the link to another session. */
  attach(handler: LinkHandler): void;
  /** The text that opens this side's stream. */
  headerText(header: StreamHeader): string;
  /** The text that closes this side's stream. */
  readonly footerText: string;
  /** Each text is a header, an end tag, or one first-level element as it stands within the stream. They leave together. */
  write(texts: readonly string[]): void;
  /** Nothing more is told until `resume`; may be called from within a handler's method, and then holds at once. */
  pause(): void;
  resume(): void;
  /** The next thing expected is a new stream header; bytes that have already arrived are kept (RFC 6120 section 6.3.3). */
  restart(): void;
  /** Bytes that have already arrived in the clear are discarded; after the handshake a new stream header is expected. */
  startTls(): Promise<SecureLink>;
  setLimits(limits: XmlLimits): void;
  /** Flushes, then closes the transport in this direction. */
  end(): void;
  destroy(): void;
}

export interface LinkHandler {
  /** Bytes came, of whatever kind: the peer lives. Told before what they hold. `bytes`: how many, where the transport knows. */
  heard(bytes?: number): void;
  /** The peer opened its stream. */
  opened(header: StreamHeader): void;
  /** A whole first-level element; `bytes` is its size on the wire. */
  element(element: Element, bytes: number): void;
  /** White space between first-level elements (RFC 6120 section 4.6.1), where the transport lets it be. */
  spaced?(): void;
  /** The bytes are no XMPP stream; nothing follows but `lost`. */
  failed(fault: StreamFault): void;
  /** The peer closed its stream with an end tag. */
  ended(): void;
  /** The transport is gone; nothing follows. Told exactly once. */
  lost(reason: string): void;
  /** All that was written has been taken by the system. */
  drained(): void;
}
