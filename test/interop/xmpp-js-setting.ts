/** A server of its own for a test file, and clients that are stopped after each test. */
import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { startServer, type TestServer, type TestServerOptions } from "../../src/testing/index.ts";
import { certificateOf, trust } from "./trust.ts";
import { password, transports, XmppJsUser, type Transport, type UserOptions } from "./xmpp-js.ts";

export interface Setting {
  readonly server: TestServer;
  /** Not started yet. */
  user(options: UserOptions): XmppJsUser;
  /** Online, without presence. */
  online(username: string, options?: Omit<UserOptions, "username">): Promise<XmppJsUser>;
  /** Online and available. */
  available(username: string, options?: Omit<UserOptions, "username">): Promise<XmppJsUser>;
  /** The same tests over every transport, one after the other: who names none of its own comes by that one. */
  everyWay(name: string, tests: () => void): void;
}

/** Everything that names no other goes by this one: `REFRAIN_TEST_TRANSPORT=WebSocket npx vitest run test/interop/xmpp-js` is the whole suite over WebSocket. */
const usual = transportNamed(process.env["REFRAIN_TEST_TRANSPORT"] ?? "STARTTLS");

/** `names` get accounts with the password that all tests use. */
export function xmppJsSetting(names: readonly string[], options: TestServerOptions = {}): Setting {
  let server: TestServer;
  let distrust: () => void;
  let users: XmppJsUser[] = [];
  let transport = usual;

  beforeAll(async () => {
    server = await startServer({ http: true, ...options });
    for (const name of names) await server.addUser(name, password);
    const certificate = await certificateOf(server);
    distrust = trust(() => certificate);
  });
  afterEach(async () => {
    const stopping = users;
    users = [];
    await Promise.all(stopping.map((user) => user.stop()));
  });
  afterAll(async () => {
    distrust();
    await server.stop();
  });

  const user = (options: UserOptions): XmppJsUser => {
    const made = new XmppJsUser(server, { transport, ...options });
    users.push(made);
    return made;
  };
  const online = (username: string, options: Omit<UserOptions, "username"> = {}) => user({ username, ...options }).start();
  return {
    get server() {
      return server;
    },
    user,
    online,
    available: async (username, options) => (await online(username, options)).presence(),
    everyWay: (name, tests) => {
      describe.each(transports)(`${name} over %s`, (way) => {
        beforeAll(() => {
          transport = way;
        });
        afterAll(() => {
          transport = usual;
        });
        tests();
      });
    },
  };
}

function transportNamed(name: string): Transport {
  const found = transports.find((transport) => transport === name);
  if (found === undefined) throw new Error(`REFRAIN_TEST_TRANSPORT: there is no ${name}; there are ${transports.join(", ")}`);
  return found;
}
