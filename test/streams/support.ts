/** What the tests of streams share: how a stream error looks from outside, and a store that can be told to fail. */
import { wrapStore } from "../support/wrapped-store.ts";
import { expect } from "vitest";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import type { Store } from "../../src/ports.ts";
import { startServer, type TestServer, type TestServerOptions } from "../../src/testing/start-server.ts";
import { login, type ServerAddress } from "../support/login.ts";
import type { RawClient } from "../support/raw-client.ts";
import { childOf, StreamReader, type Xml } from "../support/xml-reader.ts";

const streamsNamespace = "http://etherx.jabber.org/streams";
const conditionsNamespace = "urn:ietf:params:xml:ns:xmpp-streams";

/** A server on which romeo, juliet and benvolio have the password `secret`. */
export async function startWithUsers(options: TestServerOptions = {}): Promise<TestServer> {
  const server = await startServer(options);
  await Promise.all(["romeo", "juliet", "benvolio"].map((user) => server.addUser(user, "secret")));
  return server;
}

/** The header and the elements of the last stream that the server opened, which must be well-formed. */
export function lastStream(client: RawClient): { readonly reader: StreamReader; readonly elements: readonly Xml[] } {
  const start = client.received.lastIndexOf("<?xml");
  if (start === -1) throw new Error(`the server opened no stream: ${JSON.stringify(client.received)}`);
  const reader = new StreamReader();
  reader.write(client.received.slice(start));
  const elements: Xml[] = [];
  for (let element = reader.take(); element !== undefined; element = reader.take()) elements.push(element);
  return { reader, elements };
}

/**
 * RFC 6120 sections 4.9.1.1, 4.9.1.2 and 4.9.2: a header of its own, the error as the last element, the end tag, and the server
 * closes without waiting for the client to say or close anything.
 */
export async function expectStreamError(client: RawClient, condition: string, domain = "localhost"): Promise<Xml> {
  await client.closed();
  const { reader, elements } = lastStream(client);
  expect(reader.header).toMatchObject({ from: domain });
  expect(reader.header?.["id"]).toMatch(/^\S{16,}$/);
  const error = elements.at(-1)!;
  expect(error).toMatchObject({ name: "error", xmlns: streamsNamespace });
  expect(error.children[0]).toEqual({ name: condition, xmlns: conditionsNamespace, attrs: {}, children: [] });
  const text = childOf(error, "text");
  if (text !== undefined) expect(text).toMatchObject({ xmlns: conditionsNamespace, attrs: { "xml:lang": "en" } });
  expect(error.children).toHaveLength(text === undefined ? 1 : 2);
  expect(reader.ended).toBe(true);
  expect(client.received.endsWith("</stream:error></stream:stream>")).toBe(true);
  client.destroy();
  return error;
}

/** The server lives: somebody can log in and is answered. */
export async function expectLogin(server: ServerAddress, over: "tls" | "plaintext" = "tls"): Promise<void> {
  const client = await login(server, { user: "benvolio", over, resource: null });
  expect(await client.caughtUp()).toEqual([]);
  await client.close();
}

export interface FaultyStore {
  readonly store: Store;
  /** While true, nothing of an account can be read. */
  readsFail: boolean;
  /** While true, nothing can be written. */
  writesFail: boolean;
}

/** The store without a disk, behind a door that can be shut. */
export function faultyStore(): FaultyStore {
  const inner = createMemoryStore(projections);
  const refuse = (): Promise<never> => Promise.reject(new Error("the disk is on fire"));
  const faulty: FaultyStore = {
    readsFail: false,
    writesFail: false,
    store: wrapStore(inner, {
      append: (...args) => (faulty.writesFail ? refuse() : inner.append(...args)),
      appendMany: (batch) => (faulty.writesFail ? refuse() : inner.appendMany(batch)),
      query: (...args) => (faulty.readsFail ? refuse() : inner.query(...args)),
      secret: (...args) => (faulty.readsFail ? refuse() : inner.secret(...args)),
    }),
  };
  return faulty;
}
