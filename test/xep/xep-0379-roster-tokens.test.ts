/** Requests with the token of an invitation, from who has an account already. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import type { BoundClient } from "../support/login.ts";
import { contactsOf, createAccount, inviteUser } from "./xep-0401-setting.ts";

let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  server = await startServer({ admins: ["admin@localhost"], registration: { invitations: "users" }, allowPlaintext: true });
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

let names = 0;
async function pair(): Promise<{ readonly inviter: BoundClient; readonly guest: BoundClient; readonly of: string; readonly by: string }> {
  names += 1;
  for (const name of [`inviter${names}`, `guest${names}`]) await server.addUser(name, "secret");
  const of = `inviter${names}@localhost`;
  const by = `guest${names}@localhost`;
  return { inviter: await stage.enter(of, "phone"), guest: await stage.enter(by, "phone"), of, by };
}

const subscribe = (to: string, token: string) => `<presence type='subscribe' to='${to}'><preauth xmlns='urn:xmpp:pars:0' token='${token}'/></presence>`;
const used = async (of: string) => (await server.server.admin.userInvitations()).filter(({ inviter }) => inviter === of).map(({ state, by }) => `${state} ${by}`);

describe("XEP-0379 section 3.5 approval by the user and mutual subscription request", () => {
  it("is the server's own work, also with nobody there: the guest approves in turn, or has done so before", async () => {
    const { inviter, guest, of, by } = await pair();
    const { token } = await inviteUser(inviter);
    stage.clear();
    const again = await stage.enter(by, "desk");
    again.raw.send(subscribe(of, token));
    again.raw.send(`<presence type='subscribed' to='${of}'/>`);
    await expect.poll(() => used(of)).toEqual([`used ${by}`]);
    await expect.poll(() => contactsOf(again)).toEqual([`${of} both`]);
    const back = await stage.enter(of, "desk");
    expect(await contactsOf(back)).toEqual([`${by} both`]);
    expect(guest).toBeDefined();
  });

  it("asks the guest, where that has not approved", async () => {
    const { inviter, guest, of, by } = await pair();
    const { token } = await inviteUser(inviter);
    await guest.ask("<presence/>");
    guest.raw.send(subscribe(of, token));
    await guest.raw.expect(new RegExp(`<presence [^>]*type="subscribe"[^>]*from="${of}"|<presence [^>]*from="${of}"[^>]*type="subscribe"`));
    expect(await contactsOf(guest)).toEqual([`${of} to`]);
    expect(await contactsOf(inviter)).toEqual([`${by} from subscribe`]);
  });
});

describe("XEP-0379 section 4.1 fallback to the manual process", () => {
  it("takes a request as any other whose token is nobody's, another's, used, or for an account", async () => {
    const { inviter, guest, of, by } = await pair();
    const other = await pair();
    await server.addUser("admin", "secret").catch(() => undefined);
    const admin = await stage.enter("admin@localhost", "desk");
    const tokens = ["", "nonsense", "0".repeat(32), (await inviteUser(other.inviter)).token, (await createAccount(admin, {})).token];
    for (const token of tokens) {
      guest.raw.send(subscribe(of, token));
      await guest.caughtUp();
      await inviter.caughtUp();
    }
    expect(await contactsOf(guest)).toEqual([`${of} none subscribe`]);
    expect(await contactsOf(inviter)).toEqual([]);
    expect(await used(other.of)).toEqual(["open null"]);
    inviter.raw.send(`<presence type='subscribed' to='${by}'/>`);
    await inviter.caughtUp();
    expect(await contactsOf(guest)).toEqual([`${of} to`]);
  });

  it("uses a token once", async () => {
    const { inviter, guest, of, by } = await pair();
    const { guest: second, by: late } = await pair();
    const { token } = await inviteUser(inviter);
    guest.raw.send(subscribe(of, token));
    await expect.poll(() => used(of)).toEqual([`used ${by}`]);
    second.raw.send(subscribe(of, token));
    await second.caughtUp();
    await inviter.caughtUp();
    expect((await contactsOf(inviter)).filter((contact) => contact.startsWith(late))).toEqual([]);
  });
});
