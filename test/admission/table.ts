/** The rows in the order in which the page shows them. */
import type { Row } from './case.ts';
import { knownGood, midPromotion, ownPause, restarts } from './cases-back.ts';
import { bypassed, refusedMeanwhile } from './cases-away.ts';
import { deletions, nothingServes, policyLate } from './cases-first.ts';
import { anotherTemplate, failedAgainRow, failedTemplate, sameAgain, stableBack, unpaused } from './cases-held.ts';
import { guarded, optedOut, refused, skipped } from './cases-leave.ts';
import { newTemplate, onlyShown, untouched } from './cases-new-template.ts';
import { routesAgain } from './cases-routes.ts';
import type { GivenName } from './givens.ts';

export const table: readonly Row<GivenName>[] = [
  nothingServes,
  policyLate,
  newTemplate,
  untouched,
  onlyShown,
  sameAgain,
  anotherTemplate,
  stableBack,
  unpaused,
  failedTemplate,
  failedAgainRow,
  knownGood,
  midPromotion,
  restarts,
  ownPause,
  skipped,
  optedOut,
  deletions,
  refused,
  guarded,
  routesAgain,
  refusedMeanwhile,
  bypassed,
];
