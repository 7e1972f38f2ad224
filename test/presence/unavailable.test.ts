import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer } from "../../src/testing/start-server.ts";
import type { BoundClient } from "../support/login.ts";
import { eachTold, expectCopy, expectMere, Stage, told, until } from "./support.ts";

let stage: Stage;

beforeAll(async () => {
  stage = new Stage(await startServer({ allowPlaintext: true }));
});
afterEach(() => stage.clear());
afterAll(() => stage.server.stop());

interface Scene {
  readonly juliet: string;
  readonly romeo: string;
  readonly balcony: BoundClient;
  readonly chamber: BoundClient;
  readonly orchard: BoundClient;
}

/** Juliet on her balcony and in her chamber, Romeo sees her; all that they were told is taken. */
async function balconyScene(): Promise<Scene> {
  const { juliet, romeo } = await stage.cast("juliet", "romeo");
  await stage.relate(juliet, romeo, "Both");
  const orchard = await stage.appear(romeo, "orchard");
  const chamber = await stage.appear(juliet, "chamber");
  const balcony = await stage.enter(juliet, "balcony", "<presence><status>here</status></presence>");
  await eachTold(balcony, chamber, orchard);
  return { juliet, romeo, balcony, chamber, orchard };
}

describe("RFC 6121 section 4.5.2 the server processes outbound unavailable presence", () => {
  it("broadcasts the full XML to contacts, to the user's available resources and to the one that sent it", async () => {
    const { juliet, romeo, balcony, chamber, orchard } = await balconyScene();
    const { paris } = await stage.cast("paris");
    await stage.relate(juliet, paris, "To");
    const hall = await stage.appear(paris, "hall");
    const silent = await stage.enter(romeo, "silent");
    await eachTold(balcony, chamber, orchard, hall);
    const sent = "<presence type='unavailable' id='u1' xml:lang='en'><status>going on vacation</status><x xmlns='urn:x'/></presence>";
    balcony.send(sent);
    for (const [client, to] of [[balcony, juliet], [chamber, juliet], [orchard, romeo]] as const) {
      const [arrived, ...more] = await client.caughtUp();
      expectCopy(arrived, sent, balcony.jid, to);
      expect(more).toEqual([]);
    }
    expect(await eachTold(hall, silent)).toEqual([[], []]);
  });

  it("is told once: the second time there is nothing to tell", async () => {
    const { balcony, chamber, orchard } = await balconyScene();
    await balcony.ask("<presence type='unavailable'/>");
    await eachTold(chamber, orchard);
    expect(await balcony.ask("<presence type='unavailable'/>")).toEqual([]);
    await balcony.close();
    expect(await eachTold(chamber, orchard)).toEqual([[], []]);
  });

  it("of a resource that was not available says nothing to anybody", async () => {
    const { juliet, chamber, orchard } = await balconyScene();
    const silent = await stage.enter(juliet, "silent");
    expect(await silent.ask("<presence type='unavailable'/>")).toEqual([]);
    await stage.kill(silent);
    expect(await eachTold(chamber, orchard)).toEqual([[], []]);
  });

  it("leaves a connected resource, which is told nothing that is for available ones", async () => {
    const { juliet, balcony, chamber, orchard } = await balconyScene();
    await balcony.ask("<presence type='unavailable'/>");
    await chamber.ask("<presence><show>dnd</show></presence>");
    await orchard.ask("<presence><show>away</show></presence>");
    await orchard.ask(`<presence to='${juliet}'/>`);
    expect(await told(balcony)).toEqual([]);
  });

  it("presence after it is initial presence again", async () => {
    const { balcony, chamber, orchard } = await balconyScene();
    await balcony.ask("<presence type='unavailable'/>");
    await orchard.ask("<presence><status>still here</status></presence>");
    await eachTold(chamber, orchard);
    balcony.send("<presence/>");
    const [toBalcony, toChamber, toOrchard] = await eachTold(balcony, chamber, orchard);
    expect(toBalcony!.toSorted()).toEqual(["juliet/balcony available", "juliet/chamber available", "romeo/orchard available (still here)"]);
    expect(toChamber).toEqual(["juliet/balcony available"]);
    expect(toOrchard).toEqual(["juliet/balcony available"]);
  });
});

describe("RFC 6121 section 4.5.2 a resource that becomes unavailable without saying so: one unavailable for everybody who saw it", () => {
  const ways: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
    "its connection is dropped": ({ balcony }) => stage.kill(balcony),
    "its connection ends": async ({ balcony }) => {
      balcony.raw.end();
      await until(() => stage.server.session(balcony.jid) === undefined);
    },
    "its stream is closed": ({ balcony }) => balcony.close(),
    "it makes a stream error": async ({ balcony }) => {
      balcony.send("<presence></iq>");
      await balcony.raw.closed();
    },
    "the server closes it": async ({ balcony }) => {
      stage.server.session(balcony.jid)!.close();
      await balcony.close();
    },
  };
  it.each(Object.keys(ways))("%s", async (way) => {
    const scene = await balconyScene();
    await ways[way]!(scene);
    await until(() => stage.server.session(scene.balcony.jid) === undefined);
    for (const [client, to] of [[scene.chamber, scene.juliet], [scene.orchard, scene.romeo]] as const) {
      const [arrived, ...more] = await client.caughtUp();
      expectMere(arrived, { type: "unavailable", from: scene.balcony.jid, to });
      expect(more).toEqual([]);
    }
  });

  it("another one takes its resource: the new one is there only when it says so", async () => {
    const { juliet, chamber, orchard, balcony } = await balconyScene();
    const again = await stage.enter(juliet, "balcony");
    expect(await told(again)).toEqual([]);
    expect(again.jid).toBe(balcony.jid);
    expect(await eachTold(chamber, orchard)).toEqual([["juliet/balcony unavailable"], ["juliet/balcony unavailable"]]);
    again.send("<presence><status>back</status></presence>");
    expect((await told(again)).toSorted()).toEqual([
      "juliet/balcony available (back)", "juliet/chamber available", "romeo/orchard available",
    ]);
    expect(await eachTold(chamber, orchard)).toEqual([["juliet/balcony available (back)"], ["juliet/balcony available (back)"]]);
  });

  it("the end tag after unavailable presence adds nothing", async () => {
    const { balcony, chamber, orchard } = await balconyScene();
    balcony.send("<presence type='unavailable'/>");
    await balcony.close();
    expect(await eachTold(chamber, orchard)).toEqual([["juliet/balcony unavailable"], ["juliet/balcony unavailable"]]);
  });

  it("its account is deleted: contacts see each of its resources leave", async () => {
    const { juliet, orchard } = await balconyScene();
    await stage.server.server.admin.userDelete(juliet);
    await until(() => stage.server.session(`${juliet}/balcony`) === undefined && stage.server.session(`${juliet}/chamber`) === undefined);
    const heard = (await told(orchard)).filter((line) => line.endsWith(" unavailable"));
    expect(heard.toSorted()).toEqual(["juliet/balcony unavailable", "juliet/chamber unavailable"]);
  });
});
