import { createHash } from "node:crypto";
import { createServer, type AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { connectWebSocket } from "../../src/net/web-socket-client.ts";

/** What a server answers with to the key of a client (RFC 6455). */
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** Unmasked, of less than 126 bytes. */
const frame = (opcode: number, payload: Buffer) => Buffer.concat([Buffer.from([0x80 | opcode, payload.length]), payload]);

/** A server that says all it has to say, and goodbye, in one write with its answer. */
async function hastyServer(texts: readonly string[]): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined).once("data", (bytes) => {
      const key = /sec-websocket-key: (\S+)/i.exec(String(bytes))![1]!;
      const accept = createHash("sha1").update(key + guid).digest("base64");
      const answer = `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`;
      socket.end(Buffer.concat([Buffer.from(answer), ...texts.map((text) => frame(1, Buffer.from(text))), frame(8, Buffer.from([0x03, 0xe8]))]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

it("a WebSocket to somebody else loses nothing of what was sent before it is read, also what came with the answer", async () => {
  const texts = Array.from({ length: 11 }, (_, index) => `text ${index}`);
  const socket = await connectWebSocket(await hastyServer(texts));
  await new Promise((resolve) => setTimeout(resolve, 30));
  const received: string[] = [];
  socket.start({ text: (text) => void received.push(text), closed: () => undefined });
  expect((await socket.ended).code).toBe(1000);
  expect(received).toEqual(texts);
});
