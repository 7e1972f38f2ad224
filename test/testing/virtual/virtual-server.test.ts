import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../../src/config/errors.ts";
import { makeAccounts } from "../../../src/testing/virtual/virtual-accounts.ts";
import { SeededRandom } from "../../../src/testing/virtual/seeded-random.ts";
import { VirtualDisk } from "../../../src/testing/virtual/virtual-disk.ts";
import { VirtualNetwork } from "../../../src/testing/virtual/virtual-net.ts";
import { VirtualServer, type VirtualServerOptions } from "../../../src/testing/virtual/virtual-server.ts";
import { VirtualTime } from "../../../src/testing/virtual/virtual-time.ts";
import { Client, type World } from "./client.ts";
import { within } from "./driving.ts";

const names = ["romeo", "juliet"];

async function setting(seed = 1, options: Partial<VirtualServerOptions> = {}) {
  const time = new VirtualTime(1_700_000_000_000);
  const network = new VirtualNetwork({ time, random: new SeededRandom(seed, "network"), delayMs: [1, 50] });
  const disk = new VirtualDisk({ time, random: new SeededRandom(seed, "disk"), commitMs: [1, 20] });
  const lines: string[] = [];
  const onLog = (level: string, _: object, message: string) => void lines.push(`${time.now()} ${level} ${message}`);
  const server = new VirtualServer({ time, network, disk, random: new SeededRandom(seed, "server"), onLog, ...options });
  await makeAccounts(server, names, "secret");
  const world: World = { time, network, port: server.port, lines };
  return { ...world, disk, server, romeo: new Client(world, "romeo"), juliet: new Client(world, "juliet") };
}

async function started(seed?: number, options?: Partial<VirtualServerOptions>) {
  const set = await setting(seed, options);
  await within(set.time, 10_000, set.server.start());
  return set;
}

const chat = (to: string, body: string) => `<message to='${to}@localhost/r' type='chat'><body>${body}</body></message>`;

describe("a virtual server", () => {
  it("is a whole server: clients log in by SCRAM, over STARTTLS and direct TLS too, and talk", async () => {
    const { romeo, juliet, network, server, time } = await started(1, { config: { allowPlaintext: false } });
    romeo.connect();
    await romeo.open();
    await romeo.secure();
    await romeo.authenticate();
    await romeo.bind();
    juliet.connect(server.tlsPort);
    await juliet.open();
    await juliet.authenticate();
    await juliet.bind();
    romeo.say(chat("juliet", "soft"));
    await juliet.hear(/<body>soft<\/body>/);
    expect(server.server.admin.sessions).toBeDefined();
    const sessions = await within(time, 1_000, Promise.resolve(server.server.admin.sessions()));
    expect(sessions).toHaveLength(2);
    expect(network.connect(server.port + 100, { data() {}, closed() {} })).toBeUndefined();
  });

  it("refuses a wrong password, and a name that nobody has", async () => {
    const { romeo, server, ...world } = await started();
    romeo.connect();
    await romeo.open();
    await expect(romeo.authenticate("wrong")).rejects.toThrow(/waits for .* and has heard <failure[^>]*><not-authorized/);
    const nobody = new Client(world, "nobody");
    nobody.connect();
    await nobody.open();
    await expect(nobody.authenticate()).rejects.toThrow(/<not-authorized/);
    expect(server.isUp).toBe(true);
  });

  it("stops in order: clients are told, and come back to the next life on the same port", async () => {
    const { romeo, server, time } = await started();
    await romeo.login();
    await romeo.hear(/<presence/);
    const port = server.port;
    const stopping = server.stop();
    expect(server.isUp).toBe(false);
    expect(() => server.server).toThrow("it is not up");
    await within(time, 10_000, stopping);
    await romeo.hear(/<system-shutdown/);
    expect(() => romeo.connect()).toThrow("refused");
    await expect(server.stop()).rejects.toThrow("it is not up");
    await within(time, 10_000, server.start());
    expect([server.isUp, server.port]).toEqual([true, port]);
    await romeo.resume();
  });

  it("can be killed at any moment, also while it starts or stops, and says nothing after", async () => {
    const { disk, lines, server, time } = await setting();
    for (let ms = 0; ms < 40; ms += 3) {
      const starting = server.start();
      starting.catch(() => undefined);
      await expect(server.start()).rejects.toThrow("it lives");
      await time.advance(ms);
      const wasUp = server.isUp;
      if (wasUp && ms % 2 === 0) server.stop().catch(() => undefined);
      server.kill();
      server.kill();
      if (!wasUp) await expect(starting).rejects.toThrow("was killed");
      const said = lines.length;
      await time.advance(60_000);
      expect([server.isUp, lines.length, time.next]).toEqual([false, said, undefined]);
    }
    await within(time, 10_000, server.start());
    expect(server.isUp).toBe(true);
    expect(disk.commits).toBeGreaterThan(0);
  });

  it("begins anew by itself when its disk fails, and sessions go on", async () => {
    for (const how of ["lost", "kept"] as const) {
      const { romeo, disk, server, time, lines } = await started();
      await romeo.login();
      await romeo.hear(/<presence/);
      disk.fail(how, { commits: 1, opens: 1 });
      romeo.say(chat("romeo", "to myself"));
      await romeo.hear(/<internal-server-error/);
      await time.advance(10_000);
      expect(lines.filter((line) => line.includes("the store is open again"))).toHaveLength(1);
      expect(server.isUp).toBe(true);
      await romeo.resume();
    }
  });

  it("rejects what its disk does not open for, and can be started then", async () => {
    const { disk, server, time } = await setting();
    disk.fail("lost", { commits: 0, opens: 1 });
    await expect(within(time, 10_000, server.start())).rejects.toThrow("told not to open");
    expect(server.isUp).toBe(false);
    await within(time, 10_000, server.start());
  });

  it("is down, and its disk free, also if the last commit fails or does not end", async () => {
    for (const fault of ["fail", "slow"] as const) {
      const { disk, romeo, server, time } = await started();
      await romeo.login();
      await romeo.hear(/<presence/);
      if (fault === "fail") disk.fail("lost", { commits: 1 });
      else disk.slow(60_000);
      await expect(within(time, 60_000, server.stop())).rejects.toThrow(fault === "fail" ? "the disk was told to fail" : "the last commit did not end");
      expect(server.isUp).toBe(false);
      await within(time, 10_000, server.start());
    }
  });

  it("refuses settings that are none", async () => {
    await expect(setting(1, { config: { limits: { queueStanzas: -1 } } })).rejects.toBeInstanceOf(ConfigError);
  });
});

