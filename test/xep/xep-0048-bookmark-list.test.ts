import { afterAll, beforeAll, expect, describe, it } from "vitest";
import { events, options, outcome, request, settled, startStage, type Stage } from "./xep-0163-setting.ts";
import { list, publishedList, storage } from "./xep-0402-setting.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.server.stop());

const theatre = storage("<conference name='The Play&apos;s the Thing' autojoin='true' jid='theplay@conference.shakespeare.lit'><nick>JC</nick></conference><url name='Works' url='http://the-tech.mit.edu/Shakespeare/'/>");

describe("XEP-0048 section 3 a list of bookmarks in a node", () => {
  it("is uploaded as the examples do it, told to the user's resources that want to hear of it, and retrieved", async () => {
    const [user, friend] = await stage.friends();
    const balcony = await stage.appear(user, [list], "balcony");
    const chamber = await stage.appear(user, [list], "chamber");
    const other = await stage.appear(friend, [list]);
    const upload = `<publish node='${list}'><item id='current'>${theatre}</item></publish>${options({ persist_items: "true", access_model: "whitelist" })}`;
    const answered = await request(balcony, "set", upload);
    expect(outcome(answered)).toBe("result");
    const told = [`${user}@localhost ${list}: current=JC`];
    expect([events([...answered.others, ...(await settled(balcony))]), events(await settled(chamber)), events(await settled(other))]).toEqual([told, told, []]);
    expect(await publishedList(chamber)).toEqual(["theplay@conference.shakespeare.lit name=The Play's the Thing autojoin=true nick=JC", "url name=Works url=http://the-tech.mit.edu/Shakespeare/"]);
    expect(outcome(await request(other, "get", `<items node='${list}'/>`, { to: `${user}@localhost` }))).toBe("cancel not-allowed closed-node");
  });
});
