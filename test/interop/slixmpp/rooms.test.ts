/** slixmpp in rooms: three occupants, everything that one may do there, and what the others make of it. */
import { beforeEach, describe, expect, it } from "vitest";
import { pythonSetting, type Login, type LoginResult, type PythonUser } from "../python-setting.ts";
import { slixmppIsMissing } from "./setting.ts";

interface RoomLogin extends Login {
  /** With stream management; it comes back whenever its link is gone. */
  readonly managed?: boolean;
  readonly cleartext?: boolean;
}

const file = new URL("rooms-agent.py", import.meta.url);
const setting = pythonSetting<RoomLogin, LoginResult>(file, slixmppIsMissing, ["alice", "bob", "carol", "dave"], { allowPlaintext: true });

let made = 0;
let room: string;
beforeEach(() => (room = `room-${++made}@muc.localhost`));

/** What it was told since the last look. */
async function told(user: PythonUser): Promise<readonly string[]> {
  await user.settled();
  return (await user.call("told")) as readonly string[];
}

async function toldAll(...users: readonly PythonUser[]): Promise<readonly (readonly string[])[]> {
  const all: (readonly string[])[] = [];
  for (const user of users) all.push(await told(user));
  return all;
}

const online = (name: string, options: Omit<RoomLogin, "jid"> = {}) => setting.online({ jid: `${name}@localhost/r`, ...options });

/** Alice owns the room, Bob and Carol have entered it; what that has told them is gone. */
async function three(values: object = {}): Promise<readonly [PythonUser, PythonUser, PythonUser]> {
  const [alice, bob, carol] = await Promise.all([online("alice"), online("bob"), online("carol")]);
  await alice.call("join", { room, nick: "Alice" });
  await alice.call("configure", { room, values });
  const password = (values as { readonly "muc#roomconfig_roomsecret"?: string })["muc#roomconfig_roomsecret"];
  await bob.call("join", { room, nick: "Bob", password });
  await carol.call("join", { room, nick: "Carol", password });
  await toldAll(alice, bob, carol);
  return [alice, bob, carol];
}

