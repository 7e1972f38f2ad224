/** Every extension of this server. Adding one is adding its file, and its line here. */
import type { Extension } from "../router/extension.ts";
import { legacySession } from "./rfc-3921-session.ts";
import { roster } from "./rfc-6121-roster.ts";
import { lastActivity } from "./xep-0012-last-activity.ts";
import { disco } from "./xep-0030-disco.ts";
import { roomStanding } from "./xep-0045-admin.ts";
import { roomDiscovery } from "./xep-0045-disco.ts";
import { roomInvitation } from "./xep-0045-invitation.ts";
import { roomOwner } from "./xep-0045-owner.ts";
import { roomRegistration } from "./xep-0045-registration.ts";
import { rooms } from "./xep-0045-rooms.ts";
import { roomVoice } from "./xep-0045-voice.ts";
import { bookmarkList } from "./xep-0048-bookmark-list.ts";
import { privateXml } from "./xep-0049-private-xml.ts";
import { commands } from "./xep-0050-commands.ts";
import { vcard } from "./xep-0054-vcard.ts";
import { pubsub } from "./xep-0060-pubsub.ts";
import { registration } from "./xep-0077-registration.ts";
import { avatar } from "./xep-0084-avatar.ts";
import { version } from "./xep-0092-version.ts";
import { components } from "./xep-0114-components.ts";
import { caps } from "./xep-0115-caps.ts";
import { administration } from "./xep-0133-administration.ts";
import { messageOfTheDay } from "./xep-0133-motd.ts";
import { vcardAvatar } from "./xep-0153-vcard-avatar.ts";
import { contact } from "./xep-0157-contact.ts";
import { offline } from "./xep-0160-offline.ts";
import { pep } from "./xep-0163-pep.ts";
import { nickname } from "./xep-0172-nickname.ts";
import { blocking } from "./xep-0191-blocking.ts";
import { streamManagement } from "./xep-0198-stream-management.ts";
import { ping } from "./xep-0199-ping.ts";
import { time } from "./xep-0202-time.ts";
import { externalServices } from "./xep-0215-external-services.ts";
import { publicData } from "./xep-0222-public-data.ts";
import { privateData } from "./xep-0223-private-data.ts";
import { vcard4 } from "./xep-0292-vcard4.ts";
import { archive } from "./xep-0313-archive.ts";
import { archivePreferences } from "./xep-0313-preferences.ts";
import { roomArchive } from "./xep-0313-room-archive.ts";
import { stanzaIds } from "./xep-0359-stanza-ids.ts";
import { carbons } from "./xep-0280-carbons.ts";
import { push } from "./xep-0357-push.ts";
import { clientState } from "./xep-0352-client-state.ts";
import { upload } from "./xep-0363-upload.ts";
import { rosterTokens } from "./xep-0379-roster-tokens.ts";
import { avatarConversion } from "./xep-0398-avatar-conversion.ts";
import { invitations } from "./xep-0401-invitations.ts";
import { bookmarks } from "./xep-0402-bookmarks.ts";
import { selfPing } from "./xep-0410-self-ping.ts";
import { bookmarkConversion } from "./xep-0411-bookmark-conversion.ts";
import { occupantId } from "./xep-0421-occupant-id.ts";
import { moderatedRetraction } from "./xep-0425-moderated-retraction.ts";
import { channelBinding } from "./xep-0440-channel-binding.ts";
import { invitedRegistration } from "./xep-0445-registration.ts";
import { streamLimits } from "./xep-0478-stream-limits.ts";
import { roomAvatar } from "./xep-0486-room-avatar.ts";
import { displayed } from "./xep-0490-displayed.ts";

export const extensions: readonly Extension[] = [
  roster,
  legacySession,
  lastActivity,
  disco,
  rooms,
  roomDiscovery,
  roomInvitation,
  roomOwner,
  roomRegistration,
  roomStanding,
  roomVoice,
  bookmarkList,
  privateXml,
  commands,
  vcard,
  pubsub,
  registration,
  avatar,
  version,
  caps,
  administration,
  messageOfTheDay,
  vcardAvatar,
  contact,
  offline,
  pep,
  nickname,
  blocking,
  streamManagement,
  ping,
  time,
  externalServices,
  publicData,
  privateData,
  vcard4,
  archive,
  archivePreferences,
  roomArchive,
  stanzaIds,
  carbons,
  push,
  clientState,
  rosterTokens,
  avatarConversion,
  upload,
  components,
  invitations,
  bookmarks,
  selfPing,
  bookmarkConversion,
  occupantId,
  moderatedRetraction,
  channelBinding,
  invitedRegistration,
  streamLimits,
  roomAvatar,
  displayed,
];
