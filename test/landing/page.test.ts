/** The page of an invitation (XEP-0401 section 5.2), as a browser gets it. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { landingHtml } from "../../src/landing/page.ts";
import { invitationPage } from "../../src/landing/address.ts";
import { configSchema } from "../../src/config/schema.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ http: true });
  await server.addUser("romeo", "secret");
});
afterAll(() => server.stop());

const invite = (wish = {}) => server.server.admin.userInvite(wish);

describe("GET /invite/TOKEN", () => {
  it("says who invites, until when, and has the link that clients open", async () => {
    const { uri, page, expiresAt } = await invite({ inviter: "romeo@localhost", name: "juliet" });
    const answer = await fetch(page!, { headers: { "user-agent": "Mozilla/5.0 (X11; Linux x86_64)" } });
    const html = await answer.text();
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    for (const text of ["You are invited to chat with <b>romeo@localhost</b>", "<b>juliet@localhost</b>", `href="${uri}"`, new Date(expiresAt).toUTCString(), "Conversations", "Monal"]) {
      expect(html).toContain(text);
    }
    // The clients for the system that asks come first.
    expect(html.indexOf("Dino")).toBeLessThan(html.indexOf("Conversations"));
  });

  it("runs nothing, loads nothing, is in no frame, and is not kept", async () => {
    const { page } = await invite();
    const answer = await fetch(page!);
    const html = await answer.text();
    const style = /<style>([^]*)<\/style>/.exec(html)![1]!;
    const policy = answer.headers.get("content-security-policy")!;
    expect(policy).toBe(`default-src 'none'; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`);
    expect(html).not.toMatch(/<script|<img|<link|src=|\son\w+=/);
    expect(Object.fromEntries(answer.headers)).toMatchObject({ "cache-control": "no-store", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff", "x-robots-tag": "noindex, nofollow" });
  });

  it("is not there for a token that was used, taken back or never made, and all of these look the same", async () => {
    const made = await invite();
    await server.server.admin.userUninvite(made.id);
    const base = `http://127.0.0.1:${server.httpPort}/invite/`;
    const bodies = new Set<string>();
    for (const url of [made.page!, `${base}${"0".repeat(32)}`, base, `${base}..%2f..%2fx`, `${base}${"0".repeat(32)}/`, `${base}%00`, `${base}${"a".repeat(300)}`]) {
      const answer = await fetch(url);
      expect(answer.status, url).toBe(404);
      bodies.add(await answer.text());
    }
    expect(bodies.size).toBe(1);
    expect((await fetch(made.page!, { method: "POST" })).status).toBe(405);
  });

  it("is not there at all where invitations are off", async () => {
    const off = await startServer({ http: true, registration: { invitations: "nobody" } });
    const answer = await fetch(`http://127.0.0.1:${off.httpPort}/invite/${"0".repeat(32)}`);
    expect(answer.status).toBe(404);
    expect(answer.headers.get("content-type")).toMatch(/^text\/plain/);
    await off.stop();
  });
});

describe("What people wrote", () => {
  it("is escaped", () => {
    const hostile = "<img src=x onerror='a'>\"&";
    const html = landingHtml({ host: hostile, inviter: hostile, username: hostile, contact: true, expiresAt: 0, uri: `xmpp:x?"><script>` }, hostile);
    expect(html).not.toMatch(/<img|<script|onerror='/);
    expect(html).toContain("&lt;img src=x onerror=&#39;a&#39;&gt;&quot;&amp;");
  });
});

describe("The address of the page", () => {
  const address = (given: object) => {
    const { listen } = configSchema.parse(given);
    return invitationPage({ listen }, "bücher.example", "T");
  };

  it.each([
    ["on this machine", {}, "http://127.0.0.1:5280/invite/T"],
    ["by TLS from everywhere", { listen: { address: "0.0.0.0", http: { address: "0.0.0.0", tls: true } } }, "https://xn--bcher-kva.example:5280/invite/T"],
    ["behind a proxy", { listen: { address: "0.0.0.0", http: { publicUrl: "https://example.org/xmpp" } } }, "https://example.org/xmpp/invite/T"],
  ])("is told where there is one: %s", (_, given, expected) => expect(address(given)).toBe(expected));

  it.each([
    ["without the listener", { listen: { http: { enabled: false, publicUrl: "https://example.org" } } }],
    ["where nobody from elsewhere reaches it", { listen: { address: "0.0.0.0" } }],
    ["without TLS, from everywhere", { listen: { address: "0.0.0.0", http: { address: "0.0.0.0" } } }],
    ["by a port that is not known yet", { listen: { http: { port: 0 } } }],
  ])("is none %s", (_, given) => expect(address(given)).toBeUndefined());
});