describe.skipIf(slixmppIsMissing)("XEP-0045 with slixmpp: entering", () => {
  it("makes a room, fills in its form, and lets in who knows the password, with history and subject", async () => {
    const [alice, bob] = [await online("alice"), await online("bob")];
    expect(await alice.call("join", { room, nick: "Alice" })).toEqual({
      own: `Alice moderator/owner (${alice.jid}) [110, 170, 201]`, others: [], history: [], subject: "", roster: ["Alice"],
    });
    await expect(bob.call("join", { room, nick: "Bob" })).rejects.toMatchObject({ condition: "item-not-found" });
    const values = {
      "muc#roomconfig_roomname": "Balcony & <more>", "muc#roomconfig_persistentroom": true, "muc#roomconfig_passwordprotectedroom": true,
      "muc#roomconfig_roomsecret": "sesam öffne dich", "muc#roomconfig_whois": "anyone",
    };
    await alice.call("configure", { room, values });
    expect(await alice.call("config", { room })).toMatchObject(values);
    for (const password of [undefined, "wrong"]) {
      await expect(bob.call("join", { room, nick: "Bob", password })).rejects.toMatchObject({ type: "auth", condition: "not-authorized" });
    }
    await alice.call("subject", { room, subject: "Names <&> roses" });
    for (const body of ["one", "two", "drei <&> 😀"]) await alice.call("say", { to: room, body });
    expect((await told(alice)).slice(-4)).toEqual(["Alice subject: Names <&> roses", "Alice: one", "Alice: two", "Alice: drei <&> 😀"]);
    const password = "sesam öffne dich";
    expect(await bob.call("join", { room, nick: "Bob", password })).toEqual({
      own: `Bob participant/none (${bob.jid}) [100, 110, 170]`,
      others: ["Alice"],
      history: ["Alice: one", "Alice: two", "Alice: drei <&> 😀"],
      subject: "Names <&> roses",
      roster: ["Alice", "Bob"],
    });
    expect(await told(alice)).toEqual([`Bob participant/none (${bob.jid})`]);
    await bob.call("leave", { room, nick: "Bob", status: "good night" });
    await bob.settled();
    expect(await told(alice)).toEqual([`Bob unavailable none/none (${bob.jid}) saying good night`]);
    const [some, none] = [{ maxstanzas: 1 }, { maxchars: 0 }];
    expect(await bob.call("join", { room, nick: "Bob", password, ...some })).toMatchObject({ history: ["Alice: drei <&> 😀"] });
    await bob.call("leave", { room, nick: "Bob" });
    expect(await bob.call("join", { room, nick: "Bob", password, ...none })).toMatchObject({ history: [] });
  });

  it("gives up a room that its maker does not want", async () => {
    const [alice, bob] = [await online("alice"), await online("bob")];
    await alice.call("join", { room, nick: "Alice" });
    await alice.call("cancel", { room });
    expect((await told(alice)).at(-1)).toMatch(/^Alice unavailable none\/none destroyed/);
    expect(await bob.call("join", { room, nick: "Bob" })).toMatchObject({ own: expect.stringContaining("201") });
  });

  it("refuses a nick that somebody else has, also to who would change to it", async () => {
    const [alice, bob, carol] = await three();
    const dave = await online("dave");
    await expect(dave.call("join", { room, nick: "Bob" })).rejects.toMatchObject({ type: "cancel", condition: "conflict" });
    const id = await carol.call("occupant_id", { nick: "Bob" });
    await bob.call("presence", { to: `${room}/Robert` });
    const [hers] = await toldAll(alice, bob, carol);
    expect(hers).toEqual([`Bob unavailable participant/none (${bob.jid}) as Robert [303]`, `Robert participant/none (${bob.jid})`]);
    expect(await carol.call("occupant_id", { nick: "Robert" })).toBe(id);
    expect(await carol.call("roster", { room })).toEqual({ Alice: "moderator/owner", Robert: "participant/none", Carol: "participant/none" });
    expect(await dave.call("join", { room, nick: "Bob" })).toMatchObject({ roster: ["Alice", "Bob", "Carol", "Robert"] });
    await bob.call("presence", { to: `${room}/Carol` });
    expect(await toldAll(bob, carol)).toEqual([["Bob participant/none", "error conflict"], ["Bob participant/none"]]);
    expect(await carol.call("roster", { room })).toMatchObject({ Robert: "participant/none", Carol: "participant/none" });
  });
});

describe.skipIf(slixmppIsMissing)("XEP-0045 with slixmpp: talking", () => {
  it("says to all what all hear in one order, and to one what nobody else hears", async () => {
    const [alice, bob, carol] = await three();
    for (const [user, body] of [[alice, "a"], [bob, "b"], [carol, "c <&> 😀"]] as const) {
      await user.call("say", { to: room, body });
      await user.settled();
    }
    const all = ["Alice: a", "Bob: b", "Carol: c <&> 😀"];
    expect(await toldAll(alice, bob, carol)).toEqual([all, all, all]);
    await bob.call("say", { to: `${room}/Carol`, body: "psst", type: "chat" });
    expect(await toldAll(bob, carol, alice)).toEqual([[], ["to me alone, Bob: psst"], []]);
    await carol.call("say", { to: `${room}/Bob`, body: "aha", type: "chat" });
    expect(await toldAll(carol, bob, alice)).toEqual([[], ["to me alone, Carol: aha"], []]);
    const dave = await online("dave");
    await dave.call("say", { to: room, body: "from outside" });
    expect(await toldAll(dave, alice)).toEqual([["error not-acceptable"], []]);
  });

  it("changes the subject where its role may", async () => {
    const [alice, bob, carol] = await three();
    await bob.call("subject", { room, subject: "mine" });
    expect(await toldAll(bob, carol)).toEqual([["error forbidden"], []]);
    await alice.call("configure", { room, values: { "muc#roomconfig_changesubject": true } });
    await toldAll(alice, bob, carol);
    await bob.call("subject", { room, subject: "mine" });
    expect(await toldAll(bob, carol, alice)).toEqual([["Bob subject: mine"], ["Bob subject: mine"], ["Bob subject: mine"]]);
  });

  it("shows what an occupant says of itself", async () => {
    const [, bob, carol] = await three();
    await bob.call("presence", { to: `${room}/Bob`, status: "at lunch" });
    expect(await toldAll(bob, carol)).toEqual([[`Bob participant/none (${bob.jid}) saying at lunch [110]`], ["Bob participant/none saying at lunch"]]);
  });
});

