/** slixmpp puts files and fetches them, over plain HTTP on this machine and over HTTPS with the server's certificate. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../../src/testing/index.ts";
import { MortalServer } from "../mortal-server.ts";
import { PythonAgent } from "../python-agent.ts";
import { PythonUser, password, type LoginResult } from "../python-setting.ts";
import { certificateOf } from "../trust.ts";
import { slixmppIsMissing } from "./setting.ts";

/** Milliseconds for a server in a process of its own: a machine with much else to do takes seconds for one. */
const startMs = 60_000;
const megabyte = 1_000_000;

let agent: PythonAgent;
let folder: string;
let users: PythonUser[] = [];

async function alice(port: number, ca: string): Promise<PythonUser> {
  const client = `client ${users.length}`;
  const user = new PythonUser(agent, client, (await agent.call("login", { client, jid: "alice@localhost/r", password, port, ca })) as LoginResult);
  users.push(user);
  return user;
}

beforeAll(async () => {
  if (slixmppIsMissing) return;
  folder = await mkdtemp(join(tmpdir(), "refrain-upload-"));
  agent = new PythonAgent(new URL("upload-agent.py", import.meta.url));
});
afterAll(async () => {
  if (slixmppIsMissing) return;
  await Promise.all(users.map((user) => user.call("logout")));
  users = [];
  await agent.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Puts a file by the plugin and fetches it again. */
async function thereAndBack(user: PythonUser, name: string, size: number, type?: string): Promise<{ readonly url: string; readonly type: string; readonly disposition: string }> {
  const { url, sha256 } = (await user.call("upload", { name, size, type })) as { readonly url: string; readonly sha256: string };
  const fetched = (await user.call("fetch", { url })) as { readonly type: string; readonly disposition: string };
  expect(fetched).toMatchObject({ status: 200, sha256 });
  return { url, type: fetched.type, disposition: fetched.disposition };
}

describe.skipIf(slixmppIsMissing)("XEP-0363 with slixmpp over HTTP on this machine", () => {
  let server: TestServer;
  let user: PythonUser;
  beforeAll(async () => {
    server = await startServer({ http: true, upload: { maxFileBytes: 6 * megabyte, quotaBytes: 20 * megabyte, freeBytesMin: 0 }, parts: { uploadFolder: join(folder, "files") } });
    await server.addUser("alice", password);
    const ca = join(folder, "ca.pem");
    await writeFile(ca, await certificateOf(server));
    user = await alice(server.port, ca);
  });
  afterAll(() => server.stop());

  it("finds the service among all that the server has", async () => {
    expect(await user.call("service")).toBe("localhost");
  });

  it("puts a file, and everybody fetches the same bytes", async () => {
    const { url, type, disposition } = await thereAndBack(user, "pictures/très cool & <more>.jpg", 1_000);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/upload\/[\w-]+\/tr%C3%A8s%20cool%20%26%20%3Cmore%3E\.jpg$/);
    expect([type, disposition.split(";")[0]]).toEqual(["image/jpeg", "inline"]);
    expect((await thereAndBack(user, "page.html", 20)).disposition).toMatch(/^attachment;/);
    expect((await thereAndBack(user, "no ending", 1)).type).toBe("application/octet-stream");
    await thereAndBack(user, "large.bin", 6 * megabyte);
  });

  it("is refused what is too large, by the plugin itself or by the server, and what is not of the slot's size", async () => {
    await expect(user.call("upload", { name: "huge.bin", size: 6 * megabyte + 1 })).rejects.toThrow(/FileTooBig|not-acceptable/);
    expect(await user.call("put", { name: "a", size: 10, sent: [11, 9, 10, 10] })).toEqual([413, 413, 201, 409]);
  });
});

describe.skipIf(slixmppIsMissing)("XEP-0363 with slixmpp over HTTPS", () => {
  let server: MortalServer;
  beforeAll(async () => {
    server = await MortalServer.begin(["alice"], password, { REFRAIN_LISTEN_HTTP_TLS: "true", REFRAIN_UPLOAD_FREE_BYTES_MIN: "0" });
  }, startMs);
  afterAll(() => server.remove());

  it("puts a file under the name of its host, whose certificate is checked, and it is there after a crash", async () => {
    const user = await alice(server.port, server.certificate);
    const { url } = await thereAndBack(user, "photo.png", megabyte);
    expect(url).toMatch(new RegExp(`^https://localhost:${server.httpPort}/upload/`));
    await server.restart("SIGKILL");
    expect(await user.call("fetch", { url })).toMatchObject({ status: 200, type: "image/png" });
  }, startMs);
});
