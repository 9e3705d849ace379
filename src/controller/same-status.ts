import { isDeepStrictEqual } from 'node:util';
import type { ReleaseStatus } from '../schema/release.ts';

/** Whether a status needs no write. The count of ready pods alone is not worth one: it is in the canary's own status. */
export const sameStatus = (a: ReleaseStatus, b: ReleaseStatus): boolean => isDeepStrictEqual(essence(a), essence(b));

const essence = ({ canary, ...rest }: ReleaseStatus): Omit<ReleaseStatus, 'canary'> => rest;
