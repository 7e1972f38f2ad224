/**
 * What a session keeps to, whatever it is told. Some rules need more than one session to be seen, so they are not here but in the
 * simulation of the whole server: that one live session has a full JID, that each message has exactly one fate, that the log folds to
 * the live state and counts never go back, and what each contact sees of the others' presence.
 */
import {
  answersResumption, countsFitTheWire, countsFromRequestToEnd, crashIsALostLink, isRecordable, linkIsPrivate, promisesWhatWasAsked, waitsAsPromised,
} from "./session-management.ts";
import type { SessionInvariant } from "./session-rules.ts";
import {
  availableWhileConnected, directedWhileConnected, endsWithReason, fullJidWhileConnected, learntInOrder, oneDeadline, oneType, priorityInBounds,
  resumableWithTime, triesAreFew,
} from "./session-states.ts";
import {
  actsAsItself, claimIsChecked, closingHasLink, deadlineEnds, deadlinesHold, directedIsNoPresence, extensionsChangeNothingElse, firstReasonStands,
  headerIsAnswered, identityFromSasl, interestStays, onlyConnectedRoutes, oneEndOfAvailability, plaintextForgotten, presenceIsRemembered,
} from "./session-steps.ts";
import { oneStream, timersAreKnown } from "./session-stream.ts";

export const sessionInvariants: readonly SessionInvariant[] = [
  fullJidWhileConnected,
  availableWhileConnected,
  learntInOrder,
  oneType,
  headerIsAnswered,
  identityFromSasl,
  plaintextForgotten,
  claimIsChecked,
  triesAreFew,
  onlyConnectedRoutes,
  actsAsItself,
  priorityInBounds,
  presenceIsRemembered,
  interestStays,
  oneEndOfAvailability,
  directedIsNoPresence,
  directedWhileConnected,
  countsFromRequestToEnd,
  promisesWhatWasAsked,
  resumableWithTime,
  linkIsPrivate,
  waitsAsPromised,
  answersResumption,
  countsFitTheWire,
  crashIsALostLink,
  oneDeadline,
  deadlinesHold,
  deadlineEnds,
  oneStream,
  timersAreKnown,
  closingHasLink,
  endsWithReason,
  firstReasonStands,
  extensionsChangeNothingElse,
  isRecordable,
];
