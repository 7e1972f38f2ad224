/** Bounds of BOSH that only time or numbers reach (XEP-0124 sections 10 and 19), and who is not harmed by it. */
import { describe, expect, it } from "vitest";
import { boshInactivityMs } from "../../src/domain/limits.ts";
import { asked, begun, door, httpbind, sidIn } from "./door.ts";

describe("XEP-0124 section 10 a client that is away", () => {
  const gone = `<body ${httpbind} type='terminate' condition='item-not-found'/>`;
  const empty = (sid: string, rid: number, attributes = "") => `<body rid='${rid}' sid='${sid}' ${attributes} ${httpbind}/>`;

  it("for longer than agreed is told of no session, and its stream is lost", async () => {
    const { clock, post, links } = door();
    const sid = sidIn(await begun(clock, post));
    const lost: string[] = [];
    links[0]!.attach({ heard() {}, opened() {}, element() {}, failed() {}, ended: () => lost.push("ended"), lost: (why) => lost.push(why), drained() {} });
    clock.forward(boshInactivityMs + 1);
    expect(lost).toEqual([expect.stringMatching(/^the client was not heard of/)]);
    expect(await post(empty(sid, 11))).toBe(gone);
  });

  it("may be so for as long as it has said, once", async () => {
    const { clock, post } = door();
    const sid = sidIn(await begun(clock, post));
    expect(await post(empty(sid, 11, "pause='120'"))).toBe(`<body ${httpbind}/>`);
    clock.forward(119_000);
    const { answer } = await asked(post, empty(sid, 12));
    clock.forward(1_000);
    expect(await answer).toBe(`<body ${httpbind}/>`);
    clock.forward(boshInactivityMs + 1);
    expect(await post(empty(sid, 13))).toBe(gone);
  });
});

describe("As many sessions by BOSH as there may be at once", () => {
  it("refuse one more, each go on, and make room where one goes", async () => {
    const { clock, post, bosh } = door(null, 50);
    const opening = (rid: number) => `<body rid='${rid}' wait='1' to='localhost' ${httpbind}/>`;
    const answers = Array.from({ length: 50 }, (_, index) => post(opening(index + 1)));
    expect(await post(opening(20_000))).toBe(`<body ${httpbind} type='terminate' condition='policy-violation'/>`);
    clock.forward(1_000);
    const sids = (await Promise.all(answers)).map(sidIn);
    expect(new Set(sids).size).toBe(50);
    const { answer } = await asked(post, `<body rid='2' sid='${sids[0]}' ${httpbind}/>`);
    clock.forward(1_000);
    expect(await answer).toBe(`<body ${httpbind}/>`);
    await post(`<body rid='3' sid='${sids[1]}' type='terminate' ${httpbind}/>`);
    expect(sidIn(await begun(clock, post))).not.toBe("");
    bosh.close();
  });
});
