import { createPublicKey, X509Certificate } from "node:crypto";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dayMs, certificatesFor, HandClock, makePair, MemoryLog, temporaryFolder, writePair } from "./support.ts";

const pollMs = 10_000;

describe("development certificates", () => {
  it("makes one on first run, keeps it, and lets nobody else read the key", async () => {
    const dataDir = await temporaryFolder();
    const log = new MemoryLog();
    const first = (await certificatesFor([{ domain: "localhost" }], { dataDir, log })).certificateFor();
    const second = (await certificatesFor([{ domain: "localhost" }], { dataDir, log })).certificateFor();

    expect(second.pem).toBe(first.pem);
    expect(await readFile(join(dataDir, "certificates/localhost.crt"), "utf8")).toBe(first.pem);
    expect((await stat(join(dataDir, "certificates/localhost.key"))).mode & 0o777).toBe(0o600);
    expect(log.lines).toHaveLength(1);
    expect(log.lines[0]).toMatch(/^info certificate.made: host localhost: .*first run/);
  });

  it("names localhost by name and by address, with an EC key, for years", async () => {
    const certificate = (await certificatesFor()).certificateFor();
    const parsed = new X509Certificate(certificate.pem);
    expect(parsed.subjectAltName).toBe("DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1");
    expect(createPublicKey(certificate.pem).asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
    expect(certificate.validUntil - Date.now()).toBeGreaterThan(3 * 365 * dayMs);
  });

  it("makes one for a domain in another script, and for an address", async () => {
    const dataDir = await temporaryFolder();
    const certificates = await certificatesFor([{ domain: "Bücher.example" }, { domain: "[::1]" }], { dataDir });
    const [idn, address] = [certificates.certificateFor("bücher.example"), certificates.certificateFor("[::1]")];
    expect(new X509Certificate(idn.pem).subjectAltName).toBe("DNS:xn--bcher-kva.example");
    expect(new X509Certificate(address.pem).subjectAltName).toBe("IP Address:0:0:0:0:0:0:0:1");
    expect([idn.namesDomain, address.namesDomain]).toEqual([true, true]);
  });

  it("makes one for many servers of a process that keep none", async () => {
    const [one, other] = await Promise.all([certificatesFor(), certificatesFor()]);
    expect(other.certificateFor().pem).toBe(one.certificateFor().pem);
  });

  it("makes another when it has expired, also while running", async () => {
    const dataDir = await temporaryFolder();
    const clock = new HandClock(Date.now() - 4.9 * 365 * dayMs);
    const log = new MemoryLog();
    const certificates = await certificatesFor([{ domain: "a.example" }], { dataDir, clock, log });
    const first = certificates.certificateFor();
    await clock.advance(5.1 * 365 * dayMs);
    expect(certificates.certificateFor().pem).not.toBe(first.pem);
    expect(certificates.certificateFor().validUntil).toBeGreaterThan(clock.now());
    expect(log.lines.some((line) => /^info certificate.made: .*\(expired\)/.test(line))).toBe(true);
  });

  it("does not replace a pair of which one half is missing", async () => {
    const dataDir = await temporaryFolder();
    await certificatesFor([{ domain: "a.example" }], { dataDir });
    await rm(join(dataDir, "certificates/a.example.key"));
    await expect(certificatesFor([{ domain: "a.example" }], { dataDir })).rejects.toThrow(
      /^host a\.example: key .*a\.example\.key: there is no such file; correct the path/,
    );
  });
});

describe("configured certificates", () => {
  it("refuses what cannot work, naming the file and the fix", async () => {
    const folder = await temporaryFolder();
    const good = await writePair(folder, "good", await makePair("a.example"));
    const other = await writePair(folder, "other", await makePair("b.example"));
    const text = join(folder, "text");
    await writeFile(text, "hello\n");
    const broken = join(folder, "broken");
    await writeFile(broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    const locked = join(folder, "locked");
    await writeFile(locked, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
    const reversed = join(folder, "reversed");
    await writeFile(reversed, (await readFile(other.certificate, "utf8")) + (await readFile(good.certificate, "utf8")));

    expect(await failure(join(folder, "none"), good.key)).toMatch(/certificate .*none: there is no such file; correct the path/);
    expect(await failure(folder, good.key)).toMatch(/is a folder; give the file in it/);
    expect(await failure(text, good.key)).toMatch(/certificate .*text: is not PEM .*convert it with openssl/);
    expect(await failure(broken, good.key)).toMatch(/certificate .*broken: the PEM block 1 is no certificate/);
    expect(await failure(good.certificate, text)).toMatch(/key .*text: is no private key in PEM/);
    expect(await failure(good.certificate, locked)).toMatch(/key .*locked: needs a passphrase; .*openssl pkey/);
    expect(await failure(good.certificate, other.key)).toMatch(/good\.crt does not belong to the key .*other\.key/);
    expect(await failure(reversed, good.key)).toMatch(/the certificate of the host must come first/);
    expect(await failure(good.certificate)).toMatch(/certificate .*good\.crt is set without a key; set both/);
    expect(await failure(undefined, good.key)).toMatch(/key .*good\.key is set without a certificate; set both/);
    expect(await failure(good.certificate, good.key)).toBe("no error");
  });

  it("refuses a host that is no domain, and no host at all", async () => {
    for (const domain of ["", "a b", "../etc", "a/b", "."]) {
      await expect(certificatesFor([{ domain }])).rejects.toThrow(`hosts: "${domain}" is no domain name; write it like example.org`);
    }
    await expect(certificatesFor([])).rejects.toThrow("name at least one host");
  });

  it("is chosen by name, whatever its case, and is the first host's for unknown names", async () => {
    const certificates = await certificatesFor([{ domain: "a.example" }, { domain: "b.example" }]);
    expect(certificates.certificateFor("B.Example").domain).toBe("b.example");
    expect(certificates.certificateFor("c.example", "b.example").domain).toBe("b.example");
    expect(certificates.certificateFor("x.b.example").domain).toBe("a.example");
    expect(certificates.certificateFor(undefined).domain).toBe("a.example");
    expect(certificates.certificateFor("\u0000").domain).toBe("a.example");
  });

  it("warns of a certificate for another name", async () => {
    const folder = await temporaryFolder();
    const log = new MemoryLog();
    const files = await writePair(folder, "pair", await makePair("b.example"));
    await certificatesFor([{ domain: "a.example", ...files }], { log });
    expect(log.lines).toEqual([expect.stringMatching(/^warn certificate.doubted: .*does not name a\.example.*have one issued/)]);
  });

  it("warns once for each threshold before it expires, and when it has", async () => {
    const folder = await temporaryFolder();
    const start = Date.now();
    const clock = new HandClock(start);
    const log = new MemoryLog();
    const files = await writePair(folder, "pair", await makePair("a.example", { from: start - dayMs, days: 21 }));
    await certificatesFor([{ domain: "a.example", ...files }], { clock, log });
    const seen: string[][] = [];
    for (const days of [1, 6, 1, 7, 4, 1]) {
      await clock.advance(days * dayMs);
      seen.push(log.lines.splice(0).map((line) => line.slice(0, line.indexOf(":"))));
    }
    const expiring = ["warn certificate.expiring"];
    expect(seen).toEqual([[], expiring, [], expiring, expiring, ["error certificate.expired"]]);
  });
});

describe("changed certificate files", () => {
  it("are taken by themselves, once they have rested", async () => {
    const folder = await temporaryFolder();
    const clock = new HandClock(Date.now());
    const log = new MemoryLog();
    const files = await writePair(folder, "pair", await makePair("a.example"));
    const certificates = await certificatesFor([{ domain: "a.example", ...files }], { clock, log });
    const former = certificates.certificateFor();
    const next = await makePair("a.example", { days: 100 });

    await writeFile(files.certificate, next.cert);
    await clock.advance(pollMs);
    expect(certificates.certificateFor()).toBe(former);
    await writeFile(files.key, next.key);
    await clock.advance(pollMs);
    expect(certificates.certificateFor()).toBe(former);
    await clock.advance(pollMs);
    expect(certificates.certificateFor().pem).toBe(next.cert);
    expect(log.lines).toEqual([expect.stringMatching(/^info certificate.loaded: .*pair\.crt is in use, valid until \d{4}-/)]);
  });

  it("leave the former certificate in use if they are broken, and are complained of once", async () => {
    const folder = await temporaryFolder();
    const clock = new HandClock(Date.now());
    const log = new MemoryLog();
    const files = await writePair(folder, "pair", await makePair("a.example"));
    const certificates = await certificatesFor([{ domain: "a.example", ...files }], { clock, log });
    const former = certificates.certificateFor();

    await writeFile(files.key, (await makePair("a.example")).key);
    for (let count = 0; count < 5; count += 1) {
      await clock.advance(pollMs);
    }
    expect(certificates.certificateFor()).toBe(former);
    expect(log.lines).toEqual([expect.stringMatching(/^error certificate.refused: .*does not belong to the key .*the former certificate stays/)]);

    await rm(files.certificate);
    expect(await certificates.reload()).toEqual([expect.stringMatching(/pair\.crt: there is no such file/)]);
    expect(certificates.certificateFor()).toBe(former);
  });

  it("are read at once by reload, which answers that all is well", async () => {
    const folder = await temporaryFolder();
    const files = await writePair(folder, "pair", await makePair("a.example"));
    const certificates = await certificatesFor([{ domain: "a.example", ...files }, { domain: "b.example" }]);
    const next = await makePair("a.example");
    await writePair(folder, "pair", next);
    expect(await certificates.reload()).toEqual([]);
    expect(certificates.certificateFor("a.example").pem).toBe(next.cert);
  });
});

/** The message that opening them fails with. */
async function failure(certificate?: string, key?: string): Promise<string> {
  return certificatesFor([{ domain: "a.example", ...(certificate && { certificate }), ...(key && { key }) }]).then(
    () => "no error",
    (error: Error) => error.message,
  );
}
