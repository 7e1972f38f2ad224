/** Bookmarks as one list, which is an item of a node (`House.nodes`), or in private XML as older clients keep it; one set with the items of XEP-0402. */
import { bookmarkListBytesMax } from "../domain/limits.ts";
import type { Extension } from "../router/extension.ts";

export const bookmarkList: Extension = {
  name: "bookmark-list",
  specification: {
    id: "XEP-0048",
    version: "1.2",
    title: "Bookmarks",
    missing: [`A list has at most ${bookmarkListBytesMax} bytes, and not any number of rooms (section 2.1).`],
  },
};
