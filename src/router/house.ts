/** What extensions may know of the server and ask of it, gathered once. */
import type { Account } from "../domain/account.ts";
import type { EntityDescription } from "../domain/entity-caps.ts";
import type { AccountFact } from "../domain/facts.ts";
import { belongsTo, parseJid, type Jid } from "../domain/jid.ts";
import { extensionAnswerMs } from "../domain/limits.ts";
import type { CountRefusal } from "../domain/refusals.ts";
import type { Ids, Log } from "../ports.ts";
import type { AccountCache } from "../session/account-cache.ts";
import { typeOf } from "../session/border.ts";
import type { Session } from "../session/environment.ts";
import type { Registry } from "../session/registry.ts";
import type { NodeHost } from "../pubsub/host.ts";
import { Rooms, type RoomLimits, type RoomStore, type RoomsHost, type Whispered } from "../muc/rooms.ts";
import { Nodes } from "../pubsub/nodes.ts";
import type { UploadSlots } from "../upload/open.ts";
import type { Sender, Services } from "../service/services.ts";
import type { Batch, Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import type { Stanza, StanzaKind } from "../xml/stanza.ts";
import { createAccountData, createSetState, type AccountData, type DataSource, type SetState } from "./account-data.ts";
import type { Administration } from "./administration.ts";
import type { Archive } from "./archive.ts";
import { createArchive, type ArchiveSource } from "./archive-pages.ts";
import type { Capabilities } from "./capabilities.ts";
import type { Contacts } from "./contacts.ts";
import type { Command } from "./commands.ts";
import type { AccountNodes, Extension, ServerNodes } from "./extension.ts";
import { noteFor } from "./delivery-note.ts";
import { readKept } from "./kept-element.ts";
import type { InvitationDesk } from "./invitations.ts";
import type { Later } from "./later.ts";
import type { Registrar } from "./registrar.ts";
import { occupantIdOf } from "./occupant-ids.ts";
import type { Patience } from "./patience.ts";
import type { Answered, Requests, ServerRequest } from "./requests.ts";
import { createRoomArchive } from "./room-archive.ts";

export type { UploadSlots } from "../upload/open.ts";
export type { SlotAnswer, Wanted } from "../upload/uploads.ts";
export type { DataSource, StoredMessage } from "./account-data.ts";

export interface House {
  /** Of this server. */
  readonly software: { readonly name: string; readonly version: string };
  /** The domains that are served, prepared. */
  readonly hosts: readonly string[];
  /** Choices of the operator that extensions obey. */
  readonly limits: HouseLimits;
  /** For operators: what went wrong and is nobody's answer. */
  readonly log: Log;
  /** Counts, for operators, what a limit has refused without a fault that names it (`StanzaFault.limit`). */
  readonly refused: CountRefusal;
  /** What service discovery tells: the features are those of all extensions, sorted, each once. */
  description(of: "server" | "account"): EntityDescription;
  /** Those who know of what accounts have below them (XEP-0030 section 4). */
  readonly accountNodes: readonly AccountNodes[];
  /** Those who know of what the server has below it. */
  readonly serverItems: readonly ServerNodes[];
  /** What people can execute from a client. */
  readonly commands: readonly Command[];
  /** What administrators may ask of the server. Who may ask is for the extension to look at. */
  readonly administration: Administration;
  /** The nodes of the server that service discovery describes as the server itself. */
  serverNodes(): readonly string[];
  /**
   * What the available client of a session can do, as it has said and proven; empty while that is not known (XEP-0115). After a restart
   * of the server it is the nodes that it wants to hear of alone, until it has said the rest anew.
   */
  features(session: Session): ReadonlySet<string>;
  /**
   * Asks a client, or an address of a component (XEP-0114), in the name of the server (`hosts[0]`, or another of its domains) or of an account. Whoever is not connected here
   * cannot be asked; who does not answer within 30 s has not answered.
   */
  ask(step: Step, request: ServerRequest, answered: Answered): void;
  /** Gives a stanza of the server's own, or of an account, to one of its account's sessions, unless an extension holds it back. */
  deliver(step: Step, stanza: Stanza & { readonly to: Jid }, account: Account, recipient: Session): void;
  /** The connected sessions of an account. */
  sessions(bareJid: string): readonly Session[];
  /** The users whose sessions have sent directed presence to an address of this account, by their bare JIDs. Looks at all sessions. */
  directedTo(bareJid: string): readonly Jid[];
  /**
   * Does something in a step of its own, `delayMs` after `step`; not at all if that fails, or the server stops before. Returns the way to
   * call it off. Nothing of it is there after the next start.
   */
  later(step: Step, delayMs: number, work: (step: Step) => void): () => void;
  /** An id that nobody has had before and nobody can guess. */
  nextId(): string;
  /** Milliseconds since this server started. */
  uptime(step: Step): number;
  /** Runs a step: for what is done after a wait. */
  run<Result>(cause: string | null, work: (step: Step) => Result): Result;
  /** An account that is in memory: every account that has a session, and the sender's and the addressee's of what is being handled. */
  account(step: Step, bareJid: string): Account | undefined;
  /** Loads an account; undefined if it does not exist, or is not of this server. */
  load(jid: Jid): Promise<Account | undefined>;
  /**
   * Whatever is sent to the account from now on waits until `until` is settled: something older is on its way. Its senders' input
   * waits too, so it must not take long, and must not wait for a client: after `extensionAnswerMs` nobody waits any more.
   */
  hold(account: Account, until: Promise<unknown>): void;
  /** Changes an account that is in memory. Binding unless told otherwise: then nothing waits until it is on the disk. */
  change(step: Step, account: Account, fact: AccountFact, binding?: boolean): void;
  /** Values of accounts that are on the disk alone. Setting one is at once, reading one is a promise. */
  readonly data: AccountData;
  /** The messages that accounts have kept. */
  readonly archive: Archive;
  /**
   * Sets a small value that is in memory with its account (`Account.state`); null removes it. Throws RangeError for a value of more than
   * `stateValueBytesMax` bytes of JSON, for more than `stateKeysMax` keys of a space, and for a space or key that cannot be kept.
   */
  readonly setState: SetState;
  /** What may be done about contacts, and who sees whom. */
  readonly contacts: Contacts;
  /** Nodes of accounts with their items (XEP-0163). */
  readonly nodes: Nodes;
  /** What has a domain of its own beside the hosts. */
  readonly services: Services;
  /** Rooms of many (XEP-0045). */
  readonly rooms: Rooms;
  /** Files that users put here over HTTP; undefined where that is off. */
  readonly uploads: UploadSlots | undefined;
  /** Links by which newcomers make accounts, and become contacts (XEP-0401). */
  readonly invitations: InvitationDesk;
  /** Accounts as a whole. */
  readonly registrar: Registrar;
}

export interface ExternalService {
  readonly type: string;
  readonly host: string;
  readonly port: number;
  readonly transport: string;
  /** What the service knows, too: from it names and passwords are made, which are good for so many milliseconds. Without it none is needed. */
  readonly secret?: string;
  readonly lifetimeMs: number;
}

/** Choices of the operator that extensions obey. */
export interface HouseLimits {
  /** Messages that are kept for a user who is not there; 0: none. */
  readonly offlineMessages: number;
  /** Stanzas, and bytes of them, that are kept for a client until it acknowledges them (XEP-0198). */
  readonly queueStanzas: number;
  readonly queueBytes: number;
  /** What push services are told of messages that wait (XEP-0357): each of them with all before it. */
  readonly rooms: RoomLimits & { readonly enabled: boolean; readonly subdomain: string };
  /** Where people reach those who run the server, by what about (XEP-0157). */
  readonly contact: Readonly<Record<string, readonly string[]>>;
  /** Services elsewhere that clients are told of (XEP-0215). */
  readonly externalServices: readonly ExternalService[];
  /** What of accounts users do themselves (XEP-0077): make them, set other passwords, remove them. */
  readonly registration: { readonly enabled: boolean; readonly passwords: boolean; readonly removal: boolean; readonly invitations: "admins" | "users" | "nobody" };
  /** Of the largest file that is taken over HTTP; 0: none is. */
  readonly uploadBytes: number;
  readonly pushDisclose: "nothing" | "count" | "sender" | "body";
  /** The push services that every user may have notified, as full JIDs, bare ones or domains, prepared. */
  readonly pushServices: ReadonlySet<string>;
  /** Which of it waits for a client that is inactive (XEP-0352). */
  readonly holdPresence: boolean;
  readonly holdChatStates: boolean;
  readonly holdEvents: boolean;
}

export interface HouseOptions {
  readonly software: House["software"];
  readonly hosts: readonly string[];
  readonly limits: HouseLimits;
  readonly log: Log;
  readonly refused: CountRefusal;
  readonly extensions: readonly Extension[];
  readonly registry: Registry;
  readonly accounts: AccountCache;
  readonly batch: Batch;
  readonly ids: Ids;
  readonly source: DataSource;
  readonly contacts: Contacts;
  readonly requests: Requests;
  readonly later: Later;
  readonly patience: Patience;
  readonly capabilities: Capabilities;
  readonly services: Services;
  readonly rooms: RoomStore;
  /** What was said in rooms: each is the owner of its archive, by its name. */
  readonly roomArchive: ArchiveSource;
  readonly uploads: UploadSlots | undefined;
  readonly registrar: Registrar;
  readonly invitations: InvitationDesk;
  readonly administration: Administration;
  /** Sends what a service sends: called when it is needed, the router is built around the house. */
  readonly send: (step: Step, stanza: Stanza & { readonly to: Jid }, sender: Sender) => void;
  /** What becomes of a private message in a room beside its delivery: called when it is needed, as `send`. */
  readonly whispered: (step: Step, message: Whispered) => void;
  /** Asks an account in the name of a service, for one of its users: called when it is needed, as `send`. */
  readonly ask: (step: Step, iq: Stanza & { readonly to: Jid }, session: Session, sender: Sender) => void;
  /** Whether an extension holds it back: called when it is needed, the router is built around the house. */
  readonly hold: (step: Step, stanza: Stanza, account: Account, recipient: Session) => boolean;
  /** From which the ids of archived messages are made: 16 bytes, the same for ever. */
  readonly archiveKey: Uint8Array;
  /** From which the ids of occupants are made: 16 bytes, the same for ever. */
  readonly occupantKey: Uint8Array;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

export function createHouse(options: HouseOptions): House {
  const { software, hosts, limits, log, refused, extensions, registry, accounts, batch, ids, startedAt } = options;
  const descriptions = new Map<"server" | "account", EntityDescription>();
  let nodeHost: NodeHost | undefined;
  const house: House = {
    software,
    hosts,
    limits,
    log,
    refused,
    description(of) {
      let known = descriptions.get(of);
      if (known === undefined) descriptions.set(of, (known = describe(of, options, house)));
      return known;
    },
    accountNodes: extensions.flatMap(({ accountNodes }) => accountNodes ?? []),
    serverItems: extensions.flatMap(({ serverItems }) => serverItems ?? []),
    commands: extensions.flatMap(({ commands }) => commands ?? []),
    administration: options.administration,
    serverNodes: () => extensions.flatMap((extension) => extension.serverNodes?.(house) ?? []),
    features: (session) => options.capabilities.of(session),
    ask: (step, request, answered) => options.requests.ask(step, request, answered),
    deliver: (step, stanza, account, recipient) => {
      if (!options.hold(step, stanza, account, recipient)) recipient.deliver(step, stanza.element, { copy: true });
    },
    sessions: (bareJid) => registry.sessions(bareJid),
    directedTo: (bareJid) => directedTo(registry, bareJid),
    later: (step, delayMs, work) => options.later.after(step, delayMs, work),
    nextId: () => ids.next(),
    uptime: (step) => step.at - startedAt,
    run: (cause, work) => batch.run(cause, work),
    account: (step, bareJid) => accounts.read(step, bareJid),
    load: async ({ domain, local }) => (local !== undefined && hosts.includes(domain) ? accounts.load(domain, local) : undefined),
    hold: ({ bare }, until) => accounts.hold(bare, options.patience.within(until, () => {
      refused("extensionAnswerMs");
      log.error({ jid: bare }, `${bare}: an extension holds what is sent to it, and has not let go within ${extensionAnswerMs / 1_000} s: it goes on`);
    })),
    change: (step, account, fact, binding) => accounts.change(step, account, fact, binding),
    data: createAccountData({
      ...options,
      changed(step, account, space, key, value) {
        for (const { dataChanged } of extensions) dataChanged?.({ step, account, space, key, value, house });
      },
    }),
    archive: createArchive(options),
    setState: createSetState(options),
    contacts: options.contacts,
    nodes: new Nodes({
      defaults: new Map(extensions.flatMap(({ nodeDefaults = {} }) => Object.entries(nodeDefaults))),
      host: () => (nodeHost ??= { ...house, readKept: (account, what, text) => readKept(log, account, what, text) }),
      itemsChanged: (change) => {
        for (const { itemsChanged } of extensions) itemsChanged?.({ ...change, house });
      },
      accessChanged: (change) => {
        for (const { accessChanged } of extensions) accessChanged?.({ ...change, house });
      },
    }),
    services: options.services,
    uploads: options.uploads,
    invitations: options.invitations,
    registrar: options.registrar,
    rooms: new Rooms(roomsHost(options, () => house.rooms), extensions.flatMap(({ rooms }) => rooms ?? [])),
  };
  return house;
}

function roomsHost(options: HouseOptions, rooms: () => Rooms): RoomsHost {
  const { log, refused, software, limits, hosts, ids, batch, registry, services, rooms: store, roomArchive, archiveKey, occupantKey, later, send, ask, whispered, accounts } = options;
  return {
    log,
    refused,
    patient: (promised, what, late) => options.patience.within(promised, () => {
      refused("extensionAnswerMs");
      log.error({}, `${what}: no answer within ${extensionAnswerMs / 1_000} s; its client is told of an error`);
      return late();
    }),
    software,
    limits: limits.rooms,
    hosts,
    store,
    archive: createRoomArchive({ batch, source: roomArchive, archiveKey }),
    queue: limits,
    occupantId: ({ bare }, bareJid) => occupantIdOf(occupantKey, bare, bareJid),
    nextId: () => ids.next(),
    run: (cause, work) => batch.run(cause, work),
    durable: (ticket) => batch.durable(ticket),
    isDurable: (ticket) => batch.isDurable(ticket),
    later: (step, delayMs, work) => later.after(step, delayMs, work),
    give(step, to, element, note) {
      const session = to.resource === undefined ? undefined : registry.session(to.bare, to.resource);
      if (session === undefined) return giveToService(services, step, to, element);
      const from = String(element.attrs["from"]);
      // RFC 6121 section 4.6.3: who says that it is gone, or that it cannot be reached, is not told of the end any more.
      const isEnd = element.name === "presence" && ["unavailable", "error"].includes(String(element.attrs["type"]));
      const wasTold = isEnd && session.directed.includes(from) && !isAllOfRoom(step, rooms(), session, from);
      if (wasTold) session.tell(step, { type: "presence.undirected", at: step.at, to: from });
      if (!isKeptBack(step, options, to, from, element, session)) session.deliver(step, element, note);
      return true;
    },
    noteFor: (jids, why) => noteFor(jids.flatMap((jid) => sessionOf(registry, jid) ?? []), { nextId: () => ids.next() }, why),
    blocks: (step, bareJid, address) => accounts.read(step, bareJid)?.blocks(address) === true,
    isThere: ({ bare, resource }) => {
      const domain = bare.slice(bare.indexOf("@") + 1);
      if (!hosts.includes(domain)) return services.get(domain) !== undefined && services.get(domain)?.away !== true;
      return resource !== undefined && registry.session(bare, resource) !== undefined;
    },
    send,
    whispered,
    askAccount(step, iq, asker, sender) {
      const session = asker.resource === undefined ? undefined : registry.session(asker.bare, asker.resource);
      if (session === undefined || !hosts.includes(iq.to.domain)) return false;
      ask(step, iq, session, sender);
      return true;
    },
  };
}

/**
 * Whether a session is in a room that has no other address of its to be told of its end: another session of the same user may have changed
 * the nick that both have (XEP-0045 section 7.2.8).
 */
function isAllOfRoom(step: Step, rooms: Rooms, { jid, directed }: Session, from: string): boolean {
  const room = from.split("/", 1)[0]!;
  return rooms.read(step, room)?.nickOf(jid.full) !== undefined && !directed.some((to) => to !== from && to.startsWith(`${room}/`));
}

function sessionOf(registry: Registry, fullJid: string): Session | undefined {
  const { bare, resource } = parseJid(fullJid) ?? {};
  return bare === undefined || resource === undefined ? undefined : registry.session(bare, resource);
}

/** What a room has to say to an address that is a component's. Returns whether that is there. */
function giveToService(services: Services, step: Step, to: Jid, element: Element): boolean {
  const service = services.ofContact(to.bare);
  const from = parseJid(String(element.attrs["from"]));
  if (service === undefined || service.away === true || from === undefined) return false;
  const kind = element.name as StanzaKind;
  services.tell(step, service, { element, kind, type: typeOf(element, kind), id: element.attrs["id"] as string | undefined, from, to });
  return true;
}

/** Whether what a room says does not come to this session: its user has blocked who says it (XEP-0191 section 3.3), or an extension holds it back. */
function isKeptBack(step: Step, { accounts, hold }: HouseOptions, to: Jid, sender: string, element: Element, session: Session): boolean {
  const account = accounts.read(step, to.bare);
  // Presence in a room of many comes this way, of each to each.
  if (account === undefined || (element.name !== "message" && account.blocked.size === 0)) return false;
  const from = parseJid(sender);
  if (from === undefined) return false;
  if (account.blocks(from)) return true;
  if (element.name !== "message") return false;
  return hold(step, { element, kind: "message", type: typeOf(element, "message"), id: element.attrs["id"] as string | undefined, from, to }, account, session);
}

/** From all extensions. */
function describe(of: "server" | "account", { extensions, limits, software }: HouseOptions, house: House): EntityDescription {
  if (of === "account") {
    return {
      identities: [{ category: "account", type: "registered" }, ...extensions.flatMap(({ accountIdentities = [] }) => accountIdentities)],
      features: sortedSet(extensions.flatMap(({ accountFeatures = [] }) => (typeof accountFeatures === "function" ? accountFeatures(house) : accountFeatures))),
    };
  }
  return {
    // The language is that of every stream's header. Clients that count what is inherited in a hash of this (XEP-0390 section 4.1)
    // and clients that count only what stands here come to the same one if it is said.
    identities: [{ category: "server", type: "im", name: software.name }, ...extensions.flatMap(({ serverIdentities = [] }) => (typeof serverIdentities === "function" ? serverIdentities(limits) : serverIdentities))].map(
      (identity) => ({ lang: "en", ...identity }),
    ),
    features: sortedSet(extensions.flatMap(({ serverFeatures = [] }) => (typeof serverFeatures === "function" ? serverFeatures(limits) : serverFeatures))),
    forms: extensions.flatMap(({ serverForms }) => serverForms?.(house) ?? []),
  };
}

function directedTo(registry: Registry, bareJid: string): readonly Jid[] {
  const users = new Map<string, Jid>();
  for (const session of registry.all()) {
    if (!session.connected || !session.directed.some((to) => belongsTo(to, bareJid))) continue;
    users.set(session.jid.bare, session.jid.toBare());
  }
  return [...users.values()];
}

function sortedSet(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].toSorted();
}
