/** Requests for pages, and what is said of the page that is given. */
import { describe, expect, it } from "vitest";
import { parseElement } from "../../src/xml/parse-element.ts";
import { readPageRequest, resultSet } from "../../src/xml/result-set.ts";
import { serialise } from "../../src/xml/serialise.ts";

const set = (content: string) => `<set xmlns='http://jabber.org/protocol/rsm'>${content}</set>`;
const read = (content: string) => readPageRequest(parseElement(`<query xmlns='urn:q'>${content}</query>`));

describe("XEP-0059: a page that is asked for", () => {
  it.each([
    { content: "", page: {} },
    { content: set(""), page: {} },
    { content: "<set xmlns='urn:other'><max>1</max></set>", page: {} },
    { content: set("<max>10</max>"), page: { max: 10 } },
    { content: set("<max> 0\n</max>"), page: { max: 0 } },
    { content: set("<max>99999999999999999999999999</max>"), page: { max: Number.MAX_SAFE_INTEGER } },
    { content: set("<after>a&amp;b</after><max>2</max>"), page: { max: 2, after: "a&b" } },
    { content: set("<before/>"), page: { before: "" } },
    { content: set("<before>x</before><after>y</after>"), page: { before: "x", after: "y" } },
    { content: set("<after/>"), page: {} },
    { content: set("<index>371</index>"), page: { index: 371 } },
  ])("is read: $content", ({ content, page }) => {
    expect(read(content)).toEqual(page);
  });

  it.each([
    set("<max>-1</max>"), set("<max/>"), set("<max>ten</max>"), set("<max>1.5</max>"), set("<max>0x10</max>"), set("<max>1</max><max>1</max>"),
    set("<max>1<b/></max>"), set("<index>-1</index>"), set("<before>a</before><before/>"), set("<after><a/></after>"), set("") + set(""),
  ])("is malformed: %s", (content) => {
    expect(read(content)).toBeUndefined();
  });
});

describe("XEP-0059 section 2.2: a page that is given", () => {
  it("names its first and last item, where it begins, and how many there are", () => {
    expect(serialise(resultSet({ first: "a", last: "b", index: 0, count: 20 }))).toBe(
      '<set xmlns="http://jabber.org/protocol/rsm"><first index="0">a</first><last>b</last><count>20</count></set>',
    );
  });

  it("names none if it is empty", () => {
    expect(serialise(resultSet({ count: 0 }))).toBe('<set xmlns="http://jabber.org/protocol/rsm"><count>0</count></set>');
  });
});