describe.skipIf(slixmppIsMissing)("XEP-0045 with slixmpp: moderators", () => {
  it("give voice to who asks for it, and take it", async () => {
    const [alice, bob, carol] = await three({ "muc#roomconfig_moderatedroom": true });
    expect(await alice.call("roster", { room })).toEqual({ Alice: "moderator/owner", Bob: "visitor/none", Carol: "visitor/none" });
    await bob.call("say", { to: room, body: "unheard" });
    expect(await toldAll(bob, carol)).toEqual([["error forbidden"], []]);
    await bob.call("request_voice", { room });
    await bob.settled();
    expect(await toldAll(alice, carol)).toEqual([["Bob asks to be participant"], []]);
    await alice.call("answer_request", { allow: true });
    expect((await toldAll(alice, bob, carol)).map(([first]) => first?.replace(/ \(.*?\)| by Alice/g, ""))).toEqual(["Bob participant/none", "Bob participant/none [110]", "Bob participant/none"]);
    await bob.call("say", { to: room, body: "heard" });
    expect(await toldAll(bob, carol)).toEqual([["Bob: heard"], ["Bob: heard"]]);
    await alice.call("role", { room, nick: "Bob", role: "visitor", reason: "too loud" });
    expect((await toldAll(alice, bob, carol))[2]).toEqual(["Bob visitor/none by Alice because too loud"]);
    await alice.call("role", { room, nick: "Carol", role: "participant" });
    expect(await alice.call("roles", { room, role: "participant" })).toEqual(["Carol"]);
    expect(await alice.call("roles", { room, role: "visitor" })).toEqual(["Bob"]);
    await expect(carol.call("role", { room, nick: "Bob", role: "participant" })).rejects.toMatchObject({ type: "auth", condition: "forbidden" });
    await expect(carol.call("roles", { room, role: "visitor" })).rejects.toMatchObject({ condition: "forbidden" });
  });

  it("remove whom they want, who may come again, but not those above them", async () => {
    const [alice, bob, carol] = await three();
    await expect(bob.call("role", { room, nick: "Carol", role: "none" })).rejects.toMatchObject({ condition: "forbidden" });
    await alice.call("role", { room, nick: "Bob", role: "moderator" });
    expect((await toldAll(alice, bob, carol))[1]).toEqual(expect.arrayContaining([`Carol participant/none (${carol.jid})`]));
    await bob.call("role", { room, nick: "Carol", role: "none", reason: "enough" });
    expect(await toldAll(bob, carol, alice)).toEqual([
      [`Carol unavailable none/none (${carol.jid}) by Bob because enough [307]`],
      [`Carol unavailable none/none (${carol.jid}) by Bob because enough [110, 307]`],
      [`Carol unavailable none/none (${carol.jid}) by Bob because enough [307]`],
    ]);
    await expect(bob.call("role", { room, nick: "Alice", role: "none" })).rejects.toMatchObject({ type: "cancel", condition: "not-allowed" });
    await expect(bob.call("affiliation", { room, jid: "carol@localhost", affiliation: "outcast" })).rejects.toMatchObject({ condition: "forbidden" });
    expect(await carol.call("join", { room, nick: "Carol" })).toMatchObject({ roster: ["Alice", "Bob", "Carol"] });
    expect(await alice.call("roles", { room, role: "moderator" })).toEqual(["Alice", "Bob"]);
    await alice.call("role", { room, nick: "Bob", role: "participant" });
    expect(await alice.call("roles", { room, role: "moderator" })).toEqual(["Alice"]);
  });
});

