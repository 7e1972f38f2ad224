/** One list of bookmarks for those who publish it and those who keep it in private XML; the conversion is that of XEP-0402 section 5.3. */
import type { Extension } from "../router/extension.ts";

export const bookmarkConversion: Extension = {
  name: "bookmark-conversion",
  specification: { id: "XEP-0411", version: "1.1.0", title: "Bookmarks Conversion" },
  accountFeatures: ["urn:xmpp:bookmarks-conversion:0"],
};
