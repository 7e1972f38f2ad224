/** Clients that have no account yet, and what they ask for. */
import type { TestServer } from "../../src/testing/start-server.ts";
import { connectSecure, saslPlain, streamHeader, type LoginOptions } from "../support/login.ts";
import type { RawClient } from "../support/raw-client.ts";
import { childOf, readXml, type Xml } from "../support/xml-reader.ts";

export const register = "jabber:iq:register";

export interface Newcomer {
  readonly raw: RawClient;
  /** What the stream offers. */
  readonly features: string;
  /** Sends an iq and returns its answer. */
  ask(type: "get" | "set", content: string, attributes?: string): Promise<Xml>;
}

/** A stream on which nobody has authenticated. */
export async function newcomer(server: TestServer, over: LoginOptions["over"] = "tls"): Promise<Newcomer> {
  const raw = await connectSecure(server, over);
  raw.send(streamHeader(server.domain));
  const features = await raw.expect(/<stream:features>.*<\/stream:features>/s);
  let asked = 0;
  return {
    raw,
    features,
    async ask(type, content, attributes = "") {
      const id = `n${(asked += 1)}`;
      raw.send(`<iq type='${type}' id='${id}' ${attributes}><query xmlns='${register}'>${content}</query></iq>`);
      return readXml(await raw.expect(new RegExp(`<iq [^>]*id="${id}"[^>]*?(?:/>|>.*?</iq>)`, "s")));
    },
  };
}

export const credentials = (username: string, password: string): string => `<username>${username}</username><password>${password}</password>`;

/** `result`, or `409 conflict`. */
export function outcome(iq: Xml): string {
  const error = childOf(iq, "error");
  if (error === undefined) return String(iq.attrs["type"]);
  return `${error.attrs["code"]} ${(error.children[0] as Xml).name}`;
}

/** What a login with PLAIN on a stream of its own ends with: `success`, or the condition of the failure. */
export async function tryLogin(server: TestServer, user: string, password: string): Promise<string> {
  const raw = await connectSecure(server);
  raw.send(streamHeader(server.domain));
  await raw.expect("</stream:features>");
  raw.send(saslPlain(user, password));
  const answer = await raw.expect(/<success [^>]*>|<failure .*?<\/failure>/s);
  raw.destroy();
  return answer.startsWith("<success") ? "success" : (/<failure [^>]*><([a-z-]+)/.exec(answer)?.[1] ?? answer);
}
