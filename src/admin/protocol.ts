/**
 * The admin socket's language: one JSON object a line. A request is answered by its id, in any order; a long list comes in parts,
 * so that no line is long.
 */
import { z } from "zod";
import { newestSessions } from "../history/source.ts";
import { accountEntriesMax, type AdminApi, archiveEntriesMax, importEntriesMax } from "./api.ts";
import type { AdminErrorCode } from "./errors.ts";
import { toRosterRows } from "./roster-view.ts";

/** Bytes of a request's line: one account with all that is kept for it, which is created whole or not at all. */
export const requestBytesMax = 33_554_432;
/** Bytes of a reply's line: one session with the longest presence stanza that can be configured. */
export const replyBytesMax = 33_554_432;
/** Characters after which a list goes on in the next part. */
export const partCharsMax = 65_536;
/** Requests of one connection that are worked on together; more wait in the socket. */
export const requestsOpenMax = 4;

export const requestSchema = z.object({ id: z.int().min(0), method: z.string(), params: z.unknown() });

export type Reply =
  | { readonly id: number; readonly part: readonly unknown[] }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly code: AdminErrorCode; readonly message: string } };

export interface Method {
  /** Throws ZodError if they do not fit. */
  run(api: AdminApi, params: unknown): Promise<unknown>;
}

const jid = z.string();
const place = z.int().min(0);
const password = z.string();
const archiveEntry = z.strictObject({
  line: z.int(),
  id: z.string().exactOptional(),
  told: z.string().exactOptional(),
  at: z.number().exactOptional(),
  with: z.string().exactOptional(),
  stanza: z.string(),
});

export const methods: Readonly<Record<string, Method>> = {
  status: method(z.strictObject({}), (api) => api.status()),
  sessions: method(z.strictObject({}), async (api) => api.sessions()),
  "user.add": method(z.strictObject({ jid, password }), (api, params) => api.userAdd(params.jid, params.password)),
  "user.passwd": method(z.strictObject({ jid, password }), (api, params) => api.userPasswd(params.jid, params.password)),
  "user.delete": method(z.strictObject({ jid }), (api, params) => api.userDelete(params.jid)),
  "user.disable": method(z.strictObject({ jid }), (api, params) => api.userDisable(params.jid)),
  "user.enable": method(z.strictObject({ jid }), (api, params) => api.userEnable(params.jid)),
  "user.devices": method(z.strictObject({ jid }), (api, params) => api.userDevices(params.jid)),
  "user.revoke": method(z.strictObject({ jid, id: z.string() }), (api, params) => api.userRevoke(params.jid, params.id)),
  "user.disabled": method(z.strictObject({ domain: z.string().optional() }), (api, params) => api.userDisabled(params.domain)),
  "user.list": method(z.strictObject({ domain: z.string().optional() }), (api, params) => api.userList(params.domain)),
  "user.invite": method(
    z.strictObject({ domain: z.string().exactOptional(), name: z.string().exactOptional(), days: z.number().min(0).max(36_525).exactOptional(), inviter: z.string().exactOptional(), contact: z.boolean().exactOptional(), link: z.enum(["roster", "register"]).exactOptional() }),
    (api, params) => api.userInvite(params),
  ),
  "user.invitations": method(z.strictObject({ domain: z.string().optional() }), (api, params) => api.userInvitations(params.domain)),
  "user.uninvite": method(z.strictObject({ id: z.string() }), (api, params) => api.userUninvite(params.id)),
  "user.invitation": method(z.strictObject({ token: z.string() }), async (api, params) => ({ found: await api.userInvitation(params.token) })),
  "user.import": method(
    z.strictObject({ entries: z.array(z.strictObject({ line: z.int(), jid, password })).max(importEntriesMax) }),
    (api, params) => api.userImport(params.entries),
  ),
  "account.export": method(z.strictObject({ jid }), (api, params) => api.accountExport(params.jid)),
  "accounts.export": method(
    z.strictObject({ domain: z.string().exactOptional(), after: z.string().exactOptional() }),
    (api, params) => api.accountsExport(params),
  ),
  "accounts.import": method(
    z.strictObject({ entries: z.array(z.strictObject({ line: z.int(), account: z.unknown() })).max(accountEntriesMax) }),
    (api, params) => api.accountsImport(params.entries),
  ),
  "archive.export": method(z.strictObject({ jid, after: z.string().optional() }), (api, params) => api.archiveExport(params.jid, params.after)),
  "archive.import": method(
    z.strictObject({ jid, previous: z.string().exactOptional(), messages: z.array(archiveEntry).max(archiveEntriesMax), last: z.boolean() }),
    (api, params) => api.archiveImport(params),
  ),
  "archive.id": method(z.strictObject({ told: z.string() }), async (api, params) => ({ id: await api.archivedId(params.told) })),
  "session.end": method(z.strictObject({ jid }), (api, params) => api.sessionsEnd(params.jid)),
  announce: method(z.strictObject({ text: z.string() }), (api, params) => api.announce(params.text)),
  motd: method(z.strictObject({}), async (api) => ({ text: await api.motd() })),
  "motd.set": method(z.strictObject({ text: z.string(), edit: z.boolean() }), async (api, params) => (await api.motdSet(params.text, params.edit), null)),
  "motd.delete": method(z.strictObject({}), async (api) => (await api.motdDelete(), null)),
  roster: method(z.strictObject({ jid }), async (api, params) => toRosterRows(await api.roster(params.jid))),
  "explain.presence": method(z.strictObject({ a: jid, b: jid }), (api, params) => api.explainPresence(params.a, params.b)),
  "log.stats": method(z.strictObject({}), (api) => api.logStats()),
  "log.backup": method(z.strictObject({ file: z.string().min(1) }), async (api, params) => (await api.backup(params.file), null)),
  config: method(z.strictObject({}), (api) => api.config()),
  // In an object: of a text that is answered as such the server's log says what it is.
  "inspector.url": method(z.strictObject({ here: z.boolean().optional() }), async (api, { here = false }) => ({ url: await api.inspectorUrl({ here }) })),
  "history.stream": method(z.strictObject({ stream: z.string().min(1), after: place }), (api, params) => api.streamFacts(params.stream, params.after)),
  "history.all": method(z.strictObject({ after: place }), (api, params) => api.allFacts(params.after)),
  "history.contents": method(z.strictObject({ stream: z.string().min(1), after: z.string() }), (api, params) => api.streamContents(params.stream, params.after)),
  "history.sessions": method(
    z.strictObject({ prefix: z.string(), after: z.strictObject({ host: z.string(), id: z.string() }).optional() }),
    (api, params) => api.sessionsById(params.prefix, params.after),
  ),
  "history.user": method(
    z.strictObject({ host: z.string(), username: z.string(), after: z.string() }),
    (api, params) => api.sessionsOf(params.host, params.username, params.after),
  ),
  "history.newest": method(z.strictObject({ max: z.int().min(1).max(1_000) }), (api, params) => newestSessions(api, params.max)),
};

function method<P>(params: z.ZodType<P>, run: (api: AdminApi, params: P) => Promise<unknown>): Method {
  return { run: async (api, given) => run(api, params.parse(given)) };
}