describe("accounts of a virtual world", () => {
  it("are there at once, on the disk, whole and with the same keys each time", async () => {
    const { disk, server, time } = await setting();
    expect(await makeAccounts(server, ["nurse", "Tybalt@localhost", "romeo"], "secret")).toEqual(["nurse@localhost", "tybalt@localhost", "romeo@localhost"]);
    const [row, other] = [await disk.store.secret("account/localhost/romeo", "PasswordChanged"), await disk.store.secret("account/localhost/nurse", "PasswordChanged")];
    expect(row).toEqual(other);
    expect(row).toMatchObject({ "SCRAM-SHA-1": { iterations: 4096 }, "SCRAM-SHA-256": { iterations: 4096 } });
    await within(time, 10_000, server.start());
    const users = await within(time, 1_000, server.server.admin.userList());
    expect(users).toEqual(["juliet@localhost", "nurse@localhost", "romeo@localhost", "tybalt@localhost"]);
    await expect(makeAccounts(server, ["a@b@c"], "secret")).rejects.toThrow("expected a localpart or a bare JID");
  });
});

describe("one seed", () => {
  /** Everything that two people say and hear while links break and the server dies in the middle of a commit, with the time. */
  async function play(seed: number): Promise<string> {
    const { disk, lines, romeo, juliet, server, time } = await started(seed);
    await romeo.login();
    await juliet.login();
    for (let turn = 0; turn < 5; turn += 1) {
      romeo.say(chat("juliet", `r${turn}`));
      juliet.say(chat("romeo", `j${turn}`));
      await juliet.hear(new RegExp(`<body>r${turn}</body>`));
      await romeo.hear(new RegExp(`<body>j${turn}</body>`));
    }
    juliet.link.cut();
    romeo.say(chat("juliet", "are you there?"));
    await juliet.resume();
    await juliet.hear(/are you there/);

    romeo.say(chat("juliet", "last words"));
    while (!disk.isCommitting) await time.step();
    server.kill();
    await time.advance(3_000);
    await within(time, 10_000, server.start());
    await romeo.resume();
    await juliet.resume();
    juliet.say(chat("romeo", "still here"));
    await romeo.hear(/still here/);
    await within(time, 10_000, server.stop());
    const facts = await disk.store.readAll(0, 1_000_000);
    return [...lines, ...facts.map((fact) => JSON.stringify(fact))].join("\n");
  }
  const digest = (text: string) => createHash("sha256").update(text).digest("hex");

  it("always gives every byte at the same time, and another seed others", async () => {
    const first = await play(1);
    expect(await play(1)).toBe(first);
    expect(first).toContain("resumed");
    const others = [await play(2), await play(3)];
    expect(new Set([first, ...others].map(digest)).size).toBe(3);
    expect(await play(2)).toBe(others[0]);
  });
});
