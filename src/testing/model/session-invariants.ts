/**
 * What a session keeps to, whatever it is told. Some rules need more than one session to be seen, so they are not here but in the
 * simulation of the whole server: that one live session has a full JID, that each message has exactly one fate, that the log folds to
 * the live state and counts never go back, and what each contact sees of the others' presence.
 */
import { asksWhatItAwaits, loginIsConfirmed, requestsAreAnswered, wishesWhileOpen } from "./session-answers.ts";
import {
  answersResumption, countsFitTheWire, countsFromRequestToEnd, crashIsALostLink, isRecordable, linkIsPrivate, overflowEndsResumption, promisesWhatWasAsked,
  waitsAsPromised,
} from "./session-management.ts";
import { featuresFollowHeader, headerIsJudged, leadsOn } from "./session-phases.ts";
import type { SessionInvariant } from "./session-rules.ts";
import {
  availableWhileConnected, directedWhileConnected, endsWithReason, fullJidWhileConnected, learntInOrder, oneDeadline, oneType, priorityInBounds,
  resumableWithTime,
} from "./session-states.ts";
import {
  actsAsItself, claimIsChecked, closingHasLink, deadlineEnds, deadlinesHold, directedIsNoPresence, extensionsChangeNothingElse, firstReasonStands,
  headerIsAnswered, identityFromSasl, interestStays, onlyConnectedRoutes, oneEndOfAvailability, plaintextForgotten, presenceIsRemembered,
} from "./session-steps.ts";
import { linkIsLetGo, oneStream, timersAreKnown } from "./session-stream.ts";
import { triesAreFew } from "./session-tries.ts";

export const sessionInvariants: readonly SessionInvariant[] = [
  fullJidWhileConnected,
  availableWhileConnected,
  learntInOrder,
  oneType,
  headerIsAnswered,
  headerIsJudged,
  featuresFollowHeader,
  leadsOn,
  asksWhatItAwaits,
  requestsAreAnswered,
  loginIsConfirmed,
  wishesWhileOpen,
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
  overflowEndsResumption,
  linkIsPrivate,
  waitsAsPromised,
  answersResumption,
  countsFitTheWire,
  crashIsALostLink,
  oneDeadline,
  deadlinesHold,
  deadlineEnds,
  oneStream,
  linkIsLetGo,
  timersAreKnown,
  closingHasLink,
  endsWithReason,
  firstReasonStands,
  extensionsChangeNothingElse,
  isRecordable,
];