describe.skipIf(slixmppIsMissing)("XEP-0045 with slixmpp: admins and owners", () => {
  it("ban for good, and take the ban back", async () => {
    const [alice, bob, carol] = await three();
    await alice.call("affiliation", { room, jid: bob.bareJid, affiliation: "outcast", reason: "spam" });
    expect(await toldAll(alice, bob, carol)).toEqual([
      [`Bob unavailable none/outcast (${bob.jid}) by Alice because spam [301]`],
      [`Bob unavailable none/outcast (${bob.jid}) by Alice because spam [110, 301]`],
      ["Bob unavailable none/outcast by Alice because spam [301]"],
    ]);
    await expect(bob.call("join", { room, nick: "Bob" })).rejects.toMatchObject({ type: "auth", condition: "forbidden" });
    expect(await alice.call("affiliations", { room, affiliation: "outcast" })).toEqual([bob.bareJid]);
    await expect(carol.call("affiliations", { room, affiliation: "outcast" })).rejects.toMatchObject({ condition: "forbidden" });
    await expect(alice.call("affiliation", { room, jid: alice.bareJid, affiliation: "outcast" })).rejects.toMatchObject({ type: "cancel", condition: "conflict" });
    await alice.call("affiliation", { room, jid: bob.bareJid, affiliation: "none" });
    expect(await bob.call("join", { room, nick: "Bob" })).toMatchObject({ roster: ["Alice", "Bob", "Carol"] });
  });

  it("make members, admins and owners, each no more than the table lets them", async () => {
    const [alice, bob, carol] = await three({ "muc#roomconfig_moderatedroom": true });
    await alice.call("affiliation", { room, jid: bob.bareJid, affiliation: "admin" });
    const [hers, his, others] = await toldAll(alice, bob, carol);
    expect([hers?.[0], his?.[0], others]).toEqual([
      `Bob moderator/admin (${bob.jid}) by Alice`, `Bob moderator/admin (${bob.jid}) by Alice [110]`, ["Bob moderator/admin by Alice"],
    ]);
    await bob.call("affiliate_all", { room, affiliations: [[carol.bareJid, "member"], ["dave@localhost", "member"]] });
    expect((await toldAll(bob, alice, carol))[2]).toEqual([`Carol participant/member (${carol.jid}) by Bob [110]`]);
    expect(await bob.call("affiliations", { room, affiliation: "member" })).toEqual([carol.bareJid, "dave@localhost"]);
    await expect(bob.call("affiliation", { room, jid: carol.bareJid, affiliation: "admin" })).rejects.toMatchObject({ type: "auth", condition: "forbidden" });
    await expect(bob.call("role", { room, nick: "Alice", role: "visitor" })).rejects.toMatchObject({ condition: "not-allowed" });
    await expect(bob.call("config", { room })).rejects.toMatchObject({ type: "auth", condition: "forbidden" });
    await expect(bob.call("affiliations", { room, affiliation: "owner" })).rejects.toMatchObject({ condition: "forbidden" });
    await alice.call("affiliation", { room, jid: carol.bareJid, affiliation: "owner" });
    expect(await carol.call("affiliations", { room, affiliation: "owner" })).toEqual([alice.bareJid, carol.bareJid]);
    expect(await carol.call("affiliations", { room, affiliation: "admin" })).toEqual([bob.bareJid]);
    await carol.call("affiliation", { room, jid: alice.bareJid, affiliation: "member" });
    await expect(carol.call("affiliation", { room, jid: carol.bareJid, affiliation: "admin" })).rejects.toMatchObject({ type: "cancel", condition: "conflict" });
    await alice.settled();
    expect(await alice.call("roster", { room })).toEqual({ Alice: "participant/member", Bob: "moderator/admin", Carol: "moderator/owner" });
    expect(await bob.call("roster", { room })).toEqual(await alice.call("roster", { room }));
    expect(await carol.call("roster", { room })).toEqual(await alice.call("roster", { room }));
  });

  it("send a form round: every value that is sent back is there again", async () => {
    const [alice, bob] = await three();
    const before = (await alice.call("config", { room })) as Readonly<Record<string, unknown>>;
    await alice.call("configure", { room, values: {} });
    expect(await alice.call("config", { room })).toEqual(before);
    expect(await toldAll(alice, bob)).toEqual([[], []]);
    const values = {
      "muc#roomconfig_roomname": "Ü", "muc#roomconfig_roomdesc": "two\nlines", "muc#roomconfig_lang": "de", "muc#roomconfig_publicroom": false,
      "muc#roomconfig_allowinvites": true, "muc#roomconfig_allowpm": "moderators", "muc#roomconfig_getmemberlist": ["moderator"],
      "muc#roomconfig_maxusers": "50", "muc#maxhistoryfetch": "3", "muc#roomconfig_roomadmins": [bob.bareJid],
    };
    await alice.call("configure", { room, values });
    expect(await alice.call("config", { room })).toEqual({ ...before, ...values });
    expect((await told(bob)).toSorted()).toEqual(expect.arrayContaining(["changed [104]", `Bob moderator/admin (${bob.jid}) by Alice [110]`]));
  });

  it("destroy it, and tell where to go instead", async () => {
    const [alice, bob, carol] = await three({ "muc#roomconfig_persistentroom": true });
    await expect(bob.call("destroy", { room, reason: "no", instead: "hall@muc.localhost" })).rejects.toMatchObject({ condition: "forbidden" });
    await alice.call("destroy", { room, reason: "moved", instead: "hall@muc.localhost" });
    const words = (nick: string) => [`${nick} unavailable none/none destroyed because moved instead hall@muc.localhost [110]`];
    expect(await toldAll(alice, bob, carol)).toEqual([words("Alice"), words("Bob"), words("Carol")]);
    await expect(bob.call("info", { jid: room })).rejects.toMatchObject({ condition: "item-not-found" });
  });
});

