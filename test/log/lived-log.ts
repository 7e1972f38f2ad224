/** A log as a server leaves it behind that ends without warning: accounts, rosters, waiting messages, rooms, sessions that wait and that have ended. */
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { login, type BoundClient } from "../support/login.ts";

const people = Array.from({ length: 12 }, (_, index) => `person${index}`);
/** So that some texts do not fit into one page. */
const longBody = "what light through yonder window breaks ".repeat(120);

/** Writes `NAME.db`, with the write-ahead log beside it that had not been written back, and returns its path. */
export async function livedLog(folder: string, name = "lived"): Promise<string> {
  const live = join(folder, `${name}-live.db`);
  const openStore = (onFatal: (error: Error) => void) => openSqliteStore({ file: live, durability: "process", onFatal });
  const server = await startServer({ parts: { openStore }, allowPlaintext: true });
  const clients: BoundClient[] = [];
  for (const person of people) await server.addUser(person, "secret");
  const enter = async (user: string, resource: string, counts: boolean) => {
    const client = await login({ domain: server.domain, port: server.port, tlsPort: server.tlsPort }, { user, resource, over: "plaintext" });
    clients.push(client);
    if (counts) client.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
    client.send("<presence><priority>1</priority></presence>");
    await client.caughtUp();
    return client;
  };
  for (const [index, person] of people.slice(0, 8).entries()) {
    const client = await enter(person, "home", index % 2 === 0);
    for (const contact of people.filter((other) => other !== person).slice(0, 5)) {
      await client.ask(`<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='${contact}@localhost' name='${contact}'/></query></iq>`);
      await client.ask(`<presence type='subscribe' to='${contact}@localhost'/>`);
    }
  }
  for (const [index, client] of clients.entries()) {
    for (let number = 0; number < 12; number += 1) {
      const body = number % 5 === 0 ? longBody : `message ${number}`;
      client.send(`<message type='chat' id='m${index}-${number}' to='${people[(index + number) % people.length]}@localhost'><body>${body}</body></message>`);
    }
    await client.caughtUp();
  }
  await meet(clients);
  // One of them does not look, and can resume.
  const [writer, idle] = [clients[1]!, clients[2]!];
  await idle.ask("<inactive xmlns='urn:xmpp:csi:0'/>");
  for (const node of ["tune", "mood", "tune"]) {
    const items = `<items node='${node}'><item id='current'><text xmlns='urn:x'>${longBody.slice(0, 200)}</text></item></items>`;
    await writer.ask(`<message type='headline' to='${idle.jid}'><event xmlns='http://jabber.org/protocol/pubsub#event'>${items}</event></message>`);
  }
  for (const client of clients.slice(0, 2)) await client.close();
  for (const [index, person] of people.slice(0, 2).entries()) await enter(person, "again", index % 2 === 0);
  for (const person of people.slice(-2)) await server.server.admin.userDisable(`${person}@localhost`);
  await server.server.admin.userEnable(`${people.at(-1)}@localhost`);
  const file = join(folder, `${name}.db`);
  await server.store.stats();
  copyFileSync(live, file);
  if (existsSync(`${live}-wal`)) copyFileSync(`${live}-wal`, `${file}-wal`);
  await server.stop();
  return file;
}

/** A room that is over, one that nobody is in any more, and one with people in it who came and went often. */
async function meet(clients: readonly BoundClient[]): Promise<void> {
  const [owner, ...others] = clients as readonly [BoundClient, ...BoundClient[]];
  const [brief, empty, full] = ["brief", "empty", "full"].map((name) => `${name}@muc.localhost`) as [string, string, string];
  const enter = (client: BoundClient, room: string) => client.ask(`<presence to='${room}/n${clients.indexOf(client)}'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
  const leave = (client: BoundClient, room: string) => client.ask(`<presence type='unavailable' to='${room}/n${clients.indexOf(client)}'/>`);
  const say = (client: BoundClient, room: string, body: string) => client.ask(`<message type='groupchat' to='${room}' id='${body.slice(0, 9)}'><body>${body}</body></message>`);
  for (const room of [brief, empty, full]) {
    await enter(owner, room);
    const persistent = "<field var='muc#roomconfig_persistentroom'><value>1</value></field>";
    const form = `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>${room === brief ? "" : persistent}</x>`;
    await owner.ask(`<iq type='set' id='c' to='${room}'><query xmlns='http://jabber.org/protocol/muc#owner'>${form}</query></iq>`);
    for (const client of others.slice(0, 4)) await enter(client, room);
    for (const [index, client] of clients.slice(0, 5).entries()) await say(client, room, index === 2 ? longBody : `words ${index}`);
  }
  await owner.ask(`<iq type='set' id='v' to='${full}'><vCard xmlns='vcard-temp'><FN>Orchard</FN></vCard></iq>`);
  await owner.ask(`<message type='groupchat' to='${full}'><subject>the wall</subject></message>`);
  await owner.ask(`<iq type='set' id='a' to='${full}'><query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='member' jid='${others[0]!.bare}'/></query></iq>`);
  for (let turn = 0; turn < 90; turn += 1) others[0]!.send(`<presence to='${full}/n1'><status>${turn}</status></presence>`);
  await others[0]!.caughtUp();
  for (const room of [brief, empty]) for (const client of clients.slice(0, 5)) await leave(client, room);
}
