/** A WebSocket client that sends frames as the test says and waits for frames (RFC 7395). */
import { onTestFinished } from "vitest";
import { WebSocket, type ClientOptions } from "ws";

export interface FramesOptions extends ClientOptions {
  readonly port: number;
  readonly path?: string;
  readonly tls?: boolean;
  readonly protocols?: readonly string[];
}

export interface Frames {
  readonly socket: WebSocket;
  /** All frames so far; the end as `closed CODE`, a refusal as `refused STATUS TEXT`. */
  readonly received: string[];
  send(...frames: readonly string[]): void;
  /** The next frame, or end, that matches; those before it are passed over. */
  until(match: RegExp): Promise<string>;
}

/** Resolves once it is open or refused. It is closed when the test is over. */
export async function openFrames({ port, path = "/xmpp-websocket", tls = false, protocols = ["xmpp"], ...options }: FramesOptions): Promise<Frames> {
  const socket = new WebSocket(`${tls ? "wss" : "ws"}://localhost:${port}${path}`, [...protocols], { rejectUnauthorized: false, perMessageDeflate: false, ...options });
  onTestFinished(() => socket.terminate());
  const received: string[] = [];
  const waiting = new Set<() => void>();
  const tell = (text: string): void => {
    received.push(text);
    for (const wake of waiting) wake();
  };
  socket.on("error", () => {});
  socket.on("message", (data: Buffer) => tell(String(data)));
  socket.on("close", (code: number) => tell(`closed ${code}`));
  socket.on("unexpected-response", (_, response) => {
    let text = "";
    response.on("data", (bytes: Buffer) => (text += String(bytes))).on("end", () => tell(`refused ${response.statusCode} ${text.trim()}`));
  });
  let next = 0;
  const frames: Frames = {
    socket,
    received,
    send: (...texts) => texts.forEach((text) => socket.send(text)),
    until: (match) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no frame ${match}; there were ${JSON.stringify(received)}`)), 5_000);
        const look = (): void => {
          const found = received.findIndex((text, index) => index >= next && match.test(text));
          if (found === -1) return;
          clearTimeout(timer);
          waiting.delete(look);
          next = found + 1;
          resolve(received[found]!);
        };
        waiting.add(look);
        look();
      }),
  };
  await new Promise<void>((resolve) => {
    socket.once("open", () => resolve());
    waiting.add(resolve);
  });
  return frames;
}

export const open = (to = "localhost") => `<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='${to}' version='1.0'/>`;
export const close = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";

/** Logged in by PLAIN and bound. */
export async function boundFrames(options: FramesOptions & { readonly username: string; readonly password: string; readonly resource?: string }): Promise<Frames & { readonly jid: string }> {
  const { username, password, resource = "web", ...rest } = options;
  const frames = await openFrames(rest);
  frames.send(open());
  await frames.until(/<mechanism>PLAIN/);
  frames.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${Buffer.from(`\0${username}\0${password}`).toString("base64")}</auth>`);
  await frames.until(/^<success/);
  frames.send(open());
  await frames.until(/<bind/);
  frames.send(`<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind></iq>`);
  const bound = await frames.until(/id="bind"/);
  return Object.assign(frames, { jid: /<jid>([^<]+)/.exec(bound)?.[1] ?? "" });
}
