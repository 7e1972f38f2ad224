/** One WebSocket as whoever speaks a protocol of its own over it needs it: text frames as bytes, and back-pressure both ways. */
import type { TextSocket } from "./text-socket.ts";

export interface FrameSocket {
  readonly remoteAddress: string;
  /** Bytes that were sent and that the system has not yet taken. */
  readonly bufferedBytes: number;
  /** Begins delivery of what arrives. Called once. */
  start(handler: FrameHandler): void;
  /** Each text is a frame; they leave together. Does nothing once it is closed. */
  send(texts: readonly string[]): void;
  /** Nothing more is read from the network until `resume`; what has been read is told all the same. */
  pause(): void;
  resume(): void;
  /** Flushes, and says goodbye. `code`: a status of the WebSocket protocol; `reason` has at most 123 bytes. */
  close(code?: number, reason?: string): void;
  /** At once, whatever was to leave; of what has arrived nothing more is told but `closed`. */
  cut(): void;
}

export interface FrameHandler {
  /** UTF-8, checked. */
  frame(bytes: Buffer): void;
  /** A frame was larger than they may be: it was not read, and the socket is being closed with 1009. */
  tooLarge(): void;
  /** A sign of life that is no frame, and its size. */
  heard(bytes: number): void;
  /** The system has taken all that was sent. */
  drained(): void;
  /** Nothing follows. Told exactly once. */
  closed(): void;
}

/** For those who need no more than texts. */
export function textSocket(frames: FrameSocket): TextSocket {
  return {
    remoteAddress: frames.remoteAddress,
    get bufferedBytes() {
      return frames.bufferedBytes;
    },
    start: (handler) => frames.start({ frame: (bytes) => handler.text(bytes.toString("utf8")), tooLarge() {}, heard() {}, drained() {}, closed: () => handler.closed() }),
    send: (text) => frames.send([text]),
    close: (code, reason) => frames.close(code, reason),
  };
}
