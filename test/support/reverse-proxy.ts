/** A reverse proxy as operators have one before the HTTP listener: HTTPS outside, HTTP inside, and headers that say for whom it asks. */
import { request, type IncomingMessage } from "node:http";
import { createServer } from "node:https";
import { connect, type AddressInfo } from "node:net";
import { generate } from "selfsigned";
import { onTestFinished } from "vitest";

export interface ReverseProxyOptions {
  /** The listener behind it. */
  readonly port: number;
  /** As whom the proxy sees a client; by default from where it connects. undefined: it writes nothing, and passes on what the client wrote. */
  readonly seen?: (message: IncomingMessage) => string | undefined;
  /** What it writes, as nginx does by default, or by RFC 7239. */
  readonly header?: "x-forwarded-for" | "forwarded";
}

/** Resolves with its port. It is closed when the test is over. */
export async function reverseProxy({ port, seen = ({ socket }) => socket.remoteAddress ?? "", header = "x-forwarded-for" }: ReverseProxyOptions): Promise<number> {
  const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }], { keyType: "ec", curve: "P-256" });
  const passedOn = (message: IncomingMessage): readonly string[] => {
    const client = seen(message);
    if (client === undefined) return message.rawHeaders;
    const named = header === "forwarded" ? `for="${client}";proto=https` : client;
    const before = message.headers[header];
    const lines = [header, before === undefined ? named : `${String(before)}, ${named}`];
    if (header === "x-forwarded-for") lines.push("x-forwarded-proto", "https");
    const kept: string[] = [];
    for (let index = 0; index < message.rawHeaders.length; index += 2) {
      const name = message.rawHeaders[index]!;
      if (name.toLowerCase() !== header && !(header === "x-forwarded-for" && name.toLowerCase() === "x-forwarded-proto")) kept.push(name, message.rawHeaders[index + 1]!);
    }
    return [...kept, ...lines];
  };
  const server = createServer({ cert, key }, (message, response) => {
    const inside = request({ port, host: "127.0.0.1", method: message.method, path: message.url, headers: [...passedOn(message)] }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    inside.on("error", () => response.destroy());
    message.pipe(inside);
  });
  server.on("upgrade", (message, socket, head) => {
    const inside = connect(port, "127.0.0.1", () => {
      const headers = passedOn(message);
      const lines = headers.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${headers[index + 1]}`] : []));
      inside.write(`${message.method} ${message.url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
      inside.write(head);
      inside.pipe(socket).pipe(inside);
    });
    inside.on("error", () => socket.destroy()).on("close", () => socket.destroy());
    socket.on("error", () => inside.destroy()).on("close", () => inside.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
