/** Every extension of this server. Adding one is adding its file, and its line here. */
import type { Extension } from "../router/extension.ts";
import { legacySession } from "./rfc-3921-session.ts";
import { roster } from "./rfc-6121-roster.ts";
import { lastActivity } from "./xep-0012-last-activity.ts";
import { disco } from "./xep-0030-disco.ts";
import { privateXml } from "./xep-0049-private-xml.ts";
import { vcard } from "./xep-0054-vcard.ts";
import { version } from "./xep-0092-version.ts";
import { caps } from "./xep-0115-caps.ts";
import { offline } from "./xep-0160-offline.ts";
import { blocking } from "./xep-0191-blocking.ts";
import { streamManagement } from "./xep-0198-stream-management.ts";
import { ping } from "./xep-0199-ping.ts";
import { time } from "./xep-0202-time.ts";
import { channelBinding } from "./xep-0440-channel-binding.ts";
import { streamLimits } from "./xep-0478-stream-limits.ts";

export const extensions: readonly Extension[] = [
  roster,
  legacySession,
  lastActivity,
  disco,
  privateXml,
  vcard,
  version,
  caps,
  offline,
  blocking,
  streamManagement,
  ping,
  time,
  channelBinding,
  streamLimits,
];
