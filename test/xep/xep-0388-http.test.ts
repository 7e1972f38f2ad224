/** Logins by XEP-0388 over WebSocket (RFC 7395) and BOSH (XEP-0206): what comes by HTTP is one stream from its first byte to its end, too. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { BoshClient } from "../bosh/client.ts";
import { authenticate, bind2, fast, hashedToken, logInPlain, userAgent } from "../support/inline-login.ts";
import { open, openFrames } from "../support/web-socket-client.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ http: true });
  await server.addUser("romeo", "secret");
});
afterAll(() => server.stop());

const bind = `<bind xmlns='${bind2}'><tag>web</tag></bind>`;
const ping = (id: string): string => `<iq xmlns='jabber:client' type='get' id='${id}'><ping xmlns='urn:xmpp:ping'/></iq>`;
const requestToken = `<request-token xmlns='${fast}' mechanism='HT-SHA-256-NONE'/>`;
const bound = /<success xmlns="urn:xmpp:sasl:2">.*<authorization-identifier>(romeo@localhost\/web\/[^<]+)<\/authorization-identifier><bound xmlns="urn:xmpp:bind:0">/;

/** A way to say something and to have the answer that matches. */
type Ask = (text: string, match: RegExp) => Promise<string>;

async function overWebSocket(): Promise<Ask> {
  const frames = await openFrames({ port: server.httpPort });
  frames.send(open());
  await frames.until(/<authentication xmlns="urn:xmpp:sasl:2">/);
  return async (text, match) => {
    frames.send(text);
    return frames.until(match);
  };
}

async function overBosh(): Promise<Ask> {
  const client = new BoshClient({ port: server.httpPort });
  expect(await client.begin()).toContain('<authentication xmlns="urn:xmpp:sasl:2">');
  return (text, match) => client.ask(text, match);
}

describe.each([["WebSocket", overWebSocket], ["BOSH", overBosh]] as const)("XEP-0388 over %s", (_, connect) => {
  it("binds a resource with the login, with no stream after it, and then again with a token (XEP-0484)", async () => {
    const id = randomUUID();
    const ask = await connect();
    const success = await ask(logInPlain("romeo", userAgent(id) + requestToken + bind), bound);
    const jid = bound.exec(success)![1]!;
    const token = / token="([^"]+)"/.exec(success)![1]!;
    expect(await ask(ping("here"), /id="here"/)).toContain(`to="${jid}"`);
    const again = await connect();
    const login = authenticate("HT-SHA-256-NONE", hashedToken("romeo", token), `${userAgent(id)}<fast xmlns='${fast}' count='1'/>${bind}`);
    expect(bound.exec(await again(login, bound))![1]).toBe(jid);
    expect(await again(ping("there"), /id="there"/)).toContain(`to="${jid}"`);
  });

  it("offers nothing to bind to where this server does no TLS, and -PLUS neither (XEP-0440)", async () => {
    const ask = await connect();
    expect(await ask(authenticate("SCRAM-SHA-256-PLUS", "cD10bHMtZXhwb3J0ZXIsLG49cm9tZW8scj14"), /<failure/)).toContain("<invalid-mechanism ");
  });
});
