/**
 * Whatever occupants and admins do, and whenever the server is killed: what each occupant has been told makes the same picture of who is there
 * with which role and affiliation, and it is that of the room (XEP-0045 sections 7, 8 and 9).
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseJid } from "../../src/domain/jid.ts";
import { Room } from "../../src/domain/room.ts";
import { RoomSource } from "../../src/log/room-source.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { ManagedStage, type ManagedClient } from "../management/support.ts";
import { runs } from "../races/runs.ts";
import type { Xml } from "../support/xml-reader.ts";
import { setItems, toAffiliation, toRole } from "./asking.ts";
import { itemOf, joining, leaving, newRoom, opened, said, statusCodes } from "./setting.ts";

const people = ["romeo", "juliet", "nurse", "paris"] as const;
type Name = (typeof people)[number];
/** Romeo has two sessions. */
const actors = [...people, "desk"] as const;
type Actor = (typeof actors)[number];
const nicks = ["rom", "jul", "nur", "par", "Jul"] as const;

let server: TestServer;
let stage: ManagedStage;
let jids: Readonly<Record<Name, string>>;
const clients = new Map<Actor, ManagedClient>();
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, rooms: { perUser: 100_000 } });
  stage = new ManagedStage(server);
  jids = await stage.cast(...people);
  for (const name of people) clients.set(name, await stage.resumable(jids[name]));
  clients.set("desk", await stage.resumable(jids.romeo, "desk"));
});
afterAll(() => {
  stage.clear();
  return server.stop();
});

type Act =
  | { readonly does: "enter" | "rename"; readonly who: Actor; readonly nick: string }
  | { readonly does: "leave" | "say" | "cut" | "show" | "lose"; readonly who: Actor }
  | { readonly does: "role"; readonly who: Actor; readonly nick: string; readonly role: string }
  | { readonly does: "affiliation"; readonly who: Actor; readonly whom: Name; readonly affiliation: string }
  | { readonly does: "kill"; readonly who: Actor };

const who = fc.constantFrom(...actors);
const whom = fc.constantFrom(...people);
const nick = fc.constantFrom(...nicks);
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: fc.constant("enter" as const), who, nick }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant("rename" as const), who, nick }) },
  { weight: 5, arbitrary: fc.record({ does: fc.constantFrom("leave", "say", "cut", "show", "lose"), who }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant("role" as const), who, nick, role: fc.constantFrom("none", "visitor", "participant", "moderator") }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant("affiliation" as const), who, whom, affiliation: fc.constantFrom("outcast", "none", "member", "admin", "owner") }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("kill" as const), who }) },
);

/** One session, and what it makes of what it is told. */
class Occupant {
  readonly client: ManagedClient;
  /** `role/affiliation` by nick, while it believes to be in the room. */
  view: Map<string, string> | undefined;
  /** What was said while it was there. */
  readonly heard: string[] = [];
  readonly troubles: string[] = [];
  #coming = new Map<string, string>();
  connected = true;

  constructor(client: ManagedClient) {
    this.client = client;
  }

  /** Has a link, and all that was for it. */
  async catchUp(): Promise<void> {
    if (!this.connected) {
      await this.client.resume();
      this.connected = true;
    }
    for (const stanza of await this.client.caughtUp()) this.hear(stanza);
  }

