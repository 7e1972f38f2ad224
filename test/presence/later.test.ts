import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer } from "../../src/testing/start-server.ts";
import { login } from "../support/login.ts";
import { eachTold, expectCopy, Stage, told } from "./support.ts";

let stage: Stage;

beforeAll(async () => {
  stage = new Stage(await startServer({ allowPlaintext: true }));
});
afterEach(() => stage.clear());
afterAll(() => stage.server.stop());

describe("RFC 6121 section 4.4.2 the server processes subsequent outbound presence", () => {
  it("broadcasts the full XML to contacts in from and both, and to the user's available resources", async () => {
    const { juliet, romeo, nurse, paris, tybalt } = await stage.cast("juliet", "romeo", "nurse", "paris", "tybalt");
    await stage.relate(juliet, romeo, "Both");
    await stage.relate(juliet, nurse, "FromOut");
    await stage.relate(juliet, paris, "ToIn");
    const [orchard, kitchen, hall, street] = [
      await stage.appear(romeo, "orchard"), await stage.appear(nurse, "kitchen"),
      await stage.appear(paris, "hall"), await stage.appear(tybalt, "street"),
    ] as const;
    const balcony = await stage.appear(juliet, "balcony");
    const chamber = await stage.appear(juliet, "chamber");
    const silent = await stage.enter(juliet, "silent");
    await eachTold(balcony, chamber, silent, orchard, kitchen, hall, street);
    const sent =
      "<presence id='l1' xml:lang='cs'><show>dnd</show><status>a &amp; b &lt; c</status><status xml:lang='en'>busy</status>" +
      "<priority>3</priority><x xmlns='urn:x' xmlns:y='urn:y' y:a='1'><z xmlns='urn:z'/></x></presence>";
    balcony.send(sent);
    for (const [client, to] of [[balcony, juliet], [chamber, juliet], [orchard, romeo], [kitchen, nurse]] as const) {
      const [arrived, ...more] = await client.caughtUp();
      expectCopy(arrived, sent, balcony.jid, to);
      expect(more).toEqual([]);
    }
    expect(await eachTold(silent, hall, street)).toEqual([[], [], []]);
  });

  it("names the language of the stream where the stanza names none (RFC 6120 section 8.1.5)", async () => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    await stage.relate(juliet, romeo, "From");
    const contact = await stage.appear(romeo, "orchard");
    const user = await login(stage.server, {
      user: juliet.slice(0, juliet.indexOf("@")), resource: "balcony", over: "plaintext", header: "version='1.0' xml:lang='it'",
    });
    await user.ask("<presence/>");
    await contact.caughtUp();
    await user.ask("<presence><status>eccomi</status></presence>");
    const [arrived] = await contact.caughtUp();
    expectCopy(arrived, "<presence xml:lang='it'><status>eccomi</status></presence>", user.jid, romeo);
    user.raw.destroy();
  });

  it("is no initial presence: nobody is presented again", async () => {
    const { juliet, romeo, paris } = await stage.cast("juliet", "romeo", "paris");
    await stage.relate(juliet, romeo, "Both");
    await stage.relate(juliet, paris, "NoneIn");
    await stage.appear(romeo, "orchard");
    await stage.appear(juliet, "chamber");
    const user = await stage.appear(juliet, "balcony");
    await user.caughtUp();
    user.send("<presence><show>away</show></presence>");
    expect(await told(user)).toEqual(["juliet/balcony available"]);
  });

  it("is what those who come later are told, and nothing of what was before", async () => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    await stage.relate(juliet, romeo, "From");
    const user = await stage.enter(juliet, "balcony", "<presence><show>chat</show><status>first</status></presence>");
    await user.ask("<presence id='l2'><status>second</status></presence>");
    const contact = await stage.enter(romeo, "orchard", "<presence/>");
    const arrived = (await contact.caughtUp()).filter(({ attrs }) => attrs["from"] === user.jid);
    expect(arrived).toHaveLength(1);
    expectCopy(arrived[0], "<presence id='l2'><status>second</status></presence>", user.jid, romeo);
  });

  it("reaches a contact from its approval on, and not after its cancellation", async () => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    const user = await stage.enter(juliet, "balcony", "<presence><status>1</status></presence>");
    const contact = await stage.appear(romeo, "orchard");
    await contact.ask(`<presence type='subscribe' to='${juliet}'/>`);
    await user.ask("<presence><status>2</status></presence>");
    await user.ask(`<presence type='subscribed' to='${romeo}'/>`);
    await user.ask("<presence><status>3</status></presence>");
    await user.ask(`<presence type='unsubscribed' to='${romeo}'/>`);
    await user.ask("<presence><status>4</status></presence>");
    expect(await told(contact)).toEqual(["juliet/balcony available (2)", "juliet/balcony available (3)", "juliet/balcony unavailable"]);
  });
});
