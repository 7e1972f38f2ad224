/** Performs a play on a running server. */
import { Component, namespace as componentNamespace, type ComponentServer } from "../component/setting.ts";
import { hashedToken, openStream, sasl2 } from "../support/inline-login.ts";
import { login, type BoundClient, type LoginOptions, type ServerAddress } from "../support/login.ts";
import { lastStream } from "../streams/support.ts";
import { childOf, showXml, StreamReader, type Xml } from "../support/xml-reader.ts";
import { difference, filled, type Bindings } from "./compare.ts";
import type { Play, Scene } from "./parse.ts";

/** An actor on stage: the client, and what it received and the play has not mentioned yet. */
interface Actor {
  readonly client: Pick<BoundClient, "send" | "caughtUp" | "next" | "close" | "raw">;
  readonly inbox: Xml[];
  /** Has logged in: whoever has not can ask nothing, and receives what the play says without being asked whether it is all. */
  known: boolean;
  /** The stream has ended. */
  gone: boolean;
}

/** Rejects with an Error that names the line, what the play says and what happened. Users have the password `secret`. */
export async function perform(play: Play, server: ServerAddress & ComponentServer, over: LoginOptions["over"] = "tls"): Promise<void> {
  const actors = new Map<string, Actor>();
  const bindings: Bindings = new Map();
  try {
    for (const [index, scene] of play.scenes.entries()) {
      // After what breaks a stream there is nobody left to ask whether the server has done it.
      const breaks = play.scenes.slice(index + 1).find(({ who }) => who === scene.who)?.does === "stream ends with";
      try {
        await act(scene, play, { server, over, actors, bindings, breaks });
      } catch (error) {
        throw new Error(`line ${scene.line}: ${(error as Error).message}`, { cause: error });
      }
    }
    await settle(actors);
    for (const [name, { inbox }] of actors) if (inbox.length > 0) throw new Error(`at the end: ${surprise(name, inbox)}`);
  } finally {
    for (const { client } of actors.values()) client.raw.destroy();
  }
}

interface Stage {
  readonly server: ServerAddress & ComponentServer;
  readonly over: LoginOptions["over"];
  readonly actors: Map<string, Actor>;
  readonly bindings: Bindings;
  /** What is sent now ends the sender's stream. */
  readonly breaks: boolean;
}

/** Milliseconds to wait for the end of a stream, the one thing that no answer marks. */
const endMs = 1_000;

async function act(scene: Scene, play: Play, { server, over, actors, bindings, breaks }: Stage): Promise<void> {
  const { who } = scene;
  if (scene.does === "logs in") {
    const { user, domain, resource } = play.cast.get(who)!;
    const client = user === undefined ? await Component.connect(server, domain) : await login(server, { user, resource, ...(over === undefined ? {} : { over }) });
    actors.set(who, { client, inbox: [], known: true, gone: false });
    bindings.set(who, "jid" in client ? client.jid : domain);
    return;
  }
  if (scene.does === "connects" || scene.does === "connects over TLS") {
    const { user, domain } = play.cast.get(who)!;
    if (user === undefined) throw new Error(`${who} is a component`);
    const client = await openStream(server, { over: scene.does === "connects" ? over : "tls", from: `${user}@${domain}` });
    actors.set(who, { client, inbox: [...lastStream(client.raw).elements], known: false, gone: false });
    return;
  }
  const actor = actors.get(who);
  if (actor === undefined || actor.gone) throw new Error(`${who} is not there`);
  switch (scene.does) {
    case "sends":
      // XEP-0388 section 2.4: white space in the midst of a login is a mistake.
      actor.client.send(filled(withProofs(scene.xml.trim(), play.cast.get(who)?.user, bindings), bindings));
      if (!breaks) await settle(actors, actor);
      return;
    case "receives":
      await settle(actors);
      for (const expected of stanzasIn(scene.xml)) {
        if (!actor.known && actor.inbox.length === 0) await hear(actor);
        receive(who, actor, expected, bindings);
      }
      return;
    case "receives nothing":
      await settle(actors);
      if (actor.inbox.length > 0) throw new Error(surprise(who, actor.inbox));
      return;
    case "stream ends with":
      return endWith(who, actor, scene.condition);
    case "leaves":
      await settle(actors);
      if (actor.inbox.length > 0) throw new Error(surprise(who, actor.inbox));
      actor.gone = true;
      return actor.client.close();
  }
}

/** The next that comes to somebody who has not logged in. Features follow a success in the same stream, but where it resumes another (XEP-0198 section 9.2). */
async function hear(actor: Actor): Promise<void> {
  const element = await actor.client.next();
  actor.known = element.name === "success" && element.xmlns === sasl2;
  actor.inbox.push(element);
  if (actor.known && childOf(element, "resumed") === undefined) actor.inbox.push(await actor.client.next());
}

/** What a user sends with HT-SHA-256-NONE for each token that is named. */
function withProofs(xml: string, user: string | undefined, bindings: Bindings): string {
  return xml.replace(/\{proof of (\w+)\}/g, (_, name: string) => {
    const token = bindings.get(name);
    if (user === undefined || token === undefined) throw new Error(`there is no token ${name}`);
    return hashedToken(user, token);
  });
}

/** The same stanza over another kind of stream. */
function asAtClients(stanza: Xml): Xml {
  const children = stanza.children.map((child) => (typeof child === "string" ? child : asAtClients(child)));
  return { ...stanza, xmlns: stanza.xmlns === componentNamespace ? "jabber:client" : stanza.xmlns, children };
}

/** Waits until the server has done what it was sent, and each actor has what was sent to it. No clock is involved. */
async function settle(actors: ReadonlyMap<string, Actor>, only?: Actor): Promise<void> {
  for (const actor of only === undefined ? actors.values() : [only]) {
    if (!actor.gone && actor.known) actor.inbox.push(...(await actor.client.caughtUp()).map(asAtClients));
  }
}

function receive(who: string, actor: Actor, expected: Xml, bindings: Bindings): void {
  const received = actor.inbox.shift();
  const shown = filled(showXml(expected), bindings);
  if (received === undefined) throw new Error(`${who} was to receive\n    ${shown}\n  but nothing came`);
  const attempt = new Map(bindings);
  const why = difference(expected, received, attempt);
  if (why !== undefined) throw new Error(`${who} was to receive\n    ${shown}\n  but received\n    ${showXml(received)}\n  ${why}`);
  for (const [name, value] of attempt) bindings.set(name, value);
}

async function endWith(who: string, actor: Actor, condition: string): Promise<void> {
  actor.gone = true;
  for (;;) {
    const element = await actor.client.next(endMs);
    if (element.name !== "error") {
      actor.inbox.push(element);
      continue;
    }
    if (childOf(element, condition) === undefined) throw new Error(`${who}'s stream ended with ${showXml(element)}`);
    return actor.client.raw.closed();
  }
}

function surprise(who: string, inbox: readonly Xml[]): string {
  return `${who} received what is not in the play\n    ${inbox.map((stanza) => showXml(stanza)).join("\n    ")}`;
}

function stanzasIn(xml: string): readonly Xml[] {
  const reader = new StreamReader();
  reader.write(`<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>${xml}`);
  const stanzas: Xml[] = [];
  for (let stanza = reader.take(); stanza !== undefined; stanza = reader.take()) stanzas.push(stanza);
  return stanzas;
}
