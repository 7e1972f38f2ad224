/** An extension that fails over an account that was deleted keeps nothing else from being deleted. */
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { defineExtension } from "../../src/extension/index.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";

let server: TestServer | undefined;
afterEach(() => server?.stop());

describe("accountRemoved", () => {
  it("that throws is told to the operator by the extension's name; the others are told, and the account goes", async () => {
    const told: string[] = [];
    const lines: { readonly level: number; readonly extension?: string; readonly msg: string }[] = [];
    const specification = { id: "TEST", title: "Endings" };
    server = await startServer({
      extensions: [
        defineExtension({ name: "bad", specification, accountRemoved: () => { throw new Error("I cannot"); } }),
        defineExtension({ name: "good", specification, accountRemoved: ({ bareJid }) => void told.push(bareJid) }),
      ],
      logger: pino({ level: "error" }, { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) }),
    });
    await server.addUser("romeo", "secret");
    expect(await server.server.admin.userDelete("romeo@localhost")).toBe("romeo@localhost");
    expect(told).toEqual(["romeo@localhost"]);
    expect(lines).toMatchObject([{ extension: "bad", msg: expect.stringContaining("an extension failed over an account that was deleted") as string }]);
    expect(await server.server.admin.userList()).toEqual([]);
    const stream = await server.store.read("account/localhost/romeo", 0, 100);
    expect(stream.map(({ type }) => type).filter((type) => type === "AccountCreated")).toEqual([]);
  });
});
