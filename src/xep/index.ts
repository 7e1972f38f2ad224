/** Every extension of this server. Adding one is adding its file, and its line here. */
import type { Extension } from "../router/extension.ts";
import { legacySession } from "./rfc-3921-session.ts";
import { roster } from "./rfc-6121-roster.ts";
import { disco } from "./xep-0030-disco.ts";
import { version } from "./xep-0092-version.ts";
import { ping } from "./xep-0199-ping.ts";
import { time } from "./xep-0202-time.ts";
import { channelBinding } from "./xep-0440-channel-binding.ts";
import { streamLimits } from "./xep-0478-stream-limits.ts";

export const extensions: readonly Extension[] = [
  roster,
  legacySession,
  disco,
  version,
  ping,
  time,
  channelBinding,
  streamLimits,
];
