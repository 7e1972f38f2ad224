/** The records that `refrain dns` prints, of a server that runs and of one that does not. */
import { createHash, createPublicKey } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generate } from "selfsigned";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newFolder, refrainLines } from "./refrain.ts";
import { serving, type Serving } from "./serving.ts";

let cwd: string;
let server: Serving | undefined;
beforeEach(() => {
  cwd = newFolder();
});
afterEach(async () => {
  await server?.kill();
  server = undefined;
  rmSync(cwd, { recursive: true });
});

describe("refrain dns", () => {
  it("prints the records of the configuration, with the key of a certificate, and warns on standard error", async () => {
    const made = await generate([{ name: "commonName", value: "a.example" }], { keyType: "ec", curve: "P-256" });
    writeFileSync(join(cwd, "a.crt"), made.cert);
    writeFileSync(join(cwd, "a.key"), made.private);
    writeFileSync(join(cwd, "refrain.toml"), "[[hosts]]\ndomain = 'a.example'\ncertificate = 'a.crt'\nkey = 'a.key'\n[[hosts]]\ndomain = 'b.example'\n[listen]\naddress = '0.0.0.0'\n");
    const [all, one, foreign, wrong] = await refrainLines(["dns --target xmpp.example", "dns --host A.example --tlsa --json", "dns --host c.example", "dns --target x..y"], { cwd });
    expect(all.status).toBe(0);
    expect(all.stdout).toMatch(/^; a\.example\n_xmpps-client\._tcp\.a\.example\. +3600 IN SRV 5 0 5223 xmpp\.example\. ;[^]*\n\n; b\.example\n_xmpps-client\._tcp\.b\.example\./);
    expect(all.stderr.match(/warning: /g)).toHaveLength(1);
    expect(all.stderr).toContain("listen.http.publicUrl");
    const key = createPublicKey(made.public).export({ type: "spki", format: "der" });
    const { hosts } = JSON.parse(one.stdout) as { readonly hosts: readonly { readonly host: string; readonly records: readonly { readonly type: string; readonly value: string }[] }[] };
    expect(hosts.map(({ host }) => host)).toEqual(["a.example"]);
    expect(hosts[0]!.records.filter(({ type }) => type === "TLSA").map(({ value }) => value)).toEqual(Array.from({ length: 2 }, () => `3 1 1 ${createHash("sha256").update(key).digest("hex")}`));
    expect(foreign).toMatchObject({ status: 2, stderr: expect.stringContaining("--host c.example: no such host is served; there are a.example, b.example") });
    expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining("--target x..y: expected a domain name") });
  });

  it("has the ports of the server that runs", async () => {
    server = await serving(cwd);
    const [running, other] = await refrainLines(["dns", "dns --data elsewhere"], { cwd });
    expect(running.stdout).toContain(`; _xmpp-client._tcp.localhost.  3600 IN SRV 10 0 ${server.port} localhost.`);
    expect(running.stderr).toContain("listen.address is 127.0.0.1");
    expect(other.stdout).toContain("SRV 10 0 5222 localhost.");
  });
});
