import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { archiveContentKey, nextArchiveKey } from "../../src/domain/archive-keys.ts";
import { AccountExistsError, Accounts, NoSuchAccountError } from "../../src/log/accounts.ts";
import type { Clock, Fact, Ids, Store } from "../../src/ports.ts";
import { engines, removeTempFolders } from "./engines.ts";

const host = "montague.lit";
const ownProjections = new URL("../../dist/src/log/projections/index.js", import.meta.url);

afterAll(removeTempFolders);

describe.each(engines.filter(({ missing }) => missing === undefined))("accounts in $name", ({ open }) => {
  let store: Store;
  let accounts: Accounts;
  let now: number;

  beforeEach(async () => {
    store = await open(ownProjections);
    now = 1_000;
    let lastId = 0;
    const clock = { now: () => now } as Clock;
    const ids: Ids = { next: () => `id-${(lastId += 1)}` };
    accounts = new Accounts(store, clock, ids);
  });
  afterEach(() => store.close());

  const facts = async () => (await store.read(`account/${host}/romeo`, 0, 99)).map(({ type, data }) => ({ type, data }));
  const romeo = { host, username: "romeo" };
  const other: Fact = { type: "UserLeft", v: 1, at: 1, step: "s", cause: null, data: { ...romeo, status: "" } };

  const list = async (of: string | undefined, after?: { host: string; username: string }) =>
    (await accounts.list(of, after === undefined ? { limit: 2 } : { limit: 2, after })).map(({ host, username }) => `${username}@${host}`);
  it("creates an account, once", async () => {
    await accounts.create(host, "romeo", { key: "k1" });
    await expect(accounts.create(host, "romeo", { key: "k2" })).rejects.toBeInstanceOf(AccountExistsError);
    expect(await accounts.exists(host, "romeo")).toBe(true);
    expect(await accounts.exists("capulet.lit", "romeo")).toBe(false);
    expect(await accounts.credentials(host, "romeo")).toEqual({ key: "k1" });
    expect(await facts()).toEqual([
      { type: "AccountCreated", data: romeo },
      { type: "PasswordChanged", data: { ...romeo, removed: false } },
    ]);
  });

  it("lets one of two simultaneous creators win", async () => {
    const results = await Promise.allSettled([accounts.create(host, "romeo", 1), accounts.create(host, "romeo", 2)]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(results.find(({ status }) => status === "rejected")).toMatchObject({ reason: expect.any(AccountExistsError) });
    expect(await facts()).toHaveLength(2);
  });

  it("creates an account whose stream has other facts already, which are forgotten", async () => {
    await store.append(`account/${host}/romeo`, 0, [other, { ...other, contents: [{ key: "offline/1", text: "<message/>" }] }]);
    await accounts.create(host, "romeo", "k");
    expect((await store.read(`account/${host}/romeo`, 0, 99)).map(({ type, version }) => [type, version])).toEqual([["AccountCreated", 3], ["PasswordChanged", 4]]);
    expect(await store.contents(`account/${host}/romeo`, "", 9)).toEqual([]);
  });

  it("replaces credentials, of accounts that exist, while others write to the stream", async () => {
    await expect(accounts.setCredentials(host, "romeo", "k")).rejects.toBeInstanceOf(NoSuchAccountError);
    await accounts.create(host, "romeo", "k1");
    const others = Array.from({ length: 20 }, () => store.append(`account/${host}/romeo`, "any", [other]));
    await Promise.all([accounts.setCredentials(host, "romeo", "k2"), ...others]);
    expect(await accounts.credentials(host, "romeo")).toBe("k2");
    expect(await facts()).toHaveLength(23);
  });

  it("deletes an account with its credentials, and lets it be created again", async () => {
    await expect(accounts.delete(host, "romeo")).rejects.toBeInstanceOf(NoSuchAccountError);
    await accounts.create(host, "romeo", "k1");
    await accounts.delete(host, "romeo");
    expect(await accounts.exists(host, "romeo")).toBe(false);
    expect(await accounts.credentials(host, "romeo")).toBeUndefined();
    await expect(accounts.delete(host, "romeo")).rejects.toBeInstanceOf(NoSuchAccountError);
    await expect(accounts.setCredentials(host, "romeo", "k2")).rejects.toBeInstanceOf(NoSuchAccountError);
    now = 2_000;
    await accounts.create(host, "romeo", "k3");
    expect(await accounts.credentials(host, "romeo")).toBe("k3");
    expect(await accounts.list(host, { limit: 9 })).toEqual([{ ...romeo, createdAt: 2_000 }]);
  });

  it("deletes an account with all that was recorded of it, and lets its name be known", async () => {
    await accounts.create(host, "romeo", "k1");
    await store.append(`account/${host}/romeo`, 2, [other, { ...other, contents: [{ key: "offline/1", text: "<message/>" }] }]);
    now = 2_000;
    await accounts.delete(host, "romeo");
    expect(await store.readAll(0, 99)).toMatchObject([{ type: "AccountDeleted", at: 2_000, version: 5, data: romeo }]);
    expect(await store.contents(`account/${host}/romeo`, "", 9)).toEqual([]);
    await accounts.create(host, "romeo", "k2");
    expect((await facts()).map(({ type }) => type)).toEqual(["AccountDeleted", "AccountCreated", "PasswordChanged"]);
  });

  it("deletes an account with its sessions, however many, and no other's", async () => {
    await accounts.create(host, "romeo", "k1");
    const taken = (username: string): Fact =>
      ({ ...other, type: "SessionSnapshotTaken", v: 2, data: { machine: "session", version: 2, value: "x", context: { username, resource: null }, counts: null, lang: null } });
    const begin = (id: string, username: string) => store.append(`session/${host}/${id}`, 0, [{ ...taken(username), contents: [{ key: "presence", text: "<presence/>" }] }]);
    await Promise.all([...Array.from({ length: 250 }, (_, index) => begin(`r${index}`, "romeo")), begin("m1", "mercutio")]);
    await accounts.delete(host, "romeo");
    expect((await store.readAll(0, 999)).map(({ stream, type, data }) => [stream, type, type === "SessionsForgotten" && data])).toEqual([
      [`session/${host}/m1`, "SessionSnapshotTaken", false],
      ["server", "SessionsForgotten", { sessions: [] }],
      [`account/${host}/romeo`, "AccountDeleted", false],
    ]);
    expect((await store.query("sessions", { prefix: "", limit: 999 })).map(({ key }) => key)).toEqual([`live/${host}/m1`, `session/${host}/m1`, `user/${host}/mercutio/m1`]);
    expect(await store.contents(`session/${host}/r7`, "", 9)).toEqual([]);
  });

  it("deletes an account with its archive, however long, and no other's", async () => {
    const stream = (username: string) => `account/${host}/${username}`;
    for (const [username, count] of [["romeo", 4_500], ["romeo2", 3]] as const) {
      await accounts.create(host, username, "k");
      let key: string | undefined;
      const archived = Array.from({ length: count }, (): Fact => {
        key = nextArchiveKey(key, 1_700_000_000_000);
        const data = { host, username, id: `${key}-secret`, with: "juliet@capulet.lit/balcony", bytes: 10 };
        return { type: "MessageArchived", v: 1, at: 1, step: "s", cause: null, data, contents: [{ key: archiveContentKey(key), text: "<message/>" }] };
      });
      await store.append(stream(username), "any", archived);
    }
    const before = (await store.stats()).lastPosition;
    await accounts.delete(host, "romeo");
    // More than one commit, so that nobody else's waits for all of it.
    expect((await store.stats()).lastPosition - before).toBe(3);
    expect((await facts()).map(({ type }) => type)).toEqual(["AccountDeleted"]);
    expect(await store.contents(stream("romeo"), "", 9)).toEqual([]);
    expect(await store.contents(stream("romeo2"), "", 9)).toHaveLength(3);
    expect((await store.query("archive", { prefix: "", limit: 99 })).map(({ key }) => key.split("/")[1])).toEqual(Array.from({ length: 9 }, () => "romeo2"));
  });

  it("forgets what came after the end of an account, and nothing of one that is there again", async () => {
    await accounts.create(host, "romeo", "k1");
    now = 2_000;
    await accounts.delete(host, "romeo");
    const late: Fact = { ...other, contents: [{ key: "offline/1", text: "<message/>" }] };
    await store.append(`account/${host}/romeo`, "any", [late]);
    now = 3_000;
    await accounts.forgetRest(host, "romeo");
    const only = await store.readAll(0, 99);
    expect(only).toMatchObject([{ type: "AccountDeleted", at: 2_000, data: romeo }]);
    await accounts.forgetRest(host, "romeo");
    expect(await store.readAll(0, 99)).toEqual(only);
    await accounts.create(host, "romeo", "k2");
    await store.append(`account/${host}/romeo`, "any", [late]);
    await accounts.forgetRest(host, "romeo");
    expect((await facts()).map(({ type }) => type)).toEqual(["AccountDeleted", "AccountCreated", "PasswordChanged", "UserLeft"]);
    await accounts.forgetRest(host, "nobody");
    expect(await store.read(`account/${host}/nobody`, 0, 9)).toEqual([]);
  });

  it("never leaves credentials of an account that was deleted at the same time", async () => {
    await accounts.create(host, "romeo", "k1");
    await Promise.allSettled([accounts.setCredentials(host, "romeo", "k2"), accounts.delete(host, "romeo"), accounts.setCredentials(host, "romeo", "k3")]);
    expect(await accounts.exists(host, "romeo")).toBe(false);
    expect(await accounts.credentials(host, "romeo")).toBeUndefined();
  });

  it("creates many, and counts those that were there", async () => {
    await accounts.create(host, "user-7", "mine");
    const many = Array.from({ length: 600 }, (_, index) => ({ host, username: `user-${index}`, credentials: index }));
    expect(await accounts.createMany([...many, { host, username: "user-0", credentials: "twice" }])).toEqual({ created: 599, existing: 2 });
    expect(await accounts.credentials(host, "user-7")).toBe("mine");
    expect(await accounts.credentials(host, "user-0")).toBe(0);
    expect(await accounts.credentials(host, "user-599")).toBe(599);
    expect(await accounts.list(undefined, { limit: 1_000 })).toHaveLength(600);
  });

  it("lists page by page, by host or all", async () => {
    const names = ["benvolio@montague.lit", "juliet@capulet.lit", "nurse@capulet.lit", "romeo@montague.lit", "x@capulet.lit.example"];
    for (const name of names) {
      const [username = "", domain = ""] = name.split("@");
      await accounts.create(domain, username, 1);
    }
    expect(await list("capulet.lit")).toEqual(["juliet@capulet.lit", "nurse@capulet.lit"]);
    expect(await list("capulet.lit", { host: "capulet.lit", username: "nurse" })).toEqual([]);
    expect(await list(host)).toEqual(["benvolio@montague.lit", "romeo@montague.lit"]);
    expect(await list(undefined)).toEqual(["x@capulet.lit.example", "juliet@capulet.lit"]);
    expect(await list(undefined, { host: "capulet.lit", username: "juliet" })).toEqual(["nurse@capulet.lit", "benvolio@montague.lit"]);
    expect(await list(undefined, { host, username: "benvolio" })).toEqual(["romeo@montague.lit"]);
  });

  it("refuses names that no prepared host or username has", async () => {
    await expect(accounts.create(host, "romeo/x", 1)).rejects.toThrow("stream name");
    await expect(accounts.create(host, "", 1)).rejects.toThrow("stream name");
  });
});
