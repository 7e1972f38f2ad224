/**
 * Logs that released versions left behind. Each was written by that version itself, whose process was killed while sessions lived, and
 * what it said of itself before stands beside it. Passwords are "secret".
 */
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { AnySnapshot } from "../../machines/upgrade.ts";
import { fold, restoreSnapshot } from "../../machines/fold.ts";
import type { SessionEvent } from "../../machines/session-events.ts";
import { stateName } from "../../machines/state-name.ts";
import { toAccountText } from "../../src/admin/formats/account-document.ts";
import { accountFactVersions, accountStream, type AccountFactType } from "../../src/domain/facts.ts";
import { Accounts } from "../../src/log/accounts.ts";
import { SessionSource } from "../../src/log/session-source.ts";
import { openSqliteStore, type SqliteStoreOptions } from "../../src/log/sqlite/sqlite-store.ts";
import { factVersions } from "../../src/log/upcasts.ts";
import { loadWholeAccount } from "../../src/log/whole-account.ts";
import type { Clock, Ids, Json, Store } from "../../src/ports.ts";
import { drivers, removeTempFolders, tempFolder } from "./engines.ts";

interface GoldenSession {
  readonly host: string;
  readonly id: string;
  readonly username: string;
  readonly resource: string;
  readonly startedAt: number;
}

interface Golden {
  /** As `refrain export` wrote them. */
  readonly accounts: readonly { readonly jid: string }[];
  /** With the state that `refrain sessions` showed. */
  readonly live: readonly (GoldenSession & { readonly state: string })[];
  readonly ended: readonly (GoldenSession & { readonly endedAt: number })[];
}

const golden = (name: string): string => join(import.meta.dirname, "golden", name);
const expected = JSON.parse(readFileSync(golden("0.1.0.json"), "utf8")) as Golden;
/** Of messages that were delivered, or that waited for an account when it was deleted. */
const gone = ["Where is she?", "And how doth she?", "Part, fools!"];
const waiting = "Commend me to thy lady";

afterAll(removeTempFolders);

