/** The `sluice.dev/` annotations that people write, as opposed to the marks. */
import { annotations as keys } from '../../schema/annotations.ts';
import { group } from '../../schema/names.ts';
import type { Labels } from '../kube-object.ts';
import { isOptedIn } from '../policy/parse-policy.ts';
import { isMark } from './marks.ts';

/** Sorted by key. Without `skip`: it is about one write, not about how the workload is released. */
const peoplesAnnotations = (annotations: Labels | undefined): readonly (readonly [string, string])[] =>
  Object.entries(annotations ?? {})
    .filter(([key]) => key.startsWith(`${group}/`) && !isMark(key) && key !== keys.skip)
    .sort(([a], [b]) => (a < b ? -1 : 1));

export const samePeoplesAnnotations = (a: Labels | undefined, b: Labels | undefined): boolean =>
  JSON.stringify(peoplesAnnotations(a)) === JSON.stringify(peoplesAnnotations(b));

/** Opting out must work whatever else the annotations say. */
export const isSwitchedOff = (annotations: Labels | undefined): boolean =>
  annotations?.[keys.canary]?.trim() === 'disabled';

/** Annotations that do nothing, because what asks for canary releases is missing. */
export const isWithoutEffect = (annotations: Labels | undefined): boolean =>
  !isOptedIn(annotations) && !isSwitchedOff(annotations) && peoplesAnnotations(annotations).length > 0;
