/** The page's client without a page: its WebSocket is a real one, and the server, too. */
import { randomBytes } from "node:crypto";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { Person } from "../../../src/page/chat/person.ts";
import type { StreamParts } from "../../../src/page/chat/stream.ts";

export interface Wired {
  readonly person: Person;
  /** Frames in both directions, `> ` and `< ` before them. */
  readonly frames: readonly string[];
  /** From now on it resumes by an id that the server does not know. */
  forgetId(): void;
  /** As if the server had said it. */
  hear(frame: string): void;
  /** The link breaks. */
  cut(): void;
}

export function signIn(port: number, username: string, password: string, change: (frame: string) => string = (frame) => frame): Wired {
  const frames: string[] = [];
  let socket: WebSocket | undefined;
  let forgotten = false;
  let hear: (frame: string) => void = () => {};
  const parts: StreamParts = {
    clock: {
      now: () => Date.now(),
      after(ms, task) {
        const timer = setTimeout(task, ms);
        return () => clearTimeout(timer);
      },
    },
    nonce: () => randomBytes(18).toString("base64"),
    connect({ opened, text, closed }) {
      const opening = new WebSocket(`ws://127.0.0.1:${port}/xmpp-websocket`, ["xmpp"]);
      [socket, hear] = [opening, text];
      onTestFinished(() => opening.terminate());
      opening.on("open", opened).on("error", () => {}).on("close", () => closed(""));
      opening.on("message", (data: Buffer) => {
        frames.push(`< ${String(data)}`);
        text(change(String(data)));
      });
      return {
        send(frame) {
          frames.push(`> ${frame}`);
          opening.send(forgotten ? frame.replace(/previd="[^"]*"/, 'previd="unknown"') : frame);
        },
        close: () => opening.close(),
      };
    },
  };
  return { person: new Person(parts, { username, domain: "localhost", password }), frames, forgetId: () => void (forgotten = true), hear: (frame) => hear(frame), cut: () => socket?.terminate() };
}
