import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import { startServer } from "../../src/testing/index.ts";
import { chat, ManagedClient } from "../management/support.ts";

const enter = async (server: Awaited<ReturnType<typeof startServer>>, user: string): Promise<ManagedClient> => {
  const client = await ManagedClient.login(server, { user, resource: "phone" });
  await client.enable();
  await client.ask("<presence/>");
  return client;
};

describe("restart", () => {
  it.each([["killed", true], ["stopped", false]] as const)("%s: accounts and ports are the same, and clients can resume and miss nothing", async (_how, kill) => {
    const server = await startServer({ allowPlaintext: true });
    for (const user of ["romeo", "juliet"]) await server.addUser(user, "secret");
    const [romeo, juliet] = [await enter(server, "romeo"), await enter(server, "juliet")];
    if (kill) {
      await juliet.vanish(server);
      await romeo.ask(chat("juliet@localhost", "before"));
    }
    const { port, tlsPort, server: first } = server;
    await server.restart({ kill });
    expect([server.port, server.tlsPort]).toEqual([port, tlsPort]);
    expect(server.server).not.toBe(first);
    if (kill) {
      await romeo.raw.closed();
      expect((await server.sessions()).map(({ full_jid }) => full_jid).toSorted()).toEqual(["juliet@localhost/phone", "romeo@localhost/phone"]);
      await juliet.resume();
      expect((await juliet.caughtUp()).filter(({ name }) => name === "message").map(({ attrs }) => attrs["id"])).toEqual(["before"]);
      await romeo.resume();
    }
    romeo.cut();
    juliet.cut();
    const again = await ManagedClient.login(server, { user: "romeo", resource: "tablet" });
    await again.close();
    await server.stop();
    await expect(server.store.readAll(0, 1)).rejects.toThrow();
  });

  it("leaves a session its age, while its connection is a new one", async () => {
    const server = await startServer({ allowPlaintext: true });
    await server.addUser("romeo", "secret");
    const romeo = await enter(server, "romeo");
    const since = () => [...server.server.observation!.summaries()].find(({ jid }) => jid?.startsWith("romeo@"))!.since;
    const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
    const known = Date.now();
    await pause();
    // Snapshots are taken as it goes on: the last one is not its begin.
    for (let times = 0; times < 2; times++) {
      await romeo.vanish(server);
      await pause();
      await server.restart({ kill: true });
      expect(since()).toBeLessThanOrEqual(known);
      await romeo.resume();
    }
    expect(since()).toBeLessThanOrEqual(known);
    const [view] = await server.sessions();
    expect(view!.conn!.since).toBeGreaterThan(known);
    romeo.cut();
    await server.stop();
  });

  it("killed: says nothing to its clients, and writes nothing more", async () => {
    const server = await startServer({ allowPlaintext: true });
    await server.addUser("romeo", "secret");
    const romeo = await enter(server, "romeo");
    const before = await server.store.readAll(0, 1_000);
    const dead = server.store;
    await server.restart({ kill: true });
    await romeo.raw.closed();
    const after = await server.store.readAll(before.at(-1)!.position, 1_000);
    const told = after.map(({ data }) => (data as { readonly event?: { readonly type: string } }).event?.type).filter((type) => type !== undefined);
    expect(told).toEqual(["server.recovered"]);
    await expect(dead.append("x", "any", [])).rejects.toThrow();
    romeo.cut();
    await server.stop();
  });

  it("opens a store again that is opened by a function, and refuses one that was given", async () => {
    const folder = mkdtempSync(join(tmpdir(), "refrain-restart-"));
    const file = join(folder, "refrain.db");
    const server = await startServer({ allowPlaintext: true, parts: { openStore: (onFatal) => openSqliteStore({ file, durability: "process", onFatal }) } });
    await server.addUser("romeo", "secret");
    const romeo = await enter(server, "romeo");
    await server.restart({ kill: true });
    expect(await romeo.resume()).toBeGreaterThan(0);
    await server.restart();
    romeo.cut();
    expect((await (await ManagedClient.login(server, { user: "romeo", resource: "tablet" })).close())).toBeUndefined();
    await server.stop();
    rmSync(folder, { recursive: true });

    const given = await startServer({ parts: { store: createMemoryStore(projections) } });
    await expect(given.restart()).rejects.toThrow("parts.store: a store that was given cannot be opened again");
    await given.stop();
  });
});