  hear(stanza: Xml): void {
    if (stanza.attrs["type"] === "error") return;
    if (stanza.name === "message") {
      const id = stanza.attrs["id"] ?? "";
      if (!id.startsWith("said-")) return;
      // What was said before it came is told anew to who comes again.
      if (stanza.children.some((child) => typeof child !== "string" && child.name === "delay")) return;
      if (this.heard.includes(id)) this.troubles.push(`${id} came twice`);
      this.heard.push(id);
      return;
    }
    const item = itemOf(stanza);
    if (stanza.name !== "presence" || item === undefined) return;
    const from = stanza.attrs["from"] ?? "";
    const nick = from.slice(from.indexOf("/") + 1);
    const codes = statusCodes(stanza);
    const self = codes.includes("110");
    const seen = this.view ?? this.#coming;
    if (stanza.attrs["type"] === "unavailable") {
      // Section 7.2.18: it did not believe so.
      if (self && this.view === undefined) return void (this.#coming = new Map());
      if (!seen.delete(nick)) this.troubles.push(`${nick} went and was not there`);
      if (!self || codes.includes("303")) return;
      this.view = undefined;
      this.#coming = new Map();
      return;
    }
    seen.set(nick, `${item.attrs["role"]}/${item.attrs["affiliation"]}`);
    if (!self || this.view !== undefined) return;
    // Section 7.1: its own comes last.
    [this.view, this.#coming] = [seen, new Map()];
  }
}

class Scene {
  readonly room: string;
  readonly occupants: ReadonlyMap<Actor, Occupant>;
  #said = 0;

  constructor(room: string, occupants: ReadonlyMap<Actor, Occupant>) {
    this.room = room;
    this.occupants = occupants;
  }

  /** The same people each time, in a room of its own. */
  static async begin(): Promise<Scene> {
    const occupants = new Map(actors.map((name) => [name, new Occupant(clients.get(name)!)]));
    for (const { client } of occupants.values()) await client.caughtUp();
    const owner = clients.get("romeo")!;
    const room = newRoom();
    // It stays when nobody is in it.
    await opened(owner, room, "rom", { "muc#roomconfig_persistentroom": "1" });
    await owner.ask(leaving(room, "rom"));
    return new Scene(room, occupants);
  }

  /** Everybody is there, and in no room. */
  async end(): Promise<void> {
    for (const occupant of this.occupants.values()) {
      await occupant.catchUp();
      await occupant.client.ask(leaving(this.room, "whoever"));
      occupant.client.ack();
    }
  }

  async act(act: Act): Promise<void> {
    if (act.does === "kill") {
      await server.restart({ kill: true });
      for (const occupant of this.occupants.values()) {
        occupant.client.cut();
        occupant.connected = false;
      }
      return;
    }
    const occupant = this.occupants.get(act.who)!;
    if (act.does === "cut") {
      if (occupant.connected) await occupant.client.vanish(server);
      occupant.connected = false;
      return;
    }
    await occupant.catchUp();
    const { client } = occupant;
    for (const stanza of await client.ask(this.#stanzaOf(act, occupant))) occupant.hear(stanza);
  }

  #stanzaOf(act: Exclude<Act, { readonly does: "kill" }>, { view }: Occupant): string {
    const { room } = this;
    switch (act.does) {
      case "enter":
        return joining(room, act.nick);
      case "rename":
        return view === undefined ? said(room, "x", "lost") : `<presence to='${room}/${act.nick}'/>`;
      case "leave":
        return leaving(room, "whoever");
      case "say":
        return said(room, "words", `said-${(this.#said += 1)}`);
      case "show":
        return `<presence to='${room}/${nicks[0]}'><show>away</show></presence>`;
      case "lose":
        // Its whole client is gone for the others, and so it is from the room.
        return "<presence type='unavailable'/>";
      case "role":
        return setItems(room, toRole(act.nick, act.role));
      case "affiliation":
        return setItems(room, toAffiliation(jids[act.whom], act.affiliation));
      case "cut":
        return "";
    }
  }

  /** What each sees, and the room is. */
  async check(): Promise<void> {
    for (const occupant of this.occupants.values()) await occupant.catchUp();
    const jid = parseJid(this.room)!;
    const room = (await new RoomSource(server.store).load({ host: jid.domain, room: jid.local! })) ?? new Room(jid.domain, jid.local!);
    const there = [...room.occupants].map(([nick, { role, presences }]) => {
      const [full = ""] = Object.keys(presences);
      return [nick, `${role}/${room.affiliationOf(full.slice(0, full.indexOf("/")))}`] as const;
    });
    for (const [name, { view, troubles, client }] of this.occupants) {
      expect(troubles, name).toEqual([]);
      expect(view !== undefined, `${name} believes to be in the room`).toBe(room.nickOf(client.jid) !== undefined);
      if (view !== undefined) expect(Object.fromEntries(view), `what ${name} sees`).toEqual(Object.fromEntries(there));
    }
    const all = [...this.occupants.values()].map(({ heard }) => heard.map((id) => Number(id.slice(5))));
    for (const numbers of all) expect(numbers, "in order").toEqual(numbers.toSorted((a, b) => a - b));
  }
}

describe("XEP-0045 sections 7 to 9: what occupants see of each other", () => {
  it("is the same for all of them, and what is, whatever they do and whenever the server is killed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 25 }), async (acts) => {
        const scene = await Scene.begin();
        for (const one of acts) await scene.act(one);
        await scene.check();
        await scene.end();
      }),
      { numRuns: runs(30), endOnFailure: true },
    );
  }, 600_000);
});
