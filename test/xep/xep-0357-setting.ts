/** What tests of push notifications share: a phone that can be away, and the service that its app has, which is a client here too. */
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { startServer, type TestServer, type TestServerOptions } from "../../src/testing/start-server.ts";
import { HandClock } from "../management/clock.ts";
import { ManagedStage, type ManagedClient } from "../management/support.ts";
import { childOf, readXml, showXml, textOf, type Xml } from "../support/xml-reader.ts";

export const xmlns = "urn:xmpp:push:0";
export const options = (secret: string) =>
  "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#publish-options</value></field>" +
  `<field var='secret'><value>${secret}</value></field></x>`;

export interface Scene {
  readonly juliet: string;
  readonly romeo: ManagedClient;
  readonly app: ManagedClient;
  /** Juliet's, and the app's own: not available yet. */
  readonly phone: ManagedClient;
}

interface Logged {
  readonly level: number;
  readonly msg: string;
  readonly jid?: string;
}

/** One server for the tests of a file, whose time is theirs. */
export function pushSetting() {
  const clock = new HandClock();
  const logged: Logged[] = [];
  const logger = pino({ level: "info" }, { write: (line: string) => void logged.push(JSON.parse(line) as Logged) });
  let server: TestServer;
  let stage: ManagedStage;

  async function start(more: TestServerOptions = {}): Promise<void> {
    server = await startServer({ allowPlaintext: true, parts: { clock }, logger, limits: { offlineMessages: 20 }, ...more });
    stage = new ManagedStage(server);
  }

  beforeAll(() => start());
  afterEach(() => stage.clear());
  afterAll(() => server.stop());

  return {
    clock,
    logged,
    get server() {
      return server;
    },
    get stage() {
      return stage;
    },
    /** On a server of its own. */
    async elsewhere(options: TestServerOptions, work: () => Promise<void>): Promise<void> {
      const usual = [server, stage] as const;
      await start(options);
      try {
        await work();
      } finally {
        stage.clear();
        await server.stop();
        [server, stage] = usual;
      }
    },
    /** Juliet's app is a client of its own here, as is Romeo; neither is available. It shows itself to her unless it is a stranger. */
    async scene({ stranger = false } = {}): Promise<Scene> {
      const cast = await stage.cast("juliet", "romeo", "app");
      const [romeo, app, phone] = [await stage.bound(cast["romeo"]!), await stage.bound(cast["app"]!, "server"), await stage.resumable(cast["juliet"]!)];
      if (!stranger) await show(app, cast["juliet"]!);
      return { juliet: cast["juliet"]!, romeo, app, phone };
    },
  };
}

/** A service lets a user know that it is there (RFC 6121 section 4.6). */
export const show = (app: ManagedClient, user: string) => app.ask(`<presence to='${user}'/>`);

/** What the service is told, in the order in which it comes. */
export const told = async (app: ManagedClient) => notifications(await app.caughtUp());
export const words = async (app: ManagedClient) => (await told(app)).map(said);

/** The service takes what it is told, until nothing more comes. */
export async function taken(app: ManagedClient): Promise<readonly string[]> {
  const all: string[] = [];
  for (;;) {
    const now = await told(app);
    if (now.length === 0) return all;
    all.push(...now.map(said));
    await app.ask(now.map(accept).join(""));
  }
}

interface Asking {
  ask(text: string): Promise<readonly Xml[]>;
}

const attribute = (name: string, value: string | undefined) => (value === undefined ? "" : ` ${name}='${value}'`);

/** `result`, or the condition of the error. */
async function answered(client: Asking, payload: string, to?: string): Promise<string> {
  const answers = await client.ask(`<iq type='set' id='e'${attribute("to", to)}>${payload}</iq>`);
  const answer = answers.find(({ attrs }) => attrs["id"] === "e")!;
  if (answer.attrs["type"] === "result") {
    expect(answer.children).toEqual([]);
    return "result";
  }
  return (childOf(answer, "error")!.children as readonly Xml[])[0]!.name;
}

export const enable = (client: Asking, jid?: string, node: string | undefined = "node", form = "", to?: string) =>
  answered(client, `<enable xmlns='${xmlns}'${attribute("jid", jid)}${attribute("node", node)}>${form}</enable>`, to);

export const disable = (client: Asking, jid?: string, node?: string, to?: string) =>
  answered(client, `<disable xmlns='${xmlns}'${attribute("jid", jid)}${attribute("node", node)}/>`, to);

/** The notifications among them. */
export const notifications = (stanzas: readonly Xml[]) => stanzas.filter((stanza) => stanza.name === "iq" && childOf(stanza, "pubsub") !== undefined);

/** What a notification says: `node 2`, with sender and body where they are told, and the secret of the options. */
export function said(notification: Xml): string {
  const pubsub = childOf(notification, "pubsub");
  const publish = childOf(pubsub, "publish");
  const form = childOf(childOf(childOf(publish, "item"), "notification"), "x");
  const given = childOf(childOf(pubsub, "publish-options"), "x");
  const values = [form, given].flatMap((x) => (x?.children ?? []) as readonly Xml[]).filter(({ attrs }) => attrs["var"] !== "FORM_TYPE");
  return [publish?.attrs["node"] ?? "none", ...values.map((field) => textOf(childOf(field, "value")))].join(" ");
}

export const accept = (notification: Xml) => reply(notification, "", "result");
export const refuse = (notification: Xml, type = "cancel", condition = "item-not-found") =>
  reply(notification, `<error type='${type}'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`, "error");

function reply({ attrs }: Xml, payload: string, type: string): string {
  return `<iq type='${type}' id='${attrs["id"]}' to='${attrs["from"]}'>${payload}</iq>`;
}

export const sameXml = (actual: Xml | undefined, expected: string) => expect(showXml(actual!)).toBe(showXml(readXml(expected)));