describe.skipIf(slixmppIsMissing)("Invitations with slixmpp", () => {
  it("go by way of the room, make members of a members-only one, and are declined (XEP-0045 section 7.8.2)", async () => {
    const [alice, bob] = await three();
    await alice.call("affiliation", { room, jid: bob.bareJid, affiliation: "member" });
    await alice.call("configure", { room, values: { "muc#roomconfig_membersonly": true } });
    await toldAll(alice, bob);
    const dave = await online("dave");
    await dave.call("presence");
    await expect(dave.call("join", { room, nick: "Dave" })).rejects.toMatchObject({ type: "auth", condition: "registration-required" });
    await dave.settled();
    await dave.call("told");
    await bob.call("invite", { room, jid: dave.bareJid, reason: "not mine to say" });
    expect(await toldAll(bob, dave)).toEqual([["error forbidden"], []]);
    await dave.call("forget", { room });
    await alice.call("invite", { room, jid: dave.bareJid, reason: "come <&> see" });
    expect(await toldAll(alice, dave)).toEqual([[], [`${room}/Alice invites to ${room} because come <&> see`]]);
    await dave.call("decline", { room, jid: `${room}/Alice`, reason: "washing my hair" });
    expect(await toldAll(dave, alice)).toEqual([[], [`${dave.bareJid} declines because washing my hair`]]);
    expect(await alice.call("affiliations", { room, affiliation: "member" })).toEqual([bob.bareJid, dave.bareJid]);
    expect(await dave.call("join", { room, nick: "Dave" })).toMatchObject({ own: expect.stringContaining("Dave participant/member") });
  });

  it("go directly from one user to another, with what it takes to enter (XEP-0249)", async () => {
    const [alice] = await three({ "muc#roomconfig_passwordprotectedroom": true, "muc#roomconfig_roomsecret": "sesam" });
    const dave = await online("dave");
    await dave.call("presence");
    await dave.settled();
    await alice.call("invite_directly", { room, jid: dave.bareJid, reason: "come", password: "sesam" });
    expect(await toldAll(alice, dave)).toEqual([[], [`${alice.jid} invites directly to ${room} with sesam because come`]]);
    expect(await dave.call("join", { room, nick: "Dave", password: "sesam" })).toMatchObject({ roster: ["Alice", "Bob", "Carol", "Dave"] });
  });
});

