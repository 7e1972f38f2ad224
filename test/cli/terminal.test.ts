import { describe, expect, it } from "vitest";
import { greeting, readyLine } from "../../src/cli/ready.ts";
import type { Config } from "../../src/config/schema.ts";
import { table } from "../../src/cli/terminal.ts";

describe("the ready line", () => {
  it("names each listener with its end point, IPv6 in brackets", () => {
    const listeners = [
      { name: "c2s", address: "127.0.0.1", port: 5222 },
      { name: "c2sTls", address: "::1", port: 5223 },
      { name: "http", address: "127.0.0.1", port: 5280 },
    ] as const;
    expect(readyLine(listeners)).toBe("ready c2s=127.0.0.1:5222 c2sTls=[::1]:5223 http=127.0.0.1:5280");
  });
});

describe("the greeting", () => {
  const config = { hosts: [{ domain: "localhost" }], dataDir: "/srv/refrain" } as unknown as Config;
  const url = "http://127.0.0.1:5280/inspect#token=SECRET";
  const watchLine = (isTerminal: boolean, chatUrl?: string) =>
    greeting(config, new Map(), { listeners: [], inspector: { url: () => url, chatUrl: () => chatUrl } }, isTerminal).split("\n").at(-1);

  it("has the inspector's address with its token on a terminal alone; a file or a journal gets the command that tells one", () => {
    expect(watchLine(true)).toBe("  watch sessions    http://127.0.0.1:5280/inspect#token=SECRET");
    expect(watchLine(true, `${url}/chat`)).toBe("  chat and watch    http://127.0.0.1:5280/inspect#token=SECRET/chat");
    expect(watchLine(false)).toMatch(/^ {2}watch sessions {4}(npx )?refrain inspect --data \/srv\/refrain$/);
  });
});

describe("tables on a terminal", () => {
  it("align, and obey no control character that a client chose", () => {
    const text = table(["ID", "JID"], [["1", "romeo@localhost/\u001B[31m\u202E"], ["long", "juliet"]]);
    expect(text).toBe("ID    JID\n1     romeo@localhost/\uFFFD[31m\uFFFD\nlong  juliet");
  });
});
