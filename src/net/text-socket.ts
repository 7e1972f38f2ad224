/** One WebSocket whose frames are text. */
export interface TextSocket {
  readonly remoteAddress: string;
  /** Bytes that were sent and that the system has not yet taken. */
  readonly bufferedBytes: number;
  /** Begins delivery of what arrives. Called once. */
  start(handler: TextSocketHandler): void;
  /** Does nothing once it is closed. */
  send(text: string): void;
  /** `code`: a status of the WebSocket protocol, such as 1008 for what is not allowed; `reason` has at most 123 bytes. */
  close(code?: number, reason?: string): void;
}

export interface TextSocketHandler {
  text(text: string): void;
  /** Nothing follows. Told exactly once. */
  closed(): void;
}