describe.skipIf(slixmppIsMissing)("XEP-0045 section 6 with slixmpp", () => {
  it("finds the service, its public rooms, and what is to be known of one before entering", async () => {
    const [alice, , carol] = await three({ "muc#roomconfig_roomname": "Orchard", "muc#roomconfig_roomdesc": "by the wall", "muc#roomconfig_membersonly": false });
    const dave = await online("dave");
    expect(await dave.call("items", { jid: "localhost" })).toContainEqual(["muc.localhost", expect.any(String)]);
    const service = (await dave.call("info", { jid: "muc.localhost" })) as { readonly identities: unknown; readonly features: readonly string[] };
    expect(service.identities).toContainEqual(["conference", "text", expect.any(String)]);
    expect(service.features).toEqual(expect.arrayContaining(["http://jabber.org/protocol/muc", "http://jabber.org/protocol/disco#items"]));
    expect(await dave.call("items", { jid: "muc.localhost" })).toContainEqual([room, "Orchard"]);
    const info = (await dave.call("info", { jid: room })) as { readonly features: readonly string[]; readonly values: object };
    expect(info).toMatchObject({ identities: [["conference", "text", "Orchard"]], values: { "muc#roominfo_description": "by the wall", "muc#roominfo_occupants": "3" } });
    expect(info.features).toEqual(expect.arrayContaining([
      "http://jabber.org/protocol/muc", "muc_temporary", "muc_public", "muc_open", "muc_unmoderated", "muc_semianonymous", "muc_unsecured",
      "urn:xmpp:mam:2", "urn:xmpp:occupant-id:0",
    ]));
    expect(await carol.call("items", { jid: room })).toEqual([[`${room}/Alice`, ""], [`${room}/Bob`, ""], [`${room}/Carol`, ""]]);
    await alice.call("configure", { room, values: { "muc#roomconfig_publicroom": false } });
    expect(await dave.call("items", { jid: "muc.localhost" })).not.toContainEqual([room, "Orchard"]);
  });
});

describe.skipIf(slixmppIsMissing)("Rooms with slixmpp when links break", () => {
  it("see that an occupant was killed", async () => {
    const [alice, bob, carol] = await three();
    await bob.call("kill");
    await carol.eventually("roster", { room }).toEqual({ Alice: "moderator/owner", Carol: "participant/none" });
    expect(await toldAll(alice, carol)).toEqual([[expect.stringMatching(/^Bob unavailable none\/none /)], [expect.stringMatching(/^Bob unavailable none\/none/)]]);
  });

  // Everything that a chat needs of its transport, from the login on. slixmpp knows no WebSocket and no BOSH.
  it.each([
    { by: "TCP", way: { cleartext: true } },
    { by: "TLS from the first byte", way: { direct: true } },
  ])("do not notice that one resumes over $by: its link breaks, the server is killed, and it has heard all", async ({ way }) => {
    const [alice, bob] = [await online("alice", { managed: true, ...way }), await online("bob", { managed: true, ...way })];
    await alice.call("join", { room, nick: "Alice" });
    await alice.call("configure", { room, values: {} });
    await bob.call("join", { room, nick: "Bob" });
    await toldAll(alice, bob);
    await bob.call("drop");
    await alice.call("say", { to: room, body: "while you are away" });
    expect(await told(alice)).toEqual(["Alice: while you are away"]);
    const all: string[] = [];
    const hears = (word: string) => expect.poll(async () => {
      all.push(...((await bob.call("told")) as readonly string[]));
      return all;
    }, { interval: 20, timeout: 8_000 }).toContain(word);
    await hears("Alice: while you are away");
    expect(all.toSorted()).toEqual(["Alice: while you are away", "resumed"]);
    await setting.server.restart({ kill: true });
    await alice.eventually("told").toEqual(["resumed"]);
    await alice.call("say", { to: room, body: "after the end" });
    all.length = 0;
    await hears("Alice: after the end");
    expect(all.toSorted()).toEqual(["Alice: after the end", "resumed"]);
    await bob.call("say", { to: room, body: "I am here" });
    expect(await toldAll(bob, alice)).toEqual([["Bob: I am here"], ["Alice: after the end", "Bob: I am here"]]);
    expect(await alice.call("roster", { room })).toEqual({ Alice: "moderator/owner", Bob: "participant/none" });
  });
});
