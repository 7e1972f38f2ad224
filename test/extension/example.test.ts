/** The documented example, added to a server inside this process; test/cli/extensions.test.ts does it as an operator does. */
import { describe, it } from "vitest";
import type { Extension } from "../../src/router/extension.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { exampleFile, playMessageCount } from "./message-count.ts";

describe("The documented extension, given to startServer", () => {
  it("greets, counts and answers, and its counts survive a crash", async () => {
    const { default: messageCount } = (await import(/* @vite-ignore */ exampleFile.href)) as { readonly default: Extension };
    const server = await startServer({ allowPlaintext: true, extensions: [messageCount] });
    try {
      await server.addUser("romeo", "secret");
      await playMessageCount(server, async () => {
        await server.restart({ kill: true });
        return server;
      });
    } finally {
      await server.stop();
    }
  });
});
