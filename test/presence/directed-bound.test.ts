import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { directedCharsMax } from "../../src/domain/limits.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { login } from "../support/login.ts";
import { childOf } from "../support/xml-reader.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
  for (const name of ["romeo", "juliet"]) await server.addUser(name, "secret");
});
afterAll(() => server.stop());

describe("RFC 6121 section 4.6.3 rule 2: directed presence to more than can be remembered", () => {
  it("is refused, so that everybody who was sent it is told of its end", async () => {
    const [romeo, juliet] = [await login(server, { user: "romeo", over: "plaintext" }), await login(server, { user: "juliet", over: "plaintext" })];
    await juliet.ask("<presence/>");
    await romeo.ask(`<presence to='${juliet.bare}'/>`);
    const address = (n: number) => `${String(n).padStart(200, "x")}@localhost`;
    const fits = Math.floor((directedCharsMax - juliet.bare.length) / address(0).length);
    const told = await romeo.ask(Array.from({ length: fits + 2 }, (_, n) => `<presence id='${n}' to='${address(n)}'/>`).join(""));
    expect(told.map(({ attrs }) => [attrs["id"], attrs["from"], attrs["type"]])).toEqual([fits, fits + 1].map((n) => [String(n), address(n), "error"]));
    expect(childOf(childOf(told[0], "error"), "resource-constraint")).toBeDefined();
    // Who was sent it before may be sent more, and who is given up makes room.
    expect(await romeo.ask(`<presence to='${juliet.bare}'><show>away</show></presence>`)).toEqual([]);
    expect(await romeo.ask(`<presence type='unavailable' to='${address(0)}'/><presence to='${address(fits)}'/>`)).toEqual([]);
    await romeo.close();
    expect((await juliet.caughtUp()).map(({ attrs }) => attrs["type"])).toEqual([undefined, undefined, "unavailable"]);
    await juliet.close();
  });
});
