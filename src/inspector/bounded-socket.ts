/** A WebSocket that is open for as long as something else holds. */
import type { TextSocket } from "../net/text-socket.ts";

/**
 * `until` is called at once, with what ends the socket, and returns the way to have that forgotten. `reason`: at most 123 bytes, for whoever is at
 * the other side.
 */
export function boundedSocket(socket: TextSocket, reason: string, until: (end: () => void) => () => void): TextSocket {
  // RFC 6455 section 7.4.1: for what is not allowed.
  const forget = until(() => socket.close(1008, reason));
  return {
    remoteAddress: socket.remoteAddress,
    get bufferedBytes() {
      return socket.bufferedBytes;
    },
    start: (handler) =>
      socket.start({
        text: (text) => handler.text(text),
        closed() {
          forget();
          handler.closed();
        },
      }),
    send: (text) => socket.send(text),
    close: (code, why) => socket.close(code, why),
  };
}