for (const { driver } of drivers.filter(({ missing }) => missing === undefined)) {
  describe(`a log of version 0.1.0, opened by ${driver}`, () => {
    let file: string;
    beforeEach(() => {
      file = join(tempFolder(), "refrain.db");
      copyFileSync(golden("0.1.0.db"), file);
    });

    const open = (options: Partial<SqliteStoreOptions> = {}): Promise<Store> =>
      openSqliteStore({ file, durability: "full", driver, onFatal: (error) => { throw error; }, ...options });

    async function opened(work: (store: Store) => Promise<void>): Promise<void> {
      const store = await open();
      await work(store).finally(() => store.close());
    }

    const accountsOf = (store: Store) => new Accounts(store, {} as Clock, {} as Ids);

    it("has its accounts as they were, with rosters, requests, blocks, data and what waits, at the first opening and the second", async () => {
      for (let times = 0; times < 2; times += 1) {
        await opened(async (store) => {
          const list = await accountsOf(store).list(undefined, { limit: 99 });
          expect(list.map(({ host, username }) => `${username}@${host}`)).toEqual(expected.accounts.map(({ jid }) => jid));
          for (const { host, username } of list) {
            const whole = await loadWholeAccount(store, host, username);
            expect(JSON.parse(toAccountText(whole!))).toEqual(expected.accounts.find(({ jid }) => jid === `${username}@${host}`));
          }
        });
      }
    });

    it("knows the sessions that lived, in the state that they were in", async () => {
      await opened(async (store) => {
        const source = new SessionSource(store);
        const live = await source.live("", 99);
        expect(live.map(({ host, id }) => [host, id])).toEqual(expected.live.map(({ host, id }) => [host, id]).toSorted());
        for (const { host, id, snapshot } of live) {
          const { snapshot: first, later, contents } = await source.read(host, id, snapshot);
          const told = later.map(({ type, data }) => (expect(type).toBe("SessionTold"), (data as { event: Json }).event as unknown as SessionEvent));
          const state = fold(restoreSnapshot(first.data as unknown as AnySnapshot), told);
          const known = expected.live.find((session) => session.id === id)!;
          expect(stateName(state.value)).toBe(known.state);
          expect(state.context).toMatchObject({ username: known.username, resource: known.resource, host, management: "off" });
          expect(contents).toEqual([]);
          expect([await source.ended(host, id)]).toEqual([undefined]);
        }
      });
    });

    it("knows the sessions that had ended, and when", async () => {
      await opened(async (store) => {
        const source = new SessionSource(store);
        for (const { host, id, username, endedAt, resource, startedAt } of expected.ended) {
          expect(await source.ended(host, id)).toEqual({ username, received: null });
          expect(await source.ofUser(host, username)).toContainEqual({ host, id, username, endedAt });
          const [row] = await store.query("sessions", { key: `session/${host}/${id}` });
          expect(row?.value).toMatchObject({ resource, startedAt, endedAt, reason: null });
        }
        const all = await source.endedUntil(Number.MAX_SAFE_INTEGER, 99);
        expect(all.map(({ id }) => id)).toEqual(expected.ended.toSorted((a, b) => a.endedAt - b.endedAt).map(({ id }) => id));
        expect(await source.endedUntil(all[1]!.endedAt! - 1, 99)).toEqual(all.slice(0, 1));
      });
    });

    it("has facts of today's versions, without the text of any message", async () => {
      await opened(async (store) => {
        const facts = await store.readAll(0, 999);
        expect(facts.length).toBeGreaterThan(50);
        for (const { type, v } of facts) expect([type, v]).toEqual([type, factVersions.get(type) ?? 1]);
        const stored = facts.filter(({ type }) => type === "OfflineMessageStored");
        expect(stored.map(({ data }) => (data as { id: string | null }).id)).toEqual(expect.arrayContaining(["gone-1", "gone-2", "wait-1", "wait-2", null]));
        for (const { data } of stored) {
          expect(Object.keys(data as object).toSorted()).toEqual(["bytes", "from", "host", "id", "number", "username", "why"]);
          expect((data as { from: string }).from).toMatch(/^(romeo@montague.example\/orchard|juliet@capulet.example\/balcony)$/);
        }
        expect(JSON.stringify(facts)).not.toContain("<body>");
      });
    });

    it("holds no trace of messages that were delivered, nor of an account that was deleted but its name", async () => {
      const before = readFileSync(file, "latin1");
      for (const text of [waiting, ...gone]) expect(before).toContain(text);
      const store = await open();
      expect((await store.read(accountStream("montague.example", "benvolio"), 0, 99)).map(({ type }) => type)).toEqual(["AccountDeleted"]);
      const types = (await store.read(accountStream("capulet.example", "paris"), 0, 99)).map(({ type }) => type as AccountFactType);
      expect(types).toEqual(["AccountDeleted", "AccountCreated", "PasswordChanged"]);
      expect(types.every((type) => type in accountFactVersions)).toBe(true);
      const bytes = () => [file, `${file}-wal`].map((path) => readFileSync(path, { encoding: "latin1", flag: "a+" })).join("");
      for (const text of gone) expect(bytes()).not.toContain(text);
      await store.close();
      const after = readFileSync(file, "latin1");
      for (const text of gone) expect(after).not.toContain(text);
      expect(after.split(waiting)).toHaveLength(2);
    });

    it("stays as it was if there is no room for the change, and can be opened when there is", async () => {
      const refused = await open({ fileBytesMax: 65_536 }).catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: "failed", message: expect.stringContaining("the disk is full; free some space") });
      for (const text of gone) expect(readFileSync(file, "latin1")).toContain(text);
      await opened(async (store) => {
        const whole = await loadWholeAccount(store, "capulet.example", "nurse");
        expect(whole?.offlineMessages).toHaveLength(3);
      });
    });
  });
}
