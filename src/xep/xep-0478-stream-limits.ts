/** Stream limits: how large an element may be on this stream, and how long it may be silent. */
import type { Extension } from "../router/extension.ts";
import { el } from "../xml/stanza.ts";

export const streamLimits: Extension = {
  name: "stream-limits",
  specification: { id: "XEP-0478", version: "0.2.0", title: "Stream Limits Advertisement" },
  streamFeature: ({ limits, silenceMs }) =>
    el(
      "limits",
      { xmlns: "urn:xmpp:stream-limits:0" },
      el("max-bytes", {}, String(limits.stanzaBytesMax)),
      el("idle-seconds", {}, String(Math.ceil(silenceMs / 1000))),
    ),
};
